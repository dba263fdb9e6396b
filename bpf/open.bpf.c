/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Opening a file, and getting one that is open. Together with the walk, of which the quick look at
 * an open is a part that no call may cost, and with sockets and capabilities, whose look at a word
 * is another: bpftool links only one object that refers to bpf_rdonly_cast.
 */
#include "self.bpf.h"

#include "walk.bpf.c"

#include "quick.bpf.h"

#include "kept.bpf.h"

#define FMODE_READ 1
#define FMODE_EXEC_FLAG 0x20 /* in f_flags: opened to be executed; asked about as exec */
#define S_IFBLK 0060000
#define O_IOCTL 3 /* an access mode without reading or writing, for who could do both */

__u64 rename_counter, mount_counter;

static __always_inline int ask_opened(struct label *label, struct file *file, __u32 ops, __u32 hook)
{
	struct question question = { .automaton = ABI_AUTOMATON_FILE,
				     .section = ABI_FILE,
				     .ops = ops,
				     .hook = hook,
				     .dentry = (__u64)file->f_path.dentry,
				     .mnt = (__u64)file->f_path.mnt };

	/* A block device shows what has a name under none: there is none to be opened in a workload
	 * whose Block rules or lists name paths. */
	if ((file->f_inode->i_mode & S_IFMT) == S_IFBLK && is_of_workload(label) &&
	    hook_flags(label) & ABI_GUARDED)
		return ask_refusal(label, &question);
	return ask_path(label, &question);
}

/* Whether nothing but the name of the file is to be asked about, and that says nothing. */
static __always_inline bool is_quick(struct label *label, struct file *file, __u32 ops)
{
	struct inode *inode = file->f_inode;
	umode_t kind = inode->i_mode & S_IFMT;

	if (kind == S_IFBLK)
		return false;
	if (kind != S_IFDIR && (inode->i_nlink > 1 || inode->i_sb->s_magic == OVERLAYFS_MAGIC))
		ops |= QUICK_NAMES;
	return quick_open(label, file, ops);
}

static __always_inline int ask_file(struct file *file, __u32 hook)
{
	struct label *label = label_current();
	__u32 mode, ops;

	if (!label || file->f_flags & FMODE_EXEC_FLAG || is_backing(file))
		return 0;
	mode = file->f_mode;
	ops = (mode & FMODE_READ ? OP(ABI_OP_READ) : 0) |
	      (mode & FMODE_WRITE ? OP(ABI_OP_WRITE) : 0);
	if ((file->f_flags & O_IOCTL) == O_IOCTL)
		ops = OP(ABI_OP_READ) | OP(ABI_OP_WRITE);
	if (is_of_workload(label) &&
	    (self_is_kept(file) || (hook == ABI_HOOK_RECEIVE && self_is_bpf(file))))
		return -EPERM;
	if (!ops)
		return 0;
	if (hook != ABI_HOOK_OPEN || !is_quick(label, file, ops))
		return ask_opened(label, file, ops, hook);
	/* The whole decision would have looked for that itself. */
	return ops & OP(ABI_OP_WRITE) ? self_ask(label, file->f_path.dentry, file->f_path.mnt, hook)
				      : 0;
}

SEC("lsm/file_open")
int BPF_PROG(karmor_open, struct file *file, int ret)
{
	return ret ?: ask_file(file, ABI_HOOK_OPEN);
}

SEC("lsm/file_receive")
int BPF_PROG(karmor_receive, struct file *file, int ret)
{
	return ret ?: ask_file(file, ABI_HOOK_RECEIVE);
}

#include "net.bpf.c"

#include "cap.bpf.c"
