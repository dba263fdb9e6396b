#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A module that is compiled for the guest's own policy, loaded by hand: what it denies in an enforcing kernel, and the
# events of that. Root, in a virtual machine whose kernel has SELinux.
set -u
. "$(dirname "$0")/tap.sh"

work=$(mktemp -d)
trap 'setenforce 0; rm -rf "$work"' EXIT
contexts=/etc/selinux/default/contexts/files/file_contexts
role=karmor_w0_rest_r

cat > "$work/policy.yaml" <<- END
	apiVersion: security.kubearmor.com/v1
	kind: KubeArmorPolicy
	metadata: {name: live}
	spec:
	  selector: {}
	  severity: 7
	  action: Block
	  file:
	    matchPaths:
	    - {path: /srv/t/secret}
	    - {path: /srv/t/a b}
	    - {path: /srv/t/watched, action: Audit}
	  process: {matchPaths: [{path: /srv/t/tool}]}
	  network: {matchProtocols: [{protocol: udp}]}
	  capabilities: {matchCapabilities: [{capability: sys_time}]}
END
setenforce 0
mkdir -p /srv/t
for name in secret 'a b' watched; do
	echo "what $name says" > "/srv/t/$name"
done
cp /usr/bin/id /srv/t/tool

cat /sys/fs/selinux/policy > "$work/base"
"$karmor" compile --backend selinux --best-effort --fact policy="$work/base" --fact file_contexts="$contexts" \
	"$work/policy.yaml" > "$work/karmor.cil" 2> "$work/err"
check $? "a module is compiled for the policy that the kernel has" "$(cat "$work/err")"
has "$(head -3 "$work/karmor.cil")" "$(sha256sum < "$work/base" | cut -d' ' -f1)" "and says which that is"
out=$(semodule -i "$work/karmor.cil" 2>&1)
check $? "it is loaded" "$out"

# The role that the module has for a path stands under its name.
for name in secret 'a b' watched tool; do
	chcon -r "$(grep -m1 -A1 "^; /srv/t/$name: " "$work/karmor.cil" | sed -n 's/^(role \(.*\))$/\1/p')" "/srv/t/$name"
	check $? "$name is labelled"
done

mkfifo "$work/end"
"$build/tests/live/selinux-events" "$work/policy.yaml" "$work/base" "$contexts" < "$work/end" > "$work/events" 2> "$work/err" &
exec 3> "$work/end"
ready() { [ -s "$work/events" ]; }
eventually ready
check $? "records are read" "$(cat "$work/err")"

setenforce 1
is "$(getenforce)" Enforcing "the kernel enforces"
under() {
	runcon -r "$role" -- "$@"
}
is "$(cat /srv/t/secret)" "what secret says" "control: others read the file"
is "$(under cat /srv/t/secret 2>&1)" "cat: /srv/t/secret: Permission denied" "the workload does not"
is "$(under cat '/srv/t/a b' 2>&1)" "cat: '/srv/t/a b': Permission denied" "nor one with a blank in its name"
is "$(under cat /srv/t/watched 2>&1)" "what watched says" "what is audited is read"
has "$(under sh -c 'exec /srv/t/tool' 2>&1)" "Permission denied" "a program is not executed"
has "$(/srv/t/tool -u)" 0 "control: by others it is"
has "$(under python3 -c 'import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM)' 2>&1)" "Permission denied" "no UDP"
has "$(under python3 -c 'import time; time.clock_settime(0, time.time())' 2>&1)" "not permitted" "no clock is set"
setenforce 0
is "$(under cat /srv/t/secret 2>&1)" "what secret says" "a permissive kernel denies nothing"

told() { # RESOURCE ACTION RESULT RULE
	grep -F "\"Resource\":\"$1\"" "$work/events" | grep -F "\"Action\":\"$2\"" | grep -F "\"Result\":\"$3\"" |
		grep -F '"PolicyName":"live"' | grep -F '"Enforcer":"SELinux"' | grep -qF "\"Rule\":\"$4\""
}
while IFS='|' read -r resource action result rule; do
	eventually told "$resource" "$action" "$result" "$rule"
	check $? "an event: $resource $action $result" "$(cat "$work/events")"
done <<- 'END'
	/srv/t/secret|Block|Permission denied|file.matchPaths[0]
	/srv/t/a b|Block|Permission denied|file.matchPaths[1]
	/srv/t/watched|Audit|Passed|file.matchPaths[2]
	/srv/t/tool|Block|Permission denied|process.matchPaths[0]
	type=SOCK_DGRAM protocol=17 class=udp_socket|Block|Permission denied|network.matchProtocols[0]
	sys_time|Block|Operation not permitted|capabilities.matchCapabilities[0]
	/srv/t/secret|Block|Passed|file.matchPaths[0]
END
exec 3>&-
wait $!
check $? "and the reader ends" "$(cat "$work/err")"
others=$(grep -F '"Resource"' "$work/events" | grep -vE '"Resource":"(/srv/t/(secret|a b|watched|tool)|type=SOCK_DGRAM protocol=17 class=udp_socket|sys_time)"')
is "$others" "" "no rule's event is of anything else"
plan
