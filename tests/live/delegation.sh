#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Two enforcers at once: what AppArmor does not keep exactly BPF does, and each event says who decided. Each act first
# without the policy (the control). Prints TAP. Root, in a virtual machine that has both.
set -u
. "$(dirname "$0")/tap.sh"

work=$(mktemp -d)
here=/srv/delegation
trap 'rm -rf "$work" "$here"' EXIT

policy() { # name, section text
	printf 'apiVersion: security.kubearmor.com/v1\nkind: KubeArmorPolicy\nmetadata:\n  name: %s\nspec:\n  selector: {}\n%s\n' \
		"$1" "$2" > "$work/$1.yaml"
}

run() { # policy, command...
	local policy=$1
	shift
	: > "$work/events"
	# shellcheck disable=SC2086
	"$karmor" run -p "$work/$policy.yaml" --backend "$backend" ${posture:+--posture $posture} --events "$work/events" -- "$@" \
		2> "$work/err"
	# A command that was not started is not one that was denied.
	[ $? -ne 2 ] || cat "$work/err"
}

decided() { # enforcer, rule, name
	grep -F "\"Rule\":\"$2" "$work/events" | grep -F '"Action":"Block"' | grep -qF "\"Enforcer\":\"$1\""
	check $? "$3" "$(cat "$work/events")"
}

posture=
backend=apparmor,bpf
mkdir -p "$here/data"
for program in actor reader blocked; do cp "$build/tests/live/actor" "$here/$program"; done
echo content > "$here/data/secret"
printf '#!%s\n' "$here/blocked" > "$here/script"
chmod +x "$here/script"
keep_loaded

# One rule that AppArmor keeps, and beside it one for each reason that it does not.
policy both "  network: {matchProtocols: [{protocol: raw}]}
  file: {matchPaths: [{path: $here/data/secret, ownerOnly: true}]}"
is "$("$here/actor" socket 2 3 1)" ok "control: a socket is made"
is "$(run both "$here/actor" socket 2 3 1)" EACCES "and not under the policy"
decided AppArmor 'network.matchProtocols[0]' "which AppArmor decided"
has "$(cat "$work/err")" "AppArmor keeps 1 rule" "as it is told"
has "$(cat "$work/err")" "BPF-LSM keeps 1 rule" "of the other as well"
lacks "$(cat "$work/err")" "--backend apparmor says" "and AppArmor keeps nothing approximately"
chown 1:1 "$here/data/secret"
is "$("$here/actor" read "$here/data/secret")" ok "control: a file of another's is read"
is "$(run both "$here/actor" read "$here/data/secret")" EACCES "ownerOnly: not by who does not own it"
decided BPFLSM 'file.matchPaths[0]' "which BPF decided"
chown 0:0 "$here/data/secret"
is "$(run both "$here/actor" read "$here/data/secret")" ok "but by its owner"
is "$(run both "$here/actor" chmod "$here/data")" ok "and nothing above is kept from a change of its mode"

policy pattern "  file: {matchPatterns: [{pattern: \"**/sec*\"}, {pattern: \"$here/data/s?cret\", action: Allow, fromSource: [{path: $here/reader}]}]}"
is "$(run pattern "$here/actor" read "$here/data/secret")" EACCES "a pattern blocks"
decided BPFLSM 'file.matchPatterns[0]' "by BPF"
is "$(run pattern "$here/reader" read "$here/data/secret")" ok "but for a source"
# shellcheck disable=SC2016
is "$(setpriv --no-new-privs "$karmor" run -p "$work/pattern.yaml" --backend "$backend" -- "$here/actor" spawn "$here/reader" 2> "$work/err")" \
	ok "which starts under no_new_privs too"
posture=network=block
policy allowed "  network: {matchProtocols: [{protocol: udp, action: Allow, fromSource: [{path: $here/reader}]}]}"
is "$(run allowed "$here/actor" socket 2 2 17)" EACCES "a socket that sources alone may have is nobody else's"
has "$(cat "$work/events")" '"Enforcer":"BPFLSM"' "by BPF, though AppArmor lets no more past"
is "$(run allowed "$here/reader" socket 2 2 17)" ok "and a source's"
is "$(run allowed setpriv --no-new-privs "$here/actor" spawn "$here/reader")" ok "which starts under no_new_privs"
backend=apparmor
is "$(run allowed setpriv --no-new-privs "$here/actor" spawn "$here/reader")" EPERM "where AppArmor alone starts none"
backend=apparmor,bpf
posture=

policy script "  process: {matchPaths: [{path: $here/blocked}]}
  network: {matchProtocols: [{protocol: raw}]}"
is "$("$here/actor" spawn "$here/script" 2> /dev/null)" ok "control: a script has its interpreter"
backend=apparmor
is "$(run script "$here/actor" spawn "$here/script")" ok "which AppArmor alone lets it have"
backend=apparmor,bpf
is "$(run script "$here/actor" spawn "$here/script")" EACCES "and both do not"

policy twice "  capabilities: {matchCapabilities: [{capability: sys_admin}]}"
run twice sh -c "$here/actor hostname; $here/actor hostname; $here/actor hostname" > "$work/out"
is "$(sort -u "$work/out")" EPERM "a capability is denied again and again"
is "$(grep -c '"Enforcer":"BPFLSM"' "$work/events")" 3 "and logged each time"

# An allow-list that does not have /proc, through which a task enters AppArmor's part.
posture=file=block
policy list "  file: {action: Allow, matchPaths: [{path: $here/data/secret}, {path: $here/actor}]}
  network: {matchProtocols: [{protocol: raw}]}"
is "$(run list "$here/actor" read "$here/data/secret")" ok "an allow-list of files stands beside AppArmor's part"
is "$(run list "$here/actor" read /etc/hostname)" EACCES "and is enforced"
is "$(run list "$here/actor" socket 2 3 1)" EACCES "as that is"
posture=

unkeep
is "$(grep -c '^karmor-' /sys/kernel/security/apparmor/profiles)" 0 "no profile is left"
eventually unloaded
check $? "nor any program"

# By themselves: the first that keeps all.
backend=auto
run both "$here/actor" socket 2 3 1 > "$work/out"
decided BPFLSM 'network.matchProtocols[0]' "auto prefers who keeps everything"
lacks "$(cat "$work/err")" "keeps" "and then there is one"
plan
