# SPDX-License-Identifier: Apache-2.0
# Hard links that an exactly named file has when its workload is enrolled. A part of exact.sh.
# shellcheck shell=bash disable=SC2154

ln "$here/a/secret" "$here/b/link"
echo other > "$here/b/other"
ln "$here/b/other" "$here/b/other2"
policy link "  file: {matchPaths: [{path: $here/a/secret}]}"
both link ok EACCES "a hard link is read" read "$here/b/link"
has "$(cat "$work/events")" "\"Resource\":\"$here/b/link\"" "and told of under its own name"
has "$(cat "$work/events")" 'file.matchPaths[0]' "and by the rule that names the other"
both link ok EACCES "a hard link is written" write "$here/b/link"
both link ok ok "another file with two names is read" read "$here/b/other"
is "$(run link "$actor" link "$here/b/link" "$here/c/third")" EACCES "link: a link gets no further one"
is "$(run link "$actor" rename "$here/b/link" "$here/c/third")" EACCES "link: a link is not renamed"
is "$(run link "$actor" unlink "$here/b/link")" EACCES "link: a link is not unlinked"
is "$(run link unshare -m "$actor" read "$here/b/link")" EACCES "link: nor read in another mount namespace"

policy linkwrite "  file: {matchPaths: [{path: $here/a/secret, readOnly: true}]}"
is "$(run linkwrite "$actor" read "$here/b/link")" ok "linkwrite: what the rule leaves open is open under each name"
is "$(run linkwrite "$actor" write "$here/b/link")" EACCES "linkwrite: and what it does not is not"

# The rule of another source is not this one's, and a directory's is none of the file's.
cp "$actor" "$here/reader"
policy linksource "  file: {matchPaths: [{path: $here/a/secret, fromSource: [{path: $here/reader}]}]}"
is "$(run linksource "$actor" read "$here/b/link")" ok "linksource: another source reads the link"
is "$(run linksource "$here/reader" read "$here/b/link")" EACCES "linksource: the source does not"
policy linkdir "  file: {matchDirectories: [{dir: $here/a/}]}"
is "$(run linkdir "$actor" read "$here/b/link")" ok "linkdir: a directory's rule is about names"

# Rules that name two of three names.
rm -f "$here/c/third"
ln "$here/a/secret" "$here/c/third"
policy linktwo "  file: {matchPaths: [{path: $here/a/secret, readOnly: true}, {path: $here/b/link, fromSource: [{path: $here/reader}]}]}"
is "$(run linktwo "$actor" read "$here/c/third")" ok "linktwo: the third name is read as the rules of both have it"
is "$(run linktwo "$actor" write "$here/c/third")" EACCES "linktwo: and not written"
is "$(run linktwo "$here/reader" read "$here/c/third")" EACCES "linktwo: nor read by the source"
rm "$here/c/third"

# Replaced, the file leaves and its name stays.
policy linkswap "  file: {matchPaths: [{path: $here/a/secret, fromSource: [{path: $here/reader}]}]}"
is "$(run linkswap sh -c "$here/reader read $here/b/link; echo new > $here/a/new; mv $here/a/new $here/a/secret
	$here/reader read $here/b/link; $here/reader read $here/a/secret" | tr '\n' ' ')" "EACCES ok EACCES " \
	"linkswap: a file that is replaced is not the one that is named any more"

# Programs.
cp "$actor" "$here/a/program"
ln "$here/a/program" "$here/b/program2"
policy linkexec "  process: {matchPaths: [{path: $here/a/program}]}"
both linkexec ok EACCES "a hard link is executed" spawn "$here/b/program2" read /etc/hostname
is "$(run linkexec "$actor" read "$here/b/program2")" ok "linkexec: a process rule is about executing"
