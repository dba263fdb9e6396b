/* SPDX-License-Identifier: Apache-2.0 */
/* See rows.h. Nothing here knows precedence or posture: every word is an answer of eval's. */
#include "rows.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "cleanup.h"
#include "match.h"

#define ROW_WORDS 4

static const uint8_t abi_actions[] = {
	[KARMOR_ALLOW] = ABI_ALLOW,
	[KARMOR_AUDIT] = ABI_AUDIT,
	[KARMOR_BLOCK] = ABI_BLOCK,
};

static size_t bit_of(const struct bpf_rows *rows, uint32_t class, uint32_t rule)
{
	return class * rows->set->n_rules + rule;
}

static bool applies(const struct bpf_rows *rows, uint32_t class, uint32_t rule)
{
	size_t bit = bit_of(rows, class, rule);

	return rows->set->rules[rule].ir->n_sources == 0 || rows->sourced[bit / 64] >> bit % 64 & 1;
}

static void mark_sources(struct bpf_rows *rows, const struct automaton *sources)
{
	for (uint32_t class = 0; class < rows->classes; class ++) {
		const struct automaton_accept *accept = &sources->accepts[class];

		for (size_t i = 0; i < accept->n; i++) {
			size_t bit = bit_of(rows, class, accept->ids[i]);

			rows->sourced[bit / 64] |= 1ULL << bit % 64;
		}
	}
}

int bpf_rows_init(struct bpf_rows *rows, const struct karmor_ruleset *set,
		  const struct automaton *sources, struct bpf_table *table)
{
	size_t n = sources->n_accepts;

	*rows = (struct bpf_rows){ .set = set, .classes = (uint32_t)n, .table = table };
	rows->sourced = calloc(n * set->n_rules / 64 + 1, sizeof(*rows->sourced));
	rows->matched = calloc(set->n_rules + 1, sizeof(*rows->matched));
	rows->called = calloc(2 * set->n_rules + 1, sizeof(*rows->called));
	rows->words = calloc(n, ROW_WORDS * sizeof(*rows->words));
	if (!rows->sourced || !rows->matched || !rows->called || !rows->words)
		return -ENOMEM;
	mark_sources(rows, sources);
	return 0;
}

void bpf_rows_done(struct bpf_rows *rows)
{
	free(rows->sourced);
	free(rows->matched);
	free(rows->called);
	free(rows->words);
}

/* The rules of @ids that apply to @class, in rows->matched. */
static size_t select_rules(struct bpf_rows *rows, uint32_t class, const uint32_t *ids, size_t n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++)
		if (applies(rows, class, ids[i]))
			rows->matched[kept++] = ids[i];
	return kept;
}

/* A silent pass is 0, whichever rule allowed it, so that equal blocks are shared. */
static uint32_t verdict_word(const struct bpf_rows *rows, const struct eval_verdict *verdict)
{
	uint32_t ret = abi_actions[verdict->action];

	if (verdict->action == KARMOR_ALLOW)
		return ABI_ALLOW;
	if (verdict->posture)
		ret |= ABI_POSTURE;
	if (verdict->rule) {
		ret |= (uint32_t)(verdict->rule - rows->set->rules + 1) << ABI_RULE_SHIFT;
		if (verdict->rule->match != IR_DIR)
			ret |= ABI_NAMED;
		if (verdict->rule->match == IR_PATH)
			ret |= ABI_EXACT;
	}
	return ret;
}

static uint32_t choose(struct bpf_rows *rows, const struct eval_access *access, size_t n)
{
	struct eval_verdict verdict = eval_choose(rows->set, access, rows->matched, n);

	return verdict_word(rows, &verdict);
}

uint32_t bpf_rows_choose(struct bpf_rows *rows, const struct eval_access *access, uint32_t class,
			 const uint32_t *ids, size_t n)
{
	return choose(rows, access, select_rules(rows, class, ids, n));
}

/* What stands in a row of the section, by word. */
static const struct {
	enum karmor_section section;
	enum karmor_op op;
	unsigned word;
} row_words[] = {
	{ KARMOR_PROCESS, KARMOR_EXEC, ABI_ROW_EXEC },
	{ KARMOR_FILE, KARMOR_READ, ABI_ROW_READ },
	{ KARMOR_FILE, KARMOR_WRITE, ABI_ROW_WRITE },
};

static void row_fill(struct bpf_rows *rows, enum karmor_section section, size_t n, uint32_t *row)
{
	memset(row, 0, ROW_WORDS * sizeof(*row));
	for (size_t i = 0; i < ARRAY_SIZE(row_words); i++) {
		struct eval_access access = { .section = section, .op = row_words[i].op };

		if (row_words[i].section != section)
			continue;
		row[row_words[i].word] = choose(rows, &access, n);
		access.owner = true;
		row[row_words[i].word + ABI_ROW_OWNER] = choose(rows, &access, n);
	}
}

static int block_find(struct bpf_rows *rows, uint32_t *ret)
{
	return pool_find(&rows->table->blocks, rows->words, rows->classes * (size_t)ROW_WORDS, ret);
}

/*
 * The rules of an accept. "PATH//NAME" stands for a binary that runs under one of its names: what
 * counts is what names that, and what matches the binary's own path, not what matches this one.
 */
static struct automaton_accept accept_of(struct bpf_rows *rows, const struct automaton *automaton,
					 size_t number)
{
	struct automaton_accept ret = automaton->accepts[number];
	const char *binary = NULL;
	size_t n = 0;

	for (size_t i = 0; i < ret.n; i++) {
		const struct ruleset_rule *rule = &rows->set->rules[ret.ids[i]];

		if (rule->multi_call) {
			binary = rule->path;
			rows->called[n++] = ret.ids[i];
		}
	}
	if (!binary)
		return ret;
	ret = automaton->accepts[automaton_run(automaton, binary)];
	if (ret.n)
		memcpy(rows->called + n, ret.ids, ret.n * sizeof(*ret.ids));
	return (struct automaton_accept){ .ids = rows->called, .n = n + ret.n };
}

static void row_mark(uint32_t *row)
{
	row[ABI_ROW_WRITE] = ABI_CALLED_ROW;
	row[ABI_ROW_WRITE + ABI_ROW_OWNER] = ABI_CALLED_ROW;
}

int bpf_rows_paths(struct bpf_rows *rows, enum karmor_section section,
		   const struct automaton *automaton, uint32_t *ret)
{
	int err = 0;

	for (size_t i = 0; !err && i < automaton->n_accepts; i++) {
		const struct automaton_accept accept = accept_of(rows, automaton, i);

		for (uint32_t class = 0; class < rows->classes; class ++) {
			size_t n = select_rules(rows, class, accept.ids, accept.n);

			row_fill(rows, section, n, rows->words + class * (size_t)ROW_WORDS);
			if (accept.ids == rows->called)
				row_mark(rows->words + class * (size_t)ROW_WORDS);
		}
		err = block_find(rows, &ret[i]);
	}
	return err;
}

/* What a rule of @ids says for @class: of its own path where it applies, of its sources always. */
static uint32_t guard_word(const struct bpf_rows *rows, uint32_t class, const uint32_t *ids,
			   size_t n)
{
	struct eval_verdict verdict = { .action = KARMOR_BLOCK };

	for (size_t i = 0; i < n; i++) {
		uint32_t rule = ids[i] & ~BPF_GUARDS_SOURCE(0);

		if (rule == ids[i] && !applies(rows, class, rule))
			continue;
		verdict.rule = &rows->set->rules[rule];
		return verdict_word(rows, &verdict);
	}
	return ABI_ALLOW;
}

int bpf_rows_guard(struct bpf_rows *rows, const struct automaton *automaton, uint32_t *ret)
{
	int err = 0;

	for (size_t i = 0; !err && i < automaton->n_accepts; i++) {
		const struct automaton_accept *accept = &automaton->accepts[i];

		for (uint32_t class = 0; class < rows->classes; class ++) {
			uint32_t guard = guard_word(rows, class, accept->ids, accept->n);

			for (unsigned word = 0; word < ROW_WORDS; word++)
				rows->words[class * ROW_WORDS + word] = guard;
		}
		err = block_find(rows, &ret[i]);
	}
	return err;
}

int bpf_rows_write(struct bpf_rows *rows)
{
	struct bpf_table *table = rows->table;
	uint32_t first;
	int err = bpf_table_add(table, table->blocks.n / ROW_WORDS, &first);

	if (err)
		return err;
	table->blocks_first = first;
	memcpy(table->records + first, table->blocks.numbers,
	       table->blocks.n * sizeof(*table->blocks.numbers));
	return 0;
}

/* What each number of decide_net_index() stands for; of "any other", one of them. */
static const int families[] = { AF_UNSPEC, AF_INET, AF_INET6, AF_PACKET, AF_UNIX, AF_NETLINK };
static const int types[ABI_NET_TYPES] = { 0,	    SOCK_STREAM,    SOCK_DGRAM, SOCK_RAW,
					  SOCK_RDM, SOCK_SEQPACKET, SOCK_DCCP,	SOCK_PACKET };
static const struct {
	unsigned index;
	int number;
} numbers[] = {
	{ 0, 0 },
	{ 1, IPPROTO_TCP },
	{ 2, IPPROTO_UDP },
	{ 3, IPPROTO_ICMP },
	{ 4, IPPROTO_ICMPV6 },
	{ 5, IPPROTO_SCTP },
	{ 6, IPPROTO_DCCP },
	{ 7, IPPROTO_UDPLITE },
	{ 8, 262 /* MPTCP, which not every libc names */ },
	{ 15, -1 },
};

/* Asks about one socket for every class; @word: its place in a class's words. */
static void socket_fill(struct bpf_rows *rows, uint32_t *ids, const int socket[3], uint32_t *words,
			size_t word)
{
	struct eval_access access = { .section = KARMOR_NETWORK,
				      .op = KARMOR_NET,
				      .exempt = match_family_exempt(socket[0]) };
	size_t n, count = 0, first = eval_section(rows->set, KARMOR_NETWORK, &n);

	for (size_t i = first; i < first + n; i++)
		if (eval_matches_socket(&rows->set->rules[i], socket[0], socket[1], socket[2]))
			ids[count++] = (uint32_t)i;
	for (uint32_t class = 0; class < rows->classes; class ++)
		words[class * (size_t)ABI_NET_WORDS + word] =
			bpf_rows_choose(rows, &access, class, ids, count);
}

static int words_add(struct bpf_rows *rows, size_t words, uint32_t **ids, uint32_t *ret)
{
	int err = bpf_table_add(rows->table, rows->classes * words / 4, ret);

	if (err)
		return err;
	*ids = calloc(rows->set->n_rules + 1, sizeof(**ids));
	return *ids ? 0 : -ENOMEM;
}

int bpf_rows_network(struct bpf_rows *rows, uint32_t *ret)
{
	_cleanup_free_ uint32_t *ids = NULL;
	uint32_t *words;
	int err = words_add(rows, ABI_NET_WORDS, &ids, ret);

	if (err)
		return err;
	words = rows->table->records[*ret].w;
	for (size_t f = 0; f < ARRAY_SIZE(families); f++) {
		for (size_t t = 0; t < ARRAY_SIZE(types); t++) {
			for (size_t p = 0; p < ARRAY_SIZE(numbers); p++) {
				const int socket[3] = { families[f], types[t], numbers[p].number };

				socket_fill(rows, ids, socket, words,
					    (f * ABI_NET_TYPES + t) * ABI_NET_PROTOCOLS +
						    numbers[p].index);
			}
		}
	}
	return 0;
}

static void capability_fill(struct bpf_rows *rows, uint32_t *ids, unsigned capability,
			    uint32_t *words)
{
	struct eval_access access = { .section = KARMOR_CAPABILITIES, .op = KARMOR_CAPABILITY };
	size_t n, count = 0, first = eval_section(rows->set, KARMOR_CAPABILITIES, &n);

	for (size_t i = first; i < first + n; i++)
		if (eval_matches_capability(&rows->set->rules[i], capability))
			ids[count++] = (uint32_t)i;
	for (uint32_t class = 0; class < rows->classes; class ++)
		words[class * (size_t)ABI_CAPABILITY_WORDS + capability] =
			bpf_rows_choose(rows, &access, class, ids, count);
}

/* All words: a kernel may have more capabilities than are known here, and no rule names them. */
int bpf_rows_capabilities(struct bpf_rows *rows, uint32_t *ret)
{
	_cleanup_free_ uint32_t *ids = NULL;
	int err = words_add(rows, ABI_CAPABILITY_WORDS, &ids, ret);

	for (unsigned i = 0; !err && i < ABI_CAPABILITY_WORDS; i++)
		capability_fill(rows, ids, i, rows->table->records[*ret].w);
	return err;
}
