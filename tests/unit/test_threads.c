/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Different objects in different threads: each goes the whole way from text to what a backend would
 * load, all at the same time, and gets what a thread of its own gets. The build with the thread
 * sanitizer sees what they share.
 */
#include <karmor/karmor.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "../support.h"

#define N_THREADS 8
#define ROUNDS 20

static const char text[] =
	"{apiVersion: security.kubearmor.com/v1, kind: KubeArmorPolicy, metadata: {name: p}, "
	"spec: {selector: {matchLabels: {a: b}}, severity: 3, "
	"process: {matchPaths: [{path: /bin/sh}, {path: /usr/bin/apt, fromSource: [{path: "
	"/bin/bash}]}]}, "
	"file: {matchDirectories: [{dir: /etc/, recursive: true, readOnly: true}], "
	"matchPatterns: [{pattern: \"/tmp/*.{sh,py}\"}]}, "
	"network: {matchProtocols: [{protocol: tcp}]}, action: Block}}";

/* What one round came to: all that is said and compiled, as text. */
struct outcome {
	char *text;
	size_t size;
};

static int compile_for_all(const struct karmor_ruleset *set, FILE *out, struct karmor_diag *diag)
{
	const struct karmor_backend *backend;
	int r = 0;

	for (size_t i = 0; r == 0 && (backend = karmor_backend_at(i)); i++) {
		struct karmor_caps *caps = NULL;
		struct karmor_artifact *artifact = NULL;

		r = karmor_caps_full(backend, &caps);
		if (r == 0)
			r = karmor_compile(&set, 1, caps, &artifact, NULL, diag);
		if (r == 0)
			r = karmor_artifact_print(artifact, out);
		karmor_artifact_free(artifact);
		karmor_caps_free(caps);
	}
	return r;
}

static int ask(const struct karmor_ruleset *set, FILE *out, struct karmor_diag *diag)
{
	static const char *const paths[] = { "/etc/passwd", "/tmp/a.sh", "/srv/x" };
	struct karmor_verdict verdict = KARMOR_STRUCT(karmor_verdict);
	int r = 0;

	for (size_t i = 0; r == 0 && i < 3; i++) {
		struct karmor_access access =
			KARMOR_STRUCT(karmor_access, .op = KARMOR_WRITE, .object = paths[i]);

		r = karmor_ruleset_eval(set, &access, &verdict, diag);
		if (r == 0)
			fprintf(out, "%s %d %s\n", paths[i], verdict.action, verdict.policy);
	}
	return r;
}

static int go(FILE *out)
{
	struct karmor_subject subject = KARMOR_STRUCT(karmor_subject, .everything = true);
	struct karmor_diag *diag = karmor_diag_new();
	struct karmor_policies *policies = NULL;
	struct karmor_ruleset *set = NULL;
	int r = karmor_policies_new(&policies);

	if (r == 0)
		r = karmor_policies_add_text(policies, "p.yaml", text, strlen(text), diag);
	if (r == 0)
		r = karmor_policies_lint(policies, NULL, diag);
	if (r == 0)
		r = karmor_ruleset_new(policies, &subject, &set, diag);
	if (r == 0)
		r = ask(set, out, diag);
	if (r == 0)
		r = compile_for_all(set, out, diag);
	karmor_diag_print(diag, out, true);
	karmor_ruleset_free(set);
	karmor_policies_free(policies);
	karmor_diag_free(diag);
	return r;
}

static void *rounds(void *data)
{
	struct outcome *last = data;

	for (size_t i = 0; i < ROUNDS; i++) {
		struct outcome now = { NULL, 0 };
		FILE *out = open_memstream(&now.text, &now.size);
		int r = out ? go(out) : -1;

		if (out)
			fclose(out);
		free(last->text);
		*last = now;
		if (r < 0)
			last->size = 0;
	}
	return NULL;
}

START_TEST(different_objects_are_used_in_different_threads)
{
	struct outcome alone = { NULL, 0 }, outcomes[N_THREADS] = { 0 };
	pthread_t threads[N_THREADS];

	rounds(&alone);
	ck_assert_uint_gt(alone.size, 0);
	ck_assert_ptr_nonnull(strstr(alone.text, "/etc/passwd 2 p"));
	for (size_t i = 0; i < N_THREADS; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, rounds, &outcomes[i]), 0);
	for (size_t i = 0; i < N_THREADS; i++)
		ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
	for (size_t i = 0; i < N_THREADS; i++) {
		ck_assert_uint_eq(outcomes[i].size, alone.size);
		ck_assert_str_eq(outcomes[i].text, alone.text);
		free(outcomes[i].text);
	}
	free(alone.text);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("threads");
	TCase *t = tcase_create("threads");

	tcase_set_timeout(t, 300);
	tcase_add_test(t, different_objects_are_used_in_different_threads);
	suite_add_tcase(suite, t);
	return support_run(suite);
}
