/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one backend can do on one machine, as data: a state with its reason, and named facts.
 *
 * Facts are numbers under names that a backend chooses ("hook.file_open" 1); compile reads them, so
 * that an old kernel can be had by setting facts rather than by booting it. What a machine's policy
 * is, a fact can hold as bytes.
 */
#pragma once

#include <karmor/backend.h>

#include "arena.h"

/* A fact of whoever compiles, not of the machine: karmor_caps_once(). */
#define CAPS_ONCE "policy.once"

struct caps_fact {
	const char *name;
	uint64_t value;	   /* of bytes, how many */
	const char *bytes; /* NULL: a number */
};

struct karmor_caps {
	struct arena arena;
	const struct karmor_backend *backend;
	enum karmor_state state;
	const char *summary, *reason, *fix; /* in the arena, or static */
	struct caps_fact *facts;
	size_t n_facts, size;
	struct caps_made *made;
};

/* What a backend made of the facts and has for the next compilation, until a fact changes. */
struct caps_made {
	void *what;
	void (*release)(void *what);
};
void *caps_made(const struct karmor_caps *caps); /* or NULL */
void caps_make(const struct karmor_caps *caps, void *what, void (*release)(void *what));

int caps_new(const struct karmor_backend *backend, struct karmor_caps **ret);
int caps_set(struct karmor_caps *caps, const char *name, uint64_t value); /* 0 or -ENOMEM */
uint64_t caps_get(const struct karmor_caps *caps, const char *name); /* 0 where it was not set */
/* A fact that is no number: bytes, copied. 0 or -ENOMEM. */
int caps_set_bytes(struct karmor_caps *caps, const char *name, const void *bytes, size_t len);
const char *caps_bytes(const struct karmor_caps *caps, const char *name, size_t *len); /* or NULL */
/* Sets state, reason and fix (copied, may be NULL). 0 or -ENOMEM. */
int caps_state(struct karmor_caps *caps, enum karmor_state state, const char *fix,
	       const char *format, ...) __attribute__((format(printf, 4, 5)));
