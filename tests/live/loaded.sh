#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The programs as they are loaded: what the verifier had to read, and hooks that have lost the decision.
set -u
. "$(dirname "$0")/tap.sh"

pins=/sys/fs/bpf/karmor
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# What loading costs everybody who runs a workload: a program that carries more than it needs shows here. Newer
# verifiers look at the same code from more sides: 60,000 on 7.3.
verified_max=68000
[[ $(uname -r) != 6.12.* ]] || verified_max=41500

keep_loaded
"$build/tests/bench/programs" verified > "$work/verified"
sort -t "$(printf '\t')" -k 3 -nr "$work/verified" | head -n 6 | sed 's/^/# /'
verified=$(sed -n 's/^all programs\tverified\t//p' "$work/verified")
[ "$verified" -gt 0 ] && [ "$verified" -le $verified_max ]
check $? "the verifier read no more than $verified_max instructions of all programs" "$verified"

cat > "$work/passwd.yaml" <<- END
	apiVersion: security.kubearmor.com/v1
	kind: KubeArmorPolicy
	metadata: {name: passwd}
	spec:
	  selector: {}
	  file: {matchPaths: [{path: /etc/shadow}]}
	  capabilities: {matchCapabilities: [{capability: sys_time}]}
END
# Executes before and after the decision is taken out of the hook of executing.
cat > "$work/runs.sh" <<- END
	/bin/true && echo ran
	echo > "$work/asked"
	while [ ! -e "$work/taken" ]; do :; done
	for ((n = 0; n < 2000; n++)); do
		/bin/true 2> /dev/null || { echo denied; break; }
	done
END
"$karmor" run -p "$work/passwd.yaml" --events "$work/events" -- bash "$work/runs.sh" > "$work/out" 2> "$work/err" &
eventually there "$work/asked"
rm "$pins"/*/decision_karmor_bprm_check # the kernel takes it out when it gets round to it
touch "$work/taken"
wait $!
is "$(tr '\n' ' ' < "$work/out")" "ran denied " "a hook that has lost the decision denies"
is "$(/bin/echo ran)" "ran" "control: nobody else is asked"
unkeep
eventually gone "$pins"
check $? "what is left of the programs goes with the last workload" "$(ls "$pins" 2>&1)"
plan
