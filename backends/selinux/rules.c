/* SPDX-License-Identifier: Apache-2.0 */
/* Verdicts as CIL: what a class of sources is denied, and what is logged where it is allowed. */
#include <string.h>

#include "cleanup.h"
#include "print.h"

/* What an operation is, of a file and of a directory. */
struct perms {
	enum selinux_op op;
	const char *class, *perms;
	bool libraries; /* libraries are left out of it, and what has an exact rule is not */
	bool exact;	/* of what has an exact rule alone */
	bool program;	/* asked of a program that is run, too, as it is mapped */
	bool made;	/* asked of a directory beside what is made in it, which is told of */
};

#define MAKE_PERMS "create unlink rename link setattr"

static const struct perms file_perms[] = {
	{ SELINUX_EXEC, "file", "execute_no_trans", false, false },
	{ SELINUX_EXEC, "file", "execute", true, false, true },
	{ SELINUX_EXEC, "file", "execute", false, true, true },
	{ SELINUX_READ, "file", "read", false, false, true },
	{ SELINUX_READ, "chr_file", "read", false, false },
	{ SELINUX_READ, "blk_file", "read", false, false },
	{ SELINUX_READ, "fifo_file", "read", false, false },
	{ SELINUX_WRITE, "file", "write append mounton " MAKE_PERMS, false, false },
	{ SELINUX_WRITE, "chr_file", "write append " MAKE_PERMS, false, false },
	{ SELINUX_WRITE, "blk_file", "write append " MAKE_PERMS, false, false },
	{ SELINUX_WRITE, "fifo_file", "write append " MAKE_PERMS, false, false },
	{ SELINUX_WRITE, "lnk_file", MAKE_PERMS, false, false },
	{ SELINUX_WRITE, "sock_file", MAKE_PERMS, false, false },
	/* What is moved or linked to where nothing may be made. */
	{ SELINUX_WRITE, "dir", "add_name", .made = true },
};

static const struct perms dir_perms[] = {
	{ SELINUX_READ, "dir", "read", false, false },
	{ SELINUX_WRITE, "dir", "create rename rmdir reparent setattr mounton", false, false },
};

static const char *const op_names[] = { "exec", "read", "write" };

#define SOCKET_PERMS "create bind connect listen accept"

/* Whether two lists, separated by blanks, have a word in common. */
static bool is_common(const char *a, const char *b)
{
	while (*a) {
		size_t len = strcspn(a, " ");
		const char *p = b;

		while (*p && (strcspn(p, " ") != len || memcmp(p, a, len) != 0)) {
			p += strcspn(p, " ");
			p += strspn(p, " ");
		}
		if (*p && len)
			return true;
		a += len;
		a += strspn(a, " ");
	}
	return false;
}

bool selinux_is_op(enum selinux_op op, const char *class, const char *perms)
{
	for (size_t i = 0; i < ARRAY_SIZE(file_perms); i++)
		if (file_perms[i].op == op && strcmp(file_perms[i].class, class) == 0 &&
		    is_common(perms, file_perms[i].perms))
			return true;
	for (size_t i = 0; i < ARRAY_SIZE(dir_perms); i++)
		if (dir_perms[i].op == op && strcmp(dir_perms[i].class, class) == 0 &&
		    is_common(perms, dir_perms[i].perms))
			return true;
	return false;
}

bool selinux_is_socket_perm(const char *perms)
{
	return is_common(perms, SOCKET_PERMS " write");
}

static const struct selinux_class *class_of(const struct writer *w)
{
	return &w->artifact->rulesets[w->set].classes[w->class];
}

static bool is_denied(const struct selinux_class *class, const struct perms *perms, uint32_t accept)
{
	return class->verdicts[perms->op][accept] == KARMOR_BLOCK &&
	       (!perms->exact || class->exact[accept]) &&
	       (!perms->program || !class->opened[perms->op][accept]);
}

/* The bit of a row in a mask. */
static uint32_t bit_of(bool directory, size_t row)
{
	return UINT32_C(1) << (directory ? ARRAY_SIZE(file_perms) + row : row);
}

uint32_t selinux_mask(const struct selinux_class *class, uint32_t own, uint32_t child)
{
	uint32_t ret = 0;

	for (size_t i = 0; i < ARRAY_SIZE(file_perms); i++)
		if (is_denied(class, &file_perms[i], child))
			ret |= bit_of(false, i);
	for (size_t i = 0; i < ARRAY_SIZE(dir_perms); i++)
		if (is_denied(class, &dir_perms[i], own))
			ret |= bit_of(true, i);
	return ret;
}

static bool is_pattern_denied(const struct selinux_class *class, const struct perms *perms,
			      uint32_t rest, const struct selinux_pattern *pattern)
{
	if (pattern->ops >> perms->op & 1)
		return class->verdicts[perms->op][rest] != KARMOR_BLOCK &&
		       (!perms->exact || pattern->exact);
	return is_denied(class, perms, rest) &&
	       !(perms->program && perms->op == SELINUX_READ && pattern->opened);
}

uint32_t selinux_pattern_mask(const struct selinux_class *class, uint32_t rest,
			      const struct selinux_pattern *pattern)
{
	static const struct selinux_pattern nothing;
	uint32_t ret = 0;

	for (size_t i = 0; i < ARRAY_SIZE(file_perms); i++)
		if (is_pattern_denied(class, &file_perms[i], rest,
				      pattern->child ? pattern : &nothing))
			ret |= bit_of(false, i);
	for (size_t i = 0; i < ARRAY_SIZE(dir_perms); i++)
		if (is_pattern_denied(class, &dir_perms[i], rest,
				      pattern->own ? pattern : &nothing))
			ret |= bit_of(true, i);
	return ret;
}

/* What the class that is written is denied of files of a spare role that says something to it.
 * False: it says nothing. */
static bool spare_mask(const struct writer *w, const struct selinux_spare_file *spare,
		       uint32_t *mask)
{
	if (spare->set != w->set ||
	    (spare->class != SELINUX_ALL_CLASSES && spare->class != w->class))
		return false;
	*mask = selinux_pattern_mask(class_of(w), w->artifact->rest, &spare->pattern);
	return true;
}

static void name_write(const struct writer *w, size_t n, const char *attribute)
{
	if (n)
		buf_putc(w->buf, ' ');
	else
		buf_printf(w->buf, "(roleattribute %s)\n(roleattributeset %s (", attribute,
			   attribute);
}

/*
 * Names the roles of those files that are not as the rest is: denied ones in an attribute that is
 * written, or allowed ones. How many there are.
 */
static size_t differing_write(const struct writer *w, const struct perms *perms, uint32_t bit,
			      bool directory, bool rest, const char *attribute)
{
	const struct selinux_extra *extra = w->extra;
	size_t n = 0;

	for (size_t i = 0; i < w->artifact->n_labels; i++) {
		const struct selinux_label *label = &w->artifact->labels[i];

		if (is_denied(class_of(w), perms, directory ? label->own : label->child) == rest)
			continue;
		name_write(w, n++, attribute);
		print_label_roles(w, i);
	}
	for (size_t i = 0; i < extra->n_files; i++) {
		uint32_t mask;

		if (!spare_mask(w, &extra->files[i], &mask) || !(mask & bit) == !rest)
			continue;
		name_write(w, n++, attribute);
		buf_printf(w->buf, "karmor_o%s_r", extra->files[i].name);
	}
	buf_puts(w->buf, n ? "))\n" : "");
	return n;
}

/* Pipes have no path: their type is that of the task that made them. */
static const char *exempt(const struct writer *w, const struct perms *perms, bool rest)
{
	if (perms->libraries && w->artifact->facts.n_libraries)
		return "(eq t2 karmor_libraries)";
	if (rest && strcmp(perms->class, "fifo_file") == 0 && w->artifact->facts.has_domain)
		return "(eq t2 domain)";
	return NULL;
}

static void deny_write(const struct writer *w, const struct perms *perms, bool rest,
		       const char *attribute)
{
	const char *but = exempt(w, perms, rest);

	buf_printf(w->buf, "(constrain (%s (%s)) ", perms->class, perms->perms);
	buf_puts(w->buf, but ? "(or " : "");
	buf_puts(w->buf, but ? but : "");
	buf_puts(w->buf, but ? " " : "");
	print_with_class(w, attribute ? "(or (neq r1 " : "(neq r1 ", ")");
	if (attribute)
		buf_printf(w->buf, " (%s r2 %s))", rest ? "eq" : "neq", attribute);
	buf_puts(w->buf, but ? "))\n" : ")\n");
}

/* Whether a spare role is denied one of two rows alone that are about the same operation. */
static bool is_split(const struct writer *w, enum selinux_op op)
{
	uint32_t rows[2] = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(file_perms); i++)
		if (file_perms[i].op == op && !file_perms[i].exact)
			rows[file_perms[i].program] |= bit_of(false, i);
	for (size_t i = 0; i < w->extra->n_files; i++) {
		uint32_t mask;

		if (spare_mask(w, &w->extra->files[i], &mask) &&
		    !(mask & rows[0]) != !(mask & rows[1]))
			return true;
	}
	return false;
}

/* Whether there are programs that a row leaves out. */
static bool is_opened(const struct writer *w, const struct perms *perms)
{
	const bool *opened = class_of(w)->opened[perms->op];

	for (size_t i = 0; perms->program && i < w->artifact->automaton->n_accepts; i++)
		if (opened[i])
			return true;
	return perms->program && is_split(w, perms->op);
}

/* Rows that are about the same files share an attribute. */
static bool is_same_files(const struct writer *w, const struct perms *a, const struct perms *b)
{
	return a->op == b->op && a->exact == b->exact && is_opened(w, a) == is_opened(w, b);
}

static void table_write(const struct writer *w, const struct perms *table, size_t n, bool directory)
{
	_cleanup_buf_ struct buf attribute = { 0 };
	size_t differing = 0;

	for (size_t i = 0; i < n; i++) {
		bool rest = is_denied(class_of(w), &table[i], w->artifact->rest);

		if (i == 0 || !is_same_files(w, &table[i], &table[i - 1])) {
			buf_reset(&attribute);
			buf_printf(&attribute, "karmor_w%u_%s_%s%s%s%s%s",
				   w->artifact->numbers[w->set], class_of(w)->id,
				   rest ? "may_" : "not_", directory ? "dir_" : "",
				   table[i].exact ? "exactly_" : "", op_names[table[i].op],
				   is_opened(w, &table[i]) ? "_program" : "");
			w->buf->failed |= buf_failed(&attribute);
			differing = buf_failed(&attribute)
					    ? 0
					    : differing_write(w, &table[i], bit_of(directory, i),
							      directory, rest, attribute.data);
		}
		if (rest || differing)
			deny_write(w, &table[i], rest, differing ? attribute.data : NULL);
	}
}

static void network_write(const struct writer *w)
{
	for (size_t i = 0; i < w->artifact->n_sockets; i++)
		if (class_of(w)->network[i] == KARMOR_BLOCK) {
			buf_printf(w->buf, "(constrain (%s (" SOCKET_PERMS " write)) (neq r1 ",
				   w->artifact->sockets[i]);
			print_with_class(w, "", "))\n");
		}
}

static void capability_deny(const struct writer *w, const char *class, unsigned capability)
{
	buf_printf(w->buf, "(constrain (%s (%s)) (neq r1 ", class, ir_capability_name(capability));
	print_with_class(w, "", "))\n");
}

static void capabilities_write(const struct writer *w)
{
	const struct selinux_facts *facts = &w->artifact->facts;

	for (unsigned i = 0; i < IR_CAPABILITY_COUNT; i++) {
		if (class_of(w)->capabilities[i] != KARMOR_BLOCK || !facts->has_capability[i])
			continue;
		capability_deny(w, selinux_capability_class(i), i);
		if (i < 32 ? facts->has_cap_userns : facts->has_cap2_userns)
			capability_deny(w, i < 32 ? "cap_userns" : "cap2_userns", i);
	}
}

void print_denials(struct writer *w)
{
	for (print_first(w); print_next(w);) {
		buf_printf(w->buf, "\n; What workload %zu is denied, class %s of sources.\n",
			   w->set, class_of(w)->id);
		table_write(w, file_perms, ARRAY_SIZE(file_perms), false);
		table_write(w, dir_perms, ARRAY_SIZE(dir_perms), true);
		network_write(w);
		capabilities_write(w);
	}
}

/* Whether some class has something logged. */
static bool is_logged(struct writer *w, bool (*is)(const struct writer *w, size_t i), size_t i)
{
	for (print_first(w); print_next(w);)
		if (is(w, i))
			return true;
	return false;
}

static bool logs_op(const struct writer *w, size_t op)
{
	const uint8_t *verdicts = class_of(w)->verdicts[op];

	for (size_t i = 0; i < w->artifact->n_labels; i++)
		if (verdicts[w->artifact->labels[i].own] == KARMOR_AUDIT ||
		    verdicts[w->artifact->labels[i].child] == KARMOR_AUDIT)
			return true;
	return verdicts[w->artifact->rest] == KARMOR_AUDIT;
}

static bool logs_socket(const struct writer *w, size_t i)
{
	return class_of(w)->network[i] == KARMOR_AUDIT;
}

static bool logs_capability(const struct writer *w, size_t i)
{
	return class_of(w)->capabilities[i] == KARMOR_AUDIT && w->artifact->facts.has_capability[i];
}

int print_logged(const struct selinux_artifact *artifact, print_logged_fn *fn, void *data)
{
	struct writer w = { .artifact = artifact };
	int r = 0;

	for (size_t i = 0; r == 0 && i < SELINUX_OPS; i++)
		if (is_logged(&w, logs_op, i))
			r = fn(op_names[i], data);
	for (size_t i = 0; r == 0 && i < artifact->n_sockets; i++)
		if (is_logged(&w, logs_socket, i))
			r = fn(artifact->sockets[i], data);
	for (unsigned i = 0; r == 0 && i < IR_CAPABILITY_COUNT; i++)
		if (is_logged(&w, logs_capability, i))
			r = fn(ir_capability_name(i), data);
	return r;
}

static void op_log(const struct writer *w, const char *domain, size_t op)
{
	if (op == SELINUX_EXEC) {
		buf_printf(w->buf, "(auditallow %s karmor_programs (file (execute)))\n", domain);
		if (w->artifact->facts.n_libraries)
			buf_printf(w->buf,
				   "(auditallow %s karmor_libraries (file (execute_no_trans)))\n",
				   domain);
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(file_perms); i++)
		if (file_perms[i].op == op && !file_perms[i].made)
			buf_printf(w->buf, "(auditallow %s karmor_types (%s (%s)))\n", domain,
				   file_perms[i].class, file_perms[i].perms);
	for (size_t i = 0; i < ARRAY_SIZE(dir_perms); i++)
		if (dir_perms[i].op == op)
			buf_printf(w->buf, "(auditallow %s karmor_types (dir (%s)))\n", domain,
				   dir_perms[i].perms);
}

void print_logs(struct writer *w, const char *domain)
{
	const struct selinux_facts *facts = &w->artifact->facts;

	for (size_t op = 0; op < SELINUX_OPS; op++)
		if (is_logged(w, logs_op, op))
			op_log(w, domain, op);
	for (size_t i = 0; i < w->artifact->n_sockets; i++)
		if (is_logged(w, logs_socket, i))
			buf_printf(w->buf, "(auditallow %s self (%s (" SOCKET_PERMS ")))\n", domain,
				   w->artifact->sockets[i]);
	for (unsigned i = 0; i < IR_CAPABILITY_COUNT; i++) {
		const char *name = ir_capability_name(i);

		if (!is_logged(w, logs_capability, i))
			continue;
		buf_printf(w->buf, "(auditallow %s self (%s (%s)))\n", domain,
			   selinux_capability_class(i), name);
		if (i < 32 ? facts->has_cap_userns : facts->has_cap2_userns)
			buf_printf(w->buf, "(auditallow %s self (%s (%s)))\n", domain,
				   i < 32 ? "cap_userns" : "cap2_userns", name);
	}
}
