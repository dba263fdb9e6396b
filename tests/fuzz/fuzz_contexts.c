/* SPDX-License-Identifier: Apache-2.0 */
/*
 * File contexts of a machine: whatever the text, each line that is taken has a path and a type that
 * can stand in CIL.
 */
#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "selinux/base.h"
#include "selinux/selinux.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const char *path, const char *type)
{
	if (path && !*path)
		abort();
	for (; *type; type++)
		if (!isalnum((unsigned char)*type) && !strchr("_-.", *type))
			abort();
}

/* The reference policy, loaded once, with these contexts. */
static struct base *open_with(const uint8_t *data, size_t size)
{
	struct karmor_caps *caps = NULL;
	struct base *base = NULL;
	/* Of its own, so that a sanitizer sees what is read behind its end. */
	char *text = malloc(size ? size : 1);

	if (text && caps_new(karmor_backend_find("selinux"), &caps) == 0 &&
	    selinux_full(caps) == 0) {
		memcpy(text, data, size);
		if (caps_set_bytes(caps, SELINUX_CAP_FILE_CONTEXTS, text, size) == 0 &&
		    base_open(caps, &base, NULL) < 0)
			base = NULL;
	}
	karmor_caps_free(caps);
	free(text);
	return base;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct base *base = open_with(data, size);
	const char *path, *type;

	if (!base)
		abort();
	for (size_t i = 0; base_named(base, i, &path, &type); i++)
		check(path, type);
	base_free(base);
	return 0;
}
