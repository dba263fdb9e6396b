#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What karmor-probe says of kernels on which BPF-LSM cannot be used. Some are this kernel with a part of it hidden;
# before Linux 5.17 it is this kernel. Root, in a virtual machine that is not used for enforcing afterwards.
set -u
. "$(dirname "$0")/tap.sh"

probe=$build/daemon/karmor-probe
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

refused() { # name, state, reason, fix, command...: the command probes, as text and with --json
	local name=$1 state=$2 reason=$3 fix=$4 text json
	shift 4
	text=$("$@" "$probe" 2>&1)
	is $? 1 "$name: no enforcer"
	has "$text" "BPF-LSM    ${state/-/ }" "$name: it is $state"
	has "$text" "$reason" "$name: the probe says why"
	has "$text" "fix: $fix" "$name: and what to do"
	json=$("$@" "$probe" --json 2>&1)
	has "$json" "\"state\": \"$state\"" "$name: the state is in the JSON"
	has "$json" "$reason" "$name: the reason as well"
	has "$json" "\"fix\": \"$fix" "$name: and the fix"
	has "$json" '"active": null' "$name: and nothing is active"
}

# covered TARGET SOURCE COMMAND...: another file in a file's place.
covered() {
	# shellcheck disable=SC2016
	unshare -m sh -c 'mount --bind "$1" "$0" && shift && exec "$@"' "$@"
}

# The smallest BTF there is: one integer.
printf '\237\353\001\000\030\000\000\000\000\000\000\000\020\000\000\000\020\000\000\000\005\000\000\000' > "$work/btf"
printf '\001\000\000\000\000\000\000\001\004\000\000\000\040\000\000\001\000int\000' >> "$work/btf"
echo capability > "$work/lsm"
btf=/sys/kernel/btf/vmlinux

# shellcheck disable=SC2317 # called by covered
unlisted() {
	covered /sys/kernel/security/lsm "$work/lsm" "$@"
}

refused "no BTF" not-active "the kernel gives no BTF" "run a kernel built with CONFIG_DEBUG_INFO_BTF=y" \
	covered "$btf" /dev/null
refused "not listed" not-active "not in lsm=" "boot with lsm=...,bpf" unlisted
refused "not built" not-active "not built into this kernel" "run a kernel built with CONFIG_BPF_LSM=y" \
	covered "$btf" "$work/btf" unshare -m sh -c "mount --bind $work/lsm /sys/kernel/security/lsm && exec \"\$0\" \"\$@\""
refused "no ring buffer" not-active "no BPF ring buffer" "run Linux 5.17 or later" \
	env LD_PRELOAD="$build/tests/live/librefuse.so" KARMOR_REFUSE=ring
if grep -q bpf_loop /proc/kallsyms; then
	refused "programs refused" broken "bpf is in lsm=, but the kernel refuses to load or attach LSM programs: Operation not permitted" \
		"choose another backend" env LD_PRELOAD="$build/tests/live/librefuse.so" KARMOR_REFUSE=lsm
	"$probe" > "$work/out"
	is $? 0 "control: this kernel as it is has an enforcer"
	echo confidentiality > /sys/kernel/security/lockdown
	refused "locked down" not-active "locked down for confidentiality" "boot with lockdown=integrity" env
else
	refused "this kernel" not-active "no bpf_loop, which came with" "run Linux 5.17 or later" env
	"$karmor" run -p "$(dirname "$0")/../../examples/policies/protect-shadow.yaml" -- touch "$work/ran" 2> "$work/err"
	is $? 2 "karmor run does not start the command"
	has "$(cat "$work/err")" "BPF-LSM is not usable here: this kernel has no" "and says why"
	[ ! -e "$work/ran" ]
	check $? "and it was not started"
fi
plan
