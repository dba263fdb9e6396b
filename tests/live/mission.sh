#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# usage: tests/live/mission.sh [POLICY...]
# The sixteen mission policies in a running kernel, or those that are named: each access of mission.tsv without a
# policy (the control) and under it, and the event that the kernel gave. Prints TAP. Root, in a virtual machine.
#
# Rows of one policy, posture and source go to one actor, so that a boot runs hundreds of them.
set -u

here=$(cd "$(dirname "$0")" && pwd)
build=${KARMOR_BUILD:-$here/../../build}
backend=${KARMOR_BACKEND:-auto}
policies=$here/../data/policies/mission
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
number=0

tap() { # ok|"not ok", name
	number=$((number + 1))
	echo "$1 $number - $2"
}

place() { # puts the actor where a source or an object is to be a program
	mkdir -p "$(dirname "$1")"
	rm -f "$1"
	cp "$build/tests/live/actor" "$1"
}

# Every access finds what it needs, however the last one left it.
prepare() {
	mkdir -p /srv/x/y /app/lib /etc/nginx /etc/secrets/sub /run/secrets/kubernetes.io/serviceaccount/..data \
		/root/deep/er /var/lib/postgresql/17 /etc/postgresql/17 /run/postgresql /var/log/nginx /var/cache/nginx \
		/usr/share/nginx/html /mnt
	rm -rf /etc/new /tmp/scratch /run/postgresql/lock /var/log/nginx/new.log
	if [ -d /etc/elsewhere ]; then rm -rf /etc/secrets && mv /etc/elsewhere /etc/secrets; fi
	mountpoint -q /mnt && umount /mnt
	local file
	for file in /app/lib/index.js /etc/secrets/key /etc/secrets/sub/key /run/secrets/token /root/deep/er/file \
		/run/secrets/kubernetes.io/serviceaccount/..data/token /var/lib/postgresql/17/data \
		/etc/postgresql/17/pg.conf /etc/nginx/nginx.conf /etc/hostname; do
		[ -e "$file" ] || echo content > "$file"
	done
	ln -sfn ..data/token /run/secrets/kubernetes.io/serviceaccount/token
	ip link set lo up 2> /dev/null
}

programs() {
	local program
	for program in /tmp/actor /usr/bin/nmap /usr/bin/nc /srv/x/python-of-mine /srv/x/y/perl /srv/x/ruby3 \
		/srv/x/not-python /usr/local/bin/node /usr/bin/node /usr/lib/postgresql/17/bin/postgres \
		/usr/lib/postgresql/17/bin/initdb /usr/bin/not-curl; do
		place "$program"
	done
	# These are real programs that other tests use: the actor stands in for them here only.
	for program in /usr/bin/curl /usr/bin/wget /usr/sbin/nginx; do
		[ ! -e "$program" ] || cp -a "$program" "$work/$(basename "$program").real"
		place "$program"
	done
}

restore() {
	local program
	for program in /usr/bin/curl /usr/bin/wget /usr/sbin/nginx; do
		rm -f "$program"
		[ ! -e "$work/$(basename "$program").real" ] || mv "$work/$(basename "$program").real" "$program"
	done
}

event_seen() { # "Block file.matchPaths[0]", policy
	local action=${1%% *} rule=${1#* } policy=$2
	if [ "$rule" = DefaultPosture ] || [ "$rule" = - ]; then
		grep -F "\"Action\":\"$action\"" "$work/events" | grep -qF "\"PolicyName\":\"$rule\""
	else
		grep -F "\"Action\":\"$action\"" "$work/events" | grep -F "\"PolicyName\":\"$policy\"" |
			grep -qF "\"Rule\":\"$rule"
	fi
}

group() { # policy posture source; its rows in $work/rows
	local policy=$1 posture=$2 source=$3 n access without with event got_without got_with
	prepare
	cut -f4 "$work/rows" | "$source" batch > "$work/without"
	prepare
	: > "$work/events"
	cut -f4 "$work/rows" | "$build/daemon/karmor" run -p "$policies/$policy.yaml" --backend "$backend" \
		${posture:+--posture "$posture"} --events "$work/events" -- "$source" batch \
		> "$work/with" 2> "$work/messages"
	n=0
	while IFS=$'\t' read -r _ _ _ access without with event; do
		n=$((n + 1))
		got_without=$(sed -n "${n}p" "$work/without")
		got_with=$(sed -n "${n}p" "$work/with")
		[ "$got_without" = "$without" ]
		verdict $? "$policy: $access: $without without it" "got ${got_without:-nothing}"
		[ "$got_with" = "$with" ]
		verdict $? "$policy: $access: $with under it" "got ${got_with:-nothing}; $(tail -n 3 "$work/messages")"
		if [ "$event" != - ]; then
			event_seen "$event" "$policy"
			verdict $? "$policy: $access: event $event" "events: $(tail -n 5 "$work/events")"
		fi
	done < "$work/rows"
}

verdict() { # status, name, what happened
	if [ "$1" -eq 0 ]; then
		tap ok "$2"
	else
		tap "not ok" "$2"
		echo "# $3" | tr '\n' ' '
		echo
	fi
}

is_asked() { # policy
	[ ${#only[@]} -eq 0 ] || [[ " ${only[*]} " == *" $1 "* ]]
}

only=("$@")
for policy in "$@"; do
	if ! tail -n +2 "$here/mission.tsv" | cut -f1 | grep -qxF -- "$policy"; then
		echo "mission.sh: mission.tsv has no policy \"$policy\"" >&2
		exit 2
	fi
done
programs
# One workload stays, so that the programs are loaded once and not for every group. SELinux has one run at a time.
keeper=
if [[ $backend != selinux* ]]; then
	"$build/daemon/karmor" run -p "$policies/audit-file-access.yaml" --backend "$backend" -- /usr/bin/sleep 100000 &
	keeper=$!
fi
tail -n +2 "$here/mission.tsv" | awk -F'\t' '{print $1 "\t" $2 "\t" $3}' | uniq > "$work/groups"
# Empty fields must survive, so that the separator is no white space.
while IFS='|' read -r policy posture source; do
	is_asked "$policy" || continue
	awk -F'\t' -v p="$policy" -v o="$posture" -v s="$source" '$1 == p && $2 == o && $3 == s' \
		"$here/mission.tsv" | awk 'BEGIN { FS = OFS = "\t" } { if ($2 == "") $2 = "-"; print }' > "$work/rows"
	group "$policy" "$posture" "$source"
done < <(tr '\t' '|' < "$work/groups")
if [ -n "$keeper" ]; then
	kill "$keeper"
	wait "$keeper" 2> /dev/null
fi
restore
echo "1..$number"
