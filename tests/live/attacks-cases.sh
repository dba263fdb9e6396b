#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Ways round a policy that take more than one attempt at one file: floods, races, kills, and what a task had
# before it was confined. KARMOR_LONG=1 does each as often as it takes to believe it.
# KARMOR_BACKEND: who enforces, bpf unless given; what is not asked of another one is said where it is left out.
set -u
. "$(dirname "$0")/tap.sh"

backend=${KARMOR_BACKEND:-bpf}
work=$(mktemp -d)
here=/srv/attacks
attack=$build/tests/live/attack
trap 'umount "$here/race" 2> /dev/null; rm -rf "$work" "$here"' EXIT

if [ -n "${KARMOR_LONG:-}" ]; then
	opens=1000000 races=10000000 forks=30000 kills=500
else
	opens=10000 races=10000 forks=600 kills=8
fi

policy() { # name, section text
	printf 'apiVersion: security.kubearmor.com/v1\nkind: KubeArmorPolicy\nmetadata:\n  name: %s\nspec:\n  selector: {}\n%s\n' \
		"$1" "$2" > "$work/$1.yaml"
}

karmor_run() {
	"$karmor" run --backend "$backend" "$@"
}

bpf() {
	[ "$backend" = bpf ]
}

! bpf || keep_loaded
run() { # policy, command...
	local policy=$1
	shift
	karmor_run -p "$work/$policy.yaml" --events "$work/events" -- "$@" 2> "$work/err"
	# A command that was not started is not one that was denied.
	[ $? -ne 2 ] || cat "$work/err"
}

mkdir -p "$here/tmpfs"
for program in actor own; do cp "$build/tests/live/actor" "$here/$program"; done
printf 'the secret\n' > "$here/secret"
policy secret "  file: {matchPaths: [{path: $here/secret}]}"

# A filesystem that is mounted a second time shows everything under a second name.
policy hostname '  file: {matchPaths: [{path: /proc/sys/kernel/hostname}]}'
again="$here/actor mount proc /mnt > /dev/null; cat /mnt/sys/kernel/hostname"
is "$(unshare -m sh -c "$again")" "$(hostname)" "control: proc can be mounted again"
is "$(run hostname unshare -m sh -c "$again")" "" "proc mounted again does not show a blocked file"
bpf && mount='write lsm=sb_mount' || mount='lsm=mount"'
has "$(cat "$work/events")" "$mount" "and the mount is told of"
# AppArmor allows none where a path is blocked.
! bpf || is "$(run hostname unshare -m "$here/actor" tmpfs /mnt)" ok "an empty filesystem can be mounted, and propagation be changed"

# A program that may not start itself can be started by others.
policy own "  process: {matchPatterns: [{pattern: $here/ow*, fromSource: [{path: $here/own}]}]}"
is "$(run own "$here/own" read /etc/hostname)" ok "a program that a rule keeps from starting itself runs"
is "$(run own "$here/own" spawn "$here/own")" EACCES "and does not start itself"
is "$(run own "$here/own" spawn "$here/actor")" ok "but others"

# An executable whose name cannot be told, for its mount has no place any more: AppArmor executes none.
detached() { # policy
	mount -t tmpfs none "$here/tmpfs"
	cp "$here/actor" "$here/tmpfs/"
	(cd "$here/tmpfs" && umount -l "$here/tmpfs" && run "$1" ./actor read /etc/hostname)
}
if bpf; then
	policy audit "  process: {matchPaths: [{path: /usr/bin/id, action: Audit, fromSource: [{path: $here/reader}]}]}"
	policy sourced "  file: {matchPaths: [{path: $here/secret, fromSource: [{path: $here/reader}]}]}"
	is "$(detached audit)" ok "what cannot be told is no reason to deny where nothing is"
	is "$(detached sourced)" "" "and is one where something is"
	has "$(cat "$work/events")" 'could not be decided' "which is told"
fi

# Where one may look and be looked at: the same source may be traced.
policy traced "  file: {matchPaths: [{path: $here/secret}, {path: $here/secret, action: Allow, fromSource: [{path: $here/reader}]}]}"
is "$(run traced "$here/actor" traced "$here/actor")" ok "a task of the same source may be traced"
is "$(run traced sh -c 'readlink /proc/$$/exe')" "$(readlink -f /bin/sh)" "a task sees what those of its workload run"
is "$(run traced cat /proc/1/comm)" "$(cat /proc/1/comm)" "and of others what everybody may see"

# What a task had before: the open that counted was another's, and a new one is its own.
is "$(karmor_run -p "$work/secret.yaml" -- cat < "$here/secret" 2> "$work/err")" "the secret" \
	"a descriptor from before can be read, as the language has it"
is "$(karmor_run -p "$work/secret.yaml" -- cat /proc/self/fd/0 < "$here/secret" 2> "$work/err")" "" \
	"and not be opened again"

# What enforces lies below /sys: taking that away, with all that is mounted on it.
is "$(unshare -m sh -c "umount -l /sys && cat $here/secret")" "the secret" "control: /sys can be unmounted with what is below"
is "$(run secret sh -c "umount -l /sys; sleep 3; cat $here/secret")" "" "enforcement does not go with a lazy umount above its pins"
is "$(run secret sh -c "umount -l /sys/fs/bpf; sleep 3; cat $here/secret")" "" "nor with one of the pins themselves"
is "$(run secret sh -c "echo 0 > /proc/sys/kernel/ftrace_enabled; sleep 1; cat $here/secret")" "" "nor with the kernel's trampolines"
is "$(cat /proc/sys/kernel/ftrace_enabled)" 1 "which stay"
# AppArmor allows that as little as a mount.
! bpf || mount -t tmpfs none "$here/tmpfs"
! bpf || is "$(run secret sh -c "umount -l $here/tmpfs && echo ok")" ok "what has nothing to do with it can be unmounted"

# Names that look like something else when they are told.
evil=$'x","Action":"Allow"}\n{"PolicyName":"forged"}\nkarmor: block read forged by \x1b[31m\xff\xe2\x80\xae'
mkdir "$here/names"
echo > "$here/names/$evil"
cp "$(readlink -f /bin/cat)" "$here/names/cat $evil"
policy names "  file: {matchDirectories: [{dir: $here/names/}]}"
rm -f "$work/events"
run names "$here/names/cat $evil" "$here/names/$evil"
is "$(grep -c '"PolicyName":"names".*"Action":"Block"' "$work/events")" 1 "the event is told"
is "$(grep -c '^{"Timestamp' "$work/events")" "$(wc -l < "$work/events")" "every line of JSON is an event, whatever a file is called"
lacks "$(cat "$work/events")" '"PolicyName":"forged"' "and says no more than the kernel decided"
is "$(LC_ALL=C grep -c '[^ -~]' "$work/events")" 0 "and has no byte that is no text"
# shellcheck disable=SC2016 # What cat itself says is its own affair.
karmor_run -p "$work/names.yaml" -- sh -c 'exec "$0" "$1" 2> /dev/null' "$here/names/cat $evil" "$here/names/$evil" \
	2> "$work/text" > /dev/null
is "$(grep -ac '^karmor: block read /srv/attacks/names/' "$work/text")" 1 "so is the alert in text"
is "$(grep -ac '^karmor: block read forged' "$work/text")" 0 "which does not begin with what a file is called"
is "$(grep -a '^karmor: ' "$work/text" | LC_ALL=C grep -ac '[^ -~]')" 0 "or bring a terminal out of order"

# More events than there is room for: the verdicts stand, and the counts add up. One of another kind is in the midst.
# AppArmor folds nothing: apparmor-audit.sh.
if bpf; then
	rm -f "$work/events"
	policy flood "  file: {matchPaths: [{path: $here/secret}, {path: $here/single}]}"
	echo single > "$here/single"
	cat > "$work/flood" <<- END
		touch $work/ready
		while [ ! -e $work/go ]; do sleep 0.1; done
		$attack opens $here/secret $((opens / 2)) > $work/half
		cat $here/single 2> /dev/null
		$attack opens $here/secret $((opens / 2)) > $work/flooded
		while [ ! -e $work/again ]; do sleep 0.1; done
		cat $here/secret
	END
	is "$("$attack" opens "$here/secret" 10)" "10 of 10 past" "control: every open gets past"
	is "$(cat "$here/single")" single "control: so does another"
	run flood sh "$work/flood" > "$work/got" &
	eventually there "$work/ready"
	runner=$(pgrep -f -o "karmor run .*-p $work/flood.yaml")
	kill -STOP "$runner"
	touch "$work/go"
	eventually test -s "$work/flooded"
	is "$(cat "$work/half" "$work/flooded" | sort -u)" "0 of $((opens / 2)) past" "no open gets past while nobody reads the events"
	kill -CONT "$runner"
	eventually test -s "$work/events"
	touch "$work/again"
	wait $!
	is "$(cat "$work/got")" "" "nor after"
	counted() { # RULE: how many acts its events stand for
		grep -F "\"RulePath\":\"$1\"" "$work/events" | grep -o '"Count":[0-9]*' | awk -F: '{ n += $2 } END { print n + 0 }'
	}
	is "$(counted "$here/secret")" $((opens + 1)) "the flood is folded, and its counts add up"
	is "$(grep -c "\"Resource\":\"$here/single\"" "$work/events")" 1 "what came once in the midst of it is told by its name"
	is "$(grep -c '"Lost":[1-9]' "$work/events")" 0 "and nothing is lost"
	echo "# $(wc -l < "$work/events") events told of $((opens + 2))"
fi

# Renames by somebody outside while the path is read: it is blocked under each name that it has.
mkdir "$here/race"
mount -t tmpfs none "$here/race" # which renames at little cost
policy race "  file: {matchPaths: [{path: $here/race/a/x/secret}, {path: $here/race/b/y/secret}]}"
"$attack" renames "$here/race" &
renamer=$!
eventually there "$here/race/b"
lacks "outside: $("$attack" race "$here/race" 1000 2> /dev/null)" "outside: 0 past" "control: what is renamed all the time can be read"
is "$(run race "$attack" race "$here/race" "$races")" "0 past, some there" "what is renamed all the time stays blocked"
kill -TERM "$renamer"
wait "$renamer"
echo "# $races renames against $(grep ' opens$' "$work/err")"
umount "$here/race"

# Tasks that fork on and on, and a karmor run that is killed at any instant.
is "$("$attack" forks "$here/secret" 20)" "20 of 20 past" "control: every fork reads"
is "$(run secret "$attack" forks "$here/secret" "$forks")" "0 of $forks past" "no fork of $forks reads with its first instruction"
: > "$work/got"
for ((i = 0; i < kills; i++)); do
	"$karmor" run --backend "$backend" -p "$work/secret.yaml" -- sh -c "cat $here/secret >> $work/got" > /dev/null 2>&1 &
	sleep "0.$((RANDOM % 60 + 10))"
	kill -9 $! 2> /dev/null
	wait $! 2> /dev/null
done
nobody_reads() {
	! pgrep -f "cat $here/secret" > /dev/null
}
eventually nobody_reads
is "$(cat "$work/got")" "" "none of $kills runs reads that were killed at any instant"
! bpf || unkeep
plan
