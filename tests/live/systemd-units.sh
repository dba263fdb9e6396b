#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Services of systemd under karmord: one that runs already, with its own tasks; what its unit file has systemd execute, each time; one
# with namespaces of its own and one with a user of its own; and one that nobody named. Root, in a virtual machine whose first
# process is systemd.
set -u
. "$(dirname "$0")/tap.sh"
. "$(dirname "$0")/container.sh"
. "$(dirname "$0")/node.sh"

# Not in a directory that a service has a private one of.
work=/srv/karmor-test
mkdir -p "$work"
trap 'systemctl stop "karmor-test-*" 2> /dev/null; rm -rf "$work" /run/systemd/system/karmor-test-*' EXIT
config=/etc/karmor/karmord.yaml

# Each line tells of one try. Everybody may read the file, were it not for the policy.
echo secret > "$work/secret"
cat > "$work/try" << END
if cat $work/secret > /dev/null; then echo "\$1 read"; else echo "\$1 denied"; fi
if ls $work > /dev/null; then echo "\$1 ran"; else echo "\$1 refused"; fi
if echo > /tmp/own; then echo "\$1 written"; else echo "\$1 kept"; fi
END
# What runs goes on opening it, without executing anything for that.
cat > "$work/run" << END
sh $work/try main
echo started
while sleep 0.3; do
	if read -r line < $work/secret; then echo "run read"; else echo "run denied"; fi
done
END

service() { # NAME LINE...: its unit file
	local name=karmor-test-$1
	shift
	{
		printf '[Service]\nType=exec\nExecStart=/bin/sh %s/run\nStandardOutput=append:%s/%s\nStandardError=null\n' "$work" "$work" "$name"
		printf '%s\n' "$@"
	} > "/run/systemd/system/$name.service"
	: > "$work/$name"
}

service web "ExecStartPre=/bin/sh $work/try before" "ExecReload=/bin/sh $work/try reload" "ExecStopPost=/bin/sh $work/try after" \
	PrivateTmp=yes ProtectSystem=strict ProtectHome=yes ProtectKernelTunables=yes NoNewPrivileges=yes SystemCallFilter=@system-service
service user DynamicUser=yes PrivateDevices=yes
service other PrivateTmp=yes
systemctl daemon-reload

said() { # SERVICE: each line once
	awk '!seen[$0]++' "$work/karmor-test-$1" | tr '\n' ' '
}

tells() { # SERVICE LINE [TIMES]
	[ "$(grep -cx "$2" "$work/karmor-test-$1")" -ge "${3:-1}" ]
}

begin() { # SERVICE: from nothing
	systemctl stop "karmor-test-$1"
	: > "$work/karmor-test-$1"
	systemctl start "karmor-test-$1" && eventually tells "$1" "run .*"
}

node_install
rm -f /tmp/own
for name in web user other; do
	begin $name || break
done
free="main read main ran main written started run read "
is "$(said web)" "before read before ran before written $free" "control: a service does what it likes without karmord" "$(systemctl status karmor-test-web)"
is "$(said user)" "$free" "control: and so does one with a user of its own"

# An allow-list of programs that has nothing of systemd's.
mkdir -p /etc/karmor/policies.d
cat > /etc/karmor/policies.d/web.yaml << END
apiVersion: security.kubearmor.com/v1
kind: KubeArmorPolicy
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  process:
    action: Allow
    matchPatterns: [{pattern: "/{usr/,}bin/{sh,dash,sleep,cat}"}]
  file: {matchPaths: [{path: $work/secret}, {path: /tmp/own}]}
END
printf 'posture: file=block\nunits:\n' > "$config"
printf '  - {name: karmor-test-%s.service, labels: app=web}\n' web user >> "$config"
said=$(systemctl start karmord 2>&1)
check $? "karmord starts, which has two of three named" "$said $(journalctl -u karmord -n 8 -o cat)"
for name in web user other; do
	: > "$work/karmor-test-$name"
done
for name in web user; do
	eventually tells $name "run .*" 3
	is "$(said $name)" "run denied " "what runs in the $name service is under its policies"
done
systemctl reload karmor-test-web
is "$(said web | sed 's/run denied //')" "reload denied reload refused reload kept " "and what systemd starts in it from then on"
eventually tells other "run .*" 3
is "$(said other)" "run read " "a service that nobody named is not"

times=${KARMOR_LONG:+20}2
: > "$work/karmor-test-web"
for ((n = 1; n <= times; n++)); do
	systemctl restart karmor-test-web || break
	eventually tells web started "$n"
done
is "$n" $((times + 1)) "it starts each time, though systemd's own programs are not allowed" "$(systemctl status karmor-test-web)"
is "$(for word in before main after; do for what in denied refused kept; do grep -cx "$word $what" "$work/karmor-test-web"; done; done | sort -u)" \
	"$times" "and each time all that its file names is denied what it may not"
is "$(grep -c 'read\|ran\|written' "$work/karmor-test-web")" 0 "not once it succeeded"
bound="main denied main refused main kept started run denied "
begin user
is "$(said user)" "$bound" "one with a user of its own, too"
begin other
is "$(said other)" "$free" "control: the one that nobody named does what it likes"
event() {
	timeout 60 "$karmor" logs --since 1h --limit 1 --json --resource "$work/secret*" > "$work/event" 2>&1 && grep -q karmor-test "$work/event"
}
eventually event
has "$(cat "$work/event")" '"ContainerName":"karmor-test-' "an event names the service"

systemctl stop karmord.socket karmord.service
begin web
is "$(said web)" "before denied before refused before kept $bound" "without karmord it starts under its policies"
systemctl start karmord.socket karmord.service
check $? "karmord comes back" "$(journalctl -u karmord -n 8 -o cat)"
has "$("$karmor" get workloads -o json)" '"adopted": true' "and has taken it over"
begin web
is "$(said web)" "before denied before refused before kept $bound" "it starts as before"

sed -i '/-web/d' "$config"
systemctl reload karmord
: > "$work/karmor-test-web"
eventually tells web "run read"
check $? "not named any more it is without rules" "$(journalctl -u karmord -n 8 -o cat)"
begin user
is "$(said user)" "$bound" "and the other one is not"
systemctl stop "karmor-test-*"
rm -f "$config" /etc/karmor/policies.d/web.yaml
node_remove
eventually unloaded
check $? "removed, nothing of it is in the kernel" "$(cat "$work/dpkg")"
plan
