/* SPDX-License-Identifier: Apache-2.0 */
/* See others.h and others-set.h. */
#include "others.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cgroup.h"
#include "cleanup.h"
#include "diag.h"
#include "others-set.h"

#define HOOKS_MAX 256
#define HOOK_LOOKS 500 /* for programs that go, which takes grace periods */
#define HOOK_LOOK_US 10000

/* Up to the last word that is promised. */
#define SLOT_WORDS (offsetof(struct abi_workload, path) / 8 + 1)

void others_set_done(struct others_set *set)
{
	if (set->bytes)
		munmap(set->words, set->bytes);
}

int others_map_open(const char *dir, const char *map, struct bpf_map_info *info)
{
	_cleanup_buf_ struct buf path = { 0 };
	_cleanup_close_ int fd = -1;
	uint32_t size = sizeof(*info);

	buf_printf(&path, PINS_ROOT "/%s/%s", dir, map);
	if (buf_failed(&path))
		return -ENOMEM;
	fd = bpf_obj_get(path.data);
	if (fd < 0 || bpf_obj_get_info_by_fd(fd, info, &size) < 0)
		return -errno;
	return TAKE_FD(fd);
}

int others_set_open(const char *dir, struct others_set *ret)
{
	struct bpf_map_info info = { 0 };
	_cleanup_close_ int fd = others_map_open(dir, "workloads", &info);
	size_t stride = (info.value_size + 7) / 8;
	void *words;

	*ret = (struct others_set){ .dir = dir };
	if (fd < 0)
		return fd;
	if (stride < SLOT_WORDS)
		return -EINVAL;
	words = mmap(NULL, stride * 8 * info.max_entries, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		     0);
	if (words == MAP_FAILED)
		return -errno;
	*ret = (struct others_set){ dir, words, info.max_entries, stride,
				    stride * 8 * info.max_entries };
	return 0;
}

/* Who has no rules any more does not count. */
static bool slot_alive(const struct abi_workload *slot)
{
	return slot->id && slot->holder != ABI_HOLDER_NONE &&
	       ((int64_t)slot->tasks > 0 || cgroup_holds(slot));
}

void others_each(void (*fn)(const char *dir, void *data), void *data)
{
	_cleanup_buf_ struct buf own = { 0 };
	struct dirent *entry;
	DIR *root = opendir(PINS_ROOT);

	kernel_dir_name(&own);
	while (root && !buf_failed(&own) && (entry = readdir(root)))
		if (entry->d_name[0] != '.' && strcmp(entry->d_name, own.data) != 0)
			fn(entry->d_name, data);
	if (root)
		closedir(root);
}

/* Takes the pin of a hook's link away: the id of its program, 0 where there is none. */
static uint32_t hook_unpin(const char *dir, const char *link)
{
	struct bpf_link_info info = { 0 };
	_cleanup_buf_ struct buf path = { 0 };
	_cleanup_close_ int fd = -1;
	uint32_t size = sizeof(info);

	buf_printf(&path, PINS_ROOT "/%s/%s", dir, link);
	fd = buf_failed(&path) ? -1 : bpf_obj_get(path.data);
	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &size) < 0)
		return 0;
	unlink(path.data);
	return info.prog_id;
}

static bool is_loaded(uint32_t program)
{
	_cleanup_close_ int fd = bpf_prog_get_fd_by_id(program);

	return fd >= 0;
}

/*
 * Of a set in which there are tasks yet the hooks go before the decisions that are put into them,
 * which the kernel would let go in any order: a hook that has lost its own denies.
 */
static void hooks_detach(const char *set)
{
	_cleanup_buf_ struct buf path = { 0 };
	uint32_t programs[HOOKS_MAX];
	struct dirent *entry;
	size_t n = 0;
	DIR *dir;

	buf_printf(&path, PINS_ROOT "/%s", set);
	dir = buf_failed(&path) ? NULL : opendir(path.data);
	while (dir && n < HOOKS_MAX && (entry = readdir(dir)))
		if (strncmp(entry->d_name, "link_", strlen("link_")) == 0)
			programs[n++] = hook_unpin(set, entry->d_name);
	if (dir)
		closedir(dir);
	for (int i = 0; n > 0 && i < HOOK_LOOKS; i++) {
		while (n > 0 && !is_loaded(programs[n - 1]))
			n--;
		if (n > 0)
			usleep(HOOK_LOOK_US);
	}
}

static void sweep(const char *dir, void *data)
{
	_cleanup_(others_set_done) struct others_set set = { 0 };
	_cleanup_buf_ struct buf path = { 0 };
	unsigned *alive = data, n = 0;
	bool tasks = false;
	int r = strstr(dir, PINS_ASIDE) ? 0 : others_set_open(dir, &set);

	for (size_t i = 0; i < set.n; i++) {
		n += slot_alive(others_slot(&set, i));
		tasks |= (int64_t)others_slot(&set, i)->tasks > 0;
	}
	*alive += r < 0 ? 1 : n;
	buf_printf(&path, PINS_ROOT "/%s", dir);
	if (r == 0 && n == 0 && tasks)
		hooks_detach(dir);
	if (r == 0 && n == 0 && !buf_failed(&path))
		(void)kernel_remove_dir(path.data);
}

unsigned others_sweep(void)
{
	unsigned alive = 0;

	others_each(sweep, &alive);
	return alive;
}

struct sought {
	const char *name;
	bool is_unit;
	struct karmor_diag *diag;
	int r;
};

int others_has_name(int names, uint32_t key, size_t size, const char *name)
{
	char text[4096] = "";

	if (names < 0 || size > sizeof(text))
		return -EINVAL;
	if (bpf_map_lookup_elem(names, &key, text) < 0)
		return -errno;
	return strncmp(text, name, size) == 0;
}

/* Whether nobody else may have its name: a unit is let go once another has enrolled it. */
static bool slot_keeps_name(const struct abi_workload *slot, bool is_unit)
{
	return slot_alive(slot) && slot->flags & ABI_LASTING && slot->holder != ABI_HOLDER_OTHER &&
	       !(is_unit && slot->path);
}

static void seek(const char *dir, void *data)
{
	_cleanup_(others_set_done) struct others_set set = { 0 };
	struct bpf_map_info info = { 0 };
	struct sought *sought = data;
	_cleanup_close_ int names = others_map_open(dir, "names", &info);
	bool found = others_set_open(dir, &set) < 0;

	for (size_t i = 0; i < set.n && !found; i++)
		found = slot_keeps_name(others_slot(&set, i), sought->is_unit) &&
			others_has_name(names, (uint32_t)i, info.value_size, sought->name) != 0;
	if (!found)
		return;
	diag_error(sought->diag, NULL, "end that workload, or keep it under the build that made it",
		   "workload \"%s\" is, or may be, one that another build of karmor enforces: its "
		   "pins are in \"%s/%s\"",
		   sought->name, PINS_ROOT, dir);
	sought->r = -EBUSY;
}

int others_refuse(const char *name, bool is_unit, struct karmor_diag *diag)
{
	struct sought sought = { name, is_unit, diag, 0 };

	others_each(seek, &sought);
	return sought.r;
}
