#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The same policies by a parser without priorities, Debian 12's: the missions, and a batch of tables.
set -u
. "$(dirname "$0")/tap.sh"
. "$(dirname "$0")/suite.sh"

here=$(cd "$(dirname "$0")" && pwd)
parser=/usr/lib/karmor-vm/apparmor_parser-3.0

mount --bind "$parser" "$(readlink -f /usr/sbin/apparmor_parser)"
trap 'umount "$(readlink -f /usr/sbin/apparmor_parser)"' EXIT
version() {
	has "$(/usr/sbin/apparmor_parser --version)" "version 3.0." "the parser is of AppArmor 3.0"
	has "$("$build/daemon/karmor-probe")" "parser without priorities" "and found to have no priorities"
	plan
}
suite version version
suite mission env KARMOR_BACKEND=apparmor "$here/mission.sh"
suite tables "$build/tests/live/table" --tap --backend apparmor "$here"/../tables/{order,globs,objects,postures}.tsv
echo "1..$total"
