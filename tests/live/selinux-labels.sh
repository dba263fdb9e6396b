#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Labels of files in a kernel with SELinux: set for a policy whose module is loaded, and put back to the last byte.
# Root, in a virtual machine whose kernel has SELinux.
set -u
. "$(dirname "$0")/tap.sh"

work=$(mktemp -d)
trap 'setenforce 0; umount -q /srv/l/tree/mounted /srv/l/context /srv/l/readonly; rm -rf "$work" /srv/l' EXIT
contexts=/etc/selinux/default/contexts/files/file_contexts
journal=$work/journal

policy() { # NAME, RULES
	printf 'apiVersion: security.kubearmor.com/v1\nkind: KubeArmorPolicy\nmetadata: {name: %s}\nspec:\n  selector: {}\n' "$1"
	printf '  %s\n' "${@:2}"
}
set_labels() { # POLICY
	"$build/tests/live/selinux-labels" "$journal" set "$1" "$work/base" "$contexts" 2> "$work/err"
}
# Every label's bytes, whatever the name.
dump() {
	python3 - <<- 'END'
		import os
		for top, below, files in os.walk(b"/srv/l"):
		    for name in [b"."] + sorted(below + files):
		        path = os.path.join(top, name)
		        print(path, os.getxattr(path, "security.selinux", follow_symlinks=False))
	END
}
role() { # PATH
	stat -c %C "$1" | cut -d: -f2
}
type() { # PATH
	stat -c %C "$1" | cut -d: -f3
}

setenforce 0
mkdir -p /srv/l/tree/{below,mounted} /srv/l/{context,readonly,other}
policy labels 'file:' '  matchPaths: [{path: /srv/l/secret}, {path: /srv/l/mine, fromSource: [{path: /srv/l/tool}]}]' \
	'  matchDirectories: [{dir: /srv/l/tree/, recursive: true}]' > "$work/labels.yaml"
policy context 'file: {matchPaths: [{path: /srv/l/context/file}]}' > "$work/context.yaml"
policy readonly 'file: {matchPaths: [{path: /srv/l/readonly/file}]}' > "$work/readonly.yaml"
for name in secret mine other/file tree/file tree/below/file readonly/file $'tree/new\nline'; do
	echo "what $name says" > "/srv/l/$name"
done
cp /usr/bin/cat /srv/l/tool
mkfifo /srv/l/tree/fifo
mknod /srv/l/tree/zero c 1 5
mknod /srv/l/tree/none b 250 250
ln -s /srv/l/other/file /srv/l/tree/link
ln /srv/l/tree/file /srv/l/other/linked
python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("/srv/l/tree/socket")'
chcon -t etc_t /srv/l/tree/below/file
chcon -u staff_u -l s0 /srv/l/tree/zero
restorecon -F /srv/l/tool /srv/l/secret
mount -t tmpfs tmpfs /srv/l/tree/mounted
echo mounted > /srv/l/tree/mounted/file
mount -t tmpfs -o context=system_u:object_r:var_t:s0 tmpfs /srv/l/context
echo context > /srv/l/context/file
mount --bind /srv/l/readonly /srv/l/readonly
mount -o remount,bind,ro /srv/l/readonly
dump > "$work/before"
find /srv/l -printf "%Z %M %p\n" | sort > "$work/listed"

cat /sys/fs/selinux/policy > "$work/base"
"$karmor" compile --backend selinux --best-effort --fact policy="$work/base" --fact file_contexts="$contexts" \
	"$work/labels.yaml" > "$work/karmor.cil" 2> "$work/err"
check $? "a module is compiled" "$(cat "$work/err")"

out=$(set_labels "$work/labels.yaml")
check $((! $?)) "without it no label can be set" "$out"
has "$(cat "$work/err")" "no such context" "which is said"
is "$(dump)" "$(cat "$work/before")" "and nothing is changed"

out=$(semodule -i "$work/karmor.cil" 2>&1)
check $? "it is loaded" "$out"
setenforce 1
out=$(set_labels "$work/labels.yaml")
check $? "labels are set while the kernel enforces" "$(cat "$work/err")"
is "$out" "wanted 13 changed 13 put back 0 lost 0" "on all that rules name"
has "$(cat "$work/err")" '"/srv/l/tree/mounted"' "but for what is mounted there, as is said"
tree=$(role /srv/l/tree)
for name in below below/file fifo zero none link socket file $'new\nline'; do
	is "$(role "/srv/l/tree/$name")" "$tree" "tree/${name//$'\n'/ and } has the tree's role"
done
has "$tree" karmor_o "which is one of ours"
has "$(role /srv/l/secret)" karmor_o "a path has one"
has "$(type /srv/l/tool)" karmor_x "a source has a copy of its type"
is "$(role /srv/l/other/linked)" "$tree" "a hard link has its file's"
is "$(role /srv/l/other/file)" object_r "what a link leads to has none"
is "$(role /srv/l/tree/mounted/file)" object_r "nor has what is mounted"
is "$(type /srv/l/tree/below/file)" etc_t "types stay"
is "$(/srv/l/tool /srv/l/other/file)" "what other/file says" "others run the source"
is "$(set_labels "$work/labels.yaml")" "wanted 13 changed 0 put back 0 lost 0" "a second time changes nothing"
"$build/tests/live/selinux-labels" "$journal" roles > "$work/roles"
is "$(grep -c '^karmor_o' "$work/roles")" "$(dump | grep -o ':karmor_o[^:]*' | sort -u | wc -l)" "all roles are told of"

echo new > /srv/l/tree/below/made
mkdir /srv/l/tree/made
echo new > /srv/l/tree/made/file
is "$(role /srv/l/tree/made/file)" "$tree" "what is made below has its directory's role"
mv /srv/l/secret /srv/l/other/moved

while IFS='|' read -r name text; do
	out=$("$build/tests/live/selinux-labels" "$work/other" set "$work/$name.yaml" "$work/base" "$contexts" 2>&1)
	check $((! $?)) "no label is set on the $name mount" "$out"
	has "$out" "cannot label \"/srv/l/$name/file\": its file system $text" "and why"
done <<- 'END'
	context|keeps no labels, or is mounted with context=
	readonly|is mounted read-only
END

out=$("$build/tests/live/selinux-labels" "$journal" restore 2>&1)
check $? "labels are put back while the kernel enforces" "$out"
is "$out" "" "without a word"
gone "$journal"
check $? "the journal is gone"
for name in below/made made made/file; do
	is "$(role "/srv/l/tree/$name")" object_r "tree/$name has no role any more"
done
rm -r /srv/l/tree/made /srv/l/tree/below/made
mv /srv/l/other/moved /srv/l/secret
dump > "$work/after"
cmp "$work/before" "$work/after"
check $? "each label has the bytes that it had"
is "$(find /srv/l -printf "%Z %M %p\n" | sort)" "$(cat "$work/listed")" "and tools show no difference"
setenforce 0
out=$(semodule -r karmor 2>&1)
check $? "the module is removed" "$out"
dump > "$work/after"
cmp "$work/before" "$work/after"
check $? "and labels stay as they were"
plan
