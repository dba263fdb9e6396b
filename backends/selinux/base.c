/* SPDX-License-Identifier: Apache-2.0 */
/* See base.h. The walk over the policy's tables is ours; reading the image is libsepol's. */
/* First, for a member of theirs is called bool. */
#include <sepol/policydb/policydb.h>

#include "base.h"

#include <errno.h>
#include <regex.h>
#include <sepol/debug.h>
#include <sepol/handle.h>
#include <sepol/policydb/polcaps.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "cleanup.h"

/* A line of file_contexts(5). */
struct context_line {
	char *path;
	char *type;
	size_t stem; /* bytes that a path has to begin with, of one that is no expression all */
	bool literal;
};

struct base {
	struct arena arena;
	sepol_handle_t *handle;
	sepol_policydb_t *sepol;
	const policydb_t *db;
	struct context_line *lines;
	size_t n_lines, size;
};

void base_free(struct base *base)
{
	if (!base)
		return;
	sepol_policydb_free(base->sepol);
	if (base->handle)
		sepol_handle_destroy(base->handle);
	free(base->lines);
	arena_done(&base->arena);
	free(base);
}

static int policy_read(struct base *base, const char *image, size_t len, struct karmor_diag *diag)
{
	_cleanup_free_ char *copy = malloc(len ? len : 1);

	base->handle = sepol_handle_create();
	if (!copy || !base->handle || sepol_policydb_create(&base->sepol) < 0)
		return -ENOMEM;
	memcpy(copy, image, len); /* which libsepol wants to be writable */
	sepol_msg_set_callback(base->handle, NULL, NULL);
	if (sepol_policydb_from_image(base->handle, copy, len, base->sepol) < 0) {
		free(base->sepol); /* what it held is released already, and must not be again */
		base->sepol = NULL;
		diag_error(diag, NULL, "rebuild the policy: semodule -B",
			   "selinux: the policy cannot be read by this libsepol");
		return -EINVAL;
	}
	base->db = &base->sepol->p;
	return 0;
}

/* The third part of a context, where that is a type of the policy; NULL otherwise. */
static const char *context_type(const struct base *base, char *context)
{
	char *part = strsep(&context, ":");

	part = part ? strsep(&context, ":") : NULL;
	part = part ? strsep(&context, ":") : NULL;
	return part && base_has_type(base, part) ? part : NULL;
}

static bool is_literal(const char *path)
{
	return !strpbrk(path, ".^$?*+|[({\\");
}

/*
 * How many bytes of an expression every path that it matches begins with: what is dear to compile
 * is not, for most paths.
 */
static size_t stem_of(const char *path)
{
	size_t len = strcspn(path, ".^$?*+|[({\\");
	int depth = 0;

	/* A bracket may hold any of these, and be no more than itself. */
	if (strchr(path, '[') && strchr(path, '|'))
		return 0;
	/* The last one may be there, or not. */
	if (len && path[len] && strchr("?*{", path[len]))
		len--;
	for (const char *p = path; *p; p++) {
		if (*p == '\\' && p[1])
			p++;
		else if (*p == '|' && !depth)
			return 0;
		else if (*p == '(' || *p == ')')
			depth += *p == '(' ? 1 : -1;
	}
	return len;
}

/*
 * "path [-mode] context"; a mode that is no file's is left out, as is a path without a context, or
 * with one that this policy has no type for.
 */
static int line_add(struct base *base, char *text)
{
	char *path, *context, *rest = NULL;
	const char *type;

	path = strtok_r(text, " \t", &rest);
	context = path ? strtok_r(NULL, " \t", &rest) : NULL;
	if (!context || *path == '#')
		return 0;
	if (*context == '-') {
		if (strcmp(context, "--") != 0)
			return 0;
		context = strtok_r(NULL, " \t", &rest);
	}
	type = context ? context_type(base, context) : NULL;
	if (!type)
		return 0;
	if (array_grow(&base->lines, base->n_lines, &base->size, sizeof(*base->lines)) < 0)
		return -ENOMEM;
	base->lines[base->n_lines] = (struct context_line){
		.path = arena_strdup(&base->arena, path),
		.type = arena_strdup(&base->arena, type),
		.stem = stem_of(path),
		.literal = is_literal(path),
	};
	if (!base->lines[base->n_lines].path || !base->lines[base->n_lines].type)
		return -ENOMEM;
	base->n_lines++;
	return 0;
}

static int contexts_read(struct base *base, const char *text, size_t len)
{
	_cleanup_free_ char *copy = strndup(text ? text : "", len);
	char *rest = copy, *line;
	int r = copy ? 0 : -ENOMEM;

	while (r == 0 && (line = strsep(&rest, "\n")))
		r = line_add(base, line);
	return r;
}

int base_open(const struct karmor_caps *caps, struct base **ret, struct karmor_diag *diag)
{
	struct base *base = calloc(1, sizeof(*base));
	size_t len, n;
	const char *image = caps_bytes(caps, SELINUX_CAP_POLICY, &len);
	const char *contexts = caps_bytes(caps, SELINUX_CAP_FILE_CONTEXTS, &n);
	int r = image ? 0 : -EINVAL;

	if (!base)
		return -ENOMEM;
	if (r)
		diag_error(diag, NULL, NULL, "selinux: there is no policy to compile for");
	r = r ? r : policy_read(base, image, len, diag);
	r = r ? r : contexts_read(base, contexts, n);
	if (r) {
		base_free(base);
		return r;
	}
	*ret = base;
	return 0;
}

static bool bit(const ebitmap_t *map, unsigned wanted)
{
	ebitmap_node_t *node;
	unsigned i;

	ebitmap_for_each_positive_bit(map, node, i)
	{
		if (i == wanted)
			return true;
	}
	return false;
}

/* The number of a name, from 1; 0: there is none. */
static uint32_t value_of(const struct base *base, int symbols, const char *name)
{
	for (uint32_t i = 0; i < base->db->symtab[symbols].nprim; i++) {
		const char *other = base->db->sym_val_to_name[symbols][i];

		if (other && strcmp(other, name) == 0)
			return i + 1;
	}
	return 0;
}

static bool is_attribute(const struct base *base, uint32_t type)
{
	const type_datum_t *datum = base->db->type_val_to_struct[type - 1];

	return datum && datum->flavor == TYPE_ATTRIB;
}

bool base_has_type(const struct base *base, const char *name)
{
	uint32_t type = value_of(base, SYM_TYPES, name);

	return type && !is_attribute(base, type);
}

bool base_has_attribute(const struct base *base, const char *name)
{
	uint32_t type = value_of(base, SYM_TYPES, name);

	return type && is_attribute(base, type);
}

bool base_has_role(const struct base *base, const char *name)
{
	return value_of(base, SYM_ROLES, name) != 0;
}

bool base_has_module(const struct base *base)
{
	for (uint32_t i = 0; i < base->db->symtab[SYM_ROLES].nprim; i++) {
		const char *name = base->db->sym_val_to_name[SYM_ROLES][i];

		if (name && strncmp(name, "karmor_", strlen("karmor_")) == 0)
			return true;
	}
	return false;
}

/* The permission's bits among those of @table; all of them for NULL. */
static uint32_t perm_bits(const symtab_t *table, const char *perm)
{
	uint32_t bits = 0;

	for (unsigned i = 0; table->table && i < table->table->size; i++)
		for (const hashtab_node_t *n = table->table->htable[i]; n; n = n->next)
			if (!perm || strcmp(n->key, perm) == 0)
				bits |= 1u << (((const perm_datum_t *)n->datum)->s.value - 1);
	return bits;
}

static uint32_t class_bits(const struct base *base, uint32_t class, const char *perm)
{
	const class_datum_t *datum = class ? base->db->class_val_to_struct[class - 1] : NULL;
	uint32_t bits = datum ? perm_bits(&datum->permissions, perm) : 0;

	return datum && datum->comdatum ? bits | perm_bits(&datum->comdatum->permissions, perm)
					: bits;
}

bool base_has_perm(const struct base *base, const char *class, const char *perm)
{
	return class_bits(base, value_of(base, SYM_CLASSES, class), perm) != 0;
}

bool base_has_socket_classes(const struct base *base)
{
	return bit(&base->db->policycaps, POLICYDB_CAP_EXTSOCKCLASS) &&
	       base_has_perm(base, "icmp_socket", NULL);
}

/* Whether a rule that names @named is about @type. */
static bool covers(const struct base *base, uint32_t named, uint32_t type)
{
	return named == type || bit(&base->db->type_attr_map[type - 1], named - 1);
}

bool base_is_a(const struct base *base, const char *type, const char *attribute)
{
	uint32_t a = value_of(base, SYM_TYPES, type), b = value_of(base, SYM_TYPES, attribute);

	return a && b && covers(base, b, a);
}

bool base_allows(const struct base *base, const char *source, const char *target, const char *class,
		 const char *perm)
{
	uint32_t from = value_of(base, SYM_TYPES, source), to = value_of(base, SYM_TYPES, target);
	uint32_t about = value_of(base, SYM_CLASSES, class), bits = class_bits(base, about, perm);
	const avtab_t *table = &base->db->te_avtab;

	if (!from || !to || !bits)
		return false;
	for (uint32_t i = 0; i < table->nslot; i++)
		for (const struct avtab_node *n = table->htable[i]; n; n = n->next)
			if (n->key.specified & AVTAB_ALLOWED && n->key.target_class == about &&
			    n->datum.data & bits && covers(base, n->key.source_type, from) &&
			    covers(base, n->key.target_type, to))
				return true;
	return false;
}

bool *base_targets(const struct base *base, const char *source, const char *class, const char *perm)
{
	uint32_t n = base->db->p_types.nprim, from = value_of(base, SYM_TYPES, source);
	uint32_t about = value_of(base, SYM_CLASSES, class), bits = class_bits(base, about, perm);
	const avtab_t *table = &base->db->te_avtab;
	_cleanup_free_ bool *named = calloc(n + 1, sizeof(*named));
	bool *ret = calloc(n + 1, sizeof(*ret));

	for (uint32_t i = 0; named && ret && from && bits && i < table->nslot; i++)
		for (const struct avtab_node *t = table->htable[i]; t; t = t->next)
			if (t->key.specified & AVTAB_ALLOWED && t->key.target_class == about &&
			    t->datum.data & bits && covers(base, t->key.source_type, from))
				named[t->key.target_type - 1] = true;
	for (uint32_t i = 0; named && ret && i < n; i++) {
		ebitmap_node_t *node;
		unsigned j;

		ret[i] = named[i];
		ebitmap_for_each_positive_bit(&base->db->type_attr_map[i], node, j)
		{
			ret[i] |= named[j];
		}
	}
	if (named)
		return ret;
	free(ret);
	return NULL;
}

const char *base_user(const struct base *base, size_t i)
{
	if (i >= base->db->p_users.nprim)
		return NULL;
	return base->db->p_user_val_to_name[i] ? base->db->p_user_val_to_name[i] : "";
}

const char *base_type(const struct base *base, size_t i)
{
	if (i >= base->db->p_types.nprim)
		return NULL;
	return base->db->p_type_val_to_name[i] && !is_attribute(base, (uint32_t)i + 1)
		       ? base->db->p_type_val_to_name[i]
		       : "";
}

const char *base_class(const struct base *base, size_t i)
{
	return i < base->db->p_classes.nprim ? base->db->p_class_val_to_name[i] : NULL;
}

static bool line_matches(const struct context_line *line, const char *path)
{
	_cleanup_buf_ struct buf whole = { 0 };
	regex_t regex;
	bool matches;

	if (line->literal)
		return strcmp(line->path, path) == 0;
	if (strncmp(line->path, path, line->stem) != 0)
		return false;
	buf_printf(&whole, "^(%s)$", line->path);
	if (buf_failed(&whole) || regcomp(&regex, whole.data, REG_EXTENDED | REG_NOSUB) != 0)
		return false;
	matches = regexec(&regex, path, 0, NULL, 0) == 0;
	regfree(&regex);
	return matches;
}

/* A path without wildcards goes first, then the line that stands last. */
const char *base_type_of(const struct base *base, const char *path)
{
	for (int literal = 1; literal >= 0; literal--)
		for (size_t i = base->n_lines; i > 0; i--)
			if (base->lines[i - 1].literal == (bool)literal &&
			    line_matches(&base->lines[i - 1], path))
				return base->lines[i - 1].type;
	return NULL;
}

bool base_named(const struct base *base, size_t i, const char **path, const char **type)
{
	if (i >= base->n_lines)
		return false;
	*path = base->lines[i].literal ? base->lines[i].path : NULL;
	*type = base->lines[i].type;
	return true;
}

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
	uint32_t all = class_bits(c->base, key->target_class, NULL);
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

		if (!attribute || !is_attribute(c->base, i + 1))
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
		.base = base, .type = value_of(base, SYM_TYPES, type), .name = name, .buf = &rules
	};

	attributes_write(&c);
	rules_write(&c);
	transitions_write(&c);
	buf->failed |= buf_failed(&rules);
	if (!buf_failed(&rules) && rules.data)
		lines_sort(rules.data, buf);
	*left_out += c.left_out;
}
