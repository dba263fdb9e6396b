#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Containers of real runtimes, put under policies by the hook that karmor is.
set -u
. "$(dirname "$0")/tap.sh"

work=$(mktemp -d)
trap 'kill -9 "${daemon:-}" 2> /dev/null; rm -rf "$work"' EXIT

mkdir "$work/policies.d"
. "$(dirname "$0")/bundle.sh"
printf 'policies: %s\nstate: %s\n' "$work/policies.d" "$work/state" > "$work/karmord.yaml"

karmord_start
policy shadow 'file: {matchPaths: [{path: /etc/shadow}]}'
reads='cat /etc/passwd; cat /etc/shadow; echo over'
runtimes=(crun runc)
for runtime in "${runtimes[@]}"; do
	bundle_make "$runtime" no "$reads"
	is "$(run "$runtime" "$runtime-0")" $'users\nhashes\nover' "control: a container of $runtime reads both files"
	bundle_make "$runtime" yes "$reads"
	out=$(run "$runtime" "$runtime-1")
	has "$out" users "with the hook it starts"
	has "$out" "/etc/shadow: Permission denied" "and what its policy blocks is denied"
	has "$out" over "and it goes on"
	has "$("$karmor" logs --json --since 1h --limit 1 -n shop --policy shadow --source '*/cat' -l app=web)" '"Resource":"/etc/shadow"' "and the event is told"
	eventually empty
	check $? "and it is forgotten when it is over" "$("$karmor" get workloads)"
done
# What enters a container that runs.
mkfifo "$rootfs/tmp/never"
for runtime in "${runtimes[@]}"; do
	bundle_make "$runtime" no 'cat /tmp/never'
	stay "$runtime" "$runtime-3"
	is "$(enters "$runtime" "$runtime-3" /bin/cat /etc/shadow)" hashes "control: what $runtime exec starts reads the file"
	leave "$runtime" "$runtime-3"
	bundle_make "$runtime" yes 'cat /tmp/never'
	stay "$runtime" "$runtime-4"
	is "$(enters "$runtime" "$runtime-4" /bin/cat /etc/passwd)" users "in a container under policies $runtime exec starts a program"
	out=$(enters "$runtime" "$runtime-4" /bin/cat /etc/shadow)
	has "$out" "/etc/shadow: Permission denied" "which is under them as well"
	out=$(enters "$runtime" "$runtime-4" /bin/sh -c 'cat /etc/shadow; echo over')
	lacks "$out" hashes "and so is what it starts"
	has "$out" over "which goes on"
	kill -9 "$daemon"
	wait "$daemon" 2> /dev/null
	out=$(enters "$runtime" "$runtime-4" /bin/cat /etc/shadow)
	has "$out" "/etc/shadow: Permission denied" "and when karmord was killed"
	karmord_start
	policy cat 'process: {matchPaths: [{path: /bin/cat}]}'
	lacks "$(enters "$runtime" "$runtime-4" /bin/cat /etc/passwd)" users "under the next karmord's policies the program itself does not start"
	is "$(enters "$runtime" "$runtime-4" /bin/sh -c 'echo over')" over "and another does"
	"$karmor" delete ksp cat -n shop > /dev/null
	leave "$runtime" "$runtime-4"
	eventually empty
	check $? "and it is forgotten when it was killed" "$("$karmor" get workloads)"
done
lacks "$(cat "$work/log")" "is not under its policies" "each had a cgroup of its own"
bundle_make runc yes 'cat /tmp/never'
python3 - "$bundle/config.json" << 'END'
import json
import sys

with open(sys.argv[1], encoding="utf-8") as file:
    bundle = json.load(file)
bundle["linux"]["cgroupsPath"] = "/karmor-shared"
with open(sys.argv[1], "w", encoding="utf-8") as file:
    json.dump(bundle, file)
END
mkdir -p /sys/fs/cgroup/karmor-shared
sleep 100000 &
sharer=$!
echo "$sharer" > /sys/fs/cgroup/karmor-shared/cgroup.procs
stay crun shared
has "$(cat "$work/log")" 'what enters workload "shared" later, as runc exec does, is not under its policies' "where others are in the cgroup that is told"
lacks "$(enters crun shared /bin/cat /etc/shadow)" denied "and nobody is taken for the container's"
kill "$sharer"
leave crun shared
eventually empty
policy shell 'process: {matchPaths: [{path: /bin/sh}]}'
lacks "$(run runc blocked)" users "a container whose program is blocked does not start"
has "$(cat "$work/log")" 'workload "blocked" may not start: shell blocks' "and that is told"
"$karmor" delete ksp shell -n shop > /dev/null
# One after the other: what each of them left would add up.
containers=$([ -n "${KARMOR_LONG:-}" ] && echo 1000 || echo 10)
held() {
	echo "maps $(bpftool map show | grep -c '^[0-9]'), entries $(bpftool map dump name cgroups | grep -c '^key')," \
		"descriptors $(find "/proc/$daemon/fd" -type l | wc -l), files $(find "$work/state" /run/karmor | wc -l)," \
		"cgroups $(find /sys/fs/cgroup -type d | wc -l)"
}
resident() {
	awk '$1 == "VmRSS:" { print $2 }' "/proc/$daemon/status"
}
as_before() {
	[ "$(held)" = "$before" ]
}
eventually empty
before=$(held)
grown=$(resident)
read=0
for ((i = 0; i < containers; i++)); do
	# Half of them by each.
	((i % (containers / 2))) || bundle_make "${runtimes[i / (containers / 2)]}" yes 'cat /etc/passwd; cat /etc/shadow'
	out=$(run "${runtimes[i / (containers / 2)]}" "again-$i")
	[[ $out == users*"Permission denied"* ]] || break
	[[ $out != *hashes* ]] || read=$((read + 1))
done
grown=$(($(resident) - grown))
is $i "$containers" "$containers containers start, and are under their policies" "$out"
is $read 0 "none of them reads what is blocked"
eventually empty
eventually as_before
check $? "they leave nothing" "$(held); before: $before"
echo "# $before; karmord grew by $grown KiB"
[ $grown -lt 1024 ]
check $? "and karmord does not grow with them" "$grown KiB"
kill "$daemon"
wait "$daemon"
eventually gone /sys/fs/bpf/karmor
check $? "nothing is left" "$(ls /sys/fs/bpf/karmor 2>&1)"
for runtime in "${runtimes[@]}"; do
	bundle_make "$runtime" yes "$reads"
	lacks "$(run "$runtime" "$runtime-2")" users "without karmord $runtime starts none"
done
plan
