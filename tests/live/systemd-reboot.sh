#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# usage: systemd-reboot.sh before|after
#
# A reboot: policies are in force before the first workload starts, a container or a unit. Root, in a virtual machine whose
# first process is systemd.
set -u
. "$(dirname "$0")/tap.sh"
. "$(dirname "$0")/container.sh"
. "$(dirname "$0")/node.sh"

work=/srv/karmor-test
mkdir -p "$work" /etc/karmor/policies.d
units=/etc/systemd/system

# What stands for all that starts containers at boot, one of the usual names.
container_service() {
	cat > "$units/containerd.service" <<- END
		[Service]
		Type=oneshot
		WorkingDirectory=$work/web
		ExecStart=/usr/bin/crun run boots
		StandardOutput=append:$work/containerd
		StandardError=append:$work/containerd
		[Install]
		WantedBy=multi-user.target
	END
}

# A service that has nothing to do with karmord, and does with its first instruction what it may not.
plain_service() {
	cat > "$units/karmor-test-boots.service" <<- END
		[Service]
		Type=oneshot
		ExecStart=/usr/bin/cat /etc/passwd /etc/group /etc/shadow
		StandardOutput=append:$work/karmor-test-boots
		StandardError=append:$work/karmor-test-boots
		SuccessExitStatus=1
		[Install]
		WantedBy=basic.target multi-user.target
	END
}

monotonic() { # UNIT, PROPERTY
	systemctl show --property "$2" --value "$1"
}

both() {
	[ "$("$karmor" get policies | grep -cw -e shadow -e group)" -eq 2 ]
}

if [ "$1" = before ]; then
	node_install
	check $? "the packages are installed" "$(cat "$work/dpkg")"
	container_root "$work/web/rootfs" /etc/passwd /etc/shadow /etc/group /usr/bin/sh /usr/bin/cat
	container_bundle "$work/web" "$karmor" app=boots cat /etc/passwd /etc/group /etc/shadow
	container_service
	plain_service
	printf 'units: [{name: karmor-test-boots.service, labels: app=boots}]\n' > /etc/karmor/karmord.yaml
	systemctl daemon-reload
	systemctl enable --now karmord 2> /dev/null
	check $? "karmord is enabled" "$(journalctl -u karmord -n 8 -o cat)"
	for name in containerd karmor-test-boots; do
		systemctl enable --now $name 2> /dev/null
		has "$(cat "$work/$name")" root:x:0:0: "control: what $name starts runs"
		lacks "$(cat "$work/$name")" denied "control: and reads the files"
		rm "$work/$name"
	done
	policy shadow boots /etc/shadow | "$karmor" apply -f - > /dev/null
	policy group boots /etc/group > "$work/group.yaml"
	mv "$work/group.yaml" /etc/karmor/policies.d/group.yaml
	eventually both
	check $? "two policies are in force, one of a file" "$("$karmor" get policies 2>&1)"
	plan
	exit
fi

is "$(systemctl is-active karmord)" active "after the reboot karmord runs"
both
check $? "with both policies" "$("$karmor" get policies 2>&1)"
ready=$(monotonic karmord ActiveEnterTimestampMonotonic)
for name in containerd karmor-test-boots; do
	has "$(cat "$work/$name" 2>&1)" root:x:0:0: "what $name starts has run"
	has "$(cat "$work/$name" 2>&1)" "/etc/shadow: Permission denied" "and was under the policy of the socket"
	has "$(cat "$work/$name" 2>&1)" "/etc/group: Permission denied" "and under that of the file"
	is "$(grep -c root:x:0:0: "$work/$name")" 1 "once"
	begun=$(monotonic $name ExecMainStartTimestampMonotonic)
	[ "$ready" -gt 0 ] && [ "$begun" -gt "$ready" ]
	check $? "it was begun when karmord was ready" "ready $ready, begun $begun"
done
is "$(journalctl -b -o cat _PID=1 | grep -ci 'ordering cycle')" 0 "systemd found no cycle in the order of units"
echo "# karmord took $(((ready - $(monotonic karmord ExecMainStartTimestampMonotonic)) / 1000)) ms of the boot"
systemctl disable containerd karmor-test-boots 2> /dev/null
rm -r "$units/containerd.service" "$units/karmor-test-boots.service" /etc/karmor/policies.d/group.yaml /etc/karmor/karmord.yaml
node_remove
eventually unloaded
check $? "removed, nothing of it is in the kernel" "$(cat "$work/dpkg")"
plan
