/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ends what other builds enforce once this one does: see others.h.
 *
 * A unit is let go in steps, each of which leaves all of its tasks under one build's rules or
 * both's. This build knows its cgroup and has enrolled what runs there. Then nobody enters the
 * other's workload any more, which has its tasks still; and when each of those is found to be one
 * of ours it gets a table of nothing, for its label stays with a task for good.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/syscall.h>

#include "cleanup.h"
#include "diag.h"
#include "others-set.h"
#include "others.h"

#define RECORDS 16   /* of a table of nothing */
#define LOOKS_MAX 20 /* for a task that is the other's alone */
#define LOOKS_SURE 3 /* in a row that find none are enough, for one may miss who forks */
#define LOOK_AGAIN_US 10000

/* Makes the map's value at @key zero, whatever it is. */
static void map_clear(const char *dir, const char *map, uint32_t key)
{
	struct bpf_map_info info = { 0 };
	_cleanup_close_ int fd = others_map_open(dir, map, &info);
	_cleanup_free_ void *zero = fd < 0 ? NULL : calloc(1, info.value_size);

	if (zero)
		(void)bpf_map_update_elem(fd, &key, zero, BPF_ANY);
}

static void release_host(const char *dir, void *data)
{
	_cleanup_(others_set_done) struct others_set set = { 0 };

	(void)data;
	if (others_set_open(dir, &set) < 0)
		return;
	for (size_t i = 0; i < set.n; i++) {
		if (!others_slot(&set, i)->id || !(others_slot(&set, i)->flags & ABI_HOST))
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

/* A map of labels, and whose labels count. */
struct labelled {
	int fd;
	size_t size;
	struct abi_enrol enrol;
};

/* Whether the process has that label, as far as its first thread tells: 1, 0 or a negative errno.
 */
static int is_labelled(const struct labelled *labelled, int pidfd)
{
	_cleanup_free_ void *label = calloc(1, labelled->size);
	struct abi_enrol enrol;

	if (!label)
		return -ENOMEM;
	if (bpf_map_lookup_elem(labelled->fd, &pidfd, label) < 0)
		return errno == ENOENT ? 0 : -errno;
	memcpy(&enrol, label, sizeof(enrol));
	return enrol.id == labelled->enrol.id && enrol.slot == labelled->enrol.slot;
}

/* The unit, as another build knows it and as we do. */
struct release {
	const struct kernel_maps *maps;
	const char *name;
	uint32_t slot;
	unsigned left; /* processes that are under the other's rules alone */
	bool found;    /* what could not be let go is the unit's; else that cannot be told */
	int error;     /* the first; 0: none */
};

/* What cannot be told is taken for what keeps the other build's rules. */
static bool is_others(const struct labelled *theirs, const struct labelled *ours, pid_t pid)
{
	_cleanup_close_ int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	struct pollfd ended = { .fd = pidfd, .events = POLLIN };

	if (pidfd < 0)
		return errno != ESRCH && errno != EINVAL;
	return is_labelled(theirs, pidfd) != 0 && is_labelled(ours, pidfd) != 1 &&
	       poll(&ended, 1, 0) == 0;
}

/* How many processes are the other's alone, or a negative errno. */
static int look(const struct labelled *theirs, const struct labelled *ours)
{
	DIR *processes = opendir("/proc");
	struct dirent *entry;
	int n = 0;

	if (!processes)
		return -errno;
	while ((entry = readdir(processes)))
		n += isdigit((unsigned char)entry->d_name[0]) &&
		     is_others(theirs, ours, (pid_t)strtol(entry->d_name, NULL, 10));
	closedir(processes);
	return n;
}

static int look_until_sure(const struct labelled *theirs, const struct labelled *ours)
{
	int n = 1, sure = 0;

	for (int i = 0; n >= 0 && sure < LOOKS_SURE && i < LOOKS_MAX; i++) {
		if (i)
			usleep(LOOK_AGAIN_US);
		n = look(theirs, ours);
		sure = n == 0 ? sure + 1 : 0;
	}
	return n || sure == LOOKS_SURE ? n : 1;
}

static void map_forget(const char *dir, const char *map, uint64_t key)
{
	struct bpf_map_info info = { 0 };
	_cleanup_close_ int fd = others_map_open(dir, map, &info);

	if (fd >= 0)
		(void)bpf_map_delete_elem(fd, &key);
}

/* Nobody enters the workload any more, and its name is free. */
static void withdraw(const char *dir, struct abi_workload *slot)
{
	uint64_t cgroup;

	if (slot->path)
		map_forget(dir, "named_cgroups", slot->path);
	slot->path = 0;
	cgroup = __atomic_exchange_n(&slot->cgroup, 0, __ATOMIC_SEQ_CST);
	if (cgroup)
		map_forget(dir, "cgroups", cgroup);
	slot->flags &= ~(uint64_t)ABI_ENTERED;
	slot->holder = ABI_HOLDER_OTHER;
}

/* The table of the slot, and what kind of map it is. */
static int table_open(int tables, uint32_t slot, struct bpf_map_info *info)
{
	_cleanup_close_ int fd = -1;
	uint32_t id, size = sizeof(*info);

	if (bpf_map_lookup_elem(tables, &slot, &id) < 0)
		return -errno;
	fd = bpf_map_get_fd_by_id(id);
	if (fd < 0 || bpf_obj_get_info_by_fd(fd, info, &size) < 0)
		return -errno;
	return info->value_size == sizeof(struct abi_record) ? TAKE_FD(fd) : -EINVAL;
}

/* Of the same generation, by which the next one is another. */
static int table_empty(const char *dir, uint32_t slot)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts);
	struct bpf_map_info info = { 0 }, table = { 0 };
	_cleanup_close_ int tables = others_map_open(dir, "tables", &info), old = -1, fd = -1;
	struct abi_record header;
	uint32_t key = ABI_HEADER;

	old = tables < 0 ? tables : table_open(tables, slot, &table);
	if (old < 0)
		return old;
	opts.map_flags = table.map_flags;
	fd = bpf_map_create(table.type, table.name, table.key_size, table.value_size, RECORDS,
			    &opts);
	if (fd < 0 || bpf_map_lookup_elem(old, &key, &header) < 0)
		return -errno;
	header = (struct abi_record){ .w = { 0, 0, header.w[2], 0 } };
	if (bpf_map_update_elem(fd, &key, &header, BPF_ANY) < 0 ||
	    bpf_map_update_elem(tables, &slot, &fd, BPF_ANY) < 0)
		return -errno;
	return 0;
}

static int release_slot(const struct others_set *set, uint32_t key, struct release *release)
{
	struct abi_workload *slot = others_slot(set, key);
	struct bpf_map_info info = { 0 };
	_cleanup_close_ int labels = others_map_open(set->dir, "labels", &info);
	const struct labelled theirs = { labels, info.value_size, { .id = slot->id, .slot = key } };
	const struct labelled ours = { release->maps->labels,
				       release->maps->label_size,
				       { .id = release->maps->slots[release->slot].id,
					 .slot = release->slot } };
	int r;

	if (labels < 0)
		return labels;
	if (info.value_size < sizeof(struct abi_enrol))
		return -EINVAL;
	withdraw(set->dir, slot);
	r = look_until_sure(&theirs, &ours);
	if (r > 0)
		release->left += (unsigned)r;
	if (r != 0)
		return r < 0 ? r : 0;
	r = table_empty(set->dir, key);
	if (r == 0)
		slot->holder = ABI_HOLDER_NONE;
	return r;
}

/* Whether it is the unit, or was before its tasks alone were left of it. */
static bool is_unit(const struct abi_workload *slot)
{
	return slot->id && slot->flags & ABI_LASTING &&
	       (slot->path || slot->holder == ABI_HOLDER_OTHER);
}

static void release_unit(const char *dir, void *data)
{
	_cleanup_(others_set_done) struct others_set set = { 0 };
	struct bpf_map_info info = { 0 };
	_cleanup_close_ int names = others_map_open(dir, "names", &info);
	struct release *release = data;
	int r = names < 0 ? names : others_set_open(dir, &set);

	/* One that is half made, or goes, enforces nothing. */
	if (strstr(dir, PINS_ASIDE) || r == -ENOENT)
		r = 0;
	for (size_t i = 0; r == 0 && i < set.n; i++) {
		if (is_unit(others_slot(&set, i)))
			r = others_has_name(names, (uint32_t)i, info.value_size, release->name);
		if (r > 0) {
			r = release_slot(&set, (uint32_t)i, release);
			release->found |= r < 0;
		}
	}
	release->error = release->error ? release->error : r;
}

void others_release_unit(const struct kernel_maps *maps, uint32_t slot,
			 const struct karmor_workload *from, struct karmor_diag *diag)
{
	struct release release = { .maps = maps, .name = from->name, .slot = slot };

	if (!from->lasting || !from->by_path || !from->running)
		return;
	others_each(release_unit, &release);
	(void)others_sweep();
	if (release.left)
		diag_note(diag, NULL, "start them anew",
			  "workload \"%s\": processes that left its cgroup stay under the policies "
			  "that another build of karmor gave them: %u",
			  from->name, release.left);
	if (release.error < 0)
		diag_warning(diag, NULL, "start it anew, or boot the machine anew",
			     "workload \"%s\" %s under policies that another build of karmor gave "
			     "it, beside its own: %s",
			     from->name, release.found ? "stays" : "may be",
			     strerror(-release.error));
}
