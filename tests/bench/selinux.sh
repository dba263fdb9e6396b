#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# usage: tests/bench/selinux.sh [WORKLOADS]
# Workloads (100) that start under karmord by SELinux: how many policies are loaded for them, for a change of the rules of
# all, and when karmord comes again; and what a start costs for which none is loaded. Prints figures and TAP. Root, in a
# guest whose kernel has SELinux; with tests/vm/run --icount a task's time counts instructions, and a second of a processor
# is taken for 3,000 million. Such a guest's clock runs on while it waits for its disk, for as long as the host likes: waits
# are counted, as the disk's flushes.
set -u
. "$(dirname "$0")/../live/tap.sh"

workloads=${1:-100}
few=12
limit=300000 # thousand instructions of a start, a tenth of that second
work=$(mktemp -d /srv/bench.XXXXXX) # on a disk
trap 'setenforce 0; kill -9 "${daemon:-}" "${workers[@]}" 2> /dev/null; rm -rf "$work"' EXIT
workers=()
mkdir -p /srv/k "$work/policies.d"
echo secret > /srv/k/first
echo secret > /srv/k/second
printf 'backends: [selinux]\npolicies: %s/policies.d\nstate: %s/state\n' "$work" "$work" > "$work/karmord.yaml"

policy() { # PATH
	printf 'apiVersion: security.kubearmor.com/v1\nkind: KubeArmorPolicy\nmetadata: {name: p}\nspec:\n  selector: {matchLabels: {app: web}}\n  action: Block\n  file: {matchPaths: [{path: %s}], matchDirectories: [{dir: /data/, recursive: true}]}\n' "$1"
}

# How many policies the kernel was given.
loads() {
	od -An -t u4 -j 12 -N 4 /sys/fs/selinux/status | tr -d ' '
}

# It does, or never will.
answers() {
	"$karmor" get policies > /dev/null 2>&1 || ! kill -0 "$daemon" 2> /dev/null
}

start() {
	"$build/daemon/karmord" --config "$work/karmord.yaml" 2>> "$work/log" &
	daemon=$!
	at_length answers
	"$karmor" get policies > /dev/null 2>&1 || sed 's/^/# /' "$work/log"
}

# The policies of now are in force: it answers once a change is done.
has_path() { # PATH
	"$karmor" get policies -o yaml 2> /dev/null | grep -q "$1"
}

loaded() {
	[ "$(loads)" -gt "$before" ]
}

processor() { # TASK: thousand instructions, of nanoseconds
	echo $(($(cut -d' ' -f1 "/proc/$1/schedstat") / 1000))
}

flushes() { # of all disks
	cat /sys/block/*/stat | awk '{ n += $16 } END { print n + 0 }'
}

# It is its program, and let go of.
runs() {
	[ "/proc/$1/exe" -ef "$sleep" ] && [ "$(awk '/^TracerPid/ { print $2 }' "/proc/$1/status")" -eq 0 ] || ! kill -0 "$1" 2> /dev/null
}

# $took is karmord's part and its own, $flushed what the disk was asked for.
begin() { # NAME: until it runs
	local spent before
	spent=$(processor "$daemon")
	before=$(flushes)
	"$karmor" start --name "$1" -l app=web -- "$sleep" 100000 > "$work/said" 2>&1 &
	workers+=($!)
	disown
	at_length runs $!
	took=$(($(processor "$daemon") - spent + $(processor $!)))
	flushed=$(($(flushes) - before))
	[ ! -s "$work/said" ] || sed 's/^/# /' "$work/said"
}

# The same of a container that is prepared, whose root has some files that rules are about; without the hook's own part.
prepare() { # NAME
	local spent before root=$work/roots/$1 i
	mkdir -p "$root/data"
	for ((i = 0; i < 50; i++)); do
		echo data > "$root/data/$i"
	done
	spent=$(processor "$daemon")
	before=$(flushes)
	"$karmor" oci-hook precreate --config "$work/karmord.yaml" --id "$1" > "$work/prepared" 2> "$work/said" <<- END
		{"ociVersion": "1.0.2", "annotations": {"app": "web"}, "root": {"path": "$root"}, "process": {"args": ["/data/0"]}}
	END
	took=$(($(processor "$daemon") - spent))
	flushed=$(($(flushes) - before))
	[ ! -s "$work/said" ] || sed 's/^/# /' "$work/said"
}

# Starts as many as there are to be: $dearest of the first few and of all for which no policy is loaded.
begin_all() { # COMMAND PREFIX
	local i had
	cheap=0 dearest=0 of_few=0 flushed_all=0
	for ((i = 0; i < workloads; i++)); do
		had=$(loads)
		"$1" "$2$i"
		[ "$(loads)" -eq "$had" ] || continue
		cheap=$((cheap + 1))
		flushed_all=$((flushed_all + flushed))
		[ "$took" -le "$dearest" ] || dearest=$took
		[ $i -ge $few ] || of_few=$dearest
	done
}

check_costs() { # WHAT
	echo "# thousand instructions of $1, the dearest of the first $few: $of_few, of all: $dearest, the last: $took"
	[ "$dearest" -le "$limit" ]
	check $? "$1 takes at most $limit thousand instructions: $dearest"
	echo "# flushes of the disk: $flushed_all in $cheap"
	[ $flushed_all -le $((2 * cheap)) ]
	check $? "it waits for the disk twice at most"
}

sleep=$(realpath "$(command -v sleep)")
policy /srv/k/first > "$work/policies.d/p.yaml"
setenforce 1
start
before=$(loads)
begin_all begin w
is "$("$karmor" get workloads -o json | grep -c '"name"')" "$workloads" "there are $workloads workloads" "$(tail -n 3 "$work/log")"
echo "# policies loaded for $workloads workloads of the same rules: $(($(loads) - before)); started without one: $cheap"
is "$(loads)" "$before" "for none of them a policy is loaded, but with their policies"
check_costs "a start without one"
[ "$dearest" -le $((2 * of_few)) ]
check $? "and not twice what one of the first $few does: $of_few"

before=$(loads)
spent=$(processor "$daemon")
policy /srv/k/second > "$work/new.yaml"
mv "$work/new.yaml" "$work/policies.d/p.yaml"
at_length has_path /srv/k/second
check $? "what all rules say of files is changed" "$(cat "$work/log")"
echo "# that took $(($(processor "$daemon") - spent)) thousand instructions, with the answers to who waits"
is "$(loads)" "$before" "by labels, without another policy"
policy /srv/k/third > "$work/new.yaml"
echo '  network: {matchProtocols: [{protocol: raw}]}' >> "$work/new.yaml"
mv "$work/new.yaml" "$work/policies.d/p.yaml"
at_length loaded
check $? "the rules of all are changed about more than files" "$(cat "$work/log")"
"$karmor" get policies > /dev/null 2>&1
is "$(($(loads) - before))" 1 "by one policy"
roles=$(cat /proc/[0-9]*/attr/current 2> /dev/null | tr "\0" "\n" | grep -c ":karmor_w")
[ "$roles" -ge "$workloads" ]
check $? "which all of them are under"
kill -KILL "$daemon"
wait "$daemon" 2> /dev/null
before=$(loads)
start
is "$("$karmor" get workloads -o json | grep -c '"adopted": *true')" "$workloads" "the next karmord takes all over"
is "$(loads)" "$before" "without a policy"
kill -9 "${workers[@]}" 2> /dev/null
workers=()
empty() {
	[ "$("$karmor" get workloads -o json | grep -c '"name"')" -eq 0 ]
}
at_length empty
check $? "they are forgotten when they have ended"
begin last
is "$(loads)" "$before" "one that starts after all the others needs none"
echo "# that took $took thousand instructions"
before=$(loads)
begin_all prepare c
echo "# policies loaded for $workloads containers: $(($(loads) - before)); prepared without one: $cheap"
check_costs "a container that is prepared without one"
plan
