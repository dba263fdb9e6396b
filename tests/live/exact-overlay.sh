# SPDX-License-Identifier: Apache-2.0
# In a root that is an overlay, as a container's is. A part of exact.sh.
# shellcheck shell=bash disable=SC2154

over=/srv/exact-over
mkdir -p "$over/dir" "$here/up" "$here/wk" "$here/root"
for file in secret other dir/inner; do echo content > "$over/$file"; done
ln "$over/secret" "$over/link"
cp "$actor" "$over/actor"
cp "$ways" "$over/ways"
cp "$actor" "$over/program"
cp "$actor" "$over/reader"

# A namespace whose root is the overlay, and nothing of what is below it. What is a mount of its own, as the one that
# karmor was built in, is not in it by itself.
cat > "$work/root.sh" << END
mount -t overlay overlay -o lowerdir=/,upperdir=$here/up,workdir=$here/wk $here/root
for dir in /proc /sys /dev /run /tmp $(stat -c %m "$karmor"); do
	mkdir -p $here/root\$dir && mount --rbind \$dir $here/root\$dir
done
mkdir -p $here/root/old
cd $here/root && pivot_root . old && umount -l /old
touch $work/ready
exec sleep 100000
END
unshare -m sh "$work/root.sh" &
holder=$!
eventually there "$work/ready"
inside() {
	nsenter -t "$holder" -m -r -w "$@"
}
covered() { # POLICY WITHOUT WITH NAME PROGRAM ACT...: as both, in the overlay
	local policy=$1 without=$2 with=$3 name=$4
	shift 4
	is "$(inside "$@")" "$without" "control: overlay: $name"
	: > "$work/events"
	is "$(inside "$karmor" run -p "$work/$policy.yaml" --events "$work/events" -- "$@" 2> "$work/err")" "$with" \
		"overlay: $policy: $name: $with"
}

policy overfile "  file: {matchPaths: [{path: $over/secret}, {path: $over/dir/inner, readOnly: true}, {path: $over/other, action: Audit}]}"
covered overfile ok EACCES "a file of the lower layer" "$over/actor" read "$over/secret"
is "$(wc -l < "$work/events")" 1 "overlay: which is told of once"
has "$(cat "$work/events")" "\"Resource\":\"$over/secret\"" "overlay: by its name in the overlay"
covered overfile ok EACCES "a file that would be copied up" "$over/actor" write "$over/dir/inner"
is "$(wc -l < "$work/events")" 1 "overlay: which is told of once"
covered overfile ok EACCES "a file that was" "$over/actor" write "$over/dir/inner"
covered overfile ok ok "another file" "$over/actor" read "$over/other"
is "$(wc -l < "$work/events")" 1 "overlay: whose audit is told of once"
covered overfile ok ok "another file copied up" "$over/actor" write "$over/other"
is "$(wc -l < "$work/events")" 1 "overlay: whose audit is told of once"
each overfile inside << END
ok EACCES $over/ways setxattr $over/dir/inner
ok EACCES $over/ways utimes $over/dir/inner
ok EACCES $over/ways touch $over/dir/inner
ok ok $over/ways utimes $over/other
ok EACCES $over/actor read $over/link
ok ok $over/actor read $over/dir/inner
END

policy overlist "  file: {matchDirectories: [{dir: /, recursive: true, action: Allow, readOnly: true}, {dir: $over/dir/, action: Allow}]}"
overlist() {
	: > "$work/events"
	inside "$karmor" run -p "$work/overlist.yaml" --posture file=block --events "$work/events" -- "$@" 2> "$work/err"
}
is "$(overlist "$over/actor" write "$over/dir/inner")" ok "overlay: overlist: what is on the list is written"
is "$(overlist "$over/actor" create "$over/dir/new")" ok "overlay: overlist: and made"
is "$(overlist "$over/actor" read "$over/actor")" ok "overlay: overlist: what may only be read is"
is "$(overlist "$over/actor" write "$over/reader")" EACCES "overlay: overlist: and not written"

policy overexec "  process: {matchPaths: [{path: $over/program}], matchDirectories: [{dir: $over/dir/}]}"
covered overexec ok EACCES "a program" "$over/actor" spawn "$over/program" read /etc/hostname
is "$(wc -l < "$work/events")" 1 "overlay: which is told of once"
each overexec inside << END
ok ok $over/actor spawn $over/reader read /etc/hostname
ok EACCES $over/ways map $over/program
ok EACCES $over/ways protect $over/program
ok ok $over/ways protect $over/reader
END
inside cp "$over/program" "$over/upper"
policy overupper "  process: {matchPaths: [{path: $over/upper}]}"
each overupper inside << END
ok EACCES $over/actor spawn $over/upper read /etc/hostname
ok EACCES $over/ways protect $over/upper
END
policy oversource "  file: {matchPaths: [{path: $over/other, fromSource: [{path: $over/reader}]}]}"
covered oversource ok EACCES "a source" "$over/reader" read "$over/other"
covered oversource ok ok "another source" "$over/actor" read "$over/other"
kill "$holder"
wait "$holder" 2> /dev/null
rm -rf "$over"
