# SPDX-License-Identifier: Apache-2.0
# What the live suites in shell share: TAP, and the programs under test.
# shellcheck shell=bash

build=${KARMOR_BUILD:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)/build}
karmor=$build/daemon/karmor
number=0

# check STATUS NAME [WHAT HAPPENED]: one test, passed where STATUS is 0.
check() {
	number=$((number + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $number - $2"
	else
		echo "not ok $number - $2"
		printf '%s\n' "${3:-}" | tail -n 8 | sed 's/^/#   /'
	fi
}

# skip NAME REASON: a test that cannot be asked here.
skip() {
	number=$((number + 1))
	echo "ok $number - $1 # SKIP $2"
}

# is GOT WANTED NAME
is() {
	[ "$1" = "$2" ]
	check $? "$3" "got: $1; wanted: $2"
}

# has TEXT PART NAME
has() {
	[[ $1 == *"$2"* ]]
	check $? "$3" "got: $1; wanted in it: $2"
}

# lacks TEXT PART NAME
lacks() {
	[[ $1 != *"$2"* ]]
	check $? "$3" "got: $1; not wanted in it: $2"
}

plan() {
	echo "1..$number"
}

# eventually COMMAND...: waits, at most a minute, until the command succeeds. Emulation is slow, and the
# kernel frees programs when it gets round to it.
eventually() {
	local i
	for ((i = 0; i < 300; i++)); do
		"$@" && return 0
		sleep 0.2
	done
	return 1
}

# What takes minutes where the machine is busy, as a change of SELinux's policy does.
at_length() { # COMMAND...
	local i
	for ((i = 0; i < 10; i++)); do
		eventually "$@" && return
	done
	return 1
}

gone() { # PATH
	[ ! -e "$1" ]
}

there() { # PATH
	[ -e "$1" ]
}

# drops PID: whether it has but the capabilities that karmord keeps once it has started, and can get no others.
drops() {
	local bit mask=0
	# DAC_READ_SEARCH, KILL, SYS_PTRACE, SYS_ADMIN, MAC_ADMIN, AUDIT_READ, PERFMON, BPF
	for bit in 2 5 19 21 33 37 38 39; do
		mask=$((mask | 1 << bit))
	done
	[ "$(awk '/^Cap(Prm|Eff|Inh|Amb):|^NoNewPrivs:/ { print $2 }' "/proc/$1/status" | xargs)" = \
		"$(printf '%016x %016x %016x %016x 1' 0 $mask $mask 0)" ]
}

unloaded() {
	[ "$(bpftool prog show 2> /dev/null | grep -c karmor)" -eq 0 ]
}

all_attached() {
	compgen -G "/sys/fs/bpf/karmor/*/link_karmor_umount" > /dev/null
}

# Keeps a workload of its own running, so that the programs are loaded once and not for every run.
keep_loaded() {
	"$karmor" run -p "$(dirname "${BASH_SOURCE[0]}")/../../examples/policies/watch-etc.yaml" -- sleep 100000 > /dev/null 2>&1 &
	keeper=$!
	eventually all_attached && return
	# Whatever follows would take its time to say the same.
	"$build/daemon/karmor-probe" | sed 's/^/# /'
	exit 1
}

unkeep() {
	kill "$keeper"
	wait "$keeper" 2> /dev/null
}
