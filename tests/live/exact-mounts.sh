# SPDX-License-Identifier: Apache-2.0
# What a workload may mount whose names are protected: what gives nothing another name. A part of exact.sh.
# shellcheck shell=bash disable=SC2154

policy kept "  file: {matchPaths: [{path: $here/a/kept}]}"
echo content > "$here/a/kept"
mkdir -p "$here/m" "$here/n"
mounted() { # WITH NAME WAY...: in a mount namespace of its own, which alone is ok
	local with=$1 name=$2
	shift 2
	is "$(unshare -m -n -i "$@")" ok "control: $name"
	is "$(run kept unshare -m -n -i "$@")" "$with" "kept: $name: $with"
}
for type in tmpfs ramfs devpts; do
	mounted ok "a new $type" "$actor" mount $type "$here/m"
	mounted ok "a new $type by fsmount" "$ways" fsmount $type "$here/m"
done
for type in proc sysfs mqueue; do
	case $type in proc) at=/proc ;; sysfs) at=/sys ;; mqueue) at=$here/n && mount -t mqueue none "$at" ;; esac
	mounted ok "$type over itself" "$actor" mount $type $at
	mounted ok "$type over itself by fsmount" "$ways" fsmount $type $at
	mounted EACCES "$type elsewhere" "$actor" mount $type "$here/m"
	mounted EACCES "$type elsewhere by fsmount" "$ways" fsmount $type "$here/m"
done
umount "$here/n"
mounted EACCES "a bind mount" "$actor" bind "$here/a" "$here/m"
mounted EACCES "a copy of a mount" "$ways" clone "$here" "$here/m"
mount -t tmpfs none "$here/n"
mounted EACCES "a mount that moves" "$ways" move "$here/n" "$here/m"
mounted EACCES "a copy of an only mount" "$ways" clone "$here/n" "$here/m"
umount "$here/n"
mounted EACCES "over what a rule names" "$actor" mount tmpfs "$here/a"
mounted EACCES "over what a rule names by fsmount" "$ways" fsmount tmpfs "$here/a"
policy keptproc "  file: {matchPaths: [{path: /proc/sys/kernel/hostname}]}"
is "$(run keptproc unshare -m "$actor" mount proc /proc)" EACCES "keptproc: nor proc over itself where a rule names what is on it"
