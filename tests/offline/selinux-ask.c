/* SPDX-License-Identifier: Apache-2.0 */
/* See selinux-ask.h. */
#include "selinux-ask.h"

#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "selinux-base.h"

#define MAKE "create unlink rename link setattr"

void ask_gather(struct gathered *g, const char *subject, const char *object, const char *class,
		const char *perms)
{
	bool split;
	struct policy_answer answer = policy_ask(subject, object, class, perms, &split);

	g->split |= split || !answer.known || (g->any && (answer.allowed != g->answer.allowed));
	if (!g->any || (answer.allowed == g->answer.allowed && answer.logged))
		g->answer = answer;
	g->any = true;
}

void ask_own(struct gathered *g, const char *subject, const char *domain, const char *class,
	     const char *perms)
{
	_cleanup_free_ char *copy = strdup(perms);
	char *rest = copy, *perm;
	bool split;

	if (!test_base_is_own()) {
		ask_gather(g, subject, subject, class, perms);
		return;
	}
	while (copy && (perm = strsep(&rest, " ")))
		if (policy_ask(domain, domain, class, perm, &split).allowed)
			ask_gather(g, subject, subject, class, perm);
}

/* An exec: the file is opened for it, and then either keeps the task's context or changes it. */
static struct gathered exec_ask(const char *subject, const char *object)
{
	_cleanup_free_ char *to = policy_exec(subject, object);
	struct gathered g = { 0 }, change = { 0 };

	ask_gather(&g, subject, object, "file", "execute");
	if (to && strcmp(to, subject) == 0) {
		ask_gather(&change, subject, object, "file", "execute_no_trans");
		g.split |= change.answer.allowed < g.answer.allowed && !change.answer.logged;
		g.answer = change.answer.allowed ? g.answer : change.answer;
		return g;
	}
	ask_gather(&change, to ? to : "", object, "file", "entrypoint");
	ask_gather(&change, subject, to ? to : "", "process", "transition");
	g.split |= !change.answer.allowed;
	return g;
}

struct gathered ask_program_read(const char *subject, const char *object)
{
	_cleanup_free_ char *to = policy_exec(subject, object);
	struct gathered g = { 0 }, after = { 0 };

	ask_gather(&g, subject, object, "file", "read");
	ask_gather(&after, to ? to : "", object, "file", "read");
	return g.answer.allowed ? after : g;
}

struct gathered ask_program_mapped(const char *subject, const char *object)
{
	_cleanup_free_ char *to = policy_exec(subject, object);
	struct gathered g = { 0 };

	ask_gather(&g, to ? to : "", object, "file", "execute");
	return g;
}

struct gathered ask_file(const char *subject, const char *object, enum karmor_op op)
{
	static const char *const nodes[] = { "file", "chr_file", "blk_file", "fifo_file" };
	struct gathered g = { 0 };

	if (op == KARMOR_EXEC)
		return exec_ask(subject, object);
	for (size_t i = 0; i < ARRAY_SIZE(nodes); i++)
		ask_gather(&g, subject, object, nodes[i],
			   op == KARMOR_READ ? "read" : "write append " MAKE);
	if (op == KARMOR_WRITE) {
		ask_gather(&g, subject, object, "lnk_file", MAKE);
		ask_gather(&g, subject, object, "sock_file", MAKE);
		ask_gather(&g, subject, object, "file", "mounton");
	}
	return g;
}

struct gathered ask_directory(const char *subject, const char *object, enum karmor_op op)
{
	struct gathered g = { 0 };

	ask_gather(&g, subject, object, "dir",
		   op == KARMOR_READ ? "read" : "create rename rmdir reparent setattr mounton");
	return g;
}
