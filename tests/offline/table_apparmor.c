/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The profiles that the AppArmor backend writes, compiled by apparmor_parser and asked without
 * AppArmor in the kernel: each row of a table. What the report calls unsupported is not asked;
 * where it says that protocols go with others, the answer may be that of the others; everything
 * else must agree with eval.
 *
 *     table_apparmor [--priority] [--lasting] [--width N] [--random N] [--rules N] [--sources N]
 *         [--kinds N] TABLE...
 *
 * --random asks N random policies as well (KARMOR_SEED); --rules a policy of N rules, --sources one
 * of which some name a source, --kinds one that tells N sources apart. --priority: the parser is
 * of 4.1. --lasting: policies may change, so that no source's profile is on top of others'.
 * --width: N more profiles are stacked on each, whatever the rules' number. A stack lets pass what
 * each of its profiles lets pass, and logs what any of them logs.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "../../daemon/table.h"
#include "apparmor-dfa.h"
#include "apparmor-policies.h"
#include "apparmor/apparmor.h"
#include "apparmor/parser.h"
#include "bpf-random.h"
#include "buf.h"
#include "caps.h"
#include "cleanup.h"
#include "judge.h"
#include "match.h"

/* A kernel, as data. */
#define FEATURES "tests/data/apparmor/features-6.1"
#define NAME "karmor"
#define MANY_QUESTIONS 20000
/* Classes with a stack each, or one class with the widest stack. */
#define PROFILES_MAX (APPARMOR_CLASSES_MAX * 8 + APPARMOR_WIDTH_MAX)
#define SOURCE_SIZE 64

static bool priorities;
static bool lasting;	/* policies may change */
static long width = -1; /* -1: as the rules ask for */

/* What a row's policies became. */
struct judged {
	const struct karmor_ruleset *set;
	struct karmor_caps *caps;
	struct karmor_artifact *artifact;
	struct karmor_report *report;
	struct buf text, binary;
	struct apparmor_names names;
	struct dfa_profile profiles[PROFILES_MAX];
	long n;
	const struct dfa_profile **places; /* by class and place in its stack */
	char (*led)[SOURCE_SIZE];	   /* sources whose exec was asked from every class */
	size_t n_led;
};

void judged_free(struct judged *j)
{
	if (!j)
		return;
	buf_done(&j->text);
	buf_done(&j->binary);
	free(j->places);
	free(j->led);
	karmor_report_free(j->report);
	karmor_artifact_free(j->artifact);
	karmor_caps_free(j->caps);
	free(j);
}

const char *judged_text(const struct judged *j)
{
	return j->text.data;
}

static const struct apparmor_ruleset *ruleset_of(const struct judged *j)
{
	return apparmor_ruleset_at(j->artifact, 0);
}

static int compile_piece(struct judged *j, size_t piece, struct karmor_diag *diag)
{
	const struct apparmor_mediates nothing_else = { 0 };
	size_t from = j->text.len;

	apparmor_write_piece(&j->text, &nothing_else, ruleset_of(j), &j->names, piece);
	return buf_failed(&j->text) ? -ENOMEM
				    : parser_run(j->text.data + from, j->text.len - from, FEATURES,
						 piece > 0 && j->names.width, &j->binary, diag);
}

/* One on top of others' for a class that has it, else one for each place of the stack. */
static long profiles_expected(const struct judged *j)
{
	size_t tops = ruleset_of(j)->n_narrow;
	size_t wholes = ruleset_of(j)->n_profiles - tops;
	size_t open = j->names.groups ? j->names.groups + 1 : 0;

	return (long)(tops + wholes * (j->names.width + 1) + open);
}

static size_t places_of(const struct judged *j)
{
	return 2 + j->names.width + j->names.groups;
}

static const struct dfa_profile *profile_find(const struct judged *j, size_t class, size_t place)
{
	_cleanup_buf_ struct buf name = { 0 };

	apparmor_profile_name(&name, &j->names, class, place);
	for (long i = 0; i < j->n; i++)
		if (strcmp(j->profiles[i].name, name.data) == 0)
			return &j->profiles[i];
	return NULL;
}

static int places_make(struct judged *j)
{
	size_t n = ruleset_of(j)->n_profiles;

	j->places = calloc(n * places_of(j), sizeof(*j->places));
	for (size_t class = 0; j->places && class < n; class ++)
		for (size_t place = 0; place < apparmor_stack(&j->names, class); place++)
			j->places[class * places_of(j) + place] = profile_find(j, class, place);
	return j->places ? 0 : -ENOMEM;
}

static int make_profiles(struct judged *j, struct karmor_diag *diag)
{
	const struct karmor_ruleset *sets[] = { j->set };
	int r = karmor_caps_full(karmor_backend_find("apparmor"), &j->caps);

	r = r ? r : caps_set(j->caps, APPARMOR_CAP_PRIORITY, priorities);
	r = r ? r : caps_set(j->caps, CAPS_ONCE, !lasting);
	r = r ? r : karmor_compile(sets, 1, j->caps, &j->artifact, &j->report, diag);
	if (r)
		return r;
	j->names = apparmor_names_of(ruleset_of(j), NAME);
	if (width >= 0 && !j->names.groups)
		j->names.width = (size_t)width;
	for (size_t i = 0; r == 0 && i < apparmor_pieces(&j->names); i++)
		r = compile_piece(j, i, diag);
	if (r)
		return r;
	j->n = dfa_read((const uint8_t *)j->binary.data, j->binary.len, j->profiles, PROFILES_MAX);
	return j->n == profiles_expected(j) ? places_make(j) : -1;
}

/* The class whose rules are those that @source is named by. */
static int class_of(const struct judged *j, const char *source)
{
	const struct apparmor_ruleset *set = ruleset_of(j);

	for (size_t class = 0; class < set->n_profiles; class ++) {
		bool same = true;

		for (size_t i = 0; i < set->n_rules && same; i++)
			same = set->rules[i].section == KARMOR_SYSCALLS ||
			       apparmor_classes_have(&set->rules[i].classes, class) ==
				       match_source(&j->set->rules[i], source);
		if (same)
			return (int)class;
	}
	return -1;
}

static const struct dfa_profile *profile_of(const struct judged *j, unsigned class, size_t part)
{
	return j->places[class * places_of(j) + part];
}

static struct dfa_answer ask(const struct dfa_profile *profile, const struct access *access)
{
	static const enum dfa_perm perms[] = {
		[KARMOR_EXEC] = DFA_EXEC, [KARMOR_READ] = DFA_READ, [KARMOR_WRITE] = DFA_WRITE
	};

	if (access->section == KARMOR_NETWORK)
		return dfa_socket(profile, (unsigned)access->family, (unsigned)access->type);
	if (access->section == KARMOR_CAPABILITIES)
		return dfa_capability(profile, access->capability);
	return dfa_path(profile, access->path, perms[access->op], access->owner);
}

/* Whether @name is among the profiles of a stack. */
static bool is_within(const char *name, size_t len, const char *stack)
{
	for (const char *at = stack, *next; at; at = next ? next + 3 : NULL) {
		next = strstr(at, "//&");
		if ((next ? (size_t)(next - at) : strlen(at)) == len && strncmp(at, name, len) == 0)
			return true;
	}
	return false;
}

static bool has_all(const char *stack, const char *of)
{
	for (const char *at = of, *next; at; at = next ? next + 3 : NULL) {
		next = strstr(at, "//&");
		if (!is_within(at, next ? (size_t)(next - at) : strlen(at), stack))
			return false;
	}
	return true;
}

/*
 * An exec by a task of @from, if it is allowed, must lead to the profiles of @to and no other ones:
 * each profile of the stack says where it leads, and the kernel takes all of that. Under
 * no_new_privs it also must keep what the first class is under.
 */
static bool leads_from(const struct judged *j, const char *source, size_t from, size_t to)
{
	_cleanup_buf_ struct buf wanted = { 0 }, found = { 0 }, first = { 0 };
	bool allow = true;

	for (size_t place = 0; place < apparmor_stack(&j->names, from); place++) {
		const struct dfa_profile *profile = profile_of(j, (unsigned)from, place);
		struct dfa_answer answer;

		if (!profile)
			return false;
		answer = dfa_path(profile, source, DFA_EXEC, true);
		allow &= answer.allow;
		buf_puts(&found, place ? "//&" : "");
		buf_puts(&found, answer.target ? answer.target : profile->name);
	}
	apparmor_label(&wanted, &j->names, to);
	apparmor_label(&first, &j->names, 0);
	if (buf_failed(&wanted) || buf_failed(&found) || buf_failed(&first))
		return false;
	return !allow ||
	       (has_all(found.data, wanted.data) && has_all(wanted.data, found.data) &&
		(!apparmor_classes_have(&j->names.narrow, to) || has_all(found.data, first.data)));
}

static bool was_led(const struct judged *j, const char *source)
{
	for (size_t i = 0; i < j->n_led; i++)
		if (strcmp(j->led[i], source) == 0)
			return true;
	return false;
}

/* Once for each source. */
static bool leads(struct judged *j, const char *source, unsigned class)
{
	char(*led)[SOURCE_SIZE];

	if (was_led(j, source))
		return true;
	for (size_t from = 0; from < ruleset_of(j)->n_profiles; from++)
		if (!leads_from(j, source, from, class))
			return false;
	led = strlen(source) < SOURCE_SIZE ? reallocarray(j->led, j->n_led + 1, sizeof(*led))
					   : NULL;
	if (led) {
		strcpy(led[j->n_led++], source);
		j->led = led;
	}
	return true;
}

/* Of the whole stack. @records: how many profiles of it would log that. */
static struct dfa_answer ask_stack(const struct judged *j, unsigned class,
				   const struct access *access, size_t *records)
{
	struct dfa_answer ret = { .allow = true };

	*records = 0;
	for (size_t part = 0; part < apparmor_stack(&j->names, class); part++) {
		const struct dfa_profile *profile = profile_of(j, class, part);
		struct dfa_answer answer = { 0 };

		if (profile)
			answer = ask(profile, access);
		ret.allow &= answer.allow;
		ret.audit |= answer.allow && answer.audit;
		ret.quiet |= !answer.allow && answer.quiet;
		*records += !answer.allow || answer.audit;
	}
	return ret;
}

static enum karmor_action action_of(struct dfa_answer answer)
{
	return !answer.allow ? KARMOR_BLOCK : answer.audit ? KARMOR_AUDIT : KARMOR_ALLOW;
}

/* How well the section's rules are kept, the worst of them. */
static enum karmor_fidelity fidelity_of(const struct judged *j, enum karmor_section section)
{
	struct karmor_report_line line = KARMOR_STRUCT(karmor_report_line);
	enum karmor_fidelity ret = KARMOR_EXACT;

	for (size_t i = 0; karmor_report_at(j->report, i, &line) == 0; i++)
		if (j->set->rules[i].ir->section == section && line.fidelity > ret)
			ret = line.fidelity;
	return ret;
}

/*
 * What no task of the kind can do: exec the root directory (AppArmor calls a memfd so), or make a
 * socket of no family or of no type, or of one that has no name in a profile.
 */
static bool is_open_question(const struct access *access)
{
	if (access->section == KARMOR_NETWORK)
		return !access->family || !apparmor_type_name((unsigned)access->type);
	return access->op == KARMOR_EXEC && strcmp(access->path, "/") == 0;
}

/* What the report says of protocols: a type's usual one decides, of raw sockets the strictest. */
static enum karmor_action reported_action(const struct judged *j, struct access access)
{
	static const int numbers[] = { 1, 6, 17, 33, 58, 132, 136, 255, 262 };
	enum karmor_action ret;

	access.number = 0;
	ret = eval_ask(j->set, &access).action;
	for (size_t i = 0; access.type == SOCK_RAW && i < ARRAY_SIZE(numbers); i++) {
		enum karmor_action action;

		access.number = numbers[i];
		action = eval_ask(j->set, &access).action;
		ret = action > ret ? action : ret;
	}
	return ret;
}

/* The report says that nobody changes a program that a Block rule names. */
static bool is_kept_program(const struct judged *j, const struct access *access, unsigned class)
{
	const struct apparmor_ruleset *set = ruleset_of(j);

	for (size_t i = 0; access->op == KARMOR_WRITE && i < set->n_rules; i++)
		if (set->rules[i].section == KARMOR_PROCESS &&
		    set->rules[i].action == KARMOR_BLOCK && set->rules[i].match == IR_PATH &&
		    !set->rules[i].owner_only &&
		    apparmor_classes_have(&set->rules[i].classes, class) &&
		    strcmp(set->rules[i].path, access->path) == 0)
			return true;
	return false;
}

/* What eval does not speak of: no workload may undo the profile itself. */
static bool is_kept(const struct judged *j, const struct access *access, unsigned class)
{
	const struct apparmor_ruleset *set = ruleset_of(j);

	return access->section == KARMOR_CAPABILITIES &&
	       apparmor_self_capability(set, &set->profiles[class], access->capability);
}

static void judge_verdict(const char *about, const struct judged *j, const struct access *access,
			  unsigned class, bool other_protocols)
{
	enum karmor_action expected =
		is_kept(j, access, class) ? KARMOR_BLOCK : eval_ask(j->set, access).action;
	size_t records;
	struct dfa_answer answer = ask_stack(j, class, access, &records);
	_cleanup_buf_ struct buf what = { 0 };

	if (!answer.allow && answer.quiet) {
		judge_differs(about, "denied without a record", j);
	} else if (records > 1 && (priorities || (!j->names.width && !j->names.groups))) {
		judge_differs(about, "more than one record", j);
	} else if (action_of(answer) != expected && other_protocols &&
		   action_of(answer) == reported_action(j, *access)) {
		judge_total.reported++;
	} else if (action_of(answer) == KARMOR_BLOCK && expected != KARMOR_BLOCK &&
		   is_kept_program(j, access, class)) {
		judge_total.reported++;
	} else if (action_of(answer) != expected) {
		buf_printf(&what, "%s, should be %s", table_action_name(action_of(answer)),
			   table_action_name(expected));
		judge_differs(about, what.data, j);
	}
}

void judged_ask(const char *about, struct judged *j, const struct access *access)
{
	enum karmor_fidelity fidelity = fidelity_of(j, access->section);
	int class;

	if (access->section == KARMOR_SYSCALLS || fidelity == KARMOR_UNSUPPORTED ||
	    is_open_question(access)) {
		judge_total.unasked++;
		return;
	}
	/* Where sources cannot be told apart, no rule of the section names one. */
	class = ruleset_of(j)->n_profiles == 1 ? 0 : class_of(j, access->source);
	if (class < 0 || (access->source && ruleset_of(j)->n_profiles > 1 &&
			  !leads(j, access->source, (unsigned)class)))
		judge_differs(about, "an exec does not lead to the source's profile", j);
	else
		judge_verdict(about, j, access, (unsigned)class,
			      access->section == KARMOR_NETWORK && fidelity == KARMOR_APPROXIMATED);
}

int judged_make(const char *about, const struct karmor_ruleset *set, struct judged **ret,
		struct karmor_diag *diag)
{
	struct judged *j = calloc(1, sizeof(*j));

	*ret = j;
	if (!j)
		return -ENOMEM;
	j->set = set;
	return make_profiles(j, diag);
}

static void judge_many(unsigned long n, bool sources)
{
	_cleanup_(judge_done) struct judge judge = { 0 };
	_cleanup_buf_ struct buf text = { 0 };
	bool made;

	many_policy(&text, n, sources, priorities);
	made = judge_begin(&judge, "many", text.data, "file=block");
	for (int i = 0; i < MANY_QUESTIONS && made; i++) {
		_cleanup_buf_ struct buf path = { 0 };
		struct karmor_access question =
			KARMOR_STRUCT(karmor_access, .op = i % 2 ? KARMOR_READ : KARMOR_WRITE,
				      .source = i % 3 ? NULL : "/bin/cat");

		many_path(&path);
		question.object = path.data;
		judge_ask(&judge, "many", &question);
	}
	if (made)
		printf("%lu rules: %ld profiles of %zu bytes\n", n, judge.judged->n,
		       judge.judged->binary.len);
}

static void judge_sourced(unsigned long n)
{
	_cleanup_(judge_done) struct judge judge = { 0 };
	_cleanup_buf_ struct buf text = { 0 };
	bool made;

	sourced_policy(&text, n);
	made = judge_begin(&judge, "sourced", text.data, NULL);
	for (int i = 0; i < MANY_QUESTIONS && made; i++) {
		_cleanup_buf_ struct buf path = { 0 }, source = { 0 };
		unsigned about = random_below((uint32_t)n), from = random_below((uint32_t)n + 1);
		struct karmor_access question =
			KARMOR_STRUCT(karmor_access, .op = i % 3 ? KARMOR_READ : KARMOR_EXEC);

		buf_printf(&path, "/%c%u", "xfg"[i % 3], about);
		buf_printf(&source, "/s%u", i % 2 ? about : from);
		question.object = path.data;
		question.source = source.data;
		judge_ask(&judge, "sourced", &question);
	}
	if (made)
		printf("%lu sources: %ld profiles of %zu bytes\n", n, judge.judged->n,
		       judge.judged->binary.len);
}

int main(int argc, char *argv[])
{
	const char *seed = getenv("KARMOR_SEED");
	int r = 0;

	random_seed(seed ? strtoull(seed, NULL, 10) : 20260503);
	for (int i = 1; r == 0 && i < argc; i++) {
		if (strcmp(argv[i], "--priority") == 0)
			priorities = true;
		else if (strcmp(argv[i], "--lasting") == 0)
			lasting = true;
		else if (strcmp(argv[i], "--width") == 0 && i + 1 < argc)
			width = strtol(argv[++i], NULL, 10);
		else if (strcmp(argv[i], "--random") == 0 && i + 1 < argc)
			for (unsigned long n = strtoul(argv[++i], NULL, 10); n > 0; n--)
				judge_random(n);
		else if (strcmp(argv[i], "--rules") == 0 && i + 1 < argc)
			judge_many(strtoul(argv[++i], NULL, 10), false);
		else if (strcmp(argv[i], "--sources") == 0 && i + 1 < argc)
			judge_many(strtoul(argv[++i], NULL, 10), true);
		else if (strcmp(argv[i], "--kinds") == 0 && i + 1 < argc)
			judge_sourced(strtoul(argv[++i], NULL, 10));
		else
			r = judge_table(argv[i]);
	}
	return judge_finish(r);
}
