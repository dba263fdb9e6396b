#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# karmord with two enforcers at once: each section of a container's policies is with the one that keeps it, also when it
# changes hands and under the next karmord. Prints TAP. Root, in a virtual machine that has both.
set -u
. "$(dirname "$0")/tap.sh"

work=$(mktemp -d)
trap 'kill -9 "${daemon:-}" 2> /dev/null; rm -rf "$work"' EXIT

mkdir "$work/policies.d"
. "$(dirname "$0")/bundle.sh"
configure() { # backends
	printf 'policies: %s\nstate: %s/state\nbackends:\n  - %s\n' "$work/policies.d" "$work" "$1" > "$work/karmord.yaml"
}

prepare() { # id
	(cd "$bundle" && "$karmor" oci-hook precreate --config "$work/karmord.yaml" --id "$1" < config.json) > "$work/prepared" &&
		cp "$work/prepared" "$bundle/config.json"
}

profiles() {
	grep -c '^karmor-lasting-' /sys/kernel/security/apparmor/profiles
}

told() { # policy, enforcer
	timeout 60 "$karmor" logs --json --since 1h --limit 1 -n shop --policy "$1" -l app=web 2> /dev/null |
		grep -qF "\"Enforcer\":\"$2\""
}

decided() { # policy, enforcer, name
	local seen=
	told "$1" "$2" || seen=$(timeout 60 "$karmor" logs --json --since 1h --limit 4 -n shop --policy "$1")$'\nnothing else for a minute'
	check ${#seen} "$3" "$seen"
}

restart() {
	kill -9 "$daemon"
	wait "$daemon" 2> /dev/null
	karmord_start
}

# AppArmor does not look at what the first line of a script names.
script="$rootfs/bin/script"
printf '#!/bin/cat /etc/passwd\n' > "$script"
chmod +x "$script"
cp "$build/tests/live/actor" "$rootfs/bin/actor"
for file in $(ldd "$build/tests/live/actor" 2> /dev/null | grep -o ' */[^ :]* ' | sort -u); do
	mkdir -p "$rootfs$(dirname "$file")"
	cp -L "$file" "$rootfs$file"
done
mkfifo "$rootfs/tmp/never"

configure apparmor,bpf
karmord_start
check $? "karmord starts with two backends" "$(cat "$work/log")"
has "$(cat "$work/log")" "AppArmor, BPF-LSM" "and says which"
out=$("$karmor" status)
is $? 0 "karmor status finds nothing wrong"
has "$out" "AppArmor, BPF-LSM" "and says so"
printf 'apiVersion: security.kubearmor.com/v1\nkind: KubeArmorPolicy\nmetadata: {name: calls, namespace: shop}\nspec:\n  selector: {matchLabels: {app: web}}\n  action: Audit\n  syscalls: {matchSyscalls: [{syscall: [unlink]}]}\n' > "$work/calls.yaml"
out=$("$karmor" apply -f "$work/calls.yaml" 2>&1)
is "$?" 0 "what AppArmor cannot keep is delegated"
lacks "$out" "cannot keep" "without a word"
"$karmor" delete ksp calls -n shop > /dev/null
# AppArmor has the same rule for a container, and nothing of what is in none.
echo host > "$work/hosted"
printf 'apiVersion: security.kubearmor.com/v1\nkind: KubeArmorHostPolicy\nmetadata: {name: host}\nspec:\n  nodeSelector: {}\n  file: {matchPaths: [{path: %s}]}\n' \
	"$work/hosted" > "$work/host.yaml"
out=$("$karmor" apply -f "$work/host.yaml" 2>&1)
is "$?" 0 "a host policy is taken"
lacks "$out" "cannot keep" "without a word, too"
has "$(cat "$work/hosted" 2>&1)" "Permission denied" "BPF enforces it"
restart
has "$(cat "$work/hosted" 2>&1)" "Permission denied" "the next karmord takes it over"
"$karmor" delete hsp host > /dev/null
is "$(cat "$work/hosted")" host "and gives the node back"

for runtime in crun runc; do
	policy raw 'network: {matchProtocols: [{protocol: raw}]}'
	bundle_make "$runtime" no '/bin/script; /bin/actor socket 2 3 1'
	sed -i 's/"CAP_NET_BIND_SERVICE"/"CAP_NET_BIND_SERVICE","CAP_NET_RAW"/g' "$bundle/config.json"
	out=$(run "$runtime" "$runtime-0")
	has "$out" $'\nok' "control: a container of $runtime makes a raw socket"
	has "$out" "#!/bin/cat" "and a script has its interpreter"
	bundle_make "$runtime" yes '/bin/script; /bin/actor socket 2 3 1; cat /tmp/never'
	sed -i 's/"CAP_NET_BIND_SERVICE"/"CAP_NET_BIND_SERVICE","CAP_NET_RAW"/g' "$bundle/config.json"
	lacks "$(run "$runtime" "$runtime-1")" users "one that was not prepared does not start"
	policy interpreter 'process: {matchPaths: [{path: /bin/cat}]}'
	prepare "$runtime-1"
	check $? "it is prepared" "$(cat "$work/log")"
	has "$(cat "$bundle/config.json")" '"apparmorProfile":"karmor-lasting-' "its configuration names a profile"
	out=$(run "$runtime" "$runtime-1")
	has "$out" EACCES "a raw socket is denied in it"
	decided raw AppArmor "by AppArmor"
	lacks "$out" "#!/bin/cat" "and the script has no interpreter"
	decided interpreter BPFLSM "which BPF denies"
	eventually empty
	check $? "it is forgotten when it is over" "$("$karmor" get workloads)"
	is "$(profiles)" 0 "with its profiles"
	"$karmor" delete ksp interpreter -n shop > /dev/null

	# Under no_new_privs AppArmor alone starts no source and BPF does: whether sources may less than others, or more.
	policy sources 'file: {matchPaths: [{path: /etc/shadow, fromSource: [{path: /bin/cat}]}, {path: /etc/passwd}, {path: /etc/passwd, action: Allow, fromSource: [{path: /bin/cat}]}]}'
	bundle_make "$runtime" yes 'cat /etc/passwd; cat /etc/shadow; read x < /etc/shadow && echo shell reads; read x < /etc/passwd || echo shell may not; /bin/actor socket 2 3 1'
	sed -i 's/"CAP_NET_BIND_SERVICE"/"CAP_NET_BIND_SERVICE","CAP_NET_RAW"/g' "$bundle/config.json"
	has "$(cat "$bundle/config.json")" '"noNewPrivileges": true' "a container is under no_new_privs"
	prepare "$runtime-nnp"
	out=$(run "$runtime" "$runtime-nnp")
	has "$out" users "a source is started in it, and may what it alone may"
	has "$out" "/etc/shadow: Permission denied" "and not what it alone may not"
	has "$out" "shell reads" "which others may"
	has "$out" "shell may not" "and they may not what it alone may"
	has "$out" EACCES "nor anybody what AppArmor denies all"
	decided sources BPFLSM "BPF decides for sources"
	eventually empty
	is "$(timeout 60 setpriv --no-new-privs "$karmor" start --name unit -n shop -l app=web \
		sh -c "cat /etc/passwd > $work/users; cat /etc/shadow; read -r x < /etc/shadow && echo read" 2>&1)" \
		$'cat: /etc/shadow: Permission denied\nread' "so it is for what karmor start starts under no_new_privs"
	is "$(cat "$work/users")" "$(cat /etc/passwd)" "as to what the source alone may, too"
	eventually empty
	"$karmor" delete ksp sources -n shop > /dev/null

	# One that stays, and what enters it: by one of the runtimes.
	[ "$runtime" = crun ] || continue
	bundle_make "$runtime" yes 'cat /tmp/never'
	prepare "$runtime-2"
	stay "$runtime" "$runtime-2"
	is "$(enters "$runtime" "$runtime-2" /bin/cat /etc/passwd)" users "in one that stays $runtime exec starts a program"
	policy passwd 'file: {matchPaths: [{path: /etc/passwd, ownerOnly: true}]}'
	chown 1:1 "$rootfs/etc/passwd"
	has "$(enters "$runtime" "$runtime-2" /bin/cat /etc/passwd)" "Permission denied" "which a policy that comes later denies the file"
	decided passwd BPFLSM "by BPF, for AppArmor does not keep it"
	restart
	has "$(enters "$runtime" "$runtime-2" /bin/cat /etc/passwd)" "Permission denied" "the next karmord takes it over"
	has "$(enters "$runtime" "$runtime-2" /bin/actor socket 2 3 1)" EACCES "in both"
	chown 0:0 "$rootfs/etc/passwd"
	is "$(enters "$runtime" "$runtime-2" /bin/cat /etc/passwd)" users "as it is: the owner reads"
	"$karmor" delete ksp passwd -n shop > /dev/null
	leave "$runtime" "$runtime-2"
	eventually empty
	check $? "it is forgotten when it was killed" "$("$karmor" get workloads)"
	is "$(profiles)" 0 "with its profiles"
	"$karmor" delete ksp raw -n shop > /dev/null
done

# A section that changes hands is with somebody at each moment: a raw socket is never had meanwhile.
policy raw 'network: {matchProtocols: [{protocol: raw}]}'
# shellcheck disable=SC2016 # the container's shell expands it
bundle_make crun yes 'while :; do case $(/bin/actor socket 2 3 1) in ok) echo had ;; EACCES) : > /tmp/denied ;; esac; done'
sed -i 's/"CAP_NET_BIND_SERVICE"/"CAP_NET_BIND_SERVICE","CAP_NET_RAW"/g; s/"readonly": true/"readonly": false/' "$bundle/config.json"
prepare moves
(cd "$bundle" && exec crun run moves < /dev/null > "$work/had" 2>&1) &
staying=$!
denies() {
	rm -f "$rootfs/tmp/denied"
	eventually there "$rootfs/tmp/denied"
}
denies
check $? "a container is denied sockets again and again" "$(cat "$work/had" "$work/log")"
for ((i = 0; i < 3; i++)); do
	policy more 'network: {matchProtocols: [{protocol: icmp}]}'
	denies
	"$karmor" delete ksp more -n shop > /dev/null
	denies
done
check $? "while its section goes to BPF and back, three times"
is "$(cat "$work/had")" "" "and never was let through"
policy more 'network: {matchProtocols: [{protocol: icmp}]}'
timeout 60 "$karmor" logs --json --since 1h -n shop -l app=web 2> /dev/null | grep -qF '"Enforcer":"BPFLSM"'
check $? "and BPF has it now"
restart
denies
check $? "and under the next karmord as well"

# Another list of backends: what is under this one is not taken for that one's.
kill "$daemon"
wait "$daemon"
configure bpf
karmord_start
has "$(cat "$work/log")" 'workload "moves" was put under "apparmor,bpf", not "bpf": it stays enforced as it is' \
	"a karmord of another list of backends leaves it alone, and says so"
denies
check $? "and it is denied what it was"
kill "$daemon"
wait "$daemon"
configure apparmor,bpf
karmord_start
is "$("$karmor" get workloads -o json | grep -c '"moves"')" 1 "one of the first list takes it over again"
denies
check $? "and still it is denied"
leave crun moves
is "$(cat "$work/had")" "" "and nothing was let through until its end"
eventually empty
check $? "after which it is forgotten" "$("$karmor" get workloads)"
is "$(profiles)" 0 "with its profiles"
plan
