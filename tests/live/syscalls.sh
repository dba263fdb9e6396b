#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The syscalls section: what is logged, of which call and path, and that nobody else pays once it is not needed.
set -u
. "$(dirname "$0")/tap.sh"

work=$(mktemp -d)
here=/srv/syscalls
pins=/sys/fs/bpf/karmor
trap 'rm -rf "$work" "$here"' EXIT
mkdir -p "$here/dir/sub" "$here/other" "$here/root/dir"
cp "$build/tests/live/caller" "$here/caller"
cp "$build/tests/live/caller" "$here/quiet"

policy() { # name, section text
	printf 'apiVersion: security.kubearmor.com/v1\nkind: KubeArmorPolicy\nmetadata:\n  name: %s\nspec:\n  selector: {}\n  message: seen\n  syscalls:\n%s\n' \
		"$1" "$2" > "$work/$1.yaml"
}

run() { # policy, command...: its events in $events
	local policy=$1
	shift
	: > "$work/events"
	"$karmor" run -p "$work/$policy.yaml" --events "$work/events" -- "$@" > "$work/out" 2> "$work/err"
	events=$(cat "$work/events")
	[ "$(wc -l < "$work/err")" -le 1 ] || cat "$work/err"
}

counted() { # WORD: how many acts the events with that word stand for
	grep -F "$1" "$work/events" | grep -o '"Count":[0-9]*' | awk -F: '{ n += $2 } END { print n + 0 }'
}

attached() {
	ls "$pins"/*/link_karmor_sys_enter > /dev/null 2>&1
}

keep_loaded
policy plain '    matchSyscalls: [{syscall: [getpriority, socket, umount2]}]'
"$karmor" run -p "$work/plain.yaml" -- "$here/caller" number 140 > "$work/out" 2> "$work/err"
is "$?" 0 "a syscall rule starts a command"
has "$(cat "$work/err")" "karmor: audit syscall syscall=SYS_GETPRIORITY by $here/caller" "and the alert names call and program"

if attached; then is attached detached "nothing is attached before it is needed"; else check 0 "nothing is attached before it is needed"; fi
"$karmor" run -p "$work/plain.yaml" -- sleep 100000 > /dev/null 2>&1 &
user=$!
eventually attached
check $? "the tracepoint is attached while a workload needs it" "$(ls -R "$pins")"
run plain "$here/caller" number 140
has "$events" '"Operation":"Syscall"' "a call that a rule names is logged"
has "$events" '"Data":"syscall=SYS_GETPRIORITY"' "by its name"
has "$events" '"Rule":"syscalls.matchSyscalls[0]"' "with the rule"
has "$events" '"Action":"Audit"' "as an audit"
has "$events" '"Result":"Passed"' "that passed"
run plain "$here/caller" number 110
lacks "$events" Syscall "a call that no rule names is not"
run plain "$here/caller" int80 96
has "$events" '"Data":"syscall=SYS_GETPRIORITY abi=ia32"' "an ia32 call is told by ia32's number"
run plain "$here/caller" int80 140
lacks "$events" Syscall "and not by the native one"
run plain "$here/caller" int80 22 "$here/none"
has "$events" '"Data":"syscall=SYS_UMOUNT2 abi=ia32"' "ia32's other name of a call is the call"
run plain "$here/caller" socketcall 1
is "$(cat "$work/out")" ok "control: ia32 makes a socket by socketcall"
has "$events" '"Data":"syscall=SYS_SOCKET abi=ia32"' "which is told as the call that it is"
run plain "$here/caller" socketcall 14
lacks "$events" Syscall "and another one is not"
# Calls by many on one processor, preempted wherever they are.
calls=$([ -n "${KARMOR_LONG:-}" ] && echo 1000000 || echo 4000)
run plain "$here/caller" storm "$calls"
is "$(counted SYS_GETPRIORITY)" "$(cut -d' ' -f1 "$work/out")" "no call is missed where tasks preempt each other, and the counts add up"
lacks "$events" '"Lost":[1-9]' "and none is lost"
echo "# $(grep -c SYS_GETPRIORITY "$work/events") events for $(cat "$work/out")"
kill "$user"
wait "$user" 2> /dev/null

policy source "    matchSyscalls: [{syscall: [getpriority], fromSource: [{path: $here/caller}]}]"
run source "$here/caller" number 140
has "$events" '"PolicyName":"source"' "fromSource matches the caller"
run source "$here/quiet" number 140
lacks "$events" Syscall "and no other program"

policy path "    matchPaths: [{path: $here/dir/, recursive: true, syscall: [unlink, unlinkat, rename, renameat2, fchmod]}, {path: $here/other/exact, syscall: [unlink]}]"
touch "$here/dir/sub/file"
run path "$here/caller" int80 10 "$here/dir/sub/file"
is "$(cat "$work/out")" ok "control: an ia32 unlink removes a file"
has "$events" "\"Resource\":\"$here/dir/sub/file\"" "and its path is told"
has "$events" '"Data":"syscall=SYS_UNLINK abi=ia32"' "and the call"
has "$events" '"Rule":"syscalls.matchPaths[0]"' "and the rule"
run path "$here/caller" int80 10 "$here/outside"
lacks "$events" Syscall "another path is not told"
run path "$here/caller" int80 10 "$here/other/exact"
has "$events" '"Rule":"syscalls.matchPaths[1]"' "a call of an exact path is told"
run path "$here/caller" int80 10 "$here/other/exactly"
lacks "$events" Syscall "and not of a longer one"
run path "$here/caller" relative "$here/dir/sub" file
has "$events" "\"Resource\":\"$here/dir/sub/file\"" "a relative path counts from the working directory"
run path "$here/caller" relative "$here/dir/sub" ../../outside
lacks "$events" Syscall "and .. leads out of it"
run path "$here/caller" relative "$here/other" .././dir//x/
has "$events" "\"Resource\":\"$here/dir/x\"" "and into it, whatever is between"
run path "$here/caller" unlinkat "$here/dir" name
has "$events" "\"Resource\":\"$here/dir/name\"" "a directory's descriptor counts"
run path "$here/caller" unlinkat "$here/other" ../dir
has "$events" "\"Resource\":\"$here/dir\"" "the directory itself is in it"
run path "$here/caller" chrooted "$here/root" /dir/x
lacks "$events" Syscall "after chroot a path counts from the new root"
run path "$here/caller" chrooted "$here/dir" ../../../../x
has "$events" "\"Resource\":\"$here/dir/x\"" "and .. does not lead out of it"
touch "$here/dir/file"
run path "$here/caller" fchmod "$here/dir/file"
has "$events" "\"Resource\":\"$here/dir/file\"" "a descriptor's own path counts where the call has no other"
run path mv "$here/dir/file" "$here/other/moved"
has "$events" '"Operation":"Syscall"' "either path of a rename counts"
run path mv "$here/other/moved" "$here/dir/back"
has "$events" '"Operation":"Syscall"' "the second as well"

deep=$here/dir$(printf '/x%.0s' $(seq 1500))
run path "$here/caller" int80 10 "$deep"
has "$events" "$here/dir/x/x/x" "a path of 1,500 components is read"
long=$here/dir/$(head -c 2000 /dev/zero | tr '\0' n)
run path "$here/caller" int80 10 "$long"
has "$events" nnnnnn "and one with a long name"

printf '%s\0' "$here/dir/unread" > "$work/argument"
sync
echo 3 > /proc/sys/vm/drop_caches
run path "$here/caller" absent "$work/argument"
is "$(cat "$work/out")" ENOENT "control: an argument that is not in memory reaches the kernel"
has "$events" 'Syscall' "and does not hide from the log"
run path "$here/caller" number 87
lacks "$events" Syscall "no argument is no path"
unkeep
eventually gone "$pins"
check $? "nothing stays behind" "$(ls -R "$pins" 2>&1)"
plan
