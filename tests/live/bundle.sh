# SPDX-License-Identifier: Apache-2.0
# Bundles for real container runtimes, in $work, and karmord's for them.
# shellcheck shell=bash

bundle=$work/bundle
rootfs=$bundle/rootfs

# A root of its own: a shell, cat, and what they load.
mkdir -p "$rootfs"/{bin,etc,proc,dev,sys,tmp}
cp /bin/cat "$rootfs/bin"
cp /bin/bash "$rootfs/bin/sh"
for file in $(ldd /bin/cat /bin/bash | grep -o ' */[^ :]* ' | sort -u); do
	mkdir -p "$rootfs$(dirname "$file")"
	cp -L "$file" "$rootfs$file"
done
echo hashes > "$rootfs/etc/shadow"
echo users > "$rootfs/etc/passwd"

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

# A container that stays until it is killed, and what another program is told in it.
stay() { # runtime, id
	(cd "$bundle" && exec "$1" run "$2" < /dev/null > /dev/null 2>&1) &
	staying=$!
	eventually runs "$1" "$2"
}

runs() { # runtime, id
	[[ $("$1" state "$2" 2> /dev/null) == *'"running"'* ]]
}

enters() { # runtime, id, program...
	local runtime=$1 id=$2
	shift 2
	timeout 60 "$runtime" exec "$id" "$@" < /dev/null 2>&1
}

leave() { # runtime, id
	"$1" kill "$2" KILL
	wait "$staying"
	"$1" delete --force "$2" 2> /dev/null
}

karmord_start() {
	"$build/daemon/karmord" --config "$work/karmord.yaml" 2>> "$work/log" &
	daemon=$!
	eventually "$karmor" get policies > /dev/null 2>&1
}

empty() {
	[ "$("$karmor" get workloads -o json | grep -c '"name"')" -eq 0 ]
}
