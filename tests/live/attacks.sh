#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Every way round a policy that attack/*.c knows, first without a policy (the control: it gets past), then
# under one of each kind of rule (it must not, but where the language has it so). With arguments: these groups.
#
# KARMOR_BACKEND: who enforces, bpf unless given. What another one is known to keep otherwise is in attack/BACKEND.tsv,
# with the name that its manual page gives it: exactly that has to happen, and it counts as reported.
set -u
. "$(dirname "$0")/tap.sh"

backend=${KARMOR_BACKEND:-bpf}
attack=$build/tests/live/attack
here=/srv/attacks
base=$here/base
trap 'rm -rf "$here"' EXIT
mkdir -p "$here"

policy() { # section text
	printf 'apiVersion: security.kubearmor.com/v1\nkind: KubeArmorPolicy\nmetadata: {name: attacked}\nspec:\n  selector: {}\n%s\n' "$1"
}

# rules NAMES TEXT: TEXT once for each name, with @ for its place.
rules() {
	local name
	for name in $1; do echo "      - ${2//@/$base/$name}"; done
}

# What each kind of rule says for the attacks of a group; nothing where the group has no such kind.
policy_names() { # kind, names
	case $1 in
	path) printf '  file:\n    matchPaths:\n%s' "$(rules "$2" '{path: @/vault/secret}')" ;;
	pattern) printf '  file:\n    matchPatterns:\n%s' "$(rules "$2" '{pattern: "@/vault/s?cre*"}')" ;;
	dir) printf '  file:\n    matchDirectories:\n%s' "$(rules "$2" '{dir: @/vault/, recursive: true}')" ;;
	allow) printf '  file:\n    action: Allow\n    matchDirectories:\n%s\n%s\n%s' \
		"$(printf '      - {dir: %s, recursive: true}\n' /proc/ /dev/ /etc/)" \
		"$(rules "$2" '{dir: @/out/, recursive: true}')" "$(rules "$2" '{dir: @/bin/, recursive: true}')" ;;
	esac
}

policy_mounts() {
	policy_names "$@"
}

policy_lengths() {
	local deep name long rest
	deep=$(printf '/d%.0s' {1..2000}) name=$(printf 'n%.0s' {1..255})
	long=$base/path/vault
	while [ $((4095 - ${#long})) -gt 400 ]; do long+=/$(printf 'p%.0s' {1..200}); done
	rest=$((4095 - ${#long} - 1 - 200))
	long+=/$(printf "q%.0s" $(seq $rest))/$(printf 'p%.0s' {1..199})
	case $1 in
	path)
		printf '  file:\n    matchPaths:\n'
		printf '      - {path: %s}\n' "$base/depth/vault$deep/secret" "$base/depth-relative/vault$deep/secret" \
			"$base/name/vault/$name" "$long" "\"$base/control/vault/a\\nkarmor: block \\x01\\e]31m\\\"}\""
		# Not to be written as YAML, which is text.
		printf '    matchPatterns: [{pattern: "%s"}]' "$base/invalid/vault/s??cret"
		;;
	dir) printf '  file:\n    matchDirectories:\n%s' "$(rules "$2" '{dir: @/vault/, recursive: true}')" ;;
	esac
}

policy_tasks() {
	[ "$1" != path ] || policy_names "$@"
}

policy_changes() {
	case $1 in
	path) printf '  file:\n    matchPaths:\n%s\n%s' "$(rules "$2" '{path: @/vault/fixed, readOnly: true}')" \
		"$(rules core-dump '{path: @/vault/core, readOnly: true}')" ;;
	dir) printf '  file:\n    matchDirectories:\n%s' "$(rules "$2" '{dir: @/vault/, recursive: true, readOnly: true}')" ;;
	esac
}

policy_programs() {
	case $1 in
	path) printf '  process:\n    matchPaths:\n%s' "$(rules "$2" '{path: @/vault/tool}')" ;;
	pattern) printf '  process:\n    matchPatterns:\n%s' "$(rules "$2" '{pattern: "@/vault/to?l"}')" ;;
	dir) printf '  process:\n    matchDirectories:\n%s' "$(rules "$2" '{dir: @/vault/}')" ;;
	allow) printf '  process:\n    action: Allow\n    matchDirectories:\n      - {dir: /usr/, recursive: true}\n      - {dir: %s/}' \
		"$(dirname "$attack")" ;;
	esac
}

policy_sources() {
	[ "$1" != path ] || printf '  file:\n    matchPaths:\n%s\n%s' "$(rules "$2" '{path: @/vault/secret}')" \
		"$(rules "$2" '{path: @/vault/secret, action: Allow, fromSource: [{path: @/bin/reader}]}')"
}

policy_sockets() {
	[ "$1" != path ] || printf '  network:\n    matchProtocols: [{protocol: "tcp,udp,raw"}]'
}

policy_keys() {
	[ "$1" != path ] || printf '  capabilities:\n    matchCapabilities: [{capability: audit_write}]'
}

# Runs a group's attacks as "$@" would, in mounts that go with it.
attempt() { # group, kind, command...
	local group=$1 kind=$2
	shift 2
	mkdir "$base"
	# shellcheck disable=SC2016
	unshare -m sh -c 'attack=$1 group=$2 kind=$3 base=$4; shift 4
		"$attack" prepare "$group" "$base" && exec "$@" "$attack" run "$group" "$kind" "$base"' \
		- "$attack" "$group" "$kind" "$base" "$@" 2> "$here/err"
	rm -rf "$base"
}

# What the backend is known to keep otherwise, by group, kind and attack: the outcome, and the hole's name.
declare -A known
know() {
	local when groups kinds names outcome hole group kind name profile
	# What the backend denies every workload for its own sake is denied here as well.
	profile=$("$karmor" compile --backend "$backend" "$(dirname "$0")/../../examples/policies/protect-shadow.yaml")
	while IFS=$'\t' read -r when groups kinds names outcome hole; do
		case $when in
		always) ;;
		no-move_mount) [ ! -e /sys/kernel/security/apparmor/features/mount/move_mount ] || continue ;;
		# Until Linux 6.5 no security module was asked about a page that goes to a socket.
		sendpage) [ "$(printf '%s\n' 6.5 "$(uname -r)" | sort -V | head -n 1)" != 6.5 ] || continue ;;
		no-self-protection) ! grep -q sys_rawio <<< "$profile" || continue ;;
		*) continue ;; # a heading or a remark
		esac
		for group in $groups; do for kind in $kinds; do for name in $names; do
			known[$group $kind $name]=$outcome$'\t'$hole
		done; done; done
	done
}

# judge GROUP KIND: compares the outcomes on standard input with what is wanted.
judge() {
	local name outcome wanted reported
	while IFS=$'\t' read -r name wanted; do
		outcome=${name#* } name=${name%% *} reported=
		# What is given a label when it has come may have it already or not, and what is asked of /proc may be answered.
		if [[ "${known[$1 $2 $name]-}" == either* ]]; then
			[[ "$outcome" == past || "$outcome" == stopped* ]]
			check $? "$1, $2: $name is past or stopped (as reported: ${known[$1 $2 $name]#*$'\t'})" "$outcome"
			unset "known[$1 $2 $name]"
			continue
		fi
		if [ -n "${known[$1 $2 $name]-}" ]; then
			[ "$wanted" != "${known[$1 $2 $name]%$'\t'*}" ]
			check $? "$1, $2: $name is not $wanted without a reason"
			reported=" (as reported: ${known[$1 $2 $name]#*$'\t'})"
			wanted=${known[$1 $2 $name]%$'\t'*}
			unset "known[$1 $2 $name]"
		fi
		case $outcome/$wanted in
		lacks*) [ "$2" != none ] || skip "$1: $name" "this kernel lacks ${outcome#lacks }" ;;
		past/past | stopped\ EACCES/stopped | stopped\ EPERM/stopped)
			check 0 "$1, $2: $name is $wanted$reported" ;;
		*) check 1 "$1, $2: $name is $wanted$reported" "$outcome" ;;
		esac
	done
}

group() { # group, kind...
	local group=$1 names kind text
	shift
	names=$("$attack" list "$group")
	for kind in none "$@"; do
		if [ "$kind" = none ]; then
			attempt "$group" none env > "$here/out"
		else
			policy "$("policy_$group" "$kind" "$names")" > "$here/policy.yaml"
			text=$([ "$kind" != allow ] || echo --posture file=block)
			# shellcheck disable=SC2086
			attempt "$group" "$kind" "$karmor" run -p "$here/policy.yaml" --backend "$backend" $text \
				--events "$here/events" -- > "$here/out"
		fi
		is "$(wc -l < "$here/out")" "$(wc -w <<< "$names")" "$group, $kind: every attack was tried"
		[ "$(wc -l < "$here/out")" -gt 0 ] || sed 's/^/#   /' "$here/err"
		judge "$group" "$kind" < "$here/out"
	done
}

(cd "$here" && exec "$attack" serve "$here/helper") &
helper=$!
if [ "$backend" = bpf ]; then
	keep_loaded
	groups=()
else
	know < "$(dirname "$0")/attack/$backend.tsv"
	# The keys are those to what BPF enforces with.
	groups=(names mounts tasks changes programs sources sockets lengths)
fi
[ $# -eq 0 ] || groups=("$@")
for each in "names path pattern dir allow" "mounts path pattern dir allow" "tasks path" "changes path dir" \
	"programs path pattern dir allow" "sources path" "sockets path" "keys path" "lengths path dir"; do
	# The parser takes too long over the thousands of directories that are above one path, and says so.
	[ "$backend" != apparmor ] || each=${each/lengths path/lengths}
	# What is in /proc bears no labels, so that a rule to let it be read is refused.
	[ "$backend" != selinux ] || [[ "$each" != names* && "$each" != mounts* ]] || each=${each% allow}
	[ ${#groups[@]} -ne 0 ] && [[ " ${groups[*]} " != *" ${each%% *} "* ]] && continue
	# shellcheck disable=SC2086 # a group and its kinds
	group $each
done
kill "$helper"
[ "$backend" != bpf ] || unkeep
# What is listed and was not tried is a list that nobody can believe.
if [ $# -eq 0 ]; then
	is "${!known[*]}" "" "everything that is known was tried"
fi
plan
