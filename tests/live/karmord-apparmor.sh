#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# karmord where AppArmor is what there is: containers that were prepared are under policies, others do not start.
set -u
. "$(dirname "$0")/tap.sh"

work=$(mktemp -d)
trap 'kill -9 "${daemon:-}" "${worker:-}" 2> /dev/null; rm -rf "$work"' EXIT

mkdir "$work/policies.d"
. "$(dirname "$0")/bundle.sh"
printf 'policies: %s\nstate: %s/state\n' "$work/policies.d" "$work" > "$work/karmord.yaml"
# Where bpf is not in lsm= the usual order comes to AppArmor.
! grep -qw bpf /sys/kernel/security/lsm || echo 'backends: [apparmor]' >> "$work/karmord.yaml"

prepare() { # id
	(cd "$bundle" && "$karmor" oci-hook precreate --config "$work/karmord.yaml" --id "$1" < config.json) > "$work/prepared" &&
		cp "$work/prepared" "$bundle/config.json"
}

profiles() { # how many are loaded for workloads that last
	grep -c '^karmor-lasting-' /sys/kernel/security/apparmor/profiles
}

karmord_start
check $? "karmord starts" "$(cat "$work/log")"
has "$(cat "$work/log")" "containers must be prepared by karmor oci-hook precreate" "and says what it needs"
out=$("$karmor" status)
is $? 0 "karmor status finds nothing wrong"
lacks "$out" "enforces nothing" "AppArmor enforces"
printf 'apiVersion: security.kubearmor.com/v1\nkind: KubeArmorPolicy\nmetadata: {name: calls}\nspec:\n  selector: {matchLabels: {app: web}}\n  action: Audit\n  syscalls: {matchSyscalls: [{syscall: [unlink]}]}\n' > "$work/calls.yaml"
out=$("$karmor" apply -f "$work/calls.yaml" 2>&1)
has "$out" 'backend "apparmor" cannot keep syscalls.matchSyscalls[0]' "what AppArmor cannot keep is told, rule by rule"
printf 'apiVersion: security.kubearmor.com/v1\nkind: KubeArmorHostPolicy\nmetadata: {name: host}\nspec:\n  nodeSelector: {}\n  file: {matchPaths: [{path: /etc/shadow}]}\n' > "$work/host.yaml"
out=$("$karmor" apply -f "$work/host.yaml" 2>&1)
is $? 2 "a host policy is refused"
has "$out" 'backend "apparmor" cannot keep file.matchPaths[0]: host policies are kept by BPF-LSM alone' "and it is said who keeps them"

policy shadow 'file: {matchPaths: [{path: /etc/shadow}]}'
reads='cat /etc/passwd; cat /etc/shadow; echo over'
for runtime in crun runc; do
	bundle_make "$runtime" no "$reads"
	is "$(run "$runtime" "$runtime-0")" $'users\nhashes\nover' "control: a container of $runtime reads both files"
	bundle_make "$runtime" yes "$reads"
	out=$(run "$runtime" "$runtime-1")
	lacks "$out" users "one that was not prepared does not start"
	prepare "$runtime-1"
	check $? "it is prepared" "$(cat "$work/log")"
	has "$(cat "$bundle/config.json")" '"apparmorProfile":"karmor-lasting-' "its configuration names a profile"
	is "$("$karmor" get workloads -o json | grep -c '"name"')" 1 "and karmord knows it"
	out=$(run "$runtime" "$runtime-1")
	has "$out" users "now it starts"
	has "$out" "/etc/shadow: Permission denied" "and what its policy blocks is denied"
	has "$out" over "and it goes on"
	has "$(timeout 60 "$karmor" logs --json --since 1h --limit 1 -n shop --policy shadow --resource /etc/shadow -l app=web)" \
		'"Resource":"/etc/shadow"' "and the event is told"
	eventually empty
	check $? "and it is forgotten when it is over" "$("$karmor" get workloads)"
	is "$(profiles)" 0 "with its profiles"
	# The first program is of a source that a rule names: AppArmor decides nothing about its execve.
	policy from-shell 'file: {matchPaths: [{path: /etc/passwd, fromSource: [{path: /bin/sh}]}]}'
	bundle_make "$runtime" yes 'cat /etc/passwd; read x < /etc/passwd; echo "read: $?"'
	# Under no_new_privs the way back from a source's profile is barred, as the report says.
	sed -i 's/"noNewPrivileges": true/"noNewPrivileges": false/' "$bundle/config.json"
	prepare "$runtime-2"
	out=$(run "$runtime" "$runtime-2")
	has "$out" users "what a rule names no source of reads the file"
	has "$out" "read: 1" "and the first program, which it names, does not"
	eventually empty
	prepare "$runtime-3"
	sed -i 's/\(karmor-lasting-[0-9a-f]*\)\.1/\1/' "$bundle/config.json"
	lacks "$(run "$runtime" "$runtime-3")" users "under the profile of another program it does not start"
	has "$(cat "$work/log")" "workload \"$runtime-3\" became /bin/sh under AppArmor's label" "and that is told"
	eventually empty
	check $? "and forgotten" "$("$karmor" get workloads)"
	prepare "$runtime-4"
	sed -i 's/"apparmorProfile":"[^"]*"/"apparmorProfile":""/' "$bundle/config.json"
	lacks "$(run "$runtime" "$runtime-4")" users "without the profile it does not start"
	"$karmor" delete ksp from-shell -n shop > /dev/null
	eventually empty
done
# What may more than others does not start under no_new_privs, as the report says; karmord-nnp.sh has what may less.
policy from-cat 'file: {matchPaths: [{path: /etc/passwd}, {path: /etc/passwd, action: Allow, fromSource: [{path: /bin/cat}]}]}'
for value in true false; do
	bundle_make crun yes 'cat /etc/passwd; echo "over: $?"'
	sed -i "s/\"noNewPrivileges\": true/\"noNewPrivileges\": $value/" "$bundle/config.json"
	prepare "crun-nnp-$value"
	out=$(run crun "crun-nnp-$value")
	case $value in
	true) has "$out" $'Operation not permitted\nover: 126' "under no_new_privs none is started" ;;
	false) has "$out" $'users\nover: 0' "and without it one is" ;;
	esac
	eventually empty
done
"$karmor" delete ksp from-cat -n shop > /dev/null
# What enters a container that runs, and what a policy that changes makes of it.
mkfifo "$rootfs/tmp/never"
for runtime in crun runc; do
	bundle_make "$runtime" yes 'cat /tmp/never'
	prepare "$runtime-5"
	stay "$runtime" "$runtime-5"
	is "$(enters "$runtime" "$runtime-5" /bin/cat /etc/passwd)" users "in a container under policies $runtime exec starts a program"
	has "$(enters "$runtime" "$runtime-5" /bin/cat /etc/shadow)" "/etc/shadow: Permission denied" "which is under them as well"
	policy passwd 'file: {matchPaths: [{path: /etc/passwd}]}'
	has "$(enters "$runtime" "$runtime-5" /bin/cat /etc/passwd)" "Permission denied" "and under one that comes later"
	kill -9 "$daemon"
	wait "$daemon" 2> /dev/null
	has "$(enters "$runtime" "$runtime-5" /bin/cat /etc/passwd)" "Permission denied" "and when karmord was killed"
	karmord_start
	"$karmor" delete ksp passwd -n shop > /dev/null
	is "$(enters "$runtime" "$runtime-5" /bin/cat /etc/passwd)" users "the next karmord takes it over: a policy that is gone is not kept"
	has "$(enters "$runtime" "$runtime-5" /bin/cat /etc/shadow)" "Permission denied" "and the other is"
	leave "$runtime" "$runtime-5"
	eventually empty
	check $? "and it is forgotten when it was killed" "$("$karmor" get workloads)"
done
# Twenty-one kinds of sources are a stack, which the next karmord takes over, and keeps when there are no more so many.
policy kinds "file: {matchPaths: [$(for i in {1..20}; do echo "{path: /of$i, fromSource: [{path: /bin/source$i}]},"; done) {path: /etc/passwd, fromSource: [{path: /bin/cat}]}]}"
bundle_make crun yes 'cat /tmp/never'
sed -i 's/"noNewPrivileges": true/"noNewPrivileges": false/' "$bundle/config.json"
prepare crun-6
is "$(grep -o '//&karmor-lasting-' "$bundle/config.json" | wc -l)" 2 "a container under rules for many sources has a stack"
stay crun crun-6
has "$(enters crun crun-6 /bin/sh -c '/bin/cat /etc/passwd')" "Permission denied" "in which each source has its own"
# shellcheck disable=SC2016 # the container's shell expands it
is "$(enters crun crun-6 /bin/sh -c 'read -r x < /etc/passwd; echo "$x"')" users "and others theirs"
kill -9 "$daemon"
wait "$daemon" 2> /dev/null
karmord_start
has "$(enters crun crun-6 /bin/sh -c '/bin/cat /etc/passwd')" "Permission denied" "which the next karmord takes over"
"$karmor" delete ksp kinds -n shop > /dev/null
is "$(enters crun crun-6 /bin/sh -c '/bin/cat /etc/passwd')" users "and what starts after a change follows it"
has "$(enters crun crun-6 /bin/sh -c '/bin/cat /etc/shadow')" "Permission denied" "under the rules that are left"
leave crun crun-6
eventually empty
is "$(profiles)" 0 "and nothing is left of it"
policy shell 'process: {matchPaths: [{path: /bin/sh}]}'
prepare blocked
lacks "$(cat "$work/log")" "is not under its policies" "what enters later has the container's profile, not its cgroup"
lacks "$(run runc blocked)" users "a container whose program is blocked does not start"
has "$(cat "$work/log")" 'workload "blocked" may not start: shell blocks' "and that is told"
"$karmor" delete ksp shell -n shop > /dev/null
eventually empty
# What a service manager starts is a workload as well.
for how in "" "setpriv --no-new-privs"; do
	# shellcheck disable=SC2086 # several words, or none
	out=$(timeout 60 $how "$karmor" start --name unit -n shop -l app=web cat /etc/hostname /etc/shadow 2>&1)
	has "$out" "$(cat /etc/hostname)" "karmor start starts a program${how:+, under no_new_privs}"
	has "$out" "/etc/shadow: Permission denied" "which is under the policies of karmord"
	eventually empty
done
out=$(timeout 60 "$karmor" start --name other -n shop -l app=other cat /etc/shadow 2>&1)
is "$out" "$(cat /etc/shadow)" "and one that no policy selects is under none"
eventually empty
is "$(profiles)" 0 "no profile is left"
prepare waiting
kill -9 "$daemon"
wait "$daemon" 2> /dev/null
karmord_start
is "$("$karmor" get workloads -o json | grep -c '"prepared": *true')" 1 "one that is prepared is so under the next karmord"

sleep 1000 &
worker=$!
disown
state="{\"ociVersion\": \"1.0.2\", \"id\": \"c0ffee\", \"status\": \"created\", \"pid\": $worker, \"bundle\": \"$bundle\"}"
out=$("$karmor" oci-hook createRuntime --config "$work/karmord.yaml" <<< "$state" 2>&1)
is $? 2 "a hook's refusal is its status" "$out"
has "$out" 'workload "c0ffee" was not prepared, and AppArmor needs to be named in its configuration' "and the reason is told"
has "$out" "fix: have karmor oci-hook precreate change the bundle's config.json" "with what to do"
has "$("$karmor" status -o prometheus)" "karmor_hook_errors_total" "and it is counted"
out=$(printf '{"method":"io.karmor.Attach","parameters":{"name":"direct","pid":%d}}\0' "$worker" |
	python3 -c 'import socket, sys
s = socket.socket(socket.AF_UNIX)
s.connect("/run/karmor/karmord.sock")
s.sendall(sys.stdin.buffer.read())
print(s.recv(65536).decode())')
has "$out" 'which a task can enter only by itself' "a task that runs is not taken"
kill -0 "$worker"
check $? "and was not touched"

# What becomes its program without the label that it was to take, where such a one may start.
unlabelled() { # true or false: whether it must be enforced
	timeout 60 python3 - "$1" << 'END'
import json
import os
import socket
import sys

program = os.path.realpath("/bin/cat")

def call(method, **parameters):
    with socket.socket(socket.AF_UNIX) as s:
        s.connect("/run/karmor/karmord.sock")
        s.sendall(json.dumps({"method": "io.karmor." + method, "parameters": {"name": "bare", **parameters}}).encode() + b"\0")
        answer = json.loads(s.recv(65536).rstrip(b"\0"))
    if "error" in answer:
        sys.exit(str(answer))

call("Prepare", namespace="shop", labels="app=web", program=program)
call("Attach", namespace="shop", labels="app=web", pid=os.getpid(), atExec=True, must=sys.argv[1] == "true")
os.execv(program, ["cat", "/etc/hostname"])
END
}
out=$(unlabelled false 2>&1)
is "$?$out" 137 "who attaches itself and takes no label is ended"
echo 'hookFailure: start' >> "$work/karmord.yaml"
kill -HUP "$daemon"
eventually grep -q "read anew" "$work/log"
is "$(unlabelled false 2>&1)" "$(cat /etc/hostname)" "and goes on where hookFailure says so"
has "$(cat "$work/log")" 'workload "bare" is not enforced: Operation not permitted; it runs all the same' "which is told"
out=$(unlabelled true 2>&1)
is "$?$out" 137 "but not where it must be enforced"
lacks "$("$karmor" get workloads)" bare "and none of them is known any more"
kill "$daemon"
wait "$daemon"
is $? 0 "karmord ends"
plan
