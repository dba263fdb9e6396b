/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * See hook.bpf.h. What cannot be decided is denied where the section is closed (policy language,
 * section 10), counted, and told; a workload without a table is denied everything.
 */
#include "hook.bpf.h"

static const struct abi_record *decide_record(void *table, __u32 index)
{
	return bpf_map_lookup_elem(table, &index);
}

#include "decide.bpf.h"

#define NAMES_STEPS_MAX (1 << 18) /* a namespace has 100,000 mounts at most */

static __always_inline struct abi_workload *workload_of(struct label *label)
{
	__u32 slot = label->enrol.slot;

	return bpf_map_lookup_elem(&workloads, &slot);
}

/* What the verdict means for the caller; events are sent for all but a silent pass. */
static __always_inline int conclude(struct label *label, struct told *told, int denial, bool silent)
{
	__u32 action = ABI_ACTION(told->verdict);
	struct abi_workload *workload;

	if (action == ABI_ALLOW)
		return 0;
	told->error = action == ABI_BLOCK ? denial : 0;
	if (told->verdict & ABI_UNDECIDED) {
		workload = workload_of(label);
		if (workload)
			__sync_fetch_and_add(&workload->refused, 1);
	}
	if (!silent)
		event_send(label, told);
	return told->error;
}

/* Nothing could be decided: the section's flag decides. */
static __always_inline __u32 undecided(const struct abi_record *header, __u32 section)
{
	if (header && !(header->w[0] & ABI_CLOSED(section & 3)))
		return ABI_ALLOW;
	return ABI_BLOCK | ABI_UNDECIDED;
}

/* A verdict, and the op that it is of above it. */
static __always_inline __u64 of_op(__u32 op, __u32 verdict)
{
	return (__u64)op << 32 | verdict;
}

/*
 * What one row says: the worst of what is asked, Block over Audit over Allow. Global, as all that
 * is called from more than one place, so that the verifier reads it once, and nothing after it more
 * than once.
 */
__u64 hook_row(const struct abi_record *row, struct question *question)
{
	__u32 owner, first, verdict, write;

	if (!row || !question)
		return ABI_BLOCK | ABI_UNDECIDED;
	owner = walk_owner(question->dentry) == bpf_get_current_task_btf()->cred->fsuid.val
			? ABI_ROW_OWNER
			: 0;
	first = question->ops & OP(ABI_OP_EXEC) ? ABI_OP_EXEC : ABI_OP_READ;
	verdict = row->w[owner];
	write = row->w[ABI_ROW_WRITE + owner];
	if (!(question->ops & OP(ABI_OP_WRITE)))
		return of_op(first, verdict);
	if (question->ops & (OP(ABI_OP_READ) | OP(ABI_OP_EXEC)) &&
	    ABI_ACTION(verdict) >= ABI_ACTION(write))
		return of_op(first, verdict);
	return of_op(ABI_OP_WRITE, write);
}

/* What a look at the names of one file needs. */
struct linked {
	struct question *question;
	void *table;
	const __u32 *accepts;
	__u64 verdict;
	__u32 class_;
};

/* One of the names that Block rules name: does one of them deny? 1 ends the look. */
static long link_step(__u32 i, struct linked *linked)
{
	__u32 accept = linked->accepts[i & (ABI_LINK_NAMES - 1)];
	const struct abi_record *row;
	__u64 verdict;

	if (!accept)
		return 1;
	row = decide_record(linked->table, accept + linked->class_);
	if (!row)
		return 1;
	verdict = hook_row(row, linked->question);
	if (ABI_ACTION(verdict) != ABI_BLOCK || !(verdict & ABI_EXACT))
		return 0;
	linked->verdict = verdict;
	return 1;
}

/*
 * A file with several names is protected under each of them by a Block rule that names one: the
 * verdict, and the op above it; 0 where none denies.
 */
__u64 hook_linked(struct label *label, struct question *question)
{
	struct linked linked = { .question = question };
	const struct abi_record *header;
	struct abi_inode inode = {};
	const struct abi_link *link;
	void *names;
	__u32 slot, section;

	if (!label || !question || walk_inode(question->dentry, &inode) < 2)
		return 0;
	slot = label->enrol.slot;
	names = bpf_map_lookup_elem(&links, &slot);
	link = names ? bpf_map_lookup_elem(names, &inode) : 0;
	linked.table = link ? bpf_map_lookup_elem(&tables, &slot) : 0;
	header = linked.table ? decide_record(linked.table, ABI_HEADER) : 0;
	if (!header || !link)
		return 0;
	section = question->section & 1;
	linked.class_ = label->enrol.class_;
	linked.accepts = link->tables[0].generation == header->w[2]
				 ? link->tables[0].accepts[section]
				 : link->tables[1].accepts[section];
	bpf_loop(ABI_LINK_NAMES, link_step, &linked, 0);
	return linked.verdict;
}

static __always_inline __u64 path_undecided(const struct question *question,
					    const struct abi_record *header)
{
	return of_op(question->ops & OP(ABI_OP_EXEC) ? ABI_OP_EXEC : ABI_OP_WRITE,
		     undecided(header, question->section));
}

/* The accept of the question's path, or of the name that was asked for; negative as walk_accept().
 */
static __always_inline __s64 path_accept(struct label *label, struct question *question,
					 const struct abi_record *header)
{
	__s64 accept;

	/* First: the row is the class's, whatever the path. */
	if (!is_classified(label, header->w[2]))
		return -WALK_FAULT;
	if (question->unnamed)
		return -WALK_UNNAMED;
	accept = walk_accept(label, question->automaton);
	if (accept < 0 || !question->called || !(header->w[0] & ABI_CALLED))
		return accept;
	label->at = question->called;
	return walk_called(label, accept);
}

/* What the table says of a path: a verdict, and the op above it; 0: nothing. */
static __always_inline __u64 path_verdict(struct label *label, struct question *question,
					  void *table, const struct abi_record *header)
{
	__s64 accept = path_accept(label, question, header);
	const struct abi_record *row = 0;
	__u64 verdict, linked;

	/* The mount shows another part of the filesystem. */
	if (accept == -WALK_DETACHED && question->here)
		return 0;
	if ((accept == -WALK_DETACHED || accept == -WALK_ELSEWHERE) && mounts_freely(label))
		accept = -WALK_UNNAMED;
	if (accept == -WALK_UNNAMED) {
		if (question->section != ABI_PROCESS || question->named_only)
			return 0;
		accept = header->w[3];
	}
	if (accept >= 0)
		row = decide_record(table, (__u32)accept + label->enrol.class_);
	verdict = row ? hook_row(row, question) : path_undecided(question, header);
	if (header->w[0] & ABI_LINKED && label->generation == header->w[2] &&
	    ABI_ACTION(verdict) != ABI_BLOCK) {
		linked = hook_linked(label, question);
		verdict = linked ?: verdict;
	}
	if (question->named_only &&
	    (ABI_ACTION(verdict) != ABI_BLOCK || !(verdict & (ABI_NAMED | ABI_UNDECIDED))))
		return 0;
	return verdict;
}

static __always_inline int path_conclude(struct label *label, struct question *question,
					 __u64 verdict, __u32 generation)
{
	struct told told = { .verdict = (__u32)verdict,
			     .generation = generation,
			     .op = verdict >> 32,
			     .section = question->section,
			     .hook = question->hook };

	label->leaf = question->dentry;
	label->mnt = question->mnt;
	return conclude(label, &told, -EACCES, false);
}

int hook_path(struct label *label, struct question *question)
{
	const struct abi_record *header;
	__u32 slot, generation = 0, asks;
	__u64 verdict;
	void *table;

	if (!label || !question)
		return -EACCES;
	slot = label->enrol.slot;
	label->leaf = question->dentry;
	label->mnt = question->mnt;
	table = bpf_map_lookup_elem(&tables, &slot);
	header = table ? decide_record(table, ABI_HEADER) : 0;
	if (header) {
		generation = header->w[2];
		asks = question->automaton == ABI_AUTOMATON_GUARD ? ABI_GUARDED
								  : ABI_HAS(question->section & 3);
		if (!(header->w[0] & asks))
			return 0;
		verdict = path_verdict(label, question, table, header);
		if (hook_generation(label) != generation)
			return ASK_ANEW;
	} else {
		verdict = path_undecided(question, 0);
	}
	return path_conclude(label, question, verdict, generation);
}

static __always_inline int decide_refusal(struct label *label, struct question *question)
{
	return path_conclude(label, question, path_undecided(question, 0), 0);
}

/* What a walk over the mounts of a filesystem comes to. */
struct names {
	struct label *label;
	struct question *question;
	__u32 done;
	int ret;
};

static long names_step(__u32 i, struct names *names)
{
	struct question *question = names->question;
	struct label *label = names->label;
	int next = walk_mount_next(label, question->dentry);

	if (next < 0)
		label->place = 0; /* from the first again */
	if (!next)
		names->done = 1;
	if (next <= 0)
		return !next;
	if (!label->place_ns ||
	    (label->place_ns != question->here && label->place_ns != label->home))
		return 0;
	question->mnt = label->place;
	names->ret = hook_path(label, question);
	return names->ret != 0;
}

/*
 * Whatever names the dentry has by the mounts of the namespace where the task is, or where it was
 * enrolled, and one that denies is enough. What has no name there, as the files of an overlay's
 * layers, passes.
 */
static __always_inline int decide_names(struct label *label, struct question *question)
{
	struct names names = { .label = label, .question = question };
	__u32 generation = hook_generation(label);

	if (!(hook_flags(label) & ABI_HAS(question->section & 3)))
		return 0;
	label->place = 0;
	bpf_loop(NAMES_STEPS_MAX, names_step, &names, 0);
	if (names.ret)
		return names.ret;
	/* Each name may have passed by another table, and all of them by none. */
	if (hook_generation(label) != generation)
		return ASK_ANEW;
	if (names.done)
		return 0;
	return decide_refusal(label, question);
}

static __always_inline int decide_words(struct label *label, struct question *question)
{
	struct told told = {};
	const struct abi_record *header, *base = 0;
	__s64 word = -1;
	__u32 slot, words, first;
	void *table;

	slot = label->enrol.slot;
	told.section = question->section;
	told.hook = question->hook;
	told.op = question->section == ABI_NETWORK ? ABI_OP_NET : ABI_OP_CAPABILITY;
	told.family = question->family;
	told.type = question->type;
	told.protocol = question->protocol;
	table = bpf_map_lookup_elem(&tables, &slot);
	header = table ? decide_record(table, ABI_HEADER) : 0;
	if (header) {
		told.generation = header->w[2];
		if (!(header->w[0] & ABI_HAS(question->section & 3)))
			return 0;
		if (is_classified(label, told.generation))
			base = decide_record(table, ABI_HEADER_BASE);
	}
	if (base) {
		words = question->section == ABI_NETWORK ? ABI_NET_WORDS : ABI_CAPABILITY_WORDS;
		first = question->section == ABI_NETWORK ? base->w[0] : base->w[1];
		word = decide_word(table, first, label->enrol.class_, words, question->index);
	}
	told.verdict = word < 0 ? undecided(header, question->section) : (__u32)word;
	if (hook_generation(label) != told.generation)
		return ASK_ANEW;
	return conclude(label, &told, question->section == ABI_NETWORK ? -EACCES : -EPERM,
			question->silent);
}

/* The name that is covered is written, and may be on the way to what a Block rule names. */
static __always_inline int decide_cover(struct label *label, struct question *question)
{
	__u32 generation = hook_generation(label);
	int ret;

	if (question->what == HOOK_ALIAS && hook_flags(label) & ABI_GUARDED)
		return decide_refusal(label, question);
	question->automaton = ABI_AUTOMATON_FILE;
	ret = hook_path(label, question);
	if (!ret) {
		question->automaton = ABI_AUTOMATON_GUARD;
		ret = hook_path(label, question);
	}
	return !ret && hook_generation(label) != generation ? ASK_ANEW : ret;
}

/* It may not have looked at the table since that is another. */
static __always_inline int decide_source(struct label *label, struct question *question)
{
	__u32 generation = hook_generation(label);
	bool known = is_classified(label, generation);
	__s64 class = question->index;

	if (question->generation != generation) {
		label->leaf = question->dentry;
		label->mnt = question->mnt;
		class = label->leaf ? walk_accept(label, ABI_AUTOMATON_SOURCE) : 0;
		class = class == -WALK_UNNAMED ? 0 : class;
		known = known && !question->unnamed; /* it says that it is another */
	}
	if (hook_generation(label) != generation)
		return ASK_ANEW;
	return known && class == label->enrol.class_ ? 0 : -EPERM;
}

/*
 * Whether what a change of a file is about is karmor's own. A directory's guard is asked about
 * after the change.
 */
static __always_inline bool is_kept(struct label *label, const struct question *question)
{
	if (!is_of_workload(label) || question->section != ABI_FILE ||
	    !(question->ops & OP(ABI_OP_WRITE)) || question->automaton != ABI_AUTOMATON_FILE)
		return false;
	label->leaf = question->dentry;
	if (question->hook == ABI_HOOK_RENAME || question->hook == ABI_HOOK_MOUNT)
		return kept_leads(label) || kept_has(label);
	return kept_has(label);
}

/* That is denied, and told, whatever the table says, or though there is none. */
static __always_inline int decide_kept(struct label *label, struct question *question)
{
	struct told told = { .verdict = ABI_BLOCK | ABI_KEPT,
			     .generation = hook_generation(label),
			     .op = ABI_OP_WRITE,
			     .section = ABI_FILE,
			     .hook = question->hook };

	label->leaf = question->dentry;
	label->mnt = question->mnt;
	/* For the event any name will do. */
	label->place = 0;
	if (question->what == HOOK_NAMES && walk_mount_next(label, question->dentry) > 0)
		label->mnt = label->place;
	return conclude(label, &told, -EACCES, false);
}

/* Once: 0, a denial or ASK_ANEW. */
int hook_decide(struct label *label, struct question *question)
{
	if (!label || !question)
		return -EACCES;
	switch (question->what) {
	case HOOK_PATH:
		return hook_path(label, question);
	case HOOK_NAMES:
		return decide_names(label, question);
	case HOOK_COVER:
	case HOOK_ALIAS:
		return decide_cover(label, question);
	case HOOK_WORD:
		return decide_words(label, question);
	case HOOK_SOURCE:
		return decide_source(label, question);
	case HOOK_KEPT:
		return 0;
	default:
		return decide_refusal(label, question);
	}
}

SEC("freplace/hook_ask")
int karmor_decide(struct label *label, struct question *question)
{
	int ret;

	if (!label || !question)
		return -EACCES;
	if (is_kept(label, question))
		return decide_kept(label, question);
	ret = hook_decide(label, question);
	/* What is asked anew twice, which nothing is, is denied. */
	return ret == ASK_ANEW ? hook_decide(label, question) : ret;
}

__u32 hook_generation(struct label *label)
{
	const struct abi_record *header;
	__u32 slot;
	void *table;

	if (!label)
		return 0;
	slot = label->enrol.slot;
	table = bpf_map_lookup_elem(&tables, &slot);
	header = table ? decide_record(table, ABI_HEADER) : 0;
	return header ? header->w[2] : 0;
}

__u32 hook_flags(struct label *label)
{
	const struct abi_record *header;
	__u32 slot;
	void *table;

	if (!label)
		return 0;
	slot = label->enrol.slot;
	table = bpf_map_lookup_elem(&tables, &slot);
	header = table ? decide_record(table, ABI_HEADER) : 0;
	return header ? header->w[0] : 0;
}

char LICENSE[] SEC("license") = "GPL";
