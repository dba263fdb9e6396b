/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A first look at an open, for what most opens are: a path of a few components, below a few mounts,
 * about which the rules say nothing. No loop of the kernel's, no memory but the label's, and of the
 * table plain words. It only ever says "allowed, and nobody is told"; whatever it meets that it is
 * not made for, it leaves to the whole walk, which decides alone.
 *
 * What it read belongs together where nothing was renamed and nothing mounted meanwhile, on the
 * whole machine: the kernel counts both, in rename_lock and mount_lock. The loads are in order on
 * x86 only, so that the counts are not looked for elsewhere.
 */
#pragma once

#include "elsewhere.bpf.h"

#define QUICK_NAMES (1u << 31)
#define QUICK_UP 20    /* components and mounts */
#define QUICK_STEPS 24 /* of the automaton, and components */

/* A cast that is no load: what follows from it keeps its types. */
#define CAST(type, address)                                                                        \
	((type *)bpf_rdonly_cast((void *)(address), bpf_core_type_id_kernel(type)))

/* Words at any address: of the types only counts that they begin with a number of that size. */
static __always_inline __u64 quick_word(__u64 address)
{
	return (__u64)CAST(struct timespec64, address)->tv_sec;
}

static __always_inline __u32 quick_half(__u64 address)
{
	return CAST(struct seqcount, address)->sequence;
}

static __always_inline __u64 quick_record(__u64 table, __u32 index)
{
	return table + (__u64)index * sizeof(struct abi_record);
}

/* Both counters, one above the other. */
static __always_inline __u64 quick_counts(void)
{
	return (__u64)quick_half(rename_counter) << 32 | quick_half(mount_counter);
}

/*
 * Keeps the components in the label's chunk, a 0 where a mount was crossed, and how many in
 * label->depth: whether the walk came to the top of the task's mount tree.
 */
static __always_inline bool quick_up(struct label *label, struct file *file)
{
	struct dentry *at = file->f_path.dentry, *root = file->f_path.mnt->mnt_root, *parent;
	struct mount *mount, *up;

	mount = CAST(struct mount,
		     (__u64)file->f_path.mnt - bpf_core_field_offset(struct mount, mnt));

#pragma clang loop unroll(full)
	for (int i = 0; i < QUICK_UP; i++) {
		if (at == root) {
			up = mount->mnt_parent;
			if (up == mount) {
				label->depth = i;
				return top_status((__u64)mount) == WALK_TOP;
			}
			at = mount->mnt_mountpoint;
			mount = up;
			root = mount->mnt.mnt_root;
			label->chunk[i] = 0;
		} else {
			parent = at->d_parent;
			if (parent == at)
				return false;
			label->chunk[i] = (__u64)at;
			at = parent;
		}
	}
	return false;
}

/* The accept of a path that ends at @state. */
static __always_inline __s64 quick_accept(__u64 table, __u32 state)
{
	__u64 record = quick_record(table, state), word = quick_word(record);

	if ((__u32)word >> ABI_KIND_SHIFT == ABI_RUN)
		record = quick_record(table, word >> 32);
	return (__u32)quick_word(record + 8);
}

/*
 * What the path in the chunk comes to, from @state on; negative where it is too long, or
 * without a name. Where the
 * walk stands is in the label, and a state is cut to its bits, so that the verifier knows as little
 * on one way through a step as on another, and follows one.
 */
static __always_inline __s64 quick_down(struct label *label, __u64 table, __u32 state)
{
	__u64 name = 0, address, window, word, record, edge;
	struct dentry *at;
	__u32 left, n;

	label->component = label->depth;
	label->left = 0;
	for (int i = 0; i < QUICK_STEPS; i++) {
		barrier();
		left = label->left;
		if (left == 0) {
			n = label->component;
			if (n == 0)
				return name ? quick_accept(table, state) : -1; /* "/" */
			label->component = --n;
			address = label->chunk[n & (ABI_CHUNK - 1)];
			if (!address)
				continue;
			at = CAST(struct dentry, address);
			name = (__u64)at->d_name.name;
			left = at->d_name.len + 1;
			window = quick_word(name--) << 8 | '/';
		} else {
			window = quick_word(name);
		}
		record = quick_record(table, state);
		word = quick_word(record);
		n = (__u32)word >> ABI_KIND_SHIFT;
		if (n == ABI_SINK)
			return (__u32)quick_word(record + 8);
		if (n == ABI_RUN) {
			edge = window ^ quick_word(record + 8);
			n = (__u32)word >> ABI_RUN_SHIFT & 15;
			if (left < n || edge << ((8 - n) * 8 & 63)) {
				word >>= 32;
				n = 1;
			}
		} else {
			n = (word & ABI_INDEX_MASK) + (window & 0xff);
			edge = quick_word(table + (__u64)n * sizeof(edge));
			word = ((__u32)edge == state ? edge : word) >> 32;
			n = 1;
		}
		state = word & ABI_INDEX_MASK;
		name += n;
		label->left = left - n;
	}
	return -1;
}

/* Whether no row of @accept says anything about @ops to the label's class, be it the owner or not.
 */
static __always_inline bool quick_allows(struct label *label, __u64 table, __u32 accept, __u32 ops)
{
	__u64 row = quick_record(table, accept + label->enrol.class_);

	return (!(ops & 1u << ABI_OP_READ) || !quick_word(row)) &&
	       (!(ops & 1u << ABI_OP_WRITE) || !quick_word(row + 8));
}

/* The header of the label's table, where that tells what the label's class is. */
static __always_inline const struct abi_record *quick_header(struct label *label)
{
	__u32 slot = label->enrol.slot;
	void *table = bpf_map_lookup_elem(&tables, &slot);
	const struct abi_record *header = table ? decide_record(table, ABI_HEADER) : 0;

	return header && header->w[2] == label->generation ? header : 0;
}

/* Where the table is, as a number: by way of memory, which the verifier forgets. */
static __always_inline __u64 quick_table(struct label *label, const struct abi_record *header)
{
	label->name = (__u64)header;
	barrier();
	return label->name;
}

/* Where names may be others than they seem, and what they seem is guarded. */
static __always_inline bool quick_elsewhere(struct label *label, struct file *file)
{
	if (!bpf_core_field_exists(struct mount, overmount))
		return false;
	label->mnt = (__u64)file->f_path.mnt;
	return !label->root || is_elsewhere(label);
}

/*
 * Whether an open for @ops passes and is not told of, as far as that is seen at a glance; false
 * says nothing. With QUICK_NAMES the file may have other names.
 */
static __always_inline bool quick_open(struct label *label, struct file *file, __u32 ops)
{
	const struct abi_record *header;
	__u64 table, counts;
	__s64 accept;
	__u32 flags;

	if (!has_rdonly_cast || !mount_counter)
		return false;
	header = quick_header(label);
	if (!header)
		return false;
	flags = header->w[0];
	if (!(flags & ABI_HAS(ABI_FILE)))
		return true;
	if ((flags & ABI_GUARDED && quick_elsewhere(label, file)) ||
	    (flags & ABI_LINKED && ops & QUICK_NAMES))
		return false;
	counts = quick_counts();
	if (counts & (1ULL << 32 | 1) || !quick_up(label, file))
		return false;
	table = quick_table(label, header);
	accept = quick_down(label, table, quick_word(table + sizeof(*header)) >> 32);
	return accept >= 0 && quick_allows(label, table, accept, ops) && counts == quick_counts();
}

/*
 * Whether word @index of the network or capability rows says nothing of an access, as far as that
 * is seen at a glance; false says nothing.
 */
static __always_inline bool quick_words(struct label *label, __u32 section, __u32 index)
{
	const struct abi_record *header;
	__u64 table, base;

	if (!has_rdonly_cast)
		return false;
	header = quick_header(label);
	if (!header)
		return false;
	if (!(header->w[0] & ABI_HAS(section & 3)))
		return true;
	table = quick_table(label, header);
	base = quick_word(quick_record(table, ABI_HEADER_BASE));
	if (section == ABI_NETWORK) {
		base = (__u32)base;
		index += label->enrol.class_ * ABI_NET_WORDS;
	} else {
		base >>= 32;
		index += label->enrol.class_ * ABI_CAPABILITY_WORDS;
	}
	return !quick_half(quick_record(table, base) + (__u64)index * sizeof(__u32));
}
