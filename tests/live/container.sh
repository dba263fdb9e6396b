# SPDX-License-Identifier: Apache-2.0
# Containers for live tests: roots made of this machine's own packages, and bundles for a runtime.
# shellcheck shell=bash

# container_root ROOT FILE...: a root like a Debian container's, with these files, directories among them, and what programs
# load.
container_root() {
	local root=$1 directory file
	shift

	mkdir -p "$root"/{etc,proc,dev,sys,tmp,run,root,usr/bin,usr/sbin,usr/lib,usr/lib64,var/log}
	chmod 1777 "$root/tmp"
	for directory in bin sbin lib lib64; do
		ln -sfn "usr/$directory" "$root/$directory"
	done
	for file in "$@" $(ldd "$@" 2> /dev/null | grep -o ' */[^ :]* ' | sort -u); do
		mkdir -p "$root$(dirname "$file")"
		cp -a --dereference "$file" "$root$file"
	done
}

# container_bundle BUNDLE KARMOR LABELS COMMAND...: its config.json, for a root that is BUNDLE/rootfs, on the node's network. The
# hook is KARMOR with what follows it; '' for none. Labels are annotations, k=v,...
container_bundle() {
	local bundle=$1
	shift

	rm -f "$bundle/config.json"
	(cd "$bundle" && crun spec)
	python3 - "$bundle/config.json" "$@" << 'END'
import json
import sys

path, karmor, labels, *command = sys.argv[1:]
with open(path, encoding="utf-8") as file:
    bundle = json.load(file)
bundle["process"].update(terminal=False, args=command)
bundle["root"]["readonly"] = False
# What container engines give.
names = ["CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "NET_BIND_SERVICE", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT"]
for kind in ("bounding", "effective", "permitted"):
    bundle["process"]["capabilities"][kind] = ["CAP_" + name for name in names]
bundle["linux"]["namespaces"] = [one for one in bundle["linux"]["namespaces"] if one["type"] != "network"]
bundle["annotations"] = dict(label.split("=", 1) for label in labels.split(","))
if karmor:
    program, *options = karmor.split()
    bundle["hooks"] = {
        stage: [{"path": program, "args": ["karmor", "oci-hook", stage, *options]}] for stage in ("createRuntime", "poststop")
    }
with open(path, "w", encoding="utf-8") as file:
    json.dump(bundle, file)
END
}

# container_start ID BUNDLE: what it says is in BUNDLE/said.
container_start() {
	(cd "$2" && timeout 60 crun run --detach "$1" < /dev/null > said 2>&1)
}

# container_enter ID PROGRAM...
container_enter() {
	timeout 60 crun exec "$@" < /dev/null 2>&1
}

container_stop() { # ID
	crun delete --force "$1" 2> /dev/null
}
