/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See others.h. Of another build's maps nothing is known but what bpf/abi.h promises: the maps'
 * names, some words of a slot, what frees the node itself, and that a name ends with NUL.
 */
#include "others.h"

#include <bpf/bpf.h>
#include <dirent.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "cgroup.h"
#include "cleanup.h"
#include "diag.h"

/* Up to the last word that is promised. */
#define SLOT_WORDS (offsetof(struct abi_workload, path) / 8 + 1)

/* The slots of a set that is pinned, of whatever build. */
struct slots {
	const uint64_t *words;
	size_t n, stride, bytes; /* stride in words */
};

static void cleanup_slots(struct slots *slots)
{
	if (slots->bytes)
		munmap((void *)(uintptr_t)slots->words, slots->bytes);
}

static int map_open(const char *dir, const char *map, struct bpf_map_info *info)
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

static int slots_open(const char *dir, struct slots *ret)
{
	struct bpf_map_info info = { 0 };
	_cleanup_close_ int fd = map_open(dir, "workloads", &info);
	size_t stride = (info.value_size + 7) / 8;
	void *words;

	if (fd < 0)
		return fd;
	if (stride < SLOT_WORDS)
		return -EINVAL;
	words = mmap(NULL, stride * 8 * info.max_entries, PROT_READ, MAP_SHARED, fd, 0);
	if (words == MAP_FAILED)
		return -errno;
	*ret = (struct slots){ words, info.max_entries, stride, stride * 8 * info.max_entries };
	return 0;
}

/* Of which only what is promised may be looked at. */
static const struct abi_workload *slot_at(const struct slots *slots, size_t i)
{
	return (const struct abi_workload *)(slots->words + i * slots->stride);
}

static bool slot_alive(const struct slots *slots, size_t i)
{
	const struct abi_workload *slot = slot_at(slots, i);

	return slot->id && ((int64_t)slot->tasks > 0 || cgroup_holds(slot));
}

static bool slot_lasting(const struct slots *slots, size_t i)
{
	return slot_alive(slots, i) && slot_at(slots, i)->flags & ABI_LASTING;
}

/* Calls @fn for each set that is not this build's; what was left half made has no slots. */
static void others_each(void (*fn)(const char *dir, void *data), void *data)
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

static void sweep(const char *dir, void *data)
{
	_cleanup_(cleanup_slots) struct slots slots = { 0 };
	_cleanup_buf_ struct buf path = { 0 };
	unsigned *alive = data, n = 0;
	int r = strstr(dir, PINS_ASIDE) ? 0 : slots_open(dir, &slots);

	for (size_t i = 0; i < slots.n; i++)
		n += slot_alive(&slots, i);
	*alive += r < 0 ? 1 : n;
	buf_printf(&path, PINS_ROOT "/%s", dir);
	if (r == 0 && n == 0 && !buf_failed(&path))
		(void)kernel_remove_dir(path.data);
}

unsigned others_sweep(void)
{
	unsigned alive = 0;

	others_each(sweep, &alive);
	return alive;
}

/* Makes the map's value at @key zero, whatever it is. */
static void map_clear(const char *dir, const char *map, uint32_t key)
{
	struct bpf_map_info info = { 0 };
	_cleanup_close_ int fd = map_open(dir, map, &info);
	_cleanup_free_ void *zero = fd < 0 ? NULL : calloc(1, info.value_size);

	if (zero)
		(void)bpf_map_update_elem(fd, &key, zero, BPF_ANY);
}

static void release_host(const char *dir, void *data)
{
	_cleanup_(cleanup_slots) struct slots slots = { 0 };

	(void)data;
	if (slots_open(dir, &slots) < 0)
		return;
	for (size_t i = 0; i < slots.n; i++) {
		if (!slot_at(&slots, i)->id || !(slot_at(&slots, i)->flags & ABI_HOST))
			continue;
		map_clear(dir, KERNEL_HOST_MAP, 0);
		map_clear(dir, "workloads", (uint32_t)i);
	}
}

void others_release_host(void)
{
	others_each(release_host, NULL);
	(void)others_sweep();
}

struct sought {
	const char *name;
	struct karmor_diag *diag;
	int r;
};

static bool has_name(int names, uint32_t slot, size_t size, const char *name)
{
	char text[4096] = "";

	return size > sizeof(text) || bpf_map_lookup_elem(names, &slot, text) < 0 ||
	       strncmp(text, name, size) == 0;
}

static void seek(const char *dir, void *data)
{
	_cleanup_(cleanup_slots) struct slots slots = { 0 };
	struct bpf_map_info info = { 0 };
	struct sought *sought = data;
	_cleanup_close_ int names = map_open(dir, "names", &info);
	bool found = slots_open(dir, &slots) < 0;

	for (size_t i = 0; i < slots.n && !found; i++)
		found = slot_lasting(&slots, i) &&
			(names < 0 || has_name(names, (uint32_t)i, info.value_size, sought->name));
	if (!found)
		return;
	diag_error(sought->diag, NULL, "end that workload, or keep it under the build that made it",
		   "workload \"%s\" is, or may be, one that another build of karmor enforces: its "
		   "pins are in \"%s/%s\"",
		   sought->name, PINS_ROOT, dir);
	sought->r = -EBUSY;
}

int others_refuse(const char *name, struct karmor_diag *diag)
{
	struct sought sought = { name, diag, 0 };

	others_each(seek, &sought);
	return sought.r;
}
