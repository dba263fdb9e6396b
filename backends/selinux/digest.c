/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What makes two modules the same to a task: digests of rulesets, and of what a module has whatever
 * the rulesets are.
 *
 * A file's label is named by all matchers of the file's path (names.c), and a class of tasks by its
 * sources. So what a class may do to a file of a label follows from the rules of its own ruleset
 * and from the two names, whatever other rulesets are compiled with it: of rulesets with one digest
 * either can be put for the other.
 */
#include <errno.h>
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

static void text_of(struct sha256 *sha, char ret[SELINUX_DIGEST_SIZE])
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
	text_of(&sha, ret->digest);
}

static bool has_classes(const struct selinux_ruleset *a, const struct selinux_ruleset *b)
{
	bool ret = a->n_classes == b->n_classes;

	for (size_t i = 0; ret && i < a->n_classes; i++)
		ret = strcmp(a->classes[i].id, b->classes[i].id) == 0;
	return ret;
}

void selinux_digests(const struct selinux_compiler *c)
{
	const struct selinux_artifact *before = (const struct selinux_artifact *)c->previous;

	for (size_t i = 0; i < c->n; i++) {
		struct selinux_ruleset *ret = &c->ret->rulesets[i];

		if (artifact_has(c->previous, i, c->sets[i]) &&
		    has_classes(&before->rulesets[i], ret))
			strcpy(ret->digest, before->rulesets[i].digest);
		else
			ruleset_digest(c->sets[i], ret);
	}
}

void selinux_digest(const void *policy, size_t len, char ret[SELINUX_DIGEST_SIZE])
{
	struct sha256 sha;

	sha256_start(&sha);
	sha256_add(&sha, policy, len);
	text_of(&sha, ret);
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
