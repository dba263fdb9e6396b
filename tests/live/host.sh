#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Host policies under karmord: what is in no workload, with what runs already; who is in one, or on a way back, is none
# of it; while the daemon is dead, started again, and let go.
set -u
. "$(dirname "$0")/tap.sh"
. "$(dirname "$0")/daemon.sh"

unit=$mount/karmor-host/worker
late=$mount/karmor-host/late
work=$(mktemp -d)
chmod 755 "$work"
secret=$work/secret
other=$work/other
mkdir -p "$work/policies.d" "$unit" "$late"
pattern=$(cat /proc/sys/kernel/core_pattern)
echo secret > "$secret"
echo other > "$other"
chmod 644 "$secret" "$other"
cp /bin/sh "$work/way"
cp /bin/true "$work/blocked"
trap 'echo "$pattern" > /proc/sys/kernel/core_pattern; kill -9 "${daemon:-}" "${workers[@]}" 2> /dev/null; rm -rf "$work"' EXIT

configure() { # LINE...
	printf 'policies: %s\nstate: %s/state\ngroup: root\nwaysBack: [%s]\n' "$work/policies.d" "$work" "$work/way" > "$work/karmord.yaml"
	printf 'units:\n  - {name: worker, cgroup: /karmor-host/worker, namespace: shop, labels: app=web}\n' >> "$work/karmord.yaml"
	printf '%s\n' "$@" >> "$work/karmord.yaml"
}

# policy NAME LABEL SECTION PATH: a host policy.
policy() {
	printf 'apiVersion: security.kubearmor.com/v1\nkind: KubeArmorHostPolicy\nmetadata: {name: %s}\nspec:\n  nodeSelector: {matchLabels: {%s}}\n  %s: {matchPaths: [{path: %s}]}\n' \
		"$@"
}

# Opens what it is asked to, by itself or by a program that it starts, and says y or n.
cat > "$work/worker" << 'END_OF_WORKER'
while read -r how file < "$1.ask"; do
	case $how in
	end) exit ;;
	self) if read -r line < "$file"; then echo y; else echo n; fi > "$1.answer" 2> /dev/null ;;
	child) if cat "$file" > /dev/null 2>&1; then echo y; else echo n; fi > "$1.answer" ;;
	esac
done
END_OF_WORKER
workers=()

worker() { # NAME PROGRAM...
	local name=$1
	shift
	mkfifo "$work/$name.ask" "$work/$name.answer"
	"$@" "$work/worker" "$work/$name" 2> /dev/null &
	workers+=($!)
}

ask() { # NAME self|child PATH
	timeout 60 sh -c "echo '$2 $3' > $work/$1.ask && cat $work/$1.answer"
}

can() { # COMMAND...
	if "$@" > /dev/null 2>&1; then echo y; else echo n; fi
}

# What a program does that the kernel starts by itself, as process 1 starts programs: it is nobody's before.
helper() { # PROGRAM
	rm -f "$work/helped"
	echo "|$1 $work/helper" > /proc/sys/kernel/core_pattern
	# shellcheck disable=SC2016 # the inner shell's
	sh -c 'ulimit -c unlimited; kill -SEGV $$' > /dev/null 2>&1
	eventually test -s "$work/helped"
	cat "$work/helped"
	echo "$pattern" > /proc/sys/kernel/core_pattern
}
printf 'if read -r line < %s; then echo y; else echo n; fi > %s 2> /dev/null\n' "$secret" "$work/helped" > "$work/helper"

node="kubernetes.io/hostname: $(hostname)"
policy secret "$node" file "$secret" > "$work/secret.yaml"
policy blocked "$node" process "$work/blocked" > "$work/blocked.yaml"
policy elsewhere "kubernetes.io/hostname: elsewhere" file "$other" > "$work/elsewhere.yaml"
policy labelled "role: edge" file "$other" > "$work/labelled.yaml"
policy way "$node" process "$work/way" > "$work/way.yaml"
sed 's/KubeArmorHostPolicy/KubeArmorPolicy/; s/name: secret/name: web, namespace: shop/; s/nodeSelector: .*/selector: {matchLabels: {app: web}}/; s/path: .*secret/path: \/etc\/shadow/' \
	"$work/secret.yaml" > "$work/policies.d/web.yaml"

configure
start
check $? "karmord starts" "$(cat "$work/log")"
worker plain sh
worker way "$work/way"
worker run "$karmor" run -p "$work/policies.d/web.yaml" -- sh
is "$(ask plain self "$secret")" y "control: anybody reads it before"
# Forks all the time, and each child that finds it readable once it is to be denied says so.
for ((n = 0; n < 2; n++)); do
	# shellcheck disable=SC2016 # the inner shell's
	sh -c 'while :; do ([ -e "$0/applied" ] && read -r line < "$0/secret" && echo leak >> "$0/leaks"; echo >> "$0/forks"); done' "$work" 2> /dev/null &
	workers+=($!)
done
eventually there "$work/forks"
out=$("$karmor" apply -f "$work/secret.yaml" -f "$work/blocked.yaml" 2>&1)
is "$(tr '\n' ' ' <<< "$out")" "kubearmorhostpolicy/secret created kubearmorhostpolicy/blocked created " "karmor apply takes host policies"
touch "$work/applied"
is "$(ask plain self "$secret")" n "what ran before is under them"
is "$(ask plain child "$secret")" n "and so is what it starts"
is "$(ask plain child "$other")" y "control: it reads what they do not name"
is "$(can cat "$secret")" n "so is any other process"
is "$(can "$work/blocked")" n "a program that they block is not executed"
is "$(ask way self "$secret")" y "who is on a way back is not"
is "$(ask way child "$secret")" y "nor what it starts"
is "$(can "$work/way" -c "read -r line < '$secret'")" n "nobody comes to be by executing such a program"
is "$(helper "$work/way")" y "but who was nobody's before"
is "$(helper /bin/sh)" n "control: who executes another one does not"
is "$(ask run self "$secret")" y "who is under karmor run is in a workload"
is "$(ask run child /etc/shadow)" n "control: under its policies"
is "$(can "$karmor" run -p "$work/policies.d/web.yaml" -- cat "$secret")" y "a process of the node becomes a workload's by karmor run"
is "$(can "$karmor" run -p "$work/policies.d/web.yaml" -- cat /etc/shadow)" n "control: it does"
# shellcheck disable=SC2016 # the inner shell's
is "$(can sh -c 'echo 0 > "$0/cgroup.procs" && exec cat "$1"' "$unit" "$secret")" y "and by executing in a workload's cgroup"
# shellcheck disable=SC2016 # the inner shell's
is "$(can sh -c 'echo 0 > "$0/cgroup.procs" && exec cat /etc/shadow' "$unit")" n "control: it is under that workload's policies"
event=$("$karmor" logs --policy secret --limit 1 --since 1h --json)
has "$event" '"Type":"MatchedHostPolicy"' "an event is one of a host policy"
has "$event" '"Action":"Block"' "and says what was done" "$event"
has "$("$karmor" get workloads)" "host" "karmor get workloads shows the node"

is "$(can bpftool prog show)" y "a process of the node uses bpf(2), as a container runtime does"
mkdir "$work/mounted"
is "$(can mount --bind "$work/policies.d" "$work/mounted")" y "and mounts, as that does"
is "$(can umount "$work/mounted")" y "and unmounts"
is "$(can unshare --user --map-root-user --mount mount --bind "$work" "$work/mounted")" n "in a user namespace of its own it gives nothing another name"

end KILL
is "$(ask plain self "$secret")$(ask plain child "$secret")$(can cat "$secret")" nnn "while karmord is dead they are in force"
is "$(ask way child "$secret")$(helper "$work/way")" yy "and the way back is open"
start
check $? "karmord comes back" "$(tail -n 5 "$work/log")"
is "$(ask plain self "$secret")$(can cat "$secret")$(ask way child "$secret")" nny "and has taken them over"
has "$("$karmor" get workloads -o json)" '"adopted": true' "with the node as a workload"

"$karmor" apply -f "$work/elsewhere.yaml" -f "$work/labelled.yaml" > /dev/null
is "$(ask plain self "$other")" y "a policy of another node says nothing"
configure "nodeLabels: role=edge"
kill -HUP "$daemon"
denied() {
	[ "$(ask plain self "$other")" = n ]
}
eventually denied
check $? "labels of the node are what karmord.yaml says" "$(tail -n 5 "$work/log")"
# shellcheck disable=SC2016 # the inner shell's
worker late sh -c 'echo 0 > "$0/cgroup.procs" && exec sh "$@"' "$late"
is "$(ask late self "$secret")$(ask late self /etc/shadow)" ny "control: what runs where a unit will be is the node's"
configure "  - {name: late, cgroup: /karmor-host/late, namespace: shop, labels: app=web}" "nodeLabels: role=edge"
kill -HUP "$daemon"
is_late() {
	[ "$(ask late self /etc/shadow)" = n ]
}
eventually is_late
check $? "a unit that comes later takes what runs there from the node" "$(tail -n 5 "$work/log")"
is "$(ask late self "$secret")$(ask late child "$secret")$(ask late child /etc/shadow)" yyn "which is under its policies alone, with what it starts"
echo end > "$work/late.ask"
out=$("$karmor" apply -f "$work/way.yaml" 2>&1)
is $? 2 "what would deny the way back is not taken"
has "$out" "process.matchPaths[0] of host policy \"way\" denies executing $work/way" "the message says which rule, and what"
has "$out" "karmor apply --force" "and what to do"
lacks "$("$karmor" get policies)" "way " "nothing has changed"
"$karmor" apply --force -f "$work/way.yaml" > "$work/out" 2>&1
is $? 0 "with --force it is" "$(cat "$work/out")"
is "$(ask way child "$secret")$(helper "$work/way")" yy "and the way back is exempt all the same"
is "$(can "$work/way" -c :)" n "control: from nobody else"

rm "$work/applied"
for name in secret blocked elsewhere labelled way; do
	"$karmor" delete hsp "$name" > /dev/null
done
is "$(ask plain self "$secret")$(ask plain self "$other")$(can cat "$secret")$(can "$work/blocked")$(ask way self "$secret")" yyyyy "with the last policy all are given back"
lacks "$("$karmor" get workloads)" "host" "the node is no workload any more"
"$karmor" apply -f "$work/secret.yaml" > /dev/null
touch "$work/applied"
is "$(ask plain self "$secret")$(can cat "$secret")$(ask way self "$secret")" nny "a policy that comes again finds them all"
is "$(ask run self "$secret")" y "and none of a workload"
forks=$(wc -l < "$work/forks")
[ ! -e "$work/leaks" ] && [ "$forks" -gt 10 ]
check $? "of those that were forked meanwhile none was missed" "$forks forks, leaks: $(cat "$work/leaks" 2>&1)"
end TERM
"$karmord" --remove --config "$work/karmord.yaml" 2>> "$work/log"
is $? 0 "karmord --remove takes everything out" "$(tail -n 5 "$work/log")"
is "$(ask plain self "$secret")$(ask way self "$secret")" yy "and all are given back"
echo end > "$work/run.ask"
kill -9 "${workers[0]}" "${workers[1]}" "${workers[3]}" "${workers[4]}" 2> /dev/null
wait "${workers[@]}" 2> /dev/null
"$karmord" --remove --config "$work/karmord.yaml" 2>> "$work/log"
eventually unloaded
check $? "and nothing is left" "$(find /sys/fs/bpf/karmor 2>&1)"
eventually rmdir "$unit" "$late"
plan
