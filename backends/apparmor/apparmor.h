/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The AppArmor backend's own types. An artifact holds, for each ruleset, one profile a class of
 * sources, as lines that print.c writes as profile text, and what events need to be named after.
 *
 * "Most specific wins" is not AppArmor's rule: there a deny always wins. So compile.c makes lines
 * in one of three ways and, for every kind of path that the rules tell apart, holds what the lines
 * mean against eval: as they stand; with priorities (parser 4.1); as disjoint sets (cover.c). The
 * report is what that comparison found.
 */
#pragma once

#include "automaton.h"
#include "backend.h"
#include "buf.h"
#include "eval.h"
#include "event-make.h"

/* What a line speaks about: an operation, by the object's owner or by another. */
enum {
	APPARMOR_READ = 1u << 0,
	APPARMOR_WRITE = 1u << 1,
	APPARMOR_EXEC = 1u << 2,
	APPARMOR_OWNER = APPARMOR_READ | APPARMOR_WRITE | APPARMOR_EXEC,
	APPARMOR_OTHER_SHIFT = 3,
	APPARMOR_OTHER = APPARMOR_OWNER << APPARMOR_OTHER_SHIFT,
	APPARMOR_BITS = 6,
	APPARMOR_MAP = 1u << APPARMOR_BITS, /* as a program; of guards only */
};

/* Which of the paths that the rules tell apart a line's expression is about. */
enum apparmor_about {
	APPARMOR_ABOUT_ALL,
	APPARMOR_ABOUT_ID,     /* what the matcher @id matches */
	APPARMOR_ABOUT_ACCEPT, /* what has exactly the accept set @id */
	APPARMOR_ABOUT_GUARD,  /* names on the way to what a Block rule names, and loaders */
};

#define APPARMOR_NO_RULE UINT32_MAX
#define APPARMOR_ELSEWHERE (UINT32_MAX - 1) /* what other profiles of a stack decide */
#define APPARMOR_SELF (UINT32_MAX - 2)	    /* what keeps the profile itself */
/* Profiles that one may name as targets of an exec; a format of the kernel's. */
#define APPARMOR_TARGETS_MAX 12
/*
 * Where there are more classes, they are in groups, and a task is under a stack: in each group's
 * profile it is of one of the group's classes, or of none, and there free; in one more profile it
 * is of no group, under class 0's rules, or of one, and there free. No profile leads to more others
 * than it may, and fewer groups cannot be: what a class alone is denied is denied by a profile that
 * it alone is under, and each profile of a stack leads to twelve.
 *
 * A task enters a stack by its name, which the kernel takes in one page: so many groups are safely
 * less than that.
 */
#define APPARMOR_GROUP (APPARMOR_TARGETS_MAX - 1)
#define APPARMOR_GROUPS_MAX 93
#define APPARMOR_CLASSES_MAX (1 + APPARMOR_GROUP * APPARMOR_GROUPS_MAX)
#define APPARMOR_PRIORITY_MAX 999
/* What a part of a section does not decide, in each profile of it. */
#define APPARMOR_PRIORITY_OUTSIDE 1000
/* Lines of a section of paths for which one profile is enough: automata grow, and so does the
 * parser's time, by the square. */
#define APPARMOR_PART_LINES 1000
/* Profiles that can be stacked on one: every access asks each of them. */
#define APPARMOR_WIDTH_MAX 48
/* Names of families and types that a profile can have. */
#define APPARMOR_FAMILIES 46
#define APPARMOR_TYPES 11

struct apparmor_line {
	const char *path; /* an expression of AppArmor's, escaped, without its quotes */
	uint32_t rule;	  /* an index into the rules, or APPARMOR_NO_RULE */
	uint32_t id;
	enum apparmor_about about;
	int priority;
	uint8_t perms; /* of what it speaks about */
	bool deny, audit;
	bool literal;	 /* one path, whose transition goes before those of expressions */
	uint16_t target; /* the class of what is executed */
};

/* Some of the classes of sources. */
struct apparmor_classes {
	uint64_t bits[APPARMOR_CLASSES_MAX / 64 + 1];
};

static inline bool apparmor_classes_have(const struct apparmor_classes *classes, size_t class)
{
	return class < APPARMOR_CLASSES_MAX && classes->bits[class / 64] >> class % 64 & 1;
}

static inline void apparmor_classes_add(struct apparmor_classes *classes, size_t class)
{
	classes->bits[class / 64] |= UINT64_C(1) << class % 64;
}

/* A profile: what one class of sources may do. */
struct apparmor_profile {
	struct apparmor_line *lines;
	size_t n_lines;
	enum karmor_action network[APPARMOR_FAMILIES][APPARMOR_TYPES];
	uint32_t network_rules[APPARMOR_FAMILIES][APPARMOR_TYPES];
	enum karmor_action capabilities[IR_CAPABILITY_COUNT];
	uint32_t capability_rules[IR_CAPABILITY_COUNT];
};

/* Where each exec leads to, all being allowed. */
struct apparmor_leads {
	struct apparmor_line *lines;
	size_t n;
};

/* A source as the rules name it. */
struct apparmor_source {
	enum ir_match match;
	bool recursive;
	const char *path;
};

/* What an event says of a rule, and what tells that it is about it; strings are the ruleset's. */
struct apparmor_rule {
	enum karmor_section section;
	enum karmor_action action;
	enum ir_match match;
	bool recursive, read_only, owner_only;
	enum ir_protocol protocol;
	unsigned capability;
	struct apparmor_classes classes; /* that it holds for */
	const char *path;		 /* resolved */
	struct apparmor_source *sources;
	size_t n_sources; /* 0: it holds for every source */
	struct told told;
};

/* What a ruleset is compiled to. */
struct apparmor_ruleset {
	struct compiled_ruleset base;
	struct apparmor_profile *profiles; /* by class; 0: what no fromSource names */
	size_t n_profiles;
	struct apparmor_leads *leads;	/* by group; 0: that tells all classes apart */
	struct apparmor_profile *tops;	/* by class: what it may not of what class 0 may */
	struct apparmor_classes narrow; /* that are such a profile on top of class 0's */
	size_t n_narrow;
	uint64_t *signatures;	     /* by class: what programs are in it */
	struct apparmor_rule *rules; /* in the ruleset's order */
	size_t n_rules;
	bool priorities;	      /* the parser has them */
	bool mounts;		      /* mounting is free: no path is protected */
	bool closed[KARMOR_SYSCALLS]; /* by section: what no rule decides is denied */
};

static inline const struct apparmor_ruleset *
apparmor_ruleset_at(const struct karmor_artifact *artifact, size_t i)
{
	return (const struct apparmor_ruleset *)rulesets_at(artifact, i);
}

/* What a kernel mediates beside what the language speaks of, and must be told to let pass. */
struct apparmor_mediates {
	bool userns, io_uring, mqueue;
};

/* Facts of caps. */
#define APPARMOR_CAP_PRIORITY "parser.priority" /* the parser has priorities */
#define APPARMOR_CAP_NETWORK "network"		/* the kernel mediates sockets */
#define APPARMOR_CAP_MOVE_MOUNT "mount.move_mount"

/* compile.c */
int apparmor_full(struct karmor_caps *caps);
int apparmor_compile(const struct karmor_ruleset *const *sets, size_t n,
		     const struct karmor_artifact *previous, const struct karmor_caps *caps,
		     struct karmor_artifact **ret, struct karmor_report *report,
		     struct karmor_diag *diag);
void apparmor_artifact_free(struct karmor_artifact *artifact);

/* print.c */
int apparmor_print(const struct karmor_artifact *artifact, FILE *out);
/*
 * How a ruleset's profiles are written: for @n classes at least, the first again for those that are
 * left, under @name and for class N @name.N. @width more profiles are stacked on each, which have a
 * part each of a section with many lines (split.h): @name.N.1 and on.
 *
 * Under no_new_privs the kernel lets a task change only to a stack that has all profiles which the
 * task was under when that was set. So a class that may nothing which class 0 may not (narrow.c) is
 * all of class 0's profiles and one more on top, @name.nN, which has the difference alone. That is
 * done only where tasks are started so, or the policy stays as it is: a task's stack follows one
 * change, and none after, until its next execve (follow.c).
 */
struct apparmor_names {
	const char *name;
	size_t n, width, groups; /* of classes; 0: they are not in groups, otherwise no width */
	struct apparmor_classes narrow; /* that have a profile on top */
	bool tops_end; /* the classes of before have one that lets everything pass */
};

/* Those that a ruleset asks for; its width and groups alone. */
struct apparmor_names apparmor_names_of(const struct apparmor_ruleset *set, const char *name);
size_t apparmor_width(const struct apparmor_ruleset *set);
/* The group of a class, where classes share profiles; 0: none. */
size_t apparmor_group(size_t class);
size_t apparmor_groups(const struct apparmor_ruleset *set);
/* How many profiles a task of @class is under, and the name of one of them. */
size_t apparmor_stack(const struct apparmor_names *names, size_t class);
void apparmor_profile_name(struct buf *buf, const struct apparmor_names *names, size_t class,
			   size_t place);
/*
 * To be compiled apart. Piece 0: the classes' own profiles; piece N: those of the Nth part, or,
 * where classes are in groups, of the Nth group.
 */
size_t apparmor_pieces(const struct apparmor_names *names);
void apparmor_write_piece(struct buf *buf, const struct apparmor_mediates *mediates,
			  const struct apparmor_ruleset *set, const struct apparmor_names *names,
			  size_t piece);
/* All pieces. */
void apparmor_write(struct buf *buf, const struct apparmor_mediates *mediates,
		    const struct apparmor_ruleset *set, const struct apparmor_names *names);
/* The stack of a class, as a task enters it. */
void apparmor_label(struct buf *buf, const struct apparmor_names *names, size_t class);
/* The class of a program, as an exec of it would lead to. */
size_t apparmor_class(const struct apparmor_ruleset *set, const char *program);

/*
 * net.c: network and capabilities of a class of sources, whose rules are @active. @off, by rule, is
 * set for those that are not kept for every protocol. 0 or -ENOMEM.
 */
int apparmor_network(struct apparmor_profile *profile, const struct karmor_ruleset *set,
		     const bool *active, bool *off);
int apparmor_capabilities(struct apparmor_profile *profile, const struct karmor_ruleset *set,
			  const bool *active);
const char *apparmor_family_name(unsigned family); /* NULL: none that a profile can have */
const char *apparmor_type_name(unsigned type);

/* classes.c: signatures of the classes of @targets, by accept, added to @ret; ids of sources begin
 * with @first. 0 or -ENOMEM. */
int apparmor_signatures(const struct automaton *automaton, size_t first,
			const struct apparmor_source *sources, const uint16_t *targets,
			uint64_t *ret);

/* rules.c: @active is by class and rule. 0 or -ENOMEM. */
int apparmor_rules_copy(struct arena *arena, const struct karmor_ruleset *set, bool *const *active,
			size_t n_classes, struct apparmor_ruleset *ret);

/* relate.c */
struct apparmor_relations {
	uint64_t *pairs; /* sorted: a rule that allows, in the higher half, and an Audit rule */
	size_t n, size;
	uint32_t *kinds; /* by id: the kinds of paths that it matches */
};

struct apparmor_relation {
	uint32_t audit;		       /* an Audit rule that matches some of what the other does */
	bool allow_alone, audit_alone; /* and which of them matches more */
};

/*
 * A section of paths under way, for one class of sources. A matcher's id is the rule's place in the
 * section; those of sources follow.
 */
struct apparmor_section {
	const struct karmor_ruleset *set;
	enum karmor_section section;
	size_t first, n;    /* the section's rules */
	const bool *active; /* by index into set->rules */
	const bool *base;   /* of the profile that this one is on top of; NULL: of none */
	const struct automaton *automaton;     /* of all matchers */
	const struct apparmor_source *sources; /* ids n, n + 1, ...; process only */
	size_t n_sources;
	const uint16_t *targets; /* by accept: the class that an exec leads to; NULL: one class */
	bool priorities;	 /* the parser has them */
	bool open;		 /* no rule holds, and all is allowed */
	bool lost_sources;	 /* found: an exec cannot be led to the profile it should have */
	struct arena *arena;
	struct apparmor_line *lines; /* malloc'ed */
	size_t n_lines, size;
};

/* What a path of an accept set may be used for. */
struct apparmor_effect {
	uint8_t allow, audit; /* audit: of what is allowed, what is logged */
	uint16_t target;
	uint32_t rule; /* that decided something about it, or APPARMOR_NO_RULE */
};

/* 0; -EINVAL (they meet too often); -ENOMEM. */
int apparmor_relate(struct apparmor_relations *relations, const struct apparmor_section *s);
void apparmor_relations_done(struct apparmor_relations *relations);
/* The next Audit rule that meets @allow; @at, from 0, goes on. */
bool apparmor_related(const struct apparmor_relations *relations, uint32_t allow, size_t *at,
		      struct apparmor_relation *ret);

/* lines.c */
struct apparmor_effect apparmor_expect(const struct apparmor_section *s, uint32_t accept,
				       uint32_t *scratch);
int apparmor_line_add(struct apparmor_section *s, const struct apparmor_line *line);
/* The rules of an accept set that hold for this class of sources. */
size_t apparmor_accept_rules(const struct apparmor_section *s, uint32_t accept, uint32_t *ret);
/* Makes the lines; @broken, by rule of the set, is set for those that they do not keep. */
int apparmor_lines(struct apparmor_section *s, bool *broken);
/* 1 where all are kept, 0 where not, or -ENOMEM. */
int apparmor_lines_exact(struct apparmor_section *s);
/* @s as it is for the profile below. */
struct apparmor_section apparmor_below(const struct apparmor_section *s);

/*
 * means.c: how many kinds of paths mean something else to the parser than to eval; their rules are
 * @broken where that is wanted. @scratch: room for the section's rules. 0 or -ENOMEM.
 */
int apparmor_compare(struct apparmor_section *s, uint32_t *scratch, bool *broken, size_t *ret);

/*
 * narrow.c: whether the profile on top of another one's can make the class of it; then its lines,
 * and what it says of all else. 1, 0 or -ENOMEM.
 */
int apparmor_narrow_section(struct apparmor_section *s);
bool apparmor_narrow_rest(const struct apparmor_ruleset *set, size_t class,
			  struct apparmor_profile *ret);

/* guard.c: lines that protect the names of Block rules, after the section's own. */
int apparmor_guard(struct apparmor_section *s);

/*
 * self.c: what no workload may do, whatever its policies say. Whether @capability is kept from it
 * but where a rule allows it, and whether a profile denies it for that; whether no rule can allow
 * @path to be written; the lines of paths, for the profile of a stack that every task is under.
 */
bool apparmor_self_keeps(unsigned capability);
bool apparmor_self_capability(const struct apparmor_ruleset *set,
			      const struct apparmor_profile *profile, unsigned capability);
bool apparmor_self_path(const char *path);
void apparmor_self_lines(struct buf *buf, const struct apparmor_ruleset *set);

/* cover.c: disjoint expressions for all accept sets. 0; -EINVAL where there are none, or too many.
 */
typedef int apparmor_cover_fn(struct apparmor_section *s, const char *path, uint32_t accept,
			      bool literal, void *data);
int apparmor_cover(struct apparmor_section *s, apparmor_cover_fn *fn, void *data);

/* aare.c: expressions of AppArmor's, to be written between double quotes. */
void aare_byte(struct buf *buf, unsigned char byte);
void aare_text(struct buf *buf, const char *text);
/* One byte of @has (256 of them); one that is all bytes, or all but the slash, as well. */
void aare_class(struct buf *buf, const bool *has);
/*
 * Calls @fn for expressions that together match what the matcher does. @directories: with a slash
 * behind it as well, as AppArmor names a directory. @literal: one name only. 0; what @fn returned;
 * -EINVAL where there are too many choices; -ENOMEM.
 */
typedef int aare_fn(const char *path, bool literal, void *data);
int aare_matcher(enum ir_match match, bool recursive, const char *matcher, bool directories,
		 aare_fn *fn, void *data);
#define AARE_CHOICES_MAX 256
