/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Backends: what each can do on a machine (caps), and rulesets compiled for one (artifact and
 * report).
 *
 * A backend is static and borrowed. Compiling is pure: the same rulesets and caps give the same
 * bytes.
 */
#pragma once

#include <karmor/ruleset.h>

KARMOR_BEGIN

struct karmor_backend;
struct karmor_caps;
struct karmor_artifact;
struct karmor_report;

enum karmor_state {
	KARMOR_READY,
	KARMOR_NOT_ACTIVE,    /* not in the kernel's lsm list, or a feature is missing */
	KARMOR_NOT_PERMITTED, /* we lack the privilege to find out or to use it */
	KARMOR_BROKEN,	      /* listed, but refused when tried */
};

/* How far a backend keeps a rule. */
enum karmor_fidelity {
	KARMOR_EXACT,
	KARMOR_APPROXIMATED, /* wider or narrower; the reason says which and how */
	KARMOR_UNSUPPORTED,
};

/* One line of a report; strings borrowed from it. */
struct karmor_report_line {
	size_t size;
	const char *policy, *file,
		*rule; /* "block-shell", "block-shell.yaml", "process.matchPaths[0]" */
	unsigned line;
	bool enforcing; /* the rule's action allows or blocks, rather than audits */
	enum karmor_fidelity fidelity;
	const char *reason; /* NULL where exact without a remark */
	const char *fix;    /* may be NULL */
	const char *note;   /* how the rule is read here: its resolved path, a pattern that is a
			       directory; NULL where as written */
	bool narrower;	    /* approximated, and not only wider: something gets past that the rule
			       would stop or log */
};

/* The backends that were built, in the default order of preference; NULL past the end. */
KARMOR_API const struct karmor_backend *karmor_backend_at(size_t i);
KARMOR_API const struct karmor_backend *karmor_backend_find(const char *name);
KARMOR_API const char *karmor_backend_name(const struct karmor_backend *backend);  /* "bpf" */
KARMOR_API const char *karmor_backend_title(const struct karmor_backend *backend); /* "BPF-LSM" */
KARMOR_API bool
karmor_backend_enforces(const struct karmor_backend *backend); /* false: a dry run */
/* Whether rulesets of nobody yet (karmor_subject.ahead) make a start cheaper under it. */
KARMOR_API bool karmor_backend_prepares(const struct karmor_backend *backend);

/*
 * Tries what this machine lets @backend do: programs are loaded and taken back, nothing stays.
 * Returns 0 also where the backend is not usable (ask karmor_caps_state), or -ENOMEM.
 */
KARMOR_API KARMOR_CHECK int karmor_caps_probe(const struct karmor_backend *backend,
					      struct karmor_caps **ret, struct karmor_diag *diag);

/* The caps of a machine on which everything works: for compiling without one. 0 or -ENOMEM. */
KARMOR_API KARMOR_CHECK int karmor_caps_full(const struct karmor_backend *backend,
					     struct karmor_caps **ret);

/*
 * Reads a fact of a machine from a file, in the place of the one that @caps have, so that what is
 * compiled is for that machine. For selinux "policy", as /sys/fs/selinux/policy, and
 * "file_contexts", as of file_contexts(5). Returns 0; -EINVAL (the backend takes no such fact);
 * -ENOENT, -EPERM, -EIO or -ENOMEM. What is in the file is looked at when it is compiled for.
 */
KARMOR_API KARMOR_CHECK int karmor_caps_read(struct karmor_caps *caps, const char *fact,
					     const char *path, struct karmor_diag *diag);

/*
 * What is compiled for @caps from now on will be the only policy that its workloads have. A backend
 * may then keep more of it, as AppArmor does under no_new_privs, and as it does anyway for a
 * subject that is started under that. Applying another one is -EBUSY while there are tasks that
 * could not follow it. karmor_caps_full() has this. Returns 0 or -ENOMEM.
 */
KARMOR_API KARMOR_CHECK int karmor_caps_once(struct karmor_caps *caps);

KARMOR_API void karmor_caps_free(struct karmor_caps *caps); /* accepts NULL */
KARMOR_API enum karmor_state karmor_caps_state(const struct karmor_caps *caps);
KARMOR_API const char *karmor_caps_summary(
	const struct karmor_caps *caps); /* "BTF, bpf_loop, ring buffer; 31 of 31 hooks" */
KARMOR_API const char *
karmor_caps_reason(const struct karmor_caps *caps); /* why it is not ready; NULL where it is */
KARMOR_API const char *
karmor_caps_fix(const struct karmor_caps *caps); /* NULL where none is known */

/*
 * What one construct of the language is under @caps, found by compiling a rule that uses it.
 * @i: 0, 1, ...; returns -ENOENT past the last construct, -ENOMEM, or 0.
 */
KARMOR_API KARMOR_CHECK int karmor_caps_feature(const struct karmor_caps *caps, size_t i,
						const char **name, enum karmor_fidelity *ret);

/*
 * Compiles the rulesets into one artifact. @report gets a line for each rule of each ruleset, in
 * order; NULL where it is not wanted. The artifact is immutable and does not need the rulesets any
 * more. Returns 0; -EINVAL (a bound of the backend: message in @diag); -ENOMEM.
 */
KARMOR_API KARMOR_CHECK int karmor_compile(const struct karmor_ruleset *const *sets, size_t n,
					   const struct karmor_caps *caps,
					   struct karmor_artifact **ret,
					   struct karmor_report **report, struct karmor_diag *diag);

/*
 * The same where the rulesets are mostly those that @previous was made of, under the same caps: one
 * that is the same object, in the same place, may be taken from there rather than be compiled, and
 * a workload that is under it is not touched when the artifact is applied after @previous. @report
 * gets lines of the others alone. @previous may be NULL, and be freed before or after the new one.
 * Errors are the same, and -EINVAL for another backend's.
 */
KARMOR_API KARMOR_CHECK int karmor_compile_next(const struct karmor_artifact *previous,
						const struct karmor_ruleset *const *sets, size_t n,
						const struct karmor_caps *caps,
						struct karmor_artifact **ret,
						struct karmor_report **report,
						struct karmor_diag *diag);
KARMOR_API void karmor_artifact_free(struct karmor_artifact *artifact); /* accepts NULL */
KARMOR_API int karmor_artifact_print(const struct karmor_artifact *artifact,
				     FILE *out); /* 0 or -EIO */

KARMOR_API void karmor_report_free(struct karmor_report *report); /* accepts NULL */
KARMOR_API KARMOR_CHECK int
karmor_report_at(const struct karmor_report *report, size_t i,
		 struct karmor_report_line *ret); /* 0 or -ENOENT past the end */

KARMOR_END
