#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The examples that enforce, as tests/lint/check-install compiled them against what was installed.
set -u
here=$(cd "$(dirname "$0")" && pwd)
. "$here/tap.sh"

prefix=$build/prefix
policy=$here/../../examples/policies/protect-shadow.yaml
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
library=$(find "$prefix" -name libkarmor.so.0)
[ -n "$library" ] || check 1 "there is an installation" "run tests/lint/check-install $build cc first"
export LD_LIBRARY_PATH=${library%/*}

keep_loaded
cat /etc/shadow > /dev/null
check $? "control: without a policy the file is read"
for kind in shared static; do
	"$prefix/enforce-$kind" "$policy" cat /etc/shadow > "$work/out" 2>&1
	is $? 1 "enforce, $kind: gives the command's status"
	has "$(cat "$work/out")" "Permission denied" "enforce, $kind: the file is not read"
	has "$(cat "$work/out")" '"PolicyName":"protect-shadow"' "enforce, $kind: its event is told"

	mkfifo "$work/go"
	sh -c "read go < $work/go; cat /etc/shadow > $work/got 2>&1; exit 0" &
	task=$!
	"$prefix/events-$kind" "$policy" "$task" > "$work/out" 2>&1 &
	follower=$!
	eventually grep -qs "^following $task$" "$work/out"
	echo go > "$work/go"
	wait "$task"
	wait "$follower"
	is $? 0 "events, $kind: ends when the task is gone"
	has "$(cat "$work/got")" "Permission denied" "events, $kind: what the task starts is denied"
	has "$(cat "$work/out")" "karmor: block read /etc/shadow by" "events, $kind: and told"
	rm "$work/go"
done
unkeep
plan
