#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Containers of real runtimes under karmord in an enforcing SELinux kernel: prepared, under policies from their first
# instruction, with a volume, and entered; what was not prepared does not start. Root, in a virtual machine whose kernel has
# SELinux. Few changes: with each the whole policy of the machine is made anew.
set -u
. "$(dirname "$0")/tap.sh"

# On a disk, for what is labelled there is compared before and after.
work=$(mktemp -d /srv/containers.XXXXXX)
trap 'setenforce 0; kill -9 "${daemon:-}" 2> /dev/null; rm -rf "$work"' EXIT
setenforce 0
mkdir "$work/policies.d" "$work/volume"
. "$(dirname "$0")/bundle.sh"
printf 'backends: [selinux]\npolicies: %s\nstate: %s/state\n' "$work/policies.d" "$work" > "$work/karmord.yaml"
cat > "$work/policies.d/web.yaml" << 'END'
apiVersion: security.kubearmor.com/v1
kind: KubeArmorPolicy
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  action: Block
  file:
    matchPaths:
    - {path: /etc/shadow}
    - {path: /data/secret}
    - {path: /data/mine, fromSource: [{path: /bin/sh}]}
END
for name in secret open mine; do
	echo "what $name says" > "$work/volume/$name"
done
chcon -R -t container_file_t "$rootfs" "$work/volume"
type=container_t
# shellcheck disable=SC2016 # the container's shell does
reads='for file in /etc/passwd /etc/shadow /data/open /data/secret /data/mine; do cat $file; done; read x < /data/mine; echo "read: $?"; cat /proc/thread-self/attr/current'

# A pipe of ours is none of a container's: it says what it says to a file.
bundle_for() { # RUNTIME, WITH-HOOKS?, COMMAND
	bundle_make "$1" "$2" "{ $3; } > /tmp/said 2>&1"
	python3 - "$bundle/config.json" "$work/volume" "$type" << 'END'
import json
import sys

path, volume, kind = sys.argv[1:]
with open(path, encoding="utf-8") as file:
    bundle = json.load(file)
bundle["root"]["readonly"] = False
bundle["process"]["selinuxLabel"] = f"system_u:system_r:{kind}:s0:c1,c2"
bundle["linux"]["mountLabel"] = "system_u:object_r:container_file_t:s0:c1,c2"
bundle["mounts"].append({"destination": "/data", "source": volume, "type": "bind", "options": ["bind", "rw"]})
with open(path, "w", encoding="utf-8") as file:
    json.dump(bundle, file)
END
}

prepare() { # ID
	(cd "$bundle" && "$karmor" oci-hook precreate --config "$work/karmord.yaml" --id "$1" < config.json) > "$work/prepared" &&
		cp "$work/prepared" "$bundle/config.json"
}

says() { # RUNTIME ID: what the container said
	: > "$rootfs/tmp/said"
	run "$1" "$2" > "$work/out"
	cat "$rootfs/tmp/said" "$work/out" | tr -d '\0'
}

loads() {
	od -An -t u4 -j 12 -N 4 /sys/fs/selinux/status | tr -d ' '
}

traces() {
	semodule --list=full
	ls -ZR "$bundle/rootfs/etc" "$work/volume"
	sha256sum < /sys/fs/selinux/policy
}
touch "$rootfs/tmp/said"
chcon -t container_file_t "$rootfs/tmp/said"
traces > "$work/before"
setenforce 1

bundle_for crun no "$reads"
out=$(says crun control)
has "$out" hashes "control: a container reads its files"
has "$out" "what secret says" "and those of its volume"
has "$out" ":system_r:container_t:s0:c1,c2" "under its context"

karmord_start
has "$(cat "$work/log")" SELinux "karmord enforces by SELinux"
bundle_for crun yes "$reads"
out=$(says crun unprepared)
lacks "$out" users "one that was not prepared does not start"
has "$out" "error executing hook" "for its hook fails"
loaded=$(loads)
for runtime in crun runc; do
	bundle_for "$runtime" yes "$reads"
	prepare "$runtime-1"
	check $? "one for $runtime is prepared" "$(cat "$work/log")"
	has "$(cat "$bundle/config.json")" '"selinuxLabel":"system_u:karmor_w' "its context has a role of its own"
	has "$(cat "$bundle/config.json")" ':container_t:s0:c1,c2"' "and the type and the level that it had"
	out=$(says "$runtime" "$runtime-1")
	has "$out" users "it starts"
	has "$out" "/etc/shadow: Permission denied" "what its policy blocks is denied"
	has "$out" "what open says" "it reads its volume"
	has "$out" "/data/secret: Permission denied" "but what is blocked there"
	has "$out" "what mine says" "and what is blocked to its shell alone"
	has "$out" "read: 1" "which the shell does not read"
	has "$out" ":container_t:s0:c1,c2" "all of it as container_t"
	eventually empty
	check $? "it is forgotten when it is over" "$("$karmor" get workloads)"
done
is "$(loads)" "$((loaded + 1))" "for both of them the policy was loaded once"
told() { # NAME RESOURCE
	"$karmor" logs --json --since 1h --limit 1 -n shop --policy "$1" --resource "$2" > "$work/told" 2> /dev/null &
	local pid=$!
	at_length grep -q '"Enforcer":"SELinux"' "$work/told"
	local status=$?
	kill "$pid" 2> /dev/null
	return $status
}
told web /etc/shadow
check $? "the event is told" "$(cat "$work/log")"

mkfifo "$rootfs/tmp/never"
chcon -t container_file_t "$rootfs/tmp/never"
bundle_for crun yes 'cat /tmp/never'
prepare staying
stay crun staying
: > "$rootfs/tmp/said"
enters crun staying /bin/sh -c 'cat /etc/passwd /etc/shadow > /tmp/said 2>&1'
has "$(cat "$rootfs/tmp/said")" users "what crun exec starts in a container runs"
has "$(cat "$rootfs/tmp/said")" "/etc/shadow: Permission denied" "and is under its policies"
kill -9 "$daemon"
wait "$daemon" 2> /dev/null
karmord_start
is "$("$karmor" get workloads -o json | grep -c '"adopted": *true')" 1 "the next karmord takes it over" "$(tail -5 "$work/log")"
enters crun staying /bin/sh -c 'cat /etc/passwd /data/secret > /tmp/said 2>&1'
has "$(cat "$rootfs/tmp/said")" users "where it goes on"
has "$(cat "$rootfs/tmp/said")" "/data/secret: Permission denied" "under its policies"
leave crun staying
at_length empty
check $? "and is forgotten when it was killed" "$("$karmor" get workloads)"

bundle_for crun yes "$reads"
prepare other
sed -i 's/:karmor_w[^:]*:/:system_r:/' "$bundle/config.json"
lacks "$(says crun other)" users "one that is started under another role does not start"
has "$(cat "$work/log")" 'whose role is not "karmor_w' "and that is told"
at_length empty
type=sshd_t
bundle_for crun yes "$reads"
out=$(prepare wrong 2>&1)
is $? 2 "a type that is none of containers is refused"
has "$out" "lets no workload have the type of" "and named"
empty
check $? "and what was prepared for it is forgotten"
type=container_t
bundle_for crun yes "$reads"
mkdir "$work/fixed"
mount -t tmpfs -o context=system_u:object_r:container_file_t:s0 none "$work/fixed"
cp -r "$rootfs/bin" "$rootfs/etc" "$work/fixed"
sed -i "s|\"path\": \"rootfs\"|\"path\": \"$work/fixed\"|" "$bundle/config.json"
out=$(prepare fixed 2>&1)
is $? 2 "a root that is mounted with context= is refused"
has "$out" "\"$work/fixed/bin/sh\": its file system keeps no labels, or is mounted with context=" "and the reason is told"
empty
check $? "and nobody waits for it"
umount "$work/fixed"

end() {
	kill -TERM "$daemon"
	wait "$daemon" 2> /dev/null
}
"$karmor" get workloads > /dev/null
end
setenforce 0
is "$(traces | diff "$work/before" - 2>&1)" "" "and nothing is left when karmord ends: modules, labels, the policy's bytes"
plan
