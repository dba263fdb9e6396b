#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What preparing a container costs where tasks enter by a label, as under AppArmor: 100 workloads, one policy for each of them.
# Prints figures and TAP. In a guest of tests/vm/run --icount; see karmord.sh.
set -u
. "$(dirname "$0")/../live/tap.sh"

workloads=100
work=$(mktemp -d)
mkdir "$work/policies.d"
printf 'policies: %s/policies.d\nstate: %s/state\ngroup: root\n' "$work" "$work" > "$work/karmord.yaml"
# Where bpf is in lsm= the usual order does not come to AppArmor.
! grep -qw bpf /sys/kernel/security/lsm || echo 'backends: [apparmor]' >> "$work/karmord.yaml"
trap 'kill -9 "${daemon:-}" 2> /dev/null; rm -rf "$work"' EXIT

now() { # microseconds
	echo "${EPOCHREALTIME/./}"
}

write_policy() { # NUMBER
	printf 'apiVersion: security.kubearmor.com/v1\nkind: KubeArmorPolicy\nmetadata: {name: p%d}\nspec:\n  selector: {matchLabels: {app: w%d}}\n  file: {matchPaths: [{path: /srv/w%d}]}\n' \
		"$1" "$1" "$1" > "$work/policies.d/p$1.yaml"
}

policies_are() { # NUMBER
	[ "$("$karmor" get policies -o json | grep -c '"name"')" -eq "$1" ]
}

prepare() { # NUMBER: $took is what it took, in thousand instructions
	local begun
	begun=$(now)
	(cd "$work" && "$karmor" oci-hook precreate --config "$work/karmord.yaml" --id "w$1") > "$work/prepared" <<- END
		{"ociVersion": "1.0.2", "process": {"args": ["/bin/true"], "cwd": "/"}, "root": {"path": "/"}, "annotations": {"app": "w$1"}}
	END
	local status=$?
	took=$(($(now) - begun))
	return $status
}

at_most() { # FIGURE LIMIT NAME
	[ "$1" -le "$2" ]
	check $? "$3: $1, at most $2"
}

write_policy 0
"$build/daemon/karmord" --config "$work/karmord.yaml" 2> "$work/log" &
daemon=$!
disown
eventually policies_are 1
prepare 0
has "$(cat "$work/prepared")" 'rofile":"karmor-lasting-' "the first is prepared"
at_most "$took" 300000 "thousand instructions of the hook, the first workload and one policy"
for ((i = 1; i < workloads; i++)); do
	write_policy $i
done
eventually policies_are $workloads
slowest=0
for ((i = 1; i < workloads; i++)); do
	prepare $i || break
	[ $took -le $slowest ] || slowest=$took
done
is "$("$karmor" get workloads -o json | grep -c '"name"')" "$workloads" "there are $workloads workloads" "$(tail -n 3 "$work/log")"
echo "# thousand instructions of the hook for the last: $took"
at_most $slowest 300000 "thousand instructions of the hook, the slowest of the others under $workloads policies"
plan
