# SPDX-License-Identifier: Apache-2.0
# Programs through the dynamic loader, by mapping, and without a name. A part of exact.sh.
# shellcheck shell=bash disable=SC2154

loader=/lib64/ld-linux-x86-64.so.2
mkdir -p "$here/bin" "$here/lib" "$here/else"
cp /usr/bin/id "$here/bin/id"
cp /usr/bin/id "$here/else/id"
cp "$(ldd /usr/bin/id | awk '/libc.so.6/ {print $3}')" "$here/lib/libc.so.6"
got() { # the first line's first word, or nothing
	head -n 1 | cut -d'(' -f1
}

policy bindir "  process: {matchDirectories: [{dir: $here/bin/}]}"
is "$($loader "$here/bin/id" | got)" uid=0 "control: the loader runs a program"
is "$(run bindir $loader "$here/bin/id" | got)" "" "bindir: not one of a blocked directory"
has "$(cat "$work/events")" "\"Resource\":\"$here/bin/id\"" "and it is told of"
is "$(run bindir $loader "$here/else/id" | got)" uid=0 "bindir: but one of another"
policy libdir "  process: {matchDirectories: [{dir: $here/lib/}]}"
is "$(run libdir env LD_LIBRARY_PATH="$here/lib" "$here/bin/id" | got)" uid=0 \
	"libdir: a program whose library lies in a blocked directory goes on"
is "$(run libdir $loader --library-path "$here/lib" "$here/bin/id" | got)" uid=0 "libdir: through the loader as well"

# Lists: `run` starts the loader, and the loader what is on the list and nothing else.
real=$(readlink -f "$loader")
policy listed "  action: Allow
  process: {matchPaths: [{path: $real}, {path: $here/bin/id}]}"
listed() {
	: > "$work/events"
	"$karmor" run -p "$work/listed.yaml" --posture file=block --events "$work/events" -- "$@" 2> "$work/err"
	[ $? -ne 2 ] || cat "$work/err"
}
is "$(listed "$here/bin/id" | got)" uid=0 "listed: what is on the list runs"
is "$(listed "$here/else/id" | got)" "" "listed: what is not does not"
is "$(listed $loader "$here/bin/id" | got)" uid=0 "listed: through the loader what is on the list runs"
is "$(listed $loader "$here/else/id" | got)" "" "listed: through the loader what is not does not"

ways=$here/ways
cp "$build/tests/live/ways" "$ways"
way() { # POLICY WITHOUT WITH NAME WAY...: as both
	local policy=$1 without=$2 with=$3 name=$4
	shift 4
	is "$("$ways" "$@")" "$without" "control: $name"
	is "$(run "$policy" "$ways" "$@")" "$with" "$policy: $name: $with"
}
policy mapped "  process: {matchPaths: [{path: $here/bin/id}]}"
way mapped ok EACCES "a program is mapped to execute" map "$here/bin/id"
way mapped ok EACCES "a program is made executable once it is mapped" protect "$here/bin/id"
has "$(cat "$work/events")" lsm=file_mprotect "and it is told of"
way mapped ok ok "another file is made executable once it is mapped" protect "$here/else/id"

# Without a name: a block-list lets it run as a copy, an allow-list has it under its posture.
policy copies "  process: {matchPaths: [{path: $ways}, {path: $here/gone}], matchDirectories: [{dir: $here/else/}]}"
cp "$ways" "$here/ways2"
ways=$here/ways2
way copies ok ok "a copy in memory runs" memfd "$here/ways"
way copies ok ok "a copy that never had a name runs" tmpfile "$here/ways" "$here/else"
way copies ok ok "a copy that is deleted runs" deleted "$here/ways" "$here/gone"
policy ways "  process: {matchPaths: [{path: $here/ways2, action: Allow}], matchDirectories: [{dir: $here/, recursive: true, action: Allow}]}"
unnamed() {
	: > "$work/events"
	"$karmor" run -p "$work/ways.yaml" --posture "file=$1" --events "$work/events" -- "${@:2}" 2> "$work/err"
	[ $? -ne 2 ] || cat "$work/err"
}
is "$(unnamed block "$ways" memfd "$here/ways")" EACCES "ways: a copy in memory is on no list"
is "$(unnamed block "$ways" tmpfile "$here/ways" "$here/else")" EACCES "ways: nor one that never had a name"
is "$(unnamed block "$ways" deleted "$here/ways" "$here/gone")" EACCES "ways: nor one that is deleted"
is "$(unnamed audit "$ways" deleted "$here/ways" "$here/gone")" ok "ways: it runs where the posture is to audit"
has "$(cat "$work/events")" '"PolicyName":"DefaultPosture"' "and it is told of by the posture"
ways=$here/ways
