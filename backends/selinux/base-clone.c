/* SPDX-License-Identifier: Apache-2.0 */
/* See base.h: what makes another type as good as one of the policy's. */
#include "base-tables.h"

#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "cleanup.h"

/* A copy under way. */
struct clone {
	const struct base *base;
	uint32_t type;
	const char *name;
	struct buf *buf;
	size_t left_out;
};

static const char *type_name(const struct clone *c, uint32_t type)
{
	return type == c->type ? c->name : c->base->db->p_type_val_to_name[type - 1];
}

static const char *perm_name(const symtab_t *table, unsigned perm)
{
	for (unsigned i = 0; table->table && i < table->table->size; i++)
		for (const hashtab_node_t *n = table->table->htable[i]; n; n = n->next)
			if (((const perm_datum_t *)n->datum)->s.value == perm)
				return n->key;
	return NULL;
}

static void rule_write(const struct clone *c, const char *word, const char *source,
		       const char *target, uint32_t class, uint32_t bits)
{
	const class_datum_t *datum = c->base->db->class_val_to_struct[class - 1];
	const char *gap = "";

	if (!bits)
		return;
	buf_printf(c->buf, "(%s %s %s (%s (", word, source, target,
		   c->base->db->p_class_val_to_name[class - 1]);
	for (unsigned i = 1; i <= 32; i++) {
		const char *name = perm_name(&datum->permissions, i);

		if (!name && datum->comdatum)
			name = perm_name(&datum->comdatum->permissions, i);
		if (!name || !(bits >> (i - 1) & 1))
			continue;
		buf_printf(c->buf, "%s%s", gap, name);
		gap = " ";
	}
	buf_puts(c->buf, ")))\n");
}

/* A rule whose source or target is the type, with the copy in its place: in either, or in both. */
static void av_write(struct clone *c, const struct avtab_node *n)
{
	const avtab_key_t *key = &n->key;
	const char *source = type_name(c, key->source_type);
	const char *target = type_name(c, key->target_type);
	uint32_t all = base_class_bits(c->base, key->target_class, NULL);
	const char *result = key->specified & AVTAB_TYPE
				     ? c->base->db->p_type_val_to_name[n->datum.data - 1]
				     : NULL;

	if (key->specified & AVTAB_ALLOWED)
		rule_write(c, "allow", source, target, key->target_class, n->datum.data);
	else if (key->specified & AVTAB_AUDITALLOW)
		rule_write(c, "auditallow", source, target, key->target_class, n->datum.data);
	else if (key->specified & AVTAB_AUDITDENY)
		rule_write(c, "dontaudit", source, target, key->target_class, all & ~n->datum.data);
	else if (key->specified & AVTAB_TYPE)
		buf_printf(c->buf, "(%s %s %s %s %s)\n",
			   key->specified & AVTAB_TRANSITION ? "typetransition"
			   : key->specified & AVTAB_MEMBER   ? "typemember"
							     : "typechange",
			   source, target, c->base->db->p_class_val_to_name[key->target_class - 1],
			   result);
	else
		c->left_out++;
}

static bool names(const struct clone *c, const avtab_key_t *key)
{
	return key->source_type == c->type || key->target_type == c->type;
}

static void rules_write(struct clone *c)
{
	const avtab_t *tables[] = { &c->base->db->te_avtab, &c->base->db->te_cond_avtab };

	for (uint32_t i = 0; i < tables[0]->nslot; i++)
		for (const struct avtab_node *n = tables[0]->htable[i]; n; n = n->next)
			if (names(c, &n->key))
				av_write(c, n);
	for (uint32_t i = 0; i < tables[1]->nslot; i++)
		for (const struct avtab_node *n = tables[1]->htable[i]; n; n = n->next)
			c->left_out += names(c, &n->key);
}

static void attributes_write(struct clone *c)
{
	ebitmap_node_t *node;
	unsigned i;

	ebitmap_for_each_positive_bit(&c->base->db->type_attr_map[c->type - 1], node, i)
	{
		const char *attribute = c->base->db->p_type_val_to_name[i];

		if (!attribute || !base_is_attribute(c->base, i + 1))
			continue;
		if (*attribute == '@') /* has lost its name: nothing can be added to it */
			c->left_out++;
		else
			buf_printf(c->buf, "(typeattributeset %s (%s))\n", attribute, c->name);
	}
}

static void transitions_write(struct clone *c)
{
	const policydb_t *db = c->base->db;

	for (const role_trans_t *t = db->role_tr; t; t = t->next)
		if (t->type == c->type)
			buf_printf(c->buf, "(roletransition %s %s %s %s)\n",
				   db->p_role_val_to_name[t->role - 1], c->name,
				   db->p_class_val_to_name[t->tclass - 1],
				   db->p_role_val_to_name[t->new_role - 1]);
	for (unsigned i = 0; db->range_tr && i < db->range_tr->size; i++)
		for (const hashtab_node_t *n = db->range_tr->htable[i]; n; n = n->next) {
			const range_trans_t *key = (const range_trans_t *)(const void *)n->key;

			c->left_out += key->source_type == c->type || key->target_type == c->type;
		}
}

static int line_compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The tables go by hash, which is nothing to print by. */
static void lines_sort(char *text, struct buf *ret)
{
	_cleanup_free_ char **lines = NULL;
	size_t n = 0, size = 0;
	char *line;

	while ((line = strsep(&text, "\n"))) {
		if (!*line)
			continue;
		if (array_grow(&lines, n, &size, sizeof(*lines)) < 0) {
			ret->failed = true;
			return;
		}
		lines[n++] = line;
	}
	if (n)
		qsort(lines, n, sizeof(*lines), line_compare);
	for (size_t i = 0; i < n; i++)
		buf_printf(ret, "%s\n", lines[i]);
}

void base_clone(const struct base *base, const char *type, const char *name, struct buf *buf,
		size_t *left_out)
{
	_cleanup_buf_ struct buf rules = { 0 };
	struct clone c = {
		.base = base, .type = base_value(base, SYM_TYPES, type), .name = name, .buf = &rules
	};

	attributes_write(&c);
	rules_write(&c);
	transitions_write(&c);
	buf->failed |= buf_failed(&rules);
	if (!buf_failed(&rules) && rules.data)
		lines_sort(rules.data, buf);
	*left_out += c.left_out;
}
