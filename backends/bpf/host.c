/* SPDX-License-Identifier: Apache-2.0 */
/* See host.h. */
#include "host.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "adopt.h"
#include "bpf.h"
#include "cleanup.h"
#include "demand.h"
#include "diag.h"
#include "engine.h"
#include "others.h"

#define NAME_MAX_BYTES (ABI_WAY_NAME - 2) /* longer ones are cut to one byte more */
#define OURS "/proc/self/exe"

/* By what process 1 becomes the program of a unit. */
static const char *const throughs[] = { "/usr/lib/systemd/systemd-executor",
					"/lib/systemd/systemd-executor" };

#define HOST_PROGRAMS (KARMOR_EXEMPT_MAX + ARRAY_SIZE(throughs) + 1) /* and our own */

static size_t count(const char *const *paths)
{
	size_t n = 0;

	while (paths && paths[n])
		n++;
	return n;
}

int host_check(const struct karmor_workload *from, struct karmor_diag *diag)
{
	struct karmor_workload running = *from;

	running.running = true;
	if (count(from->exempt) > KARMOR_EXEMPT_MAX) {
		diag_error(diag, NULL, NULL, "more than %d programs are to be exempt",
			   KARMOR_EXEMPT_MAX);
		return -EINVAL;
	}
	for (size_t i = 0; i < count(from->exempt); i++) {
		const char *path = from->exempt[i], *slash = strrchr(path, '/');

		if (path[0] == '/' && slash[1] && strlen(slash + 1) <= NAME_MAX_BYTES)
			continue;
		diag_error(diag, NULL, "an absolute path, whose last part has 30 bytes at most",
			   "\"%s\" cannot be an exempt program", path);
		return -EINVAL;
	}
	return adopt_check(&running, diag);
}

int host_refuse(const struct karmor_workload *from, struct karmor_diag *diag)
{
	diag_error(diag, NULL, "name one of them otherwise",
		   from->host ? "\"%s\" is a workload, and not the node itself"
			      : "\"%s\" is the node itself, and not a workload",
		   from->name);
	return -EBUSY;
}

int host_slot(const struct kernel_maps *maps, uint32_t *ret, struct karmor_diag *diag)
{
	*ret = ABI_HOST_SLOT;
	if (!maps->slots[*ret].id)
		return 0;
	diag_error(diag, NULL, "detach that one", "the node itself is a workload already");
	return -EBUSY;
}

/* The path with its links followed; of what is not there, those of its directory. NULL: none. */
static char *real_of(const char *path)
{
	char *real = realpath(path, NULL), *ret = NULL;
	_cleanup_free_ char *directory = NULL, *above = NULL;

	if (real || errno != ENOENT)
		return real;
	directory = strndup(path, (size_t)(strrchr(path, '/') + 1 - path));
	above = directory ? realpath(directory, NULL) : NULL;
	if (!above || asprintf(&ret, "%s%s", above, strrchr(path, '/')) < 0)
		return NULL;
	return ret;
}

/* What is enforced by, directory by directory. */
struct ways {
	struct {
		struct abi_inode inode;
		struct abi_ways ways;
	} of[HOST_PROGRAMS];
	size_t n;
};

_Static_assert(HOST_PROGRAMS <= ABI_WAYS / 2, "room for those of before, too");
_Static_assert(HOST_PROGRAMS <= ABI_WAY_NAMES, "all may be in one directory");

/* The place of the directory, or one past the last. */
static size_t directory_find(const struct ways *ways, const struct abi_inode *inode)
{
	size_t i = 0;

	while (i < ways->n && memcmp(&ways->of[i].inode, inode, sizeof(*inode)) != 0)
		i++;
	return i;
}

/* The first kind that a name is given counts. */
static void directory_add(struct ways *ways, const struct abi_inode *inode,
			  const struct abi_way *way)
{
	size_t at = directory_find(ways, inode), i = 0;
	struct abi_way *all = ways->of[at].ways.all;

	ways->of[at].inode = *inode;
	ways->n += at == ways->n;
	while (all[i].name[0] && memcmp(all[i].name, way->name, sizeof(way->name)) != 0)
		i++;
	if (!all[i].name[0])
		all[i] = *way;
}

/* One that is nowhere is none. 0 or a negative errno. */
static int ways_add(const struct kernel_maps *maps, struct ways *ways, const char *path,
		    uint32_t kind)
{
	_cleanup_free_ char *real = real_of(path);
	_cleanup_close_ int fd = -1;
	struct abi_way way = { .kind = kind };
	struct abi_lookup lookup;
	char *slash;
	int r;

	if (!real)
		return errno == ENOMEM ? -ENOMEM : 0;
	slash = strrchr(real, '/');
	/* It is led to by a link, and nobody asks for a name of its own. */
	if (strlen(slash + 1) > NAME_MAX_BYTES)
		return 0;
	memcpy(way.name, slash + 1, strlen(slash + 1));
	slash[slash == real] = '\0';
	fd = open(real, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR ? 0 : -errno;
	r = kernel_inode(maps, fd, &lookup);
	if (r == 0)
		directory_add(ways, &lookup.inode, &way);
	return r;
}

/* Those of directories that have none any more. */
static int ways_drop(const struct kernel_maps *maps, const struct ways *ways)
{
	struct abi_inode at, next;
	bool more = bpf_map_get_next_key(maps->ways, NULL, &next) == 0;

	while (more) {
		at = next;
		more = bpf_map_get_next_key(maps->ways, &at, &next) == 0;
		if (directory_find(ways, &at) == ways->n &&
		    bpf_map_delete_elem(maps->ways, &at) < 0)
			return -errno;
	}
	return 0;
}

static int ways_set(const struct kernel_maps *maps, const char *const *paths)
{
	_cleanup_free_ struct ways *ways = calloc(1, sizeof(*ways));
	int r = ways ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(throughs); i++)
		r = ways_add(maps, ways, throughs[i], ABI_WAY_THROUGH);
	for (size_t i = 0; r == 0 && i < count(paths); i++)
		r = ways_add(maps, ways, paths[i], ABI_WAY_BACK);
	r = r < 0 ? r : ways_add(maps, ways, OURS, ABI_WAY_BACK);
	for (size_t i = 0; r == 0 && i < ways->n; i++)
		if (bpf_map_update_elem(maps->ways, &ways->of[i].inode, &ways->of[i].ways,
					BPF_ANY) < 0)
			r = -errno;
	return r < 0 ? r : ways_drop(maps, ways);
}

/* Reads the label of the task of @pidfd, where it has one: whether it is of no workload, but for
 * the node. */
static bool is_free(const struct kernel_maps *maps, int pidfd, void *label)
{
	const struct abi_enrol *enrol = label;

	return bpf_map_lookup_elem(maps->labels, &pidfd, label) < 0 ? errno == ENOENT
								    : enrol->slot == ABI_HOST_SLOT;
}

int host_give(const struct kernel_maps *maps, pid_t pid, const struct abi_enrol *enrol)
{
	_cleanup_close_ int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	_cleanup_free_ void *label = calloc(1, maps->label_size);
	struct abi_workload *node = &maps->slots[ABI_HOST_SLOT];
	struct abi_enrol was;

	if (pidfd < 0)
		return -errno;
	if (!label)
		return -ENOMEM;
	if (!is_free(maps, pidfd, label))
		return -EEXIST;
	memcpy(&was, label, sizeof(was));
	memset(label, 0, maps->label_size);
	memcpy(label, enrol, sizeof(*enrol));
	if (bpf_map_update_elem(maps->labels, &pidfd, label, was.id ? BPF_EXIST : BPF_NOEXIST) < 0)
		return -errno;
	if (was.id && was.id == node->id)
		__atomic_sub_fetch(&node->tasks, 1, __ATOMIC_SEQ_CST);
	return 0;
}

/* Nothing is asked of this process, but where it is in a workload. */
static int exempt_self(const struct kernel_maps *maps, uint64_t id)
{
	struct abi_enrol exempt = { .id = ABI_EXEMPT(id), .slot = ABI_HOST_SLOT };
	int r = host_give(maps, getpid(), &exempt);

	return r == -EEXIST ? 0 : r;
}

static int host_set(const struct kernel_maps *maps, uint64_t id, bool adopts)
{
	struct abi_host host = { .id = id, .adopts = adopts };
	uint32_t first = 0;

	return bpf_map_update_elem(maps->host, &first, &host, BPF_ANY) < 0 ? -errno : 0;
}

int host_enforce(const struct kernel_maps *maps, const struct karmor_workload *from, uint64_t id)
{
	int r = ways_set(maps, from->exempt), done;

	r = r < 0 ? r : exempt_self(maps, id);
	r = r < 0 ? r : demand_attach(BPF_NEED_ENTER | BPF_NEED_ADOPTED);
	r = r < 0 ? r : host_set(maps, id, true);
	if (r < 0)
		return r;
	r = adopt_look(maps->host_forks, maps->host_tasks, &maps->slots[ABI_HOST_SLOT]);
	done = host_set(maps, id, false);
	r = r < 0 ? r : done;
	if (r == 0)
		others_release_host();
	return r;
}

int host_renew(struct bpf_engine *engine, const struct bpf_workload *workload,
	       const struct karmor_workload *from, struct karmor_diag *diag)
{
	_cleanup_close_ int lock = kernel_lock(diag);
	int r;

	if (lock < 0)
		return lock;
	if (workload->slot != ABI_HOST_SLOT || !bpf_slot_held(engine, workload))
		return -ENOENT;
	r = host_check(from, diag);
	if (r < 0)
		return r;
	r = host_enforce(&engine->maps, from, workload->id);
	return r < 0 ? bpf_error(r, diag, "enrol the node's own tasks") : 0;
}

void host_release(const struct kernel_maps *maps)
{
	(void)!host_set(maps, 0, false);
}
