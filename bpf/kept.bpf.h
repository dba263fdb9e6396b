/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * karmor's own files: what lies below certain directories no workload changes, whatever its
 * policies say. User space finds the directories (backends/bpf/kept.c); here they are inodes, so
 * that no bind mount, no other root, no handle and no mount namespace gives them another name.
 *
 * Of a path nothing is read but which directories are above the object, up to the top of its
 * filesystem. None of them can be renamed meanwhile by whom this is about.
 */
#pragma once

#include "walk.bpf.h"

#define KEPT_DEPTH_MAX (1 << 16)	  /* directories above one another */
#define KEPT_NEAR 8			  /* of them without a loop of the kernel's */
#define KEPT_NAME_BITS ((1ULL << 56) - 1) /* "karmor" and its end */

/* Of one inode in a list. */
struct kept_look {
	const struct abi_kept *kept;
	struct abi_inode inode;
	__u32 skip, found;
};

/* Of the directories above label->leaf: where it stands is in the label, as with every walk. */
struct kept_walk {
	struct label *label;
	const struct abi_kept *kept;
};

static long kept_look_step(__u32 i, struct kept_look *look)
{
	const struct abi_inode *one = &look->kept->own[(look->skip + i) & (ABI_KEPT_ALL - 1)];

	look->found = !((one->number ^ look->inode.number) | (one->device ^ look->inode.device) |
			(one->generation ^ look->inode.generation));
	return look->found;
}

/*
 * Whether the inode of the dentry label->at is in the list of @n that begins after @skip others:
 * lists follow one another.
 */
int kept_among(struct label *label, __u32 skip, __u32 n)
{
	struct kept_look look = { .skip = skip };
	__u32 first = 0;
	__u64 inode, sb;

	look.kept = bpf_map_lookup_elem(&kept, &first);
	if (!look.kept || !label)
		return 1;
	inode = (__u64)LOAD(struct dentry, label->at, d_inode);
	if (!inode)
		return 0; /* nothing yet, as the rest of a list is */
	sb = (__u64)LOAD(struct inode, inode, i_sb);
	look.inode.number = LOAD(struct inode, inode, i_ino);
	look.inode.generation = LOAD(struct inode, inode, i_generation);
	look.inode.device = LOAD(struct super_block, sb, s_dev);
	bpf_loop(n, kept_look_step, &look, 0);
	return look.found;
}

/* Whether the number may be one of karmor's own: most are not, and cost no look at the list. */
static __always_inline bool kept_is_marked(const __u64 marks[ABI_KEPT_MARKS / 64], __u64 number)
{
	return marks[number / 64 % (ABI_KEPT_MARKS / 64)] >> (number & 63) & 1;
}

/* One directory upwards; 1 ends the look. */
static long kept_step(__u32 i, struct kept_walk *walk)
{
	struct label *l = walk->label;
	__u64 inode = (__u64)LOAD(struct dentry, l->at, d_inode), parent;

	if (kept_is_marked(walk->kept->marks, LOAD(struct inode, inode, i_ino)) &&
	    kept_among(l, 0, ABI_KEPT_OWN))
		return 1;
	parent = (__u64)LOAD(struct dentry, l->at, d_parent);
	if (parent == l->at) {
		l->status = WALK_TOP;
		return 1;
	}
	l->at = parent;
	return 0;
}

static long kept_device_step(__u32 i, struct kept_look *look)
{
	look->found = look->kept->own[i & (ABI_KEPT_OWN - 1)].device == look->inode.device;
	return look->found;
}

/*
 * Whether label->at, with nothing above it, is a file by itself where karmor's own are: one that
 * was opened by a handle may be, and then nothing tells what it is below.
 */
int kept_astray(struct label *label)
{
	struct kept_look look = {};
	__u32 first = 0;
	__u64 inode, sb;

	look.kept = bpf_map_lookup_elem(&kept, &first);
	if (!look.kept || !label)
		return 1;
	inode = (__u64)LOAD(struct dentry, label->at, d_inode);
	if ((LOAD(struct inode, inode, i_mode) & S_IFMT) == S_IFDIR)
		return 0;
	sb = (__u64)LOAD(struct dentry, label->at, d_sb);
	look.inode.device = LOAD(struct super_block, sb, s_dev);
	bpf_loop(ABI_KEPT_OWN, kept_device_step, &look, 0);
	return look.found;
}

int kept_has(struct label *label)
{
	static const char own[8] = "karmor";
	struct kept_walk walk = { .label = label };
	__u32 first = 0;
	__u64 name;

	walk.kept = bpf_map_lookup_elem(&kept, &first);
	if (!walk.kept || !label)
		return 1;
	/* A name where it is karmor's own, be it there or not. */
	name = (__u64)LOAD(struct dentry, label->leaf, d_name.name);
	if ((load_word(name) & KEPT_NAME_BITS) == *(const __u64 *)own) {
		label->at = (__u64)LOAD(struct dentry, label->leaf, d_parent);
		if (kept_among(label, ABI_KEPT_OWN, ABI_KEPT_PLACES))
			return 1;
	}
	label->at = label->leaf;
	label->status = WALK_ON;
	for (int i = 0; i < KEPT_NEAR; i++)
		if (kept_step(i, &walk))
			return label->status != WALK_TOP || kept_astray(label);
	bpf_loop(KEPT_DEPTH_MAX, kept_step, &walk, 0);
	return label->status != WALK_TOP || kept_astray(label);
}

int kept_leads(struct label *label)
{
	const struct abi_kept *all;
	__u32 first = 0;
	__u64 inode;

	all = bpf_map_lookup_elem(&kept, &first);
	if (!all || !label)
		return 1;
	label->at = label->leaf;
	inode = (__u64)LOAD(struct dentry, label->at, d_inode);
	return kept_is_marked(all->marks_above, LOAD(struct inode, inode, i_ino)) &&
	       kept_among(label, ABI_KEPT_OWN + ABI_KEPT_PLACES, ABI_KEPT_ABOVE);
}
