#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Every live suite of SELinux, as one TAP stream. Root, in a virtual machine whose kernel has it.
set -u

here=$(cd "$(dirname "$0")" && pwd)
export KARMOR_MUST_RUN=1

. "$here/suite.sh"

# First, for the last leaves its module.
suite selinux-run "$here/selinux-run.sh"
suite selinux-labels "$here/selinux-labels.sh"
suite selinux "$here/selinux.sh"
echo "1..$total"
