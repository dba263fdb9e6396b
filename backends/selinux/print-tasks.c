/* SPDX-License-Identifier: Apache-2.0 */
/* Roles of tasks as CIL: who has them, by what they are entered, and where an exec leads to. */
#include "cleanup.h"
#include "print.h"

/* A role that tasks of a class have. */
struct role {
	const char *name;
	uint32_t number; /* of the roles that it leads to */
	bool is_old;	 /* of before: nobody enters by it */
	char own[SELINUX_NAME_SIZE];
};

/* The i-th role of a class: its own, those of rulesets that are the same, the spare ones, and those
 * that are the same now. */
static bool role_at(const struct writer *w, size_t set, size_t class, size_t i, struct role *ret)
{
	const struct selinux_extra *extra = w->extra;
	const struct selinux_artifact *a = w->artifact;

	*ret = (struct role){ .number = a->numbers[set] };
	for (size_t j = set + 1; i && j < a->base.n_rulesets; j++)
		if (a->rulesets[j].first == set && --i == 0)
			ret->number = a->numbers[j];
	for (size_t j = 0; i && j < extra->n_spares; j++)
		if (extra->spares[j].set == set && --i == 0)
			ret->number = extra->spares[j].number;
	for (size_t j = 0; i && j < extra->n_retired; j++)
		if (extra->retired[j].what == SELINUX_OLD_TASK &&
		    a->rulesets[extra->retired[j].set].first == set &&
		    extra->retired[j].now == class && --i == 0) {
			ret->name = extra->retired[j].name;
			ret->is_old = true;
			ret->number = a->numbers[extra->retired[j].set];
		}
	if (i || ret->is_old)
		return !i;
	selinux_number_role(a, set, class, ret->number, ret->own);
	ret->name = ret->own;
	return true;
}

static void class_write(const struct writer *w)
{
	struct role role;

	print_with_class(w, "(roleattribute ", ")\n");
	for (size_t i = 0; role_at(w, w->set, w->class, i, &role); i++) {
		buf_printf(w->buf, "(role %s)\n", role.name);
		print_with_class(w, "(roleattributeset ", "");
		buf_printf(w->buf, " (%s))\n(roleattributeset karmor_workloads (%s))\n", role.name,
			   role.name);
	}
}

/* By which launchers enter the class. */
static void entrances_write(const struct writer *w)
{
	const struct selinux_facts *facts = &w->artifact->facts;
	struct role role;

	for (size_t i = 0; role_at(w, w->set, w->class, i, &role); i++)
		for (size_t j = 0; !role.is_old && j < facts->n_launchers; j++)
			buf_printf(w->buf, "(roleallow %s %s)\n", facts->launchers[j], role.name);
}

void print_tasks(struct writer *w)
{
	const struct selinux_facts *facts = &w->artifact->facts;

	print_heading(
		w,
		"Roles of tasks: one for each class of sources; \"rest\" is what no rule names.");
	buf_puts(w->buf, "(roleattribute karmor_workloads)\n(roleattribute karmor_entered)\n"
			 "(roleattributeset karmor_entered (karmor_workloads))\n");
	for (print_first(w); print_next(w);)
		class_write(w);
	for (size_t i = 0; i < facts->n_domains; i++)
		buf_printf(w->buf, "(roletype karmor_workloads %s)\n", facts->domains[i].name);
	print_users(w, "karmor_workloads");
	print_heading(w, "A workload is entered by its role for the rest, or for the program that "
			 "it begins as, and never left.");
	for (print_first(w); print_next(w);)
		entrances_write(w);
}

static void kind_write(const struct writer *w, size_t kind)
{
	const struct selinux_kind *k = &w->artifact->kinds[kind];

	buf_printf(w->buf, "(typeattribute karmor_x%s)\n", k->id);
	for (size_t i = 0; i < k->n_types; i++) {
		buf_printf(w->buf, "(typeattributeset karmor_x%s (", k->id);
		selinux_copy_name(w->buf, w->artifact, kind, k->types[i]);
		buf_puts(w->buf, "))\n");
	}
	for (size_t i = 0; i < w->extra->n_retired; i++)
		if (print_is_now(&w->extra->retired[i], SELINUX_OLD_TYPE, 0, kind))
			buf_printf(w->buf, "(typeattributeset karmor_x%s (%s))\n", k->id,
				   w->extra->retired[i].name);
	buf_printf(w->buf, "(typeattributeset karmor_sources (karmor_x%s))\n", k->id);
}

/* From each role of a class, by an exec of one of @types, to the role of another. */
static void transition_write(const struct writer *w, size_t set, size_t from, size_t to,
			     const char *types)
{
	char leads_to[SELINUX_NAME_SIZE];
	struct role role;

	for (size_t i = 0; role_at(w, set, from, i, &role); i++) {
		selinux_number_role(w->artifact, set, to, role.number, leads_to);
		buf_printf(w->buf, "(roletransition %s %s process %s)\n", role.name, types,
			   leads_to);
	}
}

/* Where an exec of each kind leads to from a class, if not to the same. */
static void class_transitions(const struct writer *w, size_t set, size_t class)
{
	size_t rest = selinux_rest_class(w->artifact, set);

	for (size_t kind = 0; kind < w->artifact->n_kinds; kind++) {
		size_t to = w->artifact->kinds[kind].classes[set];
		_cleanup_buf_ struct buf types = { 0 };

		buf_printf(&types, "karmor_x%s", w->artifact->kinds[kind].id);
		w->buf->failed |= buf_failed(&types);
		if (w->artifact->kinds[kind].n_types && to != class && !buf_failed(&types))
			transition_write(w, set, class, to, types.data);
	}
	if (class != rest)
		transition_write(w, set, class, rest, "karmor_others");
}

static void roles_allow(const struct writer *w, size_t set, size_t from, size_t to)
{
	char leads_to[SELINUX_NAME_SIZE];
	struct role role;

	for (size_t i = 0; role_at(w, set, from, i, &role); i++) {
		selinux_number_role(w->artifact, set, to, role.number, leads_to);
		buf_printf(w->buf, "(roleallow %s %s)\n", role.name, leads_to);
	}
}

static void set_transitions(const struct writer *w, size_t set)
{
	size_t n = w->artifact->rulesets[set].n_classes;

	for (size_t from = 0; from < n; from++)
		class_transitions(w, set, from);
	for (size_t from = 0; from < n; from++)
		for (size_t to = 0; to < n; to++)
			if (from != to)
				roles_allow(w, set, from, to);
}

/* Copies that executables have from modules before this one. */
static void old_types_write(const struct writer *w)
{
	bool any = false;

	for (size_t i = 0; i < w->extra->n_retired; i++) {
		if (w->extra->retired[i].what != SELINUX_OLD_TYPE)
			continue;
		if (!any)
			print_heading(w, "Copies that executables had before.");
		any = true;
		buf_puts(w->buf, w->extra->retired[i].copy);
	}
}

void print_sources(const struct writer *w)
{
	const struct selinux_artifact *a = w->artifact;

	old_types_write(w);
	if (a->n_kinds == 1)
		return;
	print_heading(w, "Executables that rules name as sources: copies of their types.");
	for (size_t i = 0; i < a->n_kinds; i++)
		for (size_t j = 0; j < a->kinds[i].n_types; j++)
			buf_puts(w->buf, a->kinds[i].copies[j]);
	print_heading(w, "Kinds of them, and where an exec leads to.");
	buf_puts(w->buf, "(typeattribute karmor_sources)\n");
	for (size_t i = 0; i < a->n_kinds; i++)
		if (a->kinds[i].n_types)
			kind_write(w, i);
	buf_puts(w->buf, "(typeattribute karmor_others)\n"
			 "(typeattributeset karmor_others (not (karmor_sources)))\n");
	for (size_t i = 0; i < a->base.n_rulesets; i++)
		if (a->rulesets[i].first == i)
			set_transitions(w, i);
}
