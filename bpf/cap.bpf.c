/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Capabilities, when they are used. The kernel asks about some only to decide how much to show
 * (CAP_OPT_NOAUDIT): those are denied alike, but not told.
 */
#include "hook.bpf.h"

#define CAP_OPT_NOAUDIT 2

SEC("lsm/capable")
int BPF_PROG(karmor_capable, const struct cred *cred, void *ns, int cap, unsigned int opts, int ret)
{
	struct label *label;
	struct question question = { .section = ABI_CAPABILITIES, .hook = ABI_HOOK_CAPABLE };

	if (ret)
		return ret;
	label = label_current();
	if (!label)
		return 0;
	question.index = cap & (ABI_CAPABILITY_WORDS - 1);
	question.family = cap;
	question.silent = opts & CAP_OPT_NOAUDIT;
	return ask_word(label, &question);
}

char LICENSE[] SEC("license") = "GPL";
