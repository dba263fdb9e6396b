#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# karmord killed at random instants (8 times; a thousand with KARMOR_LONG) while a policy churns and workloads start: nothing
# that is to fail succeeds, each new daemon takes over what there is, nothing is left over.
set -u
. "$(dirname "$0")/tap.sh"

kills=8
[ -z "${KARMOR_LONG:-}" ] || kills=1000
work=$(mktemp -d)
policies=$work/policies.d
mkdir "$policies" "$work/bundle"
echo '{}' > "$work/bundle/config.json"
trap 'touch "$work/stop"; kill -9 "${daemon:-}" "${churner:-}" "${starter:-}" 2> /dev/null; rm -rf "$work"' EXIT
printf 'policies: %s\nstate: %s/state\neventFile: %s/events.json\n' "$policies" "$work" "$work" > "$work/karmord.yaml"

policy() { # name, path
	printf 'apiVersion: security.kubearmor.com/v1\nkind: KubeArmorPolicy\nmetadata: {name: %s}\nspec:\n  selector: {matchLabels: {app: web}}\n  file: {matchPaths: [{path: %s}]}\n' \
		"$1" "$2"
}

start() {
	"$build/daemon/karmord" --config "$work/karmord.yaml" 2>> "$work/log" &
	daemon=$!
	disown
	eventually "$karmor" get policies > /dev/null 2>&1
}

# What a workload does for as long as it is to: what succeeds of it is a leak.
cat > "$work/try" << 'END'
while :; do
	cat /etc/shadow > /dev/null 2>&1 && echo leak >> "$1/leaks"
	echo try >> "$1/$2"
	[ "$2" = tries ] && [ ! -e "$1/stop" ] || exit 0
done
END

# A container's first task, and the hook: runs once karmord has it, and ends where it has not.
begin() { # id, file that counts
	local state pid
	mkfifo "$work/$1"
	sh -c "read -r line < '$work/$1' && exec sh '$work/try' '$work' '$2'" &
	pid=$!
	disown
	state="{\"ociVersion\": \"1.0.2\", \"id\": \"$1\", \"status\": \"created\", \"pid\": $pid, \"bundle\": \"$work/bundle\", \"annotations\": {\"app\": \"web\"}}"
	if "$karmor" oci-hook createRuntime --config "$work/karmord.yaml" <<< "$state" > "$work/hook" 2>&1; then
		# Killed with the daemon it reads no more.
		timeout 20 sh -c "echo > '$work/$1'"
	else
		kill -9 "$pid"
		false
	fi
}

# Whether the daemon has the one that goes on without having attached it; of each "adopted" stands before "name".
is_adopted() {
	"$karmor" get workloads -o json | awk '/"adopted":/ { is = /true/ } /"name": "lasting"/ { found = is } END { exit !found }'
}

policy shadow /etc/shadow > "$policies/shadow.yaml"
start
check $? "karmord starts" "$(cat "$work/log")"
cat /etc/shadow > /dev/null
check $? "control: who is in no workload reads the file"
begin lasting tries
check $? "a workload that goes on trying starts" "$(cat "$work/hook")"
eventually there "$work/tries"

(for ((i = 0; ; i++)); do
	policy churn "/none/$i" > "$work/new"
	mv "$work/new" "$policies/churn.yaml"
	sleep "0.$((RANDOM % 5))"
	[ $((i % 7)) -ne 0 ] || rm "$policies/churn.yaml"
done) &
churner=$!
disown
(for ((i = 0; ; i++)); do
	! begin "short-$i" shorts || echo one >> "$work/started"
	rm -f "$work/short-$i"
done) &
starter=$!
disown

adopted=0
for ((i = 0; i < kills; i++)); do
	sleep "$((RANDOM % 2)).$((RANDOM % 1000))"
	kill -9 "$daemon"
	start || break
	is_adopted && adopted=$((adopted + 1))
done
is "$adopted" "$kills" "each of $kills new daemons takes the workload over" "$(tail -n 5 "$work/log")"
# A pause, in which one starts whatever happened to those before.
kill -9 "$churner"
seen=$(wc -l < "$work/shorts" 2> /dev/null || echo 0)
more() {
	[ "$(wc -l < "$work/shorts" 2> /dev/null || echo 0)" -gt "$seen" ]
}
eventually more
check $? "workloads start after it all"
kill -9 "$starter"
echo "# $(wc -l < "$work/tries") tries, $(wc -l < "$work/shorts") other workloads tried, $(wc -l < "$work/events.json") events"
[ ! -e "$work/leaks" ]
check $? "nothing was read" "$(wc -l "$work/leaks" 2>&1)"
is "$(cat "$work"/events.json* | grep -vc '^{.*}$')" 0 "each line of the file of events is whole"

touch "$work/stop"
# Whoever started one may have been killed before it told it to go on.
for waiting in "$work"/short-*; do
	[ ! -p "$waiting" ] || timeout 5 sh -c "echo > '$waiting'"
done
empty() {
	[ "$("$karmor" get workloads -o json | grep -c '"name"')" -eq 0 ]
}
eventually empty
check $? "every workload is gone" "$("$karmor" get workloads)"
kill "$daemon"
eventually gone /sys/fs/bpf/karmor
check $? "and nothing stays pinned" "$(ls -R /sys/fs/bpf/karmor 2>&1; tail -n 5 "$work/log")"
plan
