/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The unit of meaning: the policies that select one workload, with its postures and its names
 * resolved.
 *
 * A ruleset answers questions (karmor_ruleset_eval is the definition of what a policy means) and is
 * what backends compile. It borrows from the load that it was made of, which must outlive it.
 */
#pragma once

#include <karmor/policy.h>

KARMOR_BEGIN

struct karmor_ruleset;

enum karmor_section {
	KARMOR_PROCESS,
	KARMOR_FILE,
	KARMOR_NETWORK,
	KARMOR_CAPABILITIES,
	KARMOR_SYSCALLS,
};

/* What happens to an access of an allow-list section that no rule decides. */
enum karmor_posture {
	KARMOR_POSTURE_AUDIT,
	KARMOR_POSTURE_BLOCK,
};

/* Who is asked about: a workload, or (host) the node outside all workloads. */
struct karmor_subject {
	size_t size;
	bool everything; /* every policy but host policies selects it, as in karmor run without -l
			  */
	bool host;	 /* the node itself: labels are the node's */
	const char *labels;	    /* "k=v,k=v"; NULL or "" for none */
	const char *namespace_name; /* NULL for "default" */
	const char *container;	    /* NULL where it has no container name */
	const char *posture; /* "file=block,network=audit,capabilities=audit"; NULL: audit for all
				three */
	bool audit_only;     /* every Block counts as Audit, every posture as audit */
	const char *root;    /* directory whose symlinks rules are resolved through; NULL: names as
				they stand */
	bool ahead; /* nobody yet: a backend to which new rules are dear (karmor_backend_prepares())
		       makes ready what a workload that is under the same ones will need */
	bool no_new_privs; /* its tasks are started under no_new_privs; what a policy means is the
			      same, not how a backend keeps it */
};

enum karmor_op {
	KARMOR_EXEC,
	KARMOR_READ,
	KARMOR_WRITE,
	KARMOR_NET,
	KARMOR_CAPABILITY,
	KARMOR_SYSCALL,
};

/* One question. Objects are text, as karmor-decide takes them. */
struct karmor_access {
	size_t size;
	enum karmor_op op;
	const char
		*object; /* absolute path | tcp, inet:raw:icmp, ... | capability | syscall[:path] */
	const char *source; /* absolute path of the acting executable; NULL: unknown */
	bool not_owner;	    /* the acting user does not own the object */
};

enum karmor_action {
	KARMOR_ALLOW,
	KARMOR_AUDIT, /* passes and is logged */
	KARMOR_BLOCK, /* denied and logged */
};

/* The answer; strings borrowed from the ruleset. */
struct karmor_verdict {
	size_t size;
	enum karmor_action action;
	const char *policy; /* name; "DefaultPosture"; "-" when nothing decided or logged */
	const char *file;   /* NULL without a rule */
	unsigned line;
	const char *rule; /* "process.matchPaths[0]"; NULL without a rule */
};

/*
 * A subject that the i-th policy selects, of as few labels as can be, as the workloads that it was
 * written for are likely to have: of alternatives the first. Strings are @policies'. 0; -ENOENT
 * past the end; -ENODATA where none was found, as of requirements that contradict each other.
 */
KARMOR_API KARMOR_CHECK int karmor_policies_subject(const struct karmor_policies *policies,
						    size_t i, struct karmor_subject *ret);

/*
 * Makes the ruleset of @subject out of a load. Returns 0; -EINVAL (labels, posture or root
 * malformed, or a limit of the language reached: message in @diag); -ENOENT (root); -ENOMEM.
 */
KARMOR_API KARMOR_CHECK int karmor_ruleset_new(const struct karmor_policies *policies,
					       const struct karmor_subject *subject,
					       struct karmor_ruleset **ret,
					       struct karmor_diag *diag);

/* Accepts NULL. */
KARMOR_API void karmor_ruleset_free(struct karmor_ruleset *set);

/* How many policies and rules selected the subject. */
KARMOR_API size_t karmor_ruleset_policies(const struct karmor_ruleset *set);
KARMOR_API size_t karmor_ruleset_rules(const struct karmor_ruleset *set);

/*
 * Answers one question by the definition (policy language, sections 5 to 8).
 * Returns 0, -EINVAL when the access cannot be asked (message in @diag), -ENOMEM.
 */
KARMOR_API KARMOR_CHECK int karmor_ruleset_eval(const struct karmor_ruleset *set,
						const struct karmor_access *access,
						struct karmor_verdict *ret,
						struct karmor_diag *diag);

KARMOR_END
