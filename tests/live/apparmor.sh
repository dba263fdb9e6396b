#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# AppArmor's own ways round a policy, and what this backend does with profiles. Each act first without the policy (the
# control). Prints TAP. Root, in a virtual machine that has AppArmor.
set -u
. "$(dirname "$0")/tap.sh"

work=$(mktemp -d)
here=/srv/apparmor
trap 'rm -rf "$work" "$here"' EXIT

policy() { # name, section text
	printf 'apiVersion: security.kubearmor.com/v1\nkind: KubeArmorPolicy\nmetadata:\n  name: %s\nspec:\n  selector: {}\n%s\n' \
		"$1" "$2" > "$work/$1.yaml"
}

run() { # policy, command...
	local policy=$1
	shift
	: > "$work/events"
	# shellcheck disable=SC2086
	"$karmor" run -p "$work/$policy.yaml" --backend apparmor ${posture:+--posture $posture} --events "$work/events" -- "$@" \
		2> "$work/err"
	# A command that was not started is not one that was denied.
	[ $? -ne 2 ] || cat "$work/err"
}

ours() {
	grep -c '^karmor-' /sys/kernel/security/apparmor/profiles
}

posture=
mkdir -p "$here/deep/er" "$here/libs"
for program in actor reader blocked; do cp "$build/tests/live/actor" "$here/$program"; done
cp "$(readlink -f /bin/cat)" "$here/cat"
echo content > "$here/deep/er/secret"
policy secret "  file: {matchPaths: [{path: $here/deep/er/secret}]}"

out=$("$build/daemon/karmor-probe" --json)
has "$out" '"name": "apparmor"' "the probe knows AppArmor"
[[ $(tr -d ' \n' <<< "$out") == *'"name":"apparmor","state":"ready"'* ]]
check $? "and finds it ready" "$out"

# Names on the way.
is "$("$here/actor" read "$here/deep/er/secret")" ok "control: the file is read"
is "$(run secret "$here/actor" read "$here/deep/er/secret")" EACCES "and not under the policy"
is "$(run secret "$here/actor" read "/proc/self/root$here/deep/er/secret")" EACCES "nor through /proc/self/root"
is "$("$here/actor" rename "$here/deep" "$here/other" && "$here/actor" rename "$here/other" "$here/deep")" $'ok\nok' \
	"control: a directory on the way is renamed"
is "$(run secret "$here/actor" rename "$here/deep" "$here/other")" EACCES "a directory on the way is not renamed"
has "$(cat "$work/events")" '"Rule":"file.matchPaths[0]"' "for the sake of the rule that names what is below"
policy ending "  file: {matchPatterns: [{pattern: \"$here/deep/er/sec*\"}]}"
is "$(run ending "$here/actor" rename "$here/deep/er" "$here/deep/other")" EACCES "nor is one before a pattern's only wildcards"
policy inside "  file: {matchPatterns: [{pattern: 'er/secret'}]}"
is "$(run inside "$here/actor" rename "$here/deep/er" "$here/deep/other")" ok "one of a pattern that may start anywhere is, as the report says"
mv "$here/deep/other" "$here/deep/er"
is "$(run secret "$here/actor" create "$here/deep/er/new")" ok "in it files are made"
is "$(run secret "$here/actor" mkdir "$here/deep/er/sub")" ok "and directories"
is "$("$here/actor" link "$here/deep/er/secret" "$here/name")" ok "control: a second name is given"
rm -f "$here/name"
is "$(run secret "$here/actor" link "$here/deep/er/secret" "$here/name")" EACCES "no second name is given"
is "$("$here/actor" bind "$here/deep" /mnt && umount /mnt && echo gone)" $'ok\ngone' "control: a bind mount is made"
is "$(run secret "$here/actor" bind "$here/deep" /mnt)" EACCES "no mount is made that would be another name"
has "$(cat "$work/events")" 'lsm=mount' "and that is told"

# Names with everything that means something to the parser.
odd="$here/we ird\"[x]{a,b}*?^@{y}#"
mkdir -p "$odd" "$here/we irdx"
echo content > "$odd/file"
echo content > "$here/we irdx/file"
printf 'apiVersion: security.kubearmor.com/v1\nkind: KubeArmorPolicy\nmetadata: {name: odd}\nspec:\n  selector: {}\n  file: {matchPatterns: [{pattern: "%s/*"}]}\n' \
	"$(sed 's/[][\\"*?{}]/\\\\&/g; s/\\\\"/\\"/g' <<< "$odd")" > "$work/odd.yaml"
is "$(run odd cat "$odd/file")" "" "a directory is blocked whatever its name"
is "$(run odd cat "$here/we irdx/file")" content "and one that is only like it is not"

# Programs.
policy program "  process: {matchPaths: [{path: $here/blocked}]}"
loader=$(readlink -f /lib64/ld-linux-x86-64.so.2)
policy cat "  process: {matchPaths: [{path: $here/cat}]}"
is "$("$here/actor" spawn "$here/blocked")" ok "control: the program runs"
is "$(run program "$here/actor" spawn "$here/blocked")" EACCES "and not under the policy"
is "$("$loader" "$here/cat" /etc/hostname)" "$(cat /etc/hostname)" "control: the loader runs it"
is "$(run cat "$loader" "$here/cat" /etc/hostname)" "" "the loader is not run by name"
is "$(run cat cat /etc/hostname)" "$(cat /etc/hostname)" "programs are loaded by it all the same"
memfd='import os; f = os.memfd_create("x"); os.write(f, open("'$here'/actor", "rb").read()); os.execve(f, ["a", "read", "/etc/hostname"], {})'
is "$(python3 -c "$memfd")" ok "control: a program in memory runs"
python=$(readlink -f /usr/bin/python3)
policy list "  process: {matchPaths: [{path: $python, action: Allow}]}"
posture=file=block
is "$(run list "$python" -c "$memfd" 2> /dev/null)" "" "an allow-list that blocks has none"
posture=

# Sources.
policy source "  file: {matchPaths: [{path: $here/deep/er/secret}, {path: $here/deep/er/secret, action: Allow, fromSource: [{path: $here/reader}]}]}"
is "$(run source "$here/reader" read "$here/deep/er/secret")" ok "the source reads, even as the command itself"
is "$(run source "$here/actor" read "$here/deep/er/secret")" EACCES "another does not"
is "$(printf 'read %s\n' "$here/deep/er/secret" | run source "$here/actor" batch)" EACCES "nor one that is to start the source"
is "$(run source sh -c "$here/reader read $here/deep/er/secret; $here/actor read $here/deep/er/secret")" $'ok\nEACCES' \
	"each program has its own rules, whoever starts it"
is "$("$here/actor" seize "$here/reader")" ok "control: the source can be traced"
is "$(run source "$here/actor" seize "$here/reader")" EACCES "another source is not traced"

# More sources than one profile can lead to.
rules=
for i in {1..20}; do
	cp "$build/tests/live/actor" "$here/source$i"
	rules+=", {path: $here/deep/er/secret, action: Allow, fromSource: [{path: $here/source$i}]}"
	rules+=", {path: $here/only$i, fromSource: [{path: $here/source$i}]}"
	echo content > "$here/only$i"
done
policy many "  file: {matchPaths: [{path: $here/deep/er/secret}$rules]}"
is "$("$here/source3" read "$here/only3")" ok "control: a source reads its file"
is "$(run many sh -c "for i in 1 11 12 20; do $here/source\$i read $here/only\$i; $here/source\$i read $here/only2; done; $here/actor read $here/only20")" \
	$'EACCES\nok\nEACCES\nok\nEACCES\nok\nEACCES\nok\nok' "each of twenty sources has rules of its own"
is "$(grep -c '"Action":"Block"' "$work/events")" 4 "and each denial is told of once"
has "$(cat "$work/events")" "$here/only20" "with what it was about"
is "$(run many sh -c "$here/source20 read $here/deep/er/secret; $here/actor read $here/deep/er/secret; $here/source1 read $here/deep/er/secret")" \
	$'ok\nEACCES\nok' "each may what it alone may, and gives it to nobody"
is "$(run many "$here/source12" read "$here/only12")" EACCES "even as the command itself"
is "$(run many "$here/actor" seize "$here/source12")" EACCES "and is not traced by others"

# Sixty kinds of them, which are seven profiles on each task.
rules=
for i in {1..60}; do
	rules+=", {path: $here/only$i, fromSource: [{path: $here/source$i}]}"
	[ $((i % 2)) = 0 ] && rules+=", {path: $here/deep/er/secret, action: Allow, fromSource: [{path: $here/source$i}]}"
done
for i in 34 56 60; do
	cp "$build/tests/live/actor" "$here/source$i"
	echo content > "$here/only$i"
done
policy sixty "  file: {matchPaths: [{path: $here/deep/er/secret}$rules]}"
is "$(run sixty sh -c "for i in 1 12 34 56 60; do $here/source\$i read $here/only\$i; $here/source\$i read $here/only2; $here/source\$i read $here/deep/er/secret; done")" \
	$'EACCES\nok\nEACCES\nEACCES\nok\nok\nEACCES\nok\nok\nEACCES\nok\nok\nEACCES\nok\nok' "each of sixty sources has rules of its own"
is "$(grep -c '"Action":"Block"' "$work/events")" 6 "and each denial is told of once"
is "$(run sixty "$here/source60" spawn "$here/source1")" ok "one starts another"
is "$(run sixty sh -c "$here/source60 seize $here/source56; $here/source60 seize $here/source60; $here/actor read $here/only60")" $'EACCES\nok\nok' \
	"which traces its like alone"
is "$(run sixty cat /proc/self/attr/apparmor/current | grep -o karmor- | wc -l)" 7 "a task is under seven profiles"

# Sources under no_new_privs: each is under the others' rules and its own, and what it starts under the others' again.
cp "$(readlink -f /bin/sh)" "$here/shell"
echo content > "$here/mine"
reads="$here/actor read $here/mine; $here/actor socket 2 2 17; $here/actor read $here/deep/er/secret"
policy narrow "  file: {matchPaths: [{path: $here/deep/er/secret}, {path: $here/deep/er/secret, readOnly: true, fromSource: [{path: $here/reader}]},
    {path: $here/mine, fromSource: [{path: $here/reader}]}]}
  network: {matchProtocols: [{protocol: udp, fromSource: [{path: $here/reader}, {path: $here/shell}]}]}"
is "$(setpriv --no-new-privs sh -c "${reads//actor/reader}; $reads")" $'ok\nok\nok\nok\nok\nok' "control: under no_new_privs all is free"
is "$(run narrow setpriv --no-new-privs sh -c "${reads//actor/reader}; $reads")" $'EACCES\nEACCES\nEACCES\nok\nok\nEACCES' \
	"under no_new_privs too a source may not what it alone may not"
is "$(grep -c '"Action":"Block"' "$work/events")" 4 "and each denial is told of once"
is "$(run narrow setpriv --no-new-privs "$here/shell" -c "$here/actor socket 2 2 17; $here/reader read $here/mine; $here/shell -c '$here/actor read $here/mine'")" \
	$'ok\nEACCES\nok' "each program that a source starts there has its own rules"
is "$(run narrow "$here/shell" -c "setpriv --no-new-privs $here/reader read $here/mine; $here/shell -c '$here/actor socket 2 2 17'")" $'EACCES\nok' \
	"and without it"
is "$(run narrow setpriv --no-new-privs "$here/reader" socket 2 2 17)" EACCES "and network rules hold"
is "$(run source setpriv --no-new-privs "$here/actor" spawn "$here/reader")" EPERM "what may more than others does not start, as the report says"
is "$(run narrow "$here/shell" -c "exec setpriv --no-new-privs $here/actor spawn $here/blocked")" ok "no_new_privs by another program is no matter"
for pair in "actor actor ok" "reader reader ok" "actor reader EACCES" "reader actor EACCES" "reader shell EACCES"; do
	read -r from to said <<< "$pair"
	is "$(run narrow "$here/$from" seize "$here/$to")" "$said" "$from traces $to: $said"
done

policy many "  file: {matchPaths: [$(for i in {1..20}; do echo "{path: $here/only$i, fromSource: [{path: $here/source$i}]},"; done) {path: $here/mine}]}"
is "$(run many setpriv --no-new-privs sh -c "for i in 1 11 12 20; do $here/source\$i read $here/only\$i; $here/source\$i read $here/only2; done; $here/source20 read $here/mine")" \
	$'EACCES\nok\nEACCES\nok\nEACCES\nok\nEACCES\nok\nEACCES' "so it is with twenty of them"
is "$(grep -c '"Action":"Block"' "$work/events")" 5 "and each is told of once"

# Leaving.
is "$(run secret sh -c 'echo -n changeprofile unconfined > /proc/self/attr/apparmor/current && echo left; true' 2> /dev/null)" "" \
	"no task leaves its profile"
is "$(run secret sh -c 'echo -n exec unconfined > /proc/self/attr/apparmor/exec && exec cat /proc/self/attr/apparmor/current; true' 2> /dev/null)" "" \
	"nor by its next exec"

# Audit never blocks, and is logged once for each access.
policy audited "  file: {matchPaths: [{path: $here/deep/er/secret, action: Audit}]}"
is "$(run audited "$here/actor" read "$here/deep/er/secret")" ok "what is audited is allowed"
is "$(grep -c '"Action":"Audit"' "$work/events")" 1 "and logged once"

# Profiles come and go with their tasks.
is "$(ours)" 0 "no profile is left"
"$karmor" run -p "$work/secret.yaml" --backend apparmor -- sh -c \
	"echo \$\$ > $work/pid; sleep 3; cat $here/deep/er/secret > $work/after 2>&1; exec sleep 100" > /dev/null 2>&1 &
killed=$!
eventually test -s "$work/pid"
kill -9 "$killed"
wait "$killed" 2> /dev/null
run audited true
is "$(ours)" 1 "the profile of a workload whose karmor run was killed stays"
eventually test -s "$work/after"
has "$(cat "$work/after")" "Permission denied" "and is enforced"
left=$(cat "$work/pid")
kill -9 "$left"
eventually gone "/proc/$left"
run audited true
is "$(ours)" 0 "once its tasks are gone, the next run removes it"

# The parser of this machine may have priorities, which that of the build machine has not.
cd "$(dirname "$0")/../.." || exit 1
out=$(tests/offline/table apparmor --priority --random 10 tests/tables/*.tsv ${KARMOR_LONG:+tests/data/conformance/cases.tsv})
check $? "tables, with priorities" "$out"
plan
