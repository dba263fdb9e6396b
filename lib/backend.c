/* SPDX-License-Identifier: Apache-2.0 */
/* The table of backends that were built, and what generic code asks of one. See backend.h. */
#include "backend.h"

#include <string.h>

#include "cleanup.h"

#define BACKEND(name) extern const struct karmor_backend backend_##name;
#include "backends.def"
#undef BACKEND

#define BACKEND(name) &backend_##name,
static const struct karmor_backend *const backends[] = {
#include "backends.def"
};
#undef BACKEND

const struct karmor_backend *karmor_backend_at(size_t i)
{
	return i < ARRAY_SIZE(backends) ? backends[i] : NULL;
}

const struct karmor_backend *karmor_backend_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(backends); i++)
		if (strcmp(backends[i]->name, name) == 0)
			return backends[i];
	return NULL;
}

const char *karmor_backend_name(const struct karmor_backend *backend)
{
	return backend->name;
}

const char *karmor_backend_title(const struct karmor_backend *backend)
{
	return backend->title;
}

bool karmor_backend_enforces(const struct karmor_backend *backend)
{
	return backend->enforces;
}

bool karmor_backend_prepares(const struct karmor_backend *backend)
{
	return backend->prepares;
}
