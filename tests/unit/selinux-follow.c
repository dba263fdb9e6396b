/* SPDX-License-Identifier: Apache-2.0 */
#include "selinux-follow.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define ROOTS_MAX 4

struct selinux_later later;
static int poll_fd = -1;
static char *roots[ROOTS_MAX];
static size_t n_roots;

void follow_setup(void)
{
	tree_setup();
	poll_fd = epoll_create1(EPOLL_CLOEXEC);
	ck_assert_int_ge(poll_fd, 0);
	selinux_later_start(&later, poll_fd);
}

void follow_teardown(void)
{
	selinux_later_stop(&later);
	close(poll_fd);
	while (n_roots)
		free(roots[--n_roots]);
	tree_teardown();
}

static struct selinux_walk walk_make(void)
{
	return tree_walk((const char *const *)roots, n_roots);
}

void begin(const struct rule *rules, size_t n)
{
	struct selinux_walk walk;

	tree_rules = rules;
	tree_n_rules = n;
	while (n_roots)
		free(roots[--n_roots]);
	while (n_roots < n) {
		roots[n_roots] = tree_path(rules[n_roots].path);
		n_roots++;
	}
	walk = walk_make();
	ck_assert_int_eq(selinux_later_watch(&later, &walk, NULL), 0);
	ck_assert_int_eq(selinux_labels_set(tree_journal, &walk, NULL, NULL), 0);
}

bool is_awake(int ms)
{
	struct pollfd fd = { .fd = poll_fd, .events = POLLIN };

	return poll(&fd, 1, ms) == 1;
}

static void set_found(const struct later_found *found)
{
	static const bool settled[ROOTS_MAX] = { true, true, true, true };
	struct selinux_walk walk = walk_make();

	walk.settled = found->all ? NULL : settled;
	walk.follows = true;
	walk.only = (const char *const *)found->paths;
	walk.n_only = found->all ? 0 : found->n;
	ck_assert_int_eq(selinux_labels_set(tree_journal, &walk, NULL, NULL), 0);
}

struct later_found follow_once(void)
{
	struct selinux_walk walk = walk_make();
	struct later_found found = { 0 };

	ck_assert_int_eq(selinux_later_read(&later, &walk, &found), 0);
	if (found.n)
		set_found(&found);
	if (found.any)
		selinux_later_pause(&later, 0);
	return found;
}

void follow_everything(void)
{
	set_found(&(struct later_found){ .all = true });
}

size_t follow_for(int wait_ms)
{
	size_t n = 0;

	while (is_awake(n ? 200 : wait_ms)) {
		struct later_found found = follow_once();

		ck_assert(!found.all);
		n += found.n;
		selinux_later_done(&found);
	}
	return n;
}

size_t follow_all(void)
{
	return follow_for(WAIT_MS);
}

bool is_watched(const char *name)
{
	_cleanup_free_ char *path = tree_path(name);

	for (size_t i = 0; i < later.n_by_wd; i++)
		if (strcmp(later.by_wd[i]->path, path) == 0)
			return true;
	return false;
}
