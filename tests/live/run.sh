#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# karmor run as its users see it: exit statuses, events, what is left when it is over, what a kill does.
set -u
. "$(dirname "$0")/tap.sh"

if [ ! -x "$karmor" ]; then
	echo "Bail out! $karmor was not built"
	exit 1
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
pins=/sys/fs/bpf/karmor

policy() { # name, section text
	printf 'apiVersion: security.kubearmor.com/v1\nkind: KubeArmorPolicy\nmetadata:\n  name: %s\nspec:\n  selector: {}\n%s\n' \
		"$1" "$2" > "$work/$1.yaml"
}

policy shadow '  file: {matchPaths: [{path: /etc/shadow}]}'
policy ids '  process: {matchPaths: [{path: /usr/bin/id}]}'

"$karmor" run -p "$work/shadow.yaml" -- true
is $? 0 "the command's success is the run's"
keep_loaded
"$karmor" run -p "$work/shadow.yaml" -- sh -c 'exit 42'
is $? 42 "the command's exit status is the run's"
"$karmor" run -p "$work/shadow.yaml" -- sh -c 'kill -TERM $$'
is $? 143 "a signal gives 128 and its number"
env --ignore-signal=CHLD "$karmor" run -p "$work/shadow.yaml" -- sh -c 'exit 42'
is $? 42 "the exit status is the run's where SIGCHLD was ignored before"
is "$("$karmor" run -p "$work/shadow.yaml" -- "$build/tests/live/actor" traceme)" ok "a command that wants to be traced by its parent goes on"
"$karmor" run -p "$work/shadow.yaml" -- /nonexistent 2> /dev/null
is $? 127 "a command that is not there gives 127"
"$karmor" run -p "$work/shadow.yaml" -- /etc/passwd 2> /dev/null
is $? 126 "a command that cannot be executed gives 126"
"$karmor" run -p "$work/ids.yaml" -- id > /dev/null 2> "$work/err"
is $? 126 "a command that its policy blocks gives 126"
has "$(cat "$work/err")" "ids process.matchPaths[0]" "and the alert names policy and rule"
"$karmor" run -p "$work/none.yaml" -- touch "$work/ran" 2> /dev/null
is $? 2 "a policy that is not there gives 2"
[ ! -e "$work/ran" ]
check $? "and the command was not started"
echo 'kind: Nonsense' > "$work/bad.yaml"
printf 'apiVersion: security.kubearmor.com/v1\nkind: KubeArmorPolicy\nmetadata: {name: bad}\nspec: {selector: {}, file: {matchPath: []}}\n' > "$work/bad.yaml"
"$karmor" run -p "$work/bad.yaml" -- touch "$work/ran" 2> "$work/err"
is $? 2 "a faulty policy gives 2"
has "$(cat "$work/err")" "matchPaths" "and says what was meant"
[ ! -e "$work/ran" ]
check $? "and the command was not started under a faulty policy"

cat /etc/shadow > /dev/null
is $? 0 "control: the file can be read without the policy"
out=$("$karmor" run -p "$work/shadow.yaml" -- cat /etc/shadow 2>&1)
has "$out" "Permission denied" "a blocked read fails with EACCES"
has "$out" "block" "and is told on standard error"
"$karmor" run -p "$work/shadow.yaml" --events "$work/events" -- sh -c '(setsid sh -c "cat /etc/shadow") 2>/dev/null; true'
has "$(cat "$work/events")" '"Resource":"/etc/shadow"' "a grandchild in a session of its own is covered"
has "$(cat "$work/events")" '"RulePath":"/etc/shadow"' "and the event bears the rule's path as it was written"
has "$(cat "$work/events")" '"Source":"/usr/bin/cat"' "and the event names the executable that acted"
has "$(cat "$work/events")" '"Result":"Permission denied"' "and what came of it"
"$karmor" run -p "$work/shadow.yaml" --events "$work/inside" -- \
	unshare -pf script -qc 'sh -c "cd /usr/share; cat /etc/shadow; true"' /dev/null > /dev/null
has "$(cat "$work/inside")" '"ParentProcessName":"/usr/bin/dash"' "an event names the parent's executable"
has "$(cat "$work/inside")" '"Cwd":"/usr/share","TTY":"pts' "where its task was, and at which terminal"
event_numbers=$(sed -n 's/.*"HostPID":\([0-9]*\),"HostPPID":[0-9]*,"PID":\([0-9]*\),"PPID":\([0-9]*\).*/\1 \2 \3/p' "$work/inside")
read -r host own parent <<< "$event_numbers"
[ "${own:-0}" -gt 1 ] && [ "$own" -lt 20 ] && [ "$parent" -ge 1 ] && [ "$parent" -lt "$own" ] && [ "$host" -gt "$own" ]
check $? "and which number it has in its own pid namespace" "$(cat "$work/inside")"
"$karmor" run -p "$work/shadow.yaml" --audit --events "$work/audit" -- cat /etc/shadow > /dev/null
is $? 0 "--audit lets pass what the policy blocks"
has "$(cat "$work/audit")" '"Action":"Audit"' "and logs it"
"$karmor" run -p "$work/shadow.yaml" --json -- cat /etc/shadow 2> "$work/err" > /dev/null
has "$(cat "$work/err")" '"PolicyName":"shadow"' "--json gives JSON lines on standard error"

# Labels that nothing selects enforce nothing.
"$karmor" run -p "$(dirname "$0")/../policies/man/web-new.yaml" -l app=wbe -- touch "$work/ran" 2> "$work/err"
is $? 2 "labels that no policy selects give 2"
has "$(cat "$work/err")" '"web" selects app=myapp' "and what policies ask for is told"
[ ! -e "$work/ran" ]
check $? "and the command was not started under no policy"

# Readers that go away. Shells and services may ignore SIGPIPE, which is inherited.
often='for i in 1 2 3 4 5; do cat /etc/shadow; sleep 0.3; done 2> /dev/null; exit 5'
env --default-signal=PIPE "$karmor" run -p "$work/shadow.yaml" --events - -- sh -c "$often" 2> "$work/err" | head -n 1 > "$work/first"
is "${PIPESTATUS[0]}" 5 "a reader of events that goes away does not end the run"
has "$(cat "$work/err")" "events cannot be written any more: Broken pipe" "and that nobody reads them is told"
has "$(cat "$work/first")" '"Resource":"/etc/shadow"' "and what was read before came through"
env --default-signal=PIPE "$karmor" run -p "$work/shadow.yaml" -- sh -c "$often" 2>&1 > /dev/null | head -n 2 > /dev/null
is "${PIPESTATUS[0]}" 5 "nor does one of standard error"
has "$("$karmor" run -p "$work/shadow.yaml" -- grep SigBlk /proc/self/status)" "0000000000000000" "the command has no signal blocked"

# Signals reach the command, and none ends karmor run before it.
cat > "$work/trapper" << 'END'
for name in HUP INT QUIT USR1 USR2 ALRM TERM WINCH; do trap "echo $name >> $1/signals" $name; done
touch "$1/trapping"
while [ ! -e "$1/stop" ]; do sleep 0.1; done
exit 9
END
# A shell without job control ignores SIGINT and SIGQUIT for what it starts in the background.
env --default-signal=INT,QUIT "$karmor" run -p "$work/shadow.yaml" -- bash "$work/trapper" "$work" &
pid=$!
eventually there "$work/trapping"
for name in HUP INT QUIT USR1 USR2 ALRM TERM WINCH; do
	kill "-$name" "$pid"
	eventually grep -qx "$name" "$work/signals" 2> /dev/null
	check $? "SIG$name reaches the command"
done
touch "$work/stop"
wait "$pid"
is $? 9 "and the command's exit status is the run's after all of them"

# A lock that somebody keeps; the wait is long, so that the rest goes on meanwhile, with a lock of its own.
cat > "$work/locker" << 'END'
mkdir -p /run/karmor && mount -t tmpfs none /run/karmor && touch /run/karmor/lock || exit
flock -F /run/karmor/lock sleep 300 & echo $! > "$1/holder"
while flock -n /run/karmor/lock true; do sleep 0.1; done
"$2" run -p "$1/shadow.yaml" -- touch "$1/locked-ran" 2> "$1/locked.err"
echo $? > "$1/locked"
kill $!
END
unshare -m --propagation private bash "$work/locker" "$work" "$karmor" &
locked=$!

# What the README shows.
out=$("$karmor" run -p "$(dirname "$0")/../../examples/policies/protect-shadow.yaml" -- sed -n 1p /etc/shadow 2>&1)
has "$out" "karmor: block read /etc/shadow by /usr/bin/sed (pid " "the alert is the one that the README shows"
has "$out" "protect-shadow file.matchPaths[0]: password hashes are nobody's business" "and bears rule and message"
has "$out" "sed: can't read /etc/shadow: Permission denied" "and the command says what it met"
"$build/examples/example-enforce" "$work/shadow.yaml" cat /etc/shadow > "$work/json" 2> /dev/null
has "$(cat "$work/json")" '"PolicyName":"shadow"' "the example program prints the event"

unkeep

# The workload of one policy does not reach into another, nor outside.
"$karmor" run -p "$work/shadow.yaml" -- sh -c "touch $work/running; sleep 4" &
eventually there "$work/running"
cat /etc/shadow > /dev/null
is $? 0 "outside the workload nothing is blocked while one runs"
"$karmor" run -p "$work/ids.yaml" -- cat /etc/shadow > /dev/null
is $? 0 "another workload has its own policy"
wait $!

eventually gone "$pins"
check $? "nothing stays pinned after the last workload" "$(ls -R "$pins" 2>&1)"
eventually unloaded
check $? "no program stays loaded after the last workload" "$(bpftool prog show)"

# A killed karmor run leaves its workload enforced; the next one cleans up.
mkfifo "$work/go"
"$karmor" run -p "$work/shadow.yaml" -- sh -c "touch $work/ready; read x < $work/go; cat /etc/shadow > $work/got 2> $work/why; echo done >> $work/why" &
pid=$!
eventually there "$work/ready"
check $? "a workload waits while its karmor run is killed"
kill -9 "$pid"
wait "$pid" 2> /dev/null
timeout 10 sh -c "echo go > $work/go"
eventually grep -q "done" "$work/why"
has "$(cat "$work/why")" "Permission denied" "what runs on after karmor run was killed stays enforced"
[ -e "$pins" ]
check $? "and its pins stay until somebody takes the lock"
"$karmor" run -p "$work/ids.yaml" -- true
eventually gone "$pins"
check $? "the next run cleans up what a killed one left" "$(ls -R "$pins" 2>&1)"

# A command whose descendants outlive it.
"$karmor" run -p "$work/shadow.yaml" -- sh -c "(sleep 2; cat /etc/shadow > /dev/null 2> $work/late; echo done >> $work/late) & exit 7"
is $? 7 "run returns when the command has ended, whatever it left running"
eventually grep -q "done" "$work/late"
has "$(cat "$work/late")" "Permission denied" "what it left running stays enforced"
eventually gone "$pins"
check $? "and the pins go with the last descendant" "$(ls -R "$pins" 2>&1)"

wait "$locked"
is "$(cat "$work/locked")" 2 "a lock that somebody keeps gives 2 in the end"
has "$(cat "$work/locked.err")" "process $(cat "$work/holder") has held \"/run/karmor/lock\"" "and names who keeps it"
gone "$work/locked-ran"
check $? "and the command was not started without the lock"

# The process that waits for them is ended as any other, which ends no enforcement.
mkfifo "$work/late-go"
"$karmor" run -p "$work/shadow.yaml" -- sh -c "(read x < $work/late-go; cat /etc/shadow > /dev/null 2> $work/later; echo done >> $work/later) & exit 7"
keeper=$(pgrep -x karmor)
kill "$keeper"
eventually gone "/proc/$keeper"
check $? "SIGTERM ends the process that waits for what is left running"
timeout 10 sh -c "echo go > $work/late-go"
eventually grep -q "done" "$work/later"
has "$(cat "$work/later")" "Permission denied" "and what it waited for stays enforced"

# Where there can be no such process.
echo +pids > /sys/fs/cgroup/cgroup.subtree_control
mkdir /sys/fs/cgroup/few
rm -f "$work/late-go" "$work/later"
mkfifo "$work/late-go"
sh -c "echo \$\$ > /sys/fs/cgroup/few/cgroup.procs; exec $karmor run -p $work/shadow.yaml -- bash -c '(read x < $work/late-go; read x < /etc/shadow; echo done \$?) 2> $work/later >> $work/later & echo 2 > /sys/fs/cgroup/few/pids.max; exit 7'" 2> "$work/err"
is $? 7 "run returns its command's status where it cannot fork"
has "$(cat "$work/err")" "stays enforced" "and says what becomes of what was left running"
echo max > /sys/fs/cgroup/few/pids.max
timeout 10 sh -c "echo go > $work/late-go"
eventually grep -q "done" "$work/later"
has "$(cat "$work/later")" "Permission denied" "and it is enforced"
"$karmor" run -p "$work/ids.yaml" -- true
eventually gone "$pins"
check $? "and the next run cleans up" "$(ls -R "$pins" 2>&1)"

# A workload cannot take its enforcement apart.
keep_loaded
"$karmor" run -p "$work/shadow.yaml" -- sh -c "umount -l /sys/fs/bpf; rm -rf $pins; bpftool map show > /dev/null 2>&1 && echo mapped; cat /etc/shadow > /dev/null && echo open" > "$work/out" 2> /dev/null
lacks "$(cat "$work/out")" "open" "a workload cannot unmount or unlink what enforces it"
lacks "$(cat "$work/out")" "mapped" "a workload cannot call bpf()"
out=$("$karmor" run -p "$work/shadow.yaml" -- "$karmor" probe)
is $? 1 "inside a workload no enforcer is ready"
has "$out" "not permitted  inside a workload, which may not call bpf(); fix: run it outside of the workload" "and the probe says that it is inside one"
"$karmor" run -p "$work/shadow.yaml" -- "$karmor" run -p "$work/shadow.yaml" -- touch "$work/ran" 2> "$work/err"
is $? 2 "a run inside a workload gives 2"
has "$(cat "$work/err")" "inside a workload" "and says why"
gone "$work/ran"
check $? "and its command was not started"
unkeep
plan
