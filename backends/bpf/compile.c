/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rulesets to tables: automata of the matchers, verdict rows of what they accept, everything
 * written as bpf/abi.h has it. Pure: the same rulesets give the same bytes.
 *
 * A source's class is what the source automaton accepts: the set of rules whose fromSource it
 * matches.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bpf.h"
#include "buf.h"
#include "cleanup.h"
#include "diag.h"
#include "fidelity.h"
#include "rows.h"
#include "syscalls.h"

/* Every row block has a row for each class. */
#define CLASSES_MAX 4096

#define AUTOMATA (ABI_AUTOMATON_SYSCALL + 1)

struct compiler {
	const struct karmor_ruleset *set;
	struct arena *arena; /* the ruleset's */
	struct bpf_ruleset *ret;
	struct karmor_diag *diag;
	struct automaton *automata[AUTOMATA];
	uint32_t *accepts[AUTOMATA]; /* by accept: block, then record */
	struct bpf_table table;
	struct bpf_rows rows;
	uint32_t syscalls; /* the record where they are told of; 0: no rule names one */
};

/* The sections of enum karmor_section and enum abi_section are the same. */
#define SECTIONS (ABI_SYSCALLS + 1)

static const struct {
	enum karmor_section section;
	uint32_t need;
} section_needs[] = {
	{ KARMOR_PROCESS, BPF_NEED_PROCESS },	{ KARMOR_FILE, BPF_NEED_FILE },
	{ KARMOR_NETWORK, BPF_NEED_NETWORK },	{ KARMOR_CAPABILITIES, BPF_NEED_CAPABILITIES },
	{ KARMOR_SYSCALLS, BPF_NEED_SYSCALLS },
};

int bpf_full(struct karmor_caps *caps)
{
	int err = 0;

	for (size_t i = 0; !err && i < ARRAY_SIZE(section_needs); i++)
		err = caps_set(caps, ir_section_name(section_needs[i].section), 1);
	return err;
}

/* Whether a rule's path goes into an automaton, and how. */
static bool is_guarded(const struct ruleset_rule *rule)
{
	return rule->ir->section <= KARMOR_FILE && rule->action == KARMOR_BLOCK;
}

/* Whether being one of its sources is worth something. */
static bool is_trusting(const struct ruleset_rule *rule)
{
	return rule->ir->n_sources && rule->action == KARMOR_ALLOW &&
	       rule->ir->section < KARMOR_SYSCALLS;
}

static bool takes_rule(enum abi_automaton which, const struct ruleset_rule *rule)
{
	switch (which) {
	case ABI_AUTOMATON_PROCESS:
		return rule->ir->section == KARMOR_PROCESS;
	case ABI_AUTOMATON_FILE:
		return rule->ir->section == KARMOR_FILE;
	case ABI_AUTOMATON_GUARD:
		return is_guarded(rule) || is_trusting(rule);
	case ABI_AUTOMATON_SYSCALL:
		return rule->ir->section == KARMOR_SYSCALLS && rule->match != IR_SYSCALL;
	case ABI_AUTOMATON_SOURCE:
		return true;
	}
	return false;
}

/* What the automaton calls the rule's binary as it runs under the rule's name: no path has "//". */
static const char *called_path(struct arena *arena, const struct ruleset_rule *rule)
{
	return arena_printf(arena, "%s//%s", rule->path, rule->name);
}

static size_t path_matchers(enum abi_automaton which, const struct ruleset_rule *rule, uint32_t id,
			    struct automaton_matcher *ret)
{
	for (size_t i = 0; i <= rule->n_others; i++)
		ret[i] = (struct automaton_matcher){
			.match = rule->match,
			.recursive = rule->recursive,
			.path = i ? rule->others[i - 1] : rule->path,
			.id = id,
			.ancestors = which == ABI_AUTOMATON_GUARD,
			.place = rule->ir->path_place,
		};
	if (which != ABI_AUTOMATON_SYSCALL || rule->path == rule->ir->path)
		return rule->n_others + 1;
	/* An argument is not resolved: it may name the object by the rule's own links. */
	ret[rule->n_others + 1] = ret[0];
	ret[rule->n_others + 1].path = rule->ir->path;
	return rule->n_others + 2;
}

static size_t source_matchers(const struct ruleset_rule *rule, uint32_t id,
			      struct automaton_matcher *ret)
{
	for (size_t i = 0; i < rule->ir->n_sources; i++)
		ret[i] = (struct automaton_matcher){
			.match = rule->sources[i].match,
			.recursive = rule->sources[i].recursive,
			.path = rule->sources[i].path,
			.id = id,
			.place = rule->sources[i].place,
		};
	return rule->ir->n_sources;
}

/* Whoever puts another program in a source's place is no source yet: see rows.c. */
static size_t guard_matchers(const struct ruleset_rule *rule, uint32_t id,
			     struct automaton_matcher *ret)
{
	size_t n = is_guarded(rule) ? path_matchers(ABI_AUTOMATON_GUARD, rule, id, ret) : 0;
	size_t sources = 0;

	if (is_trusting(rule))
		sources = source_matchers(rule, BPF_GUARDS_SOURCE(id), ret + n);
	for (size_t i = 0; i < sources; i++)
		ret[n + i].ancestors = true;
	return n + sources;
}

static size_t rule_matchers(enum abi_automaton which, const struct ruleset_rule *rule, uint32_t id,
			    struct automaton_matcher *ret)
{
	if (!takes_rule(which, rule))
		return 0;
	if (which == ABI_AUTOMATON_SOURCE)
		return source_matchers(rule, id, ret);
	if (which == ABI_AUTOMATON_GUARD)
		return guard_matchers(rule, id, ret);
	return path_matchers(which, rule, id, ret);
}

static int automaton_make(struct compiler *c, enum abi_automaton which)
{
	_cleanup_free_ struct automaton_matcher *matchers = NULL;
	size_t n = 0, room = 1;
	int err;

	for (size_t i = 0; i < c->set->n_rules; i++)
		room += 2 + c->set->rules[i].n_others + c->set->rules[i].ir->n_sources;
	matchers = calloc(room, sizeof(*matchers));
	if (!matchers)
		return -ENOMEM;
	for (uint32_t i = 0; i < c->set->n_rules; i++) {
		const struct ruleset_rule *rule = &c->set->rules[i];
		size_t first = n;

		n += rule_matchers(which, rule, i, matchers + n);
		if (which != ABI_AUTOMATON_PROCESS || !rule->multi_call || n == first)
			continue;
		matchers[first].path = called_path(c->arena, rule);
		if (!matchers[first].path)
			return -ENOMEM;
	}
	err = automaton_compile(matchers, n, &c->automata[which], c->diag);
	if (err)
		return err;
	c->accepts[which] = calloc(c->automata[which]->n_accepts, sizeof(uint32_t));
	return c->accepts[which] ? 0 : -ENOMEM;
}

static int automata_make(struct compiler *c)
{
	int err = 0;

	for (unsigned i = 0; !err && i < AUTOMATA; i++)
		err = automaton_make(c, i);
	if (!err && c->automata[ABI_AUTOMATON_SOURCE]->n_accepts > CLASSES_MAX) {
		diag_error(c->diag, NULL, "give rules that belong together the same fromSource",
			   "the fromSource of these rules tell more than %d kinds of sources apart",
			   CLASSES_MAX);
		return -EINVAL;
	}
	return err;
}

/* Blocks are written one after the other, so that their records are known once all are. */
static void accepts_place(struct compiler *c, enum abi_automaton which)
{
	for (size_t i = 0; i < c->automata[which]->n_accepts; i++) {
		uint32_t *accept = &c->accepts[which][i];

		*accept = which == ABI_AUTOMATON_SOURCE
				  ? (uint32_t)i
				  : (uint32_t)c->table.blocks_first + *accept * c->rows.classes;
	}
}

static bool has_rules(const struct karmor_ruleset *set, enum karmor_section section)
{
	return set->sections[section].n > 0;
}

static int rows_make(struct compiler *c)
{
	struct automaton **automata = c->automata;
	int err = bpf_rows_paths(&c->rows, KARMOR_PROCESS, automata[ABI_AUTOMATON_PROCESS],
				 c->accepts[ABI_AUTOMATON_PROCESS]);

	err = err ? err
		  : bpf_rows_paths(&c->rows, KARMOR_FILE, automata[ABI_AUTOMATON_FILE],
				   c->accepts[ABI_AUTOMATON_FILE]);
	err = err ? err
		  : bpf_rows_guard(&c->rows, automata[ABI_AUTOMATON_GUARD],
				   c->accepts[ABI_AUTOMATON_GUARD]);
	err = err ? err : bpf_rows_write(&c->rows);
	for (unsigned i = 0; !err && i < ABI_AUTOMATON_SYSCALL; i++)
		accepts_place(c, i);
	if (!err && has_rules(c->set, KARMOR_SYSCALLS))
		err = bpf_rows_syscalls(&c->rows, automata[ABI_AUTOMATON_SYSCALL],
					c->accepts[ABI_AUTOMATON_SYSCALL], &c->syscalls);
	return err;
}

static bool is_closed(const struct karmor_ruleset *set, enum karmor_section section)
{
	size_t n, first = eval_section(set, section, &n);

	for (size_t i = first; i < first + n; i++)
		if (set->rules[i].action == KARMOR_BLOCK)
			return true;
	return set->allow_list[section] && set->posture[section] == KARMOR_POSTURE_BLOCK;
}

/* Whether the rule names one file, which has other names as well where it has hard links. */
static bool is_exact(const struct ruleset_rule *rule)
{
	return is_guarded(rule) && rule->match == IR_PATH && !rule->multi_call;
}

/* Whether something that is enforced hangs on names: of files, programs or sources. */
static bool is_named(const struct karmor_ruleset *set, uint32_t flags)
{
	bool trusting = false;

	for (size_t i = 0; i < set->n_rules; i++)
		trusting |= is_trusting(&set->rules[i]);
	return flags & (ABI_CLOSED(ABI_PROCESS) | ABI_CLOSED(ABI_FILE)) ||
	       (trusting && flags & ABI_CLOSED_ANY);
}

static uint32_t flags_make(const struct karmor_ruleset *set)
{
	uint32_t ret = 0;

	for (unsigned i = 0; i < SECTIONS; i++) {
		ret |= has_rules(set, i) ? ABI_HAS(i) : 0;
		ret |= is_closed(set, i) ? ABI_CLOSED(i) : 0;
	}
	for (size_t i = 0; i < set->n_rules; i++)
		ret |= (is_exact(&set->rules[i]) ? ABI_LINKED : 0) |
		       (set->rules[i].multi_call ? ABI_CALLED : 0);
	return is_named(set, ret) ? ret | ABI_GUARDED : ret;
}

static uint32_t needs_make(const struct compiler *c, uint32_t flags)
{
	uint32_t ret = c->rows.classes > 1 ? BPF_NEED_SOURCE : 0;

	for (size_t i = 0; i < ARRAY_SIZE(section_needs); i++)
		if (has_rules(c->set, section_needs[i].section))
			ret |= section_needs[i].need;
	if (flags & ABI_GUARDED)
		ret |= BPF_NEED_GUARD;
	for (size_t i = 0; i < c->set->n_rules; i++)
		if (c->set->rules[i].ir->section == KARMOR_PROCESS &&
		    c->set->rules[i].action != KARMOR_AUDIT)
			ret |= BPF_NEED_LOADER;
	return ret;
}

static int header_make(struct compiler *c, const uint32_t starts[AUTOMATA])
{
	uint32_t network = 0, capabilities = 0, flags = flags_make(c->set);
	struct abi_record *header;
	int err = 0;

	if (has_rules(c->set, KARMOR_NETWORK))
		err = bpf_rows_network(&c->rows, &network);
	if (!err && has_rules(c->set, KARMOR_CAPABILITIES))
		err = bpf_rows_capabilities(&c->rows, &capabilities);
	if (err)
		return err;
	header = &c->table.records[ABI_HEADER];
	header->w[0] = flags;
	header->w[1] = c->rows.classes;
	header->w[3] = c->accepts[ABI_AUTOMATON_PROCESS][0];
	for (unsigned i = 0; i < ABI_AUTOMATON_SYSCALL; i++)
		c->table.records[ABI_HEADER_START].w[i] = starts[i];
	c->table.records[ABI_HEADER_BASE].w[0] = network;
	c->table.records[ABI_HEADER_BASE].w[1] = capabilities;
	c->table.records[ABI_HEADER_BASE].w[2] = c->syscalls;
	if (c->syscalls)
		c->table.records[c->syscalls].w[1] = starts[ABI_AUTOMATON_SYSCALL];
	c->ret->classes = c->rows.classes;
	c->ret->needs = needs_make(c, flags);
	return 0;
}

static int table_make(struct compiler *c)
{
	unsigned n = has_rules(c->set, KARMOR_SYSCALLS) ? AUTOMATA : ABI_AUTOMATON_SYSCALL;
	uint32_t starts[AUTOMATA] = { 0 };
	int err = rows_make(c);

	for (unsigned i = 0; !err && i < n; i++)
		err = bpf_table_automaton(&c->table, c->automata[i], c->accepts[i], &starts[i]);
	err = err ? err : header_make(c, starts);
	err = err ? err : bpf_table_finish(&c->table);
	if (err == -EINVAL)
		diag_error(c->diag, NULL, "split the workload, or name directories",
			   "the table of these rules has more than %u records", ABI_RECORDS_MAX);
	if (err)
		return err;
	c->ret->records = TAKE_PTR(c->table.records);
	c->ret->n_records = c->table.n;
	return 0;
}

static int exacts_copy(struct compiler *c)
{
	struct bpf_exact *exacts = arena_array(c->arena, c->set->n_rules, sizeof(*exacts));

	if (!exacts)
		return -ENOMEM;
	for (size_t i = 0; i < c->set->n_rules; i++) {
		const struct ruleset_rule *rule = &c->set->rules[i];
		enum abi_automaton which = rule->ir->section == KARMOR_PROCESS
						   ? ABI_AUTOMATON_PROCESS
						   : ABI_AUTOMATON_FILE;
		struct bpf_exact *exact = &exacts[c->ret->n_exacts];

		if (!is_exact(rule))
			continue;
		exact->path = arena_strdup(c->arena, rule->path);
		if (!exact->path)
			return -ENOMEM;
		exact->section = rule->ir->section;
		exact->accept = c->accepts[which][automaton_run(c->automata[which], rule->path)];
		c->ret->n_exacts++;
	}
	c->ret->exacts = exacts;
	return 0;
}

static int classes_copy(struct compiler *c)
{
	const struct automaton *sources = c->automata[ABI_AUTOMATON_SOURCE];
	struct bpf_class *classes = arena_array(c->arena, sources->n_accepts, sizeof(*classes));

	if (!classes)
		return -ENOMEM;
	for (size_t i = 0; i < sources->n_accepts; i++) {
		const struct automaton_accept *accept = &sources->accepts[i];
		uint32_t *rules = arena_array(c->arena, accept->n, sizeof(*rules));

		if (!rules)
			return -ENOMEM;
		if (accept->n)
			memcpy(rules, accept->ids, accept->n * sizeof(*rules));
		classes[i] = (struct bpf_class){ rules, accept->n };
	}
	c->ret->class_rules = classes;
	return 0;
}

static int rules_copy(struct compiler *c)
{
	size_t n = c->set->n_rules;
	bool failed = false;

	c->ret->rules = arena_array(c->arena, n, sizeof(*c->ret->rules));
	if (!c->ret->rules)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		c->ret->rules[i] = (struct bpf_rule){
			.section = c->set->rules[i].ir->section,
			.action = c->set->rules[i].action,
			.told = told_copy(c->arena, c->set->rules[i].ir, &failed),
		};
	c->ret->n_rules = n;
	return failed ? -ENOMEM : 0;
}

static int ruleset_compile(struct compiler *c)
{
	int err = bpf_table_init(&c->table);

	err = err ? err : automata_make(c);
	err = err ? err
		  : bpf_rows_init(&c->rows, c->set, c->automata[ABI_AUTOMATON_SOURCE], &c->table);
	err = err ? err : table_make(c);
	err = err ? err : classes_copy(c);
	err = err ? err : exacts_copy(c);
	err = err ? err : rules_copy(c);
	bpf_rows_done(&c->rows);
	bpf_table_done(&c->table);
	for (unsigned i = 0; i < AUTOMATA; i++) {
		automaton_free(c->automata[i]);
		free(c->accepts[i]);
	}
	return err;
}

static int ruleset_make(const struct karmor_ruleset *set, const struct karmor_caps *caps,
			struct compiled_ruleset *ret, struct karmor_report *report,
			struct karmor_diag *diag)
{
	struct compiler compiler = {
		.set = set, .arena = &ret->arena, .ret = (struct bpf_ruleset *)ret, .diag = diag
	};
	int err = ruleset_compile(&compiler);

	return err || !report ? err : bpf_fidelity(set, caps, report);
}

static void ruleset_done(struct compiled_ruleset *ruleset)
{
	free(((struct bpf_ruleset *)ruleset)->records);
}

static const struct rulesets_compiler rulesets = {
	.size = sizeof(struct bpf_ruleset),
	.make = ruleset_make,
	.done = ruleset_done,
};

int bpf_compile(const struct karmor_ruleset *const *sets, size_t n,
		const struct karmor_artifact *previous, const struct karmor_caps *caps,
		struct karmor_artifact **ret, struct karmor_report *report,
		struct karmor_diag *diag)
{
	return rulesets_compile(&rulesets, sets, n, previous, caps, ret, report, diag);
}

void bpf_artifact_free(struct karmor_artifact *artifact)
{
	rulesets_artifact_free(&rulesets, artifact);
}
