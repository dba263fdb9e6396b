/* SPDX-License-Identifier: Apache-2.0 */
/* See labels-run.h. */
#include "labels-run.h"

#include <errno.h>
#include <string.h>

#include "cleanup.h"
#include "diag.h"
#include "fs.h"

#define LOST_NAMED_MAX 100
#define MOUNTS_NAMED_MAX 3

static int root_order(const void *a, const void *b)
{
	const struct labels_root *x = a, *y = b;
	int order = strcmp(x->path, y->path);

	return order ? order : (int)x->old - (int)y->old;
}

static int roots_make(struct labels_run *run)
{
	size_t n_new = run->walk ? run->walk->n_roots : 0, n = 0;
	struct labels_root *roots = calloc(n_new + run->journal.n_roots + 1, sizeof(*roots));

	if (!roots)
		return -ENOMEM;
	run->roots = roots;
	for (size_t i = 0; i < n_new; i++)
		roots[n++] = (struct labels_root){
			.path = run->walk->roots[i],
			.settled = run->walk->settled && run->walk->settled[i],
		};
	for (size_t i = 0; i < run->journal.n_roots; i++)
		roots[n++] = (struct labels_root){ .path = run->journal.roots[i],
						   .known = true,
						   .old = true };
	qsort(roots, n, sizeof(*roots), root_order);
	for (size_t i = 0; i < n; i++)
		if (!run->n_roots || strcmp(roots[run->n_roots - 1].path, roots[i].path) != 0)
			roots[run->n_roots++] = roots[i];
		else
			roots[run->n_roots - 1].known |= roots[i].known;
	return 0;
}

static struct labels_root *root_find(const struct labels_run *run, const char *path, size_t len)
{
	size_t low = 0, high = run->n_roots;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strncmp(path, run->roots[middle].path, len);

		if (order == 0 && run->roots[middle].path[len])
			order = -1;
		if (order == 0)
			return &run->roots[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

/* The innermost root that @path is below. */
static const struct labels_root *root_above(const struct labels_run *run, const char *path)
{
	const struct labels_root *root = NULL;

	for (size_t len = strlen(path); !root && len > 1;) {
		while (len > 1 && path[len - 1] != '/')
			len--;
		len = len > 1 ? len - 1 : 1;
		root = root_find(run, path, len);
	}
	return root;
}

static int text_compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Whether @path is, or is below, what alone is looked at. */
static bool is_below_only(const struct selinux_walk *walk, const char *path)
{
	_cleanup_free_ char *above = walk->n_only ? strdup(path) : NULL;

	while (above && *above) {
		const char *key = above;
		char *slash = strrchr(above, '/');

		if (bsearch(&key, walk->only, walk->n_only, sizeof(*walk->only), text_compare))
			return true;
		*(slash ? slash : above) = '\0';
	}
	return false;
}

/*
 * What is below a root that is walked is come to, and what is below others is as it is to be. Roots
 * are sorted, so that the innermost above one comes before it.
 */
static void settle(struct labels_run *run)
{
	for (size_t i = 0; i < run->n_roots; i++) {
		struct labels_root *root = &run->roots[i];
		const struct labels_root *above =
			root->settled ? root_above(run, root->path) : NULL;

		root->settled &= root->known && (!above || above->settled);
	}
	for (size_t i = 0; i < run->journal.n; i++) {
		struct journal_entry *entry = &run->journal.entries[i];
		const struct labels_root *root = root_find(run, entry->path, strlen(entry->path));

		root = root ?: root_above(run, entry->path);
		entry->wanted = root && root->settled && !is_below_only(run->walk, entry->path);
	}
}

int labels_run_open(struct labels_run *run, const char *journal, bool create)
{
	int r = journal_open(&run->journal, journal, create, run->diag);

	r = r < 0 ? r : roots_make(run);
	if (r == 0 && run->walk && run->walk->settled)
		settle(run);
	return r;
}

void labels_run_done(struct labels_run *run)
{
	journal_done(&run->journal);
	free(run->roots);
	buf_done(&run->mounts);
}

/* A walk for what is wanted comes to all that is wanted below it, in its mount, but not to all that
 * was wanted once. */
static bool covers(const struct labels_run *run, const struct labels_root *root,
		   const struct walk_object *object)
{
	return root && root != run->root && root->mount == object->mount &&
	       (!run->walk || (!root->old && !run->root->old));
}

bool labels_is_covered(struct labels_run *run, const struct walk_object *object)
{
	const char *path = object->path;

	if (run->started)
		return false;
	run->started = true;
	for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
		size_t len = slash == path ? 1 : (size_t)(slash - path);

		if (covers(run, root_find(run, path, len), object))
			return true;
	}
	run->root->mount = object->mount;
	return false;
}

void labels_mount_met(struct labels_run *run, const struct walk_object *object)
{
	const struct selinux_walk *walk = run->walk;
	char role[SELINUX_ROLE_SIZE];

	if (run->apply || root_find(run, object->path, strlen(object->path)) ||
	    (!walk->role(object->path, object->directory, role, sizeof(role), walk->data) &&
	     !(object->directory && walk->descend(object->path, walk->data))))
		return;
	if (run->n_mounts++ < MOUNTS_NAMED_MAX)
		buf_printf(&run->mounts, "%s\"%s\"", run->n_mounts > 1 ? ", " : "", object->path);
}

static void mounts_say(struct labels_run *run)
{
	if (run->n_mounts && !buf_failed(&run->mounts))
		diag_warning(run->diag, NULL, "name what is on them in rules of its own",
			     "selinux: mounts below \"%s\" are not labelled, and its rules do not "
			     "hold there (%zu): %s",
			     run->root->path, run->n_mounts, run->mounts.data);
	buf_reset(&run->mounts);
	run->n_mounts = 0;
}

/* Whether something is mounted on it: as below a root nothing else is entered, unless a rule names
 * it. */
static bool is_mounted(const struct labels_run *run, const char *path)
{
	const char *slash = strrchr(path, '/');
	_cleanup_free_ char *above = strndup(path, slash > path ? (size_t)(slash - path) : 1);
	_cleanup_close_ int fd = walk_open(path), above_fd = above ? walk_open(above) : -1;
	struct walk_object object, in;

	return !root_find(run, path, strlen(path)) && fd >= 0 && above_fd >= 0 &&
	       walk_look(fd, path, &object) == 0 && walk_look(above_fd, above, &in) == 0 &&
	       object.mount != in.mount;
}

static int root_walk(struct labels_run *run, struct labels_root *root, walk_fn *fn)
{
	int r;

	run->root = root;
	run->started = run->tried = false;
	r = walk_tree(root->path, fn, run, run->diag);
	mounts_say(run);
	return r;
}

int labels_walk(struct labels_run *run, walk_fn *fn)
{
	size_t n_only = run->walk ? run->walk->n_only : 0;
	int r = 0;

	for (size_t i = 0; i < run->n_roots; i++)
		run->roots[i].mount = 0;
	for (size_t i = 0; r == 0 && i < run->n_roots; i++)
		if (!run->roots[i].settled)
			r = root_walk(run, &run->roots[i], fn);
	for (size_t i = 0; r == 0 && i < n_only; i++)
		if (!is_mounted(run, run->walk->only[i]))
			r = root_walk(run, &(struct labels_root){ .path = run->walk->only[i] }, fn);
	return r;
}

static const struct {
	int code, ret;
	const char *text, *fix;
} faults[] = {
	{ EOPNOTSUPP, -EOPNOTSUPP, "its file system keeps no labels, or is mounted with context=",
	  "name no path of that file system, or keep these rules by bpf" },
	{ EROFS, -EOPNOTSUPP, "its file system is mounted read-only",
	  "mount it writable while rules are applied, or keep these rules by bpf" },
	{ ENODATA, -EOPNOTSUPP, "it has none", "label the file system first: restorecon -R" },
	{ EINVAL, -EIO, "the policy in force has no such context", NULL },
	{ EPERM, -EPERM, "operation not permitted", "look for a flag: lsattr" },
};

int labels_fault(struct labels_run *run, enum karmor_level level, const char *path, int code)
{
	if (code == -ENOMEM)
		return code;
	run->faulted = true;
	for (size_t i = 0; i < ARRAY_SIZE(faults); i++)
		if (-code == faults[i].code) {
			diag_add(run->diag, level, NULL, faults[i].fix,
				 "selinux: cannot label \"%s\": %s", path, faults[i].text);
			return faults[i].ret;
		}
	diag_add(run->diag, level, NULL, NULL, "selinux: cannot label \"%s\": %s", path,
		 strerror(-code));
	return fs_error(-code);
}

/* What is written down; false: nothing that is of use. */
static bool old_take(const struct journal_entry *entry, struct label *ret)
{
	struct label_part role, type;

	if (!entry || entry->label_len > sizeof(ret->text))
		return false;
	memcpy(ret->text, entry->label, entry->label_len);
	ret->len = entry->label_len;
	return label_parse(ret, &role, &type) && !label_is_ours(ret);
}

bool labels_before(const struct label *label, const struct journal_entry *entry, struct label *ret)
{
	struct label_part role, type, old_role = { "object_r", strlen("object_r") }, old_type;
	struct label old;
	bool known = old_take(entry, &old);

	if (known)
		label_parse(&old, &old_role, &old_type);
	if (!label_parse(label, &role, &type) ||
	    !label_with(label, label_is_role(role.text, role.len) ? old_role : role,
			label_type_of(type), ret))
		return false;
	/* But for an end that one has and the other has not. */
	if (known && strnlen(old.text, old.len) == strnlen(ret->text, ret->len) &&
	    memcmp(old.text, ret->text, strnlen(old.text, old.len)) == 0)
		*ret = old;
	return true;
}

int labels_keep(struct labels_run *run, struct journal_entry *entry, const struct label *label)
{
	if (entry->before)
		return 0;
	entry->before = arena_memdup(&run->journal.arena, label->text, label->len);
	entry->before_len = label->len;
	return entry->before ? 0 : -ENOMEM;
}

void labels_put_back(struct labels_run *run, int fd, const char *path, const struct label *label,
		     struct journal_entry *entry)
{
	struct label before;
	int r = 0;

	if (entry)
		entry->found = true;
	if (label_is_ours(label) && labels_before(label, entry, &before)) {
		if (entry)
			r = labels_keep(run, entry, label);
		r = r ? r : label_write(fd, run->attribute, &before);
		run->result.put_back += r == 0;
	}
	if (r == 0 && entry)
		entry->gone = true;
	if (r == 0)
		return;
	r = labels_fault(run, run->walk ? KARMOR_WARNING : KARMOR_ERROR, path, r);
	run->failed = run->failed ? run->failed : r;
}

static void lost(struct labels_run *run, struct journal_entry *entry, int code)
{
	entry->gone = true;
	if (code == -ESTALE)
		return;
	if (++run->result.lost <= LOST_NAMED_MAX)
		diag_warning(
			run->diag, NULL,
			"where it was moved to, put its label right: restorecon -F",
			"selinux: \"%s\" was labelled and is not there any more; its role was %s",
			entry->path, entry->role);
}

/* By another name, which was not come to: what it is to have is known when all is looked through.
 */
static bool has_name(int fd)
{
	struct walk_object object;

	return walk_look(fd, "", &object) == 0 && object.links;
}

static void put_back_entry(struct labels_run *run, struct journal_entry *entry)
{
	_cleanup_close_ int fd = journal_reach(entry);
	struct label label;

	if (fd < 0)
		lost(run, entry, fd);
	else if (run->walk && run->walk->follows && has_name(fd))
		entry->wanted = true;
	else if (label_read(fd, run->attribute, &label) == 0)
		labels_put_back(run, fd, entry->path, &label, entry);
	else
		entry->gone = true;
}

void labels_put_back_rest(struct labels_run *run)
{
	for (size_t i = 0; i < run->journal.n; i++) {
		struct journal_entry *entry = &run->journal.entries[i];

		if (!entry->wanted && !entry->gone && !entry->found)
			put_back_entry(run, entry);
	}
	if (run->result.lost > LOST_NAMED_MAX)
		diag_warning(run->diag, NULL, NULL, "selinux: and %zu more are not there any more",
			     run->result.lost - LOST_NAMED_MAX);
}

static bool undo_entry(struct labels_run *run, const struct journal_entry *entry)
{
	_cleanup_close_ int fd = journal_reach(entry);
	struct label before = { .len = entry->before_len }, now;
	int r;

	if (fd < 0)
		return fd == -ESTALE;
	memcpy(before.text, entry->before, before.len);
	/* It may be what could not be changed. */
	if (label_read(fd, run->attribute, &now) == 0 && now.len == before.len &&
	    memcmp(now.text, before.text, now.len) == 0)
		return true;
	r = label_write(fd, run->attribute, &before);
	if (r < 0)
		labels_fault(run, KARMOR_ERROR, entry->path, r);
	return r == 0;
}

bool labels_undo(struct labels_run *run)
{
	bool all = true;

	for (size_t i = 0; i < run->journal.n; i++)
		if (run->journal.entries[i].before)
			all = undo_entry(run, &run->journal.entries[i]) && all;
	return all;
}
