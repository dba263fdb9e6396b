/* SPDX-License-Identifier: Apache-2.0 */
/* See kernel.h. */
#include "kernel.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "bpf.h"
#include "buf.h"
#include "cleanup.h"
#include "decision.h"
#include "demand.h"
#include "diag.h"
#include "kept.h"
#include "object.h"
#include "probe.h"

#define BPFFS_MAGIC 0xcafe4a11
#define SLOTS_BYTES (ABI_SLOTS * sizeof(struct abi_workload))
#define FIX_MOUNT "mount -t bpf bpf " PINS_MOUNT

#define MAPS_CLOSED                                                                                \
	{                                                                                          \
		.labels = -1, .tables = -1, .links = -1, .rings = -1, .folds = -1,                 \
		.workloads = -1, .names = -1, .cgroups = -1, .named = -1, .inode = -1,             \
		.adopt = -1, .adopting = -1, .kept = -1, .keepers = -1, .host = -1, .ways = -1,    \
		.host_tasks = -1, .host_forks = -1                                                 \
	}

void kernel_dir_name(struct buf *name)
{
	buf_printf(name, "%016llx", (unsigned long long)object_digest());
}

void kernel_pin_path(struct buf *path, const char *name)
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
	} maps[] = { { "labels", &ret->labels },
		     { "tables", &ret->tables },
		     { "links", &ret->links },
		     { "rings", &ret->rings },
		     { "folds", &ret->folds },
		     { "inode", &ret->inode },
		     { "workloads", &ret->workloads },
		     { "names", &ret->names },
		     { "cgroups", &ret->cgroups },
		     { "named_cgroups", &ret->named },
		     { "adopt", &ret->adopt },
		     { "adopting", &ret->adopting },
		     { "kept", &ret->kept },
		     { "keepers", &ret->keepers },
		     { KERNEL_HOST_MAP, &ret->host },
		     { "ways", &ret->ways },
		     { "host_tasks", &ret->host_tasks },
		     { "host_forks", &ret->host_forks } };
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

int kernel_inode(const struct kernel_maps *maps, int fd, struct abi_lookup *ret)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = ret, .ctx_size_in = sizeof(*ret));

	*ret = (struct abi_lookup){ .fd = (uint32_t)fd };
	return bpf_prog_test_run_opts(maps->inode, &opts) < 0 ? -errno : 0;
}

static int pin_program(struct bpf_program *program, const char *dir, const char *name)
{
	_cleanup_buf_ struct buf path = { 0 };

	buf_printf(&path, "%s/%s", dir, name);
	if (buf_failed(&path))
		return -ENOMEM;
	return bpf_program__pin(program, path.data);
}

/* Programs that user space runs, or attaches for a while. */
static int pin_asked(const struct karmor_bpf *skeleton, const char *dir)
{
	const struct {
		struct bpf_program *program;
		const char *name;
	} programs[] = {
		{ skeleton->progs.karmor_inode, "inode" },
		{ skeleton->progs.karmor_adopt, "adopt" },
		{ skeleton->progs.karmor_adopting, "adopting" },
		{ skeleton->progs.karmor_host, "host_tasks" },
		{ skeleton->progs.karmor_hosting, "host_forks" },
	};
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(programs); i++)
		r = pin_program(programs[i].program, dir, programs[i].name);
	return r;
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
	bool demand = demand_has(program);
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
		if (bpf_program__autoload(program) && object_is_enforcing(skeleton, program))
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
		r = object_open(btf, &skeleton);
	}
	if (r == 0)
		r = object_load(skeleton);
	/* Detaching waits for every task of the machine: only where the list cannot be asked. */
	if (r == 0 && probe_lsm("bpf") != 1) {
		r = object_is_called(skeleton);
		if (r == 0) {
			diag_error(diag, NULL, FIX_LSM,
				   "bpf: programs attach but are never called");
			return -EOPNOTSUPP;
		}
		r = r < 0 ? r : 0;
	}
	if (r == 0) {
		step = "pin the maps";
		kernel_pin_path(&aside, PINS_ASIDE);
		r = buf_failed(&aside) ? -ENOMEM : kernel_remove_dir(aside.data);
	}
	if (r == 0 && mkdir(aside.data, 0700) < 0)
		r = -errno;
	if (r == 0)
		r = bpf_object__pin_maps(skeleton->obj, aside.data);
	if (r == 0)
		r = pin_asked(skeleton, aside.data);
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

	object_silence();
	r = probe_lsm("bpf");
	if (r == 0) {
		diag_error(diag, NULL, FIX_LSM,
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
	kernel_pin_path(&dir, "");
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
	r = r < 0 ? r : kept_settle(&maps);
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

	kernel_pin_path(&dir, "");
	r = buf_failed(&dir) ? -ENOMEM : pins_adopt(dir.data, &maps);
	if (r < 0)
		kernel_close(&maps);
	else
		*ret = maps;
	return r;
}

void kernel_close(struct kernel_maps *maps)
{
	int *fds[] = { &maps->labels,	  &maps->tables,    &maps->links, &maps->rings,
		       &maps->folds,	  &maps->workloads, &maps->names, &maps->inode,
		       &maps->cgroups,	  &maps->named,	    &maps->adopt, &maps->adopting,
		       &maps->kept,	  &maps->keepers,   &maps->host,  &maps->ways,
		       &maps->host_tasks, &maps->host_forks };

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

	kernel_pin_path(&dir, "");
	kernel_pin_path(&aside, PINS_ASIDE);
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
