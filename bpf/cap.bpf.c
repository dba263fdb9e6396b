/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Capabilities, when they are used. The kernel asks about some only to decide how much to show
 * (CAP_OPT_NOAUDIT): those are denied alike, but not told. A part of open.bpf.c.
 */
#include "hook.bpf.h"

#define CAP_OPT_NOAUDIT 2

SEC("lsm/capable")
int BPF_PROG(karmor_capable, const struct cred *cred, void *ns, int cap, unsigned int opts, int ret)
{
	struct label *label;
	__u32 index = cap & (ABI_CAPABILITY_WORDS - 1);

	if (ret)
		return ret;
	label = label_current();
	if (!label || quick_words(label, ABI_CAPABILITIES, index))
		return 0;
	return ask_word(label, &(struct question){ .section = ABI_CAPABILITIES,
						   .hook = ABI_HOOK_CAPABLE,
						   .index = index,
						   .family = cap,
						   .silent = opts & CAP_OPT_NOAUDIT });
}
