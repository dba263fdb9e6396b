/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A kernel that refuses, as a program sees it: loaded before others (LD_PRELOAD), it answers a
 * bpf() call as a kernel would that lacks what KARMOR_REFUSE names. ring: ring buffers. lsm: LSM
 * programs.
 */
#include <dlfcn.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

typedef long syscall_fn(long number, ...);

static int refused(long command, const union bpf_attr *attr)
{
	const char *what = getenv("KARMOR_REFUSE");

	if (what && strcmp(what, "ring") == 0)
		return command == BPF_MAP_CREATE && attr->map_type == BPF_MAP_TYPE_RINGBUF ? EINVAL
											   : 0;
	return what && command == BPF_PROG_LOAD && attr->prog_type == BPF_PROG_TYPE_LSM ? EPERM : 0;
}

__attribute__((visibility("default"))) long syscall(long number, ...)
{
	syscall_fn *real = (syscall_fn *)dlsym(RTLD_NEXT, "syscall");
	long a[6];
	va_list args;

	va_start(args, number);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(args, long);
	va_end(args);
	if (number == SYS_bpf && refused(a[0], (const union bpf_attr *)a[1])) {
		errno = refused(a[0], (const union bpf_attr *)a[1]);
		return -1;
	}
	return real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
