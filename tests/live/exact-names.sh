# SPDX-License-Identifier: Apache-2.0
# A binary of many names: a rule that names one of them means that one. A part of exact.sh.
# shellcheck shell=bash disable=SC2154

# The actor serves as the binary: it does as its arguments say, whatever it is called.
many=$here/many
mkdir -p "$many/sub"
cp "$actor" "$many/busybox"
for name in sh ls cat; do ln -s busybox "$many/$name"; done
ln -s ../ls "$many/sub/sh"
printf '#!%s read /etc/hostname\n' "$many/sh" > "$many/script-sh"
printf '#!%s read /etc/hostname\n' "$many/ls" > "$many/script-ls"
chmod +x "$many"/script-*
policy called "  process: {matchPaths: [{path: $many/sh}]}"
both called ok EACCES "the name that is blocked" spawn "$many/sh" read /etc/hostname
has "$(cat "$work/events")" "\"Resource\":\"$many/busybox\"" "and the binary is told of"
has "$(cat "$work/events")" 'process.matchPaths[0]' "and the rule"
both called ok ok "another name" spawn "$many/ls" read /etc/hostname
both called ok ok "the binary's own" spawn "$many/busybox" read /etc/hostname
both called ok EACCES "the name in another directory" spawn "$many/sub/sh" read /etc/hostname
is "$(cd "$many" && run called "$actor" spawn sh read /etc/hostname)" EACCES "called: the name without a directory"
both called ok EACCES "a script for the name" spawn "$many/script-sh"
both called ok ok "a script for another" spawn "$many/script-ls"

# What the binary's own path matches counts under each name; what a name would match does not.
policy calledlist "  process: {matchPaths: [{path: $many/sh}, {path: $actor, action: Allow}], matchDirectories: [{dir: $many/, action: Allow}]}"
calledlist() {
	: > "$work/events"
	"$karmor" run -p "$work/calledlist.yaml" --posture file=block --events "$work/events" -- "$@" 2> "$work/err"
	[ $? -ne 2 ] || cat "$work/err"
}
is "$(calledlist "$actor" spawn "$many/sh" read /etc/hostname)" EACCES "calledlist: the name is not on the list that has the binary"
is "$(calledlist "$actor" spawn "$many/cat" read /etc/hostname)" ok "calledlist: the others are"
policy calledname "  process: {matchPaths: [{path: $many/cat}, {execname: sh}]}"
is "$(run calledname "$actor" spawn "$many/sh" read /etc/hostname)" ok "calledname: an execname is the binary's own name"
