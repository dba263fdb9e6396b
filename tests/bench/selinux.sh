#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# usage: tests/bench/selinux.sh [WORKLOADS]
# Workloads (100) that start under karmord by SELinux: how many policies are loaded for them, for a change of the rules of
# all, and when karmord comes again; and what a start costs for which none is loaded. Prints figures and TAP. Root, in a
# guest whose kernel has SELinux; with tests/vm/run --icount its clock counts instructions, and a second of a processor is
# taken for 3,000 million.
set -u
. "$(dirname "$0")/../live/tap.sh"

live=$(dirname "$0")/../live
workloads=${1:-100}
limit=300000 # microseconds of a start: of 1,000 instructions each, a tenth of that second
work=$(mktemp -d)
trap 'setenforce 0; kill -9 "${daemon:-}" "${workers[@]}" 2> /dev/null; rm -rf "$work"' EXIT
workers=()
mkdir -p /srv/k "$work/policies.d"
echo secret > /srv/k/first
echo secret > /srv/k/second
printf 'backends: [selinux]\npolicies: %s/policies.d\nstate: %s/state\n' "$work" "$work" > "$work/karmord.yaml"

policy() { # PATH
	printf 'apiVersion: security.kubearmor.com/v1\nkind: KubeArmorPolicy\nmetadata: {name: p, namespace: shop}\nspec:\n  selector: {matchLabels: {app: web}}\n  action: Block\n  file: {matchPaths: [{path: %s}]}\n' "$1"
}

# How many policies the kernel was given.
loads() {
	od -An -t u4 -j 12 -N 4 /sys/fs/selinux/status | tr -d ' '
}

# It does, or never will.
answers() {
	"$karmor" get policies > /dev/null 2>&1 || ! kill -0 "$daemon" 2> /dev/null
}

start() {
	"$build/daemon/karmord" --config "$work/karmord.yaml" 2>> "$work/log" &
	daemon=$!
	at_length answers
	"$karmor" get policies > /dev/null 2>&1 || sed 's/^/# /' "$work/log"
}

loaded() {
	[ "$(loads)" -gt "$before" ]
}

runs() { # NAME
	[ -s "$work/runs-$1" ] || ! kill -0 "${workers[-1]}" 2> /dev/null
}

begin() { # NAME: until it runs
	# shellcheck disable=SC2016 # the inner shell's
	python3 "$live/selinux-start.py" "$1" web "$shell" label -c 'echo $(($(date +%s%N) - BEGUN)) > "$0"; exec sleep 100000' "$work/runs-$1" \
		> "$work/label-$1" 2>&1 &
	workers+=($!)
	disown
	at_length runs "$1"
	[ -s "$work/runs-$1" ] || sed 's/^/# /' "$work/label-$1"
}

took() { # NAME: microseconds, from asking for its label on until its program runs
	echo $(($(cat "$work/runs-$1") / 1000))
}

shell=$(realpath /bin/sh)
policy /srv/k/first > "$work/policies.d/p.yaml"
setenforce 1
start
before=$(loads)
dearest=0
cheap=0
for ((i = 0; i < workloads; i++)); do
	then=$(loads)
	begin "w$i"
	[ "$(loads)" -eq "$then" ] || continue
	cheap=$((cheap + 1))
	[ "$(took "w$i")" -le "$dearest" ] || dearest=$(took "w$i")
done
is "$("$karmor" get workloads -o json | grep -c '"name"')" "$workloads" "there are $workloads workloads" "$(tail -n 3 "$work/log")"
echo "# policies loaded for $workloads workloads of the same rules: $(($(loads) - before)); started without one: $cheap"
is "$(loads)" "$before" "for none of them a policy is loaded, but with their policies"
[ "$dearest" -le "$limit" ]
check $? "a start without one takes at most $limit us: $dearest"

before=$(loads)
policy /srv/k/second > "$work/new.yaml"
mv "$work/new.yaml" "$work/policies.d/p.yaml"
at_length loaded
check $? "the rules of all are changed" "$(cat "$work/log")"
"$karmor" get policies > /dev/null 2>&1 # it answers once that is done
is "$(($(loads) - before))" 1 "by one policy"
roles=$(cat /proc/[0-9]*/attr/current 2> /dev/null | tr "\0" "\n" | grep -c ":karmor_w")
[ "$roles" -ge "$workloads" ]
check $? "which all of them are under"
kill -KILL "$daemon"
wait "$daemon" 2> /dev/null
before=$(loads)
start
is "$("$karmor" get workloads -o json | grep -c '"adopted": *true')" "$workloads" "the next karmord takes all over"
is "$(loads)" "$before" "without a policy"
kill -9 "${workers[@]}" 2> /dev/null
workers=()
empty() {
	[ "$("$karmor" get workloads -o json | grep -c '"name"')" -eq 0 ]
}
at_length empty
check $? "they are forgotten when they have ended"
begin last
is "$(loads)" "$before" "one that starts after all the others needs none"
echo "# that took $(took last) us"
plan
