/* SPDX-License-Identifier: Apache-2.0 */
/* See cgroup.h. */
#include "cgroup.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "adopt.h"
#include "cleanup.h"
#include "demand.h"
#include "diag.h"
#include "engine.h"
#include "place.h"

#define CGROUP2_MAGIC 0x63677270
#define CGROUP_MOUNT "/sys/fs/cgroup"
#define HANDLE_KERNFS 0xfe /* what name_to_handle_at(2) calls an id of kernfs */
#define ROOT_ID 1	   /* of the cgroup that all tasks of the machine are in */
#define DIRECTORY (O_RDONLY | O_DIRECTORY | O_CLOEXEC)

/* A file handle with room for an id. */
union handle {
	struct file_handle head;
	char bytes[sizeof(struct file_handle) + sizeof(uint64_t)];
};

static int id_read(int fd, uint64_t *ret)
{
	union handle handle = { .head.handle_bytes = sizeof(*ret) };
	int mount;

	if (name_to_handle_at(fd, "", &handle.head, &mount, AT_EMPTY_PATH) < 0)
		return -errno;
	if (handle.head.handle_bytes != sizeof(*ret))
		return -EINVAL;
	memcpy(ret, handle.head.f_handle, sizeof(*ret));
	return 0;
}

static bool is_cgroup(int fd)
{
	struct statfs fs;

	return fstatfs(fd, &fs) == 0 && (unsigned long)fs.f_type == CGROUP2_MAGIC;
}

/* Only where nobody can say that it is still there: a removed one has no file any more. */
static bool is_gone(uint64_t id)
{
	union handle handle = { .head.handle_bytes = sizeof(id),
				.head.handle_type = HANDLE_KERNFS };
	_cleanup_close_ int mount = open(CGROUP_MOUNT, DIRECTORY), fd = -1;

	if (mount < 0 || !is_cgroup(mount))
		return false;
	memcpy(handle.head.f_handle, &id, sizeof(id));
	fd = open_by_handle_at(mount, &handle.head, O_PATH | O_CLOEXEC);
	return fd < 0 && errno == ESTALE;
}

bool cgroup_holds(const struct abi_workload *slot)
{
	return slot->flags & ABI_HOST ||
	       (slot->flags & ABI_ENTERED && (slot->path || !is_gone(slot->cgroup)));
}

/* The topmost directory of the mount that @fd is in. */
static int top_open(int fd)
{
	_cleanup_close_ int at = openat(fd, ".", DIRECTORY);
	uint64_t below = 0, id;

	while (at >= 0 && id_read(at, &id) == 0 && id != below) {
		_cleanup_close_ int up = openat(at, "..", DIRECTORY);

		if (up < 0 || !is_cgroup(up))
			return TAKE_FD(at);
		below = id;
		close(at);
		at = TAKE_FD(up);
	}
	return TAKE_FD(at);
}

/* The cgroup of version 2 that we are in, as a path without its first slash. */
static bool own_path(char *ret, size_t size)
{
	_cleanup_fclose_ FILE *file = fopen("/proc/self/cgroup", "re");
	_cleanup_free_ char *line = NULL;
	size_t room = 0;
	ssize_t n;

	while (file && (n = getline(&line, &room, file)) > 0) {
		if (strncmp(line, "0::/", 4) != 0)
			continue;
		line[n - 1] = '\0';
		return (size_t)snprintf(ret, size, "%s", line + 4) < size;
	}
	return false;
}

/* Whether the cgroup is ours or one that ours is in. */
static bool holds_us(int fd, uint64_t id)
{
	_cleanup_close_ int at = top_open(fd);
	char path[4096], *rest = path, *name;
	uint64_t ours;

	if (at < 0 || !own_path(path, sizeof(path)))
		return false;
	while (id_read(at, &ours) == 0) {
		int down;

		if (ours == id)
			return true;
		name = strsep(&rest, "/");
		if (!name || !*name)
			return false;
		down = openat(at, name, DIRECTORY | O_NOFOLLOW);
		close(at);
		at = down;
		if (at < 0)
			return false;
	}
	return false;
}

static int namespace_read(pid_t pid, uint32_t *ret)
{
	char path[32];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d/ns/mnt", (int)pid);
	if (stat(path, &st) < 0)
		return -errno;
	*ret = (uint32_t)st.st_ino;
	return 0;
}

/* The node's mount namespace, where the workload has one of its own: who comes in by it, as a
 * runtime does, is in it until the workload's has been entered. */
static int outside_read(pid_t pid, uint32_t *ret)
{
	uint32_t ours;
	int r = pid ? namespace_read(pid, &ours) : 0;

	*ret = 0;
	if (r == 0 && pid)
		r = namespace_read(1, ret);
	if (r == 0 && *ret && *ret == ours)
		*ret = 0;
	return r;
}

static int refuse(const struct karmor_workload *from, const char *what, const char *fix,
		  struct karmor_diag *diag)
{
	diag_error(diag, NULL, fix, "\"%s\" cannot be the cgroup of workload \"%s\": %s",
		   from->cgroup, from->name, what);
	return -EINVAL;
}

static int refuse_other(const struct karmor_workload *from, struct karmor_diag *diag)
{
	refuse(from, "it is another workload's", "detach that one", diag);
	return -EBUSY;
}

/* The cgroup of a directory, open at @fd. */
static int check_directory(const struct kernel_maps *maps, const struct karmor_workload *from,
			   int64_t slot, int fd, uint64_t *id, struct karmor_diag *diag)
{
	struct abi_cgroup other;
	int r;

	if (!is_cgroup(fd))
		return refuse(from, "it is none of version 2",
			      "name a directory below the mount of cgroup2, usually " CGROUP_MOUNT,
			      diag);
	r = id_read(fd, id);
	if (r == 0 && *id == ROOT_ID)
		return refuse(from, "all of the machine is in it", "name one below it", diag);
	if (r == 0 && holds_us(fd, *id))
		return refuse(from, "who enrols it is in it",
			      "enrol from outside, or name one below it", diag);
	if (r < 0)
		return bpf_error(r, diag, "look at the cgroup");
	if (bpf_map_lookup_elem(maps->cgroups, id, &other) < 0 || (int64_t)other.enrol.slot == slot)
		return 0;
	return refuse_other(from, diag);
}

/* What of the path is below the mount, with its slash, where it is as the kernel writes it. */
static const char *path_below(const char *path)
{
	size_t len = strlen(CGROUP_MOUNT);
	const char *below = path + len;

	if (strncmp(path, CGROUP_MOUNT "/", len + 1) != 0 || !below[1] ||
	    below[strlen(below) - 1] == '/' || strstr(below, "//") || strstr(below, "/./") ||
	    strstr(below, "/../"))
		return NULL;
	below = strrchr(path, '/');
	return strcmp(below, "/.") == 0 || strcmp(below, "/..") == 0 ? NULL : path + len;
}

static bool is_at_or_above_us(const char *below)
{
	size_t len = strlen(below) - 1;
	char ours[4096];

	return !own_path(ours, sizeof(ours)) ||
	       (strncmp(ours, below + 1, len) == 0 && (!ours[len] || ours[len] == '/'));
}

int cgroup_at(const char *path, uint64_t *ret)
{
	_cleanup_close_ int mount = open(CGROUP_MOUNT, DIRECTORY), fd = -1;

	*ret = 0;
	if (mount < 0)
		return -errno;
	fd = openat(mount, path + 1, DIRECTORY | O_NOFOLLOW);
	if (fd < 0)
		return errno == ENOENT || errno == ENODEV ? 0 : -errno;
	return id_read(fd, ret);
}

/* A path at which cgroups come and go: the kernel's are those from the root. */
static int check_path(const struct kernel_maps *maps, const struct karmor_workload *from,
		      int64_t slot, struct cgroup_asked *ret, struct karmor_diag *diag)
{
	const char *below = path_below(from->cgroup);
	_cleanup_close_ int mount = open(CGROUP_MOUNT, DIRECTORY);
	struct abi_named other;
	uint64_t id, key;

	if (!below || strlen(below) > ABI_PATH_NAMED - 2)
		return refuse(from, "its path is none that cgroups can be known by",
			      "write it as \"" CGROUP_MOUNT "/a/b\", with 254 bytes at most behind "
			      "the mount",
			      diag);
	if (mount < 0 || !is_cgroup(mount) || id_read(mount, &id) < 0 || id != ROOT_ID)
		return refuse(from, CGROUP_MOUNT " is not the root of cgroup2",
			      "boot without version 1, and enrol from outside of containers", diag);
	if (is_at_or_above_us(below))
		return refuse(from, "who enrols it is in it, or would be",
			      "enrol from outside, or name one below it", diag);
	memcpy(ret->named.path, below, strlen(below));
	key = place_key(ret->named.path);
	if (bpf_map_lookup_elem(maps->named, &key, &other) == 0 &&
	    (int64_t)other.place.enrol.slot != slot)
		return refuse_other(from, diag);
	return 0;
}

static int check_through(const struct karmor_workload *from, struct abi_cgroup *place,
			 struct karmor_diag *diag)
{
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(from->through); i++) {
		const char *name = from->through[i];

		if (!name)
			continue;
		/* One byte less: longer ones are cut to the same length. */
		if (!*name || strchr(name, '/') || strlen(name) > ABI_THROUGH_NAME - 2)
			return refuse(from, "a program that tasks come in by has no such name",
				      "name the last part of its path, of 30 bytes at most", diag);
		memcpy(place->through[n++], name, strlen(name));
	}
	return 0;
}

/* Opens what is at the path of @from: -ENOENT where that may be. */
static int directory_open(const struct karmor_workload *from, struct karmor_diag *diag)
{
	int fd = open(from->cgroup, DIRECTORY);

	if (fd >= 0 || (from->by_path && errno == ENOENT))
		return fd < 0 ? -ENOENT : fd;
	return refuse(from, strerror(errno), NULL, diag);
}

int cgroup_check(const struct kernel_maps *maps, const struct karmor_workload *from, int64_t slot,
		 struct cgroup_asked *ret, struct karmor_diag *diag)
{
	_cleanup_close_ int fd = -1;
	int r = adopt_check(from, diag);

	*ret = (struct cgroup_asked){ .any = from->cgroup };
	if (r < 0 || !from->cgroup || !*from->cgroup)
		return r;
	r = from->by_path ? check_path(maps, from, slot, ret, diag) : 0;
	r = r < 0 ? r : check_through(from, &ret->named.place, diag);
	if (r < 0)
		return r;
	fd = directory_open(from, diag);
	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	r = check_directory(maps, from, slot, fd, &ret->id, diag);
	if (r < 0)
		return r;
	r = outside_read(from->pid, &ret->named.place.outside);
	return r == -ENOENT || r == -ESRCH ? -ENOENT
	       : r < 0			   ? bpf_error(r, diag, "look at the task")
					   : 0;
}
