#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# karmor run --backend selinux in an enforcing kernel: what a workload is denied and told of, an engine that is killed,
# one that fails in the middle, a mission policy, and that nothing of it is left. Root, in a virtual machine whose kernel
# has SELinux. Few policies: with each the whole policy of the machine is made anew, which takes its time under emulation.
set -u
. "$(dirname "$0")/tap.sh"

work=$(mktemp -d)
trap 'setenforce 0; kill -9 "$outside"; rm -rf "$work"' EXIT
setenforce 0
mkdir -p /srv/t/dir
for name in secret watched given fixed dir/old; do
	echo "what $name says" > "/srv/t/$name"
done
cp /usr/bin/id /srv/t/tool
cp /usr/bin/cat /srv/t/source
ln -s /srv/t/secret /srv/t/link
cp "$build/tests/live/actor" /srv/t/actor
mkfifo "$work/go"
mkdir -p /root/deep/er /etc/karmor /run/karmor
echo content > /root/deep/er/file
cat > "$work/policy.yaml" <<- END
	apiVersion: security.kubearmor.com/v1
	kind: KubeArmorPolicy
	metadata: {name: live}
	spec:
	  selector: {}
	  action: Block
	  file:
	    matchPaths:
	    - {path: /srv/t/secret}
	    - {path: /srv/t/watched, action: Audit}
	    - {path: /srv/t/given, fromSource: [{path: /srv/t/source}]}
	    matchDirectories:
	    - {dir: /srv/t/dir/, recursive: true, readOnly: true}
	    - {dir: /etc/karmor/, recursive: true, action: Audit}
	  process: {matchPaths: [{path: /srv/t/tool}]}
	  network: {matchProtocols: [{protocol: udp}]}
	  capabilities: {matchCapabilities: [{capability: sys_time}]}
END
sleep 100000 > /dev/null 2>&1 &
outside=$!
cat > "$work/steps.sh" <<- END
	cat /srv/t/secret
	cat /srv/t/link
	cat /srv/t/watched
	/srv/t/tool
	cat /srv/t/given
	/srv/t/source /srv/t/given
	cat /srv/t/dir/old
	echo more >> /srv/t/dir/old
	echo new > /srv/t/dir/new
	python3 -c 'import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM)' 2>&1 | tail -n 1
	python3 -c 'import time; time.clock_settime(0, time.time())' 2>&1 | tail -n 1
	python3 -c 'open("/proc/thread-self/attr/current", "w").write("unconfined_u:unconfined_r:unconfined_t:s0")' 2>&1 |
	        tail -n 1
	chcon -r object_r /srv/t/secret
	setenforce 0
	python3 $(realpath "$(dirname "$0")")/selinux-escapes.py /srv/t $outside
	mount > /dev/null
	echo waiting
	read -r line < "$work/go"
	cat /srv/t/secret
	echo done
END

# What others may find of it: modules, labels where rules look, the policy's bytes.
traces() {
	semodule --list=full
	find /srv /root /etc /usr/bin /run/karmor -xdev ! -path '/etc/selinux/*' -printf '%Z %p\n' | sort
	sha256sum < /sys/fs/selinux/policy
}
traces > "$work/before"

# What tasks of all types may do to what is of any, as the kernel answers: every so many questions, by the base's names.
cat /sys/fs/selinux/policy > "$work/base"
every=9973
[ -z "${KARMOR_LONG:-}" ] || every=197
access() {
	"$build/tests/live/selinux-access" "$work/base" /etc/selinux/default/contexts/files/file_contexts \
		"$every" 2>&1
}
access > "$work/access"
[ "$(grep -c ' [0-9a-f]* [0-9a-f]*$' "$work/access")" -gt 1000 ]
check $? "the kernel answers what tasks may do" "$(tail -n 3 "$work/access")"
setenforce 1

"$karmor" run --backend selinux -p "$work/policy.yaml" --events "$work/events" -- sh "$work/steps.sh" > "$work/out" 2>&1 &
first=$!
said() { # TEXT
	grep -qxF -- "$1" "$work/out"
}
ended() {
	said waiting || ! kill -0 "$first" 2> /dev/null
}
for ((i = 0; i < 10; i++)); do
	eventually ended && break
done
said waiting
check $? "a workload runs under a module of its own" "$(cat "$work/out")"
while read -r line; do
	said "$line"
	check $? "$line" "$(cat "$work/out")"
done <<- 'END'
	cat: /srv/t/secret: Permission denied
	cat: /srv/t/link: Permission denied
	what watched says
	what given says
	source: /srv/t/given: Permission denied
	what dir/old says
	PermissionError: [Errno 13] Permission denied
	PermissionError: [Errno 1] Operation not permitted
END
[ "$(grep -c '^PermissionError: .Errno 13' "$work/out")" -eq 2 ]
check $? "a task does not leave its role" "$(cat "$work/out")"
for what in /srv/t/tool 'cannot create /srv/t/dir/old' 'cannot create /srv/t/dir/new' "chcon: failed to change context of '/srv/t/secret'" \
	'setenforce: '; do
	grep -qF -- "$what" "$work/out"
	check $? "denied: $what" "$(cat "$work/out")"
done
while read -r line; do
	said "$line Permission denied" || said "$line Operation not permitted"
	check $? "no way out: $line" "$(cat "$work/out")"
done <<- 'END'
	role-of-exec
	label-of-files
	label-of-sockets
	type-of-own-file
	label-of-mount
	label-of-mount-root
	trace-others
	seize-others
	memory-of-others
	memory-of-kernel
	agent-of-cgroups
	helper-of-kernel
	state-of-karmor
	policies-of-karmor
	runtime-of-karmor
	link-into
	move-into
END
python3 "$(dirname "$0")/selinux-escapes.py" /srv/t "$outside" > "$work/control"
is "$(grep -c past "$work/control")" 16 "control: others may, but trace a task twice" "$(cat "$work/control")"
umount /srv/t/cgroup
umount /srv/t/mount
umount /srv/t/mount
rm -r /srv/t/mount /srv/t/cgroup /srv/t/own /srv/t/dir/own /etc/karmor/new /run/karmor/new
is "$(getenforce)" Enforcing "the kernel still enforces"
is "$(cat /srv/t/secret)" "what secret says" "control: others read the file"
is "$(/srv/t/tool -u)" 0 "control: and execute the program"
sh -c 'echo more >> /srv/t/dir/old'
check $? "control: and write in the directory"
python3 -c 'import socket, time; socket.socket(socket.AF_INET, socket.SOCK_DGRAM); time.clock_settime(0, time.time())'
check $? "control: and have UDP, and set the clock"
told() { # RESOURCE ACTION RULE
	grep -F "\"Resource\":\"$1\"" "$work/events" | grep -F "\"Action\":\"$2\"" | grep -F '"PolicyName":"live"' |
		grep -F '"Enforcer":"SELinux"' | grep -qF "\"Rule\":\"$3\""
}
while IFS='|' read -r resource action rule; do
	eventually told "$resource" "$action" "$rule"
	check $? "an event: $resource $action" "$(cat "$work/events" "$work/out")"
done <<- 'END'
	/srv/t/secret|Block|file.matchPaths[0]
	/srv/t/watched|Audit|file.matchPaths[1]
	/srv/t/tool|Block|process.matchPaths[0]
	/srv/t/dir/old|Block|file.matchDirectories[0]
	type=SOCK_DGRAM protocol=17 class=udp_socket|Block|network.matchProtocols[0]
	sys_time|Block|capabilities.matchCapabilities[0]
END
for what in 'exec label' 'mount label' fscreate type=mount_exec_t; do
	eventually grep -qF "\"Resource\":\"$what\"" "$work/events"
	check $? "an event: $what, which no workload may" "$(cat "$work/events")"
done
is "$(access | diff "$work/access" - 2>&1 | head -n 3)" "" "and what tasks of others may do is what it was"
out=$("$karmor" run --backend selinux -p "$work/policy.yaml" -- true 2>&1)
is $? 2 "another engine is refused"
has "$out" "process $first enforces by SELinux already" "and told whose the first is"

kill -9 "$first"
wait "$first" 2> /dev/null
out=$("$karmor" run --backend selinux -p "$work/policy.yaml" -- true 2>&1)
is $? 2 "with its tasks left, an engine that was killed has no successor"
has "$out" "tasks of workloads that were started before are still there" "and says why"
echo on > "$work/go"
finished() {
	said 'done'
}
eventually finished
check $? "the tasks go on" "$(cat "$work/out")"
is "$(grep -c 'cat: /srv/t/secret: Permission denied' "$work/out")" 2 "and are confined as they were"

# It takes back what was left, has its module loaded, cannot label, and takes back that.
sed 's|/srv/t/watched|/srv/t/fixed|' "$work/policy.yaml" > "$work/fixed.yaml"
mount --bind /srv/t/fixed /srv/t/fixed && mount -o remount,bind,ro /srv/t/fixed
check $? "a file can be read alone"
out=$("$karmor" run --backend selinux -p "$work/fixed.yaml" -- true 2>&1)
is $? 2 "a file that cannot be labelled fails the run"
has "$out" '"/srv/t/fixed"' "and is named"
umount /srv/t/fixed
setenforce 0
is "$(traces | diff "$work/before" - 2>&1)" "" "nothing is left of either: modules, labels, the policy's bytes"
is "$(ls -A /var/lib/karmor/selinux)" lock "nor of their state"
setenforce 1

# As the store's lock is held by somebody else, nothing begins.
exec 3>> /var/lib/selinux/default/semanage.trans.LOCK
flock -x 3
out=$("$karmor" run --backend selinux -p "$work/policy.yaml" -- true 2>&1)
is $? 2 "without the policy's store nothing is run"
has "$out" "the policy's store refuses the module" "and the store's reason is told"
exec 3>&-
is "$(ls -A /var/lib/karmor/selinux)" lock "and no state is left"

# Nor where what is known cannot be written down.
mkdir /var/lib/karmor/selinux/state
out=$("$karmor" run --backend selinux -p "$work/policy.yaml" -- true 2>&1)
is $? 2 "without its state nothing is run"
has "$out" "cannot write /var/lib/karmor/selinux/state" "and is told why"
is "$(ls -A /var/lib/karmor/selinux)" $'lock\nstate' "and no more of the state is left"
rmdir /var/lib/karmor/selinux/state

# Programs that rules let be executed where files are closed, and one that a source alone may execute.
cp /usr/bin/dash /srv/t/sh
cat > "$work/closed.yaml" <<- END
	apiVersion: security.kubearmor.com/v1
	kind: KubeArmorPolicy
	metadata: {name: closed}
	spec:
	  selector: {}
	  action: Allow
	  process:
	    matchPaths:
	    - {path: /usr/bin/dash}
	    - {path: /srv/t/source}
	    - {path: /srv/t/sh}
	    - {path: /srv/t/tool, action: Block}
	    - {path: /srv/t/tool, fromSource: [{path: /srv/t/sh}]}
	  file:
	    matchDirectories: [{dir: /usr/lib/, recursive: true}, {dir: /etc/, recursive: true}]
	    matchPaths: [{path: /srv/t/watched}]
END
cat > "$work/steps" <<- 'END'
	/srv/t/source /srv/t/watched
	/srv/t/source /srv/t/given
	/srv/t/tool -u
	echo "tool: $?"
	/srv/t/sh -c "/srv/t/tool -u; echo tool: \$?"
	/usr/bin/id -u
	echo "id: $?"
END
"$karmor" run --backend selinux --posture file=block -p "$work/closed.yaml" -- /bin/sh -c "$(cat "$work/steps")" \
	2>&1 | grep -v '^karmor' > "$work/out"
while IFS='|' read -r line name; do
	said "$line"
	check $? "$name" "$(cat "$work/out")"
done <<- 'END'
	what watched says|where files are closed, a program is executed and reads what it may
	source: /srv/t/given: Permission denied|and is denied what it may not
	tool: 126|a program of a source's is denied to others
	tool: 0|and executed by the source
	id: 126|what no rule names is denied
END
rm /srv/t/sh

# A mission policy: its rows as the kernel answers them.
cat > "$work/rows" <<- 'END'
	spawn /bin/sh	EACCES
	read /etc/shadow	EACCES
	read /root/deep/er/file	EACCES
	read /etc/passwd	EACCES
	read /etc/hostname	ok
	connect 9	ok
END
ip link set lo up
"$karmor" run --backend selinux -p "$(dirname "$0")/../data/policies/mission/web-app-policy.yaml" -- /srv/t/actor batch \
	< <(cut -f1 "$work/rows") > "$work/out" 2> "$work/err"
is "$(cat "$work/out")" "$(cut -f2 "$work/rows")" "the mission policy web-app-policy"
setenforce 0
is "$(traces | diff "$work/before" - 2>&1)" "" "and nothing is left of it"
is "$(access | diff "$work/access" - 2>&1 | head -n 3)" "" "what tasks may do is what it was"

# Under BPF alone a workload is unconfined_t, which may do anything to SELinux.
if grep -qw bpf /sys/kernel/security/lsm; then
	setenforce 1
	acts='setenforce 0; cat /sys/fs/selinux/policy > /sys/fs/selinux/load; cat /sys/fs/selinux/enforce'
	is "$("$karmor" run --backend bpf -p "$work/policy.yaml" -- sh -c "$acts" 2> "$work/err")" 1 \
		"no workload under BPF ends what SELinux enforces"
	has "$(cat "$work/err")" "selinux/load: Operation not permitted" "or loads another policy"
	setenforce 0
fi
plan
