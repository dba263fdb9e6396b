/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sets the labels that a policy becomes for a base policy that is in files, and puts them back.
 *
 *     selinux-labels JOURNAL set KARMOR-POLICY BASE-POLICY FILE-CONTEXTS
 *     selinux-labels JOURNAL restore
 *     selinux-labels JOURNAL roles
 */
#include <stdio.h>
#include <string.h>

#include "selinux-compile.h"
#include "selinux/labels.h"
#include "selinux/trees.h"

static int set(const char *journal, char *const files[], struct karmor_diag *diag)
{
	struct karmor_artifact *artifact = NULL;
	struct selinux_labels_result result = { 0 };
	struct selinux_trees trees = { 0 };
	struct selinux_walk walk;
	int r = selinux_compile_files(files, &artifact, diag);

	r = r ? r : selinux_trees_open(&trees, (struct selinux_artifact *)artifact, NULL, diag);
	if (r == 0) {
		selinux_walk_of(&trees, &walk);
		r = selinux_labels_set(journal, &walk, &result, diag);
	}
	if (r == 0)
		printf("wanted %zu changed %zu put back %zu lost %zu\n", result.wanted,
		       result.changed, result.put_back, result.lost);
	selinux_trees_close(&trees);
	karmor_artifact_free(artifact);
	return r;
}

static int print(const char *role, void *data)
{
	return puts(role) < 0;
}

int main(int argc, char *argv[])
{
	struct karmor_diag *diag = karmor_diag_new();
	int r = -1;

	if (argc == 6 && strcmp(argv[2], "set") == 0)
		r = set(argv[1], argv + 3, diag);
	else if (argc == 3 && strcmp(argv[2], "restore") == 0)
		r = selinux_labels_restore(argv[1], SELINUX_ATTRIBUTE, diag);
	else if (argc == 3 && strcmp(argv[2], "roles") == 0)
		r = selinux_labels_roles(argv[1], print, NULL, diag);
	karmor_diag_print(diag, stderr, false);
	karmor_diag_free(diag);
	return r ? 2 : 0;
}
