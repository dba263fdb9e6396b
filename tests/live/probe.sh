#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# karmor-probe on a kernel that enforces by BPF: it says so, and leaves nothing behind.
set -u
. "$(dirname "$0")/tap.sh"

out=$("$build/daemon/karmor-probe")
is $? 0 "the probe finds an enforcer"
has "$out" "Active enforcer: BPF-LSM" "the probe names BPF-LSM"
has "$out" "process.matchPaths" "the probe prints the feature table"
json=$("$build/daemon/karmor-probe" --json)
has "$json" '"active": "bpf"' "the JSON names bpf as active"
has "$json" '"state": "ready"' "the JSON says that it is ready"
out=$(unshare -m --propagation private sh -c "umount -l /sys/kernel/debug; $build/daemon/karmor-probe" 2> /dev/null)
is $? 0 "and without debugfs, where kernels before 6.2 tell how they preempt"
eventually unloaded
check $? "no program stays loaded after the probe" "$(bpftool prog show)"
out=$(setpriv --reuid 65534 --clear-groups "$build/daemon/karmor-probe" 2>&1)
is $? 1 "without privilege no enforcer is ready"
has "$out" "not permitted" "without privilege the probe says that it was not permitted to try"
plan
