/* SPDX-License-Identifier: Apache-2.0 */
/* Loads policies, shows what is wrong with them, and asks one question of them. */
#include <stdlib.h>

#include <karmor/karmor.h>

static int ask(const struct karmor_policies *policies, const char *path, struct karmor_diag *diag)
{
	struct karmor_subject subject = KARMOR_STRUCT(karmor_subject, .everything = true);
	struct karmor_access access =
		KARMOR_STRUCT(karmor_access, .op = KARMOR_READ, .object = path);
	struct karmor_verdict verdict = KARMOR_STRUCT(karmor_verdict);
	static const char *const words[] = { "allowed", "allowed and logged", "blocked" };
	struct karmor_ruleset *set;
	int r = karmor_ruleset_new(policies, &subject, &set, diag);

	if (r < 0)
		return r;
	r = karmor_ruleset_eval(set, &access, &verdict, diag);
	if (r == 0)
		printf("reading %s is %s (%s)\n", path, words[verdict.action], verdict.policy);
	karmor_ruleset_free(set);
	return r;
}

int main(int argc, char *argv[])
{
	struct karmor_diag *diag = karmor_diag_new();
	struct karmor_policies *policies = NULL;
	int r;

	if (argc != 3) {
		fprintf(stderr, "usage: check POLICY.yaml PATH\n");
		return 2;
	}
	r = karmor_policies_new(&policies);
	if (r == 0)
		r = karmor_policies_add_path(policies, argv[1], diag);
	if (r == 0)
		r = ask(policies, argv[2], diag);
	karmor_diag_print(diag, stderr, false);
	karmor_policies_free(policies);
	karmor_diag_free(diag);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
