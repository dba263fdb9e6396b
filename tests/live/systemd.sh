#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The packages on a node whose first process is systemd, as an administrator uses them. Root, in a virtual machine of
# tests/vm/run --systemd, which it boots anew and is begun again in; tests/package has made the packages.
set -u

here=$(cd "$(dirname "$0")" && pwd)
export KARMOR_MUST_RUN=1
. "$here/suite.sh"
# How many tests there were before the boot.
booted=/var/lib/karmor-test-booted

if [ ! -e "$booted" ]; then
	suite systemd-web "$here/systemd-web.sh"
	suite systemd-unit "$here/systemd-unit.sh"
	suite systemd-units "$here/systemd-units.sh"
	# Makes packages anew, under emulation.
	[ -z "${KARMOR_LONG:-}" ] || suite systemd-upgrade "$here/systemd-upgrade.sh"
	suite systemd-reboot "$here/systemd-reboot.sh" before
	echo "$total" > "$booted"
	systemctl reboot
	# Ended by it.
	exec sleep infinity
fi
total=$(cat "$booted")
suite "systemd-reboot, after it," "$here/systemd-reboot.sh" after
echo "1..$total"
