/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See table.h. States that lead to one accept whatever comes are one sink; chains of single bytes
 * that fall to a sink become runs; the edges of all other states share one array, each state's set
 * where its edges fit between the others' (a comb), so that a byte is one load.
 */
#include "table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"

/* How often 64 places are tried for a state's edges before they go to the end. */
#define TRIES_MAX 256

struct encoder {
	struct bpf_table *table;
	const struct automaton *automaton;
	const uint32_t *accepts;
	bool *varied;	   /* by state: it leads to more than one accept */
	uint32_t *records; /* by state; 0: none yet */
	uint32_t *todo;	   /* states whose record is still empty */
	size_t n_todo, done;
};

int bpf_table_init(struct bpf_table *table)
{
	uint32_t first;

	*table = (struct bpf_table){ 0 };
	table->blocks.slices_max = table->blocks.numbers_max = 4 * (size_t)ABI_RECORDS_MAX;
	table->sinks.slices_max = table->sinks.numbers_max = ABI_RECORDS_MAX;
	return bpf_table_add(table, ABI_HEADER_RECORDS, &first);
}

void bpf_table_done(struct bpf_table *table)
{
	free(table->records);
	free(table->sink_states);
	free(table->branches);
	free(table->edges);
	free(table->edges_used);
	pool_done(&table->blocks);
	pool_done(&table->sinks);
}

int bpf_table_add(struct bpf_table *table, size_t n, uint32_t *ret)
{
	size_t size = table->size ? table->size : 256;
	struct abi_record *records;

	if (n > ABI_RECORDS_MAX - table->n)
		return -EINVAL;
	while (size < table->n + n)
		size *= 2;
	if (size > table->size) {
		records = reallocarray(table->records, size, sizeof(*records));
		if (!records)
			return -ENOMEM;
		table->records = records;
		table->size = size;
	}
	if (n)
		memset(table->records + table->n, 0, n * sizeof(*table->records));
	*ret = (uint32_t)table->n;
	table->n += n;
	return 0;
}

static uint32_t state_accept(const struct encoder *e, uint32_t state)
{
	return e->accepts[e->automaton->states[state].accept];
}

static bool differs(const struct encoder *e, uint32_t state, uint32_t to)
{
	return e->varied[to] || state_accept(e, state) != state_accept(e, to);
}

static bool leads_on(const struct encoder *e, uint32_t at)
{
	const struct automaton_state *state = &e->automaton->states[at];
	bool ret = differs(e, at, state->other);

	for (size_t i = 0; i < state->n_edges && !ret; i++)
		ret = differs(e, at, e->automaton->edges[state->edges + i].to);
	return ret;
}

/* Later states are mostly reached from earlier ones, so that few passes are needed. */
static void find_varied(struct encoder *e)
{
	bool changed = true;

	while (changed) {
		changed = false;
		for (uint32_t i = (uint32_t)e->automaton->n_states; i-- > 0;) {
			if (e->varied[i] || !leads_on(e, i))
				continue;
			e->varied[i] = changed = true;
		}
	}
}

static int sink_record(struct bpf_table *table, uint32_t accept, uint32_t *ret)
{
	uint32_t slice;
	int err = pool_find(&table->sinks, &accept, 1, &slice);

	if (err)
		return err;
	if (slice == table->n_sinks) {
		err = array_grow(&table->sink_states, table->n_sinks, &table->sinks_size,
				 sizeof(*table->sink_states));
		err = err ? err : bpf_table_add(table, 1, ret);
		if (err)
			return err;
		table->records[*ret].w[0] = (uint32_t)ABI_SINK << ABI_KIND_SHIFT;
		table->records[*ret].w[2] = accept;
		table->sink_states[table->n_sinks++] = *ret;
	}
	*ret = table->sink_states[slice];
	return 0;
}

/* The record of a state, which is filled in later if it is new. */
static int state_record(struct encoder *e, uint32_t state, uint32_t *ret)
{
	int err = 0;

	if (!e->varied[state])
		return sink_record(e->table, state_accept(e, state), ret);
	if (!e->records[state]) {
		err = bpf_table_add(e->table, 1, &e->records[state]);
		if (err)
			return err;
		e->todo[e->n_todo++] = state;
	}
	*ret = e->records[state];
	return 0;
}

static bool same(const struct encoder *e, uint32_t a, uint32_t b)
{
	return a == b ||
	       (!e->varied[a] && !e->varied[b] && state_accept(e, a) == state_accept(e, b));
}

/* The edges of @at that lead elsewhere than its other bytes; *only: the first of them. */
static size_t real_edges(const struct encoder *e, uint32_t at, const struct automaton_edge **only)
{
	const struct automaton_state *state = &e->automaton->states[at];
	size_t n = 0;

	for (size_t i = state->n_edges; i-- > 0;) {
		const struct automaton_edge *edge = &e->automaton->edges[state->edges + i];

		if (same(e, edge->to, state->other))
			continue;
		*only = edge;
		n++;
	}
	return n;
}

/* A link of a run: one byte leads on, all others to a sink that says what an end here says. */
static const struct automaton_edge *run_edge(const struct encoder *e, uint32_t at)
{
	const struct automaton_edge *only = NULL;
	uint32_t other = e->automaton->states[at].other;

	if (!e->varied[at] || e->varied[other] || state_accept(e, at) != state_accept(e, other))
		return NULL;
	return real_edges(e, at, &only) == 1 ? only : NULL;
}

/* How many bytes of a run begin at @at, at most ABI_RUN_MAX; *end: the state behind them. */
static uint32_t run_read(const struct encoder *e, uint32_t at, uint64_t *bytes, uint32_t *end)
{
	uint32_t other = e->automaton->states[at].other, len = 0;

	*bytes = 0;
	*end = at;
	while (len < ABI_RUN_MAX) {
		const struct automaton_edge *edge = run_edge(e, *end);

		if (!edge || (len && edge->byte == '/') ||
		    !same(e, e->automaton->states[*end].other, other))
			break;
		*bytes |= (uint64_t)edge->byte << (len++ * 8);
		*end = edge->to;
	}
	return len;
}

static int run_write(struct encoder *e, uint32_t state, uint32_t len, uint64_t bytes, uint32_t end)
{
	uint32_t at = e->records[state], to, sink;
	int err = state_record(e, end, &to);

	err = err ? err : state_record(e, e->automaton->states[state].other, &sink);
	if (err)
		return err;
	e->table->records[at].w[0] =
		(uint32_t)ABI_RUN << ABI_KIND_SHIFT | len << ABI_RUN_SHIFT | to;
	e->table->records[at].w[1] = sink;
	e->table->records[at].q[1] = bytes;
	return 0;
}

static int edges_resize(struct bpf_table *table, size_t size)
{
	uint64_t *edges = reallocarray(table->edges, size, sizeof(*edges)), *used;

	if (!edges)
		return -ENOMEM;
	table->edges = edges;
	used = reallocarray(table->edges_used, size / 64, sizeof(*used));
	if (!used)
		return -ENOMEM;
	memset(used + table->edges_size / 64, 0, (size - table->edges_size) / 8);
	table->edges_used = used;
	table->edges_size = size;
	return 0;
}

static int edges_room(struct bpf_table *table, size_t n)
{
	size_t size = table->edges_size ? table->edges_size : 1024;
	int err = 0;

	if (n <= table->n_edges)
		return 0;
	if (n > 2 * (size_t)ABI_RECORDS_MAX)
		return -EINVAL;
	while (size < n)
		size *= 2;
	if (size > table->edges_size)
		err = edges_resize(table, size);
	if (err)
		return err;
	memset(table->edges + table->n_edges, 0, (n - table->n_edges) * sizeof(*table->edges));
	table->n_edges = n;
	return 0;
}

/* One bit for each of 64 edges from @at on: it is taken. */
static uint64_t used_word(const struct bpf_table *table, size_t at)
{
	size_t word = at / 64, words = table->edges_size / 64;
	uint64_t low = word < words ? table->edges_used[word] : 0;
	uint64_t high = word + 1 < words ? table->edges_used[word + 1] : 0;

	return at % 64 ? low >> at % 64 | high << (64 - at % 64) : low;
}

/*
 * The first base from which on all of @bytes are free, 64 bases at a time. After many failures the
 * search goes on further up: what is full is not looked at for ever.
 */
static size_t edges_place(struct bpf_table *table, const uint8_t *bytes, size_t n)
{
	size_t *low = &table->edges_low[n > 1], base = *low, tries = 0;
	uint64_t used;

	for (; base < table->n_edges && tries < TRIES_MAX; base += 64, tries++) {
		used = 0;
		for (size_t i = 0; i < n && ~used; i++)
			used |= used_word(table, base + bytes[i]);
		if (~used)
			return base + (size_t)__builtin_ctzll(~used);
	}
	if (tries == TRIES_MAX)
		*low = base;
	return base < table->n_edges ? table->n_edges : base;
}

static int branch_edges(struct encoder *e, uint32_t state, uint32_t *base)
{
	const struct automaton_state *from = &e->automaton->states[state];
	struct bpf_table *table = e->table;
	uint32_t at = e->records[state], to[256];
	uint8_t bytes[256];
	size_t n = 0;
	int err = 0;

	for (size_t i = 0; !err && i < from->n_edges; i++) {
		const struct automaton_edge *edge = &e->automaton->edges[from->edges + i];

		if (same(e, edge->to, from->other))
			continue;
		bytes[n] = edge->byte;
		err = state_record(e, edge->to, &to[n++]);
	}
	*base = n ? (uint32_t)edges_place(table, bytes, n) : 0;
	err = err ? err : edges_room(table, *base + (n ? bytes[n - 1] + (size_t)1 : 0));
	for (size_t i = 0; !err && i < n; i++) {
		size_t edge = *base + bytes[i];

		table->edges[edge] = (uint64_t)to[i] << 32 | at;
		table->edges_used[edge / 64] |= 1ULL << edge % 64;
	}
	return err;
}

static int branch_write(struct encoder *e, uint32_t state)
{
	struct bpf_table *table = e->table;
	uint32_t at = e->records[state], other, base;
	int err = state_record(e, e->automaton->states[state].other, &other);

	err = err ? err : branch_edges(e, state, &base);
	err = err ? err
		  : array_grow(&table->branches, table->n_branches, &table->branches_size,
			       sizeof(*table->branches));
	if (err)
		return err;
	table->branches[table->n_branches++] = at;
	table->records[at].w[0] = (uint32_t)ABI_BRANCH << ABI_KIND_SHIFT | base;
	table->records[at].w[1] = other;
	table->records[at].w[2] = state_accept(e, state);
	return 0;
}

static int state_write(struct encoder *e, uint32_t state)
{
	uint64_t bytes;
	uint32_t end, len = run_read(e, state, &bytes, &end);

	return len ? run_write(e, state, len, bytes, end) : branch_write(e, state);
}

int bpf_table_automaton(struct bpf_table *table, const struct automaton *automaton,
			const uint32_t *accepts, uint32_t *ret)
{
	struct encoder e = { .table = table, .automaton = automaton, .accepts = accepts };
	int err = -ENOMEM;

	e.varied = calloc(automaton->n_states, sizeof(*e.varied));
	e.records = calloc(automaton->n_states, sizeof(*e.records));
	e.todo = calloc(automaton->n_states, sizeof(*e.todo));
	if (e.varied && e.records && e.todo) {
		find_varied(&e);
		err = state_record(&e, 1, ret);
		while (!err && e.done < e.n_todo)
			err = state_write(&e, e.todo[e.done++]);
	}
	free(e.varied);
	free(e.records);
	free(e.todo);
	return err;
}

/* A branch reads any edge from its base to 255 beyond: all of them must be there. */
static size_t edges_reach(const struct bpf_table *table)
{
	size_t reach = 0;

	for (size_t i = 0; i < table->n_branches; i++) {
		uint32_t base = table->records[table->branches[i]].w[0] & ABI_INDEX_MASK;

		if (base + (size_t)256 > reach)
			reach = base + (size_t)256;
	}
	return reach;
}

int bpf_table_finish(struct bpf_table *table)
{
	uint32_t first;
	int err = edges_room(table, edges_reach(table));

	err = err ? err : bpf_table_add(table, (table->n_edges + 1) / 2, &first);
	if (err)
		return err;
	for (size_t i = 0; i < table->n_branches; i++)
		table->records[table->branches[i]].w[0] += first * 2;
	for (size_t i = 0; i < table->n_edges; i++)
		table->records[first + i / 2].q[i & 1] = table->edges[i];
	return 0;
}
