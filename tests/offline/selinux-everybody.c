/* SPDX-License-Identifier: Apache-2.0 */
/* See selinux-everybody.h. */
#include "selinux-everybody.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "cleanup.h"
#include "selinux-base.h"
#include "selinux-policy.h"

/* Contexts of tasks and of what they may act on. */
struct contexts {
	char **texts;
	size_t n, size;
};

/* What one policy says: by task, by object, by class. */
struct matrix {
	struct policy_bits *bits;
	unsigned n_classes;
};

static void contexts_done(struct contexts *c)
{
	for (size_t i = 0; i < c->n; i++)
		free(c->texts[i]);
	free(c->texts);
}

static int context_add(struct contexts *c, const char *user, const char *role, const char *type)
{
	if (array_grow(&c->texts, c->n, &c->size, sizeof(char *)) < 0)
		return -1;
	if (asprintf(&c->texts[c->n], "%s:%s:%s:s0", user, role, type) < 0)
		return -1;
	c->n++;
	return 0;
}

/* Whether the policy in use lets tasks have the type. */
static bool is_of_tasks(const char *type)
{
	_cleanup_buf_ struct buf context = { 0 };

	buf_printf(&context, "system_u:system_r:%s:s0", type);
	return !buf_failed(&context) && policy_context(context.data);
}

/* Tasks are objects as well: of signals, and their sockets and files in /proc. */
static int contexts_make(const struct base *base, struct contexts *tasks, struct contexts *objects)
{
	const char *type;
	int r = 0;

	for (size_t i = 0; r == 0 && (type = base_type(base, i)); i++) {
		bool has_role = *type && is_of_tasks(type);
		const char *role = has_role ? "system_r" : "object_r";

		if (!*type)
			continue;
		/* Some are of users' roles alone: by the attribute, where a policy keeps it. */
		if (has_role || base_is_a(base, type, "domain"))
			r = context_add(tasks, "system_u", role, type);
		r = r ? r : context_add(objects, "system_u", role, type);
	}
	r = r ? r : context_add(tasks, "unconfined_u", "unconfined_r", "unconfined_t");
	return r ? r : context_add(objects, "unconfined_u", "unconfined_r", "unconfined_t");
}

static int matrix_fill(struct matrix *m, const struct contexts *tasks,
		       const struct contexts *objects)
{
	size_t at = 0;

	m->bits = calloc(tasks->n * objects->n * m->n_classes, sizeof(*m->bits));
	if (!m->bits)
		return -1;
	for (size_t i = 0; i < tasks->n; i++)
		for (size_t j = 0; j < objects->n; j++) {
			uint32_t from = policy_context(tasks->texts[i]);
			uint32_t to = policy_context(objects->texts[j]);

			if (!from || !to)
				return -1;
			for (unsigned class = 1; class <= m->n_classes; class ++)
				if (policy_bits(from, to, class, &m->bits[at++]) < 0)
					return -1;
		}
	return 0;
}

/* What is granted aloud may be more: the workloads' part of it is kept, and the rest dropped. */
static bool is_same(const struct policy_bits *a, const struct policy_bits *b)
{
	return a->allowed == b->allowed &&
	       (a->auditdeny | a->allowed) == (b->auditdeny | b->allowed);
}

static int matrices_compare(const struct matrix *a, const struct matrix *b,
			    const struct contexts *tasks, const struct contexts *objects,
			    struct buf *what)
{
	size_t n = tasks->n * objects->n * a->n_classes;

	for (size_t i = 0; i < n; i++) {
		size_t pair = i / a->n_classes;

		if (is_same(&a->bits[i], &b->bits[i]))
			continue;
		buf_printf(what, "the module changes what %s may do to %s (class %zu: %x to %x)",
			   tasks->texts[pair / objects->n], objects->texts[pair % objects->n],
			   i % a->n_classes + 1, a->bits[i].allowed, b->bits[i].allowed);
		return 1;
	}
	return 0;
}

/* A copy of a type, under the policy with the module. */
static int copy_compare(const char *type, const char *copy, const struct contexts *tasks,
			unsigned n_classes, struct buf *what)
{
	_cleanup_buf_ struct buf one = { 0 }, other = { 0 };

	buf_printf(&one, "system_u:object_r:%s:s0", type);
	buf_printf(&other, "system_u:object_r:%s:s0", copy);
	for (size_t i = 0; i < tasks->n; i++) {
		uint32_t from = policy_context(tasks->texts[i]), a = policy_context(one.data),
			 b = policy_context(other.data);

		for (unsigned class = 1; class <= n_classes; class ++) {
			struct policy_bits bits, others;

			if (!from || !a || !b || policy_bits(from, a, class, &bits) < 0 ||
			    policy_bits(from, b, class, &others) < 0)
				return -1;
			if (memcmp(&bits, &others, sizeof(bits)) == 0)
				continue;
			buf_printf(what, "%s is not as %s is to %s (class %u)", copy, type,
				   tasks->texts[i], class);
			return 1;
		}
	}
	return 0;
}

static int copies_compare(const struct selinux_artifact *artifact, const struct contexts *tasks,
			  unsigned n_classes, struct buf *what)
{
	int r = 0;

	for (size_t i = 0; i < artifact->n_kinds; i++)
		for (size_t j = 0; r == 0 && j < artifact->kinds[i].n_types; j++) {
			const char *type = artifact->kinds[i].types[j];
			_cleanup_buf_ struct buf copy = { 0 };

			selinux_copy_name(&copy, artifact, i, type);
			r = copy_compare(type, copy.data, tasks, n_classes, what);
		}
	return r;
}

static int use(const struct selinux_artifact *artifact)
{
	_cleanup_buf_ struct buf module = { 0 };
	_cleanup_free_ void *image = NULL;
	size_t len;

	if (artifact)
		selinux_write(&module, artifact, NULL);
	if (buf_failed(&module) || test_base_compile(module.data, &image, &len) != 0)
		return -1;
	return policy_use(image, len);
}

int everybody_differs(const struct selinux_artifact *artifact, const struct base *base,
		      struct buf *what)
{
	_cleanup_(contexts_done) struct contexts tasks = { 0 }, objects = { 0 };
	struct matrix before = { 0 }, after = { 0 };
	int r = use(NULL);

	r = r ? r : contexts_make(base, &tasks, &objects);
	r = r == 0 && tasks.n < 3 ? -1 : r; /* that would be nobody */
	while (r == 0 && base_class(base, before.n_classes))
		before.n_classes++;
	after.n_classes = before.n_classes;
	r = r ? r : matrix_fill(&before, &tasks, &objects);
	r = r ? r : use(artifact);
	r = r ? r : matrix_fill(&after, &tasks, &objects);
	r = r ? r : matrices_compare(&before, &after, &tasks, &objects, what);
	r = r ? r : copies_compare(artifact, &tasks, before.n_classes, what);
	free(before.bits);
	free(after.bits);
	return r;
}
