# SPDX-License-Identifier: Apache-2.0
# One TAP stream out of many suites.
# shellcheck shell=bash

total=0

# Renumbers a suite's TAP; a suite that ends without its plan, with tests missing from it, or without one has failed.
suite() {
	local name=$1 out started=$SECONDS
	shift
	out=$(mktemp)
	echo "# suite $name"
	"$@" | awk -v name="$name" -v at="$total" '
		/^(ok|not ok) / { at++; seen++; rest = $0; sub(/^(not )?ok [0-9]+/, "", rest)
			print ($1 == "ok" ? "ok " : "not ok ") at rest; next }
		/^1\.\.[0-9]+/ { planned = substr($1, 4); plan = 1; next }
		{ print }
		END { if (!plan || !seen || planned != seen)
			{ at++; print "not ok " at " - " name " ran to its end (planned " planned + 0 ", ran " seen + 0 ")" }
		}' | tee "$out"
	total=$((total + $(grep -cE '^(ok|not ok) ' "$out")))
	echo "# suite $name took $((SECONDS - started)) s"
	rm -f "$out"
}
