/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What makes two modules the same to a task: digests of rulesets, and of what a module has whatever
 * the rulesets are.
 *
 * A class of tasks is named by its sources, so that what it may do follows from the rules of its
 * own ruleset, whatever others are compiled with it: of rulesets with one digest either can be put
 * for the other. Of what rules say of files a module has but which roles of files say it. Without
 * that it is a slot: of rulesets with one slot either can be put for the other where files have
 * roles that say to it what the rules say (slots.c).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <karmor/karmor.h>

#include "cleanup.h"
#include "ruleset.h"
#include "selinux-code.h"
#include "selinux.h"
#include "sha256.h"

static void number_add(struct sha256 *sha, uint64_t number)
{
	sha256_add(sha, &number, sizeof(number));
}

static void text_add(struct sha256 *sha, const char *text)
{
	number_add(sha, text ? strlen(text) + 1 : 0);
	sha256_add(sha, text ? text : "", text ? strlen(text) : 0);
}

static void rule_add(struct sha256 *sha, const struct ruleset_rule *rule)
{
	const struct ir_rule *ir = rule->ir;
	const uint64_t numbers[] = {
		ir->section,	 rule->action,	   rule->match,
		rule->recursive, rule->multi_call, rule->source_multi_call,
		ir->read_only,	 ir->owner_only,   ir->protocol,
		ir->capability,	 ir->path_match,   ir->n_syscalls,
		rule->n_others,	 ir->n_sources,
	};

	sha256_add(sha, numbers, sizeof(numbers));
	text_add(sha, rule->path);
	text_add(sha, rule->name);
	for (size_t i = 0; i < rule->n_others; i++)
		text_add(sha, rule->others[i]);
	for (size_t i = 0; i < ir->n_syscalls; i++)
		text_add(sha, ir->syscalls[i]);
	for (size_t i = 0; i < ir->n_sources; i++) {
		number_add(sha, rule->sources[i].match);
		number_add(sha, rule->sources[i].recursive);
		text_add(sha, rule->sources[i].path);
	}
}

void selinux_digest_end(struct sha256 *sha, char ret[SELINUX_DIGEST_SIZE])
{
	uint8_t digest[SHA256_SIZE];

	sha256_end(sha, digest);
	for (size_t i = 0; i < sizeof(digest); i++)
		snprintf(ret + 2 * i, 3, "%02x", digest[i]);
}

static void ruleset_digest(const struct karmor_ruleset *set, struct selinux_ruleset *ret)
{
	struct sha256 sha;

	sha256_start(&sha);
	number_add(&sha, set->host);
	for (size_t i = 0; i <= KARMOR_SYSCALLS; i++) {
		number_add(&sha, set->allow_list[i]);
		number_add(&sha, set->posture[i]);
	}
	for (size_t i = 0; i < set->n_rules; i++)
		rule_add(&sha, &set->rules[i]);
	/* Roles are named by these. */
	for (size_t i = 0; i < ret->n_classes; i++)
		text_add(&sha, ret->classes[i].id);
	selinux_digest_end(&sha, ret->digest);
}

static int source_compare(const void *a, const void *b)
{
	return memcmp(a, b, SHA256_SIZE);
}

/* The lists of sources that rules have, each once: by these executables are told apart. */
static int sources_add(struct sha256 *sha, const struct karmor_ruleset *set)
{
	_cleanup_free_ uint8_t(*lists)[SHA256_SIZE] = calloc(set->n_rules + 1, sizeof(*lists));
	size_t n = 0;

	if (!lists)
		return -ENOMEM;
	for (size_t i = 0; i < set->n_rules; i++) {
		const struct ruleset_rule *rule = &set->rules[i];
		struct sha256 list;

		if (!rule->ir->n_sources || rule->ir->section == KARMOR_SYSCALLS)
			continue;
		sha256_start(&list);
		for (size_t j = 0; j < rule->ir->n_sources; j++) {
			number_add(&list, rule->sources[j].match);
			number_add(&list, rule->sources[j].recursive);
			text_add(&list, rule->sources[j].path);
		}
		sha256_end(&list, lists[n++]);
	}
	qsort(lists, n, sizeof(*lists), source_compare);
	for (size_t i = 0; i < n; i++)
		if (i == 0 || source_compare(lists[i], lists[i - 1]) != 0)
			sha256_add(sha, lists[i], sizeof(lists[i]));
	return 0;
}

/* What is denied to a class whatever files' roles say. */
static void class_add(struct sha256 *sha, const struct selinux_artifact *a,
		      const struct selinux_class *class)
{
	text_add(sha, class->id);
	number_add(sha, selinux_mask(class, a->rest, a->rest));
	for (size_t i = 0; i < a->n_sockets; i++)
		if (class->network[i] == KARMOR_BLOCK)
			text_add(sha, a->sockets[i]);
	for (unsigned i = 0; i < IR_CAPABILITY_COUNT; i++)
		if (class->capabilities[i] == KARMOR_BLOCK)
			number_add(sha, i);
}

static int slot_digest(const struct selinux_artifact *a, const struct karmor_ruleset *set,
		       struct selinux_ruleset *ret)
{
	struct sha256 sha;
	int r;

	sha256_start(&sha);
	number_add(&sha, set->host);
	r = sources_add(&sha, set);
	for (size_t i = 0; i < ret->n_classes; i++)
		class_add(&sha, a, &ret->classes[i]);
	selinux_digest_end(&sha, ret->slot);
	return r;
}

static bool has_classes(const struct selinux_ruleset *a, const struct selinux_ruleset *b)
{
	bool ret = a->n_classes == b->n_classes;

	for (size_t i = 0; ret && i < a->n_classes; i++)
		ret = strcmp(a->classes[i].id, b->classes[i].id) == 0;
	return ret;
}

static bool is_same_policy(const struct selinux_artifact *a, const struct selinux_artifact *b)
{
	return strcmp(a->digest ?: "", b->digest ?: "") == 0;
}

static size_t first_find(const struct selinux_artifact *a, size_t set)
{
	for (size_t i = 0; i < set; i++)
		if (a->rulesets[i].first == i &&
		    strcmp(a->rulesets[i].digest, a->rulesets[set].digest) == 0)
			return i;
	return set;
}

int selinux_digests(const struct selinux_compiler *c)
{
	const struct selinux_artifact *before = (const struct selinux_artifact *)c->previous;
	int r = 0;

	for (size_t i = 0; r == 0 && i < c->n; i++) {
		struct selinux_ruleset *ret = &c->ret->rulesets[i];

		if (artifact_has(c->previous, i, c->sets[i]) && is_same_policy(before, c->ret) &&
		    has_classes(&before->rulesets[i], ret)) {
			strcpy(ret->digest, before->rulesets[i].digest);
			strcpy(ret->slot, before->rulesets[i].slot);
		} else {
			ruleset_digest(c->sets[i], ret);
			r = slot_digest(c->ret, c->sets[i], ret);
		}
		ret->first = first_find(c->ret, i);
	}
	return r;
}

void selinux_digest(const void *policy, size_t len, char ret[SELINUX_DIGEST_SIZE])
{
	struct sha256 sha;

	sha256_start(&sha);
	sha256_add(&sha, policy, len);
	selinux_digest_end(&sha, ret);
}

int selinux_frame(const struct selinux_artifact *artifact, char ret[SELINUX_DIGEST_SIZE])
{
	struct selinux_artifact hollow = *artifact;
	_cleanup_buf_ struct buf text = { 0 };

	hollow.base.n_rulesets = hollow.n_labels = 0;
	hollow.n_kinds = 1; /* that of the rest, which has no types */
	buf_printf(&text, "; %s %s\n", karmor_version(), SELINUX_CODE);
	selinux_write(&text, &hollow, NULL);
	if (buf_failed(&text))
		return -ENOMEM;
	selinux_digest(text.data, text.len, ret);
	return 0;
}
