#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# karmord in an enforcing SELinux kernel: two programs that are workloads of their own, policies that change while they
# run, a daemon that is killed, at rest and in the middle of a change, the next one that takes over, and that nothing is
# left. Root, in a virtual machine whose kernel has SELinux. Few changes: with each the whole policy of the machine is made
# anew, which takes its time under emulation.
set -u
. "$(dirname "$0")/tap.sh"

live=$(dirname "$0")
work=$(mktemp -d)
trap 'setenforce 0; kill -9 "${daemon:-}" "${workers[@]}" 2> /dev/null; rm -rf "$work"' EXIT
workers=()
setenforce 0
mkdir -p /srv/k "$work/policies.d"
for name in hidden apart later; do
	echo "what $name says" > "/srv/k/$name"
done
cat > "$work/karmord.yaml" << END
backends: [selinux]
policies: $work/policies.d
state: $work/state
END
# policy NAME APP PATH...
policy() {
	printf 'apiVersion: security.kubearmor.com/v1\nkind: KubeArmorPolicy\nmetadata: {name: %s, namespace: shop}\nspec:\n  selector: {matchLabels: {app: %s}}\n  action: Block\n  file:\n    matchPaths:\n' \
		"$1" "$2"
	shift 2
	printf '    - {path: %s}\n' "$@"
}

cat > "$work/worker" << 'END'
while read -r file < "$1/ask-$2"; do
	if cat "$file" > /dev/null 2>&1; then echo y; else echo n; fi > "$1/answer-$2"
done
END
shell=$(realpath /bin/sh)

begin() { # NAME APP
	mkfifo "$work/ask-$1" "$work/answer-$1"
	python3 "$live/selinux-start.py" "$1" "$2" "$shell" label "$work/worker" "$work" "$1" > "$work/label-$1" 2>&1 &
	workers+=($!)
	disown
}

# The same, but its first task ends, and one that it started goes on.
begin_left() { # NAME APP
	mkfifo "$work/ask-$1" "$work/answer-$1"
	# shellcheck disable=SC2016 # the inner shell's
	python3 "$live/selinux-start.py" "$1" "$2" "$shell" label -c '/bin/sh "$0" "$1" "$2" & echo $! > "$1/left"' \
		"$work/worker" "$work" "$1" > "$work/label-$1" 2>&1
	workers+=("$(cat "$work/left")")
}

# finish NAME: the last one that began.
finish() {
	kill -9 "${workers[-1]}"
	unset "workers[-1]"
	rm "$work/ask-$1" "$work/answer-$1"
	at_length forgotten "$1"
}

forgotten() { # NAME
	! "$karmor" get workloads -o json | grep -q "\"name\": *\"$1\""
}

ask() { # NAME FILE
	timeout 900 sh -c "echo /srv/k/$2 > $work/ask-$1 && cat $work/answer-$1"
}

# reads NAME ANSWERS: which of the three files it can read.
reads() {
	is "$(ask "$1" hidden)$(ask "$1" apart)$(ask "$1" later)" "$2" "$3"
}

# It does, or never will.
answers() {
	"$karmor" get policies > /dev/null 2>&1 || ! kill -0 "$daemon" 2> /dev/null
}

begin_it() {
	"$build/daemon/karmord" --config "$work/karmord.yaml" 2>> "$work/log" 3>&- &
	daemon=$!
}

start() {
	begin_it
	at_length answers
	"$karmor" get policies > /dev/null 2>&1 || sed 's/^/# /' "$work/log"
}

end() { # SIGNAL
	kill "-$1" "$daemon"
	wait "$daemon" 2> /dev/null
}

applied() { # FILE: what karmord makes of it
	"$karmor" apply -f - < "$1" 2>&1
}

# How many policies the kernel was given.
loads() {
	od -An -t u4 -j 12 -N 4 /sys/fs/selinux/status | tr -d ' '
}

traces() {
	semodule --list=full
	ls -ZR /srv
	sha256sum < /sys/fs/selinux/policy
}
traces > "$work/before"
setenforce 1
before=$(loads)

start
has "$("$karmor" status 2>&1)" SELinux "karmord enforces by SELinux"
has "$(cat "$work/log")" "SELinux confines only tasks that enter by themselves" "and says what it needs"
is "$(loads)" "$before" "without policies no policy is loaded"
end TERM
policy for-web web /srv/k/hidden > "$work/policies.d/web.yaml"
policy for-db db /srv/k/apart > "$work/policies.d/db.yaml"

# The policy's store is somebody else's while it starts.
waits() { # TIMES
	[ "$(grep -c 'waits until policies can be put in force' "$work/log")" -eq "$1" ] || ! kill -0 "$daemon" 2> /dev/null
}
policy for-rest rest /srv/k/later > "$work/policies.d/rest.yaml"
exec 3>> /var/lib/selinux/default/semanage.trans.LOCK
flock -x 3
begin_it
at_length waits 1
kill -0 "$daemon"
check $? "where another has the policy's store karmord waits" "$(cat "$work/log")"
is "$(grep -c "the policy's store refuses the module" "$work/log")" 1 "it asks once for all policies"
end TERM
is $? 0 "and ends when it is told to meanwhile" "$(cat "$work/log")"
is "$(grep -c 'is ready' "$work/log")" 1 "without having begun"
is "$(ls -A /var/lib/karmor/selinux)" lock "or left a state"
rm "$work/policies.d/rest.yaml"
begin_it
at_length waits 2
exec 3>&-
at_length answers
is "$(loads)" $((before + 1)) "with the store one policy is loaded, before there is a workload" "$(cat "$work/log")"
is "$("$karmor" get policies -o json | grep -c '"name"')" 2 "that has both" "$(cat "$work/log")"
ls -ZR /srv > "$work/labels"
lacks "$(cat "$work/labels")" karmor_ "no file has a label of it"

before=$(loads)
begin one web
reads one nyy "a program that started under its label is confined"
has "$(cat "$work/label-one")" ":karmor_w" "by a role of its own"
begin two db
reads two yny "so is another one, by other rules"
reads one nyy "and the first as before"
is "$("$karmor" get workloads -o json | grep -c '"name"')" 2 "karmord knows both"
begin third web,tier=front
reads third nyy "one more that has the rules of another is under them"
is "$(loads)" "$before" "and no policy was loaded for any of them"
finish third
check $? "it is forgotten when it has ended"
begin fourth db
reads fourth yny "one with the rules of the other is under those"
finish fourth
begin fifth web
reads fifth nyy "another takes the place of the one that ended"
finish fifth
begin_left left web
reads left nyy "a workload whose first task has ended is confined"
begin sixth db
reads sixth yny "while another one starts"
reads left nyy "and after"
finish sixth
begin_left again db
reads again yny "and another whose first task ends"
finish again
finish left
begin nobodys queue
reads nobodys yyy "one that no policy is for is confined by none"
finish nobodys
is "$(loads)" "$before" "and none was loaded all the while"
told() { # NAME RESOURCE
	"$karmor" logs --json --since 1h --limit 1 -n shop --policy "$1" --resource "$2" > "$work/told" 2> /dev/null &
	local pid=$!
	at_length grep -q '"Enforcer":"SELinux"' "$work/told"
	local status=$?
	kill "$pid" 2> /dev/null
	return $status
}
told for-web /srv/k/hidden
check $? "an event of the one" "$(cat "$work/log")"
told for-db /srv/k/apart
check $? "and of the other"
out=$("$karmor" run --backend selinux -p "$work/policies.d/web.yaml" -- true 2>&1)
is $? 2 "karmor run has no place beside it"
has "$out" "process $daemon enforces by SELinux already, and one can at a time" "and is told why"
out=$(python3 "$live/selinux-start.py" three web "$shell" none -c 'echo started' 2>&1)
lacks "$out" started "a program that does not take its label does not start"
has "$(cat "$work/log")" 'whose role is not "karmor_w' "and that is told"

policy for-web web /srv/k/later > "$work/later.yaml"
# Of more than files, which is not said by labels.
{
	policy for-both db /srv/k/apart /srv/k/later
	printf '  network:\n    matchProtocols:\n    - {protocol: raw}\n'
} > "$work/both.yaml"
before=$(loads)
mv "$work/later.yaml" "$work/policies.d/web.yaml"
may() { # NAME FILE: whether it can read it now
	[ "$(ask "$1" "$2")" = y ]
}
hidden() { # NAME FILE: whether it cannot
	[ "$(ask "$1" "$2")" = n ]
}
at_length may one hidden
check $? "other rules about files are put in force" "$(cat "$work/log")"
reads one yyn "the running program is under them"
is "$(loads)" "$before" "by labels alone: no policy was loaded"
told for-web /srv/k/later
check $? "and what they say is told of by their name" "$(cat "$work/log")"
reads two yny "and the other under its own"
begin seventh web
reads seventh yyn "one that starts now is under the new ones"
finish seventh
policy for-web web /srv/k/hidden /srv/k/later > "$work/wider.yaml"
mv "$work/wider.yaml" "$work/policies.d/web.yaml"
at_length hidden one hidden
check $? "a path more is hidden" "$(cat "$work/log")"
reads one nyn "and what was hidden goes on to be"
policy for-web web /srv/k/later > "$work/later.yaml"
mv "$work/later.yaml" "$work/policies.d/web.yaml"
at_length may one hidden
check $? "and not any more" "$(cat "$work/log")"
reads two yny "and the other is under its own all the while"
echo anew > /srv/k/new
mv /srv/k/new /srv/k/later
at_length hidden one later
check $? "a file that is moved over the one that a rule names is under the rule" "$(cat "$work/log")"
mv /srv/k /srv/before
mkdir /srv/k
for name in hidden apart later; do
	echo "what $name says" > "/srv/k/$name"
done
at_length hidden one later
check $? "and one in a directory that is put in the place of its own" "$(cat "$work/log")"
at_length hidden two apart
check $? "by all rules that are about it"
reads one yyn "and by no others"
reads two yny "nor for the other"
rm -r /srv/before
restorecon -F /srv/k/later
at_length hidden one later
check $? "a label that somebody takes away comes back"
is "$(loads)" "$before" "all of that without another policy"

# Files have their labels before the change has come to its end, and karmord answers after that alone.
"$karmor" get workloads > /dev/null
end KILL
reads one yyn "when karmord was killed, the first is confined"
reads two yny "and the other"
before=$(loads)
start
is "$(loads)" "$before" "the next karmord takes them over as they are, without another policy"
is "$("$karmor" get workloads -o json | grep -c '"adopted": *true')" 2 "both of them"
begin seventh db
reads seventh yny "what was there for others to start is there for its workloads"
finish seventh
is "$(loads)" "$before" "without a change of the policy"
reads one yyn "who are as they were"
rm /srv/k/later
echo "what later says" > /srv/k/later
at_length hidden one later
check $? "and one that is made anew is under the rule that names it" "$(cat "$work/log")"
told for-web /srv/k/later
check $? "and are told of again" "$(cat "$work/log")"
cp -a /var/lib/karmor/selinux "$work/kept"
mount --bind /var/lib/selinux /var/lib/selinux && mount -o remount,bind,ro /var/lib/selinux
before_it=$(loads)
applied "$work/both.yaml" > "$work/out"
is $? 2 "a change that the policy's store does not take fails"
has "$(cat "$work/out")" "selinux: the policy's store refuses the module" "and is told why" "$(cat "$work/log")"
umount /var/lib/selinux
is "$(diff -r "$work/kept" /var/lib/karmor/selinux 2>&1)" "" "what the next karmord is to know is what it was"
reads one yyn "the first is under its rules after it"
reads two yny "and the other"
begin eighth web
reads eighth yyn "and what was to spare for the next one is"
finish eighth
is "$(loads)" "$before_it" "without a policy"
applied "$work/both.yaml" > "$work/out"
check $? "and a policy applies to them" "$(cat "$work/out" "$work/log")"
reads two ynn "as it says"
is "$(loads)" "$((before + 1))" "by one policy for all, as it is about more than files"

# In the middle of a change, which comes to its end by itself.
loading() {
	grep -q changes /var/lib/karmor/selinux/lock
}
"$karmor" delete ksp for-both -n shop > /dev/null 2>&1 &
at_length loading
check $? "a change begins"
end KILL
is "$(ask two apart)" n "when karmord was killed in it, the program is confined"
start
has "$("$karmor" status 2>&1)" SELinux "the next one waits for its end"
is "$("$karmor" get workloads -o json | grep -c '"adopted": *true')" 2 "and takes both over"
reads one yyn "the first is under its rules"
is "$(ask two apart)" n "and the other under its own"

remove() {
	"$build/daemon/karmord" --config "$work/karmord.yaml" --remove 2>&1
}
end TERM
out=$(remove)
is $? 0 "--remove takes the rules of both out while they run" "$out"
reads one yyy "the first is under none then"
is "$(ask two apart)" y "nor is the other"
lacks "$(ls -ZR /srv)" karmor_ "no file has a label of them"
is "$(cat /proc/[0-9]*/attr/current | tr '\0' '\n' | grep -c "karmor_w.*_r:")" 2 "both have their roles, which say nothing"
kill -9 "${workers[@]}" 2> /dev/null
workers=()
rm "$work/policies.d/"*
start
empty() {
	[ "$("$karmor" get workloads -o json | grep -c '"name"')" -eq 0 ]
}
at_length empty
check $? "the next karmord forgets them when they have ended" "$("$karmor" get workloads)"
end TERM
setenforce 0
is "$(traces | diff "$work/before" - 2>&1)" "" "and nothing is left when karmord ends: modules, labels, the policy's bytes"
is "$(ls -A /var/lib/karmor/selinux)" lock "nor of its state"
plan
