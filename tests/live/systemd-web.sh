#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A web server in a container, watched and then hardened, on a node that has the packages: what karmord is for. Root, in a
# virtual machine whose first process is systemd.
set -u
. "$(dirname "$0")/tap.sh"
. "$(dirname "$0")/container.sh"
. "$(dirname "$0")/node.sh"

work=$(mktemp -d)
trap 'kill -9 "${follower:-}" 2> /dev/null; container_stop web; rm -rf "$work"' EXIT

node_install
check $? "the packages are installed" "$(cat "$work/dpkg")"
is "$(systemctl is-enabled karmord; systemctl is-active karmord)" $'disabled\ninactive' "which enables and starts nothing"
said=$(systemctl enable --now karmord.service 2>&1)
check $? "karmord.service is enabled and started" "$said $(journalctl -u karmord -n 8 -o cat)"
has "$(systemctl show -p Type -p StatusErrno -p ActiveState karmord)" "ActiveState=active" "and is active once it is ready"

web_make
container_start web "$work/web"
check $? "nginx starts in a container of crun" "$(cat "$work/web/said")"
eventually serves
check $? "and serves"
has "$(container_enter web cat /etc/shadow)" "root:" "control: a program in it reads what no policy names"
has "$("$karmor" get workloads -o wide)" "kubearmor-demo" "karmor get workloads has it"

is "$("$karmor" apply -f "$mission/web-app-audit.yaml" 2>&1)" "kubearmorpolicy/web-app-audit created" "the policy that watches is applied"
follow
has "$(container_enter web cat /etc/passwd)" "root:" "cat /etc/passwd passes"
is "$(container_enter web sh -c 'echo test')" test "sh passes"
has "$(container_enter web wget -q -O - http://127.0.0.1/)" nginx "wget passes"
is_told Audit web-app-audit /etc/passwd "the first is logged"
is_told Audit web-app-audit /usr/bin/sh "and the second"
is_told Audit web-app-audit /usr/bin/wget "and the third"

is "$("$karmor" apply -f "$mission/web-app-hardened.yaml" 2>&1)" "kubearmorpolicy/web-app-hardened created" "the policy that hardens is applied"
hardened() { # when
	serves
	check $? "$1 nginx serves"
	lacks "$(container_enter web sh -c 'echo test')" test "$1 sh fails"
	lacks "$(container_enter web wget -q -O - http://127.0.0.1/)" nginx "$1 wget fails"
	lacks "$(container_enter web cat /etc/shadow)" root: "$1 cat /etc/shadow fails"
}
hardened "hardened"
is_told Block web-app-hardened /usr/bin/sh "sh is logged as blocked"
is_told Block web-app-hardened /usr/bin/wget "and wget"
is_told Block web-app-hardened /usr/bin/cat "and cat"
has "$(timeout 60 "$karmor" logs -n kubearmor-demo --logFilter=policy --since 1h --limit 1 --resource '*/wget*' --policy web-app-hardened)" \
	"Action: Block" "karmor logs tells it as text too"
container_stop web
container_start web "$work/web"
eventually serves
check $? "it starts anew under both, and serves" "$(cat "$work/web/said")"

pid=$(daemon_pid)
systemctl kill --signal KILL --kill-whom main karmord
hardened "karmord killed,"
eventually is_another "$pid"
check $? "systemd starts another" "$(journalctl -u karmord -n 8 -o cat)"
has "$("$karmor" get workloads -o json)" '"adopted": true' "which takes the container over"
is "$("$karmor" get policies | grep -c web-app)" 2 "and has the policies"
hardened "taken over,"
follow_again=$(wc -l < "$work/events")
kill "$follower" 2> /dev/null
follow
container_enter web sh -c 'echo test' > /dev/null
is_told Block web-app-hardened /usr/bin/sh "and events come" "$follow_again"

is "$("$karmor" delete -f "$mission/web-app-hardened.yaml" -f "$mission/web-app-audit.yaml" 2>&1 | grep -c deleted)" 2 "the policies are deleted"
has "$(container_enter web cat /etc/shadow)" root: "and out of force"
"$karmor" apply -f "$mission/web-app-hardened.yaml" > /dev/null 2>&1
lacks "$(container_enter web cat /etc/shadow)" root: "one is applied again"
container_stop web
empty() {
	[ "$("$karmor" get workloads -o json | grep -c '"name"')" -eq 0 ]
}
eventually empty
check $? "the container stopped, it is forgotten" "$("$karmor" get workloads)"
node_remove
check $? "the packages are removed" "$(cat "$work/dpkg")"
eventually unloaded
check $? "no program is left" "$(bpftool prog show | grep karmor)"
is "$(bpftool map show | grep -c karmor)" 0 "and no map"
is "$(ls -d /sys/fs/bpf/karmor /run/karmor /var/lib/karmor /var/log/karmor /etc/karmor 2> /dev/null)" "" "and no pin, no policy and no file"
is "$(dpkg -l | grep -c karmor)" 0 "and no package"
is "$(systemctl list-unit-files --no-legend 'karmord*')" "" "and no unit"
plan
