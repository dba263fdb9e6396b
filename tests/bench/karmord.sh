#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# karmord's budget with 100 workloads and 100 policies: memory, wake-ups, a change of policies, a flood of alerts. Prints figures and
# TAP. In a guest of tests/vm/run --icount, whose clock counts instructions: a second of a processor is taken for 3,000 million.
set -u
. "$(dirname "$0")/../live/tap.sh"

attack=$build/tests/live/attack
workloads=100
changes=5
kinds=100
alerts=100000
work=$(mktemp -d)
mkdir "$work/policies.d" "$work/bundle" "$work/secrets"
mkfifo "$work/ask" "$work/answer"
echo '{}' > "$work/bundle/config.json"
printf 'policies: %s/policies.d\nstate: %s/state\ngroup: root\neventFile: %s/events.json\neventFileSize: 1000000000\n' "$work" "$work" "$work" \
	> "$work/karmord.yaml"
trap 'kill -9 "${daemon:-}" 2> /dev/null; xargs kill -9 < "$work/pids" 2> /dev/null; rm -rf "$work"' EXIT

policy() { # NAME APP PATH
	printf 'apiVersion: security.kubearmor.com/v1\nkind: KubeArmorPolicy\nmetadata: {name: %s}\nspec:\n  selector: {matchLabels: {app: %s}}\n  file: {matchPaths: [{path: %s}]}\n' \
		"$1" "$2" "$3"
}

# A container's first task, and the hook, which a container engine waits for: $hooked is what it took, in thousand instructions.
slowest_hook=0
begin() { # NAME PROGRAM...
	local name=$1 pid begun
	shift
	mkfifo "$work/$name"
	# shellcheck disable=SC2016 # the inner shell's
	sh -c 'read -r line < "$0" && exec "$@"' "$work/$name" "$@" &
	pid=$!
	disown
	echo "$pid" >> "$work/pids"
	begun=$(now)
	"$karmor" oci-hook createRuntime --config "$work/karmord.yaml" > "$work/hook" 2>&1 <<- END
		{"ociVersion": "1.0.2", "id": "$name", "status": "created", "pid": $pid, "bundle": "$work/bundle", "annotations": {"app": "$name"}}
	END
	local status=$?
	hooked=$(($(now) - begun))
	[ $hooked -le $slowest_hook ] || slowest_hook=$hooked
	echo > "$work/$name"
	return $status
}

# What a number of /proc/PID/status is.
of_daemon() { # NAME
	awk -v name="$1:" '$1 == name { print $2 }' "/proc/$daemon/status"
}

wakeups() {
	echo $(($(of_daemon voluntary_ctxt_switches) + $(of_daemon nonvoluntary_ctxt_switches)))
}

processor() { # nanoseconds of the daemon
	cut -d' ' -f1 "/proc/$daemon/schedstat"
}

now() { # microseconds
	echo "${EPOCHREALTIME/./}"
}

ask() { # PATH: y or n
	echo "$1" > "$work/ask"
	cat "$work/answer"
}

at_most() { # FIGURE LIMIT NAME
	[ "$1" -le "$2" ]
	check $? "$3: $1, at most $2"
}

write_policy() { # NUMBER
	policy "p$1" "w$1" "$work/secrets/w$1" > "$work/policies.d/p$1.yaml"
}

policies_are() { # NUMBER
	[ "$("$karmor" get policies -o json | grep -c '"name"')" -eq "$1" ]
}

write_policy 0
for ((i = 0; i < kinds; i++)); do
	echo secret > "$work/secrets/f$i"
done
"$build/daemon/karmord" --config "$work/karmord.yaml" 2> "$work/log" &
daemon=$!
disown
eventually "$karmor" get policies > /dev/null 2>&1
# w0 answers what it is asked, w1 makes the flood.
cat > "$work/answers" << 'END'
while read -r file < "$1/ask"; do
	if read -r line < "$file"; then echo y; else echo n; fi > "$1/answer"
done
END
cat > "$work/opens" << 'END'
read -r line < "$1/flood"
i=0
while [ "$i" -lt "$2" ]; do
	"$3" opens "$1/secrets/f$i" "$4"
	i=$((i + 1))
done > "$1/opened"
echo done > "$1/flooded"
END
mkfifo "$work/flood"
echo guarded > "$work/secrets/w0"
begin w0 sh "$work/answers" "$work" 2> /dev/null
at_most $hooked 300000 "thousand instructions of the hook, the first workload and one policy"
for ((i = 1; i < workloads; i++)); do
	write_policy $i
done
eventually policies_are $workloads
slowest_hook=0
begin w1 sh "$work/opens" "$work" $kinds "$attack" $((alerts / kinds))
for ((i = 2; i < workloads; i++)); do
	begin "w$i" sleep 100000 || break
done
is "$("$karmor" get workloads -o json | grep -c '"name"')" "$workloads" "there are $workloads workloads" "$(tail -n 3 "$work/log")"
policies_are $workloads
check $? "and as many policies"
echo "# thousand instructions of the hook: $hooked for the last workload"
at_most $slowest_hook 300000 "thousand instructions of the hook, the slowest of the others under $workloads policies"
echo "# resident at most $(of_daemon VmHWM) KiB, of it $(of_daemon RssAnon) KiB its own now"
at_most "$(of_daemon VmRSS)" 12288 "KiB resident"
before=$(wakeups)
sleep 60
at_most $(($(wakeups) - before)) 0 "wake-ups in a minute in which nothing happens"

slowest=0
for ((i = 0; i < changes; i++)); do
	[ "$(ask "$work/secrets/f$i")" = y ] || echo "# f$i was denied before"
	policy "changed" w0 "$work/secrets/f$i" > "$work/new.yaml"
	begun=$(now)
	"$karmor" apply -f "$work/new.yaml" > "$work/applied"
	took=$(($(now) - begun))
	[ "$(ask "$work/secrets/f$i")" = n ] || break
	[ $took -le $slowest ] || slowest=$took
done
is $i $changes "each of $changes policies is enforced once it is applied" "$(cat "$work/applied")"
at_most $slowest 150000 "thousand instructions from \"karmor apply\" to its answer, the slowest"
echo "# of it in karmord: $("$karmor" status -o prometheus | awk '/^karmor_apply_seconds / { print $2 * 1000000 }') thousand"
policy all all /none | sed 's/selector: .*/selector: {matchExpressions: [{key: app, operator: Exists}]}/' > "$work/new.yaml"
begun=$(now)
"$karmor" apply -f "$work/new.yaml" > "$work/applied" 2>&1
echo "# thousand instructions of a change for all $workloads workloads: $(($(now) - begun)) ($(cat "$work/applied"))"

# A kind is a rule's: each file has one of its own.
paths=$(for ((i = 0; i < kinds; i++)); do printf '{path: %s}, ' "$work/secrets/f$i"; done)
policy flood w1 "" | sed "s|\[{path: }\]|[${paths%, }]|" > "$work/new.yaml"
"$karmor" apply -f "$work/new.yaml" > "$work/applied" 2>&1
: > "$work/events.json"
spent=$(processor)
begun=$(now)
echo > "$work/flood"
eventually there "$work/flooded"
took=$(($(now) - begun))
is "$(sort -u "$work/opened")" "0 of $((alerts / kinds)) past" "$alerts accesses are denied" "$(cat "$work/applied")"
# What was folded says the rule, and not the file.
counted() {
	grep -hF '"PolicyName":"flood"' "$work/events.json" | grep -o '"Count":[0-9]*' | awk -F: '{ n += $2 } END { print n + 0 }'
}
all_counted() {
	[ "$(counted)" -eq $alerts ]
}
eventually all_counted
is "$(counted)" $alerts "and every one is in an event's count"
spent=$(($(processor) - spent))
is "$(grep -o "\"Resource\":\"$work/secrets/f[0-9]*" "$work/events.json" | sort -u | wc -l)" $kinds "the first of each of $kinds kinds is told"
is "$(grep -c '"Lost":[1-9]' "$work/events.json")" 0 "nothing is lost"
echo "# $(wc -l < "$work/events.json") events told of $alerts; $((took * 1000 / alerts)) instructions an alert in all, $((spent / alerts)) of them karmord's"
echo "# resident after them $(of_daemon VmRSS) KiB"
at_most $((took / 1000)) 3000 "million instructions for $alerts alerts, workload and all"
at_most $((spent / 1000000)) 3000 "million instructions of karmord's for them"
plan
