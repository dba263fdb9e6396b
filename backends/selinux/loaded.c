/* SPDX-License-Identifier: Apache-2.0 */
/* See loaded.h. */
#include "loaded.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "buf.h"
#include "cleanup.h"
#include "print.h"

void selinux_loaded_free(struct selinux_loaded *loaded)
{
	for (size_t i = 0; i < loaded->n_names; i++)
		free(loaded->names[i]);
	free(loaded->names);
	free(loaded->families);
	free(loaded->slots);
	*loaded = (struct selinux_loaded){ 0 };
}

int selinux_loaded_family(struct selinux_loaded *loaded, const struct selinux_family *family)
{
	if (array_grow(&loaded->families, loaded->n_families, &loaded->families_size,
		       sizeof(*loaded->families)) < 0)
		return -ENOMEM;
	loaded->families[loaded->n_families++] = *family;
	return 0;
}

int selinux_loaded_slot(struct selinux_loaded *loaded, const struct selinux_slot *slot)
{
	if (array_grow(&loaded->slots, loaded->n_slots, &loaded->slots_size,
		       sizeof(*loaded->slots)) < 0)
		return -ENOMEM;
	loaded->slots[loaded->n_slots++] = *slot;
	return 0;
}

int selinux_loaded_name(struct selinux_loaded *loaded, const char *name)
{
	char *copy = strdup(name);

	if (!copy || array_grow(&loaded->names, loaded->n_names, &loaded->names_size,
				sizeof(*loaded->names)) < 0) {
		free(copy);
		return -ENOMEM;
	}
	loaded->names[loaded->n_names++] = copy;
	return 0;
}

static int name_order(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void selinux_loaded_sort(struct selinux_loaded *loaded)
{
	if (loaded->n_names)
		qsort(loaded->names, loaded->n_names, sizeof(*loaded->names), name_order);
}

static int types_add(struct selinux_loaded *ret, const struct selinux_artifact *a, size_t kind)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < a->kinds[kind].n_types; i++) {
		_cleanup_buf_ struct buf name = { 0 };

		selinux_copy_name(&name, a, kind, a->kinds[kind].types[i]);
		r = buf_failed(&name) ? -ENOMEM : selinux_loaded_name(ret, name.data);
	}
	return r;
}

static int log_add(const char *what, void *data)
{
	_cleanup_buf_ struct buf name = { 0 };

	buf_printf(&name, SELINUX_LOG_PREFIX "%s", what);
	return buf_failed(&name) ? -ENOMEM : selinux_loaded_name(data, name.data);
}

/* What is there whatever the rulesets and the labels are, and names of what comes of them. */
static int frame_make(struct selinux_loaded *ret, const struct selinux_artifact *artifact)
{
	int r = selinux_frame(artifact, ret->frame);

	for (size_t i = 0; r == 0 && i < artifact->n_kinds; i++)
		r = types_add(ret, artifact, i);
	r = r ? r : print_logged(artifact, log_add, ret);
	selinux_loaded_sort(ret);
	return r;
}

static int family_add(struct selinux_loaded *ret, const struct selinux_artifact *a, size_t set,
		      uint32_t number)
{
	struct selinux_family family = { .number = number,
					 .group = a->numbers[a->rulesets[set].first] };

	strcpy(family.slot, a->rulesets[set].slot);
	strcpy(family.last, a->rulesets[set].digest);
	return selinux_loaded_family(ret, &family);
}

int selinux_loaded_make(struct selinux_loaded *ret, const struct selinux_artifact *artifact,
			const struct selinux_extra *extra)
{
	int r = frame_make(ret, artifact);

	for (size_t i = 0; r == 0 && i < artifact->base.n_rulesets; i++)
		r = family_add(ret, artifact, i, artifact->numbers[i]);
	for (size_t i = 0; r == 0 && i < extra->n_spares; i++)
		r = family_add(ret, artifact, extra->spares[i].set, extra->spares[i].number);
	return r ? r : selinux_slots_add(ret, artifact, extra);
}

const struct selinux_family *selinux_loaded_find(const struct selinux_loaded *loaded,
						 uint32_t number)
{
	for (size_t i = 0; i < loaded->n_families; i++)
		if (loaded->families[i].number == number)
			return &loaded->families[i];
	return NULL;
}

bool selinux_loaded_has(const struct selinux_loaded *loaded, uint32_t number, const char *slot)
{
	const struct selinux_family *family = selinux_loaded_find(loaded, number);

	return family && strcmp(family->slot, slot) == 0;
}

int selinux_loaded_frames(const struct selinux_loaded *loaded,
			  const struct selinux_artifact *artifact)
{
	struct selinux_loaded needed = { 0 };
	int r = frame_make(&needed, artifact);
	bool ret = *loaded->frame && strcmp(loaded->frame, needed.frame) == 0;

	for (size_t i = 0; r == 0 && i < needed.n_names; i++)
		ret &= loaded->n_names && bsearch(&needed.names[i], loaded->names, loaded->n_names,
						  sizeof(*loaded->names), name_order);
	selinux_loaded_free(&needed);
	return r ? r : ret;
}
