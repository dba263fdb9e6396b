/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See automaton.h: the subset construction. A state is a sorted set of the NFA's nodes; sets are
 * hashed, so that each is one state. A byte that no node of the set singles out leads where all
 * such bytes lead, so that the work for a state is its links and not 256 times its nodes. Nothing
 * is minimised: it gains next to nothing here.
 */
#include "automaton.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "diag.h"
#include "nfa.h"
#include "pool.h"

#define POSITIONS_MAX (1u << 24) /* nodes in all sets: 64 MiB */
#define EDGES_MAX (1u << 24)	 /* 128 MiB */
#define OTHER 256		 /* stands for every byte that is not singled out */

/* Where a byte leads, as a list for each byte. */
struct move {
	uint32_t node, next;
};

struct subset {
	struct nfa nfa;
	const struct automaton_matcher *matchers;
	size_t n_matchers;
	struct pool sets, accepts;
	struct automaton_state *states;
	size_t states_size;
	struct automaton_edge *edges;
	size_t n_edges, edges_size;
	struct move *moves;
	size_t n_moves, moves_size;
	uint32_t heads[OTHER + 1];
	uint64_t singled[4];
	uint32_t *stamps, stamp; /* by node: when it was last added to a set */
	uint32_t *owner_stamps;	 /* by matcher: when it was found to accept all that follows */
	uint32_t *set;
	size_t n_set, set_size;
	uint32_t *stack;
	size_t n_stack, stack_size;
};

static int compare_numbers(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static void sort_numbers(uint32_t *numbers, size_t n)
{
	if (n > 16) {
		qsort(numbers, n, sizeof(*numbers), compare_numbers);
		return;
	}
	for (size_t i = 1; i < n; i++) {
		uint32_t number = numbers[i];
		size_t j = i;

		for (; j > 0 && numbers[j - 1] > number; j--)
			numbers[j] = numbers[j - 1];
		numbers[j] = number;
	}
}

static int number_push(uint32_t **numbers, size_t *n, size_t *size, uint32_t number)
{
	if (array_grow(numbers, *n, size, sizeof(**numbers)) < 0)
		return -ENOMEM;
	(*numbers)[(*n)++] = number;
	return 0;
}

/* Adds @node and all that it leads to without a byte to the set at work. */
static int set_add(struct subset *s, uint32_t node)
{
	const struct nfa *nfa = &s->nfa;
	int err = number_push(&s->stack, &s->n_stack, &s->stack_size, node);

	while (!err && s->n_stack) {
		uint32_t at = s->stack[--s->n_stack];

		if (s->stamps[at] == s->stamp || !nfa->nodes[at].live)
			continue;
		s->stamps[at] = s->stamp;
		if (nfa->nodes[at].solid)
			err = number_push(&s->set, &s->n_set, &s->set_size, at);
		for (uint32_t l = nfa->nodes[at].links; !err && l != NFA_NONE;
		     l = nfa->links[l].next)
			if (nfa->links[l].kind == NFA_EPSILON)
				err = number_push(&s->stack, &s->n_stack, &s->stack_size,
						  nfa->links[l].to);
	}
	return err;
}

/* A matcher that matches whatever follows needs no other node than the one that says so. */
static void set_prune(struct subset *s)
{
	const struct nfa_node *nodes = s->nfa.nodes;
	bool found = false;
	size_t n = 0;

	for (size_t i = 0; i < s->n_set; i++) {
		if (!nodes[s->set[i]].universal)
			continue;
		found = true;
		s->owner_stamps[nodes[s->set[i]].owner] = s->stamp;
	}
	if (!found)
		return;
	for (size_t i = 0; i < s->n_set; i++) {
		const struct nfa_node *node = &nodes[s->set[i]];

		if (node->universal || node->owner == NFA_NONE ||
		    s->owner_stamps[node->owner] != s->stamp)
			s->set[n++] = s->set[i];
	}
	s->n_set = n;
}

static void set_begin(struct subset *s)
{
	s->stamp++;
	s->n_set = 0;
}

/* What the nodes of a set accept, as an accept's number. */
static int set_accept(struct subset *s, uint32_t *ret)
{
	const struct nfa *nfa = &s->nfa;
	size_t n = 0, kept = 0;
	int err = 0;

	/* The stack is free between closures. */
	for (size_t i = 0; i < s->n_set; i++)
		for (uint32_t l = nfa->nodes[s->set[i]].links; !err && l != NFA_NONE;
		     l = nfa->links[l].next)
			if (nfa->links[l].kind == NFA_ACCEPT)
				err = number_push(&s->stack, &n, &s->stack_size, nfa->links[l].to);
	if (err)
		return err;
	sort_numbers(s->stack, n);
	for (size_t i = 0; i < n; i++)
		if (!kept || s->stack[kept - 1] != s->stack[i])
			s->stack[kept++] = s->stack[i];
	return pool_find(&s->accepts, s->stack, kept, ret);
}

/* The state of the set at work. */
static int set_finish(struct subset *s, uint32_t *ret)
{
	size_t known = s->sets.n_slices;
	int err;

	set_prune(s);
	sort_numbers(s->set, s->n_set);
	err = pool_find(&s->sets, s->set, s->n_set, ret);
	if (err || s->sets.n_slices == known)
		return err;
	if (array_grow(&s->states, known, &s->states_size, sizeof(*s->states)) < 0)
		return -ENOMEM;
	s->states[known] = (struct automaton_state){ 0 };
	return set_accept(s, &s->states[known].accept);
}

static void single_out(struct subset *s, const struct nfa_link *link)
{
	const struct nfa_class *class;

	if (link->kind == NFA_BYTE) {
		s->singled[link->value / 64] |= 1ULL << link->value % 64;
	} else if (link->kind == NFA_CLASS) {
		class = &s->nfa.classes[link->value];
		for (int i = 0; i < 4; i++)
			s->singled[i] |= class->most ? ~class->bits[i] : class->bits[i];
	}
}

static int move_add(struct subset *s, unsigned byte, uint32_t node)
{
	if (array_grow(&s->moves, s->n_moves, &s->moves_size, sizeof(*s->moves)) < 0)
		return -ENOMEM;
	s->moves[s->n_moves] = (struct move){ node, s->heads[byte] };
	s->heads[byte] = (uint32_t)s->n_moves++;
	return 0;
}

static int class_moves(struct subset *s, const struct nfa_link *link)
{
	const struct nfa_class *class = &s->nfa.classes[link->value];
	int err = class->most ? move_add(s, OTHER, link->to) : 0;

	for (unsigned i = 0; i < 4; i++) {
		uint64_t bits = s->singled[i] & class->bits[i];

		for (; !err && bits; bits &= bits - 1)
			err = move_add(s, i * 64 + (unsigned)__builtin_ctzll(bits), link->to);
	}
	return err;
}

/* Lists where each byte leads from the set of @state. */
static int state_moves(struct subset *s, uint32_t state)
{
	const struct pool_slice slice = s->sets.slices[state];
	const uint32_t *set = slice.len ? s->sets.numbers + slice.at : NULL;
	const struct nfa *nfa = &s->nfa;
	int err = 0;

	memset(s->heads, 0xff, sizeof(s->heads));
	memset(s->singled, 0, sizeof(s->singled));
	s->n_moves = 0;
	for (size_t i = 0; i < slice.len; i++)
		for (uint32_t l = nfa->nodes[set[i]].links; l != NFA_NONE; l = nfa->links[l].next)
			single_out(s, &nfa->links[l]);
	for (size_t i = 0; i < slice.len; i++) {
		for (uint32_t l = nfa->nodes[set[i]].links; !err && l != NFA_NONE;
		     l = nfa->links[l].next) {
			if (nfa->links[l].kind == NFA_BYTE)
				err = move_add(s, nfa->links[l].value, nfa->links[l].to);
			else if (nfa->links[l].kind == NFA_CLASS)
				err = class_moves(s, &nfa->links[l]);
		}
	}
	return err;
}

static int target(struct subset *s, unsigned byte, uint32_t *ret)
{
	int err = 0;

	set_begin(s);
	for (uint32_t m = s->heads[byte]; !err && m != NFA_NONE; m = s->moves[m].next)
		err = set_add(s, s->moves[m].node);
	return err ? err : set_finish(s, ret);
}

static int edge_add(struct subset *s, uint32_t state, unsigned byte, uint32_t to)
{
	if (s->n_edges >= EDGES_MAX)
		return -EINVAL;
	if (array_grow(&s->edges, s->n_edges, &s->edges_size, sizeof(*s->edges)) < 0)
		return -ENOMEM;
	s->edges[s->n_edges++] = (struct automaton_edge){ (uint8_t)byte, to };
	s->states[state].n_edges++;
	return 0;
}

static int state_expand(struct subset *s, uint32_t state)
{
	uint32_t other, to;
	int err = state_moves(s, state);

	err = err ? err : target(s, OTHER, &other);
	if (err)
		return err;
	s->states[state].other = other;
	s->states[state].edges = (uint32_t)s->n_edges;
	for (unsigned byte = 0; !err && byte < 256; byte++) {
		if (!(s->singled[byte / 64] >> byte % 64 & 1))
			continue;
		err = target(s, byte, &to);
		if (!err && to != other)
			err = edge_add(s, state, byte, to);
	}
	s->states[state].sink = other == state && s->states[state].n_edges == 0;
	return err;
}

static int subset_init(struct subset *s, size_t n)
{
	uint32_t ignored;

	s->stamps = calloc(s->nfa.n_nodes, sizeof(*s->stamps));
	s->owner_stamps = calloc(n + 1, sizeof(*s->owner_stamps));
	if (!s->stamps || !s->owner_stamps)
		return -ENOMEM;
	s->sets.slices_max = AUTOMATON_STATES_MAX;
	s->sets.numbers_max = POSITIONS_MAX;
	s->accepts.slices_max = AUTOMATON_STATES_MAX;
	s->accepts.numbers_max = POSITIONS_MAX;
	set_begin(s);
	return set_finish(s, &ignored); /* the dead state, and the empty accept set */
}

/* The start is state 1 even where nothing matches and it is as dead as state 0. */
static int subset_start(struct subset *s)
{
	uint32_t start;
	int err;

	set_begin(s);
	err = set_add(s, 0);
	err = err ? err : set_finish(s, &start);
	if (err || start)
		return err;
	if (array_grow(&s->states, 1, &s->states_size, sizeof(*s->states)) < 0)
		return -ENOMEM;
	s->states[1] = (struct automaton_state){ 0 };
	return pool_append(&s->sets, NULL, 0, 0);
}

static int subset_run(struct subset *s, size_t n)
{
	int err = subset_init(s, n);

	err = err ? err : subset_start(s);
	for (uint32_t state = 0; !err && state < s->sets.n_slices; state++)
		err = state_expand(s, state);
	return err;
}

/* The matcher whose nodes are in most sets: it is combined with everything else. */
static size_t subset_culprit(const struct subset *s, size_t n)
{
	size_t *counts = calloc(n + 1, sizeof(*counts)), best = 0;

	if (!counts)
		return SIZE_MAX;
	for (size_t i = 0; i < s->sets.n; i++)
		if (s->nfa.nodes[s->sets.numbers[i]].owner != NFA_NONE)
			counts[s->nfa.nodes[s->sets.numbers[i]].owner]++;
	for (size_t i = 1; i < n; i++)
		if (counts[i] > counts[best])
			best = i;
	best = n && counts[best] ? best : SIZE_MAX;
	free(counts);
	return best;
}

static void report_bound(const struct automaton_matcher *matcher, struct karmor_diag *diag)
{
	bool glob = matcher && matcher->match == IR_PATTERN;

	if (!matcher)
		diag_error(diag, NULL, "name directories rather than every path in them",
			   "the paths of this set are too many and too long for one automaton");
	else if (glob && matcher->path[0] != '/')
		diag_error(diag, &matcher->place,
			   "start it with \"/\" and the directories that it is in",
			   "the pattern \"%s\" multiplies the automaton past its bound",
			   matcher->path);
	else
		diag_error(diag, &matcher->place, glob ? "use fewer wildcards" : NULL,
			   "\"%s\" takes the automaton past its bound", matcher->path);
}

static int publish(const struct subset *s, struct automaton *ret)
{
	struct automaton_state *states;
	struct automaton_accept *accepts;
	struct automaton_edge *edges;
	uint32_t *ids;

	ret->n_states = s->sets.n_slices;
	ret->n_edges = s->n_edges;
	ret->n_accepts = s->accepts.n_slices;
	states = arena_array(&ret->arena, ret->n_states, sizeof(*states));
	edges = arena_array(&ret->arena, ret->n_edges, sizeof(*edges));
	accepts = arena_array(&ret->arena, ret->n_accepts, sizeof(*accepts));
	ids = arena_array(&ret->arena, s->accepts.n, sizeof(*ids));
	if (!states || !edges || !accepts || !ids)
		return -ENOMEM;
	memcpy(states, s->states, ret->n_states * sizeof(*states));
	if (s->n_edges)
		memcpy(edges, s->edges, ret->n_edges * sizeof(*edges));
	if (s->accepts.n)
		memcpy(ids, s->accepts.numbers, s->accepts.n * sizeof(*ids));
	for (size_t i = 0; i < ret->n_accepts; i++)
		accepts[i] = (struct automaton_accept){ ids + s->accepts.slices[i].at,
							s->accepts.slices[i].len };
	ret->states = states;
	ret->edges = edges;
	ret->accepts = accepts;
	return 0;
}

static void subset_done(struct subset *s)
{
	nfa_done(&s->nfa);
	pool_done(&s->sets);
	pool_done(&s->accepts);
	free(s->states);
	free(s->edges);
	free(s->moves);
	free(s->stamps);
	free(s->owner_stamps);
	free(s->set);
	free(s->stack);
}

int automaton_compile(const struct automaton_matcher *matchers, size_t n, struct automaton **ret,
		      struct karmor_diag *diag)
{
	struct automaton *automaton = calloc(1, sizeof(*automaton));
	struct subset s = { 0 };
	size_t at = SIZE_MAX;
	int err;

	if (!automaton)
		return -ENOMEM;
	err = nfa_build(&s.nfa, matchers, n, &at);
	if (!err) {
		err = subset_run(&s, n);
		at = err == -EINVAL ? subset_culprit(&s, n) : at;
	}
	if (err == -EINVAL)
		report_bound(at < n ? &matchers[at] : NULL, diag);
	err = err ? err : publish(&s, automaton);
	subset_done(&s);
	if (err)
		automaton_free(automaton);
	else
		*ret = automaton;
	return err;
}

void automaton_free(struct automaton *automaton)
{
	if (!automaton)
		return;
	arena_done(&automaton->arena);
	free(automaton);
}

uint32_t automaton_next(const struct automaton *automaton, uint32_t from, uint8_t byte)
{
	const struct automaton_state *state = &automaton->states[from];
	const struct automaton_edge *edges = automaton->edges + state->edges;
	size_t low = 0, high = state->n_edges;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (edges[middle].byte == byte)
			return edges[middle].to;
		if (edges[middle].byte < byte)
			low = middle + 1;
		else
			high = middle;
	}
	return state->other;
}

uint32_t automaton_run(const struct automaton *automaton, const char *path)
{
	uint32_t state = 1;

	for (; *path && !automaton->states[state].sink; path++)
		state = automaton_next(automaton, state, (uint8_t)*path);
	return automaton->states[state].accept;
}
