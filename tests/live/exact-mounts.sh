# SPDX-License-Identifier: Apache-2.0
# What a workload may mount whose names are protected: what gives nothing another name. A part of exact.sh.
# shellcheck shell=bash disable=SC2154

policy kept "  file: {matchPaths: [{path: $here/a/kept}]}"
echo content > "$here/a/kept"
mkdir -p "$here/m" "$here/n"
mount -t mqueue none "$here/n"
mkdir -p "$here/o"
mount -t tmpfs none "$here/o"
alone="unshare -m -n -i"
{
	for type in tmpfs ramfs devpts; do
		echo "ok ok $alone $actor mount $type $here/m"
		echo "ok ok $alone $ways fsmount $type $here/m"
	done
	for over in "proc /proc" "sysfs /sys" "mqueue $here/n"; do
		echo "ok ok $alone $actor mount $over"
		echo "ok ok $alone $ways fsmount $over"
		echo "ok EACCES $alone $actor mount ${over% *} $here/m"
		echo "ok EACCES $alone $ways fsmount ${over% *} $here/m"
	done
	echo "ok EACCES $alone $actor bind $here/a $here/m"
	echo "ok EACCES $alone $ways clone $here $here/m"
	# The only mount of its filesystem, moved or copied.
	echo "ok EACCES $alone $ways move $here/o $here/m"
	echo "ok EACCES $alone $ways clone $here/o $here/m"
	# Over what is on the way to what a rule names.
	echo "ok EACCES $alone $actor mount tmpfs $here/a"
	echo "ok EACCES $alone $ways fsmount tmpfs $here/a"
} > "$work/mounts"
each kept < "$work/mounts"
umount "$here/n" "$here/o"
policy keptproc "  file: {matchPaths: [{path: /proc/sys/kernel/hostname}]}"
is "$(run keptproc unshare -m "$actor" mount proc /proc)" EACCES "keptproc: nor proc over itself where a rule names what is on it"
