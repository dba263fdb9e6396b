#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Ways round a policy, each first without it (the control), so that what fails under it fails for it.
set -u
. "$(dirname "$0")/tap.sh"

work=$(mktemp -d)
here=/srv/attacks
trap 'rm -rf "$work" "$here"' EXIT

policy() { # name, section text
	printf 'apiVersion: security.kubearmor.com/v1\nkind: KubeArmorPolicy\nmetadata:\n  name: %s\nspec:\n  selector: {}\n%s\n' \
		"$1" "$2" > "$work/$1.yaml"
}

keep_loaded
run() { # policy, command...
	local policy=$1
	shift
	"$karmor" run -p "$work/$policy.yaml" --events "$work/events" -- "$@" 2> "$work/err"
	# A command that was not started is not one that was denied.
	[ $? -ne 2 ] || cat "$work/err"
}

mkdir -p "$here/tmpfs"
for program in actor reader own; do cp "$build/tests/live/actor" "$here/$program"; done
echo content > "$here/secret"
policy secret "  file: {matchPaths: [{path: $here/secret}]}"

# A filesystem that is mounted a second time shows everything under a second name.
policy hostname '  file: {matchPaths: [{path: /proc/sys/kernel/hostname}]}'
again="$here/actor mount proc /mnt > /dev/null; cat /mnt/sys/kernel/hostname"
is "$(unshare -m sh -c "$again")" "$(hostname)" "control: proc can be mounted again"
is "$(run hostname unshare -m sh -c "$again")" "" "proc mounted again does not show a blocked file"
has "$(cat "$work/events")" '"Data":"write lsm=sb_mount"' "and the mount is told of"
is "$(run hostname unshare -m "$here/actor" tmpfs /mnt)" ok "an empty filesystem can be mounted, and propagation be changed"

# What only one program may do, nobody does by tracing that program.
policy reader "  file: {matchPaths: [{path: $here/secret}, {path: $here/secret, action: Allow, fromSource: [{path: $here/reader}]}]}"
is "$(run reader "$here/reader" read "$here/secret")" ok "control: the source reads"
is "$(run reader "$here/actor" read "$here/secret")" EACCES "another does not"
is "$("$here/actor" seize "$here/reader")" ok "control: the source can be traced"
is "$(run reader "$here/actor" seize "$here/reader")" EPERM "another source is not traced"
is "$("$here/actor" traced "$here/reader")" ok "control: a traced task becomes the source"
is "$(run reader "$here/actor" traced "$here/reader")" EACCES "a traced task does not become another source"
is "$(run reader "$here/actor" traced "$here/actor")" ok "the same source may be traced"

# A program that may not start itself can be started by others.
policy own "  process: {matchPatterns: [{pattern: $here/ow*, fromSource: [{path: $here/own}]}]}"
is "$(run own "$here/own" read /etc/hostname)" ok "a program that a rule keeps from starting itself runs"
is "$(run own "$here/own" spawn "$here/own")" EACCES "and does not start itself"
is "$(run own "$here/own" spawn "$here/actor")" ok "but others"

# An executable whose name cannot be told, for its mount has no place any more.
detached() { # policy
	mount -t tmpfs none "$here/tmpfs"
	cp "$here/actor" "$here/tmpfs/"
	(cd "$here/tmpfs" && umount -l "$here/tmpfs" && run "$1" ./actor read /etc/hostname)
}
policy audit "  process: {matchPaths: [{path: /usr/bin/id, action: Audit, fromSource: [{path: $here/reader}]}]}"
policy sourced "  file: {matchPaths: [{path: $here/secret, fromSource: [{path: $here/reader}]}]}"
is "$(detached audit)" ok "what cannot be told is no reason to deny where nothing is"
is "$(detached sourced)" "" "and is one where something is"
has "$(cat "$work/events")" 'could not be decided' "which is told"

# What enforces lies below /sys: taking that away, with all that is mounted on it.
is "$(unshare -m sh -c "umount -l /sys && cat $here/secret")" content "control: /sys can be unmounted with what is below"
is "$(run secret sh -c "umount -l /sys; sleep 3; cat $here/secret")" "" "enforcement does not go with a lazy umount above its pins"
is "$(run secret sh -c "umount -l /sys/fs/bpf; sleep 3; cat $here/secret")" "" "nor with one of the pins themselves"
mount -t tmpfs none "$here/tmpfs"
is "$(run secret sh -c "umount -l $here/tmpfs && echo ok")" ok "what has nothing to do with it can be unmounted"
unkeep
plan
