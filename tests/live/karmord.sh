#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# karmord as its users see it: a workload that came by the OCI hook, policies that come and go by file and by socket,
# a daemon that is killed and comes back.
set -u
. "$(dirname "$0")/tap.sh"
. "$(dirname "$0")/daemon.sh"

work=$(mktemp -d)
policies=$work/policies.d
mkdir "$policies" "$work/bundle" "$work/told"
mkfifo "$work/ask" "$work/answer" "$work/go"
trap 'touch "$work/stop"; kill -9 "${daemon:-}" "${follower:-}" "${worker:-}" 2> /dev/null; rm -rf "$work"' EXIT

cat > "$work/karmord.yaml" << END
policies: $policies
state: $work/state
group: karmor
eventFile: $work/told/events.json
eventFileSize: 1M
END

policy() { # name, path, action: a policy for app=web
	printf 'apiVersion: security.kubearmor.com/v1\nkind: KubeArmorPolicy\nmetadata: {name: %s, namespace: shop}\nspec:\n  selector: {matchLabels: {app: web}}\n  action: %s\n  file: {matchPaths: [{path: %s}]}\n' \
		"$1" "$3" "$2"
}

# The workload: opens what it is asked to, and says y or n.
cat > "$work/worker" << 'END'
while read -r file < "$1/ask"; do
	case $file in
	storm) (while [ ! -e "$1/stop" ]; do cat /etc/shadow > /dev/null 2>&1 && echo leak >> "$1/leaks"; echo try >> "$1/tries"; done) & echo s ;;
	change) "$2" delete ksp "$3" -n shop > "$1/refusal" 2>&1 && echo y || echo n ;;
	look) "$2" get policies > /dev/null 2>&1 && echo y || echo n ;;
	end) exit ;;
	*) if cat "$file" > /dev/null 2>&1; then echo y; else echo n; fi ;;
	esac > "$1/answer"
done
END

ask() {
	timeout 20 sh -c "echo '$1' > $work/ask && cat $work/answer"
}

answers() { # path, answer
	[ "$(ask "$1")" = "$2" ]
}

groupadd --system karmor 2> /dev/null
start
check $? "karmord starts, without a policy and without a workload" "$(cat "$work/log")"
is "$(stat -c '%a %U %G' /run/karmor/karmord.sock)" "660 root karmor" "its socket is root's and the group's"
drops "$daemon"
check $? "it has given up what it does not need" "$(grep -e ^Cap -e ^No "/proc/$daemon/status")"

sh -c "touch '$work/created'; read -r line < '$work/go'; exec sh '$work/worker' '$work' '$karmor' group" &
worker=$!
eventually there "$work/created"
echo '{"annotations": {"io.kubernetes.pod.namespace": "shop", "io.kubernetes.pod.name": "web-0", "io.kubernetes.container.name": "nginx"}}' > "$work/bundle/config.json"
state="{\"ociVersion\": \"1.0.2\", \"id\": \"c0ffee\", \"status\": \"created\", \"pid\": $worker, \"bundle\": \"$work/bundle\", \"annotations\": {\"app\": \"web\"}}"
"$karmor" oci-hook createRuntime --config "$work/karmord.yaml" <<< "$state" > "$work/hook" 2>&1
is $? 0 "the OCI hook attaches a container's first task" "$(cat "$work/hook" "$work/log")"
has "$("$karmor" get workloads -o json)" '"waiting": true' "which waits for it to become the container's program"
echo > "$work/go"
has "$(ask /etc/shadow)" y "and it does"
has "$("$karmor" get workloads -o wide)" "shop        c0ffee   nginx       0          0       1       web-0" "karmor get workloads shows it"
is "$(ask /etc/shadow)" y "control: it reads a file that no policy names"

"$karmor" logs --json -l app=web -n shop --limit 1 > "$work/events" 2>&1 &
follower=$!
sleep 0.5
policy shadow /etc/shadow Block > "$policies/shadow.yaml"
begun=${EPOCHREALTIME/./}
eventually answers /etc/shadow n
check $? "a policy file that appears is in force" "$(cat "$work/log")"
echo "# within $(((${EPOCHREALTIME/./} - begun) / 1000)) ms of emulation"
wait "$follower"
is $? 0 "karmor logs ends with its --limit"
follower=
event=$(cat "$work/events")
for part in '"PolicyName":"shadow"' '"Type":"MatchedPolicy"' '"Action":"Block"' '"Resource":"/etc/shadow"' \
	'"Result":"Permission denied"' '"PodName":"web-0"' '"ContainerID":"c0ffee"' '"ContainerName":"nginx"' '"NamespaceName":"shop"'; do
	has "$event" "$part" "its event bears $part"
done
is "$(grep -c '"Resource":"/etc/shadow"' "$work/told/events.json")$(stat -c ' %a' "$work/told/events.json")" "1 640" "the file of events has it, and is not for everybody" "$(cat "$work/told/events.json")"
has "$("$karmor" status -o prometheus)" 'karmor_events_total{action="Block",operation="File"} 1' "and the metrics count it"
has "$("$karmor" log --since 1h --limit 1 --resource '/etc/sha*' --operation file --pod web-0 -c nginx --logFilter all)" "PolicyName: shadow" "karmor log tells it again, as text, by a pattern and other filters"

printf 'apiVersion: security.kubearmor.com/v1\nkind: KubeArmorPolicy\nmetadata: {name: shadow, namespace: shop}\nspec: {selector: {}, file: {matchPath: []}}\n' > "$policies/shadow.yaml"
eventually grep -q "shadow.yaml:4:" "$work/log"
check $? "a broken file is told of with its line" "$(cat "$work/log")"
is "$(ask /etc/shadow)" n "and what it was before is in force"
out=$("$karmor" status 2>&1)
is $? 1 "karmor status has a finding"
has "$out" "matchPath" "and tells it"

is "$(ask storm)" s "the workload goes on trying"
end KILL
is "$(ask /etc/shadow)" n "the daemon killed, what it enforced is enforced"
start
check $? "it comes back, with the file still broken" "$(tail -n 5 "$work/log")"
is "$(ask /etc/shadow)" n "and what was accepted last is in force"
has "$("$karmor" get workloads -o json)" '"adopted": true' "the workload was taken over"
has "$("$karmor" logs --json --limit 1)" '"ContainerName":"nginx"' "and its events come"
policy shadow /etc/shadow Block > "$work/new" && mv "$work/new" "$policies/shadow.yaml"
eventually "$karmor" status > /dev/null
check $? "a file that is renamed into place mends it"
for i in 1 2 3; do
	end KILL
	policy "round-$i" "/none/$i" Block > "$policies/round.yaml"
	start
done
check $? "killed and started three times, with another policy each time"
rm "$policies/round.yaml"
touch "$work/stop"
[ -s "$work/tries" ] && [ ! -e "$work/leaks" ]
check $? "all the while nothing was read" "$(wc -l "$work/tries" "$work/leaks" 2>&1)"
echo "# $(wc -l < "$work/tries") tries"

is "$(cat "$work"/told/events.json* | grep -vc '^{.*}$')" 0 "whoever was killed, each line of the file of events is whole"

rm "$policies/shadow.yaml"
eventually answers /etc/shadow y
check $? "the file removed, its policy is gone"

policy group /etc/group Block | "$karmor" apply -f - > "$work/out" 2>&1
is $? 0 "karmor apply puts a policy in force"
is "$(cat "$work/out")" "kubearmorpolicy/group created" "and says so as kubectl does"
is "$(ask /etc/group)" n "which it is by then"
end KILL
start
is "$(ask /etc/group)" n "it survives the daemon"
has "$("$karmor" get policies -o wide)" "socket" "karmor get policies says where it is from"
reader=(setpriv --reuid=nobody --regid=karmor --clear-groups "$karmor")
"${reader[@]}" get policies > /dev/null 2>&1
is $? 0 "who is in the group may read"
out=$("${reader[@]}" delete ksp group -n shop 2>&1)
is $? 2 "but not change"
has "$out" "be root" "and is told"
setpriv --reuid=nobody --regid=nogroup --clear-groups "$karmor" status > /dev/null 2>&1
is $? 2 "who is not may not read"
is "$(ask change)" n "a task of the workload, root or not, may not"
has "$(cat "$work/refusal")" "a task of a workload may not change what is enforced" "and is told why"
is "$(ask look)" y "though it may read"
"$karmor" delete KubeArmorPolicy group -n shop > /dev/null
is "$?$(ask /etc/group)" 0y "karmor delete takes it out of force"

policy passwd /etc/passwd Block | "$karmor" apply -f - > /dev/null
is "$(ask /etc/passwd)" n "control: another policy is in force"
end TERM
is $? 0 "SIGTERM ends the daemon"
is "$(ask /etc/passwd)" n "and what it enforced stays"
"$karmord" --config "$work/karmord.yaml" --remove 2>> "$work/log"
is "$?$(ask /etc/passwd)" 0y "karmord --remove takes it out" "$(tail -n 3 "$work/log")"
start
ask end > /dev/null
wait "$worker"
worker=
"$karmor" oci-hook poststop --config "$work/karmord.yaml" <<< "$state"
is $? 0 "poststop of a container that is gone is well"

# What its first task started goes on, and is waited for without looking.
# shellcheck disable=SC2016 # the inner shell's
sh -c 'touch "$0/lingers"; read -r line < "$0/go"; exec sh -c "sleep 100000 & echo \$! > $0/left; sleep 100000 & echo \$! >> $0/left; exit"' "$work" &
worker=$!
eventually there "$work/lingers"
"$karmor" oci-hook createRuntime --config "$work/karmord.yaml" <<< "${state/$(sed -n 's/.*"pid": \([0-9]*\).*/\1/p' <<< "$state")/$worker}" > "$work/hook" 2>&1
is $? 0 "another first task is attached" "$(cat "$work/hook")"
echo > "$work/go"
wait "$worker"
mapfile -t left < "$work/left"
worker=${left[1]}
wakeups() {
	awk '/ctxt_switches/ { n += $2 } END { print n }' "/proc/$daemon/status"
}
sleeps() { # NAME
	sleep 3
	before=$(wakeups)
	sleep 7
	is $(($(wakeups) - before)) 0 "$1"
	has "$("$karmor" get workloads)" c0ffee "and knows it"
}
sleeps "karmord sleeps while what is left of it runs"
kill "${left[0]}"
sleeps "and while one of that does"
kill "$worker"
worker=
forgotten() {
	[[ $("$karmor" get workloads 2>&1) != *c0ffee* ]]
}
eventually forgotten
check $? "until that ends" "$("$karmor" get workloads)"
end TERM
eventually gone /sys/fs/bpf/karmor
check $? "nothing stays pinned after the last workload and the daemon" "$(ls -R /sys/fs/bpf/karmor 2>&1; tail -n 5 "$work/log")"
out=$("$karmor" oci-hook createRuntime --config "$work/karmord.yaml" <<< "$state" 2>&1)
is $? 2 "without karmord the hook refuses the container's start"
has "$out" "systemctl start karmord" "and says what to do"
echo "hookFailure: start" >> "$work/karmord.yaml"
"$karmor" oci-hook createRuntime --config "$work/karmord.yaml" <<< "$state" 2> /dev/null
is $? 0 "and lets it start where it is configured to"
plan
