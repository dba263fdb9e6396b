# SPDX-License-Identifier: Apache-2.0
# What tests of an installed karmord share. Include it after tap.sh and container.sh.
# shellcheck shell=bash disable=SC2034,SC2154

packages=$build/packages
karmor=/usr/bin/karmor
mission=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)/data/policies/mission

# All that was installed is named by its package, so that none is left over from another test.
node_install() {
	dpkg --install "$packages"/karmor_*.deb "$packages"/libkarmor0_*.deb > "$work/dpkg" 2>&1
}

node_remove() {
	dpkg --purge karmor libkarmor0 > "$work/dpkg" 2>&1
}

policy() { # NAME APP PATH: that what has the label app=APP may not open PATH
	printf 'apiVersion: security.kubearmor.com/v1\nkind: KubeArmorPolicy\nmetadata: {name: %s}\nspec:\n  selector: {matchLabels: {app: %s}}\n  file: {matchPaths: [{path: %s}]}\n' \
		"$1" "$2" "$3"
}

answers() {
	"$karmor" get policies > /dev/null 2>&1
}

daemon_pid() {
	systemctl show --property MainPID --value karmord
}

# Whether another daemon answers than this one.
is_another() { # PID
	local pid
	pid=$(daemon_pid)
	[ "$pid" != 0 ] && [ "$pid" != "$1" ] && systemctl --quiet is-active karmord && answers
}

# A web server's container: its root in $work/web/rootfs.
web_make() {
	container_root "$work/web/rootfs" /usr/sbin/nginx /etc/nginx /usr/share/nginx/html /var/www /var/log/nginx /var/lib/nginx /etc/passwd \
		/etc/group /etc/shadow /etc/nsswitch.conf /usr/bin/sh /usr/bin/bash /usr/bin/cat /usr/bin/wget /usr/bin/sleep
	container_bundle "$work/web" "$karmor" app=web-app,io.kubernetes.pod.namespace=kubearmor-demo \
		/usr/sbin/nginx -g 'daemon off;'
}

serves() {
	[[ $(curl --silent --max-time 20 http://127.0.0.1/) == *nginx* ]]
}

# Follows events into $work/events, from the first that is remembered on.
follow() {
	"$karmor" logs -n kubearmor-demo --logFilter=policy --json --since 1h > "$work/events" 2> "$work/follower" &
	follower=$!
	disown
}

# told ACTION POLICY RESOURCE: whether an event says so.
told() {
	grep '"Type":"MatchedPolicy"' "$work/events" | grep "\"Action\":\"$1\"" | grep "\"PolicyName\":\"$2\"" |
		grep -q "\"Resource\":\"$3"
}

# is_told ACTION POLICY RESOURCE NAME
is_told() {
	eventually told "$1" "$2" "$3"
	check $? "$4" "$(tail -n 4 "$work/events")"
}
