#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What a rule means under other names, through the loader, and by ways that have no name of their own: each access
# first without the policy (the control), then under it.
set -u
. "$(dirname "$0")/tap.sh"

work=$(mktemp -d)
here=/srv/exact
actor=$here/actor
trap 'rm -rf "$work"; umount -l "$here"' EXIT

policy() { # name, section text
	printf 'apiVersion: security.kubearmor.com/v1\nkind: KubeArmorPolicy\nmetadata:\n  name: %s\nspec:\n  selector: {}\n%s\n' \
		"$1" "$2" > "$work/$1.yaml"
}

run() { # policy, command...
	local policy=$1
	shift
	: > "$work/events"
	"$karmor" run -p "$work/$policy.yaml" --events "$work/events" -- "$@" 2> "$work/err"
	# A command that was not started is not one that was denied.
	[ $? -ne 2 ] || cat "$work/err"
}

# both POLICY WITHOUT WITH NAME ACT...: what the actor's act comes to without the policy and under it.
both() {
	local policy=$1 without=$2 with=$3 name=$4
	shift 4
	is "$("$actor" "$@")" "$without" "control: $name"
	is "$(run "$policy" "$actor" "$@")" "$with" "$policy: $name: $with"
}

# each POLICY [PREFIX...]: lines "WITHOUT WITH COMMAND...", where a command prints one word: all of them without the
# policy, then all in one workload under it. PREFIX is how both are started.
each() {
	local policy=$1 n=0 without with command
	shift
	cat > "$work/lines"
	cut -d' ' -f3- "$work/lines" > "$work/commands"
	"$@" sh "$work/commands" > "$work/without" 2> /dev/null
	: > "$work/events"
	"$@" "$karmor" run -p "$work/$policy.yaml" --events "$work/events" -- sh "$work/commands" > "$work/with" 2> "$work/err"
	while read -r without with command; do
		n=$((n + 1))
		is "$(sed -n "${n}p" "$work/without")" "$without" "control: $command: $without"
		is "$(sed -n "${n}p" "$work/with")" "$with" "$policy: $command: $with"
	done < "$work/lines"
}

mkdir -p "$here"
mount -t tmpfs none "$here"
mkdir -p "$here/a" "$here/b" "$here/c"
cp "$build/tests/live/actor" "$actor"
echo content > "$here/a/secret"
keep_loaded

. "$(dirname "$0")/exact-binds.sh"
. "$(dirname "$0")/exact-links.sh"
. "$(dirname "$0")/exact-loader.sh"
. "$(dirname "$0")/exact-changes.sh"
. "$(dirname "$0")/exact-names.sh"
. "$(dirname "$0")/exact-mounts.sh"
. "$(dirname "$0")/exact-overlay.sh"
. "$(dirname "$0")/exact-quick.sh"

unkeep
plan
