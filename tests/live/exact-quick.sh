# SPDX-License-Identifier: Apache-2.0
# Opens at the borders of what the kernel side decides at a glance (bpf/quick.bpf.h): "/", mounts, many of them, deep
# directories, long names. Beside what is denied stands what is not. A part of exact.sh.
# shellcheck shell=bash disable=SC2154

quick=$here/quick
mkdir -p "$quick/top" "$quick/over"
mount -t tmpfs none "$quick/top"
echo content > "$quick/over/file"
mount -t tmpfs none "$quick/over"
echo other > "$quick/over/file"
mounts=$quick/m
for _ in 1 2 3 4 5 6; do
	mkdir -p "$mounts"
	mount -t tmpfs none "$mounts"
	mounts=$mounts/m
done
mkdir "$mounts"
touch "$mounts/secret" "$mounts/other"
deep=$quick$(printf '/d%d' $(seq 30))
mkdir -p "$deep"
long=$(printf 'n%.0s' $(seq 200))
declare -a at
for depth in 10 16 17 18 19 20 30; do
	at[depth]=$quick$(printf '/d%d' $(seq "$depth"))
	touch "${at[depth]}/secret" "${at[depth]}/other"
done
touch "$quick/${long}1" "$quick/${long}2"

{
	printf '  file:\n    matchPaths:\n'
	printf '      - {path: %s}\n' "$quick/top" "$quick/over/file" "$mounts/secret" "$quick/${long}1"
	for depth in "${!at[@]}"; do printf '      - {path: %s/secret}\n' "${at[depth]}"; done
} > "$work/quick.section"
policy quick "$(cat "$work/quick.section")"
{
	echo "ok EACCES $actor read $quick/top"
	echo "ok ok $actor read $quick/over"
	echo "ok EACCES $actor read $quick/over/file"
	echo "ok EACCES $actor read $mounts/secret"
	echo "ok ok $actor read $mounts/other"
	echo "ok EACCES $actor read $quick/${long}1"
	echo "ok ok $actor read $quick/${long}2"
	for depth in "${!at[@]}"; do
		echo "ok EACCES $actor read ${at[depth]}/secret"
		echo "ok ok $actor read ${at[depth]}/other"
	done
} > "$work/quick.lines"
each quick < "$work/quick.lines"

policy slash "  file: {matchDirectories: [{dir: /}]}"
each slash <<- END
	ok EACCES $actor read /
	ok EACCES $actor read /srv
	ok ok $actor read $here
END

# One word of a row says something: readOnly, and the owner's.
touch "$quick/read" "$quick/owned" "$quick/others"
chown 1 "$quick/others"
policy owner "  file: {matchPaths: [{path: $quick/read, readOnly: true, action: Allow}, {path: $quick/owned, ownerOnly: true, action: Allow}, {path: $quick/others, ownerOnly: true, action: Allow}], matchDirectories: [{dir: /, recursive: true, action: Allow}, {dir: $quick/, action: Block}]}"
each owner <<- END
	ok ok $actor read $quick/read
	ok EACCES $actor write $quick/read
	ok ok $actor read $quick/owned
	ok ok $actor write $quick/owned
	ok EACCES $actor read $quick/others
END
umount -l "$quick/m" "$quick/over" "$quick/top"
