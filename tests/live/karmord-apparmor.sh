#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# karmord where AppArmor is what there is: it starts, says so, checks policies for it, and refuses workloads with the reason.
set -u
. "$(dirname "$0")/tap.sh"

work=$(mktemp -d)
mkdir "$work/policies.d" "$work/bundle"
trap 'kill -9 "${daemon:-}" "${worker:-}" 2> /dev/null; rm -rf "$work"' EXIT

printf 'policies: %s\nstate: %s/state\n' "$work/policies.d" "$work" > "$work/karmord.yaml"
# Where bpf is not in lsm= the usual order comes to AppArmor.
! grep -qw bpf /sys/kernel/security/lsm || echo 'backends: [apparmor]' >> "$work/karmord.yaml"
"$build/daemon/karmord" --config "$work/karmord.yaml" 2> "$work/log" &
daemon=$!
eventually "$karmor" get policies > /dev/null 2>&1
check $? "karmord starts" "$(cat "$work/log")"
has "$(cat "$work/log")" "AppArmor confines only tasks that enter by themselves" "and says what it cannot do"
out=$("$karmor" status)
is $? 1 "karmor status has a finding"
has "$out" "AppArmor (enforces nothing)" "which is that nothing is enforced"

"$karmor" apply -f "$(dirname "$0")/../../examples/policies/protect-shadow.yaml" > "$work/out" 2>&1
is $? 0 "a policy that AppArmor keeps is taken" "$(cat "$work/out")"
printf 'apiVersion: security.kubearmor.com/v1\nkind: KubeArmorPolicy\nmetadata: {name: calls}\nspec:\n  selector: {matchLabels: {app: web}}\n  action: Audit\n  syscalls: {matchSyscalls: [{syscall: [unlink]}]}\n' > "$work/calls.yaml"
out=$("$karmor" apply -f "$work/calls.yaml" 2>&1)
has "$out" 'backend "apparmor" cannot keep syscalls.matchSyscalls[0]' "what AppArmor cannot keep is told, rule by rule"

sleep 1000 &
worker=$!
disown
state="{\"ociVersion\": \"1.0.2\", \"id\": \"c0ffee\", \"status\": \"created\", \"pid\": $worker, \"bundle\": \"$work/bundle\", \"annotations\": {\"app\": \"web\"}}"
echo '{}' > "$work/bundle/config.json"
out=$("$karmor" oci-hook createRuntime --config "$work/karmord.yaml" <<< "$state" 2>&1)
is $? 2 "a container does not start" "$out"
has "$out" 'workload "c0ffee" cannot be put under AppArmor, which a task can enter only by itself' "and the reason is told"
has "$out" "fix: boot with bpf in lsm=" "with what to do"
lacks "$("$karmor" get workloads)" c0ffee "nothing of it is kept"
kill -0 "$worker"
check $? "its task was not touched"
has "$("$karmor" status -o prometheus)" "karmor_hook_errors_total 1" "and it is counted"
kill "$daemon"
wait "$daemon"
is $? 0 "karmord ends"
plan
