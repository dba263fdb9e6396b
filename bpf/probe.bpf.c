/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Whether programs are called at all: where bpf is not in the kernel's lsm list they load and
 * attach, and nothing happens. Attached only for the moment in which user space opens a file to
 * see.
 */
#include "core.bpf.h"

__u32 probe_tgid = 0;
__u32 probe_called = 0;

SEC("lsm/file_open")
int BPF_PROG(karmor_probe, struct file *file, int ret)
{
	if (bpf_get_current_pid_tgid() >> 32 == probe_tgid)
		probe_called = 1;
	return ret;
}

char LICENSE[] SEC("license") = "GPL";
