/* SPDX-License-Identifier: Apache-2.0 */
/* See table-report.h: which of it is about a row. */
#include "table-report.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "cleanup.h"
#include "eval.h"
#include "ir.h"
#include "match.h"
#include "ruleset.h"

#define KEPT_PROGRAM "the program can be changed by nobody"

static bool is_kept_program(const struct pass *pass, const struct access *access)
{
	for (size_t i = 0; i < pass->set->n_rules; i++) {
		const struct ruleset_rule *rule = &pass->set->rules[i];

		if (rule->ir->section == KARMOR_PROCESS && rule->action == KARMOR_BLOCK &&
		    rule->match == IR_PATH && access->path && strcmp(rule->path, access->path) == 0)
			return true;
	}
	return false;
}

static struct eval_verdict asked_as(const struct pass *pass, const struct access *access,
				    enum karmor_section section, enum karmor_op op)
{
	struct access other = *access;

	other.section = section;
	other.op = op;
	return eval_ask(pass->set, &other);
}

/* The posture closes it, and a rule lets somebody execute it. */
static bool is_opened_program(const struct pass *pass, const struct access *access)
{
	bool run = false;

	for (size_t i = 0; i < pass->set->n_rules; i++) {
		const struct ruleset_rule *rule = &pass->set->rules[i];

		run |= rule->ir->section == KARMOR_PROCESS && rule->action != KARMOR_BLOCK &&
		       match_path(rule->match, rule->path, rule->recursive, access->path);
	}
	return run && !asked_as(pass, access, KARMOR_FILE, KARMOR_READ).rule;
}

/* Where owners are not known, by what holds for who is none. */
static bool is_unreadable_program(const struct pass *pass, const struct access *access)
{
	struct access other = *access;

	other.owner = false;
	return asked_as(pass, access, KARMOR_FILE, KARMOR_READ).action == KARMOR_BLOCK ||
	       asked_as(pass, &other, KARMOR_FILE, KARMOR_READ).action == KARMOR_BLOCK;
}

static bool is_name_of(const struct ruleset_rule *rule, const struct access *access)
{
	return rule->match != IR_DIR || strcmp(rule->path, access->path) == 0;
}

/* A label of the file or of the directory itself, and not of all that is made in one. */
static bool is_named_alone(const struct pass *pass, const struct access *access)
{
	for (size_t i = 0; i < pass->set->n_rules; i++)
		if (is_name_of(&pass->set->rules[i], access) &&
		    eval_matches(&pass->set->rules[i], access))
			return true;
	return false;
}

static bool is_of_shared_class(const struct pass *pass, const struct access *access)
{
	bool usual = access->type == SOCK_STREAM ||
		     (access->type == SOCK_DGRAM &&
		      (access->number == 0 || access->number == IPPROTO_UDP));
	/* All sockets of another family are of one class. */
	bool rare = access->family != AF_UNSPEC && access->family != AF_INET &&
		    access->family != AF_INET6;

	return pass->set && (!usual || rare);
}

static const struct shortcoming shortcomings[] = {
	{ ACT_SOCKET, "not protocols", LAXER | STRICTER | OTHER, NULL },
	{ ACT_MKNOD, "about to be created", LAXER | STRICTER | OTHER, NULL },
	{ ACT_MKDIR, "about to be created", LAXER | STRICTER | OTHER, NULL },
	{ ACT_CHMOD, "mode and owner of no directory above", STRICTER | OTHER, NULL },
	{ ACT_CAPABILITY, "logs a capability", UNTOLD, NULL },
	{ ACT_WRITE, KEPT_PROGRAM, STRICTER, is_kept_program },
	{ ACT_TRUNCATE, KEPT_PROGRAM, STRICTER, is_kept_program },
	{ ACT_UNLINK, KEPT_PROGRAM, STRICTER, is_kept_program },
	{ ACT_MKNOD, KEPT_PROGRAM, STRICTER, is_kept_program },
	{ ACT_CHMOD, KEPT_PROGRAM, STRICTER, is_kept_program },
	/* SELinux. */
	{ ACT_SOCKET, "one class for raw sockets", STRICTER | OTHER, is_of_shared_class },
	{ ACT_MKNOD, "gets this name later", LAXER | STRICTER | OTHER, is_named_alone },
	{ ACT_MKDIR, "gets this name later", LAXER | STRICTER | OTHER, is_named_alone },
	{ ACT_MKNOD, "get such a name later", LAXER | STRICTER | OTHER, is_named_alone },
	{ ACT_MKDIR, "get such a name later", LAXER | STRICTER | OTHER, is_named_alone },
	{ ACT_READ, "can be read as well", LAXER, is_opened_program },
	{ ACT_EXEC, "can be executed only where", STRICTER, is_unreadable_program },
	{ ACT_EXEC, "cannot be executed either", STRICTER, is_unreadable_program },
	{ ACT_READ, "from being listed is not told", UNTOLD, NULL, true },
};

/* SELinux knows these sources by their type, and says so. */
static const struct shortcoming wild = { 0, "of the sources, only executables of the type count",
					 LAXER | STRICTER | OTHER, NULL };

static bool is_of_section(const struct karmor_report_line *line, const struct live_row *row)
{
	const char *section = ir_section_name(row->access.section);
	size_t len = strlen(section);

	return strncmp(line->rule, section, len) == 0 && line->rule[len] == '.';
}

static bool is_decisive(const struct karmor_report_line *line, const struct live_row *row)
{
	const struct karmor_verdict *verdict = &row->reference;

	return verdict->rule && strcmp(line->policy, verdict->policy) == 0 &&
	       strcmp(line->rule, verdict->rule) == 0 && line->line == verdict->line;
}

/* The rule that decided is not supported, or no rule of the section is. */
static void judge_supported(struct live_row *row, const struct karmor_report *report)
{
	struct karmor_report_line line = KARMOR_STRUCT(karmor_report_line);
	const char *reason = NULL;
	bool some = false;

	for (size_t i = 0; karmor_report_at(report, i, &line) == 0; i++) {
		bool unsupported = line.fidelity == KARMOR_UNSUPPORTED;

		if (unsupported && is_decisive(&line, row))
			row_settle(row, ROW_UNASKED, "reported unsupported: %s", line.reason);
		if (!is_of_section(&line, row))
			continue;
		some |= !unsupported;
		reason = unsupported ? line.reason : reason;
	}
	if (reason && !some)
		row_settle(row, ROW_UNASKED, "reported unsupported: %s", reason);
}

static bool report_names(const struct karmor_report *report, const char *words)
{
	struct karmor_report_line line = KARMOR_STRUCT(karmor_report_line);

	for (size_t i = 0; karmor_report_at(report, i, &line) == 0; i++)
		if (line.reason && strstr(line.reason, words))
			return true;
	return false;
}

static bool is_wild_source(const struct ruleset_rule *rule, const char *source)
{
	bool matches = false;

	for (size_t i = 0; i < rule->ir->n_sources; i++) {
		const struct ir_source *from = &rule->sources[i];

		if (!match_path(from->match, from->path, from->recursive, source))
			continue;
		if (from->match == IR_PATH)
			return false;
		matches = true;
	}
	return matches;
}

static bool has_wild_source(const struct pass *pass, const struct access *access)
{
	for (size_t i = 0; access->source && i < pass->set->n_rules; i++)
		if (pass->set->rules[i].ir->section == access->section &&
		    is_wild_source(&pass->set->rules[i], access->source))
			return true;
	return false;
}

static void note_shortcoming(struct deed *deed, const struct pass *pass)
{
	if (has_wild_source(pass, &deed->row->access) && report_names(pass->report, wild.words))
		deed->shortcoming = &wild;
	for (size_t i = 0; i < ARRAY_SIZE(shortcomings); i++)
		if (shortcomings[i].kind == deed->kind &&
		    (deed->row->is_directory || !shortcomings[i].of_directories) &&
		    (!shortcomings[i].of || shortcomings[i].of(pass, &deed->row->access)) &&
		    report_names(pass->report, shortcomings[i].words))
			deed->shortcoming = &shortcomings[i];
}

void judge_report(struct pass *pass)
{
	for (size_t i = 0; i < pass->n_deeds; i++)
		note_shortcoming(&pass->deeds[i], pass);
	for (size_t i = 0; i < pass->n_rows; i++)
		judge_supported(pass->rows[i], pass->report);
}
