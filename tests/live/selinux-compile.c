/* SPDX-License-Identifier: Apache-2.0 */
/* See selinux-compile.h. */
#include "selinux-compile.h"

int selinux_compile_files(char *const files[], struct karmor_artifact **ret,
			  struct karmor_diag *diag)
{
	const struct karmor_backend *selinux = karmor_backend_find("selinux");
	struct karmor_subject subject = KARMOR_STRUCT(karmor_subject, .everything = true);
	struct karmor_policies *policies = NULL;
	struct karmor_ruleset *set = NULL;
	struct karmor_caps *caps = NULL;
	int r = karmor_policies_new(&policies);

	r = r ? r : karmor_policies_add_path(policies, files[0], diag);
	r = r ? r : karmor_ruleset_new(policies, &subject, &set, diag);
	r = r ? r : karmor_caps_full(selinux, &caps);
	r = r ? r : karmor_caps_read(caps, SELINUX_CAP_POLICY, files[1], diag);
	r = r ? r : karmor_caps_read(caps, SELINUX_CAP_FILE_CONTEXTS, files[2], diag);
	r = r ? r
	      : karmor_compile((const struct karmor_ruleset *const[]){ set }, 1, caps, ret, NULL,
			       diag);
	karmor_caps_free(caps);
	karmor_ruleset_free(set);
	karmor_policies_free(policies);
	return r;
}
