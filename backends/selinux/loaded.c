/* SPDX-License-Identifier: Apache-2.0 */
/* See loaded.h. */
#include "loaded.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "buf.h"
#include "cleanup.h"

void selinux_loaded_free(struct selinux_loaded *loaded)
{
	for (size_t i = 0; i < loaded->n_names; i++)
		free(loaded->names[i]);
	free(loaded->names);
	free(loaded->families);
	*loaded = (struct selinux_loaded){ 0 };
}

int selinux_loaded_family(struct selinux_loaded *loaded, uint32_t number, const char *digest)
{
	struct selinux_family *family;

	if (array_grow(&loaded->families, loaded->n_families, &loaded->families_size,
		       sizeof(*loaded->families)) < 0)
		return -ENOMEM;
	family = &loaded->families[loaded->n_families++];
	*family = (struct selinux_family){ .number = number };
	snprintf(family->digest, sizeof(family->digest), "%s", digest);
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

int selinux_loaded_make(struct selinux_loaded *ret, const struct selinux_artifact *artifact,
			const struct selinux_extra *extra)
{
	int r = selinux_frame(artifact, ret->frame);

	for (size_t i = 0; r == 0 && i < artifact->base.n_rulesets; i++)
		r = selinux_loaded_family(ret, artifact->numbers[i], artifact->rulesets[i].digest);
	for (size_t i = 0; r == 0 && i < extra->n_spares; i++)
		r = selinux_loaded_family(ret, extra->spares[i].number,
					  artifact->rulesets[extra->spares[i].set].digest);
	for (size_t i = 0; r == 0 && i < artifact->n_labels; i++) {
		char role[SELINUX_NAME_SIZE];

		selinux_file_role(artifact, i, role);
		r = selinux_loaded_name(ret, role);
	}
	for (size_t i = 0; r == 0 && i < artifact->n_kinds; i++)
		r = types_add(ret, artifact, i);
	selinux_loaded_sort(ret);
	return r;
}

bool selinux_loaded_has(const struct selinux_loaded *loaded, uint32_t number, const char *digest)
{
	for (size_t i = 0; i < loaded->n_families; i++)
		if (loaded->families[i].number == number)
			return strcmp(loaded->families[i].digest, digest) == 0;
	return false;
}

bool selinux_loaded_knows(const struct selinux_loaded *loaded, const char *digest)
{
	for (size_t i = 0; i < loaded->n_families; i++)
		if (strcmp(loaded->families[i].digest, digest) == 0)
			return true;
	return false;
}

bool selinux_loaded_covers(const struct selinux_loaded *loaded, const struct selinux_loaded *needed)
{
	if (!*loaded->frame || strcmp(loaded->frame, needed->frame) != 0)
		return false;
	for (size_t i = 0; i < needed->n_families; i++)
		if (!needed->families[i].is_idle &&
		    !selinux_loaded_has(loaded, needed->families[i].number,
					needed->families[i].digest))
			return false;
	for (size_t i = 0; i < needed->n_names; i++)
		if (!loaded->n_names || !bsearch(&needed->names[i], loaded->names, loaded->n_names,
						 sizeof(*loaded->names), name_order))
			return false;
	return true;
}
