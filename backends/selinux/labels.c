/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Labels set and put back: see labels.h.
 *
 * Setting goes over the roots twice. First it writes down what will be changed, so that the journal
 * is on disk once before any label is; then it changes them, each directory before what is in it,
 * so that what is made meanwhile has its role already or is come to. Files that have several names
 * are put back last, when none of them turned out to be wanted.
 */
#include "labels.h"

#include <errno.h>
#include <string.h>

#include "cleanup.h"
#include "diag.h"
#include "fs.h"
#include "labels-run.h"

/* Writes down that an object is given @role; while labels are set, at once. */
static struct journal_entry *note(struct labels_run *run, struct journal_entry *entry,
				  const struct walk_object *object, const struct label *label,
				  const char *role)
{
	struct label old = *label;

	if (label_is_ours(label) && entry) {
		memcpy(old.text, entry->label, entry->label_len);
		old.len = entry->label_len;
	} else if (label_is_ours(label) &&
		   !label_with_role(label, LABEL_OBJECT_R, sizeof(LABEL_OBJECT_R) - 1, &old)) {
		errno = EINVAL;
		return NULL;
	}
	entry = journal_note(&run->journal, entry, object, old.text, old.len, role);
	if (entry && run->apply) {
		int r = journal_flush(&run->journal);

		errno = -r;
		return r < 0 ? NULL : entry;
	}
	return entry;
}

static int journal_fault(struct labels_run *run, int code)
{
	if (code == -ENOMEM)
		return code;
	diag_error(run->diag, NULL, NULL, "selinux: cannot write the journal of labels %s: %s",
		   run->journal.path, strerror(-code));
	return fs_error(-code);
}

/* One root's file system is tried by writing what is there already, before anything is changed. */
static int try_root(struct labels_run *run, const struct walk_object *object,
		    const struct label *label)
{
	int r = run->tried ? 0 : label_write(object->fd, run->attribute, label);

	run->tried = true;
	run->needed = true;
	return r < 0 ? labels_fault(run, KARMOR_ERROR, object->path, r) : 0;
}

static int change(struct labels_run *run, const struct walk_object *object,
		  struct journal_entry *entry, const struct label *label, const char *role)
{
	struct label changed;
	size_t len;
	const char *before = label_role(label, &len);
	int r;

	if (!before || !label_with_role(label, role, strlen(role), &changed))
		return labels_fault(run, KARMOR_ERROR, object->path, -EINVAL);
	if (!entry->before)
		entry->before = arena_memdup(&run->journal.arena, before, len);
	if (!entry->before)
		return -ENOMEM;
	r = label_write(object->fd, run->attribute, &changed);
	run->result.changed += r == 0;
	return r < 0 ? labels_fault(run, KARMOR_ERROR, object->path, r) : 0;
}

/* Another name of it is to have another role. */
static bool is_contested(struct labels_run *run, const struct walk_object *object,
			 const struct journal_entry *entry, const char *role)
{
	if (!entry || !entry->wanted || object->directory || object->links == 1 ||
	    strcmp(entry->role, role) == 0)
		return false;
	if (!run->apply)
		diag_warning(
			run->diag, NULL, "let the rules say the same of both names",
			"selinux: \"%s\" and \"%s\" are one file; it has the role of the first",
			entry->path, object->path);
	return true;
}

static int want(struct labels_run *run, const struct walk_object *object,
		struct journal_entry *entry, const struct label *label, const char *role)
{
	if (!label_role(label, &(size_t){ 0 }))
		return labels_fault(run, KARMOR_ERROR, object->path, -ENODATA);
	if (is_contested(run, object, entry, role))
		return 0;
	if (!entry || strcmp(entry->role, role) != 0 ||
	    (!entry->wanted && (!label_is_ours(label) || strcmp(entry->path, object->path) != 0)))
		entry = note(run, entry, object, label, role);
	if (!entry)
		return journal_fault(run, -errno);
	entry->wanted = true;
	if (label_has_role(label, role))
		return 0;
	return run->apply ? change(run, object, entry, label, role) : try_root(run, object, label);
}

static int unwant(struct labels_run *run, const struct walk_object *object,
		  struct journal_entry *entry, const struct label *label)
{
	size_t len;
	const char *role = label_role(label, &len);

	if ((!entry && !label_is_ours(label)) || (entry && entry->wanted))
		return 0;
	run->needed = true;
	if (!entry) {
		_cleanup_free_ char *copy = strndup(role, len);

		entry = copy ? note(run, NULL, object, label, copy) : NULL;
		if (!entry)
			return copy ? journal_fault(run, -errno) : -ENOMEM;
	}
	entry->path = arena_strdup(&run->journal.arena, object->path); /* it may have been moved */
	if (!entry->path)
		return -ENOMEM;
	if (run->apply && (object->directory || object->links == 1))
		labels_put_back(run, object->fd, object->path, label, entry);
	return 0;
}

static int too_many(struct labels_run *run, size_t limit)
{
	diag_error(run->diag, NULL,
		   "name directories with less in them, or keep these rules by bpf",
		   "selinux: more than %zu files are below what these rules name, the last below "
		   "\"%s\"",
		   limit, run->root->path);
	return -EINVAL;
}

static int set_visit(const struct walk_object *object, void *data)
{
	struct labels_run *run = data;
	const struct selinux_walk *walk = run->walk;
	size_t limit = walk->limit ? walk->limit : SELINUX_OBJECTS_MAX;
	char role[SELINUX_ROLE_SIZE];
	struct journal_entry *entry;
	struct label label;
	bool has, known;
	int r;

	if (labels_is_covered(run, object))
		return 0;
	if (object->mounted) {
		labels_mount_met(run, object);
		return 0;
	}
	if (++run->result.seen > limit)
		return too_many(run, limit);
	has = walk->role(object->path, object->directory, role, sizeof(role), walk->data);
	r = label_read(object->fd, run->attribute, &label);
	if (r < 0 && has)
		return labels_fault(run, KARMOR_ERROR, object->path, r);
	entry = r < 0 ? NULL : journal_find(&run->journal, object);
	known = entry || (r == 0 && label_is_ours(&label));
	if (r == 0)
		r = has ? want(run, object, entry, &label, role)
			: unwant(run, object, entry, &label);
	else
		r = 0;
	if (r < 0)
		return r;
	return object->directory && (known || walk->descend(object->path, walk->data));
}

static bool has_unwanted(const struct labels_run *run)
{
	for (size_t i = 0; i < run->journal.n; i++)
		if (!run->journal.entries[i].wanted)
			return true;
	return false;
}

/* Writes down the roots that the journal has not. */
static int roots_note(struct labels_run *run)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < run->n_roots; i++) {
		if (!run->roots[i].known)
			r = journal_note_root(&run->journal, run->roots[i].path);
	}
	return r;
}

/* What the journal says no more is left out of it. */
static int tidy(struct labels_run *run)
{
	bool stale = run->journal.stale;
	size_t n = 0;

	for (size_t i = 0; i < run->n_roots; i++)
		stale = stale || run->roots[i].old;
	for (size_t i = 0; i < run->journal.n; i++) {
		stale = stale || run->journal.entries[i].gone;
		n += !run->journal.entries[i].gone;
	}
	if (!run->walk->n_roots && n == 0)
		return journal_remove(&run->journal);
	return stale ? journal_replace(&run->journal, run->walk->roots, run->walk->n_roots) : 0;
}

static int set(struct labels_run *run)
{
	int r = labels_walk(run, set_visit);

	if (r == 0) {
		r = roots_note(run);
		r = r ? r : journal_flush(&run->journal);
		if (r < 0)
			return journal_fault(run, r);
	}
	if (r < 0 || (!run->needed && !has_unwanted(run)))
		return r;
	run->apply = true;
	run->result.seen = 0;
	return labels_walk(run, set_visit);
}

int selinux_labels_set(const char *journal, const struct selinux_walk *walk,
		       struct selinux_labels_result *ret, struct karmor_diag *diag)
{
	_cleanup_run_ struct labels_run run = { .attribute = walk->attribute,
						.walk = walk,
						.diag = diag };
	int r = labels_run_open(&run, journal, true);

	if (r < 0)
		return r;
	r = set(&run);
	if (r < 0) {
		labels_undo(&run);
		journal_revert(&run.journal);
		return r;
	}
	labels_put_back_rest(&run);
	r = tidy(&run);
	if (r < 0)
		return journal_fault(&run, r);
	for (size_t i = 0; i < run.journal.n; i++)
		run.result.wanted += run.journal.entries[i].wanted;
	if (ret)
		*ret = run.result;
	return 0;
}

static int restore_visit(const struct walk_object *object, void *data)
{
	struct labels_run *run = data;
	struct label label;

	if (labels_is_covered(run, object) || object->mounted)
		return 0;
	if (label_read(object->fd, run->attribute, &label) == 0) {
		struct journal_entry *entry = journal_find(&run->journal, object);

		if (entry || label_is_ours(&label))
			labels_put_back(run, object->fd, object->path, &label, entry);
	}
	return object->directory;
}

int selinux_labels_restore(const char *journal, const char *attribute, struct karmor_diag *diag)
{
	_cleanup_run_ struct labels_run run = { .attribute = attribute, .diag = diag };
	int r = labels_run_open(&run, journal, false);

	if (r < 0 || !run.journal.file)
		return r;
	r = labels_walk(&run, restore_visit);
	if (r < 0)
		return r;
	labels_put_back_rest(&run);
	r = run.failed ? journal_replace(&run.journal, run.journal.roots, run.journal.n_roots)
		       : journal_remove(&run.journal);
	return r < 0 ? journal_fault(&run, r) : run.failed;
}

static int role_order(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

int selinux_labels_roles(const char *journal, selinux_labels_role_fn *fn, void *data,
			 struct karmor_diag *diag)
{
	_cleanup_journal_ struct journal all = { 0 };
	_cleanup_free_ const char **roles = NULL;
	size_t n = 0;
	int r = journal_open(&all, journal, false, diag);

	if (r < 0)
		return r;
	roles = calloc(all.n + all.n_replaced + 1, sizeof(*roles));
	if (!roles)
		return -ENOMEM;
	for (size_t i = 0; i < all.n; i++)
		roles[n++] = all.entries[i].role;
	for (size_t i = 0; i < all.n_replaced; i++)
		roles[n++] = all.replaced[i];
	qsort(roles, n, sizeof(*roles), role_order);
	for (size_t i = 0; r == 0 && i < n; i++)
		if (i == 0 || strcmp(roles[i], roles[i - 1]) != 0)
			r = fn(roles[i], data);
	return r;
}
