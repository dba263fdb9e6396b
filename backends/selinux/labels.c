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

/* What a path is to have. */
struct aim {
	char role[SELINUX_ROLE_SIZE], type[SELINUX_TYPE_SIZE]; /* "-": its own */
	struct label old, label;			       /* without that, and with it */
};

static struct label_part part_of(const char *name, struct label_part own)
{
	return strcmp(name, "-") == 0 ? own : (struct label_part){ name, strlen(name) };
}

/* The label for the role in @aim, and for the copy of the type that its own is to be replaced by.
 */
static bool aim_make(struct labels_run *run, const struct walk_object *object,
		     const struct journal_entry *entry, const struct label *label, struct aim *aim)
{
	const struct selinux_walk *walk = run->walk;
	struct label_part role, type;
	_cleanup_free_ char *own = NULL;

	aim->old = *label;
	if ((label_is_ours(label) && !labels_before(label, entry, &aim->old)) ||
	    !label_parse(&aim->old, &role, &type))
		return false;
	own = strndup(type.text, type.len);
	strcpy(aim->type, "-");
	if (own && walk->type && !object->directory &&
	    !walk->type(object->path, own, aim->type, sizeof(aim->type), walk->data))
		strcpy(aim->type, "-");
	return own && label_with(&aim->old, part_of(aim->role, role), part_of(aim->type, type),
				 &aim->label);
}

/* Writes down what an object is given; while labels are set, at once. */
static struct journal_entry *note(struct labels_run *run, struct journal_entry *entry,
				  const struct walk_object *object, const struct aim *aim)
{
	int r;

	entry = journal_note(&run->journal, entry, object, aim->old.text, aim->old.len, aim->role,
			     aim->type);
	if (!entry || !run->apply)
		return entry;
	r = journal_flush(&run->journal);
	errno = -r;
	return r < 0 ? NULL : entry;
}

static int journal_fault(struct labels_run *run, int code)
{
	if (code == -ENOMEM)
		return code;
	diag_error(run->diag, NULL, NULL, "selinux: cannot write the journal of labels %s: %s",
		   run->journal.path, strerror(-code));
	return fs_error(-code);
}

static bool is_checked(struct labels_run *run, const struct label *label)
{
	if (strcmp(run->attribute, SELINUX_ATTRIBUTE) != 0 ||
	    (run->checked.len == label->len &&
	     memcmp(run->checked.text, label->text, label->len) == 0))
		return true;
	run->checked = *label;
	return label_is_valid(label);
}

/* Before anything is changed: whether the policy has the label, and one root's file system takes
 * labels, by writing what is there already. */
static int try_change(struct labels_run *run, const struct walk_object *object,
		      const struct label *label, const struct label *wanted)
{
	int r = run->tried ? 0 : label_write(object->fd, run->attribute, label);

	run->tried = true;
	run->needed = true;
	if (r == 0 && !is_checked(run, wanted))
		r = -EINVAL;
	return r < 0 ? labels_fault(run, KARMOR_ERROR, object->path, r) : 0;
}

static int change(struct labels_run *run, const struct walk_object *object,
		  struct journal_entry *entry, const struct label *label, const struct aim *aim)
{
	int r = labels_keep(run, entry, label);

	if (r < 0)
		return r;
	r = label_write(object->fd, run->attribute, &aim->label);
	run->result.changed += r == 0;
	return r < 0 ? labels_fault(run, KARMOR_ERROR, object->path, r) : 0;
}

static bool is_noted(const struct journal_entry *entry, const struct aim *aim)
{
	return strcmp(entry->role, aim->role) == 0 && strcmp(entry->type, aim->type) == 0;
}

/* Of what was not looked at: whether the name that it got its role by is still its own. */
static bool is_still(const struct journal_entry *entry, const struct walk_object *object)
{
	_cleanup_close_ int fd = walk_open(entry->path);
	struct walk_object now;

	return fd >= 0 && walk_look(fd, entry->path, &now) == 0 && now.ino == object->ino &&
	       now.dev == object->dev;
}

/* It has a role that is in no journal: that of the directory that it was made in. */
static bool is_inherited(const struct label *label, const struct aim *aim)
{
	struct label_part role, type;

	return label_parse(label, &role, &type) && label_is_role(role.text, role.len) &&
	       !(role.len == strlen(aim->role) && memcmp(role.text, aim->role, role.len) == 0);
}

/* Another name of it is to have another role. */
static bool is_contested(struct labels_run *run, const struct walk_object *object,
			 const struct journal_entry *entry, const struct label *label,
			 const struct aim *aim)
{
	bool follows = run->walk->follows;

	if (object->directory || object->links == 1)
		return false;
	if (!entry)
		return follows && is_inherited(label, aim);
	if (!entry->wanted || is_noted(entry, aim) || (follows && !is_still(entry, object)))
		return false;
	if (!run->apply)
		diag_warning(
			run->diag, NULL, "let the rules say the same of both names",
			"selinux: \"%s\" and \"%s\" are one file; it has the role of the first",
			entry->path, object->path);
	return true;
}

/* The role of ours that an object has; false: none. */
static bool role_had(const struct label *label, char *ret, size_t size)
{
	struct label_part role, type;

	return label_parse(label, &role, &type) && label_is_role(role.text, role.len) &&
	       (size_t)snprintf(ret, size, "%.*s", (int)role.len, role.text) < size;
}

/* It has a role by another name, which whoever renamed a directory above it may not take from it.
 */
static bool is_brought(const struct labels_run *run, const struct walk_object *object,
		       const struct journal_entry *entry, const struct label *label,
		       const struct aim *aim)
{
	const struct selinux_walk *walk = run->walk;
	char had[SELINUX_ROLE_SIZE];

	if (!walk->follows || (walk->n_only && strcmp(object->path, run->root->path) == 0) ||
	    !role_had(label, had, sizeof(had)))
		return false;
	if (entry && strcmp(entry->type, "-") != 0 && strcmp(entry->type, aim->type) != 0)
		return true;
	return strcmp(had, aim->role) != 0 &&
	       !(walk->exceeds && walk->exceeds(aim->role, had, object->directory, walk->data));
}

static void part_take(struct label_part part, bool is_ours, char *ret, size_t size)
{
	snprintf(ret, size, "%.*s", is_ours ? (int)part.len : 1, is_ours ? part.text : "-");
}

/* What an object has that is in no journal: made below a directory that has it, or brought there.
 */
static struct journal_entry *note_found(struct labels_run *run, const struct walk_object *object,
					const struct label *label, struct aim *aim)
{
	struct label_part role, type;

	errno = ENOMEM;
	if (!label_parse(label, &role, &type) || !labels_before(label, NULL, &aim->old))
		return NULL;
	part_take(role, label_is_role(role.text, role.len), aim->role, sizeof(aim->role));
	part_take(type, label_is_type(type.text, type.len), aim->type, sizeof(aim->type));
	return note(run, NULL, object, aim);
}

/* What was looked for because it came keeps the role that it has. */
static int keep(struct labels_run *run, const struct walk_object *object,
		struct journal_entry *entry, const struct label *label, struct aim *aim)
{
	if (!entry)
		entry = note_found(run, object, label, aim);
	if (!entry)
		return journal_fault(run, -errno);
	entry->wanted = true;
	return 0;
}

static int want(struct labels_run *run, const struct walk_object *object,
		struct journal_entry *entry, const struct label *label, struct aim *aim)
{
	if (!aim_make(run, object, entry, label, aim))
		return labels_fault(run, KARMOR_ERROR, object->path, -ENODATA);
	if (is_contested(run, object, entry, label, aim))
		return 0;
	if (is_brought(run, object, entry, label, aim))
		return keep(run, object, entry, label, aim);
	if (!entry || !is_noted(entry, aim) ||
	    (!entry->wanted && (!label_is_ours(label) || strcmp(entry->path, object->path) != 0)))
		entry = note(run, entry, object, aim);
	if (!entry)
		return journal_fault(run, -errno);
	entry->wanted = true;
	if (label->len == aim->label.len && memcmp(label->text, aim->label.text, label->len) == 0)
		return 0;
	return run->apply ? change(run, object, entry, label, aim)
			  : try_change(run, object, label, &aim->label);
}

static int unwant(struct labels_run *run, const struct walk_object *object,
		  struct journal_entry *entry, const struct label *label, struct aim *aim)
{
	if ((!entry && !label_is_ours(label)) || (entry && entry->wanted))
		return 0;
	if (run->walk->follows)
		return keep(run, object, entry, label, aim);
	run->needed = true;
	if (!entry)
		entry = note_found(run, object, label, aim);
	if (!entry)
		return journal_fault(run, -errno);
	/* It may have been moved. */
	entry->path = arena_strdup(&run->journal.arena, object->path);
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

/* Of what came later one that cannot have its label keeps no other from having it. */
static int passed(struct labels_run *run, int r)
{
	if (!run->faulted || !run->walk->follows || r == -ENOMEM)
		return r;
	run->result.missed++;
	return 0;
}

static int set_visit(const struct walk_object *object, void *data)
{
	struct labels_run *run = data;
	const struct selinux_walk *walk = run->walk;
	size_t limit = walk->limit ? walk->limit : SELINUX_OBJECTS_MAX;
	struct journal_entry *entry;
	struct aim aim;
	struct label label;
	bool has, known;
	int r;

	run->faulted = false;
	if (labels_is_covered(run, object))
		return 0;
	if (object->mounted) {
		labels_mount_met(run, object);
		return 0;
	}
	if (++run->result.seen > limit)
		return too_many(run, limit);
	has = walk->role(object->path, object->directory, aim.role, sizeof(aim.role), walk->data);
	r = label_read(object->fd, run->attribute, &label);
	if (r == 0 && label_is_kept(&label))
		return 0;
	if (r < 0 && has)
		return passed(run, labels_fault(run, KARMOR_ERROR, object->path, r));
	entry = r < 0 ? NULL : journal_find(&run->journal, object);
	known = entry || (r == 0 && label_is_ours(&label));
	if (r == 0)
		r = has ? want(run, object, entry, &label, &aim)
			: unwant(run, object, entry, &label, &aim);
	else
		r = 0;
	r = passed(run, r);
	if (r < 0)
		return r;
	return object->directory && (known || walk->descend(object->path, walk->data));
}

static bool has_unwanted(const struct labels_run *run)
{
	for (size_t i = 0; i < run->journal.n; i++)
		if (!run->journal.entries[i].wanted && !run->journal.entries[i].gone)
			return true;
	return false;
}

/* Writes down the roots that the journal has not. */
static int roots_note(struct labels_run *run)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < run->n_roots; i++)
		if (!run->roots[i].known)
			r = journal_note_root(&run->journal, run->roots[i].path);
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
	if (r == 0) {
		labels_put_back_rest(&run);
		r = run.failed == -ENOMEM ? run.failed : 0; /* others are said, and stay in it */
	}
	if (r < 0) {
		/* What could not be undone has to stay in it. */
		if (labels_undo(&run))
			journal_revert(&run.journal);
		else
			journal_flush(&run.journal);
		return r;
	}
	r = tidy(&run);
	if (r < 0) /* it says enough as it is */
		diag_warning(diag, NULL, NULL,
			     "selinux: cannot shorten the journal of labels %s: %s", journal,
			     strerror(-r));
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
	roles = calloc(2 * all.n + 1, sizeof(*roles));
	if (!roles)
		return -ENOMEM;
	/* Of what later lines replaced as well: they may not have come to be set. */
	for (size_t i = 0; i < all.n; i++) {
		roles[n++] = all.entries[i].role;
		roles[n++] = all.entries[i].type;
	}
	qsort(roles, n, sizeof(*roles), role_order);
	for (size_t i = 0; r == 0 && i < n; i++)
		if (strcmp(roles[i], "-") != 0 && (i == 0 || strcmp(roles[i], roles[i - 1]) != 0))
			r = fn(roles[i], data);
	return r;
}
