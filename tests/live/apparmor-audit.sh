#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# AppArmor's events where others read audit records too, and where there are more records than the kernel keeps.
set -u
. "$(dirname "$0")/tap.sh"

work=$(mktemp -d)
here=/srv/apparmor-audit
log=/var/log/audit/audit.log
trap 'pkill -x auditd; rm -rf "$work" "$here"' EXIT
mkdir -p "$here" /var/log/audit
echo content > "$here/secret"
printf 'apiVersion: security.kubearmor.com/v1\nkind: KubeArmorPolicy\nmetadata: {name: secret}\nspec:\n  selector: {}\n  file: {matchPaths: [{path: %s}]}\n' \
	"$here/secret" > "$work/secret.yaml"

run() { # command...
	: > "$work/events"
	"$karmor" run -p "$work/secret.yaml" --backend apparmor --events "$work/events" -- "$@" 2> "$work/err"
}

# Denied accesses that events stand for, and those that they say were lost.
counted() {
	python3 - "$work/events" << 'END'
import json
import sys

with open(sys.argv[1], encoding="utf-8") as file:
    events = [json.loads(line) for line in file]
print(sum(event["Count"] for event in events if event["Operation"] == "File"), sum(event["Lost"] for event in events))
END
}

reader() { # is auditd the kernel's reader?
	auditctl -s | grep -q '^pid [1-9]'
}

unread() {
	! reader
}

told() { # counts
	[ "$(counted)" = "$1" ]
}

has "$(run cat "$here/secret" 2>&1; counted)" "1 0" "without auditd the event is told"
auditd
eventually reader
check $? "auditd reads audit records" "$(auditctl -s 2>&1)"
run cat "$here/secret"
is "$(counted)" "1 0" "beside auditd the event is told"
eventually grep -q "apparmor=\"DENIED\".*$here/secret" "$log"
check $? "and auditd has it too" "$(tail -n 3 "$log")"
# It comes and goes while a command runs.
mkfifo "$work/ended" "$work/back"
run sh -c "read x < $here/secret; read x < $work/ended; read x < $here/secret; read x < $work/back; read x < $here/secret" &
runner=$!
eventually grep -q secret "$work/events"
pkill -x auditd
eventually unread
echo > "$work/ended"
eventually told "2 0"
check $? "nor is one lost when auditd ends" "$(counted)"
auditd
eventually reader
echo > "$work/back"
wait "$runner"
is "$(counted)" "3 0" "or is there again"
pkill -x auditd
eventually unread

# More than the kernel keeps: nothing else runs while these are made, so that nobody reads them.
acts=2000
before=$(auditctl -s | sed -n 's/^backlog_limit //p')
auditctl -b 64 --backlog_wait_time 0 > /dev/null
run chrt -f 50 sh -c "i=0; while [ \$i -lt $acts ]; do read x < $here/secret; i=\$((i + 1)); done; sleep 5; read x < $here/secret"
read -r events lost <<< "$(counted)"
auditctl -b "$before" > /dev/null
echo "# $((acts + 1)) accesses: $events told, $lost lost"
[ "$lost" -gt 0 ]
check $? "records that the kernel dropped are told" "told $events, lost $lost"
# Of others' records some may have been among them.
[ $((events + lost)) -gt "$acts" ] && [ $((events + lost)) -lt $((acts + 50)) ]
check $? "each access was told or counted as lost" "told $events, lost $lost, of $((acts + 1))"
has "$(tail -n 1 "$work/events")" '"Rule":"file.matchPaths[0]"' "and what comes after is told as before"
plan
