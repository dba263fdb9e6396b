/* SPDX-License-Identifier: Apache-2.0 */
/* See kernel.h. */
#include "kernel.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

#include "bpf.h"
#include "buf.h"
#include "cleanup.h"
#include "decision.h"
#include "diag.h"
#include "karmor.skel.h"
#include "probe.h"
#include "require.h"

#define BPFFS_MAGIC 0xcafe4a11
#define SLOTS_BYTES (ABI_WORKLOADS * sizeof(struct abi_workload))
#define FIX_LSM "boot with lsm=...,bpf"
#define FIX_PREEMPT "boot with preempt=voluntary, or run Linux 6.2 or later"
#define UNSOUND "before Linux 6.2 labels are not reliable under full preemption"
#define SYSCALL_KPROBE "karmor_syscall"
#define FIX_MOUNT "mount -t bpf bpf " PINS_MOUNT

#define MAPS_CLOSED                                                                                \
	{                                                                                          \
		.labels = -1, .tables = -1, .links = -1, .rings = -1, .folds = -1,                 \
		.workloads = -1, .names = -1, .inode = -1                                          \
	}

DEFINE_CLEANUP(skeleton, struct karmor_bpf, karmor_bpf__destroy)
DEFINE_CLEANUP(btf, struct btf, btf__free)

/* Hooks that some kernels have and others do not; elsewhere another hook sees the same access. */
static const char *const optional_hooks[] = {
	"file_truncate",      /* 6.2; before, path_truncate is called for ftruncate as well */
	"inode_set_acl",      /* 6.2; before, inode_setxattr is */
	"inode_remove_acl",   /* the same with inode_removexattr */
	"inode_file_setattr", /* 6.17; before, it was by ioctl alone */
};

/* Programs that stay loaded but are attached only while some workload's table needs them. */
static const struct {
	uint64_t need;
	const char *program;
	const char
		*function; /* that it is a kprobe of, on kernels that need one; or a tracepoint's */
} on_demand[] = {
	{ BPF_NEED_SYSCALLS, "karmor_sys_enter", NULL },
	{ BPF_NEED_SYSCALLS, SYSCALL_KPROBE, "trace_syscall_enter" },
};

static int print_nothing(enum libbpf_print_level level, const char *format, va_list args)
{
	return 0;
}

/* The hook a program attaches to: its section without "lsm/" or "lsm.s/". */
static const char *program_hook(const struct bpf_program *program)
{
	const char *slash = strchr(bpf_program__section_name(program), '/');

	return slash ? slash + 1 : "";
}

static bool btf_has_function(const struct btf *btf, const char *name)
{
	return btf__find_by_name_kind(btf, name, BTF_KIND_FUNC) > 0;
}

static bool btf_has_hook(const struct btf *btf, const char *hook)
{
	_cleanup_buf_ struct buf name = { 0 };

	buf_printf(&name, "bpf_lsm_%s", hook);
	return !buf_failed(&name) && btf_has_function(btf, name.data);
}

/* Whether the program stays attached by itself; the others are called by us, or by those. */
static bool is_enforcing(const struct karmor_bpf *skeleton, const struct bpf_program *program)
{
	return program != skeleton->progs.karmor_probe && program != skeleton->progs.karmor_inode &&
	       program != skeleton->progs.karmor_locate && program != skeleton->progs.karmor_decide;
}

static bool is_hook(const struct bpf_program *program)
{
	return bpf_program__type(program) == BPF_PROG_TYPE_LSM;
}

static bool is_on_demand(const struct bpf_program *program)
{
	for (size_t i = 0; i < ARRAY_SIZE(on_demand); i++)
		if (strcmp(on_demand[i].program, bpf_program__name(program)) == 0)
			return true;
	return false;
}

/* Whether programs of the tracepoint of system calls are preempted: see bpf/syscall.bpf.c. */
static bool syscalls_preempted(const struct btf *btf)
{
	return btf_has_function(btf, "trace_call_bpf_faultable");
}

/* Only x86-64's system calls are known by number (syscalls.c, bpf/syscall.bpf.c). */
static bool syscalls_known(const struct btf *btf)
{
#ifdef __x86_64__
	return btf__find_by_name_kind(btf, "btf_trace_sys_enter", BTF_KIND_TYPEDEF) > 0 &&
	       (!syscalls_preempted(btf) ||
		(btf_has_function(btf, "trace_syscall_enter") &&
		 btf_has_function(btf, "bpf_kprobe_multi_link_attach")));
#else
	return false;
#endif
}

static bool is_optional(const char *hook)
{
	for (size_t i = 0; i < ARRAY_SIZE(optional_hooks); i++)
		if (strcmp(optional_hooks[i], hook) == 0)
			return true;
	return false;
}

/* How many arguments the kernel's hook has; 0 where it has none of this name. */
static unsigned btf_hook_arguments(const struct btf *btf, const char *hook)
{
	_cleanup_buf_ struct buf name = { 0 };
	const struct btf_type *type;
	int id;

	buf_printf(&name, "bpf_lsm_%s", hook);
	id = buf_failed(&name) ? -ENOMEM : btf__find_by_name_kind(btf, name.data, BTF_KIND_FUNC);
	type = id > 0 ? btf__type_by_id(btf, btf__type_by_id(btf, (uint32_t)id)->type) : NULL;
	return type ? btf_vlen(type) : 0;
}

/* Opens the object and fits it to this kernel: variants and hooks that it has. */
static int skeleton_open(const struct btf *btf, struct karmor_bpf **ret)
{
	struct karmor_bpf *skeleton;
	struct bpf_program *program;
	bool three;

	skeleton = karmor_bpf__open();
	if (!skeleton)
		return -errno;
	skeleton->rodata->has_rdonly_cast = btf_has_function(btf, "bpf_rdonly_cast");
	bpf_object__for_each_program(program, skeleton->obj)
	{
		const char *hook = program_hook(program);

		bpf_program__set_autoload(program,
					  is_on_demand(program)
						  ? syscalls_known(btf)
						  : !is_optional(hook) || btf_has_hook(btf, hook));
	}
	if (!syscalls_preempted(btf))
		bpf_program__set_autoload(skeleton->progs.karmor_syscall, false);
	/* Both changes came with 6.2. */
	bpf_program__set_autoload(skeleton->rodata->has_rdonly_cast
					  ? skeleton->progs.karmor_task_alloc_atomic
					  : skeleton->progs.karmor_task_alloc,
				  false);
	bpf_program__set_autoload(skeleton->progs.karmor_decide, false); /* see decision.h */
	three = btf_hook_arguments(btf, "inode_setattr") == 3;		 /* until 6.9 it has two */
	bpf_program__set_autoload(
		three ? skeleton->progs.karmor_setattr2 : skeleton->progs.karmor_setattr, false);
	*ret = skeleton;
	return 0;
}

/*
 * Loads the programs, and has them find out what they can do without. Its loads of the kernel's
 * memory are in order on x86 alone.
 */
static int skeleton_load(struct karmor_bpf *skeleton)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts);
	int r = karmor_bpf__load(skeleton);

#ifdef __x86_64__
	if (r == 0)
		r = bpf_prog_test_run_opts(bpf_program__fd(skeleton->progs.karmor_locate), &opts);
#endif
	return r;
}

/* FNV-1a over the object: what is pinned is told apart by what was loaded, not by a version. */
static uint64_t object_digest(void)
{
	uint64_t digest = 0xcbf29ce484222325;
	size_t size;
	const unsigned char *bytes = karmor_bpf__elf_bytes(&size);

	for (size_t i = 0; i < size; i++)
		digest = (digest ^ bytes[i]) * 0x100000001b3;
	return digest;
}

void kernel_dir_name(struct buf *name)
{
	buf_printf(name, "%016llx", (unsigned long long)object_digest());
}

static void pins_path(struct buf *path, const char *name)
{
	buf_reset(path);
	buf_puts(path, PINS_ROOT "/");
	kernel_dir_name(path);
	buf_puts(path, name);
}

static int map_get(const char *dir, const char *name, int *ret)
{
	_cleanup_buf_ struct buf path = { 0 };

	buf_printf(&path, "%s/%s", dir, name);
	if (buf_failed(&path))
		return -ENOMEM;
	*ret = bpf_obj_get(path.data);
	return *ret < 0 ? -errno : 0;
}

/* The maps of the set that is pinned at @dir; -ENOENT when there is none. */
static int pins_adopt(const char *dir, struct kernel_maps *ret)
{
	struct {
		const char *name;
		int *fd;
	} maps[] = { { "labels", &ret->labels },       { "tables", &ret->tables },
		     { "links", &ret->links },	       { "rings", &ret->rings },
		     { "folds", &ret->folds },	       { "inode", &ret->inode },
		     { "workloads", &ret->workloads }, { "names", &ret->names } };
	struct bpf_map_info info = { 0 };
	uint32_t size = sizeof(info);
	void *slots;
	int r;

	for (size_t i = 0; i < ARRAY_SIZE(maps); i++) {
		r = map_get(dir, maps[i].name, maps[i].fd);
		if (r < 0)
			return r;
	}
	if (bpf_obj_get_info_by_fd(ret->labels, &info, &size) < 0)
		return -errno;
	ret->label_size = info.value_size;
	slots = mmap(NULL, SLOTS_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, ret->workloads, 0);
	if (slots == MAP_FAILED)
		return -errno;
	ret->slots = slots;
	return 0;
}

/*
 * Whether programs are called: where bpf is not in the lsm list they load and attach all the same.
 * 1, 0 or a negative errno.
 */
static int programs_called(struct karmor_bpf *skeleton)
{
	struct bpf_link *link;
	int fd;

	skeleton->bss->probe_tgid = (uint32_t)getpid();
	skeleton->bss->probe_called = 0;
	link = bpf_program__attach_lsm(skeleton->progs.karmor_probe);
	if (!link)
		return -errno;
	fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	cleanup_close(&fd);
	bpf_link__destroy(link);
	return skeleton->bss->probe_called != 0;
}

static int pin_program(struct bpf_program *program, const char *dir, const char *name)
{
	_cleanup_buf_ struct buf path = { 0 };

	buf_printf(&path, "%s/%s", dir, name);
	if (buf_failed(&path))
		return -ENOMEM;
	return bpf_program__pin(program, path.data);
}

static int pin_link(struct bpf_program *program, const char *path)
{
	struct bpf_link *link = bpf_program__attach(program);
	int r = link ? bpf_link__pin(link, path) : -errno;

	/* The pin keeps it attached. */
	bpf_link__destroy(link);
	return r;
}

/* Puts the decision in its place in @program, to stay. */
static int pin_decision(const struct karmor_bpf *decision, const struct bpf_program *program,
			const char *path)
{
	struct bpf_link *link = NULL;
	int r = decision_attach(decision, program, &link);

	if (r > 0)
		r = bpf_link__pin(link, path);
	bpf_link__destroy(link);
	return r;
}

/* What is attached on demand is pinned as a program. A hook decides from its first call on. */
static int pin_hook(const struct karmor_bpf *decision, struct bpf_program *program, const char *dir)
{
	_cleanup_buf_ struct buf place = { 0 }, path = { 0 };
	const char *name = bpf_program__name(program);
	bool demand = is_on_demand(program);
	int r;

	buf_printf(&place, "%s/decision_%s", dir, name);
	buf_printf(&path, "%s/%s_%s", dir, demand ? "program" : "link", name);
	if (buf_failed(&place) || buf_failed(&path))
		return -ENOMEM;
	r = pin_decision(decision, program, place.data);
	if (r < 0)
		return r;
	return demand ? bpf_program__pin(program, path.data) : pin_link(program, path.data);
}

static int pin_hooks(struct karmor_bpf *skeleton, const char *dir)
{
	_cleanup_(cleanup_skeleton) struct karmor_bpf *decision = NULL;
	struct bpf_program *program;
	int r = decision_load(skeleton, &decision);

	bpf_object__for_each_program(program, skeleton->obj)
	{
		if (r < 0)
			break;
		if (bpf_program__autoload(program) && is_enforcing(skeleton, program))
			r = pin_hook(decision, program, dir);
	}
	return r;
}

int kernel_remove_dir(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	int r = 0;

	if (!dir)
		return errno == ENOENT ? 0 : -errno;
	while ((entry = readdir(dir)))
		if (entry->d_name[0] != '.' && unlinkat(dirfd(dir), entry->d_name, 0) < 0)
			r = -errno;
	closedir(dir);
	if (r == 0 && rmdir(path) < 0)
		r = -errno;
	return r;
}

/* Loads, attaches and pins everything aside, then gives it its name in one rename. */
static int pins_make(const char *dir, struct karmor_diag *diag)
{
	_cleanup_(cleanup_skeleton) struct karmor_bpf *skeleton = NULL;
	_cleanup_(cleanup_btf) struct btf *btf = NULL;
	_cleanup_buf_ struct buf aside = { 0 };
	const char *step = "read the kernel's types";
	int r = 0;

	btf = btf__load_vmlinux_btf();
	if (!btf)
		r = -errno;
	if (r == 0) {
		step = "load the programs";
		r = skeleton_open(btf, &skeleton);
	}
	if (r == 0)
		r = skeleton_load(skeleton);
	/* Detaching waits for every task of the machine: only where the list cannot be asked. */
	if (r == 0 && probe_lsm("bpf") != 1) {
		r = programs_called(skeleton);
		if (r == 0) {
			diag_error(diag, NULL, FIX_LSM,
				   "bpf: programs attach but are never called");
			return -EOPNOTSUPP;
		}
		r = r < 0 ? r : 0;
	}
	if (r == 0) {
		step = "pin the maps";
		pins_path(&aside, PINS_ASIDE);
		r = buf_failed(&aside) ? -ENOMEM : kernel_remove_dir(aside.data);
	}
	if (r == 0 && mkdir(aside.data, 0700) < 0)
		r = -errno;
	if (r == 0)
		r = bpf_object__pin_maps(skeleton->obj, aside.data);
	if (r == 0)
		r = pin_program(skeleton->progs.karmor_inode, aside.data, "inode");
	if (r == 0) {
		step = "attach the programs";
		r = pin_hooks(skeleton, aside.data);
	}
	if (r == 0 && rename(aside.data, dir) < 0)
		r = -errno;
	if (r == 0)
		return 0;
	if (aside.data)
		kernel_remove_dir(aside.data);
	diag_error(diag, NULL, "run karmor-probe, which says what this kernel lacks",
		   "bpf: cannot %s: %s", step, strerror(-r));
	return r == -EPERM || r == -ENOMEM ? r : -EOPNOTSUPP;
}

static int bpffs_check(struct karmor_diag *diag)
{
	struct statfs fs;

	if (statfs(PINS_MOUNT, &fs) == 0 && (unsigned long)fs.f_type == BPFFS_MAGIC)
		return 0;
	diag_error(diag, NULL, FIX_MOUNT, "bpf: no bpf filesystem is mounted at \"%s\"",
		   PINS_MOUNT);
	return -EOPNOTSUPP;
}

int kernel_open(struct kernel_maps *ret, struct karmor_diag *diag)
{
	_cleanup_buf_ struct buf dir = { 0 };
	struct kernel_maps maps = MAPS_CLOSED;
	int r;

	libbpf_set_print(print_nothing);
	r = probe_lsm("bpf");
	if (r == 0) {
		diag_error(diag, NULL, "boot with lsm=...,bpf",
			   "bpf: not in the kernel's lsm list: programs would attach and never be "
			   "called");
		return -EOPNOTSUPP;
	}
	if (kernel_labels_unsound()) {
		diag_error(diag, NULL, FIX_PREEMPT, "bpf: " UNSOUND);
		return -EOPNOTSUPP;
	}
	r = bpffs_check(diag);
	if (r < 0)
		return r;
	if (mkdir(PINS_ROOT, 0700) < 0 && errno != EEXIST) {
		diag_error(diag, NULL, NULL, "bpf: cannot make \"%s\": %s", PINS_ROOT,
			   strerror(errno));
		return errno == EPERM || errno == EACCES ? -EPERM : -EIO;
	}
	pins_path(&dir, "");
	if (buf_failed(&dir))
		return -ENOMEM;
	r = pins_adopt(dir.data, &maps);
	if (r == -ENOENT) {
		kernel_close(&maps);
		r = pins_make(dir.data, diag);
		if (r < 0)
			return r;
		r = pins_adopt(dir.data, &maps);
	}
	if (r < 0) {
		kernel_close(&maps);
		diag_error(diag, NULL, NULL, "bpf: cannot open the pins in \"%s\": %s", dir.data,
			   strerror(-r));
		return r == -EPERM || r == -ENOMEM ? r : -EIO;
	}
	*ret = maps;
	return 0;
}

int kernel_adopt(struct kernel_maps *ret)
{
	_cleanup_buf_ struct buf dir = { 0 };
	struct kernel_maps maps = MAPS_CLOSED;
	int r;

	pins_path(&dir, "");
	r = buf_failed(&dir) ? -ENOMEM : pins_adopt(dir.data, &maps);
	if (r < 0)
		kernel_close(&maps);
	else
		*ret = maps;
	return r;
}

/* Where a program that is attached on demand is pinned, or (@what "/link_") its link. */
static void demand_path(struct buf *path, const char *what, const char *program)
{
	pins_path(path, what);
	buf_puts(path, program);
}

static int demand_link(int fd, const char *function)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts, .kprobe_multi.syms = &function,
		    .kprobe_multi.cnt = 1);

	return function ? bpf_link_create(fd, 0, BPF_TRACE_KPROBE_MULTI, &opts)
			: bpf_raw_tracepoint_open(NULL, fd);
}

static int demand_attach(const char *program, const char *function)
{
	_cleanup_buf_ struct buf from = { 0 }, to = { 0 };
	_cleanup_close_ int fd = -1, link = -1;

	demand_path(&from, "/program_", program);
	demand_path(&to, "/link_", program);
	if (buf_failed(&from) || buf_failed(&to))
		return -ENOMEM;
	if (access(to.data, F_OK) == 0)
		return 0;
	fd = bpf_obj_get(from.data);
	if (fd < 0)
		return function && errno == ENOENT ? 0 : -errno;
	link = demand_link(fd, function);
	return link < 0 || bpf_obj_pin(link, to.data) < 0 ? -errno : 0;
}

int kernel_attach(uint64_t needs)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(on_demand); i++)
		if (needs & on_demand[i].need)
			r = demand_attach(on_demand[i].program, on_demand[i].function);
	return r;
}

void kernel_settle(const struct kernel_maps *maps)
{
	uint64_t needs = 0;

	for (uint32_t i = 0; i < ABI_WORKLOADS; i++)
		if (maps->slots[i].id)
			needs |= maps->slots[i].needs;
	for (size_t i = 0; i < ARRAY_SIZE(on_demand); i++) {
		_cleanup_buf_ struct buf path = { 0 };

		demand_path(&path, "/link_", on_demand[i].program);
		if (!(needs & on_demand[i].need) && !buf_failed(&path))
			unlink(path.data);
	}
}

void kernel_close(struct kernel_maps *maps)
{
	int *fds[] = { &maps->labels, &maps->tables,	&maps->links, &maps->rings,
		       &maps->folds,  &maps->workloads, &maps->names, &maps->inode };

	if (maps->slots)
		munmap(maps->slots, SLOTS_BYTES);
	maps->slots = NULL;
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
		cleanup_close(fds[i]);
		*fds[i] = -1;
	}
}

int kernel_remove(struct karmor_diag *diag)
{
	_cleanup_buf_ struct buf dir = { 0 }, aside = { 0 };
	int r;

	pins_path(&dir, "");
	pins_path(&aside, PINS_ASIDE);
	r = buf_failed(&dir) || buf_failed(&aside) ? -ENOMEM : kernel_remove_dir(aside.data);
	/* First the name: whoever is killed half way leaves nothing that would be adopted. */
	if (r == 0 && rename(dir.data, aside.data) < 0 && errno != ENOENT)
		r = -errno;
	r = r < 0 ? r : kernel_remove_dir(aside.data);
	if (r < 0)
		diag_error(diag, NULL, NULL, "bpf: cannot remove \"%s\": %s",
			   dir.data ? dir.data : PINS_ROOT, strerror(-r));
	else
		rmdir(PINS_ROOT); /* another build's pins keep it */
	return r;
}

/* Which of the sections' hooks this kernel has, by program: facts for compile, and a count for
 * people. */
static int probe_hooks(struct karmor_caps *caps, const struct btf *btf,
		       const struct karmor_bpf *skeleton)
{
	struct bpf_program *program;
	unsigned all = 0, found = 0;

	bpf_object__for_each_program(program, skeleton->obj)
	{
		const char *hook = program_hook(program);

		if (!is_enforcing(skeleton, program) || !is_hook(program))
			continue;
		all++;
		if (bpf_program__autoload(program))
			found++;
		if (!btf_has_hook(btf, hook) && !is_optional(hook))
			return caps_state(caps, KARMOR_NOT_ACTIVE, NULL,
					  "this kernel has no hook \"%s\"", hook);
	}
	if (!syscalls_known(btf) && caps_set(caps, ir_section_name(KARMOR_SYSCALLS), 0) < 0)
		return -ENOMEM;
	caps->summary = arena_printf(&caps->arena, "BTF, bpf_loop, ring buffer; %u of %u hooks",
				     found, all);
	return caps->summary ? 0 : -ENOMEM;
}

/* Loads every program, and sees whether a harmless one is called; nothing stays. */
static int probe_try(struct karmor_caps *caps, struct karmor_bpf *skeleton)
{
	_cleanup_(cleanup_skeleton) struct karmor_bpf *decision = NULL;
	int r, listed = probe_lsm("bpf");

	r = skeleton_load(skeleton);
	r = r < 0 ? r : decision_load(skeleton, &decision);
	if (r == 0)
		r = programs_called(skeleton);
	if (r == -ENOMEM)
		return r;
	if (r < 0)
		return caps_state(caps, KARMOR_BROKEN,
				  "choose another backend, or ask who runs this kernel",
				  "%sthe kernel refuses to load or attach LSM programs: %s",
				  listed == 1 ? "bpf is in lsm=, but " : "", strerror(-r));
	if (r == 0)
		return caps_state(caps, KARMOR_NOT_ACTIVE, FIX_LSM,
				  "programs attach but are never called");
	return 0;
}

#define CAP_SYS_ADMIN 21

/* Whether bpf() is denied whatever it is asked for, as it is inside a workload. */
static bool bpf_is_denied(void)
{
	union bpf_attr nothing = { 0 };

	return syscall(SYS_bpf, INT_MAX, &nothing, sizeof(nothing)) < 0 && errno == EPERM;
}

/* What stands against it without having tried anything; leaves the state ready where nothing does.
 */
static int probe_outside(struct karmor_caps *caps, const struct btf *btf)
{
	int listed = probe_lsm("bpf");

	if (listed != 1 && require_unbuilt(btf))
		return caps_state(caps, KARMOR_NOT_ACTIVE,
				  "run a kernel built with CONFIG_BPF_LSM=y",
				  "not built into this kernel");
	if (listed == 0)
		return caps_state(caps, KARMOR_NOT_ACTIVE, FIX_LSM, "not in lsm=");
	if (probe_capability(CAP_SYS_ADMIN) != 1)
		return caps_state(caps, KARMOR_NOT_PERMITTED, "run as root",
				  "only root may load BPF programs; %s",
				  listed == 1 ? "bpf is in lsm=" : "the lsm list cannot be read");
	if (!bpf_is_denied())
		return 0;
	if (access(PINS_ROOT, F_OK) == 0)
		return caps_state(caps, KARMOR_NOT_PERMITTED, "run it outside of the workload",
				  "inside a workload, which may not call bpf()");
	return caps_state(caps, KARMOR_NOT_PERMITTED,
			  "run it outside of the container, service or workload that denies it",
			  "bpf() is denied to this process, whatever it is asked for");
}

/* What this build pinned was loaded and attached on this boot: there is nothing left to try. */
static bool probe_pinned(struct karmor_caps *caps)
{
	struct kernel_maps maps;

	if (kernel_adopt(&maps) < 0)
		return false;
	kernel_close(&maps);
	caps->summary = "BTF, bpf_loop, ring buffer; programs pinned and in use";
	return true;
}

/* The state where something is missing that was not to be tried for. */
static int probe_features(struct karmor_caps *caps, const struct btf *btf)
{
	const struct require *missing = require_missing(btf);

	if (!missing)
		return 0;
	return caps_state(caps, KARMOR_NOT_ACTIVE, missing->fix, "%s", missing->reason);
}

int kernel_probe(struct karmor_caps *caps, struct karmor_diag *diag)
{
	_cleanup_(cleanup_skeleton) struct karmor_bpf *skeleton = NULL;
	_cleanup_(cleanup_btf) struct btf *btf = NULL;
	int r;

	libbpf_set_print(print_nothing);
	btf = btf__load_vmlinux_btf();
	r = probe_outside(caps, btf);
	if (r < 0 || caps->state != KARMOR_READY)
		return r;
	if (kernel_labels_unsound())
		return caps_state(caps, KARMOR_NOT_ACTIVE, FIX_PREEMPT, UNSOUND);
	if (probe_pinned(caps))
		return 0;
	r = probe_features(caps, btf);
	if (r < 0 || caps->state != KARMOR_READY)
		return r;
	r = skeleton_open(btf, &skeleton);
	if (r < 0)
		return r == -ENOMEM ? r
				    : caps_state(caps, KARMOR_BROKEN, NULL,
						 "the programs cannot be opened: %s", strerror(-r));
	r = probe_hooks(caps, btf, skeleton);
	if (r < 0 || caps->state != KARMOR_READY)
		return r;
	return probe_try(caps, skeleton);
}
