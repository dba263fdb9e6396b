#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Units under karmord: by their cgroups, made here as a service manager makes them; with what runs already, started
# again, while the daemon is dead, and let go.
set -u
. "$(dirname "$0")/tap.sh"
. "$(dirname "$0")/daemon.sh"

unit=$mount/system.slice/karmor-web.service
other=$mount/karmor-units/worker
work=$(mktemp -d)
mkdir -p "$work/policies.d" "$mount/system.slice" "$mount/karmor-units"
mkfifo "$work/ask" "$work/answer"
trap 'kill -9 "${daemon:-}" "${worker:-}" 2> /dev/null; rm -rf "$work"' EXIT

configure() { # LINE...: the units
	printf 'policies: %s\nstate: %s/state\ngroup: root\nunits:\n' "$work/policies.d" "$work" > "$work/karmord.yaml"
	printf '  - {%s}\n' "$@" >> "$work/karmord.yaml"
}

policy() { # NAME LABEL PATH
	printf 'apiVersion: security.kubearmor.com/v1\nkind: KubeArmorPolicy\nmetadata: {name: %s, namespace: shop}\nspec:\n  selector: {matchLabels: {app: %s}}\n  file: {matchPaths: [{path: %s}]}\n' \
		"$1" "$2" "$3"
}

# Runs a shell in a cgroup from its first instruction on; what it runs before is not the unit's.
enter() { # CGROUP SHELL SCRIPT [ARGUMENT]...
	local cgroup=$1 shell=$2
	shift 2
	# shellcheck disable=SC2016 # the inner shell's
	sh -c 'echo 0 > "$0/cgroup.procs" && exec "$@"' "$cgroup" "$shell" -c "$@"
}

# The unit's program: opens what it is asked to, and says y or n.
cat > "$work/worker" << 'END_OF_WORKER'
while read -r file < "$1/ask"; do
	[ "$file" != end ] || exit
	if read -r line < "$file"; then echo y; else echo n; fi > "$1/answer" 2> /dev/null
done
END_OF_WORKER

unit_start() {
	mkdir "$unit"
	# shellcheck disable=SC2016 # the inner shell's
	sh -c 'echo 0 > "$0/cgroup.procs" && exec sh "$1" "$2"' "$unit" "$work/worker" "$work" 2> /dev/null &
	worker=$!
}

unit_stop() {
	kill -9 "$worker"
	wait "$worker" 2> /dev/null
	eventually rmdir "$unit" 2> /dev/null
}

ask() { # PATH
	timeout 60 sh -c "echo '$1' > $work/ask && cat $work/answer"
}

first_act() { # CGROUP: y or n
	# shellcheck disable=SC2016 # the inner shell's
	if sh -c 'echo 0 > "$0/cgroup.procs" && exec cat /etc/shadow' "$1" > /dev/null 2>&1; then echo y; else echo n; fi
}

policy web web /etc/shadow > "$work/policies.d/web.yaml"
policy other other /etc/group > "$work/policies.d/other.yaml"
configure "name: karmor-web.service, namespace: shop, labels: app=web" \
	"name: other, cgroup: /karmor-units/worker, namespace: shop, labels: app=other"
unit_start
is "$(ask /etc/shadow)" y "control: a unit reads what it likes before karmord is there"
start
check $? "karmord starts with units" "$(cat "$work/log")"
is "$(ask /etc/shadow)" n "what ran before is under the policies of its unit"
is "$(ask /etc/passwd)" y "control: and reads what they do not name"
is "$(first_act "$mount/karmor-units")" y "control: who is in no unit reads it"
has "$("$karmor" get workloads -o wide)" "shop        karmor-web.service   karmor-web.service" "karmor get workloads shows the unit"
has "$("$karmor" get workloads -o json)" '"name": "other"' "and one that has not started"
has "$("$karmor" logs -n shop --limit 1 --since 1h --json)" '"ContainerName":"karmor-web.service"' "an event names it"

leaks=0
for ((n = 0; n < ${KARMOR_LONG:+48}2; n++)); do
	unit_stop
	mkdir "$unit"
	[ "$(first_act "$unit")" = n ] || leaks=$((leaks + 1))
	eventually rmdir "$unit" 2> /dev/null
	unit_start
done
is $leaks 0 "a unit that is started again is under its policies with its first program"
mkdir "$other"
is "$(first_act "$other")" y "another unit has other policies"
# shellcheck disable=SC2016 # the inner shell's
sh -c 'echo 0 > "$0/cgroup.procs" && exec cat /etc/group' "$other" > /dev/null 2>&1
is $? 1 "which are kept from its first start on"

cp /bin/sh "$work/systemd-executor"
cp /bin/sh "$work/some-executor"
# shellcheck disable=SC2016 # the inner shell's
out=$(enter "$unit" "$work/systemd-executor" 'read -r line < /etc/shadow && echo y; exec sh -c "read -r line < /etc/shadow || echo n"' 2> /dev/null)
is "$(tr '\n' ' ' <<< "$out")" "y n " "what systemd runs in the unit's cgroup is not the unit's, what that starts is"
out=$(enter "$unit" "$work/some-executor" 'read -r line < /etc/shadow || echo n' 2> /dev/null)
is "$out" n "control: any other program is"

end KILL
unit_stop
unit_start
is "$(ask /etc/shadow)" n "a unit that is started while karmord is dead is under its policies"
start
check $? "karmord comes back" "$(cat "$work/log")"
is "$(ask /etc/shadow)" n "and they stay"
has "$("$karmor" get workloads -o json)" '"adopted": true' "it has taken the unit over"
policy web web /etc/passwd > "$work/new.yaml"
mv "$work/new.yaml" "$work/policies.d/web.yaml"
answers() {
	[ "$(ask "$1")" = "$2" ]
}
eventually answers /etc/passwd n
check $? "a policy that changes is the unit's"
is "$(ask /etc/shadow)" y "instead of the old one"

configure "name: other, cgroup: /karmor-units/worker, namespace: shop, labels: app=other"
kill -HUP "$daemon"
eventually answers /etc/passwd y
check $? "a unit that is not named any more is without rules"
unit_stop
unit_start
is "$(ask /etc/passwd)" y "and so is what it starts"
no_unit() {
	[[ $("$karmor" get workloads) != *karmor-web* ]]
}
eventually no_unit
check $? "it is no workload any more" "$("$karmor" get workloads)"
configure "name: karmor-web.service, namespace: shop, labels: app=web" "name: self, cgroup: /, labels: app=web"
kill -HUP "$daemon"
eventually grep -q 'is no path of a cgroup' "$work/log"
check $? "a cgroup that cannot be a unit's is a fault of the configuration" "$(tail -n 5 "$work/log")"
configure "name: karmor-web.service, namespace: shop, labels: app=web"
kill -HUP "$daemon"
eventually answers /etc/passwd n
check $? "one that is named again is under its policies, with what runs"
end TERM
"$karmord" --remove --config "$work/karmord.yaml" 2>> "$work/log"
is $? 0 "karmord --remove takes everything out" "$(tail -n 5 "$work/log")"
is "$(ask /etc/passwd)" y "what ran goes on without rules"
unit_stop
# Whoever takes the lock next clears away what has no task.
"$karmord" --remove --config "$work/karmord.yaml" 2>> "$work/log"
eventually unloaded
check $? "and nothing is left after its last task" "$(find /sys/fs/bpf/karmor 2>&1)"
eventually rmdir "$other"
plan
