#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Every live suite, one after the other, as one TAP stream. Root, in a virtual machine.
set -u

here=$(cd "$(dirname "$0")" && pwd)
total=0

# Renumbers a suite's TAP; a suite that ends without its plan, or with tests missing from it, has failed.
suite() {
	local name=$1 out
	shift
	out=$(mktemp)
	echo "# suite $name"
	"$@" > "$out"
	awk -v name="$name" -v at="$total" '
		/^(ok|not ok) / { at++; seen++; rest = $0; sub(/^(not )?ok [0-9]+/, "", rest)
			print ($1 == "ok" ? "ok " : "not ok ") at rest; next }
		/^1\.\.[0-9]+/ { planned = substr($1, 4); plan = 1; next }
		{ print }
		END { if (!plan || planned != seen)
			{ at++; print "not ok " at " - " name " ran to its end (planned " planned + 0 ", ran " seen + 0 ")" }
		}' "$out"
	total=$((total + $(grep -cE '^(ok|not ok) ' "$out")))
	awk '/^(ok|not ok) /{n++} /^1\.\./{p = substr($1, 4); q = 1} END { exit q && p == n }' "$out" && total=$((total + 1))
	rm -f "$out"
}

suite probe "$here/probe.sh"
suite run "$here/run.sh"
suite mission "$here/mission.sh"
suite labels "$here/labels.sh"
suite attacks "$here/attacks.sh"
suite exact "$here/exact.sh"
suite syscalls "$here/syscalls.sh"
suite programs "$here/programs.sh"
suite tables "${KARMOR_BUILD:-$here/../../build}/tests/live/table" --tap --backend "${KARMOR_BACKEND:-bpf}" \
	"$here/../data/conformance/cases.tsv" "$here"/../tables/*.tsv
suite contract "${KARMOR_BUILD:-$here/../../build}/tests/contract/contract" bpf
echo "1..$total"
