/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of roles and of copied types, by what they stand for: a role that is on a file or on a task
 * means the same after another compilation, whatever else is compiled with it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "selinux.h"
#include "sha256.h"

struct names {
	const struct selinux_compiler *c;
	char **texts; /* by id of an accept set: what it matches */
	size_t n;
};

static void names_done(struct names *names)
{
	for (size_t i = 0; names->texts && i < names->n; i++)
		free(names->texts[i]);
	free(names->texts);
}

static int text_compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Sorted, each once. */
static size_t texts_sort(const char **texts, size_t n)
{
	size_t kept = 0;

	if (n)
		qsort(texts, n, sizeof(*texts), text_compare);
	for (size_t i = 0; i < n; i++)
		if (!kept || strcmp(texts[i], texts[kept - 1]) != 0)
			texts[kept++] = texts[i];
	return kept;
}

static char *matcher_text(enum ir_match match, bool recursive, const char *path)
{
	char *ret = NULL;

	return asprintf(&ret, "%d %d %zu %s\n", (int)match, recursive, strlen(path), path) < 0
		       ? NULL
		       : ret;
}

static int rule_text(const struct ruleset_rule *rule, char **ret)
{
	_cleanup_free_ const char **texts = calloc(rule->n_others + 1, sizeof(*texts));
	_cleanup_buf_ struct buf text = { 0 };
	bool failed = !texts;
	size_t kept;

	for (size_t i = 0; !failed && i <= rule->n_others; i++) {
		texts[i] = matcher_text(rule->match, rule->recursive,
					i ? rule->others[i - 1] : rule->path);
		failed = !texts[i];
	}
	kept = failed ? 0 : rule->n_others + 1;
	if (kept)
		qsort(texts, kept, sizeof(*texts), text_compare);
	for (size_t i = 0; i < kept; i++)
		buf_puts(&text, texts[i]);
	for (size_t i = 0; texts && i <= rule->n_others; i++)
		free((char *)(uintptr_t)texts[i]);
	*ret = failed || buf_failed(&text) ? NULL : strdup(text.data);
	return *ret ? 0 : -ENOMEM;
}

static int texts_make(struct names *names)
{
	const struct selinux_compiler *c = names->c;
	int r = 0;

	names->n = c->n_rules + c->n_sources;
	names->texts = calloc(names->n + 1, sizeof(*names->texts));
	if (!names->texts)
		return -ENOMEM;
	for (size_t i = 0; i < c->n; i++)
		for (size_t j = 0; r == 0 && j < c->sets[i]->n_rules; j++)
			if (c->sets[i]->rules[j].ir->section <= KARMOR_FILE)
				r = rule_text(&c->sets[i]->rules[j],
					      &names->texts[c->offsets[i] + j]);
	for (size_t i = 0; r == 0 && i < c->n_sources; i++) {
		const struct ir_source *source = c->sources[i];
		char *text = matcher_text(source->match, source->recursive, source->path);

		names->texts[c->n_rules + i] = text;
		r = text ? 0 : -ENOMEM;
	}
	return r;
}

/* Whether a rule of ruleset @set names the source @id. */
static bool is_of_set(const struct selinux_compiler *c, size_t set, uint32_t id)
{
	const struct karmor_ruleset *rules = c->sets[set];

	for (size_t i = 0; i < rules->n_rules; i++)
		for (size_t j = 0; j < rules->rules[i].ir->n_sources; j++)
			if (selinux_is_same_source(c->sources[id - c->n_rules],
						   &rules->rules[i].sources[j]))
				return true;
	return false;
}

#define EVERYTHING SIZE_MAX /* rules and sources */
#define ALL_SOURCES (SIZE_MAX - 1)

/* What an accept set matches; @of: everything, all sources, or those of one ruleset. */
static int accept_add(const struct names *names, struct sha256 *sha, uint32_t accept, size_t of)
{
	const struct automaton_accept *set = &names->c->ret->automaton->accepts[accept];
	_cleanup_free_ const char **texts = calloc(set->n + 1, sizeof(*texts));
	size_t n = 0;

	if (!texts)
		return -ENOMEM;
	for (size_t i = 0; i < set->n; i++)
		if (of == EVERYTHING ||
		    (set->ids[i] >= names->c->n_rules &&
		     (of == ALL_SOURCES || is_of_set(names->c, of, set->ids[i]))))
			texts[n++] = names->texts[set->ids[i]];
	n = texts_sort(texts, n);
	for (size_t i = 0; i < n; i++)
		/* With its end: two rules are not one rule of two paths. */
		sha256_add(sha, texts[i], strlen(texts[i]) + 1);
	return 0;
}

/* Five bits a digit: a label that is short has room in the inode, and needs no block of its own. */
static void id_end(struct sha256 *sha, char ret[SELINUX_ID_SIZE])
{
	static const char digits[] = "abcdefghijklmnopqrstuvwxyz234567";
	uint8_t digest[SHA256_SIZE];

	sha256_end(sha, digest);
	for (size_t i = 0; i + 1 < SELINUX_ID_SIZE; i++) {
		size_t bit = 5 * i;
		unsigned int two = (unsigned int)digest[bit / 8] << 8 | digest[bit / 8 + 1];

		ret[i] = digits[two >> (11 - bit % 8) & 0x1f];
	}
	ret[SELINUX_ID_SIZE - 1] = '\0';
}

static int labels_name(const struct names *names)
{
	struct selinux_artifact *a = names->c->ret;

	for (size_t i = 0; i < a->n_labels; i++) {
		struct sha256 sha;
		int r;

		sha256_start(&sha);
		r = accept_add(names, &sha, a->labels[i].own, EVERYTHING);
		sha256_add(&sha, "in it:", strlen("in it:"));
		r = r ? r : accept_add(names, &sha, a->labels[i].child, EVERYTHING);
		if (r)
			return r;
		id_end(&sha, a->labels[i].id);
		strcpy(a->labels[i].name, a->labels[i].id);
	}
	return 0;
}

void selinux_spare_id(uint32_t number, char ret[SELINUX_ID_SIZE])
{
	struct sha256 sha;

	sha256_start(&sha);
	sha256_add(&sha, "spare:", strlen("spare:"));
	sha256_add(&sha, &number, sizeof(number));
	id_end(&sha, ret);
}

/* By the first accept set of each. */
static int kinds_name(const struct names *names)
{
	struct selinux_artifact *a = names->c->ret;

	for (uint32_t i = 0; i < a->automaton->n_accepts; i++) {
		struct selinux_kind *kind = &a->kinds[a->accept_kinds[i]];
		struct sha256 sha;
		int r;

		if (*kind->id)
			continue;
		sha256_start(&sha);
		r = accept_add(names, &sha, i, ALL_SOURCES);
		if (r)
			return r;
		id_end(&sha, kind->id);
		kind->example = names->c->examples[i];
	}
	return 0;
}

/* The same. */
static int classes_name(const struct names *names, size_t set)
{
	struct selinux_artifact *a = names->c->ret;
	const uint8_t *classes = names->c->accept_classes[set];

	for (uint32_t i = 0; i < a->automaton->n_accepts; i++) {
		struct selinux_class *class = &a->rulesets[set].classes[classes[i]];
		struct sha256 sha;
		int r;

		if (*class->id)
			continue;
		sha256_start(&sha);
		r = accept_add(names, &sha, i, set);
		if (r)
			return r;
		class->id[0] = 's';
		id_end(&sha, class->id + 1);
		class->example = names->c->examples[i];
	}
	strcpy(a->rulesets[set].classes[classes[a->rest]].id, "rest");
	return 0;
}

int selinux_names(struct selinux_compiler *c)
{
	_cleanup_(names_done) struct names names = { .c = c };
	int r = texts_make(&names);

	r = r ? r : labels_name(&names);
	r = r ? r : kinds_name(&names);
	for (size_t i = 0; r == 0 && i < c->n; i++)
		r = classes_name(&names, i);
	return r;
}

void selinux_copy_name(struct buf *buf, const struct selinux_artifact *artifact, size_t kind,
		       const char *type)
{
	buf_printf(buf, "karmor_x%s_%s", artifact->kinds[kind].id, type);
}

size_t selinux_rest_class(const struct selinux_artifact *artifact, size_t set)
{
	return artifact->kinds[artifact->accept_kinds[artifact->rest]].classes[set];
}

void selinux_file_role(const struct selinux_artifact *artifact, size_t label,
		       char ret[SELINUX_NAME_SIZE])
{
	snprintf(ret, SELINUX_NAME_SIZE, "karmor_o%s_r", artifact->labels[label].name);
}

void selinux_task_role(const struct selinux_artifact *artifact, size_t set, size_t class,
		       char ret[SELINUX_NAME_SIZE])
{
	selinux_number_role(artifact, set, class, artifact->numbers[set], ret);
}

void selinux_number_role(const struct selinux_artifact *artifact, size_t set, size_t class,
			 uint32_t number, char ret[SELINUX_NAME_SIZE])
{
	snprintf(ret, SELINUX_NAME_SIZE, "karmor_w%u_%s_r", number,
		 artifact->rulesets[set].classes[class].id);
}
