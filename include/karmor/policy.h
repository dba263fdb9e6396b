/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Policies as text, loaded: one `karmor_policies` is one load of any number of files and documents.
 *
 * Immutable once the last file is added. Names and places point into it.
 */
#pragma once

#include <karmor/common.h>
#include <karmor/diag.h>

KARMOR_BEGIN

struct karmor_policies;

enum karmor_kind {
	KARMOR_POLICY,	       /* KubeArmorPolicy: one namespace */
	KARMOR_CLUSTER_POLICY, /* KubeArmorClusterPolicy: every namespace */
	KARMOR_HOST_POLICY,    /* KubeArmorHostPolicy: what is in no workload */
};

/* One policy of a load, as its author named it; all strings borrowed from the load. */
struct karmor_policy_info {
	size_t size;
	enum karmor_kind kind;
	const char *name;
	const char *namespace_name; /* "" for cluster and host policies */
	const char *file;
	unsigned line;
	size_t rules;
	const char
		*selector; /* as kubectl has it, "app=web,tier in (a,b)"; "" where it selects all */
};

/* An empty load, owned by the caller. 0 or -ENOMEM. */
KARMOR_API KARMOR_CHECK int karmor_policies_new(struct karmor_policies **ret);

/* Accepts NULL. */
KARMOR_API void karmor_policies_free(struct karmor_policies *policies);

/*
 * Adds every document of a file, or of every *.yaml, *.yml and *.json file below a directory
 * (sorted by name, links not followed out of it). Each fault is a message in @diag; good documents
 * are kept. Returns 0; -EINVAL when a document is at fault; -ENOENT, -EPERM or -EIO when a file
 * cannot be read; -ENOMEM. A load that ever returned an error must not be enforced.
 */
KARMOR_API KARMOR_CHECK int karmor_policies_add_path(struct karmor_policies *policies,
						     const char *path, struct karmor_diag *diag);

/* The same for text in memory (@text need not end in NUL); @name stands for the file in messages.
 */
KARMOR_API KARMOR_CHECK int karmor_policies_add_text(struct karmor_policies *policies,
						     const char *name, const char *text, size_t len,
						     struct karmor_diag *diag);

/* How many policies, and how many rules in them all. */
KARMOR_API size_t karmor_policies_count(const struct karmor_policies *policies);
KARMOR_API size_t karmor_policies_rules(const struct karmor_policies *policies);

/* The i-th policy in load order. 0, or -ENOENT past the end. */
KARMOR_API KARMOR_CHECK int karmor_policies_info(const struct karmor_policies *policies, size_t i,
						 struct karmor_policy_info *ret);

KARMOR_END
