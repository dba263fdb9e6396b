/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Policies from hostile bytes, compiled for BPF: the table, read natively, must answer as eval
 * does. What is asked is made of the rules' own paths, so that rules and questions meet.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../offline/bpf-judge.h"
#include "buf.h"
#include "caps.h"
#include "cleanup.h"

/* More only takes longer, up to the automaton's bound. */
#define RULES_MAX 40
#define WILDCARDS_MAX 40

DEFINE_CLEANUP(policies, struct karmor_policies, karmor_policies_free)
DEFINE_CLEANUP(ruleset, struct karmor_ruleset, karmor_ruleset_free)
DEFINE_CLEANUP(caps, struct karmor_caps, karmor_caps_free)
DEFINE_CLEANUP(artifact, struct karmor_artifact, bpf_artifact_free)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct bpf_ruleset *table_of(const struct karmor_artifact *artifact)
{
	return bpf_ruleset_at(artifact, 0);
}

static void ask(const struct karmor_ruleset *set, const struct karmor_artifact *artifact,
		const struct access *access)
{
	struct eval_verdict verdict = eval_ask(set, access);
	uint32_t expected = bpf_judge_word(set, &verdict);
	struct bpf_answer answer = bpf_judge(table_of(artifact), access);

	if (!answer.fault && answer.verdict == expected)
		return;
	fprintf(stderr, "op %d \"%s\" from \"%s\" owner %d: eval %#x, table %#x%s\n", access->op,
		access->path ? access->path : "-", access->source ? access->source : "-",
		access->owner, expected, answer.verdict, answer.fault ? " (fault)" : "");
	abort();
}

static void ask_path(const struct karmor_ruleset *set, const struct karmor_artifact *artifact,
		     const char *path, const char *source)
{
	struct access access = { .path = path, .source = source };
	const char *why;

	if (!access_is_path(path, &why))
		return;
	access.name = strrchr(path, '/') + 1;
	for (int op = KARMOR_EXEC; op <= KARMOR_WRITE; op++) {
		access.op = (enum karmor_op)op;
		access.section = access_section(access.op);
		access.owner = true;
		ask(set, artifact, &access);
		access.owner = false;
		ask(set, artifact, &access);
	}
}

static void ask_socket(const struct karmor_ruleset *set, const struct karmor_artifact *artifact,
		       const char *source)
{
	static const int sockets[][3] = { { 2, 1, 6 },	{ 10, 2, 17 }, { 2, 3, 1 }, { 1, 1, 0 },
					  { 16, 3, 0 }, { 2, 1, 132 }, { 2, 5, 0 } };
	struct access access = { .section = KARMOR_NETWORK, .op = KARMOR_NET, .source = source };

	for (size_t i = 0; i < ARRAY_SIZE(sockets); i++) {
		access.family = sockets[i][0];
		access.type = sockets[i][1];
		access.number = sockets[i][2];
		ask(set, artifact, &access);
	}
}

static void ask_capability(const struct karmor_ruleset *set, const struct karmor_artifact *artifact,
			   const char *source)
{
	struct access access = { .section = KARMOR_CAPABILITIES,
				 .op = KARMOR_CAPABILITY,
				 .source = source };

	for (access.capability = 0; access.capability < IR_CAPABILITY_COUNT; access.capability += 3)
		ask(set, artifact, &access);
}

/* A path that the matcher may match: wildcards stand for a letter. */
static char *example_of(const char *matcher)
{
	struct buf buf = { 0 };

	if (*matcher != '/')
		buf_puts(&buf, "/a/");
	for (; *matcher; matcher++) {
		if (*matcher == '\\' && matcher[1])
			buf_putc(&buf, *++matcher);
		else
			buf_putc(&buf, strchr("*?[]{},", *matcher) ? 'x' : *matcher);
	}
	return buf_take(&buf);
}

static void ask_near(const struct karmor_ruleset *set, const struct karmor_artifact *artifact,
		     const char *matcher, const char *source)
{
	_cleanup_free_ char *path = example_of(matcher);
	_cleanup_buf_ struct buf below = { 0 };

	if (!path)
		return;
	ask_path(set, artifact, matcher, source);
	ask_path(set, artifact, path, source);
	buf_printf(&below, "%s/x", path);
	ask_path(set, artifact, below.data, source);
	buf_puts(&below, "/y");
	ask_path(set, artifact, below.data, source);
	path[strlen(path) - 1] = '\0';
	ask_path(set, artifact, path, source);
}

static void ask_from(const struct karmor_ruleset *set, const struct karmor_artifact *artifact,
		     const char *source)
{
	ask_socket(set, artifact, source);
	ask_capability(set, artifact, source);
	for (size_t i = 0; i < set->n_rules; i++)
		if (set->rules[i].path)
			ask_near(set, artifact, set->rules[i].path, source);
}

static void ask_all(const struct karmor_ruleset *set, const struct karmor_artifact *artifact)
{
	const char *why;

	ask_from(set, artifact, NULL);
	for (size_t i = 0; i < set->n_rules; i++) {
		_cleanup_free_ char *source = NULL;

		if (set->rules[i].ir->n_sources)
			source = example_of(set->rules[i].sources[0].path);
		if (source && access_is_path(source, &why))
			ask_from(set, artifact, source);
	}
}

static size_t count_wildcards(const char *text)
{
	size_t ret = 0;

	for (; text && *text; text++)
		ret += strchr("*?[{", *text) != NULL;
	return ret;
}

static bool is_large(const struct karmor_ruleset *set)
{
	size_t n = 0;

	for (size_t i = 0; i < set->n_rules; i++) {
		n += count_wildcards(set->rules[i].path);
		for (size_t j = 0; j < set->rules[i].ir->n_sources; j++)
			n += count_wildcards(set->rules[i].sources[j].path);
	}
	return set->n_rules > RULES_MAX || n > WILDCARDS_MAX;
}

static void check_posture(const struct karmor_policies *policies, const char *posture)
{
	_cleanup_(cleanup_ruleset) struct karmor_ruleset *set = NULL;
	_cleanup_(cleanup_caps) struct karmor_caps *caps = NULL;
	_cleanup_(cleanup_artifact) struct karmor_artifact *artifact = NULL;
	struct karmor_subject subject =
		KARMOR_STRUCT(karmor_subject, .everything = true, .posture = posture);
	const struct karmor_ruleset *sets[1];

	if (karmor_ruleset_new(policies, &subject, &set, NULL) < 0 || is_large(set))
		return;
	if (caps_new(NULL, &caps) < 0 || bpf_full(caps) < 0)
		return;
	sets[0] = set;
	/* Too large is an answer. */
	if (bpf_compile(sets, 1, NULL, caps, &artifact, NULL, NULL) == 0)
		ask_all(set, artifact);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(cleanup_policies) struct karmor_policies *policies = NULL;

	if (karmor_policies_new(&policies) < 0)
		return 0;
	if (karmor_policies_add_text(policies, "fuzz", (const char *)data, size, NULL) < 0)
		return 0;
	check_posture(policies, "");
	check_posture(policies, "file=block,network=block,capabilities=block");
	return 0;
}
