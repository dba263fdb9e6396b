#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The service as systemd runs it: its sandbox, readiness and watchdog, the socket, reload, and events in the journal. Root, in a
# virtual machine whose first process is systemd.
set -u
. "$(dirname "$0")/tap.sh"
. "$(dirname "$0")/container.sh"
. "$(dirname "$0")/node.sh"

work=$(mktemp -d)
trap 'container_stop web; rm -rf "$work"' EXIT
unit=/lib/systemd/system/karmord.service
dropins=/run/systemd/system/karmord.service.d

property() { # NAME
	systemctl show --property "$1" --value karmord
}

node_install
mkdir -p /etc/karmor
printf 'eventJournal: true\neventFile: /var/log/karmor/events.json\n' > /etc/karmor/karmord.yaml
# Once for a test, and not once a minute.
mkdir -p "$dropins"
printf '[Service]\nWatchdogSec=20\n' > "$dropins/test.conf"
systemctl daemon-reload
is "$(grep -c '^WatchdogSec=60$' "$unit")" 1 "the unit has a watchdog"
said=$(systemctl enable --now karmord 2>&1)
check $? "the service starts, with a file and the journal for events" "$said $(journalctl -u karmord -n 8 -o cat)"
is "$(systemctl is-enabled karmord.socket)" enabled "its socket is enabled with it"
is "$(property WatchdogUSec)" 20s "systemd waits for its watchdog"

said=$(systemd-analyze security --no-pager --threshold=40 karmord 2>&1)
check $? "systemd-analyze security is content with its sandbox" "$(tail -n 1 <<< "$said")"
tail -n 1 <<< "$said" | sed 's/^/# /'
pid=$(daemon_pid)
is "$(awk '/^CapBnd:/ { print $2 }' "/proc/$pid/status")" 000000e201280025 "it can have the capabilities that it needs, and no other"
drops "$pid"
check $? "of which it has given up what was for its start" "$(grep -e ^Cap -e ^No "/proc/$pid/status")"
is "$(awk '/^NoNewPrivs:|^Seccomp:/ { print $2 }' "/proc/$pid/status" | xargs)" "1 2" "and a filter of system calls"

web_make
container_start web "$work/web"
check $? "it puts a container under policies from its sandbox" "$(cat "$work/web/said")"
"$karmor" apply -f "$mission/web-app-hardened.yaml" > /dev/null
has "$(container_enter web cat /etc/shadow)" denied "and enforces"
entry() {
	journalctl -t karmord KARMOR_ACTION=Block KARMOR_POLICY_NAME=web-app-hardened -o json -n 1 > "$work/entry" 2> /dev/null && [ -s "$work/entry" ]
}
eventually entry
check $? "the event is in the journal" "$(journalctl -u karmord -n 5 -o cat)"
for part in '"KARMOR_TYPE":"MatchedPolicy"' '"KARMOR_RESOURCE":"/usr/bin/cat' '"KARMOR_NAMESPACE_NAME":"kubearmor-demo"' \
	'"_SYSTEMD_UNIT":"karmord.service"'; do
	has "$(sed 's/" : "/":"/g' "$work/entry")" "$part" "with $part"
done
is "$(grep -c web-app-hardened /var/log/karmor/events.json | sed 's/[1-9][0-9]*/some/')$(stat -c ' %a %U' /var/log/karmor/events.json)" "some 640 root" "and in the file that its unit lets it write"

printf 'kind: KubeArmorPolicy\nmetadata: {name: broken}\nnonsense: 1\n' > /etc/karmor/policies.d/broken.yaml
told() {
	journalctl -t karmord PRIORITY=3 KARMOR_FILE=/etc/karmor/policies.d/broken.yaml KARMOR_LINE=3 KARMOR_COLUMN=1 -o cat > "$work/told" 2> /dev/null && [ -s "$work/told" ]
}
eventually told
check $? "what is wrong with a policy is in the journal, by its file and line" "$(journalctl -u karmord -n 5 -o cat)"
has "$(cat "$work/told")" 'policies.d/broken.yaml:3:1: unknown field "nonsense"' "in words, too"
rm /etc/karmor/policies.d/broken.yaml

printf 'audit: true\n' >> /etc/karmor/karmord.yaml
systemctl reload karmord
check $? "systemctl reload succeeds"
passes() {
	[[ $(container_enter web cat /etc/shadow) == *root:* ]]
}
fails() {
	! passes
}
eventually passes
check $? "and what was configured anew is in force" "$(journalctl -u karmord -n 5 -o cat)"
is "$(property ActiveState) $(property MainPID)" "active $pid" "it is the same daemon, and active again"
sed -i /audit/d /etc/karmor/karmord.yaml
systemctl reload karmord
eventually fails
check $? "and so is what it was before"

has "$(varlinkctl introspect /run/karmor/karmord.sock io.karmor 2>&1)" "method GetWorkloads() -> " "varlinkctl reads the interface"
has "$(varlinkctl call /run/karmor/karmord.sock io.karmor.GetPolicies {} 2>&1)" web-app-hardened "and calls it"

systemctl stop karmord.service 2> /dev/null
is "$(systemctl is-active karmord.service karmord.socket | xargs)" "inactive active" "the service stopped, its socket listens"
fails
check $? "and what is enforced is enforced"
said=$(timeout 240 "$karmor" get policies 2>&1)
has "$said" web-app-hardened "who asks at the socket starts it, and is answered"
is "$(systemctl is-active karmord.service)" active "so that it runs"
is "$(stat -c '%a %U %G' /run/karmor/karmord.sock)" "660 root karmor" "the socket is root's and the group's"

pid=$(daemon_pid)
restarts=$(property NRestarts)
# 0 would be ourselves.
[ "$pid" -eq 0 ] || kill -STOP "$pid"
fails
check $? "a daemon that hangs enforces"
eventually is_another "$pid"
check $? "and systemd starts another in its place" "$(journalctl -u karmord -n 8 -o cat)"
is "$(property NRestarts)" "$((restarts + 1))" "once"
has "$(journalctl -u karmord -n 40 -o cat)" "watchdog" "for its watchdog"
has "$("$karmor" get workloads -o json)" '"adopted": true' "which takes the container over"
drops "$(daemon_pid)"
check $? "and then has given up what was for its start" "$(grep -e ^Cap -e ^No "/proc/$(daemon_pid)/status")"
fails
check $? "and enforces"

before=" $(property Before) "
for other in containerd crio docker podman kubelet; do
	has "$before" " $other.service " "whatever $other starts, karmord has started before"
done
container_stop web
rm -r "$dropins"
node_remove
rm -f /etc/karmor/karmord.yaml
eventually unloaded
check $? "removed, nothing of it is in the kernel" "$(cat "$work/dpkg")"
plan
