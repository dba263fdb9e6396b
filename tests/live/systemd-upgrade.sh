#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The packages replaced by newer ones while a container goes on trying what it may not, and others start: nothing that is to
# fail succeeds. Root, in a virtual machine whose first process is systemd.
set -u
. "$(dirname "$0")/tap.sh"
. "$(dirname "$0")/container.sh"
. "$(dirname "$0")/node.sh"

work=$(mktemp -d)
unit="karmor-test-upgrade.service"
trap 'touch "$work/stop"; container_stop tries; systemctl stop $unit 2> /dev/null; rm -rf "$work" /run/systemd/system/$unit' EXIT

# newer VERSION [EXPRESSION]: the packages as later ones, in $work/VERSION; their library's bytes changed by sed.
newer() {
	local name
	mkdir "$work/$1"
	for name in karmor libkarmor0; do
		dpkg-deb --raw-extract "$packages/${name}"_*.deb "$work/$name" || return
		sed -i -E "s/^(Version: .*)/\\1+$1/; s/(libkarmor0 \\(= [^)]*)\\)/\\1+$1)/" "$work/$name/DEBIAN/control"
		[ $name = karmor ] || LC_ALL=C sed -i "${2:-}" "$work/$name"/usr/lib/*/libkarmor.so.0.*
		dpkg-deb -Zgzip -z1 --build "$work/$name" "$work/$1" > /dev/null || return
		rm -r "${work:?}/$name"
	done
}

node_install
check $? "the packages are installed" "$(cat "$work/dpkg")"
# A build is told by the object of its programs: here one that has another name for one of its symbols.
newer later && newer other s/LBB0_50/LBB9_50/
check $? "there are later ones" "$(ls "$work/later" "$work/other" 2>&1)"
systemctl enable --now karmord 2> /dev/null
policy shadow tries /etc/shadow | "$karmor" apply -f - > /dev/null
mkdir -p "$work/web"
container_root "$work/web/rootfs" /etc/passwd /etc/shadow /usr/bin/sh /usr/bin/cat /usr/bin/sleep
tmp=$work/web/rootfs/tmp
# shellcheck disable=SC2016 # for the container's shell
goes='while :; do cat /etc/shadow > /dev/null 2>&1 && echo leak >> /tmp/leaks; cat /etc/passwd > /dev/null && echo try >> /tmp/tries; done'
container_bundle "$work/web" "" app=tries sh -c 'cat /etc/shadow'
has "$(cd "$work/web" && crun run control < /dev/null 2>&1)" root: "control: without karmord the file is read"
container_bundle "$work/web" "$karmor" app=tries sh -c "$goes"
container_start tries "$work/web"
eventually there "$tmp/tries"
check $? "a container goes on trying" "$(cat "$work/web/said")"

# Others start all the while. One that karmord cannot be told of may not.
cp -a "$work/web" "$work/short"
container_bundle "$work/short" "$karmor" app=tries sh -c 'cat /etc/shadow && echo leak >> /tmp/leaks; echo try >> /tmp/tries'
rm -f "$work"/short/rootfs/tmp/*
(for ((i = 0; ; i++)); do
	[ ! -e "$work/stop" ] || exit
	(cd "$work/short" && timeout 60 crun run "short-$i" < /dev/null > /dev/null 2>&1)
done) &
starter=$!
short_tries() {
	[ "$(wc -l 2> /dev/null < "$work/short/rootfs/tmp/tries" || echo 0)" -gt "$1" ]
}
eventually short_tries 0
check $? "and others start"

# A unit that tries all the while, too; /etc/group is what policies change about.
cat > /run/systemd/system/$unit << END
[Service]
Type=exec
ExecStart=/bin/sh -c 'while :; do if read -r line < /etc/shadow; then echo leak; else echo try; fi; if read -r line < /etc/group; then echo group; else echo none; fi; sleep 0.1; done'
StandardOutput=append:$work/unit
StandardError=null
END
systemctl daemon-reload
printf 'units:\n  - {name: %s, labels: app=unit}\n' $unit > /etc/karmor/karmord.yaml
systemctl reload karmord
policy unit unit /etc/shadow | "$karmor" apply -f - > /dev/null
policy group unit /etc/group | "$karmor" apply -f - > /dev/null
systemctl start $unit
unit_tells() { # LINE
	[ "$(tail -n 2 "$work/unit" | grep -cx "$1")" -eq 1 ]
}
eventually unit_tells none
check $? "a unit is under policies" "$("$karmor" get workloads)"

upgraded() { # VERSION
	local pid from until
	pid=$(daemon_pid)
	from=$(wc -l < "$tmp/tries")
	dpkg --install "$work/$1"/*.deb > "$work/dpkg" 2>&1
	check $? "the $1 packages are installed" "$(cat "$work/dpkg")"
	until=$(wc -l < "$tmp/tries")
	is "$(dpkg-query -W -f '${Version}\n' karmor libkarmor0 | grep -c "+$1")" 2 "and there"
	is_another "$pid"
	check $? "which started karmord anew" "$(journalctl -u karmord -n 8 -o cat)"
	[ "$until" -gt "$from" ]
	check $? "the container went on meanwhile" "$from tries before, $until after"
	eventually short_tries "$(wc -l < "$work/short/rootfs/tmp/tries")"
	check $? "others start under the $1 karmord"
	echo "# $((until - from)) tries during the upgrade"
}

upgraded later
has "$("$karmor" get workloads -o json)" '"adopted": true' "it has taken the container over"
upgraded other
has "$(journalctl -u karmord -o cat)" "another build of karmor enforces" "it says that the container stays another build's"
"$karmor" delete ksp group > /dev/null
eventually unit_tells group
check $? "the unit is the new build's alone: a policy that is deleted is no more" "$(journalctl -u karmord -n 8 -o cat)"
systemctl stop $unit
is "$(grep -cx leak "$work/unit")" 0 "and it read nothing it may not"
echo "# $(grep -cx try "$work/unit") tries of the unit"
touch "$work/stop"
wait "$starter"
until=$(wc -l < "$tmp/tries")
more() {
	[ "$(wc -l < "$tmp/tries")" -gt $((until + 3)) ]
}
eventually more
check $? "the container goes on"
is "$(cat "$tmp/leaks" "$work/short/rootfs/tmp/leaks" 2> /dev/null)" "" "and nothing was read"
echo "# $(wc -l < "$tmp/tries") tries; $(wc -l < "$work/short/rootfs/tmp/tries") other containers"
container_stop tries
node_remove
eventually unloaded
check $? "removed, nothing of it is in the kernel" "$(cat "$work/dpkg")"
plan
