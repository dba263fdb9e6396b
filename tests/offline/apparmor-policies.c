/* SPDX-License-Identifier: Apache-2.0 */
/* See apparmor-policies.h. */
#include "apparmor-policies.h"

#include "bpf-random.h"
#include "cleanup.h"

void many_path(struct buf *buf)
{
	static const char *const kinds[] = { "net", "db", "web" };

	buf_printf(buf, "/srv/app%u/tenant-%u/%s%s", random_below(40), random_below(40),
		   kinds[random_below(3)], random_below(3) ? "" : ".d");
	if (random_below(8))
		buf_printf(buf, "/file%u%s", random_below(1000), random_below(9) ? "" : "/x");
}

void many_policy(struct buf *buf, unsigned long n, bool sources, bool patterns)
{
	static const char *const actions[] = { "Block", "Block", "Block", "Allow", "Audit" };

	buf_printf(buf,
		   "apiVersion: security.kubearmor.com/v1\nkind: KubeArmorPolicy\n"
		   "metadata: {name: many}\nspec:\n  selector: {}\n  file:\n"
		   "    matchPatterns: [%s]\n    matchPaths:\n",
		   patterns ? "{pattern: '/srv/**/tenant-7/**x'}" : "");
	for (unsigned long i = patterns; i < n; i++) {
		bool directory = i == n / 2;

		buf_puts(buf, directory ? "    matchDirectories:\n" : "");
		buf_puts(buf, i < n / 2 ? "    - {path: " : "    - {dir: ");
		many_path(buf);
		buf_printf(buf, ", action: %s", actions[random_below(ARRAY_SIZE(actions))]);
		buf_puts(buf, i >= n / 2 && random_below(2) ? ", recursive: true" : "");
		buf_puts(buf, random_below(9) ? "" : ", readOnly: true");
		buf_puts(buf,
			 sources && i % 999 == 5 ? ", fromSource: [{path: /bin/cat}]}\n" : "}\n");
	}
}

void sourced_policy(struct buf *buf, unsigned long n)
{
	buf_puts(buf,
		 "apiVersion: security.kubearmor.com/v1\nkind: KubeArmorPolicy\n"
		 "metadata: {name: sourced}\nspec:\n  selector: {}\n  process:\n    matchPaths:\n");
	for (unsigned long i = 0; i < n; i++)
		buf_printf(buf, "    - {path: /x%lu, fromSource: [{path: /s%lu}]}\n", i, i);
	buf_puts(buf, "  file:\n    matchPaths:\n");
	for (unsigned long i = 0; i < n; i++) {
		buf_printf(
			buf,
			"    - {path: /f%lu, fromSource: [{path: /s%lu}]}\n    - {path: /g%lu}\n",
			i, i, i);
		if (i % 2)
			buf_printf(
				buf,
				"    - {path: /g%lu, action: Allow, fromSource: [{path: /s%lu}]}\n",
				i, i);
	}
}
