#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Containers of real runtimes, put under policies by the hook that karmor is.
set -u
. "$(dirname "$0")/tap.sh"

work=$(mktemp -d)
bundle=$work/bundle
rootfs=$bundle/rootfs
trap 'kill -9 "${daemon:-}" 2> /dev/null; rm -rf "$work"' EXIT

# A root of its own: a shell, cat, and what they load.
mkdir -p "$work/policies.d" "$rootfs"/{bin,etc,proc,dev,sys,tmp}
cp /bin/cat "$rootfs/bin"
cp /bin/bash "$rootfs/bin/sh"
for file in $(ldd /bin/cat /bin/bash | grep -o ' */[^ :]* ' | sort -u); do
	mkdir -p "$rootfs$(dirname "$file")"
	cp -L "$file" "$rootfs$file"
done
echo hashes > "$rootfs/etc/shadow"
echo users > "$rootfs/etc/passwd"
printf 'policies: %s\nstate: %s\n' "$work/policies.d" "$work/state" > "$work/karmord.yaml"

bundle_make() { # runtime, with hooks?, command
	rm -f "$bundle/config.json"
	(cd "$bundle" && "$1" spec)
	python3 - "$bundle/config.json" "$karmor" "$work/karmord.yaml" "$2" "$3" << 'END'
import json
import sys

path, karmor, config, hooks, command = sys.argv[1:]
with open(path, encoding="utf-8") as file:
    bundle = json.load(file)
bundle["process"]["terminal"] = False
bundle["process"]["args"] = ["/bin/sh", "-c", command]
bundle["annotations"] = {"app": "web", "io.kubernetes.pod.namespace": "shop"}
if hooks == "yes":
    bundle["hooks"] = {stage: [{"path": karmor, "args": ["karmor", "oci-hook", stage, "--config", config]}]
                       for stage in ("createRuntime", "poststop")}
with open(path, "w", encoding="utf-8") as file:
    json.dump(bundle, file)
END
}

run() { # runtime, id
	(cd "$bundle" && timeout 60 "$1" run "$2" < /dev/null 2>&1)
}

policy() { # name, section
	printf 'apiVersion: security.kubearmor.com/v1\nkind: KubeArmorPolicy\nmetadata: {name: %s, namespace: shop}\nspec:\n  selector: {matchLabels: {app: web}}\n  %s\n' \
		"$1" "$2" | "$karmor" apply -f - > /dev/null
}

empty() {
	[ "$("$karmor" get workloads -o json | grep -c '"name"')" -eq 0 ]
}

"$build/daemon/karmord" --config "$work/karmord.yaml" 2> "$work/log" &
daemon=$!
eventually "$karmor" get policies > /dev/null 2>&1
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
policy shell 'process: {matchPaths: [{path: /bin/sh}]}'
lacks "$(run runc blocked)" users "a container whose program is blocked does not start"
has "$(cat "$work/log")" 'workload "blocked" may not start: shell blocks' "and that is told"
"$karmor" delete ksp shell -n shop > /dev/null
kill "$daemon"
wait "$daemon"
for runtime in "${runtimes[@]}"; do
	bundle_make "$runtime" yes "$reads"
	lacks "$(run "$runtime" "$runtime-2")" users "without karmord $runtime starts none"
done
plan
