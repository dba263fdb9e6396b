/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The module, as CIL, with what each part is there for. No text of a policy stands outside
 * comments, and there only escaped: roles and types are named by digests (names.c), and what rules
 * say is in names of roles.
 */
#include <errno.h>
#include <string.h>

#include "cleanup.h"
#include "labels.h"
#include "print.h"

#define FILE_CLASSES "file", "dir", "lnk_file", "chr_file", "blk_file", "sock_file", "fifo_file"
static const char *const file_classes[] = { FILE_CLASSES };
void print_heading(const struct writer *w, const char *text)
{
	buf_printf(w->buf, "\n; %s\n", text);
}

static void path_write(struct buf *buf, const char *path)
{
	buf_escape(buf, path, strlen(path));
}

/* What a role of files is for: "/etc/shadow: protect-shadow file.matchPaths[0]: block". */
static void label_write(const struct writer *w, size_t i)
{
	const struct selinux_label *label = &w->artifact->labels[i];

	buf_puts(w->buf, "; ");
	path_write(w->buf, label->example);
	buf_printf(w->buf, ": %s", w->artifact->accept_rules[label->own]);
	if (label->own != label->child)
		buf_printf(w->buf, "; what is made in it: %s",
			   w->artifact->accept_rules[label->child]);
	buf_printf(w->buf,
		   "\n(role karmor_o%s_r)\n(roleattributeset karmor_files (karmor_o%s_r))\n",
		   label->name, label->name);
}

/* What no file has yet. */
static void spare_labels_write(const struct writer *w)
{
	const struct selinux_extra *extra = w->extra;

	if (extra->n_files)
		print_heading(w, "Roles that no file has yet, so that rules about files change "
				 "without another policy.");
	for (size_t i = 0; i < extra->n_files; i++)
		buf_printf(w->buf,
			   "(role karmor_o%s_r)\n(roleattributeset karmor_files (karmor_o%s_r))\n",
			   extra->files[i].name, extra->files[i].name);
}

/* What files have from modules before this one. */
static void old_labels_write(const struct writer *w)
{
	for (size_t i = 0; i < w->extra->n_retired; i++)
		if (w->extra->retired[i].what == SELINUX_OLD_FILE)
			buf_printf(w->buf, "(role %s)\n(roleattributeset karmor_files (%s))\n",
				   w->extra->retired[i].name, w->extra->retired[i].name);
}

void print_label_roles(const struct writer *w, size_t label)
{
	buf_printf(w->buf, "karmor_o%s_r", w->artifact->labels[label].name);
	for (size_t i = 0; i < w->extra->n_retired; i++)
		if (print_is_now(&w->extra->retired[i], SELINUX_OLD_FILE, 0, label))
			buf_printf(w->buf, " %s", w->extra->retired[i].name);
}

void print_users(const struct writer *w, const char *roles)
{
	for (size_t i = 0; i < w->artifact->facts.n_users; i++)
		buf_printf(w->buf, "(userrole %s %s)\n", w->artifact->facts.users[i], roles);
}

/* Whether files have roles of ours. */
static bool has_files(const struct writer *w)
{
	bool ret = w->artifact->n_labels + w->extra->n_files > 0;

	for (size_t i = 0; i < w->extra->n_retired; i++)
		ret |= w->extra->retired[i].what == SELINUX_OLD_FILE;
	return ret;
}

static void labels_write(const struct writer *w)
{
	print_heading(
		w,
		"Roles of files. What none of them says keeps object_r; types stay as they are.");
	buf_puts(w->buf, "(typeattribute karmor_types)\n(typeattributeset karmor_types (all))\n");
	print_heading(w, "What is made in a directory has the directory's role.");
	for (size_t i = 0; i < ARRAY_SIZE(file_classes); i++)
		buf_printf(w->buf, "(defaultrole %s target)\n", file_classes[i]);
	if (!has_files(w))
		return;
	buf_puts(w->buf, "(roleattribute karmor_files)\n");
	for (size_t i = 0; i < w->artifact->n_labels; i++)
		label_write(w, i);
	spare_labels_write(w);
	old_labels_write(w);
	buf_puts(w->buf, "(roletype karmor_files karmor_types)\n");
	print_users(w, "karmor_files");
}

void print_class(const struct writer *w, size_t set, size_t class)
{
	buf_printf(w->buf, "karmor_w%u_%s", w->artifact->numbers[set],
		   w->artifact->rulesets[set].classes[class].id);
}

/* A statement that has the attribute of a class's roles between @before and @after. */
void print_with_class(const struct writer *w, const char *before, const char *after)
{
	buf_puts(w->buf, before);
	print_class(w, w->set, w->class);
	buf_puts(w->buf, after);
}

bool print_next(struct writer *w)
{
	const struct selinux_artifact *a = w->artifact;

	for (w->class ++; w->set < a->base.n_rulesets; w->set++, w->class = 0)
		if (a->rulesets[w->set].first == w->set && w->class < a->rulesets[w->set].n_classes)
			return true;
	return false;
}

/* The copy @name of @type, where that is among the types that the domain is entered by. */
static void entry_write(const struct writer *w, const struct selinux_domain *domain,
			const char *type, const char *name)
{
	const char *found = strstr(domain->entries, type);
	size_t len = strlen(type);

	while (found &&
	       ((found > domain->entries && found[-1] != ' ') || (found[len] && found[len] != ' ')))
		found = strstr(found + 1, type);
	if (found)
		buf_printf(w->buf, "(typeattributeset karmor_entries_%s (%s))\n", domain->name,
			   name);
}

/* Names of types in an attribute of ours, with the copies of those among them. */
static void entries_write(const struct writer *w, const struct selinux_domain *domain)
{
	buf_printf(w->buf, "(typeattribute karmor_entries_%s)\n", domain->name);
	if (*domain->entries)
		buf_printf(w->buf, "(typeattributeset karmor_entries_%s (%s))\n", domain->name,
			   domain->entries);
	for (size_t i = 0; i < w->artifact->n_kinds; i++)
		for (size_t j = 0; j < w->artifact->kinds[i].n_types; j++) {
			_cleanup_buf_ struct buf name = { 0 };

			selinux_copy_name(&name, w->artifact, i, w->artifact->kinds[i].types[j]);
			w->buf->failed |= buf_failed(&name);
			entry_write(w, domain, w->artifact->kinds[i].types[j],
				    name.data ? name.data : "");
		}
	for (size_t i = 0; i < w->extra->n_retired; i++)
		if (w->extra->retired[i].what == SELINUX_OLD_TYPE)
			entry_write(w, domain, w->extra->retired[i].type,
				    w->extra->retired[i].name);
}

/* What the base does not allow, for changes of role alone. */
static void lacks_write(const struct writer *w, const struct selinux_domain *domain)
{
	const char *name = domain->name;

	for (const char *lack = domain->lacks; *lack;) {
		int len = (int)(strchr(lack, ')') - lack) + 2; /* "(class (perm))" */

		buf_printf(w->buf, "(allow %s %s %.*s)\n", name, name, len, lack);
		buf_printf(w->buf,
			   "(constrain %.*s (or (or (neq t1 %s) (neq t2 %s)) (or (eq r1 "
			   "karmor_workloads) (eq r2 karmor_entered))))\n",
			   len, lack, name, name);
		lack += len;
		lack += *lack == ' ';
	}
}

static bool lacks_audit(const struct selinux_facts *facts)
{
	for (size_t i = 0; i < facts->n_domains; i++)
		if (facts->domains[i].lacks_audit)
			return true;
	return false;
}

/* What opens audit records, for no longer than that takes (attach.c). */
static void reader_write(const struct writer *w)
{
	const struct selinux_facts *facts = &w->artifact->facts;

	if (!lacks_audit(facts))
		return;
	print_heading(w, "What listens for audit records has this role, and nobody else may.");
	buf_puts(w->buf, "(role " SELINUX_AUDIT_ROLE ")\n"
			 "(roleattributeset karmor_entered (" SELINUX_AUDIT_ROLE "))\n");
	print_users(w, SELINUX_AUDIT_ROLE);
	for (size_t i = 0; i < facts->n_launchers; i++)
		buf_printf(w->buf, "(roleallow %s " SELINUX_AUDIT_ROLE ")\n", facts->launchers[i]);
	for (size_t i = 0; i < facts->n_domains; i++) {
		const char *name = facts->domains[i].name;

		if (facts->domains[i].lacks_audit)
			buf_printf(w->buf,
				   "(roletype " SELINUX_AUDIT_ROLE " %s)\n"
				   "(allow %s self (capability2 (audit_read)))\n"
				   "(constrain (capability2 (audit_read)) (or (neq t1 %s) (eq "
				   "r1 " SELINUX_AUDIT_ROLE ")))\n",
				   name, name, name);
	}
}

static void domains_write(const struct writer *w)
{
	const struct selinux_facts *facts = &w->artifact->facts;

	print_heading(w,
		      "What a change of role needs, and what holds it back from everybody else.");
	for (size_t i = 0; i < facts->n_domains; i++) {
		const struct selinux_domain *domain = &facts->domains[i];

		if (facts->has_role_change)
			buf_printf(w->buf,
				   "(typeattributeset can_change_process_role (%s))\n"
				   "(typeattributeset process_user_target (%s))\n",
				   domain->name, domain->name);
		lacks_write(w, domain);
		entries_write(w, domain);
		buf_printf(w->buf,
			   "(allow %s karmor_types (file (entrypoint)))\n"
			   "(constrain (file (entrypoint)) (or (or (neq t1 %s) (eq r1 "
			   "karmor_workloads)) (eq t2 karmor_entries_%s)))\n",
			   domain->name, domain->name, domain->name);
	}
}

/* What would undo what is enforced. */
static void guards_write(const struct writer *w)
{
	const struct selinux_facts *facts = &w->artifact->facts;

	print_heading(w, "Nor does it get into karmor's own directories, or the kernel.");
	buf_puts(w->buf, "(role " SELINUX_KEPT_ROLE ")\n"
			 "(roletype " SELINUX_KEPT_ROLE " karmor_types)\n");
	print_users(w, SELINUX_KEPT_ROLE);
	for (size_t i = 0; i < ARRAY_SIZE(file_classes); i++)
		buf_printf(
			w->buf,
			"(constrain (%s (%s)) (or (neq r1 karmor_workloads) (neq "
			"r2 " SELINUX_KEPT_ROLE ")))\n",
			file_classes[i],
			strcmp(file_classes[i], "dir") == 0
				? "search read write create setattr rename rmdir reparent mounton"
				: "read write append create setattr rename unlink link");
	for (size_t i = 0; i < SELINUX_GUARDED; i++)
		if (facts->has_guarded[i])
			buf_printf(w->buf,
				   "(constrain (%s (%s)) (or (neq r1 karmor_workloads) (neq t2 "
				   "%s)))\n",
				   selinux_guarded[i].class, selinux_guarded[i].perms,
				   selinux_guarded[i].type);
	if (facts->has_modules)
		buf_puts(w->buf, "(constrain (system (module_load)) (neq r1 karmor_workloads))\n");
}

static void protections_write(const struct writer *w)
{
	print_heading(w, "A workload chooses no label: roles and types say which rules hold. Nor "
			 "does it act through a task that is under others.");
	for (size_t i = 0; i < ARRAY_SIZE(file_classes); i++)
		buf_printf(w->buf,
			   "(constrain (%s (relabelfrom relabelto)) (neq r1 karmor_workloads))\n",
			   file_classes[i]);
	buf_puts(w->buf,
		 "(constrain (filesystem (relabelfrom relabelto)) (neq r1 karmor_workloads))\n"
		 "(constrain (process (setexec setfscreate setsockcreate dyntransition)) (neq r1 "
		 "karmor_workloads))\n"
		 "(constrain (process (ptrace)) (or (neq r1 karmor_workloads) (eq r1 r2)))\n");
	guards_write(w);
	if (!*w->artifact->facts.takes_back)
		return;
	print_heading(w, "Nor does it change the policy as a whole.");
	buf_printf(w->buf, "(constrain (security (%s)) (neq r1 karmor_workloads))\n",
		   w->artifact->facts.takes_back);
}

static void libraries_write(const struct writer *w)
{
	const struct selinux_facts *facts = &w->artifact->facts;

	print_heading(w, "What programs load, and what is run.");
	buf_puts(w->buf, "(typeattribute karmor_programs)\n");
	if (!facts->n_libraries) {
		buf_puts(w->buf, "(typeattributeset karmor_programs (all))\n");
		return;
	}
	buf_puts(w->buf, "(typeattribute karmor_libraries)\n(typeattributeset karmor_libraries (");
	for (size_t i = 0; i < facts->n_libraries; i++)
		buf_printf(w->buf, "%s%s", i ? " " : "", facts->libraries[i]);
	buf_puts(w->buf, "))\n(typeattributeset karmor_programs (not (karmor_libraries)))\n");
}

/* What the module is fit for. */
static void head_write(struct buf *buf, const struct selinux_artifact *artifact)
{
	buf_puts(buf,
		 "; karmor: roles tell workloads and files apart, constraints on roles deny.\n");
	if (artifact->digest)
		buf_printf(buf,
			   "; Made for the policy whose SHA-256 is\n; %s\n; and for no other: it "
			   "names what that one has. ",
			   artifact->digest);
	else
		buf_puts(buf, "; Made for karmor's own small policy: to be read and compared, not "
			      "to be loaded. ");
	buf_puts(buf, "It labels no file.\n");
}

void selinux_write(struct buf *buf, const struct selinux_artifact *artifact,
		   const struct selinux_extra *extra)
{
	static const struct selinux_extra none;
	struct writer w = { .buf = buf, .artifact = artifact, .extra = extra ? extra : &none };

	head_write(buf, artifact);
	labels_write(&w);
	print_tasks(&w);
	libraries_write(&w);
	domains_write(&w);
	reader_write(&w);
	protections_write(&w);
	print_sources(&w);
	print_denials(&w);
	print_heading(
		&w, "What is logged where it is allowed: of these types' tasks, those of workloads "
		    "are told of.");
	for (size_t i = 0; i < artifact->facts.n_domains; i++)
		print_logs(&w, artifact->facts.domains[i].name);
}

int selinux_print(const struct karmor_artifact *base, FILE *out)
{
	_cleanup_buf_ struct buf buf = { 0 };

	selinux_write(&buf, (const struct selinux_artifact *)base, NULL);
	return buf_failed(&buf) || fputs(buf.data, out) < 0 ? -EIO : 0;
}
