/* SPDX-License-Identifier: Apache-2.0 */
/* See base.h. The walk over the policy's tables is ours; reading the image is libsepol's. */
#include "base-tables.h"

#include <errno.h>
#include <sepol/debug.h>
#include <sepol/handle.h>
#include <sepol/policydb/polcaps.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"

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
	r = r ? r : base_contexts_read(base, contexts, n);
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

uint32_t base_value(const struct base *base, int symbols, const char *name)
{
	for (uint32_t i = 0; i < base->db->symtab[symbols].nprim; i++) {
		const char *other = base->db->sym_val_to_name[symbols][i];

		if (other && strcmp(other, name) == 0)
			return i + 1;
	}
	return 0;
}

bool base_is_attribute(const struct base *base, uint32_t type)
{
	const type_datum_t *datum = base->db->type_val_to_struct[type - 1];

	return datum && datum->flavor == TYPE_ATTRIB;
}

bool base_has_type(const struct base *base, const char *name)
{
	uint32_t type = base_value(base, SYM_TYPES, name);

	return type && !base_is_attribute(base, type);
}

bool base_has_attribute(const struct base *base, const char *name)
{
	uint32_t type = base_value(base, SYM_TYPES, name);

	return type && base_is_attribute(base, type);
}

bool base_has_role(const struct base *base, const char *name)
{
	return base_value(base, SYM_ROLES, name) != 0;
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

uint32_t base_class_bits(const struct base *base, uint32_t class, const char *perm)
{
	const class_datum_t *datum = class ? base->db->class_val_to_struct[class - 1] : NULL;
	uint32_t bits = datum ? perm_bits(&datum->permissions, perm) : 0;

	return datum && datum->comdatum ? bits | perm_bits(&datum->comdatum->permissions, perm)
					: bits;
}

bool base_has_perm(const struct base *base, const char *class, const char *perm)
{
	return base_class_bits(base, base_value(base, SYM_CLASSES, class), perm) != 0;
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
	uint32_t a = base_value(base, SYM_TYPES, type), b = base_value(base, SYM_TYPES, attribute);

	return a && b && covers(base, b, a);
}

bool *base_members(const struct base *base, const char *attribute)
{
	uint32_t n = base->db->p_types.nprim, named = base_value(base, SYM_TYPES, attribute);
	bool *ret = calloc(n + 1, sizeof(*ret));

	for (uint32_t i = 0; ret && named && i < n; i++)
		ret[i] = covers(base, named, i + 1);
	return ret;
}

bool base_allows(const struct base *base, const char *source, const char *target, const char *class,
		 const char *perm)
{
	uint32_t from = base_value(base, SYM_TYPES, source),
		 to = base_value(base, SYM_TYPES, target);
	uint32_t about = base_value(base, SYM_CLASSES, class),
		 bits = base_class_bits(base, about, perm);
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
	uint32_t n = base->db->p_types.nprim, from = base_value(base, SYM_TYPES, source);
	uint32_t about = base_value(base, SYM_CLASSES, class),
		 bits = base_class_bits(base, about, perm);
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
	return base->db->p_type_val_to_name[i] && !base_is_attribute(base, (uint32_t)i + 1)
		       ? base->db->p_type_val_to_name[i]
		       : "";
}

const char *base_class(const struct base *base, size_t i)
{
	return i < base->db->p_classes.nprim ? base->db->p_class_val_to_name[i] : NULL;
}
