/* SPDX-License-Identifier: Apache-2.0 */
/* See report.h. */
#include "report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sized.h"

struct karmor_report {
	struct arena arena;
	struct karmor_report_line *lines;
	size_t n, size;
};

int report_new(struct karmor_report **ret)
{
	*ret = calloc(1, sizeof(**ret));
	return *ret ? 0 : -ENOMEM;
}

static const char *copy(struct karmor_report *report, const char *text, bool *failed)
{
	const char *ret = text ? arena_strdup(&report->arena, text) : NULL;

	if (text && !ret)
		*failed = true;
	return ret;
}

/* How the rule is read here, where that is not as it was written; empty otherwise. */
static void note_write(struct buf *note, const struct ruleset_rule *rule)
{
	if (rule->ir->match == IR_PATTERN && rule->match == IR_DIR)
		buf_printf(note, "read as %sdirectory \"%s\"", rule->recursive ? "recursive " : "",
			   rule->path);
	else if (rule->path && rule->ir->path && strcmp(rule->path, rule->ir->path) != 0)
		buf_printf(note, "\"%s\" resolves to \"%s\"", rule->ir->path, rule->path);
}

/* Whether the reasons, which "; " parts, say more than that the rule is kept wider. */
static bool is_narrower(const char *reason)
{
	static const char wider[] = "wider: ";

	while (reason) {
		if (strncmp(reason, wider, sizeof(wider) - 1) != 0)
			return true;
		reason = strstr(reason, "; ");
		reason = reason ? reason + 2 : NULL;
	}
	return false;
}

int report_add(struct karmor_report *report, const struct ruleset_rule *rule,
	       enum karmor_fidelity fidelity, const char *reason, const char *fix)
{
	const struct ir_rule *ir = rule->ir;
	const struct source *source = ir->place.source;
	_cleanup_buf_ struct buf note = { 0 };
	struct karmor_report_line *line;
	bool failed = false;

	note_write(&note, rule);
	if (report->n == report->size) {
		size_t size = report->size ? report->size * 2 : 64;

		line = reallocarray(report->lines, size, sizeof(*line));
		if (!line)
			return -ENOMEM;
		report->lines = line;
		report->size = size;
	}
	line = &report->lines[report->n];
	*line = (struct karmor_report_line){
		.size = sizeof(*line),
		.policy = copy(report, ir->policy->name, &failed),
		.file = copy(report, source ? source->name : NULL, &failed),
		.rule = copy(report, ir->locator, &failed),
		.line = ir->place.line,
		.enforcing = rule->action != KARMOR_AUDIT,
		.fidelity = fidelity,
		.reason = copy(report, reason, &failed),
		.fix = copy(report, fix, &failed),
		.narrower = fidelity == KARMOR_APPROXIMATED && is_narrower(reason),
		.note = note.len ? copy(report, note.data, &failed) : NULL,
	};
	if (failed || buf_failed(&note))
		return -ENOMEM;
	report->n++;
	return 0;
}

void report_refuse(struct karmor_report *report, size_t at, size_t n, const char *reason,
		   const char *fix)
{
	for (size_t i = at; i < report->n && i - at < n; i++) {
		struct karmor_report_line *line = &report->lines[i];

		line->fidelity = KARMOR_UNSUPPORTED;
		line->reason = reason;
		line->fix = fix;
		line->narrower = false;
	}
}

void finding_note(struct finding *finding, enum karmor_fidelity fidelity, const char *reason,
		  const char *fix)
{
	if (finding->fidelity == KARMOR_UNSUPPORTED && fidelity < finding->fidelity)
		return;
	if (fidelity == KARMOR_UNSUPPORTED && finding->fidelity < fidelity) {
		buf_reset(&finding->reason);
		finding->fix = NULL;
	}
	if (finding->reason.len)
		buf_puts(&finding->reason, "; ");
	buf_puts(&finding->reason, reason);
	finding->fix = finding->fix ? finding->fix : fix;
	finding->fidelity = fidelity > finding->fidelity ? fidelity : finding->fidelity;
}

int report_add_finding(struct karmor_report *report, const struct ruleset_rule *rule,
		       struct finding *finding)
{
	int r = buf_failed(&finding->reason)
			? -ENOMEM
			: report_add(report, rule, finding->fidelity,
				     finding->reason.len ? finding->reason.data : NULL,
				     finding->fix);

	buf_done(&finding->reason);
	return r;
}

int karmor_report_at(const struct karmor_report *report, size_t i, struct karmor_report_line *ret)
{
	if (i >= report->n)
		return -ENOENT;
	return SIZED_WRITE(ret, &report->lines[i]);
}

void karmor_report_free(struct karmor_report *report)
{
	if (!report)
		return;
	arena_done(&report->arena);
	free(report->lines);
	free(report);
}
