#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# karmord with AppArmor alone, and workloads that are started under no_new_privs: sources are started in them, and follow
# one change of policies; the next is refused as long as they run.
set -u
. "$(dirname "$0")/tap.sh"

work=$(mktemp -d)
trap 'kill -9 "${daemon:-}" 2> /dev/null; rm -rf "$work"' EXIT

mkdir "$work/policies.d"
. "$(dirname "$0")/bundle.sh"
printf 'policies: %s\nstate: %s/state\nbackends: [apparmor]\n' "$work/policies.d" "$work" > "$work/karmord.yaml"

# What the rules name, and a second one of the same kind.
for program in source other; do cp "$rootfs/bin/sh" "$rootfs/bin/$program"; done
echo groups > "$rootfs/etc/group"
# Under what it is when it is executed.
# shellcheck disable=SC2016 # it is expanded there
printf '#!/bin/sh\nread x < /proc/self/attr/current\necho "$x"\n' > "$rootfs/bin/label"
chmod +x "$rootfs/bin/label"

prepare() { # id
	(cd "$bundle" && "$karmor" oci-hook precreate --config "$work/karmord.yaml" --id "$1" < config.json) > "$work/prepared" &&
		cp "$work/prepared" "$bundle/config.json"
}

profiles() { # how many are loaded for workloads that last
	grep -c '^karmor-lasting-' /sys/kernel/security/apparmor/profiles
}

again() { # karmord is killed, and another one comes
	kill -9 "$daemon"
	wait "$daemon" 2> /dev/null
	karmord_start
}

profile= # of the engine's, that a container is to be under as well

# Two that stay in a container: a source, and a shell that is none. Each says whether it can read what it is asked for.
pair() { # runtime, id
	local who loops=
	for who in source shell; do
		rm -f "$rootfs/tmp/$who".{ask,answer}
		mkfifo "$rootfs/tmp/$who".{ask,answer}
	done
	# shellcheck disable=SC2016 # the container's shells expand it
	loops='loop() { while read f < /tmp/$1.ask; do [ "$f" = end ] && exit; if [ -x $f ]; then $f; elif { read x < $f; } 2> /dev/null; then echo yes; else echo no; fi > /tmp/$1.answer; done; }'
	bundle_make "$1" yes "/bin/source -c '$loops; loop source' & $loops; loop shell"
	[ -z "$profile" ] || sed -i "s/\"process\": {/&\"apparmorProfile\": \"$profile\", /" "$bundle/config.json"
	prepare "$2" && stay "$1" "$2"
}

ask() { # who, file
	local answer=silent
	timeout 30 sh -c "echo $2 > $rootfs/tmp/$1.ask" && read -r -t 30 answer < "$rootfs/tmp/$1.answer"
	echo "$answer"
}

# Whether the source and the shell can read a file.
both() { # file
	echo "$(ask source "$1") $(ask shell "$1")"
}

source_ended() { # runtime, id
	# shellcheck disable=SC2016 # the container's shell expands it
	[ "$("$1" exec "$2" /bin/sh -c 'for i in /proc/[0-9]*/attr/current; do read -r label < $i; echo "$label"; done' < /dev/null | grep -c '\.n1')" -eq 0 ]
}

reads() { # who, file
	[ "$(ask "$1" "$2")" = yes ]
}

file_policy() { # name, app, section
	printf 'apiVersion: security.kubearmor.com/v1\nkind: KubeArmorPolicy\nmetadata: {name: %s, namespace: shop}\nspec:\n  selector: {matchLabels: {app: %s}}\n  %s\n' \
		"$1" "$2" "$3" > "$work/new" && mv "$work/new" "$work/policies.d/$1.yaml"
}

lacks_policy() { # name
	! lists "$1"
}

workload_has() { # name, what matches in its object
	"$karmor" get workloads -o json | tr -d '\n' | grep -o '{[^{}]*}' | grep "\"name\": *\"$1\"" | grep -q "$2"
}

lists() { # name
	"$karmor" get policies | grep -q "$1"
}

shadow='file: {matchPaths: [{path: /etc/shadow, fromSource: [{path: /bin/source}, {path: /bin/cat}]}]}'
passwd='file: {matchPaths: [{path: /etc/passwd}]}'
group='file: {matchPaths: [{path: /etc/group}]}'

karmord_start
check $? "karmord starts" "$(cat "$work/log")"
policy shadow "$shadow"
for runtime in crun runc; do
	# shellcheck disable=SC2016 # the container's shells expand it
	bundle_make "$runtime" yes 'cat /etc/passwd; cat /etc/shadow; read x < /etc/shadow && echo "shell: $x"; /bin/source -c '\''read x < /etc/shadow || echo kept; /bin/other -c "read x < /etc/shadow && echo other: \$x"; cat /etc/shadow'\''; echo over'
	has "$(cat "$bundle/config.json")" '"noNewPrivileges": true' "a container of $runtime is under no_new_privs"
	out=$(sed -i 's/"createRuntime"/"prestart"/; s/"hooks"/"none"/' "$bundle/config.json"; run "$runtime" "$runtime-0")
	is "$out" $'users\nhashes\nshell: hashes\nother: hashes\nhashes\nover' "control: without karmord all is read"
	sed -i 's/"prestart"/"createRuntime"/; s/"none"/"hooks"/' "$bundle/config.json"
	prepare "$runtime-1"
	out=$(run "$runtime" "$runtime-1")
	has "$out" users "a source is started in it"
	has "$out" "cat: /etc/shadow: Permission denied" "and may not what it alone may not"
	has "$out" "shell: hashes" "which others may"
	has "$out" kept "nor may another one"
	has "$out" "other: hashes" "and what that starts is under others' rules again"
	is "$(grep -c "cat: /etc/shadow: Permission denied" <<< "$out")" 2 "or, where it is a source, under its own"
	has "$out" over "and all goes on"
	eventually empty
	is "$(profiles)" 0 "no profile is left"

	pair "$runtime" "$runtime-2"
	is "$(both /etc/shadow)" "no yes" "in one that stays a source is kept from a file"
	has "$("$karmor" get workloads -o json)" '"noNewPrivileges": true' "and karmord says that it is under no_new_privs"
	again
	again
	is "$(both /etc/shadow)" "no yes" "and under the second karmord that takes it over"
	policy passwd "$passwd"
	is $? 0 "a change of policies is made"
	is "$(both /etc/passwd)" "no no" "which all tasks follow"
	is "$(both /etc/shadow)" "no yes" "and what was is as it was"
	out=$(policy group "$group" 2>&1)
	is $? 2 "the next one is refused"
	has "$out" "a task of workload \"$runtime-2\" is under rules with fromSource and no_new_privs" "and it is said for whose sake"
	has "$out" "fix: end it, or start the workload anew" "and what to do"
	lacks "$("$karmor" get policies)" group "it is not in force"
	is "$(both /etc/group)" "yes yes" "for nobody"
	out=$("$karmor" delete ksp passwd -n shop 2>&1)
	is $? 2 "nor is a policy taken away"
	is "$(both /etc/passwd)" "no no" "which is in force"
	sed 's/app: web/app: elsewhere/' > "$work/elsewhere.yaml" << END
apiVersion: security.kubearmor.com/v1
kind: KubeArmorPolicy
metadata: {name: elsewhere, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  $group
END
	"$karmor" apply -f "$work/elsewhere.yaml" > /dev/null
	is $? 0 "one that does not select it comes"
	out=$(timeout 60 setpriv --no-new-privs "$karmor" start --name beside -n shop -l app=elsewhere cat /etc/group 2>&1)
	has "$out" "Permission denied" "and so does a workload that it selects"
	"$karmor" delete ksp elsewhere -n shop > /dev/null
	is $? 0 "and it goes"
	kill -HUP "$daemon"
	is "$(both /etc/passwd) $(both /etc/shadow)" "no no no yes" "all that is nothing to the one that stays"
	again
	out=$(policy group "$group" 2>&1)
	is $? 2 "the next karmord knows that no other change is followed"
	is "$(both /etc/passwd) $(both /etc/shadow)" "no no no yes" "and what was in force is"
	timeout 30 sh -c "echo end > $rootfs/tmp/source.ask"
	eventually source_ended "$runtime" "$runtime-2"
	policy group "$group"
	is $? 0 "when the source has ended the change is made"
	is "$(ask shell /etc/group)" no "which is followed"
	has "$(enters "$runtime" "$runtime-2" /bin/sh -c '/bin/source -c "read x < /etc/group || read x < /etc/shadow || echo both"')" both \
		"and holds for a source that is started then, as its own rules do"
	leave "$runtime" "$runtime-2"
	eventually empty
	check $? "and it is forgotten" "$("$karmor" get workloads)"
	is "$(profiles)" 0 "with its profiles"
	"$karmor" delete ksp group -n shop > /dev/null
	"$karmor" delete ksp passwd -n shop > /dev/null
done

# Its rules can be taken from a source that runs, if it has followed nothing yet; it follows nothing then.
pair crun crun-3
"$karmor" delete ksp shadow -n shop > /dev/null
is $? 0 "the policy of a source goes while it runs"
is "$(both /etc/shadow)" "yes yes" "and it is kept from nothing"
out=$(both /bin/label)
lacks "$out" ".n" "what it starts is under what is left"
is "$(grep -o karmor-lasting <<< "$out" | wc -l)" 2 "as what others start is"
policy passwd "$passwd" 2> /dev/null
is $? 2 "what would keep it from something is refused"
leave crun crun-3
eventually empty

# Other sources would be under its rules.
policy shadow "$shadow"
pair crun crun-4
policy shadow 'file: {matchPaths: [{path: /etc/shadow, fromSource: [{path: /bin/other}]}]}' 2> /dev/null
is $? 2 "a change that names other sources is refused while one runs"
is "$(both /etc/shadow)" "no yes" "which stays under its rules"
kill "$daemon"
wait "$daemon"
printf 'apiVersion: security.kubearmor.com/v1\nkind: KubeArmorPolicy\nmetadata: {name: meanwhile, namespace: shop}\nspec:\n  selector: {matchLabels: {app: web}}\n  %s\n' \
	"$passwd" > "$work/policies.d/meanwhile.yaml"
karmord_start
is "$(both /etc/passwd) $(both /etc/shadow)" "no no no yes" "it follows the next karmord to policies that are others by then"
kill "$daemon"
wait "$daemon"
rm "$work/policies.d/meanwhile.yaml"
: > "$work/log"
karmord_start
has "$(cat "$work/log")" 'workload "crun-4" cannot be taken over yet, and stays under the rules of before; fix: start it anew' "and no further"
has "$("$karmor" get workloads)" crun-4 "it is listed"
is "$(both /etc/passwd) $(both /etc/shadow)" "no no no yes" "under what it has been it stays"
timeout 30 sh -c "echo end > $rootfs/tmp/source.ask"
eventually source_ended crun crun-4
eventually reads shell /etc/passwd
check $? "when it has ended karmord takes the others over" "$(cat "$work/log")"
has "$(cat "$work/log")" 'workload "crun-4" is taken over' "and says so"
policy passwd "$passwd"
is "$(ask shell /etc/passwd)" no "and they follow its changes"
"$karmor" delete ksp passwd -n shop > /dev/null
leave crun crun-4
eventually empty
check $? "and all is forgotten" "$("$karmor" get workloads)"
is "$(profiles)" 0 "with its profiles"

pair crun crun-5
kill "$daemon"
wait "$daemon"
"$build/daemon/karmord" --config "$work/karmord.yaml" --remove > "$work/removed" 2>&1
is $? 0 "what is enforced is taken out" "$(cat "$work/removed")"
is "$(both /etc/shadow)" "yes yes" "and a source that runs goes on without rules"
karmord_start
is "$(both /etc/shadow)" "yes yes" "under the next karmord, too"
leave crun crun-5
eventually empty
is "$(profiles)" 0 "which forgets it with its last task"

# Its rules cannot be taken from one that has followed a change; they are from others.
policy shadow "$shadow"
pair crun crun-9
timeout 300 setpriv --no-new-privs "$karmor" start --name beside -n shop -l app=web sleep 300 &
beside=$!
eventually workload_has beside '"tasks": *1'
policy passwd "$passwd"
kill "$daemon"
wait "$daemon"
"$build/daemon/karmord" --config "$work/karmord.yaml" --remove > "$work/removed" 2>&1
is $? 2 "what cannot be taken out is no success"
has "$(cat "$work/removed")" 'workload "crun-9" cannot be taken over yet' "and told"
has "$(cat "$work/removed")" "1 workload is without rules from now on" "and not counted among those without rules"
is "$(both /etc/passwd) $(both /etc/shadow)" "no no no yes" "it is as it was"
karmord_start
workload_has crun-9 '"labels": *"app=web'
check $? "and known to the next karmord by its labels" "$("$karmor" get workloads -o json)"
workload_has beside '"removed": *true'
check $? "the other as one whose rules were taken out" "$("$karmor" get workloads -o json)"
workload_has beside '"policies": *0'
check $? "under no policy" "$("$karmor" get workloads -o json)"
kill "$daemon"
wait "$daemon"
timeout 30 sh -c "echo end > $rootfs/tmp/source.ask"
eventually source_ended crun crun-9
"$build/daemon/karmord" --config "$work/karmord.yaml" --remove > "$work/removed" 2>&1
is $? 0 "when the source has ended it is taken out" "$(cat "$work/removed")"
is "$(ask shell /etc/passwd)" yes "and nothing is kept"
leave crun crun-9
kill "$beside"
wait "$beside" 2> /dev/null
[ "$(profiles)" -gt 0 ]
check $? "control: nobody is there to see the tasks end"
"$build/daemon/karmord" --config "$work/karmord.yaml" --remove > "$work/removed" 2>&1
is "$? $(profiles)" "0 0" "another --remove takes out what was left of them" "$(cat "$work/removed")"
[ ! -e /run/karmor/workloads ]
check $? "and no record is left"
karmord_start
"$karmor" delete ksp passwd -n shop > /dev/null

# A file that is gone is in force as long as a source is in the way, and is no other's hindrance.
pair crun crun-8
file_policy first web "$passwd"
eventually lists first
is "$(both /etc/passwd) $(both /etc/shadow)" "no no no yes" "a policy of a file is followed"
: > "$work/log"
rm "$work/policies.d/first.yaml"
file_policy second elsewhere "$group"
eventually lists second
check $? "where another one's removal is refused others go on" "$(cat "$work/log")"
lists first
check $? "it stays in force"
is "$(both /etc/passwd)" "no no" "for all"
told=$(grep -c 'a task of workload "crun-8"' "$work/log")
sleep 10
is "$(grep -c 'a task of workload "crun-8"' "$work/log")" "$told" "and is not told again where it is tried again"
echo 'audit: true' >> "$work/karmord.yaml"
kill -HUP "$daemon"
eventually grep -q "workloads that run stay under postures" "$work/log"
check $? "another configuration that it cannot follow is told" "$(cat "$work/log")"
is "$(both /etc/passwd) $(both /etc/shadow)" "no no no yes" "and not in force for what runs"
file_policy third elsewhere "$group"
eventually lists third
check $? "where it is refused other policies come" "$(cat "$work/log")"
rm "$work/policies.d/third.yaml"
eventually lacks_policy third
check $? "and go"
out=$(timeout 60 setpriv --no-new-privs "$karmor" start --name beside -n shop -l app=web cat /etc/passwd 2>&1)
has "$out" root: "and what starts is under it"
timeout 30 sh -c "echo end > $rootfs/tmp/source.ask"
eventually source_ended crun crun-8
eventually reads shell /etc/passwd
check $? "when the source has ended all is followed" "$(cat "$work/log")"
lists first
is $? 1 "the file's policy is gone"
has "$(enters crun crun-8 /bin/sh -c '/bin/source -c "read x < /etc/shadow && echo logged"')" logged "and the configuration holds"
sed -i /audit/d "$work/karmord.yaml"
kill -HUP "$daemon"
rm "$work/policies.d/second.yaml"
leave crun crun-8
eventually empty

# Under a profile of the engine's as well all tasks follow one change, and the next is told, for whoever runs.
printf 'profile engine flags=(attach_disconnected, mediate_deleted) { file, capability, network, mount, pivot_root, ptrace, signal, unix, %s }\n' \
	"deny /proc/version r," | apparmor_parser -rK 2> /dev/null
"$karmor" delete ksp shadow -n shop > /dev/null
profile=engine
policy passwd "$passwd"
pair crun crun-7
is "$(both /proc/version) $(both /etc/passwd)" "no no no no" "a container is under the engine's profile and under policies"
out=$(policy group "$group" 2>&1)
is "$? $out" "0 " "a change is made"
is "$(both /etc/group) $(both /etc/passwd)" "no no no no" "which all follow"
out=$(policy shadow 'file: {matchPaths: [{path: /etc/shadow}]}' 2>&1)
is $? 0 "so is the next"
has "$out" 'warning: tasks of workload "crun-7" are under several profiles' "and it is told that tasks may not follow"
is "$(enters crun crun-7 /bin/sh -c '{ read x < /etc/shadow; } 2> /dev/null || echo no')" no "as what is started since does"
: > "$work/log"
"$karmor" delete ksp passwd -n shop > /dev/null
has "$(cat "$work/log")" 'tasks of workload "crun-7" are under several profiles' "where the answer does not tell the log does"
leave crun crun-7
profile=
"$karmor" delete ksp group -n shop > /dev/null
policy shadow "$shadow"
eventually empty

# What no runtime starts.
start() {
	# shellcheck disable=SC2016 # the shell that is started expands it
	timeout 60 setpriv --no-new-privs "$karmor" start --name unit -n shop -l app=web bash -c 'cat /etc/hostname; read -r x < /etc/hostname && echo "$x"' 2>&1
}
is "$(start)" "$(cat /etc/hostname /etc/hostname)" "karmor start starts what starts a source"
policy unit 'file: {matchPaths: [{path: /etc/hostname, fromSource: [{path: /usr/bin/cat}]}]}'
is "$(start)" $'cat: /etc/hostname: Permission denied\n'"$(cat /etc/hostname)" "which is kept from what it alone is"
"$karmor" delete ksp unit -n shop > /dev/null
eventually empty

# What the report says of the first program, and of what sets no_new_privs itself.
bundle_make crun yes 'cat /etc/passwd'
sed -i 's|"args": \["/bin/sh", "-c", "cat /etc/passwd"\]|"args": ["/bin/source", "-c", "read x < /etc/shadow \|\| echo kept; /bin/other -c :; echo $?"]|' "$bundle/config.json"
prepare crun-6
out=$(run crun crun-6)
has "$out" kept "a first program that is a source is kept from the file"
has "$out" 126 "and starts no others, as the report says"
eventually empty
is "$(profiles)" 0 "no profile of it is left"
kill "$daemon"
wait "$daemon"
is $? 0 "karmord ends"
printf engine > /sys/kernel/security/apparmor/.remove
plan
