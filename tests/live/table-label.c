/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See table-live.h. A root of a pass is new, and its files do not have the types that their names
 * give them elsewhere: by these rules know their sources. What is made anew between two acts is
 * labelled as by the next change of policies, which would make the machine's whole policy anew.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "buf.h"
#include "cleanup.h"
#include "selinux/base.h"
#include "selinux/label.h"
#include "selinux/labels.h"
#include "selinux/trees.h"
#include "table-live.h"

DEFINE_CLEANUP(base, struct base, base_free)

/* As struct selinux_kernel_status has it in the kernel's own page. */
long label_policies(void)
{
	_cleanup_close_ int fd = open("/sys/fs/selinux/status", O_RDONLY | O_CLOEXEC);
	uint32_t page[4];

	return fd >= 0 && pread(fd, page, sizeof(page), 0) == sizeof(page) ? page[3] : 0;
}

/* One that could not be made is told of elsewhere. */
static int label(const struct tree *tree, const struct base *base, const struct node *node)
{
	_cleanup_close_ int fd = openat(tree->fd, node->path + 1, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	const char *type = base_type_of(base, node->path);
	struct label old, new;
	struct label_part role, old_type;
	int r;

	if (fd < 0 || !type)
		return 0;
	r = label_read(fd, SELINUX_ATTRIBUTE, &old);
	if (r < 0)
		return r;
	if (!label_parse(&old, &role, &old_type) ||
	    !label_with(&old, role, (struct label_part){ type, strlen(type) }, &new))
		return -EIO;
	return label_write(fd, SELINUX_ATTRIBUTE, &new);
}

int tree_label(const struct tree *tree, const struct karmor_caps *caps)
{
	_cleanup_(cleanup_base) struct base *base = NULL;
	int r = base_open(caps, &base, NULL);

	for (size_t i = 0; r == 0 && i < tree->n; i++)
		r = label(tree, base, &tree->nodes[i]);
	return r;
}

int tree_label_again(const struct tree *tree, const struct karmor_artifact *artifact,
		     const char *path)
{
	_cleanup_(selinux_trees_close) struct selinux_trees trees = { 0 };
	_cleanup_buf_ struct buf root = { 0 }, journal = { 0 };
	const char *roots[1];
	struct selinux_walk walk;
	int r = selinux_trees_open(&trees, (const struct selinux_artifact *)artifact, NULL, NULL);

	if (r < 0)
		return r;
	buf_printf(&root, "%s%s", tree->path, path);
	buf_printf(&journal, "%s.journal", tree->path);
	if (buf_failed(&root) || buf_failed(&journal))
		return -ENOMEM;
	selinux_walk_of(&trees, &walk);
	roots[0] = root.data;
	walk.roots = roots;
	walk.n_roots = 1;
	r = selinux_labels_set(journal.data, &walk, NULL, NULL);
	/* Nothing is put back by it. */
	unlink(journal.data);
	return r;
}
