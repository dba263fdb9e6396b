# SPDX-License-Identifier: Apache-2.0
# Changes of what is not a file's content: attributes, access control lists, times, flags. A part of exact.sh.
# shellcheck shell=bash disable=SC2154

# On a disk, for flags.
disk=/srv/exact-disk
rm -rf "$disk" && mkdir -p "$disk/a" "$disk/b"
echo content > "$disk/a/secret"
echo content > "$disk/a/other"
mount --bind "$disk/a" "$disk/b"
policy changed "  file: {matchPaths: [{path: $disk/a/secret, readOnly: true}]}"
policy changeddir "  file: {matchDirectories: [{dir: $disk/b/, readOnly: true}]}"
for change in setxattr fsetxattr removexattr setacl removeacl utimes touch setflags; do
	echo "ok EACCES $ways $change $disk/a/secret"
	echo "ok EACCES $ways $change $disk/b/secret"
	echo "ok ok $ways $change $disk/a/other"
done | grep -v "remove.* $disk/b/" > "$work/changes"
each changed < "$work/changes"
is "$(run changed "$ways" fsetxattr "$disk/a/secret")" EACCES "changed: by a descriptor that was opened to read"
has "$(cat "$work/events")" '"Data":"write lsm=inode_setxattr"' "and the hook is told"
is "$(wc -l < "$work/events")" 1 "and told once"
is "$(run changed unshare -m "$ways" utimes "$disk/a/secret")" EACCES "changed: in another mount namespace as well"
is "$(run changed unshare -m "$ways" utimes "$disk/a/other")" ok "changed: where another file is none of it"
# Known by its dentry alone, a file has all its names: the stricter holds.
is "$(run changeddir "$ways" utimes "$disk/b/other")" EACCES "changeddir: a name that a rule covers is enough"
is "$(run changeddir "$actor" chmod "$disk/a/other")" ok "changeddir: which is not so where the hook knows the name"
umount "$disk/b"
rm -rf "$disk"
