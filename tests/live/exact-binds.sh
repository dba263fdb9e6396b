# SPDX-License-Identifier: Apache-2.0
# Bind mounts that show an exactly named file when its workload is enrolled. A part of exact.sh.
# shellcheck shell=bash disable=SC2154

mkdir -p "$here/bound" "$here/deep/x/y" "$here/hidden/a" "$here/a b"
echo content > "$here/bound/secret"
: > "$here/b/one"
echo content > "$here/deep/x/y/secret"
mount --bind "$here/bound" "$here/c"
mount --bind "$here/bound/secret" "$here/b/one"
mount --bind "$here" "$here/a b"
policy bind "  file: {matchPaths: [{path: $here/bound/secret}]}"
both bind ok EACCES "a file is read below a bound directory" read "$here/c/secret"
both bind ok EACCES "a bound file is read" read "$here/b/one"
is "$(run bind unshare -m "$actor" read "$here/c/secret")" EACCES "bind: nor in another mount namespace"
is "$(run bind cat "$here/a b/bound/secret")" "" "bind: nor through a mount of all of it, whose name has a blank"
is "$(run bind cat "$here/a b/deep/x/y/secret")" content "bind: what the rule does not name is read through it"
is "$(run bind "$actor" rename "$here/c/secret" "$here/c/away")" EACCES "bind: the file is not renamed there"
is "$(run bind "$actor" read "$here/bound/secret")" EACCES "bind: nor read under its own name"

# A name that the mount would give but something lies over is another file's.
mount -t tmpfs none "$here/deep/x"
mkdir "$here/deep/x/y"
echo above > "$here/deep/x/y/secret"
policy hidden "  file: {matchPaths: [{path: $here/a b/deep/x/y/secret}]}"
is "$(cat "$here/a b/deep/x/y/secret")" content "control: what lies over one name does not over the other"
is "$(run hidden cat "$here/a b/deep/x/y/secret")" "" "hidden: the file is not read"
is "$(run hidden cat "$here/deep/x/y/secret")" above "hidden: what lies over its other name is"

cp "$actor" "$here/bound/program"
policy bindexec "  process: {matchPaths: [{path: $here/bound/program}]}"
both bindexec ok EACCES "a program is executed below a bound directory" spawn "$here/c/program" read /etc/hostname
umount "$here/deep/x" "$here/a b" "$here/b/one" "$here/c"
