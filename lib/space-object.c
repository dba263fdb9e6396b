/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See space.h: the objects of each section. Where they are gone through, an object stands for all
 * that the same rules match, and the first one that is met is the example: those that a person
 * would think of come first.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "array.h"
#include "cleanup.h"
#include "space.h"

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

/* Objects as they are found. */
struct finder {
	struct space *space;
	struct space_class *classes;
	size_t n, size;
	uint32_t *ids; /* n_rules: of the object at work */
	size_t n_ids;
};

static bool is_known(const struct finder *finder)
{
	for (size_t i = 0; i < finder->n; i++)
		if (finder->classes[i].n == finder->n_ids &&
		    (!finder->n_ids || memcmp(finder->classes[i].ids, finder->ids,
					      finder->n_ids * sizeof(*finder->ids)) == 0))
			return true;
	return false;
}

/* The object at work becomes a class. */
static int add(struct finder *finder, const char *text)
{
	struct arena *arena = &finder->space->arena;
	uint32_t *ids = arena_array(arena, finder->n_ids, sizeof(*ids));

	if (!ids || !text ||
	    array_grow(&finder->classes, finder->n, &finder->size, sizeof(*finder->classes)) < 0)
		return -ENOMEM;
	if (finder->n_ids)
		memcpy(ids, finder->ids, finder->n_ids * sizeof(*ids));
	finder->classes[finder->n++] = (struct space_class){ text, ids, finder->n_ids };
	return 0;
}

struct word {
	const char *name;
	int value;
};

static const struct word families[] = {
	{ "inet", AF_INET },
	{ "inet6", AF_INET6 },
	{ "packet", AF_PACKET },
	{ "vsock", AF_VSOCK }, /* for every other */
};
static const struct word types[] = {
	{ "stream", SOCK_STREAM }, { "dgram", SOCK_DGRAM },	    { "raw", SOCK_RAW },
	{ "rdm", SOCK_RDM },	   { "seqpacket", SOCK_SEQPACKET }, { "packet", SOCK_PACKET },
	{ "dccp", SOCK_DCCP },
};
static const struct word numbers[] = {
	{ "tcp", IPPROTO_TCP },	      { "udp", IPPROTO_UDP },	      { "icmp", IPPROTO_ICMP },
	{ "icmpv6", IPPROTO_ICMPV6 }, { "sctp", IPPROTO_SCTP },	      { "dccp", IPPROTO_DCCP },
	{ "mptcp", IPPROTO_MPTCP },   { "udplite", IPPROTO_UDPLITE }, { "ip", IPPROTO_IP },
	{ "gre", IPPROTO_GRE }, /* for every other */
};

/* What programs open; families, types and numbers as above. */
static const struct {
	unsigned char family, type, number;
	const char *text;
} usual[] = {
	{ 0, 0, 0, "tcp" },
	{ 0, 1, 1, "udp" },
	{ 0, 1, 2, "inet:dgram:icmp" },
	{ 0, 2, 2, "inet:raw:icmp" },
	{ 1, 1, 3, "inet6:dgram:icmpv6" },
	{ 1, 2, 3, "inet6:raw:icmpv6" },
	{ 0, 0, 4, "inet:stream:sctp" },
	{ 0, 4, 4, "inet:seqpacket:sctp" },
	{ 0, 6, 5, "inet:dccp:dccp" },
	{ 0, 1, 7, "inet:dgram:udplite" },
	{ 0, 2, 9, "inet:raw:gre" },
	{ 2, 2, 8, "packet:raw:ip" },
	{ 2, 1, 8, "packet:dgram:ip" },
	{ 3, 0, 8, "vsock:stream:ip" },
	{ 3, 1, 8, "vsock:dgram:ip" },
	{ 3, 4, 8, "vsock:seqpacket:ip" },
	{ 3, 2, 8, "vsock:raw:ip" },
};

static int add_socket(struct finder *finder, size_t family, size_t type, size_t number,
		      const char *text)
{
	const struct space *space = finder->space;

	finder->n_ids = 0;
	for (uint32_t id = 0; id < space->n_rules; id++)
		if (eval_matches_socket(space->rules[id], families[family].value, types[type].value,
					numbers[number].value))
			finder->ids[finder->n_ids++] = id;
	if (is_known(finder))
		return 0;
	return add(finder,
		   text ? text
			: arena_printf(&finder->space->arena, "%s:%s:%s", families[family].name,
				       types[type].name, numbers[number].name));
}

static int find_sockets(struct finder *finder)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(usual); i++)
		r = add_socket(finder, usual[i].family, usual[i].type, usual[i].number,
			       usual[i].text);
	for (size_t f = 0; f < ARRAY_SIZE(families); f++)
		for (size_t t = 0; t < ARRAY_SIZE(types); t++)
			for (size_t n = 0; r == 0 && n < ARRAY_SIZE(numbers); n++)
				r = add_socket(finder, f, t, n, NULL);
	return r;
}

static int find_capabilities(struct finder *finder)
{
	const struct space *space = finder->space;
	int r = 0;

	for (unsigned capability = 0; r == 0 && capability < IR_CAPABILITY_COUNT; capability++) {
		finder->n_ids = 0;
		for (uint32_t id = 0; id < space->n_rules; id++)
			if (eval_matches_capability(space->rules[id], capability))
				finder->ids[finder->n_ids++] = id;
		if (!is_known(finder))
			r = add(finder, ir_capability_name(capability));
	}
	return r;
}

static int classify_paths(struct space *space, struct space_class **ret, size_t *n,
			  struct karmor_diag *diag)
{
	_cleanup_free_ struct automaton_matcher *matchers =
		calloc(space->n_rules + 1, sizeof(*matchers));
	size_t n_matchers = 0;

	if (!matchers)
		return -ENOMEM;
	for (uint32_t id = 0; id < space->n_rules; id++) {
		const struct ruleset_rule *rule = space->rules[id];

		if (rule->path)
			matchers[n_matchers++] = (struct automaton_matcher){
				.match = rule->match,
				.recursive = rule->recursive,
				.path = rule->path,
				.id = id,
				.place = rule->ir->path_place,
			};
	}
	return space_paths(space, matchers, n_matchers, ret, n, diag);
}

static int find_paths(struct finder *finder, struct karmor_diag *diag)
{
	struct space_class *classes;
	size_t n;
	int r = classify_paths(finder->space, &classes, &n, diag);

	for (size_t i = 0; r == 0 && i < n; i++) {
		if (!classes[i].text)
			continue;
		r = array_grow(&finder->classes, finder->n, &finder->size,
			       sizeof(*finder->classes));
		if (r == 0)
			finder->classes[finder->n++] = classes[i];
	}
	return r;
}

static bool names(const struct ruleset_rule *rule, const char *syscall)
{
	for (size_t i = 0; i < rule->ir->n_syscalls; i++)
		if (strcmp(rule->ir->syscalls[i], syscall) == 0)
			return true;
	return false;
}

/* The rules that name @syscall, without a path or in @place. */
static void match_call(struct finder *finder, const char *syscall, const struct space_class *place)
{
	const struct space *space = finder->space;
	size_t at = 0;

	finder->n_ids = 0;
	for (uint32_t id = 0; id < space->n_rules; id++) {
		while (at < place->n && place->ids[at] < id)
			at++;
		if (space->rules[id]->path && (at == place->n || place->ids[at] != id))
			continue;
		if (names(space->rules[id], syscall))
			finder->ids[finder->n_ids++] = id;
	}
}

static int add_call(struct finder *finder, const char *syscall, const struct space_class *place)
{
	match_call(finder, syscall, place);
	if (is_known(finder))
		return 0;
	return add(finder, arena_printf(&finder->space->arena, "%s%s%s", syscall,
					place->text ? ":" : "", place->text ? place->text : ""));
}

static int add_calls(struct finder *finder, const struct ruleset_rule *rule,
		     const struct space_class *place)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < rule->ir->n_syscalls; i++)
		r = add_call(finder, rule->ir->syscalls[i], place);
	return r;
}

static int find_calls(struct finder *finder, struct karmor_diag *diag)
{
	static const struct space_class nowhere = { 0 };
	const struct space *space = finder->space;
	struct space_class *places;
	size_t n;
	int r = classify_paths(finder->space, &places, &n, diag);

	for (uint32_t id = 0; r == 0 && id < space->n_rules; id++)
		r = add_calls(finder, space->rules[id], &nowhere);
	for (size_t i = 0; r == 0 && i < n; i++)
		for (size_t j = 0; r == 0 && places[i].text && j < places[i].n; j++)
			r = add_calls(finder, space->rules[places[i].ids[j]], &places[i]);
	return r;
}

static int find(struct finder *finder, struct karmor_diag *diag)
{
	switch (finder->space->section) {
	case KARMOR_PROCESS:
	case KARMOR_FILE:
		return find_paths(finder, diag);
	case KARMOR_NETWORK:
		return find_sockets(finder);
	case KARMOR_CAPABILITIES:
		return find_capabilities(finder);
	case KARMOR_SYSCALLS:
		return find_calls(finder, diag);
	}
	return -EINVAL;
}

/* Short ones first: they are what the fewest rules speak about. */
static int compare_texts(const void *a, const void *b)
{
	const struct space_class *x = a, *y = b;
	size_t m = strlen(x->text), n = strlen(y->text);

	return m != n ? (m > n) - (m < n) : strcmp(x->text, y->text);
}

int space_objects(struct space *space, struct karmor_diag *diag)
{
	struct finder finder = { .space = space };
	struct space_class *classes = NULL;
	int r;

	finder.ids = calloc(space->n_rules + 1, sizeof(*finder.ids));
	r = finder.ids ? find(&finder, diag) : -ENOMEM;
	if (r == 0) {
		classes = arena_array(&space->arena, finder.n, sizeof(*classes));
		r = classes ? 0 : -ENOMEM;
	}
	if (r == 0 && finder.n) {
		memcpy(classes, finder.classes, finder.n * sizeof(*classes));
		qsort(classes, finder.n, sizeof(*classes), compare_texts);
	}
	space->objects = classes;
	space->n_objects = finder.n;
	free(finder.classes);
	free(finder.ids);
	return r;
}
