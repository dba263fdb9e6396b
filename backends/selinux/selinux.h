/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The SELinux backend's own types.
 *
 * An SELinux context has a role, and the role of a file is object_r, whatever the file is. Here
 * roles are what tells workloads and files apart, and types stay what they are, so that nobody
 * else's access changes: a task of a workload has a role for the class of sources that its
 * executable belongs to, and a file that rules tell from others has a role for what the rules make
 * of it. Constraints on the two roles deny; all else is decided by types as before. What is made in
 * a directory takes the directory's role.
 *
 * A kernel changes a task's role by the type of what it executes, so that executables which rules
 * name as sources get a copy of their type (base.h).
 */
#pragma once

#include "automaton.h"
#include "backend.h"
#include "base.h"
#include "eval.h"
#include "event-make.h"

#define SELINUX_CLASSES_MAX 64	  /* classes of sources of one ruleset */
#define SELINUX_RULESETS_MAX 4096 /* workloads of a node */
#define SELINUX_LABELS_MAX 4096	  /* roles of files */
#define SELINUX_KINDS_MAX 256	  /* kinds of sources */
#define SELINUX_NO_RULE UINT32_MAX
/*
 * Digits of a name, and a NUL: of 130 bits, as who writes policies may look for two meanings that
 * have one name.
 */
#define SELINUX_ID_SIZE 27
#define SELINUX_DIGEST_SIZE 65

/* What is decided of a path. */
enum selinux_op {
	SELINUX_EXEC,
	SELINUX_READ,
	SELINUX_WRITE,
	SELINUX_OPS,
};

/* What eval is asked for each, and last for what is denied whatever it says: a change of labels. */
extern const struct selinux_asked {
	enum karmor_section section;
	enum karmor_op op;
} selinux_asked[];

/*
 * What a file's role says. A file's accept set decides about it; a directory's own set about the
 * directory, and the other about what is made in it, for that takes its role.
 */
struct selinux_label {
	uint32_t own, child; /* accept sets; of a file both are its own */
	const char *example; /* a path that has it, or NULL */
	char id[SELINUX_ID_SIZE];
	/* That its role is called by: its id, until an engine gives it the role that is loaded for
	 * what it says (slots.c). */
	char name[SELINUX_ID_SIZE];
};

/* What classes of sources an executable is of, one for each ruleset; kind 0: the first of each. */
struct selinux_kind {
	const uint8_t *classes;
	const char *const *types;  /* of the base: those that are copied for it */
	const char *const *copies; /* by type: CIL that makes a copy of it */
	size_t n_types;
	const char *example; /* an executable of it, or NULL */
	char id[SELINUX_ID_SIZE];
};

/* What one class of sources may do. */
struct selinux_class {
	uint8_t *verdicts[SELINUX_OPS]; /* by accept: enum karmor_action */
	bool *exact;			/* by accept: an exec is decided by a rule for that path */
	bool *opened[SELINUX_OPS];	/* by accept: denied, but not of a program that is run */
	enum karmor_action *network;	/* by index into the artifact's socket classes */
	bool *mixed; /* of those: some of its sockets should have another verdict */
	enum karmor_action capabilities[IR_CAPABILITY_COUNT];
	/* Who gives each of these verdicts: a rule of the set, or SELINUX_NO_RULE. */
	const struct selinux_ruleset *set;
	uint32_t *rules[SELINUX_OPS], *network_rules, capability_rules[IR_CAPABILITY_COUNT];
	const char *example; /* an executable that is such a source, or NULL */
	char id[SELINUX_ID_SIZE +
		1]; /* "rest": what no rule names, by which a workload is entered */
};

/* What events say of a rule. */
struct selinux_rule {
	struct told told;
	enum ir_match match;
	const char *path; /* resolved */
	bool lost;	  /* one of its sources has no type, and it is left out */
};

struct selinux_ruleset {
	struct selinux_class *classes;
	size_t n_classes;
	struct selinux_rule *rules; /* in the ruleset's order */
	size_t n_rules;
	bool ahead; /* of nobody yet */
	/* Of all that decides what its tasks may do, and of that without what rules say of files
	 * (digest.c). */
	char digest[SELINUX_DIGEST_SIZE], slot[SELINUX_DIGEST_SIZE];
	size_t first; /* ruleset with this digest */
};

/* A type that tasks of workloads have. */
struct selinux_domain {
	const char *name;
	const char *entries; /* types that it is entered by, separated by blanks */
	const char *lacks; /* of what changes of role need, what the base does not allow it: CIL */
	bool lacks_audit;  /* enters workloads by itself, and may not read audit records */
};

/* The kernel's memory, and what it starts outside every workload, as the base labels it. */
struct selinux_guarded {
	const char *type, *class, *perms;
	const char *unless; /* a type that the base has in its place */
};
#define SELINUX_GUARDED 7
extern const struct selinux_guarded selinux_guarded[SELINUX_GUARDED];

/* What the module has to know of the base policy. */
struct selinux_facts {
	struct selinux_domain *domains;
	const char **launchers, **users, **libraries;
	size_t n_domains, n_launchers, n_users, n_libraries;
	bool has_domain; /* an attribute of every task's type */
	bool has_capability[IR_CAPABILITY_COUNT];
	bool has_cap_userns, has_cap2_userns; /* of capabilities in a user namespace of its own */
	bool has_guarded[SELINUX_GUARDED];
	bool has_modules;	/* a permission to load them into the kernel */
	const char *takes_back; /* of class security: what could undo a policy, by blanks; "" */
	bool has_role_change;	/* attributes of types that may change roles, and be changed to */
};

/* Which of an artifact's roots the rules of one ruleset and their sources are about. */
struct selinux_reach {
	const uint32_t *roots;
	size_t n;
};

struct selinux_artifact {
	struct karmor_artifact base;
	struct arena arena;
	struct automaton *automaton; /* of all rulesets' paths and sources */
	uint32_t rest;		     /* the accept set of what bears object_r */
	const char *const *roots;    /* where what is labelled may be: sorted, each once */
	size_t n_roots;
	const struct selinux_reach *reaches; /* by ruleset */
	/* By ruleset: the root that its workload has; NULL where it has no rules, or is nobody's.
	 */
	const char *const *given;
	size_t n_given;
	const bool *leads; /* by state: a path that is not of the rest may come of it */
	struct selinux_label *labels;
	size_t n_labels;
	struct selinux_kind *kinds; /* that of the rest has no types */
	size_t n_kinds;
	uint32_t *accept_kinds;	   /* by accept */
	const char **accept_rules; /* by accept: the rules that match, for people */
	struct selinux_ruleset *rulesets;
	/* By ruleset: the number that its tasks' roles are called by. Its own, until an engine
	 * gives it that of a workload. */
	uint32_t *numbers;
	const char **sockets; /* the classes of sockets that are decided about */
	size_t n_sockets;
	struct selinux_facts facts;
	const char *digest; /* of the policy that it is for; NULL: the reference */
};

/* compile.c */
int selinux_full(struct karmor_caps *caps);
int selinux_compile(const struct karmor_ruleset *const *sets, size_t n,
		    const struct karmor_artifact *previous, const struct karmor_caps *caps,
		    struct karmor_artifact **ret, struct karmor_report *report,
		    struct karmor_diag *diag);
void selinux_artifact_free(struct karmor_artifact *artifact);
/* SHA-256 of a policy, as text. */
void selinux_digest(const void *policy, size_t len, char ret[SELINUX_DIGEST_SIZE]);
struct sha256;
void selinux_digest_end(struct sha256 *sha, char ret[SELINUX_DIGEST_SIZE]);

/* print.c: the module, as CIL. */
int selinux_print(const struct karmor_artifact *artifact, FILE *out);
struct selinux_compiler;
enum selinux_old { SELINUX_OLD_FILE, SELINUX_OLD_TASK, SELINUX_OLD_TYPE };

/*
 * What files, tasks and executables have from modules before this one, and what it is now: an index
 * into labels, into the classes of ruleset @set, or into kinds; SELINUX_NO_LABEL: nothing.
 */
struct selinux_retired {
	enum selinux_old what;
	const char *name;	 /* the role, or the type */
	const char *type, *copy; /* of a type: what it is a copy of, and the CIL that makes it */
	size_t set, now;
};

/* Roles of a number more for the tasks of ruleset @set, which no workload has yet. */
struct selinux_spare {
	size_t set;
	uint32_t number;
};

/* What a role of files may be made ready to say: where it says something else than the rest. */
struct selinux_pattern {
	uint8_t ops;	 /* by enum selinux_op, a bit: it is denied where that is not, or allowed */
	bool exact;	 /* an exec is denied by a rule for the path */
	bool opened;	 /* it is executed, and read for that although the posture denies it */
	bool own, child; /* of a directory; of files, and of what is made in it */
};

/* A role of files more, which no file has yet. */
struct selinux_spare_file {
	size_t set, class; /* whose; SELINUX_ALL_CLASSES */
	struct selinux_pattern pattern;
	char name[SELINUX_ID_SIZE];
};
#define SELINUX_ALL_CLASSES SIZE_MAX

/* What a module has beside what was compiled. */
struct selinux_extra {
	const struct selinux_retired *retired;
	const struct selinux_spare *spares;
	const struct selinux_spare_file *files;
	size_t n_retired, n_spares, n_files;
};

/* @extra: NULL for none. */
void selinux_write(struct buf *buf, const struct selinux_artifact *artifact,
		   const struct selinux_extra *extra);

/* digest.c: of each ruleset; classes have their names and verdicts. 0 or -ENOMEM. */
int selinux_digests(const struct selinux_compiler *c);
/* Of what a module has whatever the rulesets are. 0 or -ENOMEM. */
int selinux_frame(const struct selinux_artifact *artifact, char ret[SELINUX_DIGEST_SIZE]);

/* names.c: of labels, classes and kinds. 0 or -ENOMEM. */
/* What listens for audit records where the base lets none of the domains. */
#define SELINUX_AUDIT_ROLE "karmor_audit_r"
#define SELINUX_NAME_SIZE 64
int selinux_names(struct selinux_compiler *c);
/* One that no rules give to anything; others for other numbers. */
void selinux_spare_id(uint32_t number, char ret[SELINUX_ID_SIZE]);
void selinux_copy_name(struct buf *buf, const struct selinux_artifact *artifact, size_t kind,
		       const char *type);
void selinux_file_role(const struct selinux_artifact *artifact, size_t label,
		       char ret[SELINUX_NAME_SIZE]);
void selinux_task_role(const struct selinux_artifact *artifact, size_t set, size_t class,
		       char ret[SELINUX_NAME_SIZE]);
/* The same under another number than the ruleset's own. */
void selinux_number_role(const struct selinux_artifact *artifact, size_t set, size_t class,
			 uint32_t number, char ret[SELINUX_NAME_SIZE]);
/* The class of what no rule of a ruleset names. */
size_t selinux_rest_class(const struct selinux_artifact *artifact, size_t set);

/* rules.c: whether one of @perms, separated by blanks, of @class is @op; or is a socket's. */
bool selinux_is_op(enum selinux_op op, const char *class, const char *perms);
bool selinux_is_socket_perm(const char *perms);
/* What a class of sources is denied of files whose role has these accept sets: a bit for each row
 * of permissions. The same for a role of a pattern, where @rest is the accept set of the rest. */
uint32_t selinux_mask(const struct selinux_class *class, uint32_t own, uint32_t child);
uint32_t selinux_pattern_mask(const struct selinux_class *class, uint32_t rest,
			      const struct selinux_pattern *pattern);

/* The role of a file, of a directory: an index into labels, or SELINUX_NO_LABEL for object_r. */
#define SELINUX_NO_LABEL SIZE_MAX
size_t selinux_label_of(const struct selinux_artifact *artifact, const char *path, bool directory);
/* Whether files of @role are kept from all workloads at least as much as those of @other, which may
 * be no label's. */
bool selinux_role_exceeds(const struct selinux_artifact *artifact, const char *role,
			  const char *other, bool directory);
/* The copy of @type that an executable at @path is to have; false for none. */
bool selinux_copy_of(const struct selinux_artifact *artifact, const char *path, const char *type,
		     struct buf *buf);
/* The type that an executable at @path has for the rules' sakes; NULL: the one that it has. */
const char *selinux_type_of(const struct selinux_artifact *artifact, const struct base *base,
			    const char *path, struct buf *buf);

/*
 * roots.c: what a walk over files has to know; 0 or -ENOMEM. @matchers are those of each ruleset,
 * until @ends, and then of the sources.
 */
int selinux_roots(struct selinux_compiler *c, const struct automaton_matcher *matchers,
		  const size_t *ends);
int selinux_leads(struct selinux_artifact *artifact); /* rest is known */
int selinux_given(struct selinux_compiler *c);

/* facts.c: 0; -EINVAL (none of the domains is there: message); -ENOMEM. */
int selinux_facts(const struct base *base, struct arena *arena, struct selinux_facts *ret,
		  struct karmor_diag *diag);
/* With strings of @arena. 0 or -ENOMEM. */
int selinux_facts_copy(const struct selinux_facts *from, struct arena *arena,
		       struct selinux_facts *ret);

/* Whether tasks of workloads may have the type. */
bool selinux_is_domain(const char *type);

/* Rulesets on their way to an artifact. Rules of all rulesets are numbered together. */
struct selinux_compiler {
	const struct karmor_ruleset *const *sets;
	size_t n;
	const struct karmor_artifact *previous; /* what it is of is not reported again; or NULL */
	const struct base *policy;
	struct selinux_artifact *ret;
	struct karmor_diag *diag;
	size_t *offsets, n_rules; /* by ruleset: the number of its first rule */
	bool *left_out;		  /* by rule: it cannot be said */
	bool *lost;		  /* by rule: of one of its sources there is no type */
	bool *mixed;		  /* by rule: sockets that it tells apart are of one class */
	bool *shared;		  /* by rule: of one with sockets that another rule decides about */
	const struct ir_source **sources;
	size_t n_sources, sources_size;
	const char *const *examples; /* by accept: a path; NULL: there is none */
	uint8_t **accept_classes;    /* by ruleset, by accept */
	struct selinux_socket *all_sockets;
	size_t n_all_sockets;
	bool ***active; /* by ruleset, by class, by rule of the ruleset */
};

/* paths.c: the automaton, labels, classes and kinds. 0, -EINVAL (message), -ENOMEM. */
bool selinux_is_same_source(const struct ir_source *a, const struct ir_source *b);
int selinux_paths(struct selinux_compiler *c);
/* verdicts.c */
int selinux_verdicts(struct selinux_compiler *c);
/* The number of what gives a verdict, or SELINUX_NO_RULE. */
uint32_t selinux_rule_of(const struct selinux_compiler *c, size_t set,
			 const struct eval_verdict *verdict);
/* net.c: sockets and capabilities of a class of sources. 0 or -ENOMEM. */
int selinux_sockets(struct selinux_compiler *c);
int selinux_network(struct selinux_compiler *c, size_t set, size_t class);
int selinux_capabilities(struct selinux_compiler *c, size_t set, size_t class);
/* The class of a socket; "" for one that there is not, NULL for one that is always let pass. */
const char *selinux_socket_class(const struct selinux_artifact *artifact, int family, int type,
				 int number);
const char *selinux_capability_class(unsigned capability);
/* fidelity.c */
bool selinux_leaves_out(const struct ruleset_rule *rule, const struct base *base);
int selinux_fidelity(const struct selinux_compiler *c, struct karmor_report *report);
