/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The module, as CIL, with what each part is there for. No text of a policy stands outside
 * comments, and there only escaped: roles and types are numbered, and what rules say is in numbers
 * of roles.
 */
#include <errno.h>
#include <string.h>

#include "cleanup.h"
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
		   "\n(role karmor_o%zu_r)\n(roleattributeset karmor_files (karmor_o%zu_r))\n", i,
		   i);
}

static void users_write(const struct writer *w, const char *roles)
{
	for (size_t i = 0; i < w->artifact->facts.n_users; i++)
		buf_printf(w->buf, "(userrole %s %s)\n", w->artifact->facts.users[i], roles);
}

static void labels_write(const struct writer *w)
{
	print_heading(
		w,
		"Roles of files. What none of them says keeps object_r; types stay as they are.");
	buf_puts(w->buf, "(typeattribute karmor_types)\n(typeattributeset karmor_types (all))\n");
	if (!w->artifact->n_labels)
		return;
	buf_puts(w->buf, "(roleattribute karmor_files)\n");
	for (size_t i = 0; i < w->artifact->n_labels; i++)
		label_write(w, i);
	buf_puts(w->buf, "(roletype karmor_files karmor_types)\n");
	users_write(w, "karmor_files");
	print_heading(w, "What is made in a directory has the directory's role.");
	for (size_t i = 0; i < ARRAY_SIZE(file_classes); i++)
		buf_printf(w->buf, "(defaultrole %s target)\n", file_classes[i]);
}

void print_role(const struct writer *w, size_t set, size_t class)
{
	buf_printf(w->buf, "karmor_w%zu_s%zu_r", set, class);
}

/* A statement that has a task's role between @before and @after. */
void print_with_role(const struct writer *w, const char *before, const char *after)
{
	buf_puts(w->buf, before);
	print_role(w, w->set, w->class);
	buf_puts(w->buf, after);
}

static void tasks_write(struct writer *w)
{
	const struct selinux_facts *facts = &w->artifact->facts;

	print_heading(w,
		      "Roles of tasks: one for each class of sources; s0 is what no rule names.");
	buf_puts(w->buf, "(roleattribute karmor_workloads)\n");
	for (w->set = 0; w->set < w->artifact->base.n_rulesets; w->set++)
		for (w->class = 0; w->class < w->artifact->rulesets[w->set].n_classes;
		     w->class ++) {
			print_with_role(w, "(role ", ")\n");
			print_with_role(w, "(roleattributeset karmor_workloads (", "))\n");
		}
	for (size_t i = 0; i < facts->n_domains; i++)
		buf_printf(w->buf, "(roletype karmor_workloads %s)\n", facts->domains[i].name);
	users_write(w, "karmor_workloads");
	print_heading(w, "A workload is entered, by its first role, and never left.");
	for (w->set = 0; w->set < w->artifact->base.n_rulesets; w->set++)
		for (size_t i = 0; i < facts->n_launchers; i++)
			buf_printf(w->buf, "(roleallow %s karmor_w%zu_s0_r)\n", facts->launchers[i],
				   w->set);
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
			const char *type = w->artifact->kinds[i].types[j];
			const char *found = strstr(domain->entries, type);
			size_t len = strlen(type);

			while (found && ((found > domain->entries && found[-1] != ' ') ||
					 (found[len] && found[len] != ' ')))
				found = strstr(found + 1, type);
			if (found)
				buf_printf(
					w->buf,
					"(typeattributeset karmor_entries_%s (karmor_x%zu_%s))\n",
					domain->name, i, type);
		}
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
			   "karmor_workloads) (eq r2 karmor_workloads))))\n",
			   len, lack, name, name);
		lack += len;
		lack += *lack == ' ';
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

static void protections_write(const struct writer *w)
{
	print_heading(w, "A workload changes no label that says something, and makes none.");
	for (size_t i = 0; i < ARRAY_SIZE(file_classes); i++)
		if (w->artifact->n_labels)
			buf_printf(w->buf,
				   "(constrain (%s (relabelfrom relabelto)) (or (neq r1 "
				   "karmor_workloads) (neq r2 karmor_files)))\n",
				   file_classes[i]);
	buf_puts(w->buf, "(constrain (process (setfscreate)) (neq r1 karmor_workloads))\n");
}

static void kind_write(const struct writer *w, size_t kind)
{
	const struct selinux_kind *k = &w->artifact->kinds[kind];

	buf_printf(w->buf, "(typeattribute karmor_x%zu)\n", kind);
	for (size_t i = 0; i < k->n_types; i++)
		buf_printf(w->buf, "(typeattributeset karmor_x%zu (karmor_x%zu_%s))\n", kind, kind,
			   k->types[i]);
	buf_printf(w->buf, "(typeattributeset karmor_sources (karmor_x%zu))\n", kind);
}

static void transition_write(const struct writer *w, size_t set, size_t from, size_t to,
			     const char *types)
{
	buf_puts(w->buf, "(roletransition ");
	print_role(w, set, from);
	buf_printf(w->buf, " %s process ", types);
	print_role(w, set, to);
	buf_puts(w->buf, ")\n");
}

/* Where an exec of each kind leads to from a class, if not to the same. */
static void class_transitions(const struct writer *w, size_t set, size_t class)
{
	const struct selinux_artifact *a = w->artifact;
	size_t rest = a->kinds[a->accept_kinds[a->rest]].classes[set];

	for (size_t kind = 0; kind < w->artifact->n_kinds; kind++) {
		size_t to = w->artifact->kinds[kind].classes[set];
		_cleanup_buf_ struct buf types = { 0 };

		buf_printf(&types, "karmor_x%zu", kind);
		w->buf->failed |= buf_failed(&types);
		if (w->artifact->kinds[kind].n_types && to != class && !buf_failed(&types))
			transition_write(w, set, class, to, types.data);
	}
	if (class != rest)
		transition_write(w, set, class, rest, "karmor_others");
}

static void set_transitions(const struct writer *w, size_t set)
{
	size_t n = w->artifact->rulesets[set].n_classes;

	for (size_t from = 0; from < n; from++)
		class_transitions(w, set, from);
	for (size_t from = 0; from < n; from++)
		for (size_t to = 0; to < n; to++)
			if (from != to) {
				buf_puts(w->buf, "(roleallow ");
				print_role(w, set, from);
				buf_putc(w->buf, ' ');
				print_role(w, set, to);
				buf_puts(w->buf, ")\n");
			}
}

static void sources_write(const struct writer *w)
{
	if (w->artifact->n_kinds == 1)
		return;
	print_heading(w, "Executables that rules name as sources: copies of their types.");
	buf_puts(w->buf, w->artifact->copies);
	print_heading(w, "Kinds of them, and where an exec leads to.");
	buf_puts(w->buf, "(typeattribute karmor_sources)\n");
	for (size_t i = 0; i < w->artifact->n_kinds; i++)
		if (w->artifact->kinds[i].n_types)
			kind_write(w, i);
	buf_puts(w->buf, "(typeattribute karmor_others)\n"
			 "(typeattributeset karmor_others (not (karmor_sources)))\n");
	for (size_t i = 0; i < w->artifact->base.n_rulesets; i++)
		set_transitions(w, i);
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

void selinux_write(struct buf *buf, const struct selinux_artifact *artifact)
{
	struct writer w = { .buf = buf, .artifact = artifact };

	head_write(buf, artifact);
	labels_write(&w);
	tasks_write(&w);
	libraries_write(&w);
	domains_write(&w);
	protections_write(&w);
	sources_write(&w);
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

	selinux_write(&buf, (const struct selinux_artifact *)base);
	return buf_failed(&buf) || fputs(buf.data, out) < 0 ? -EIO : 0;
}
