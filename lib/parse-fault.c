/* SPDX-License-Identifier: Apache-2.0 */
/* See parse-fault.h. */
#include "parse-fault.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "cleanup.h"

struct fault {
	enum karmor_level level;
	struct place place;
	size_t ordinal;
	bool is_last; /* tells that there were more */
	const char *text, *fix;
	struct fault *next;
};

/* The length of "[12]" at @text; 0: there is none. */
static size_t index_length(const char *text)
{
	size_t n = *text == '[' ? strspn(text + 1, "0123456789") : 0;

	return n && text[1 + n] == ']' ? n + 2 : 0;
}

/* What an alias stands for has another index each time and is the same text all the same. */
static bool is_same(const char *a, const char *b)
{
	while (*a && *a == *b) {
		size_t skip_a = index_length(a), skip_b = index_length(b);

		a += skip_a && skip_b ? skip_a : 1;
		b += skip_a && skip_b ? skip_b : 1;
	}
	return *a == *b;
}

static bool is_known(const struct faults *faults, const struct place *place, const char *text)
{
	for (const struct fault *fault = faults->head; fault; fault = fault->next)
		if (fault->place.line == place->line && fault->place.column == place->column &&
		    is_same(fault->text, text))
			return true;
	return false;
}

static const char *format_text(struct faults *faults, const char *format, va_list args)
{
	_cleanup_free_ char *text = NULL;
	const char *ret;
	int len = vasprintf(&text, format, args);

	if (len < 0)
		text = NULL;
	ret = text ? arena_memdup(&faults->arena, text, (size_t)len) : NULL;
	if (!ret)
		faults->out_of_memory = true;
	return ret;
}

const char *fault_fix(struct faults *faults, const char *format, ...)
{
	const char *ret;
	va_list args;

	va_start(args, format);
	ret = format_text(faults, format, args);
	va_end(args);
	return ret;
}

static void keep(struct faults *faults, const struct fault *fault)
{
	struct fault *copy = arena_alloc(&faults->arena, sizeof(*copy));

	if (!copy) {
		faults->out_of_memory = true;
		return;
	}
	*copy = *fault;
	if (!faults->head)
		faults->tail = &faults->head;
	*faults->tail = copy;
	faults->tail = &copy->next;
	faults->n[fault->level == KARMOR_ERROR]++;
}

/* Tells that there were more, once; that errors were dropped must not make the file a good one. */
static void keep_last(struct faults *faults, struct fault *fault)
{
	bool is_error = fault->level == KARMOR_ERROR;

	if (faults->told[is_error] + faults->n[is_error] > FAULTS_MAX)
		return;
	fault->level = is_error ? KARMOR_ERROR : KARMOR_NOTE;
	fault->text = is_error ? "too many faults in this file, the others are not shown"
			       : "too many notes on this file, the others are not shown";
	fault->fix = NULL;
	fault->is_last = true;
	keep(faults, fault);
}

void fault_add(struct faults *faults, enum karmor_level level, const struct place *place,
	       const char *fix, const char *format, ...)
{
	bool is_error = level == KARMOR_ERROR;
	struct fault fault = {
		.level = level, .place = *place, .ordinal = faults->n[0] + faults->n[1], .fix = fix
	};
	va_list args;

	faults->errors += is_error;
	if (faults->told[is_error] + faults->n[is_error] >= FAULTS_MAX) {
		keep_last(faults, &fault);
		return;
	}
	va_start(args, format);
	fault.text = format_text(faults, format, args);
	va_end(args);
	if (fault.text && !is_known(faults, place, fault.text))
		keep(faults, &fault);
}

void faults_drop(struct faults *faults)
{
	arena_done(&faults->arena);
	*faults = (struct faults){ .told = { faults->told[0], faults->told[1] } };
}

static int by_place(const void *a, const void *b)
{
	const struct fault *x = *(const struct fault *const *)a;
	const struct fault *y = *(const struct fault *const *)b;

	if (x->is_last != y->is_last)
		return x->is_last ? 1 : -1;
	if (x->place.line != y->place.line)
		return x->place.line < y->place.line ? -1 : 1;
	if (x->place.column != y->place.column)
		return x->place.column < y->place.column ? -1 : 1;
	return x->ordinal < y->ordinal ? -1 : 1;
}

int faults_tell(struct faults *faults, struct karmor_diag *diag)
{
	bool out_of_memory = faults->out_of_memory;
	const struct fault **sorted, *fault = faults->head;
	size_t n = faults->n[0] + faults->n[1];

	sorted = arena_array(&faults->arena, n, sizeof(*sorted));
	for (size_t i = 0; sorted && i < n; i++, fault = fault->next)
		sorted[i] = fault;
	if (sorted && n)
		qsort(sorted, n, sizeof(*sorted), by_place);
	for (size_t i = 0; sorted && i < n; i++)
		diag_add(diag, sorted[i]->level, &sorted[i]->place, sorted[i]->fix, "%s",
			 sorted[i]->text);
	for (size_t i = 0; i < 2; i++)
		faults->told[i] += faults->n[i];
	faults_drop(faults);
	return sorted && !out_of_memory ? 0 : -ENOMEM;
}
