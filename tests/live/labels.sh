#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Labels: no task of a workload is without its own for a moment, and each is counted until it ends.
set -u
. "$(dirname "$0")/tap.sh"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
seconds=$([ -n "${KARMOR_LONG:-}" ] && echo 120 || echo 6)

cat > "$work/shadow.yaml" <<- END
	apiVersion: security.kubearmor.com/v1
	kind: KubeArmorPolicy
	metadata: {name: shadow}
	spec:
	  selector: {}
	  file: {matchPaths: [{path: /etc/shadow}]}
END
run() {
	"$karmor" run -p "$work/shadow.yaml" --events /dev/null -- "$@"
}

echo "# opens and forks on one processor for $seconds s"
is "$("$build/tests/live/storm" /etc/shadow 2)" "passed passed" "control: all opens pass without a policy, those of children too"
out=$(run "$build/tests/live/storm" /etc/shadow "$seconds" 2> "$work/err")
is "$out" "denied denied" "none does under it"
sed 's/^/# /' "$work/err"

run sh -c 'i=0; while [ $i -lt 300 ]; do (exit 0); i=$((i + 1)); done'
is $? 0 "a loop of 300 children ends"
eventually gone /sys/fs/bpf/karmor
check $? "and so does its workload: every child was counted out" "$(ls /sys/fs/bpf/karmor 2>&1)"
plan
