/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See apparmor-dfa.h. The binary is a stream of tagged fields, little-endian; the automata in it
 * are big-endian tables. Formats v5 to v8, with permissions in the accept tables.
 */
#include "apparmor-dfa.h"

#include <string.h>

/* Tags of the stream. */
enum {
	U8,
	U16,
	U32,
	U64,
	NAME,
	STRING,
	BLOB,
	STRUCT,
	STRUCT_END,
	LIST,
	LIST_END,
	ARRAY,
	ARRAY_END
};

#define DFA_MAGIC 0x1b5e783du
#define NET_CLASS 14
#define DIFF_ENCODED 0x80000000u
#define BASE_INDEX 0x00ffffffu

static uint32_t be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static uint16_t be16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static uint32_t le32(const uint8_t *p)
{
	return (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
}

static bool table_place(struct dfa *dfa, unsigned id, const uint8_t *data, size_t n)
{
	switch (id) {
	case 1:
		dfa->accept = data;
		dfa->n_states = n;
		return true;
	case 2:
		dfa->base = data;
		return true;
	case 3:
		dfa->check = data;
		dfa->n_next = n;
		return true;
	case 4:
		dfa->def = data;
		return true;
	case 5:
		dfa->classes = data;
		return true;
	case 7:
		dfa->accept2 = data;
		return true;
	case 8:
		dfa->next = data;
		return true;
	default:
		return false;
	}
}

static bool dfa_tables(struct dfa *dfa, const uint8_t *data, size_t len)
{
	size_t at;

	for (at = 0; at + 12 <= len && be32(data + at) != DFA_MAGIC; at++)
		if (at > 8)
			return false;
	data += at;
	len -= at;
	at = be32(data + 4);
	while (at + 12 <= len) {
		unsigned id = be16(data + at), size = be16(data + at + 2);
		size_t n = be32(data + at + 8);

		if (!table_place(dfa, id, data + at + 12, n) || n > len)
			return false;
		at = (at + 12 + n * size + 7) & ~(size_t)7;
	}
	return dfa->accept && dfa->base && dfa->check && dfa->def && dfa->next && dfa->accept2;
}

static uint32_t dfa_next(const struct dfa *dfa, uint32_t state, uint8_t byte)
{
	uint8_t class = dfa->classes ? dfa->classes[byte] : byte;

	for (;;) {
		uint32_t base = be32(dfa->base + 4 * (size_t)state);
		size_t at = (base & BASE_INDEX) + class;

		if (at < dfa->n_next && be16(dfa->check + 2 * at) == state)
			return be16(dfa->next + 2 * at);
		state = be16(dfa->def + 2 * (size_t)state);
		if (!(base & DIFF_ENCODED))
			return state;
	}
}

static uint32_t dfa_run(const struct dfa *dfa, uint32_t state, const void *bytes, size_t len)
{
	const uint8_t *p = bytes;

	for (size_t i = 0; i < len; i++)
		state = dfa_next(dfa, state, p[i]);
	return state;
}

/* The stream of one profile after another, each field with the name that stands before it. */
struct reader {
	const uint8_t *data;
	size_t at, len;
	int tag, depth;
	const char *name; /* NULL: none */
	const uint8_t *value;
	size_t size;
};

static size_t field_size(int tag, const uint8_t *p)
{
	static const size_t sizes[] = { [U8] = 1, [U16] = 2, [U32] = 4, [U64] = 8 };

	switch (tag) {
	case U8:
	case U16:
	case U32:
	case U64:
		return sizes[tag];
	case NAME:
	case STRING:
		return 2 + (size_t)(p[0] | p[1] << 8);
	case BLOB:
		return 4 + (size_t)le32(p);
	case ARRAY:
		return 2;
	default:
		return 0;
	}
}

static bool read_field(struct reader *r)
{
	r->name = NULL;
	for (;;) {
		if (r->at + 5 > r->len && r->at + 1 > r->len)
			return false;
		r->tag = r->data[r->at++];
		if (r->tag > ARRAY_END)
			return false;
		r->value = r->data + r->at;
		r->size = field_size(r->tag, r->value);
		if (r->size > r->len - r->at)
			return false;
		r->at += r->size;
		if (r->tag != NAME)
			break;
		r->name = (const char *)r->value + 2;
	}
	r->depth += r->tag == STRUCT || r->tag == LIST || r->tag == ARRAY;
	r->depth -= r->tag == STRUCT_END || r->tag == LIST_END || r->tag == ARRAY_END;
	return true;
}

static bool is_named(const struct reader *r, const char *name)
{
	return r->name && strcmp(r->name, name) == 0;
}

/* Where in a profile the reader is: numbers without a name are told apart by that. */
struct place {
	const char *in; /* the struct at depth 2; NULL: none */
	unsigned numbers;
	bool flags_seen;
};

static void read_number(const struct reader *r, const struct place *place,
			struct dfa_profile *profile)
{
	uint32_t value = le32(r->value);

	if (!place->in && place->flags_seen && place->numbers == 0)
		profile->caps_allow |= value;
	if (!place->in && place->flags_seen && place->numbers == 1)
		profile->caps_audit |= value;
	if (place->in && strcmp(place->in, "caps64") == 0 && place->numbers == 0)
		profile->caps_allow |= (uint64_t)value << 32;
	if (place->in && strcmp(place->in, "caps64") == 0 && place->numbers == 1)
		profile->caps_audit |= (uint64_t)value << 32;
}

static bool read_value(const struct reader *r, struct place *place, struct dfa_profile *profile)
{
	bool policy = place->in && strcmp(place->in, "policydb") == 0;

	if (r->tag == STRING && !profile->name)
		profile->name = (const char *)r->value + 2;
	else if (r->tag == STRING && place->in && strcmp(place->in, "xtable") == 0 &&
		 profile->n_targets < DFA_TARGETS_MAX)
		profile->targets[profile->n_targets++] = (const char *)r->value + 2;
	else if (r->tag == BLOB && is_named(r, "aadfa"))
		return dfa_tables(policy ? &profile->policy : &profile->file, r->value + 4,
				  r->size - 4);
	else if (r->tag == U32 && !r->name) {
		read_number(r, place, profile);
		place->numbers++;
	}
	return true;
}

static bool read_profile(struct reader *r, struct dfa_profile *profile)
{
	struct place place = { 0 };

	while (r->depth && read_field(r)) {
		if (r->tag == STRUCT && r->depth == 2) {
			place.in = r->name;
			place.numbers = 0;
		} else if (r->tag == STRUCT_END && r->depth == 1) {
			place.flags_seen |= place.in && strcmp(place.in, "flags") == 0;
			place.in = NULL;
			place.numbers = 0;
		}
		if (!read_value(r, &place, profile))
			return false;
	}
	return profile->name && r->depth == 0;
}

long dfa_read(const uint8_t *data, size_t len, struct dfa_profile *ret, size_t max)
{
	struct reader r = { .data = data, .len = len };
	long n = 0;

	while (read_field(&r)) {
		if (r.tag != STRUCT || !is_named(&r, "profile"))
			continue;
		if ((size_t)n == max)
			return -1;
		memset(&ret[n], 0, sizeof(*ret));
		if (!read_profile(&r, &ret[n++]))
			return -1;
	}
	return r.at == r.len ? n : -1;
}

static struct dfa_answer answer_of(uint32_t accept, uint32_t accept2, unsigned wanted, bool owner)
{
	unsigned allow = owner ? accept & 0x7f : accept >> 14 & 0x7f;
	unsigned audit = owner ? accept2 & 0x7f : accept2 >> 14 & 0x7f;
	unsigned quiet = owner ? accept2 >> 7 & 0x7f : accept2 >> 21 & 0x7f;

	return (struct dfa_answer){ .allow = (allow & wanted) == wanted,
				    .audit = audit & wanted,
				    .quiet = quiet & wanted };
}

/* The entry of the transition table, which the first ones are kinds of without a name. */
static const char *exec_target(const struct dfa_profile *profile, uint32_t accept, bool owner)
{
	uint32_t index = (owner ? accept : accept >> 14) >> 10 & 0xf;

	return index >= 4 && index - 4 < profile->n_targets ? profile->targets[index - 4] : NULL;
}

struct dfa_answer dfa_path(const struct dfa_profile *profile, const char *path, enum dfa_perm perm,
			   bool owner)
{
	uint32_t state = dfa_run(&profile->file, 1, path, strlen(path));
	uint32_t accept = be32(profile->file.accept + 4 * (size_t)state);
	struct dfa_answer ret =
		answer_of(accept, be32(profile->file.accept2 + 4 * (size_t)state), perm, owner);

	if (perm == DFA_EXEC && ret.allow)
		ret.target = exec_target(profile, accept, owner);
	return ret;
}

struct dfa_answer dfa_socket(const struct dfa_profile *profile, unsigned family, unsigned type)
{
	const uint8_t bytes[] = { NET_CLASS, (uint8_t)(family >> 8), (uint8_t)family,
				  (uint8_t)(type >> 8), (uint8_t)type };
	const struct dfa *dfa = &profile->policy;
	struct dfa_answer ret = { 0 };
	uint32_t state;

	if (!dfa->accept)
		return ret;
	state = dfa_run(dfa, 1, bytes, sizeof(bytes));
	ret = answer_of(be32(dfa->accept + 4 * (size_t)state),
			be32(dfa->accept2 + 4 * (size_t)state), 0x10, true);
	return ret;
}

struct dfa_answer dfa_capability(const struct dfa_profile *profile, unsigned capability)
{
	return (struct dfa_answer){ .allow = profile->caps_allow >> capability & 1,
				    .audit = profile->caps_audit >> capability & 1 };
}
