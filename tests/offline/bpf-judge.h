/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel's side of a decision, natively: paths are fed to bpf/decide.bpf.h as the dentry walk
 * feeds them, a component at a time and up to eight bytes of it, with rubbish behind its end.
 */
#pragma once

#include "access.h"
#include "bpf/bpf.h"
#include "eval.h"

struct bpf_answer {
	uint32_t verdict;
	bool fault; /* the table is at fault */
};

struct bpf_answer bpf_judge(const struct bpf_ruleset *set, const struct access *access);

/* The verdict as bpf_judge should have it; an allowed access has no rule in the table. */
uint32_t bpf_judge_word(const struct karmor_ruleset *set, const struct eval_verdict *verdict);

/* What the automaton accepts, and what the guard says of a directory. */
int64_t bpf_judge_path(const struct bpf_ruleset *set, enum abi_automaton which, const char *path);
struct bpf_answer bpf_judge_guard(const struct bpf_ruleset *set, const char *path,
				  const char *source);
