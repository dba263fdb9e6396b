/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * See walk.bpf.h. All state is in the label: the verifier does not follow map memory, so that loops
 * of thousands of steps are verified in one pass.
 *
 * A rename meanwhile is seen by a sum over the components, of which and of their d_seq, taken on
 * the way up and again after the path was read: the counter of a dentry only grows, and is looked
 * at before name and parent, so equal sums mean that no component changed either in between
 * (research: 35 torn of 25,000 without it). The loads are in order on x86.
 */
#include "walk.bpf.h"
#include "elsewhere.bpf.h"

#define TRIES 64
/* Of a sum's terms, so that one cannot stand for another. 2^64 by the golden ratio. */
#define MIX 0x9e3779b97f4a7c15ull
#define BELOW_STEPS_MAX (1 << 18) /* two a mount, of which a namespace has 100,000 at most */
#define MOUNTS_MAX 256		  /* mount points crossed on one path, beside its components */

/* What a callback needs; label is map memory, table the workload's. */
struct walk {
	struct label *label;
	void *table;
	struct text *text;
	__u32 which;
};

static const struct abi_record *decide_record(void *table, __u32 index)
{
	return bpf_map_lookup_elem(table, &index);
}

#include "decide.bpf.h"

/* What it means that the walk ends at this mount, which has no parent. */
static __always_inline __u32 top_status(__u64 mount)
{
	__u64 ns = (__u64)LOAD(struct mount, mount, mnt_ns);

	/* An internal mount (pipes, memfds, overlayfs layers) has an error pointer for a namespace.
	 */
	if ((__s64)ns < 0 && (__s64)ns > -4096)
		return WALK_UNNAMED;
	if (!ns)
		return WALK_DETACHED;
	if (bpf_core_field_exists(struct mnt_namespace, is_anon))
		return LOAD(struct mnt_namespace, ns, is_anon) ? WALK_DETACHED : WALK_TOP;
	if (bpf_core_field_exists(struct mnt_namespace, seq))
		return LOAD(struct mnt_namespace, ns, seq) ? WALK_TOP : WALK_DETACHED;
	return WALK_TOP;
}

/* One step towards the top: a component, or a mount crossed. */
static long up_step(__u32 i, struct walk *walk)
{
	struct label *l = walk->label;
	__u64 d = l->at, parent, m, up;
	__u32 n = l->depth, seq;

	m = l->at_mnt - bpf_core_field_offset(struct mount, mnt);
	if (d == (__u64)LOAD(struct vfsmount, l->at_mnt, mnt_root)) {
		up = (__u64)LOAD(struct mount, m, mnt_parent);
		if (up == m) {
			l->status = top_status(m);
			return 1;
		}
		l->at = (__u64)LOAD(struct mount, m, mnt_mountpoint);
		l->at_mnt = up + bpf_core_field_offset(struct mount, mnt);
		return 0;
	}
	seq = LOAD(struct dentry, d, d_seq.seqcount.sequence);
	barrier();
	parent = (__u64)LOAD(struct dentry, d, d_parent);
	if (parent == d) {
		/* Pipes and their like; else a dentry that nothing leads to. */
		l->status = top_status(m) == WALK_UNNAMED ? WALK_UNNAMED : WALK_DETACHED;
		return 1;
	}
	if (n >= ABI_DEPTH_MAX) {
		l->status = WALK_DEEP;
		return 1;
	}
	if (n < l->keep)
		l->chunk[n & (ABI_CHUNK - 1)] = d;
	/* The highest bits of an address say nothing. */
	l->sum = l->sum * MIX + (d ^ (__u64)seq << 48);
	l->torn |= seq;
	l->depth = n + 1;
	l->at = parent;
	return 0;
}

/* Keeps the chunk of components below @keep; depth, sum and status tell how the walk went. */
static __always_inline void walk_up(struct walk *walk, __u32 keep)
{
	struct label *l = walk->label;

	l->at = l->leaf;
	l->at_mnt = l->mnt;
	l->depth = 0;
	l->sum = 0;
	l->torn = 0;
	l->keep = keep;
	l->status = WALK_ON;
	bpf_loop(ABI_DEPTH_MAX + MOUNTS_MAX, up_step, walk, 0);
	if (l->status == WALK_ON)
		l->status = WALK_DEEP;
	if (keep > l->depth)
		keep = l->depth;
	l->kept_low = keep > ABI_CHUNK ? keep - ABI_CHUNK : 0;
}

/* Turns to the next component on the way down: its name and length. False past the leaf. */
static __always_inline bool component_next(struct walk *walk)
{
	struct label *l = walk->label;
	__u32 c = l->component;
	__u64 d;

	if (c == 0)
		return false;
	c--;
	if (c < l->kept_low)
		walk_up(walk, c + 1);
	d = l->chunk[c & (ABI_CHUNK - 1)];
	l->component = c;
	l->name = (__u64)LOAD(struct dentry, d, d_name.name);
	l->left = LOAD(struct dentry, d, d_name.len) + 1;
	l->pos = 0;
	return true;
}

/* One step of the automaton. */
static long match_step(__u32 i, struct walk *walk)
{
	struct label *l = walk->label;
	__u32 state = l->state, pos = l->pos;
	__u64 window;
	int n;

	if (l->left == 0) {
		if (!component_next(walk)) {
			l->status = WALK_TOP;
			return 1;
		}
		pos = 0;
	}
	window = load_word(l->name + pos - (pos ? 1 : 0));
	if (pos == 0)
		window = window << 8 | '/';
	n = decide_step(walk->table, &state, window, l->left);
	if (n <= 0) {
		l->status = n < 0 ? WALK_FAULT : WALK_TOP;
		return 1;
	}
	l->state = state;
	l->pos = pos + n;
	l->left -= n;
	return 0;
}

/* Whether no component was renamed since the walk up whose sum is @sum. */
static __always_inline bool walk_quiet(struct walk *walk, __u64 sum)
{
	walk_up(walk, 0);
	return !(walk->label->torn & 1) && walk->label->sum == sum;
}

/* One try to read the path; 1 ends the tries. */
static long accept_try(__u32 i, struct walk *walk)
{
	struct label *l = walk->label;
	const struct abi_record *start;
	__u32 which = walk->which;
	__u64 sum;

	walk_up(walk, ABI_DEPTH_MAX);
	if (l->status != WALK_TOP)
		return 1;
	start = decide_record(walk->table, ABI_HEADER_START);
	if (!start) {
		l->status = WALK_FAULT;
		return 1;
	}
	sum = l->sum;
	l->state = start->w[which & 3];
	l->component = l->depth;
	l->left = 0;
	if (l->depth == 0) {
		__u32 state = l->state;

		decide_step(walk->table, &state, '/', 1);
		l->state = state;
	}
	l->status = WALK_DEEP;
	bpf_loop(ABI_STEPS_MAX, match_step, walk, 0);
	if (l->status == WALK_TOP && !walk_quiet(walk, sum))
		l->status = WALK_TORN;
	return l->status != WALK_TORN;
}

__s64 walk_accept(struct label *label, __u32 which)
{
	struct walk walk = { .which = which };
	const struct abi_record *start, *header;
	__s64 accept;
	__u32 slot;

	if (!label)
		return -WALK_FAULT;
	elsewhere_begin(label);
	slot = label->enrol.slot;
	walk.label = label;
	walk.table = bpf_map_lookup_elem(&tables, &slot);
	if (!walk.table)
		return -WALK_FAULT;
	start = decide_record(walk.table, ABI_HEADER_START);
	if (start)
		start = decide_record(walk.table, start->w[which & 3]);
	if (!start)
		return -WALK_FAULT;
	/* An automaton without rules says the same of every path. */
	if (start->w[0] >> ABI_KIND_SHIFT == ABI_SINK)
		return start->w[2];
	header = decide_record(walk.table, ABI_HEADER);
	if (header && header->w[0] & ABI_GUARDED && is_elsewhere(label))
		return -WALK_ELSEWHERE;
	bpf_loop(TRIES, accept_try, &walk, 0);
	if (label->status != WALK_TOP)
		return -(__s64)label->status;
	accept = decide_accept(walk.table, label->state);
	return accept < 0 ? -WALK_FAULT : accept;
}

/* One byte of the string at label->at: label->name becomes the last component, label->left its
 * length. */
static long called_step(__u32 i, struct walk *walk)
{
	struct label *l = walk->label;
	__u8 byte = load_word(l->at + i);

	if (!byte)
		return 1;
	l->left++;
	if (byte == '/') {
		l->name = l->at + i + 1;
		l->left = 0;
	}
	return 0;
}

__s64 walk_called(struct label *label, __u32 accept)
{
	struct walk walk = { .label = label };
	const struct abi_record *row;
	__u32 slot, state;
	__s64 called;

	if (!label)
		return -WALK_FAULT;
	slot = label->enrol.slot;
	walk.table = bpf_map_lookup_elem(&tables, &slot);
	if (!walk.table)
		return -WALK_FAULT;
	label->name = label->at;
	label->left = 0;
	bpf_loop(ABI_PATH_MAX, called_step, &walk, 0);
	/* An empty component, and one of that name: nothing follows it. */
	state = label->state;
	decide_step(walk.table, &state, '/', 1);
	label->state = state;
	label->left++;
	label->pos = 0;
	label->component = 0;
	label->status = WALK_DEEP;
	bpf_loop(ABI_STEPS_MAX, match_step, &walk, 0);
	if (label->status != WALK_TOP)
		return -(__s64)label->status;
	called = decide_accept(walk.table, label->state);
	row = called < 0 ? 0 : decide_record(walk.table, called);
	if (!row)
		return -WALK_FAULT;
	return row->w[ABI_ROW_WRITE] & ABI_CALLED_ROW ? called : accept;
}

/* Adds "/" and the next component's name. */
static long text_step(__u32 i, struct walk *walk)
{
	struct label *l = walk->label;
	struct text *text = walk->text;
	__u32 at = l->text_base + l->text_len, len;

	if (!component_next(walk))
		return 1;
	len = l->left - 1;
	if (at > sizeof(text->bytes) - 512 || l->text_len + len >= ABI_PATH_MAX || len > 255) {
		l->status = WALK_DEEP;
		return 1;
	}
	text->bytes[at] = '/';
	bpf_probe_read_kernel(&text->bytes[at + 1], len, (const void *)l->name);
	l->text_len += len + 1;
	return 0;
}

__u32 walk_text(struct label *label, struct text *text, __u32 base)
{
	struct walk walk = { .label = label, .text = text };

	if (!label || !text)
		return 0;
	walk_up(&walk, ABI_DEPTH_MAX);
	if (label->status != WALK_TOP && label->status != WALK_DETACHED)
		return 0;
	label->component = label->depth;
	label->left = 0;
	label->text_base = base;
	label->text_len = 0;
	bpf_loop(ABI_DEPTH_MAX, text_step, &walk, 0);
	if (label->text_len == 0 && base < ABI_PATH_MAX + 256) {
		text->bytes[base] = '/';
		label->text_len = 1;
	}
	return label->text_len;
}

__s64 walk_owner(__u64 dentry)
{
	__u64 inode = (__u64)LOAD(struct dentry, dentry, d_inode), parent;

	if (!inode) {
		parent = (__u64)LOAD(struct dentry, dentry, d_parent);
		inode = (__u64)LOAD(struct dentry, parent, d_inode);
	}
	return inode ? (__s64)LOAD(struct inode, inode, i_uid.val) : -1;
}

__u32 walk_inode(__u64 dentry, struct abi_inode *ret)
{
	__u64 inode = (__u64)LOAD(struct dentry, dentry, d_inode), sb;
	__u32 names = inode ? LOAD(struct inode, inode, i_nlink) : 0;

	if (!ret || !names)
		return 0;
	sb = (__u64)LOAD(struct inode, inode, i_sb);
	/* An overlay counts one for a file whose names are all of one lower layer. */
	if (names < 2 && LOAD(struct super_block, sb, s_magic) != OVERLAYFS_MAGIC)
		return 1;
	if ((LOAD(struct inode, inode, i_mode) & S_IFMT) == S_IFDIR)
		return 0;
	ret->number = LOAD(struct inode, inode, i_ino);
	ret->generation = LOAD(struct inode, inode, i_generation);
	ret->device = LOAD(struct super_block, sb, s_dev);
	return names < 2 ? 2 : names;
}

int walk_mount_next(struct label *label, __u64 dentry)
{
	__u64 sb = (__u64)LOAD(struct dentry, dentry, d_sb), mount;
	bool first;

	if (!label)
		return 0;
	first = !label->place;
	mount = label->place - bpf_core_field_offset(struct mount, mnt);
	/* Through the label, so that what is compared is a number. */
	if (bpf_core_field_exists(struct mount, mnt_next_for_sb)) {
		label->place = first ? (__u64)LOAD(struct super_block___7, sb, s_mounts)
				     : (__u64)LOAD(struct mount, mount, mnt_next_for_sb);
	} else {
		label->place_ns = sb + bpf_core_field_offset(struct super_block, s_mounts);
		label->place = first ? (__u64)LOAD(struct super_block, sb, s_mounts.next)
				     : (__u64)LOAD(struct mount, mount, mnt_instance.next);
		if (label->place == label->place_ns)
			return 0;
		if (label->place >> 56 != 0xff) /* poisoned as it was taken off the list */
			return -1;
		label->place -= bpf_core_field_offset(struct mount, mnt_instance);
	}
	mount = label->place;
	if (!mount)
		return 0;
	label->place_ns = (__u64)LOAD(struct mount, mount, mnt_ns);
	label->place = mount + bpf_core_field_offset(struct mount, mnt);
	return 1;
}

int walk_fresh(struct label *label)
{
	__u64 mount, root, sb;

	if (!label)
		return 0;
	mount = label->mnt - bpf_core_field_offset(struct mount, mnt);
	root = (__u64)LOAD(struct mount, mount, mnt.mnt_root);
	sb = (__u64)LOAD(struct mount, mount, mnt.mnt_sb);
	if (root != (__u64)LOAD(struct super_block, sb, s_root) ||
	    top_status(mount) != WALK_DETACHED)
		return 0;
	if ((__u64)LOAD(struct mount, mount, mnt_mounts.next) !=
	    mount + bpf_core_field_offset(struct mount, mnt_mounts))
		return 0;
	label->place = 0;
	label->leaf = root;
	barrier(); /* so that it is read again, as a number */
	if (walk_mount_next(label, label->leaf) != 1 || label->place != label->mnt)
		return 1;
	return walk_mount_next(label, label->leaf) ? 1 : 2;
}

/* What a walk through the mounts below one needs; where it stands is in the label. */
struct below {
	struct label *label;
	__u64 magic;
};

/* One step: to the first mount below label->at, or else to the next beside it, or (label->depth)
 * back up. */
static long below_step(__u32 i, struct below *below)
{
	struct label *l = below->label;
	__u64 at = l->at, owner = at, next;

	if (l->depth == 0) {
		__u64 sb = (__u64)LOAD(struct mount, at, mnt.mnt_sb);

		if (LOAD(struct super_block, sb, s_magic) == below->magic)
			return 1;
		next = (__u64)LOAD(struct mount, at, mnt_mounts.next);
	} else {
		owner = (__u64)LOAD(struct mount, at, mnt_parent);
		next = (__u64)LOAD(struct mount, at, mnt_child.next);
	}
	if (next != owner + bpf_core_field_offset(struct mount, mnt_mounts)) {
		l->at = next - bpf_core_field_offset(struct mount, mnt_child);
		l->depth = 0;
		return 0;
	}
	l->at = owner;
	l->depth = 1;
	if (owner != l->leaf)
		return 0;
	l->status = WALK_TOP;
	return 1;
}

int walk_below(struct label *label, __u64 magic)
{
	struct below below = { .label = label, .magic = magic };

	if (!label)
		return 1;
	label->leaf = label->mnt - bpf_core_field_offset(struct mount, mnt);
	label->at = label->leaf;
	label->depth = 0;
	label->status = WALK_ON;
	bpf_loop(BELOW_STEPS_MAX, below_step, &below, 0);
	return label->status != WALK_TOP;
}

char LICENSE[] SEC("license") = "GPL";
const volatile _Bool has_rdonly_cast = 0;
