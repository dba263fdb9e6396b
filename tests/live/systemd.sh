#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The packages on a node whose first process is systemd, as an administrator uses them. Root, in a virtual machine of
# tests/vm/run --systemd; tests/package has made the packages.
set -u

here=$(cd "$(dirname "$0")" && pwd)
export KARMOR_MUST_RUN=1
. "$here/suite.sh"

suite systemd-web "$here/systemd-web.sh"
echo "1..$total"
