#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What a workload that is root among the node's own files does to undo its own enforcement, under AppArmor. Each act first
# outside of it (the control), then in it under a policy that speaks of nothing like it. Prints TAP. Root, in a virtual
# machine that has AppArmor.
set -u
. "$(dirname "$0")/tap.sh"

work=$(mktemp -d)
trap 'rm -rf "$work"; rm -rf /var/lib/karmor/probe /etc/karmor /run/karmor/probe' EXIT
fs=/sys/kernel/security/apparmor

policy() { # name, section text
	printf 'apiVersion: security.kubearmor.com/v1\nkind: KubeArmorPolicy\nmetadata: {name: %s}\nspec:\n  selector: {}\n%s\n' \
		"$1" "$2" > "$work/$1.yaml"
}

# Appends "NAME: ok" or "NAME: no" for each act. The last byte of what is loaded is the parser's to give.
cat > "$work/acts.sh" <<- 'END2'
	work=$1
	try() { # name, shell text
		if sh -c "$2" > /dev/null 2>&1; then echo "$1: ok"; else echo "$1: no"; fi
	}
	fs=/sys/kernel/security/apparmor
	try loads "cat $work/binary > $fs/.load"
	try replaces "cat $work/binary > $fs/.replace"
	try replaces-below-policy "cat $work/binary > $fs/policy/.replace"
	try removes "printf %s karmor-victim > $fs/.remove"
	try mkdir-namespace "mkdir $fs/policy/namespaces/own"
	try replaces-by-alias "cat $work/binary > /proc/self/root$fs/.replace"
	try mounts-securityfs "mkdir -p $work/other && unshare -m sh -c 'mount -t securityfs none $work/other && cat $work/binary > $work/other/apparmor/.replace'"
	try parser "apparmor_parser --replace --skip-cache $work/victim"
	try complains "echo -n complain > /sys/module/apparmor/parameters/mode"
	try writes-store "echo x > /var/lib/karmor/apparmor/x"
	try makes-in-store "mkdir /var/lib/karmor/probe"
	try renames-store "mv /var/lib/karmor/apparmor /var/lib/karmor/other && mv /var/lib/karmor/other /var/lib/karmor/apparmor"
	try renames-state "mv /var/lib/karmor /var/lib/other && mv /var/lib/other /var/lib/karmor"
	try renames-above "mv /var/lib /var/other && mv /var/other /var/lib"
	try links-entry "ln /var/lib/karmor/apparmor/entry /srv/karmor-link && rm /srv/karmor-link"
	try changes-mode "chmod 0700 /var/lib/karmor"
	try writes-configuration "mkdir -p /etc/karmor && echo x > /etc/karmor/karmord.yaml"
	try writes-run "echo x > /run/karmor/probe"
	try locks-run "flock -n /run/karmor/probe true"
	try writes-core-pattern "echo core > /proc/sys/kernel/core_pattern"
	try names-modprobe "cat /proc/sys/kernel/modprobe > /proc/sys/kernel/modprobe"
	try exits-profile "echo -n changeprofile unconfined > /proc/self/attr/apparmor/current"
	try exits-profile-by-exec "echo -n exec unconfined > /proc/self/attr/apparmor/exec && exec true"
	try writes-current "echo -n 'changeprofile unconfined' > /proc/self/attr/current"
	try boots "python3 -c 'import ctypes; l = ctypes.CDLL(None, use_errno=True); l.syscall(246, -1, 1 << 20, None, 0); exit(ctypes.get_errno() == 1)'"
	try removes-module "python3 -c 'import ctypes; l = ctypes.CDLL(None, use_errno=True); l.syscall(176, b\"no_such\", 2048); exit(ctypes.get_errno() == 1)'"
	try renames-pins "mv /sys/fs/bpf/karmor-victim /sys/fs/bpf/other && mv /sys/fs/bpf/other /sys/fs/bpf/karmor-victim"
	try links-pin "ln /sys/fs/bpf/karmor-victim /sys/fs/bpf/other && rm /sys/fs/bpf/other"
	try makes-pin "mkdir /sys/fs/bpf/karmor-probe && rmdir /sys/fs/bpf/karmor-probe"
	try bpf-pinned "bpftool map update pinned /sys/fs/bpf/karmor-victim key 0 0 0 0 value 1 0 0 0"
	try bpf-by-number "bpftool map update name karmor_victim key 0 0 0 0 value 1 0 0 0"
	try removes-pin "rm /sys/fs/bpf/karmor-victim"
END2

# A map that stands for those of workloads under BPF-LSM.
victim() {
	rm -f /sys/fs/bpf/karmor-victim
	bpftool map create /sys/fs/bpf/karmor-victim type array key 4 value 4 entries 1 name karmor_victim
}

backend=apparmor
run() { # policy, command...
	local policy=$1
	shift
	: > "$work/events"
	"$karmor" run -p "$work/$policy.yaml" --backend "$backend" --events "$work/events" -- "$@" 2> "$work/err"
	[ $? -ne 2 ] || cat "$work/err"
}

printf 'profile karmor-victim { file, }\n' > "$work/victim"
apparmor_parser --skip-cache --ofile "$work/binary" --skip-kernel-load "$work/victim"
mkdir -p /var/lib/karmor/apparmor /run/karmor /etc/karmor
chmod 0700 /var/lib/karmor/apparmor
echo > /run/karmor/probe
echo > /var/lib/karmor/apparmor/entry
policy other '  file: {matchPaths: [{path: /etc/nothing, action: Audit}]}'
policy allowed '  capabilities: {matchCapabilities: [{capability: mac_admin, action: Allow}]}'
policy written '  file: {matchDirectories: [{dir: /var/lib/karmor/, recursive: true, action: Allow}]}'

mountpoint -q /sys/fs/bpf || mount -t bpf bpf /sys/fs/bpf
victim
controls=$(sh "$work/acts.sh" "$work")
# What cannot be done by anybody here is no attack: a profile that is there is not loaded again, and there is no way out
# of a profile for whoever is in none.
echo "$controls" | grep ': no$' | sed 's/^/# control /'
echo -n enforce > /sys/module/apparmor/parameters/mode
rmdir "$fs/policy/namespaces/own" 2> /dev/null
rm -rf /var/lib/karmor/probe
mkdir -p /etc/karmor
apparmor_parser --replace --skip-cache "$work/victim"
victim
is "$(run other sh -c 'echo started; echo content > '"$work"'/written; cat '"$work"'/written')" $'started\ncontent' \
	"control: the workload writes elsewhere"
under=$(run other sh "$work/acts.sh" "$work")
while IFS=: read -r act outcome; do
	if [[ $act == bpf-* ]]; then
		is "$act:$outcome, $(grep "^$act:" <<< "$under")" "$act: ok, $act: ok" "$act gets past AppArmor, as its manual page says"
	elif [ "$outcome" = " ok" ]; then
		is "$(grep "^$act:" <<< "$under")" "$act: no" "$act"
	else
		skip "$act" "not even outside of a workload"
	fi
done <<< "$controls"
has "$(cat "$work/events")" '"Resource":"mac_admin"' "that is told of"
has "$(cat "$work/events")" '"Resource":"/var/lib/karmor' "and what was tried at karmor's own files"
is "$(grep -c '^karmor-victim' $fs/profiles)" 1 "the profile that was to be removed is there"
is "$(cat /proc/sys/kernel/core_pattern)" core "and what the kernel starts is as it was"

# With BPF beside it, which has a rule of its own here.
policy both '  network: {matchProtocols: [{protocol: raw}]}
  file: {matchPaths: [{path: /etc/nothing, ownerOnly: true}]}'
if grep -qw bpf /sys/kernel/security/lsm; then
	backend=apparmor,bpf
	under=$(run both sh "$work/acts.sh" "$work")
	has "$(cat "$work/err")" "AppArmor keeps 1 rule" "AppArmor has a part of a policy"
	has "$(cat "$work/err")" "BPF-LSM keeps 1 rule" "and BPF another"
	for act in complains renames-pins links-pin makes-pin bpf-pinned bpf-by-number removes-pin; do
		is "$(grep "^$act:" <<< "$under")" "$act: no" "$act, with BPF beside AppArmor"
	done
	# A workload that AppArmor has no part of: it is others' profiles that it would take away.
	backend=bpf
	under=$(run other sh "$work/acts.sh" "$work")
	while IFS=: read -r act outcome; do
		case $act in loads | replaces* | removes | mounts-securityfs | parser | complains)
			[ "$outcome" = " no" ] || is "$(grep "^$act:" <<< "$under")" "$act: no" "$act, under BPF alone"
			;;
		esac
	done <<< "$controls"
	is "$(cat /sys/module/apparmor/parameters/mode)" enforce "AppArmor enforces as before"
	backend=apparmor
fi

apparmor_parser --remove "$work/victim"
rm /sys/fs/bpf/karmor-victim
is "$(run allowed sh -c "printf x > $fs/policy/.replace" 2>&1; grep -c '"Resource":"mac_admin"' "$work/events")" 0 \
	"a rule that allows the capability is kept"
out=$("$karmor" check --backend apparmor "$work/written.yaml" 2>&1)
has "$out" "no workload may write what karmor keeps for itself" "one that allows its files is reported as not kept"
plan
