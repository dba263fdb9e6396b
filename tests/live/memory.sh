#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# No memory for a label: what a task's storage needs is charged to the cgroup of whoever loaded the programs, and that is
# full. A task that cannot be labelled does not come to be; nothing gets past.
set -u
. "$(dirname "$0")/tap.sh"

cgroups=/sys/fs/cgroup
small=$cgroups/karmor-small
work=$(mktemp -d)
attack=$build/tests/live/attack
left=$((64 * 1024)) # some 50 labels
trap 'rm -rf "$work"; rmdir "$small"' EXIT

mountpoint -q "$cgroups" || mount -t cgroup2 none "$cgroups"
echo +memory > "$cgroups/cgroup.subtree_control"
mkdir -p "$small"
echo secret > "$work/secret"
cat > "$work/secret.yaml" <<- END
	apiVersion: security.kubearmor.com/v1
	kind: KubeArmorPolicy
	metadata: {name: secret}
	spec: {selector: {}, file: {matchPaths: [{path: $work/secret}]}}
END

# Loads the programs in the cgroup, and leaves it: nobody is there whose end would make room.
sh -c 'echo 0 > "$0/cgroup.procs" && exec "$@"' "$small" \
	"$karmor" run -p "$work/secret.yaml" -- sleep 100000 > /dev/null 2>&1 &
keeper=$!
eventually there /sys/fs/bpf/karmor
eventually pgrep -P "$keeper" -x sleep > /dev/null
leave() {
	local pids
	mapfile -t pids < "$small/cgroup.procs"
	for pid in "${pids[@]}"; do echo "$pid" > "$cgroups/cgroup.procs"; done
	[ ${#pids[@]} -eq 0 ]
}
eventually leave

hoard() { # tasks
	"$karmor" run -p "$work/secret.yaml" --events /dev/null -- "$attack" hoard "$work/secret" "$1" 2> "$work/err"
}
is "$("$attack" hoard "$work/secret" 20 2> /dev/null)" "20 past, none refused" "control: every task reads"
is "$(hoard 20)" "0 past, none refused" "none does under the policy, while there is memory"
echo 1G > "$small/memory.reclaim" 2> /dev/null
echo $(($(cat "$small/memory.current") + left)) > "$small/memory.max"
# Before 6.4 labels are allocated like what cannot wait, which is given more than there is.
case $(uname -r) in 6.1.*) refused=none ;; *) refused=some ;; esac
is "$(hoard 400)" "0 past, $refused refused" "nor where there is none: tasks do not come to be"
echo "# $(grep refused "$work/err")"
echo max > "$small/memory.max"
is "$(hoard 400)" "0 past, none refused" "and all come to be once there is"
kill "$keeper"
wait "$keeper" 2> /dev/null
eventually sh -c '! [ -e /sys/fs/bpf/karmor ]'
check $? "nothing is left behind" "$(ls /sys/fs/bpf/karmor 2>&1)"
plan
