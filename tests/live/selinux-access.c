/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a policy's tasks may do, as the kernel answers now: a line for each task's type, each type
 * and each class, or for every N-th of these. The names are those of the policy in a file, so that
 * two runs ask the same, whatever was loaded meanwhile.
 *
 *     selinux-access POLICY FILE-CONTEXTS [N]
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "selinux/base.h"

DEFINE_CLEANUP(base, struct base, base_free)
DEFINE_CLEANUP(caps, struct karmor_caps, karmor_caps_free)

#define REQUEST 512

/*
 * Granted aloud may be more while a rule says Audit: which of that is a workload's is looked at
 * where records are read.
 */
static int answer(char *text, unsigned *allowed, unsigned *told)
{
	unsigned decided, auditallow, auditdeny;

	if (sscanf(text, "%x %x %x %x", allowed, &decided, &auditallow, &auditdeny) != 4)
		return -EINVAL;
	*told = auditdeny | *allowed;
	return 0;
}

/* The kernel answers one question a file that is opened. */
static int ask(const char *task, const char *object, const char *class, unsigned number)
{
	_cleanup_close_ int access = open("/sys/fs/selinux/access", O_RDWR | O_CLOEXEC);
	char text[REQUEST];
	int len = snprintf(text, sizeof(text), "%s %s %u", task, object, number);
	unsigned allowed, told;
	ssize_t n;

	if (access < 0)
		return -errno;
	if (len < 0 || (size_t)len >= sizeof(text))
		return -E2BIG;
	if (write(access, text, (size_t)len + 1) < 0) {
		if (errno != EINVAL)
			return -errno;
		printf("%s %s %s no such context\n", task, object, class);
		return 0;
	}
	n = pread(access, text, sizeof(text) - 1, 0);
	if (n < 0)
		return -errno;
	text[n] = '\0';
	if (answer(text, &allowed, &told) < 0)
		return -EIO;
	printf("%s %s %s %x %x\n", task, object, class, allowed, told);
	return 0;
}

static int ask_all(const struct base *base, unsigned long every)
{
	const char *from, *to, *class;
	char task[REQUEST], object[REQUEST];
	unsigned long at = 0;
	int r = 0;

	for (size_t i = 0; r == 0 && (from = base_type(base, i)); i++) {
		if (!base_is_a(base, from, "domain"))
			continue;
		snprintf(task, sizeof(task), "system_u:system_r:%s:s0", from);
		for (size_t j = 0; r == 0 && (to = base_type(base, j)); j++) {
			if (!*to)
				continue;
			snprintf(object, sizeof(object), "system_u:%s:%s:s0",
				 base_is_a(base, to, "domain") ? "system_r" : "object_r", to);
			for (unsigned k = 0; r == 0 && (class = base_class(base, k)); k++)
				if (at++ % every == 0)
					r = ask(task, object, class, k + 1);
		}
	}
	return r;
}

int main(int argc, char *argv[])
{
	_cleanup_(cleanup_caps) struct karmor_caps *caps = NULL;
	_cleanup_(cleanup_base) struct base *base = NULL;
	unsigned long every = argc == 4 ? strtoul(argv[3], NULL, 10) : 1;
	int r = argc == 3 || argc == 4 ? 0 : -EINVAL;

	r = r ? r : karmor_caps_full(karmor_backend_find("selinux"), &caps);
	r = r ? r : karmor_caps_read(caps, SELINUX_CAP_POLICY, argv[1], NULL);
	r = r ? r : karmor_caps_read(caps, SELINUX_CAP_FILE_CONTEXTS, argv[2], NULL);
	r = r ? r : base_open(caps, &base, NULL);
	r = r ? r : ask_all(base, every ? every : 1);
	if (r)
		fprintf(stderr, "selinux-access: %s\n", strerror(-r));
	return r || fflush(stdout) ? 2 : 0;
}
