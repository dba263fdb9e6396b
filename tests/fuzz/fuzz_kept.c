/* SPDX-License-Identifier: Apache-2.0 */
/* What an engine of SELinux's left: what is read of any text is written and read again the same. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "selinux/kept.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_again(const struct selinux_kept *kept)
{
	struct arena arena = { 0 };
	struct buf text = { 0 }, second = { 0 };
	struct selinux_kept again;
	char *copy;

	selinux_kept_print(&text, kept);
	copy = buf_failed(&text) ? NULL : strdup(text.data);
	if (copy && selinux_kept_parse(copy, text.len, &arena, &again) == 0)
		selinux_kept_print(&second, &again);
	if (copy && !buf_failed(&second) &&
	    (second.len != text.len || memcmp(second.data, text.data, text.len) != 0))
		abort();
	free(copy);
	buf_done(&text);
	buf_done(&second);
	arena_done(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = { 0 };
	struct selinux_kept kept;
	char *copy = malloc(size + 1);
	int r;

	if (!copy)
		return 0;
	memcpy(copy, data, size);
	r = selinux_kept_parse(copy, size, &arena, &kept);
	if (r != 0 && r != -EINVAL && r != -ENOMEM)
		abort();
	if (r == 0)
		check_again(&kept);
	free(copy);
	arena_done(&arena);
	return 0;
}
