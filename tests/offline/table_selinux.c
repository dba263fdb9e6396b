/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The modules that the SELinux backend writes, compiled together with a base policy by libsepol and
 * asked without SELinux in the kernel: each row of a table. A row is asked of the file that it
 * names, of a directory of that name, and of what would be made beside it. Rules that the report
 * calls unsupported are left aside, and rows that hang on them not asked; sockets that share a
 * class with others may differ, as it says; everything else must agree with eval.
 *
 *     table_selinux [--random N] [--everybody N] TABLE...
 *
 * --random asks N random policies as well (KARMOR_SEED). --everybody: of every N-th module it is
 * proven that it changes nobody else's access.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "../../daemon/table.h"
#include "bpf-random.h"
#include "buf.h"
#include "caps.h"
#include "cleanup.h"
#include "match.h"
#include "selinux-ask.h"
#include "selinux-everybody.h"
#include "selinux-policy.h"
#include "selinux/reference.h"
#include "selinux/selinux.h"

static struct karmor_caps *caps;
#define QUESTIONS 60
#define DOMAIN "unconfined_t"

static struct {
	size_t rows, differ, unsupported, mixed, sources, modules, everybody;
} total;

/* What a row's policies became. */
struct judged {
	struct karmor_policies *policies;
	struct karmor_ruleset *set;
	struct karmor_artifact *artifact;
	struct karmor_report *report;
	struct base *base;
	struct buf text;
	bool *unsupported; /* by rule */
};

static void judged_done(struct judged *j)
{
	buf_done(&j->text);
	base_free(j->base);
	free(j->unsupported);
	karmor_report_free(j->report);
	karmor_artifact_free(j->artifact);
	karmor_ruleset_free(j->set);
	karmor_policies_free(j->policies);
	*j = (struct judged){ 0 };
}

static const struct selinux_artifact *artifact_of(const struct judged *j)
{
	return (const struct selinux_artifact *)j->artifact;
}

static const struct selinux_ruleset *ruleset_of(const struct judged *j)
{
	return &artifact_of(j)->rulesets[0];
}

static int make_set(struct judged *j, const struct table_row *row, struct table_place *place,
		    struct karmor_diag *diag)
{
	const char *const *cells = row->cells;
	bool everything = strcmp(cells[TABLE_LABELS], "*") == 0;
	struct karmor_subject subject = KARMOR_STRUCT(
		karmor_subject, .everything = everything,
		.host = strcmp(cells[TABLE_HOST], "yes") == 0,
		.labels = everything ? NULL : cells[TABLE_LABELS],
		.namespace_name = *cells[TABLE_NAMESPACE] ? cells[TABLE_NAMESPACE] : NULL,
		.container = *cells[TABLE_CONTAINER] ? cells[TABLE_CONTAINER] : NULL,
		.posture = cells[TABLE_POSTURE]);
	int r = table_load(place, cells[TABLE_POLICIES], &j->policies, diag);

	return r ? r : karmor_ruleset_new(j->policies, &subject, &j->set, diag);
}

static int read_report(struct judged *j)
{
	struct karmor_report_line line = KARMOR_STRUCT(karmor_report_line);

	j->unsupported = calloc(j->set->n_rules + 1, sizeof(bool));
	for (size_t i = 0; j->unsupported && i < j->set->n_rules; i++) {
		if (karmor_report_at(j->report, i, &line) != 0)
			return -1;
		j->unsupported[i] = line.fidelity == KARMOR_UNSUPPORTED;
	}
	return j->unsupported ? 0 : -1;
}

/* Compiles the base and the module, and asks that policy from now on. */
static int use_module(struct judged *j)
{
	_cleanup_free_ char *base = reference_cil();
	const char *texts[] = { base, j->text.data };
	_cleanup_free_ void *image = NULL;
	size_t len;
	int r = base ? reference_compile(texts, 2, &image, &len) : -1;

	return r ? r : policy_use(image, len);
}

static int make_module(struct judged *j, struct karmor_diag *diag)
{
	const struct karmor_ruleset *sets[] = { j->set };
	int r = karmor_compile(sets, 1, caps, &j->artifact, &j->report, diag);

	r = r ? r : base_open(caps, &j->base, diag);
	r = r ? r : read_report(j);
	if (r)
		return r;
	selinux_write(&j->text, artifact_of(j));
	total.modules++;
	return buf_failed(&j->text) ? -1 : use_module(j);
}

static void differs(const char *about, const char *what, const struct judged *j)
{
	printf("%s: %s\n", about, what);
	if (getenv("VERBOSE") && j->text.data)
		fputs(j->text.data, stdout);
	total.differ++;
}

/* What eval says, with the rules that are not supported and without. */
static enum karmor_action expect(const struct judged *j, const struct access *access, bool all)
{
	struct eval_access about = { .section = access->section,
				     .op = access->op,
				     .owner = access->owner,
				     .exempt = access->section == KARMOR_NETWORK &&
					       match_family_exempt(access->family) };
	_cleanup_free_ uint32_t *matched = calloc(j->set->n_rules + 1, sizeof(*matched));
	size_t n = 0;

	for (size_t i = 0; matched && i < j->set->n_rules; i++)
		if ((all || !j->unsupported[i]) && eval_matches(&j->set->rules[i], access))
			matched[n++] = (uint32_t)i;
	return eval_choose(j->set, &about, matched, n).action;
}

/* The class of sources of an executable; of none, the first. */
static unsigned class_of(const struct judged *j, const char *source)
{
	const struct selinux_artifact *a = artifact_of(j);

	return source ? a->kinds[a->accept_kinds[automaton_run(a->automaton, source)]].classes[0]
		      : 0;
}

static void subject_write(struct buf *buf, unsigned class)
{
	buf_printf(buf, "unconfined_u:karmor_w0_s%u_r:" DOMAIN ":s0", class);
}

static void object_write(struct buf *buf, const struct judged *j, const char *path, size_t label)
{
	_cleanup_buf_ struct buf copy = { 0 };
	const char *type = selinux_type_of(artifact_of(j), j->base, path, &copy);

	if (label == SELINUX_NO_LABEL)
		buf_printf(buf, "system_u:object_r:%s:s0", type ? type : "default_t");
	else
		buf_printf(buf, "system_u:karmor_o%zu_r:%s:s0", label, type ? type : "default_t");
}

/* Whether an exec by the first class gives a source the role that is its class's. */
static bool leads(const struct judged *j, const char *source, unsigned class)
{
	_cleanup_buf_ struct buf object = { 0 }, first = { 0 }, expected = { 0 };
	_cleanup_free_ char *context = NULL;

	object_write(&object, j, source, selinux_label_of(artifact_of(j), source, false));
	for (unsigned from = 0; from < ruleset_of(j)->n_classes; from++) {
		buf_reset(&first);
		subject_write(&first, from);
		free(context);
		context = policy_exec(first.data, object.data);
		buf_reset(&expected);
		subject_write(&expected, class);
		if (!context || strcmp(context, expected.data) != 0)
			return false;
	}
	return true;
}

/* Whether a source that is no path matches @source, which has a type that was not copied for it. */
static bool is_of_another_type(const struct judged *j, const char *source)
{
	const struct selinux_artifact *a = artifact_of(j);
	_cleanup_buf_ struct buf copy = { 0 };
	bool wild = false;

	selinux_type_of(a, j->base, source, &copy);
	for (size_t i = 0; i < j->set->n_rules; i++)
		for (size_t k = 0; k < j->set->rules[i].ir->n_sources; k++) {
			const struct ir_source *s = &j->set->rules[i].sources[k];

			if (!match_path(s->match, s->path, s->recursive, source))
				continue;
			if (s->match == IR_PATH)
				return false;
			wild = true;
		}
	return wild && !copy.len;
}

static enum karmor_action action_of(const struct gathered *g, bool told)
{
	if (!g->answer.allowed)
		return KARMOR_BLOCK;
	return g->answer.logged && told ? KARMOR_AUDIT : KARMOR_ALLOW;
}

/* @told: the workload's records are kept. */
static void compare(const char *about, const char *what, const struct judged *j,
		    const struct gathered *g, bool told, enum karmor_action expected)
{
	_cleanup_buf_ struct buf text = { 0 };

	buf_printf(&text, "%s: ", what);
	if (g->split)
		buf_puts(&text, "permissions that are not answered alike");
	else if (!g->answer.allowed && !g->answer.logged)
		buf_puts(&text, "denied without a record");
	else if (action_of(g, told) != expected)
		buf_printf(&text, "%s, should be %s", table_action_name(action_of(g, told)),
			   table_action_name(expected));
	else
		return;
	differs(about, text.data, j);
}

static enum selinux_op op_of(enum karmor_op op)
{
	return op == KARMOR_EXEC ? SELINUX_EXEC : op == KARMOR_READ ? SELINUX_READ : SELINUX_WRITE;
}

/* Whether records about a file of this role are kept, as one who reads them would find out. */
static bool is_told(const struct judged *j, unsigned class, size_t label, enum karmor_op op,
		    bool directory)
{
	const struct selinux_artifact *a = artifact_of(j);
	uint32_t accept = label == SELINUX_NO_LABEL ? a->rest
			  : directory		    ? a->labels[label].own
						    : a->labels[label].child;

	return ruleset_of(j)->classes[class].verdicts[op_of(op)][accept] == KARMOR_AUDIT;
}

static void judge_as(const char *about, const struct judged *j, const struct access *access,
		     const char *path, size_t label, bool directory)
{
	unsigned class = class_of(j, access->source);
	_cleanup_buf_ struct buf subject = { 0 }, object = { 0 };
	struct access other = *access;
	struct gathered g;

	other.path = path;
	other.name = strrchr(path, '/') + 1;
	subject_write(&subject, class);
	object_write(&object, j, path, label);
	g = directory ? ask_directory(subject.data, object.data, access->op)
		      : ask_file(subject.data, object.data, access->op);
	compare(about,
		directory	       ? "directory"
		: path == access->path ? "file"
				       : "made beside it",
		j, &g, is_told(j, class, label, access->op, directory), expect(j, &other, false));
}

/* What is made in the directory that the path is in, under a name that no rule has. */
static void judge_beside(const char *about, const struct judged *j, const struct access *access)
{
	_cleanup_free_ char *directory = strdup(access->path);
	_cleanup_buf_ struct buf path = { 0 };
	char *slash = directory ? strrchr(directory, '/') : NULL;

	if (!slash || strlen(directory) < 2)
		return;
	slash[slash == directory] = '\0';
	buf_printf(&path, "%s/\x01", slash == directory ? "" : directory);
	judge_as(about, j, access, path.data, selinux_label_of(artifact_of(j), directory, true),
		 false);
}

static void judge_path(const char *about, const struct judged *j, const struct access *access)
{
	const struct selinux_artifact *a = artifact_of(j);

	judge_as(about, j, access, access->path, selinux_label_of(a, access->path, false), false);
	if (access->op != KARMOR_EXEC)
		judge_as(about, j, access, access->path, selinux_label_of(a, access->path, true),
			 true);
	if (access->op != KARMOR_EXEC)
		judge_beside(about, j, access);
}

static void judge_capability(const char *about, const struct judged *j, const struct access *access)
{
	const struct selinux_class *class = &ruleset_of(j)->classes[class_of(j, access->source)];
	const char *name = ir_capability_name(access->capability);
	bool low = access->capability < 32;
	_cleanup_buf_ struct buf subject = { 0 };
	struct gathered g = { 0 };

	subject_write(&subject, class_of(j, access->source));
	ask_gather(&g, subject.data, subject.data, low ? "capability" : "capability2", name);
	ask_gather(&g, subject.data, subject.data, low ? "cap_userns" : "cap2_userns", name);
	compare(about, name, j, &g, class->capabilities[access->capability] == KARMOR_AUDIT,
		expect(j, access, false));
}

/* The class that a kernel gives a socket of a kind that is never decided about. */
static const char *exempt_class(int family)
{
	return family == AF_UNIX ? "unix_stream_socket" : "netlink_socket";
}

static void judge_socket(const char *about, const struct judged *j, const struct access *access)
{
	const struct selinux_artifact *a = artifact_of(j);
	const struct selinux_class *class = &ruleset_of(j)->classes[class_of(j, access->source)];
	const char *name = selinux_socket_class(a, access->family, access->type, access->number);
	_cleanup_buf_ struct buf subject = { 0 };
	struct gathered g = { 0 };
	size_t i = 0;

	if (!access->family || !access->type || (name && !*name)) { /* no socket that there is */
		total.unsupported++;
		return;
	}
	while (name && i < a->n_sockets && strcmp(a->sockets[i], name) != 0)
		i++;
	subject_write(&subject, class_of(j, access->source));
	ask_gather(&g, subject.data, subject.data, name ? name : exempt_class(access->family),
		   "create bind connect listen accept");
	if (name && class->mixed[i] &&
	    action_of(&g, class->network[i] == KARMOR_AUDIT) > expect(j, access, false))
		total.mixed++;
	else
		compare(about, name ? name : exempt_class(access->family), j, &g,
			name && class->network[i] == KARMOR_AUDIT, expect(j, access, false));
}

static void judge_section(const char *about, const struct judged *j, const struct access *access)
{
	switch (access->section) {
	case KARMOR_PROCESS:
	case KARMOR_FILE:
		judge_path(about, j, access);
		break;
	case KARMOR_NETWORK:
		judge_socket(about, j, access);
		break;
	case KARMOR_CAPABILITIES:
		judge_capability(about, j, access);
		break;
	case KARMOR_SYSCALLS:
		break;
	}
}

static void describe(struct buf *buf, const char *place, const struct karmor_access *question)
{
	buf_printf(buf, "%s: %s \"%s\" from \"%s\"%s", place, table_op_name(question->op),
		   question->object, question->source ? question->source : "-",
		   question->not_owner ? ", not the owner" : "");
}

static void judge(const char *place, const struct judged *j, const struct karmor_access *question)
{
	_cleanup_buf_ struct buf about = { 0 };
	struct access access;
	size_t before = total.differ;

	total.rows++;
	describe(&about, place, question);
	if (access_read(question, &access, NULL) < 0) {
		differs(about.data, "cannot be asked", j);
		return;
	}
	if (access.section == KARMOR_SYSCALLS ||
	    expect(j, &access, true) != expect(j, &access, false)) {
		total.unsupported++;
		return;
	}
	if (access.source && !leads(j, access.source, class_of(j, access.source)) &&
	    is_of_another_type(j, access.source))
		total.sources++;
	else if (access.source && !leads(j, access.source, class_of(j, access.source)))
		differs(about.data, "an exec does not lead to the source's role", j);
	else
		judge_section(about.data, j, &access);
	if (total.differ > before + 1) /* a row differs once */
		total.differ = before + 1;
}

/* Whether both rows are about one workload under one set of policies. */
static bool is_same_set(const struct table_row *a, const struct table_row *b)
{
	bool same = true;

	for (int i = TABLE_POLICIES; a && i <= TABLE_POSTURE; i++)
		same &= strcmp(a->cells[i], b->cells[i]) == 0;
	return a && same;
}

static unsigned long everybody; /* of every N-th module */

static void prove_everybody(const char *about, struct judged *j)
{
	const struct selinux_artifact *a = artifact_of(j);
	_cleanup_buf_ struct buf what = { 0 };

	if (!everybody || (!getenv("KARMOR_LONG") && (total.modules - 1) % everybody))
		return;
	if (everybody_differs(a, j->base, &what) != 0)
		differs(about, what.data ? what.data : "cannot be compared", j);
	total.everybody++;
	if (use_module(j) != 0)
		differs(about, "cannot be compiled again", j);
}

/* @made: the row that @j was made for; NULL: none. */
static void judge_row(const char *table, const struct table_row *row, struct table_place *place,
		      struct judged *j, const struct table_row **made)
{
	_cleanup_buf_ struct buf at = { 0 };
	struct karmor_diag *diag = karmor_diag_new();
	struct karmor_access question =
		KARMOR_STRUCT(karmor_access, .op = (enum karmor_op)table_op(row->cells[TABLE_OP]),
			      .object = row->cells[TABLE_OBJECT],
			      .source = *row->cells[TABLE_SOURCE] ? row->cells[TABLE_SOURCE] : NULL,
			      .not_owner = strcmp(row->cells[TABLE_OWNER], "no") == 0);
	int r = 0;

	buf_printf(&at, "%s:%u", table, row->line);
	if (!row->fault && !is_same_set(*made, row)) {
		judged_done(j);
		r = make_set(j, row, place, diag);
		r = r ? r : make_module(j, diag);
		*made = r ? NULL : row;
		if (r == 0)
			prove_everybody(at.data, j);
	}
	if (row->fault || r) {
		differs(at.data, row->fault ? row->fault : "no module", j);
		karmor_diag_print(diag, stdout, false);
	} else {
		judge(at.data, j, &question);
	}
	karmor_diag_free(diag);
}

static int make_random(struct judged *j, struct buf *text, struct karmor_diag *diag)
{
	struct karmor_subject subject =
		KARMOR_STRUCT(karmor_subject, .everything = true, .posture = random_posture());
	int r = karmor_policies_new(&j->policies);

	random_policy(text, 0);
	if (random_below(2))
		random_policy(text, 1);
	r = r ? r : karmor_policies_add_text(j->policies, "random", text->data, text->len, diag);
	r = r ? r : karmor_ruleset_new(j->policies, &subject, &j->set, diag);
	return r ? r : make_module(j, diag);
}

static void judge_random(unsigned long n)
{
	_cleanup_(judged_done) struct judged j = { 0 };
	_cleanup_buf_ struct buf text = { 0 }, at = { 0 };
	struct karmor_diag *diag = karmor_diag_new();
	int r;

	buf_printf(&at, "case %lu", n);
	r = make_random(&j, &text, diag);
	if (r != 0) {
		differs(at.data, text.data, &j);
		karmor_diag_print(diag, stdout, false);
	} else {
		prove_everybody(at.data, &j);
	}
	for (int i = 0; i < QUESTIONS && r == 0; i++) {
		_cleanup_buf_ struct buf object = { 0 }, source = { 0 };
		struct karmor_access question = random_access(&object, &source);
		size_t before = total.differ;

		judge(at.data, &j, &question);
		if (total.differ != before)
			puts(text.data);
	}
	karmor_diag_free(diag);
}

static int judge_table(const char *name)
{
	struct table_place place = { 0 };
	_cleanup_(judged_done) struct judged j = { 0 };
	const struct table_row *made = NULL;
	struct table table = { 0 };
	int r = table_place_init(&place, name);

	r = r ? r : table_open(&table, name);
	for (size_t i = 0; r == 0 && i < table.n_rows; i++)
		judge_row(name, &table.rows[i], &place, &j, &made);
	if (r)
		fprintf(stderr, "%s: %s\n", name, table.fault ? table.fault : strerror(-r));
	table_drop(&table);
	table_place_done(&place);
	return r;
}

int main(int argc, char *argv[])
{
	const char *seed = getenv("KARMOR_SEED");
	int r = karmor_caps_full(karmor_backend_find("selinux"), &caps);

	random_seed(seed ? strtoull(seed, NULL, 10) : 20260503);
	for (int i = 1; r == 0 && i < argc; i++) {
		if (strcmp(argv[i], "--random") == 0 && i + 1 < argc)
			for (unsigned long n = strtoul(argv[++i], NULL, 10); n > 0; n--)
				judge_random(n);
		else if (strcmp(argv[i], "--everybody") == 0 && i + 1 < argc)
			everybody = strtoul(argv[++i], NULL, 10);
		else
			r = judge_table(argv[i]);
	}
	karmor_caps_free(caps);
	policy_drop();
	printf("%zu modules, %zu compared for everybody; as reported: %zu of sockets that share a "
	       "class, %zu of sources of another type\n",
	       total.modules, total.everybody, total.mixed, total.sources);
	printf("%zu rows, %zu differ, %zu as reported, %zu not asked\n", total.rows, total.differ,
	       total.mixed + total.sources, total.unsupported);
	return r ? 2 : total.differ != 0;
}
