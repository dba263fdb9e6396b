/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Files: opening, receiving a descriptor, and everything that changes names.
 *
 * Reads and writes of an open file are not asked about again (file_permission would tax each of
 * them): the open knew. Directories on the way to what a Block rule names are guarded: renaming
 * one, or mounting over it, would take the name away.
 */
#include "self.bpf.h"

#define ATTR_SIZE 8
#define ATTR_ATIME 16
#define ATTR_MTIME 32
#define S_IFREG 0100000
#define MS_REMOUNT 32
#define MS_BIND 4096
#define MS_MOVE 8192
#define MS_PROPAGATION (1 << 17 | 1 << 18 | 1 << 19 | 1 << 20)

/* What is enforced is pinned there. */
static __always_inline bool is_pins(struct label *label, struct vfsmount *mnt)
{
	return mnt->mnt_sb->s_magic == BPFFS_MAGIC && is_of_workload(label);
}

static __always_inline int ask_write(struct label *label, struct dentry *dentry,
				     struct vfsmount *mnt, __u32 hook)
{
	struct question question = { .automaton = ABI_AUTOMATON_FILE,
				     .section = ABI_FILE,
				     .ops = OP(ABI_OP_WRITE),
				     .hook = hook,
				     .dentry = (__u64)dentry,
				     .mnt = (__u64)mnt };

	if (is_pins(label, mnt))
		return -EPERM;
	return ask_path(label, &question);
}

/* A program that a Block rule names keeps that name, and gets no other. */
static __always_inline int ask_program(struct label *label, struct dentry *dentry,
				       struct vfsmount *mnt, __u32 hook)
{
	struct question question = { .automaton = ABI_AUTOMATON_PROCESS,
				     .section = ABI_PROCESS,
				     .ops = OP(ABI_OP_EXEC),
				     .hook = hook,
				     .dentry = (__u64)dentry,
				     .mnt = (__u64)mnt,
				     .named_only = 1 };

	return ask_path(label, &question);
}

/* A directory whose name is on the way to what a Block rule names keeps it. */
static __always_inline int ask_guard(struct label *label, struct dentry *dentry,
				     struct vfsmount *mnt, __u32 hook)
{
	struct question question = { .automaton = ABI_AUTOMATON_GUARD,
				     .section = ABI_FILE,
				     .ops = OP(ABI_OP_WRITE),
				     .hook = hook,
				     .dentry = (__u64)dentry,
				     .mnt = (__u64)mnt };

	return ask_path(label, &question);
}

/* The kind of what a dentry stands for; 0 where it stands for nothing yet. */
static __always_inline __u32 kind_of(struct dentry *dentry)
{
	struct inode *inode = dentry->d_inode; /* 7.3 knows that it may be NULL: loaded once */

	return inode ? inode->i_mode & S_IFMT : 0;
}

/* A change inside a directory: the new or old name is what is written. */
#define ASK_ENTRY(name, hook, ...)                                                                 \
	SEC("lsm/path_" #name)                                                                     \
	int BPF_PROG(karmor_##name, const struct path *dir, struct dentry *dentry, ##__VA_ARGS__,  \
		     int ret)                                                                      \
	{                                                                                          \
		struct label *label = label_current();                                             \
                                                                                                   \
		if (ret || !label)                                                                 \
			return ret;                                                                \
		return ask_write(label, dentry, dir->mnt, hook);                                   \
	}

ASK_ENTRY(unlink, ABI_HOOK_UNLINK)
ASK_ENTRY(mkdir, ABI_HOOK_MKDIR, umode_t mode)
ASK_ENTRY(rmdir, ABI_HOOK_RMDIR)
ASK_ENTRY(mknod, ABI_HOOK_MKNOD, umode_t mode, unsigned int dev)
ASK_ENTRY(symlink, ABI_HOOK_SYMLINK, const char *old_name)

/* A change of an object that has a path. */
#define ASK_OBJECT(name, hook, ...)                                                                \
	SEC("lsm/path_" #name)                                                                     \
	int BPF_PROG(karmor_##name, const struct path *path, ##__VA_ARGS__, int ret)               \
	{                                                                                          \
		struct label *label = label_current();                                             \
                                                                                                   \
		if (ret || !label)                                                                 \
			return ret;                                                                \
		return ask_write(label, path->dentry, path->mnt, hook);                            \
	}

ASK_OBJECT(truncate, ABI_HOOK_TRUNCATE)
ASK_OBJECT(chmod, ABI_HOOK_CHMOD, umode_t mode)
ASK_OBJECT(chown, ABI_HOOK_CHOWN, unsigned long long uid, unsigned long long gid)

SEC("lsm/file_truncate")
int BPF_PROG(karmor_file_truncate, struct file *file, int ret)
{
	struct label *label = label_current();

	if (ret || !label)
		return ret;
	return ask_write(label, file->f_path.dentry, file->f_path.mnt, ABI_HOOK_TRUNCATE);
}

static __always_inline int ask_ioctl(struct file *file, unsigned int cmd)
{
	struct label *label;

	switch (cmd) {
	case 0x40086602: /* FS_IOC_SETFLAGS */
	case 0x40046602: /* FS_IOC32_SETFLAGS */
	case 0x401c5820: /* FS_IOC_FSSETXATTR */
		if (bpf_core_type_exists(struct file_kattr))
			return 0; /* inode_file_setattr sees it */
		break;
	case 0x40087602: /* FS_IOC_SETVERSION */
	case 0x40047602: /* FS_IOC32_SETVERSION */
	case 0x40086604: /* EXT4_IOC_SETVERSION */
	case 0x40046604: /* EXT4_IOC32_SETVERSION */
	case 0x40806685: /* FS_IOC_ENABLE_VERITY */
	case 0x800c6613: /* FS_IOC_SET_ENCRYPTION_POLICY */
		break;
	default:
		return 0;
	}
	label = label_current();
	if (!label)
		return 0;
	return ask_write(label, file->f_path.dentry, file->f_path.mnt, ABI_HOOK_IOCTL);
}

SEC("lsm/file_ioctl")
int BPF_PROG(karmor_ioctl, struct file *file, unsigned int cmd, unsigned long arg, int ret)
{
	return ret ?: ask_ioctl(file, cmd);
}

SEC("lsm/file_ioctl_compat")
int BPF_PROG(karmor_ioctl_compat, struct file *file, unsigned int cmd, unsigned long arg, int ret)
{
	return ret ?: ask_ioctl(file, cmd);
}

/* A change of what is known by a dentry alone. */
static __always_inline int ask_names(struct dentry *dentry, __u32 hook)
{
	struct question question = { .automaton = ABI_AUTOMATON_FILE,
				     .section = ABI_FILE,
				     .ops = OP(ABI_OP_WRITE),
				     .hook = hook,
				     .what = HOOK_NAMES,
				     .dentry = (__u64)dentry };
	struct label *label = label_current();

	if (!label)
		return 0;
	question.here = (__u64)bpf_get_current_task_btf()->nsproxy->mnt_ns;
	return hook_ask(label, &question) ? -EACCES : 0;
}

#define ASK_NAMES(name, hook, ...)                                                                 \
	SEC("lsm/inode_" #name)                                                                    \
	int BPF_PROG(karmor_##name, void *idmap, struct dentry *dentry, ##__VA_ARGS__, int ret)    \
	{                                                                                          \
		return ret ?: ask_names(dentry, hook);                                             \
	}

ASK_NAMES(setxattr, ABI_HOOK_XATTR, const char *name, const void *value, unsigned long size,
	  int flags)
ASK_NAMES(removexattr, ABI_HOOK_XATTR, const char *name)
ASK_NAMES(set_acl, ABI_HOOK_ACL, const char *name, void *acl)
ASK_NAMES(remove_acl, ABI_HOOK_ACL, const char *name)

SEC("lsm/inode_file_setattr")
int BPF_PROG(karmor_file_setattr, struct dentry *dentry, struct file_kattr *attributes, int ret)
{
	return ret ?: ask_names(dentry, ABI_HOOK_IOCTL);
}

/* Times; what else stands in @attributes has a hook with a path. */
static __always_inline int ask_times(struct dentry *dentry, struct iattr *attributes)
{
	__u32 valid = attributes->ia_valid;

	if (!(valid & (ATTR_ATIME | ATTR_MTIME)) || valid & ATTR_SIZE)
		return 0;
	return ask_names(dentry, ABI_HOOK_TIMES);
}

SEC("lsm/inode_setattr")
int BPF_PROG(karmor_setattr, void *idmap, struct dentry *dentry, struct iattr *attributes, int ret)
{
	return ret ?: ask_times(dentry, attributes);
}

/* The same where the hook has two arguments. */
SEC("lsm/inode_setattr")
int BPF_PROG(karmor_setattr2, struct dentry *dentry, struct iattr *attributes, int ret)
{
	return ret ?: ask_times(dentry, attributes);
}

/*
 * What is asked several questions is asked them once more where all passed and the rules changed
 * meanwhile: what each of two rulesets denies may pass by some of both. An Audit may be told twice.
 */
#define ASK_TOGETHER(label, ask)                                                                   \
	({                                                                                         \
		__u32 generation_ = hook_generation(label);                                        \
		int ret_ = (ask);                                                                  \
                                                                                                   \
		if (!ret_ && hook_generation(label) != generation_)                                \
			ret_ = (ask);                                                              \
		ret_;                                                                              \
	})

SEC("lsm/path_link")
int BPF_PROG(karmor_link, struct dentry *old, const struct path *dir, struct dentry *dentry,
	     int ret)
{
	struct label *label = label_current();

	if (ret || !label)
		return ret;
	return ASK_TOGETHER(label, ask_write(label, old, dir->mnt, ABI_HOOK_LINK)
				    ?: ask_write(label, dentry, dir->mnt, ABI_HOOK_LINK)
				    ?: ask_program(label, old, dir->mnt, ABI_HOOK_LINK));
}

static __always_inline int ask_rename(struct label *label, struct dentry *dentry,
				      const struct path *dir)
{
	int ret = ask_write(label, dentry, dir->mnt, ABI_HOOK_RENAME);

	if (ret)
		return ret;
	switch (kind_of(dentry)) {
	case S_IFDIR:
		return ask_guard(label, dentry, dir->mnt, ABI_HOOK_RENAME);
	case S_IFREG:
		return ask_program(label, dentry, dir->mnt, ABI_HOOK_RENAME);
	}
	return 0;
}

SEC("lsm/path_rename")
int BPF_PROG(karmor_rename, const struct path *old_dir, struct dentry *old,
	     const struct path *new_dir, struct dentry *new, unsigned int flags, int ret)
{
	struct label *label = label_current();

	if (ret || !label)
		return ret;
	return ASK_TOGETHER(label,
			    ask_rename(label, old, old_dir) ?: ask_rename(label, new, new_dir));
}

static __always_inline int ask_mount(struct label *label, const struct path *path, __u32 what)
{
	struct question question = { .what = what,
				     .automaton = ABI_AUTOMATON_FILE,
				     .section = ABI_FILE,
				     .ops = OP(ABI_OP_WRITE),
				     .hook = ABI_HOOK_MOUNT,
				     .dentry = (__u64)path->dentry,
				     .mnt = (__u64)path->mnt };

	if (is_pins(label, path->mnt))
		return -EPERM;
	return hook_ask(label, &question) ? -EACCES : 0;
}

/* A mount covers @path. */
static __always_inline int ask_cover(struct label *label, const struct path *path)
{
	return ask_mount(label, path, HOOK_COVER);
}

/*
 * A mount that also shows what has a name under another one. What that is cannot be told here, so
 * that there is none in a workload whose Block rules name paths.
 */
static __always_inline int ask_alias(struct label *label, const struct path *path)
{
	return ask_mount(label, path, HOOK_ALIAS);
}

/* A filesystem's name as a word. */
#define TYPE(a, b, c, d, e, f)                                                                     \
	((__u64)(a) | (__u64)(b) << 8 | (__u64)(c) << 16 | (__u64)(d) << 24 | (__u64)(e) << 32 |   \
	 (__u64)(f) << 40)

/*
 * Filesystems that a workload may mount: of some each mount is another one, and empty at first;
 * others are the same wherever they are mounted, so that over themselves nothing gets another name.
 * Any other may show what has a name already: an overlay does, a disk that is mounted elsewhere,
 * and the one /proc of a pid namespace.
 */
static const struct {
	__u64 type;
	__u32 magic;
	bool empty;
} mountable[] = {
	{ TYPE('t', 'm', 'p', 'f', 's', 0), 0x01021994, true },
	{ TYPE('r', 'a', 'm', 'f', 's', 0), 0x858458f6, true },
	{ TYPE('d', 'e', 'v', 'p', 't', 's'), 0x1cd1, true },
	{ TYPE('p', 'r', 'o', 'c', 0, 0), 0x9fa0, false },
	{ TYPE('s', 'y', 's', 'f', 's', 0), 0x62656572, false },
	{ TYPE('m', 'q', 'u', 'e', 'u', 'e'), 0x19800202, false },
};

#define MOUNTABLE (sizeof(mountable) / sizeof(mountable[0]))

/* Whether @path is the top of such a filesystem. */
static __always_inline bool is_top_of(const struct path *path, __u32 magic)
{
	struct super_block *sb = path->mnt->mnt_sb;

	return sb->s_magic == magic && path->dentry == path->mnt->mnt_root &&
	       path->dentry == sb->s_root;
}

static __always_inline int ask_new(struct label *label, const struct path *path, const char *type)
{
	__u64 name = 0;

	if (type)
		bpf_probe_read_kernel_str(&name, sizeof(name), type);
	if (name == TYPE('b', 'p', 'f', 0, 0, 0))
		return -EPERM;
	for (__u32 i = 0; i < MOUNTABLE; i++)
		if (name == mountable[i].type &&
		    (mountable[i].empty || is_top_of(path, mountable[i].magic)))
			return ask_cover(label, path);
	return ask_alias(label, path);
}

/* The same by the calls that make a mount first and then put it in its place. */
static __always_inline int ask_moved(struct label *label, const struct path *from,
				     const struct path *to)
{
	__u32 magic = from->mnt->mnt_sb->s_magic;
	int fresh;

	label->mnt = (__u64)from->mnt;
	fresh = from->dentry == from->mnt->mnt_root ? walk_fresh(label) : 0;

	for (__u32 i = 0; fresh && i < MOUNTABLE; i++)
		if (magic == mountable[i].magic &&
		    (mountable[i].empty ? fresh == 2 : is_top_of(to, magic)))
			return ask_cover(label, to);
	return ask_alias(label, to);
}

/* The kernel's order: a remount, a bind, a change of propagation, a move, else something new. */
SEC("lsm/sb_mount")
int BPF_PROG(karmor_mount, const char *dev, const struct path *path, const char *type,
	     unsigned long flags, void *data, int ret)
{
	struct label *label = label_current();

	if (ret || !label || flags & MS_REMOUNT)
		return ret;
	if (!(flags & MS_BIND) && flags & MS_PROPAGATION)
		return 0;
	if (mounts_freely(label))
		return ask_cover(label, path);
	if (flags & MS_BIND)
		return ask_alias(label, path);
	/* What is moved is only named here, and may be the pins' own. */
	if (flags & MS_MOVE)
		return -EPERM;
	return ask_new(label, path, type);
}

/* A mount in its place may have what karmor keeps in it; a copy of one has no place. */
static __always_inline int ask_taken(struct label *label, const struct path *from)
{
	struct mount *mount = (void *)from->mnt - bpf_core_field_offset(struct mount, mnt);

	if (BPF_CORE_READ(mount, mnt_parent) == mount)
		return 0;
	return self_ask(label, from->dentry, from->mnt, ABI_HOOK_MOUNT);
}

SEC("lsm/move_mount")
int BPF_PROG(karmor_move_mount, const struct path *from, const struct path *to, int ret)
{
	struct label *label = label_current();

	if (ret || !label)
		return ret;
	if (mounts_freely(label))
		return ask_cover(label, to);
	if (from->mnt->mnt_sb->s_magic == BPFFS_MAGIC)
		return -EPERM;
	return ask_taken(label, from) ?: ask_moved(label, from, to);
}

SEC("lsm/sb_pivotroot")
int BPF_PROG(karmor_pivotroot, const struct path *old, const struct path *new, int ret)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct label *label = label_current();
	const struct abi_kept *own;
	__u32 first = 0;

	if (ret || !label || mounts_freely(label))
		return ret;
	/* It would be another root for all in the namespace. */
	own = bpf_map_lookup_elem(&kept, &first);
	if (!own || own->home == BPF_CORE_READ(task, nsproxy, mnt_ns, ns.inum))
		return -EPERM;
	return ask_alias(label, old);
}

char LICENSE[] SEC("license") = "GPL";
