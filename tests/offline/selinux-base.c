/* SPDX-License-Identifier: Apache-2.0 */
/* See selinux-base.h. A machine's policy is turned back to CIL, of which modules speak. */
#include <sepol/policydb/policydb.h>

#include <sepol/kernel_to_cil.h>

#include "selinux-base.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "selinux/base.h"
#include "selinux/reference.h"

static char *base; /* CIL; NULL: it was not asked for yet */
static bool own;

static int print(sepol_policydb_t *policy, char **ret)
{
	size_t len = 0;
	FILE *file = open_memstream(ret, &len);
	int r;

	if (!file)
		return -ENOMEM;
	r = sepol_kernel_policydb_to_cil(file, &policy->p);
	if (fclose(file) != 0 || r)
		return r ? -EINVAL : -ENOMEM;
	return 0;
}

static int convert(const struct karmor_caps *caps)
{
	_cleanup_free_ void *copy = NULL;
	sepol_policydb_t *policy = NULL;
	size_t len;
	const void *image = caps_bytes(caps, SELINUX_CAP_POLICY, &len);
	int r;

	copy = image ? malloc(len + 1) : NULL;
	if (!copy || sepol_policydb_create(&policy) < 0)
		return -ENOMEM;
	memcpy(copy, image, len); /* which libsepol wants to be writable */
	if (sepol_policydb_from_image(NULL, copy, len, policy) < 0)
		return -EINVAL; /* what it held is released already */
	r = print(policy, &base);
	sepol_policydb_free(policy);
	return r;
}

int test_base_read(struct karmor_caps *caps, const char *policy, const char *file_contexts)
{
	int r = karmor_caps_read(caps, SELINUX_CAP_POLICY, policy, NULL);

	r = r ? r : karmor_caps_read(caps, SELINUX_CAP_FILE_CONTEXTS, file_contexts, NULL);
	r = r ? r : convert(caps);
	own = r == 0;
	if (r)
		fprintf(stderr, "cannot read the base policy %s: %s\n", policy, strerror(-r));
	return r;
}

int test_base_compile(const char *module, void **ret, size_t *len)
{
	const char *texts[2];

	if (!base)
		base = reference_cil();
	if (!base)
		return -ENOMEM;
	texts[0] = base;
	texts[1] = module;
	return reference_compile(texts, module ? 2 : 1, ret, len);
}

bool test_base_is_own(void)
{
	return own;
}

void test_base_drop(void)
{
	free(base);
	base = NULL;
}
