#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Containers of Podman's, which starts karmor as the hook of each: karmor(1) has the files. Root, in a virtual machine.
set -u
. "$(dirname "$0")/tap.sh"

work=$(mktemp -d)
trap 'kill -9 "${daemon:-}" 2> /dev/null; podman_ rm --force --all > /dev/null 2>&1; rm -rf "$work"' EXIT

mkdir "$work/policies.d" "$work/hooks.d"
. "$(dirname "$0")/bundle.sh"
printf 'policies: %s\nstate: %s\n' "$work/policies.d" "$work/state" > "$work/karmord.yaml"
for stage in createRuntime poststop; do
	cat > "$work/hooks.d/karmor-$stage.json" <<- END
		{
		  "version": "1.0.0",
		  "hook": {"path": "$karmor", "args": ["karmor", "oci-hook", "$stage", "--config", "$work/karmord.yaml"]},
		  "when": {"always": true},
		  "stages": ["$stage"]
		}
	END
done

# No image is pulled, and nothing of the machine's own storage is touched.
podman_() {
	timeout 120 podman --root "$work/storage" --runroot "$work/runroot" --storage-driver vfs --cgroup-manager cgroupfs \
		--events-backend none --runtime crun --hooks-dir "${hooks:-$work/hooks.d}" "$@" < /dev/null 2>&1
}

container() { # NAME OPTION... -- COMMAND
	local name=$1
	shift
	podman_ run --name "$name" --network none --annotation io.kubernetes.pod.namespace=shop --annotation app=web \
		--security-opt seccomp=unconfined --security-opt apparmor=unconfined "$@"
}

karmord_start
policy shadow 'file: {matchPaths: [{path: /etc/shadow}]}'
reads='cat /etc/passwd; cat /etc/shadow; echo over'
mkdir "$work/none"
is "$(hooks=$work/none container control --rm --rootfs "$rootfs" /bin/sh -c "$reads")" $'users\nhashes\nover' "control: without the hook a container reads both files"
out=$(container first --rm --rootfs "$rootfs" /bin/sh -c "$reads")
has "$out" users "with it a container starts"
has "$out" "/etc/shadow: Permission denied" "and what its policy blocks is denied"
has "$out" over "and it goes on"
has "$("$karmor" logs --json --since 1h --limit 1 -n shop --policy shadow)" '"Resource":"/etc/shadow"' "which is told"
eventually empty
check $? "and it is forgotten when it is over" "$("$karmor" get workloads)"

mkfifo "$rootfs/tmp/never"
out=$(container second --detach --rootfs "$rootfs" /bin/sh -c 'cat /tmp/never')
check $? "one starts in the background" "$out"
has "$("$karmor" get workloads -o wide)" app=web "and is known by its annotations"
has "$(podman_ exec second /bin/cat /etc/shadow)" "/etc/shadow: Permission denied" "what podman exec starts is under its policies"
is "$(podman_ exec second /bin/cat /etc/passwd)" users "and does what they allow"
podman_ rm --force --time 0 second > /dev/null
eventually empty
check $? "and it is forgotten when it is removed" "$("$karmor" get workloads)"
kill "$daemon"
wait "$daemon"
out=$(container third --rm --rootfs "$rootfs" /bin/sh -c "$reads")
lacks "$out" users "without karmord none starts"
has "$out" hook "for the hook fails"
plan
