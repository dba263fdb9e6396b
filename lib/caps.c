/* SPDX-License-Identifier: Apache-2.0 */
/* See caps.h. */
#include "caps.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend.h"
#include "cleanup.h"
#include "diag.h"
#include "fs.h"

int caps_new(const struct karmor_backend *backend, struct karmor_caps **ret)
{
	struct karmor_caps *caps = calloc(1, sizeof(*caps));

	if (!caps)
		return -ENOMEM;
	caps->made = calloc(1, sizeof(*caps->made));
	if (!caps->made) {
		free(caps);
		return -ENOMEM;
	}
	caps->backend = backend;
	caps->summary = "";
	*ret = caps;
	return 0;
}

void *caps_made(const struct karmor_caps *caps)
{
	return caps->made->what;
}

void caps_make(const struct karmor_caps *caps, void *what, void (*release)(void *what))
{
	if (caps->made->what)
		caps->made->release(caps->made->what);
	*caps->made = (struct caps_made){ what, release };
}

static struct caps_fact *fact_find(const struct karmor_caps *caps, const char *name)
{
	for (size_t i = 0; i < caps->n_facts; i++)
		if (strcmp(caps->facts[i].name, name) == 0)
			return &caps->facts[i];
	return NULL;
}

int caps_set(struct karmor_caps *caps, const char *name, uint64_t value)
{
	struct caps_fact *fact = fact_find(caps, name);

	caps_make(caps, NULL, NULL);
	if (fact) {
		fact->value = value;
		return 0;
	}
	if (caps->n_facts == caps->size) {
		size_t size = caps->size ? caps->size * 2 : 16;
		struct caps_fact *facts = reallocarray(caps->facts, size, sizeof(*facts));

		if (!facts)
			return -ENOMEM;
		caps->facts = facts;
		caps->size = size;
	}
	name = arena_strdup(&caps->arena, name);
	if (!name)
		return -ENOMEM;
	caps->facts[caps->n_facts++] = (struct caps_fact){ .name = name, .value = value };
	return 0;
}

uint64_t caps_get(const struct karmor_caps *caps, const char *name)
{
	const struct caps_fact *fact = fact_find(caps, name);

	return fact ? fact->value : 0;
}

int caps_set_bytes(struct karmor_caps *caps, const char *name, const void *bytes, size_t len)
{
	char *copy = arena_memdup(&caps->arena, bytes, len);
	int r = copy ? caps_set(caps, name, len) : -ENOMEM;
	struct caps_fact *fact = r ? NULL : fact_find(caps, name);

	if (fact)
		fact->bytes = copy;
	return r;
}

const char *caps_bytes(const struct karmor_caps *caps, const char *name, size_t *len)
{
	const struct caps_fact *fact = fact_find(caps, name);

	*len = fact && fact->bytes ? (size_t)fact->value : 0;
	return fact ? fact->bytes : NULL;
}

int karmor_caps_read(struct karmor_caps *caps, const char *name, const char *path,
		     struct karmor_diag *diag)
{
	const struct caps_fact *fact = fact_find(caps, name);
	_cleanup_close_ int fd = -1;
	_cleanup_buf_ struct buf text = { 0 };
	int r;

	if (!fact || !fact->bytes) {
		diag_error(diag, NULL, NULL, "%s: no fact \"%s\" is read from a file",
			   caps->backend->name, name);
		return -EINVAL;
	}
	r = fs_open(path, NULL, &fd, diag);
	r = r ? r : fs_read(fd, path, &text, diag);
	return r ? r : caps_set_bytes(caps, name, text.data ? text.data : "", text.len);
}

int caps_state(struct karmor_caps *caps, enum karmor_state state, const char *fix,
	       const char *format, ...)
{
	_cleanup_free_ char *reason = NULL;
	va_list args;
	int len;

	va_start(args, format);
	len = vasprintf(&reason, format, args);
	va_end(args);
	if (len < 0) {
		reason = NULL;
		return -ENOMEM;
	}
	caps->state = state;
	caps->reason = arena_strdup(&caps->arena, reason);
	caps->fix = fix ? arena_strdup(&caps->arena, fix) : NULL;
	return caps->reason && (caps->fix || !fix) ? 0 : -ENOMEM;
}

static int caps_fill(const struct karmor_backend *backend, bool full, struct karmor_caps **ret,
		     struct karmor_diag *diag)
{
	struct karmor_caps *caps;
	int r = caps_new(backend, &caps);

	if (r < 0)
		return r;
	r = full ? backend->full(caps) : backend->probe(caps, diag);
	if (r < 0) {
		karmor_caps_free(caps);
		return r;
	}
	*ret = caps;
	return 0;
}

int karmor_caps_probe(const struct karmor_backend *backend, struct karmor_caps **ret,
		      struct karmor_diag *diag)
{
	return caps_fill(backend, false, ret, diag);
}

int karmor_caps_full(const struct karmor_backend *backend, struct karmor_caps **ret)
{
	return caps_fill(backend, true, ret, NULL);
}

int karmor_caps_once(struct karmor_caps *caps)
{
	return caps_set(caps, CAPS_ONCE, 1);
}

void karmor_caps_free(struct karmor_caps *caps)
{
	if (!caps)
		return;
	caps_make(caps, NULL, NULL);
	free(caps->made);
	arena_done(&caps->arena);
	free(caps->facts);
	free(caps);
}

enum karmor_state karmor_caps_state(const struct karmor_caps *caps)
{
	return caps->state;
}

const char *karmor_caps_summary(const struct karmor_caps *caps)
{
	return caps->summary;
}

const char *karmor_caps_reason(const struct karmor_caps *caps)
{
	return caps->reason;
}

const char *karmor_caps_fix(const struct karmor_caps *caps)
{
	return caps->fix;
}
