#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The service as systemd runs it in an enforcing SELinux kernel, with its drop-in, and a unit that becomes a workload of its.
# Root, in a virtual machine whose first process is systemd and whose kernel has SELinux. Few changes: with each the whole
# policy of the machine is made anew.
set -u
. "$(dirname "$0")/tap.sh"

units=/etc/systemd/system
here=$(cd "$(dirname "$0")/../.." && pwd)
trap 'setenforce 0; systemctl stop web karmord.socket karmord' EXIT
setenforce 0

# Where systemd's tasks may execute them, with their sandbox as it is installed.
install -D "$build/daemon/karmord" -t /usr/local/sbin
install -D "$build/daemon/karmor" -t /usr/local/bin
install -D "$build"/lib/libkarmor.so.0.* /usr/local/lib/libkarmor.so.0
karmor=/usr/local/bin/karmor
sed 's|^ExecStart=.*|ExecStart=/usr/local/sbin/karmord|' "$build/daemon/karmord.service" > "$units/karmord.service"
cp "$here/daemon/karmord.socket" "$units"
mkdir -p /etc/karmor/policies.d /srv/unit
echo 'backends: [selinux]' > /etc/karmor/karmord.yaml
cat > /etc/karmor/policies.d/web.yaml << 'END'
apiVersion: security.kubearmor.com/v1
kind: KubeArmorPolicy
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  action: Block
  file:
    matchPaths:
    - {path: /srv/unit/secret}
    - {path: /srv/unit/mine, fromSource: [{path: /bin/sh}]}
END
for name in secret open mine; do
	echo "what $name says" > "/srv/unit/$name"
done
chown 12345 /srv/unit/secret
cat > "$units/web.service" << 'END'
[Unit]
After=karmord.service
[Service]
Type=oneshot
RemainAfterExit=yes
SELinuxContext=system_u:system_r:unconfined_t:s0
NoNewPrivileges=yes
ExecStart=/usr/local/bin/karmor start --name web -n shop -l app=web /bin/sh /usr/local/lib/web
END
cat > /usr/local/lib/web << 'END'
{
	cat /srv/unit/secret /srv/unit/open /srv/unit/mine
	read -r x < /srv/unit/mine
	echo "read: $?"
	cat /proc/thread-self/attr/current
} > /srv/unit/said 2>&1
sleep 100000 &
END
restorecon -R /usr/local /etc/systemd /etc/karmor /srv
systemctl daemon-reload

said() {
	tr -d '\0' < /srv/unit/said
}

traces() {
	semodule --list=full
	ls -Z /srv/unit/secret /srv/unit/open /srv/unit/mine
	sha256sum < /sys/fs/selinux/policy
}
traces > /run/before
setenforce 1

out=$(systemctl start karmord 2>&1)
check $((! $?)) "without its drop-in the service does not enforce by SELinux" "$(journalctl -u karmord -n 8 -o cat)"
has "$(journalctl -u karmord -o cat)" "a service by SELinuxContext=, see karmor-selinux(7)" "and it is said what is missing"
systemctl stop karmord.socket karmord 2> /dev/null
systemctl reset-failed karmord
install -D -m 644 "$here/daemon/selinux.conf" -t "$units/karmord.service.d"
restorecon -R "$units"
systemctl daemon-reload
out=$(systemctl start karmord 2>&1)
check $? "with it it starts" "$out $(journalctl -u karmord -n 8 -o cat)"
has "$("$karmor" status 2>&1)" SELinux "and enforces by SELinux"

out=$(systemctl start web 2>&1)
check $? "a unit starts that becomes a workload" "$out $(journalctl -u web -u karmord -n 8 -o cat)"
has "$(said)" "/srv/unit/secret: Permission denied" "what its policy blocks is denied, whoever owns it"
has "$(said)" "what open says" "and nothing else"
has "$(said)" "what mine says" "what is blocked to its shell is read by another program"
has "$(said)" "read: " "but not by the shell"
lacks "$(said)" "read: 0" "which fails"
has "$(said)" "system_u:karmor_w" "all of it under a role of its own"
has "$("$karmor" get workloads -o json)" '"name": "web"' "karmord knows it by its name"
# Not by us: for its death it is started again.
pid=$(systemctl show --property MainPID --value karmord)
kill -9 "$pid"
another() {
	local now
	now=$(systemctl show --property MainPID --value karmord)
	[ "$now" != 0 ] && [ "$now" != "$pid" ] && "$karmor" get workloads -o json 2> /dev/null | grep -q '"adopted": *true'
}
at_length another
check $? "the service that was killed is there again, and takes the unit over" "$(journalctl -u karmord -n 8 -o cat)"
before=$(od -An -t u4 -j 12 -N 4 /sys/fs/selinux/status)
rm /srv/unit/said
systemctl restart web
check $? "the unit is started again" "$(journalctl -u web -u karmord -n 8 -o cat)"
has "$(said)" "/srv/unit/secret: Permission denied" "and is under its policies again"
is "$(od -An -t u4 -j 12 -N 4 /sys/fs/selinux/status)" "$before" "for which no policy was loaded"
systemctl stop web
empty() {
	[ "$("$karmor" get workloads -o json | grep -c '"name"')" -eq 0 ]
}
at_length empty
check $? "it is forgotten when it has ended" "$("$karmor" get workloads)"
systemctl stop karmord.socket karmord
setenforce 0
is "$(traces | diff /run/before - 2>&1)" "" "and nothing is left when the service has ended: modules, labels, the policy's bytes"
plan
