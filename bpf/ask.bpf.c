/* SPDX-License-Identifier: GPL-2.0-only */
/* The place of hook_ask() in each program, as long as nothing is put there: nothing can be decided.
 */
#include "hook.bpf.h"

__noinline int hook_ask(struct label *label, struct question *question)
{
	int ret = -EACCES;

	if (!label || !question)
		return ret;
	barrier_var(ret); /* so that the compiler keeps the arguments and what becomes of them */
	return ret;
}

char LICENSE[] SEC("license") = "GPL";
