/* SPDX-License-Identifier: Apache-2.0 */
/* See bpf-judge.h. */
#include "bpf-judge.h"

#include <string.h>

#include "bpf/syscalls.h"

static const struct abi_record *decide_record(void *table, uint32_t index)
{
	const struct bpf_ruleset *set = table;

	return index < set->n_records ? &set->records[index] : NULL;
}

#include "decide.bpf.h"

#define RUBBISH 0x2f5a2f612f2f7a2fULL

static uint64_t window_of(const char *text, uint32_t left)
{
	uint64_t ret = RUBBISH;

	memcpy(&ret, text, left < 8 ? left : 8);
	return ret;
}

/* One component, its slash first; 1 on, 0 at a sink, -1 at a fault. */
static int read_component(void *table, uint32_t *state, const char *text, uint32_t left)
{
	int n = 1;

	while (left && n > 0) {
		n = decide_step(table, state, window_of(text, left), left);
		if (n > (int)left)
			return -1;
		if (n > 0) {
			text += n;
			left -= (uint32_t)n;
		}
	}
	return n < 0 ? -1 : n > 0;
}

/* A whole path, likewise. */
static int path_read(void *table, uint32_t *state, const char *path)
{
	int on = 1;

	if (strcmp(path, "/") == 0)
		return decide_step(table, state, '/', 1);
	while (*path && on > 0) {
		uint32_t len = 1 + (uint32_t)strcspn(path + 1, "/");

		on = read_component(table, state, path, len);
		path += len;
	}
	return on;
}

int64_t bpf_judge_path(const struct bpf_ruleset *set, enum abi_automaton which, const char *path)
{
	void *table = (void *)(uintptr_t)set;
	uint32_t state = set->records[ABI_HEADER_START].w[which];

	return path_read(table, &state, path) < 0 ? -1 : decide_accept(table, state);
}

static uint32_t class_of(const struct bpf_ruleset *set, const char *source)
{
	int64_t class = source ? bpf_judge_path(set, ABI_AUTOMATON_SOURCE, source) : 0;

	return class < 0 || class >= set->classes ? UINT32_MAX : (uint32_t) class;
}

static struct bpf_answer answer(int64_t word)
{
	return (struct bpf_answer){ .verdict = word < 0 ? 0 : (uint32_t)word, .fault = word < 0 };
}

static struct bpf_answer row_answer(const struct bpf_ruleset *set, enum abi_automaton which,
				    const char *path, const char *source, unsigned word)
{
	int64_t accept = bpf_judge_path(set, which, path);
	uint32_t class = class_of(set, source);
	const struct abi_record *row;

	if (accept < 0 || class == UINT32_MAX)
		return answer(-1);
	row = decide_record((void *)(uintptr_t)set, (uint32_t)accept + class);
	return answer(row ? (int64_t)row->w[word] : -1);
}

static struct bpf_answer word_answer(const struct bpf_ruleset *set, const struct access *access)
{
	const uint32_t *base = set->records[ABI_HEADER_BASE].w;
	uint32_t class = class_of(set, access->source);
	void *table = (void *)(uintptr_t)set;

	if (class == UINT32_MAX)
		return answer(-1);
	if (access->section == KARMOR_CAPABILITIES)
		return answer(decide_word(table, base[1], class, ABI_CAPABILITY_WORDS,
					  access->capability));
	return answer(decide_word(table, base[0], class, ABI_NET_WORDS,
				  decide_net_index((uint32_t)access->family, (uint32_t)access->type,
						   (uint32_t)access->number)));
}

/* The block of a path argument, from the automaton whose start is @state. */
static int64_t argument_block(const struct bpf_ruleset *set, uint32_t state, const char *path)
{
	void *table = (void *)(uintptr_t)set;

	return path_read(table, &state, path) < 0 ? -1 : decide_accept(table, state);
}

static struct bpf_answer syscall_answer(const struct bpf_ruleset *set, const struct access *access)
{
	void *table = (void *)(uintptr_t)set;
	uint32_t at = set->records[ABI_HEADER_BASE].w[2], class = class_of(set, access->source);
	const uint32_t *section = set->records[at].w;
	int number = bpf_syscall_find(access->syscall);
	int64_t word, block = section[2];

	if (number < 0)
		return answer(-1);
	word = decide_word(table, at + 1, 0, 0, (uint32_t)number);
	if (word < 0 || class == UINT32_MAX)
		return answer(-1);
	if (!ABI_SYSCALL_KIND(word))
		return answer(ABI_ALLOW);
	if (access->path && word & ABI_SYSCALL_PATHS)
		block = argument_block(set, section[1], access->path);
	if (block < 0)
		return answer(-1);
	return answer(decide_word(table, (uint32_t)block, class, section[0],
				  ABI_SYSCALL_KIND((uint32_t)word)));
}

uint32_t bpf_judge_word(const struct karmor_ruleset *set, const struct eval_verdict *verdict)
{
	static const uint32_t actions[] = {
		[KARMOR_ALLOW] = ABI_ALLOW, [KARMOR_AUDIT] = ABI_AUDIT, [KARMOR_BLOCK] = ABI_BLOCK
	};
	uint32_t ret = actions[verdict->action];

	if (verdict->action == KARMOR_ALLOW)
		return ret;
	if (verdict->posture)
		return ret | ABI_POSTURE;
	ret |= verdict->rule->match == IR_DIR ? 0 : ABI_NAMED;
	ret |= verdict->rule->match == IR_PATH ? ABI_EXACT : 0;
	return ret | (uint32_t)(verdict->rule - set->rules + 1) << ABI_RULE_SHIFT;
}

struct bpf_answer bpf_judge(const struct bpf_ruleset *set, const struct access *access)
{
	unsigned owner = access->owner ? ABI_ROW_OWNER : 0;

	if (!(set->records[ABI_HEADER].w[0] & ABI_HAS(access->section)))
		return (struct bpf_answer){ .verdict = ABI_ALLOW };
	switch ((int)access->op) {
	case KARMOR_EXEC:
		return row_answer(set, ABI_AUTOMATON_PROCESS, access->path, access->source,
				  ABI_ROW_EXEC + owner);
	case KARMOR_READ:
		return row_answer(set, ABI_AUTOMATON_FILE, access->path, access->source,
				  ABI_ROW_READ + owner);
	case KARMOR_WRITE:
		return row_answer(set, ABI_AUTOMATON_FILE, access->path, access->source,
				  ABI_ROW_WRITE + owner);
	case KARMOR_SYSCALL:
		return syscall_answer(set, access);
	default:
		return word_answer(set, access);
	}
}

struct bpf_answer bpf_judge_guard(const struct bpf_ruleset *set, const char *path,
				  const char *source)
{
	return row_answer(set, ABI_AUTOMATON_GUARD, path, source, ABI_ROW_WRITE);
}
