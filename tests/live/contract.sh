#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The contract of BPF-LSM while another workload has its programs loaded, which takes most of an engine's time to open.
# Root, in a virtual machine.
set -u
. "$(dirname "$0")/tap.sh"

keep_loaded
"$build/tests/contract/contract" bpf live
status=$?
unkeep
exit $status
