/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See links.h. Names are looked up in the workload's own root, and inodes are read by the kernel
 * side. A name that is not there, or a file that has no other, needs nothing: links that are made
 * later are writes to the file, and denied.
 */
#include "links.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "diag.h"
#include "resolve.h"

/* Files found so far. */
struct found {
	struct abi_inode *inodes;
	struct abi_link *links;
	size_t n, size;
};

static void cleanup_found(struct found *found)
{
	free(found->inodes);
	free(found->links);
}

static int found_grow(struct found *found)
{
	size_t size = found->size ? 2 * found->size : 16;
	struct abi_inode *inodes = reallocarray(found->inodes, size, sizeof(*inodes));
	struct abi_link *links;

	if (!inodes)
		return -ENOMEM;
	found->inodes = inodes;
	links = reallocarray(found->links, size, sizeof(*links));
	if (!links)
		return -ENOMEM;
	found->links = links;
	found->size = size;
	return 0;
}

static struct abi_link *found_get(struct found *found, const struct abi_inode *inode)
{
	for (size_t i = 0; i < found->n; i++)
		if (memcmp(&found->inodes[i], inode, sizeof(*inode)) == 0)
			return &found->links[i];
	if (found->n == found->size && found_grow(found) < 0)
		return NULL;
	found->inodes[found->n] = *inode;
	memset(&found->links[found->n], 0, sizeof(*found->links));
	return &found->links[found->n++];
}

/* Whether the row of this accept denies everything to every source: then no other is needed. */
static bool denies_all(const struct bpf_ruleset *set, const struct bpf_exact *exact)
{
	unsigned words = exact->section == ABI_PROCESS ? ABI_ROW_WRITE : 2 * ABI_ROW_WRITE;

	for (uint32_t class = 0; class < set->classes; class ++)
		for (unsigned i = 0; i < words; i++) {
			uint32_t word = set->records[exact->accept + class].w[i];

			if (ABI_ACTION(word) != ABI_BLOCK || !(word & ABI_EXACT))
				return false;
		}
	return true;
}

/* Adds what one more name of the file finds. False: there is no room. */
static bool name_add(uint32_t accepts[ABI_LINK_NAMES], const struct bpf_ruleset *set,
		     const struct bpf_exact *exact)
{
	struct bpf_exact first = *exact;

	first.accept = accepts[0];
	if (first.accept && denies_all(set, &first))
		return true;
	if (denies_all(set, exact)) {
		memset(accepts, 0, ABI_LINK_NAMES * sizeof(*accepts));
		accepts[0] = exact->accept;
		return true;
	}
	for (size_t i = 0; i < ABI_LINK_NAMES; i++)
		if (!accepts[i] || accepts[i] == exact->accept) {
			accepts[i] = exact->accept;
			return true;
		}
	return false;
}

/* The directory that was looked into last: names that stand together are in one. */
struct folder {
	char *path;
	int fd; /* -1: it is not there */
};

static void cleanup_folder(struct folder *folder)
{
	free(folder->path);
	cleanup_close(&folder->fd);
}

static int folder_go(struct folder *folder, const struct resolve *root, const char *path)
{
	size_t len = (size_t)(strrchr(path, '/') - path);

	if (folder->path && strlen(folder->path) == len && memcmp(folder->path, path, len) == 0)
		return 0;
	cleanup_folder(folder);
	folder->fd = -1;
	folder->path = strndup(path, len);
	if (!folder->path)
		return -ENOMEM;
	folder->fd = resolve_open_at(root, folder->path, O_PATH | O_DIRECTORY, false);
	return folder->fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOMEM) ? -errno
											 : 0;
}

/* 1 where @name is a file with more names than this, 0 where not, or a negative errno. */
static int inode_read(const struct kernel_maps *maps, const struct folder *folder, const char *name,
		      struct abi_inode *ret)
{
	_cleanup_close_ int fd = -1;
	struct abi_lookup lookup;
	struct stat st;
	int r;

	if (folder->fd < 0 || fstatat(folder->fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
	    S_ISDIR(st.st_mode) || st.st_nlink < 2)
		return 0;
	fd = openat(folder->fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return errno == EMFILE || errno == ENFILE || errno == ENOMEM ? -errno : 0;
	r = kernel_inode(maps, fd, &lookup);
	if (r < 0)
		return r;
	*ret = lookup.inode;
	/* The kernel side says more than one where it cannot tell. */
	return lookup.names > 1;
}

static int exact_find(const struct kernel_maps *maps, const struct folder *folder,
		      const struct bpf_version *version, const struct bpf_exact *exact,
		      struct found *found, struct karmor_diag *diag)
{
	struct abi_inode inode;
	struct abi_link *link;
	int r = inode_read(maps, folder, strrchr(exact->path, '/') + 1, &inode);

	if (r <= 0)
		return r;
	link = found_get(found, &inode);
	if (!link)
		return -ENOMEM;
	if (name_add(link->tables[0].accepts[exact->section], version->set, exact))
		return 0;
	diag_error(diag, NULL, "let one rule name the file",
		   "rules say different things about more than %d names of the file \"%s\"",
		   ABI_LINK_NAMES, exact->path);
	return -EINVAL;
}

static int version_find(const struct kernel_maps *maps, const struct resolve *root,
			const struct bpf_version *version, struct found *found,
			struct karmor_diag *diag)
{
	_cleanup_(cleanup_folder) struct folder folder = { .fd = -1 };
	int r = 0;

	for (size_t i = 0; r == 0 && i < version->set->n_exacts; i++) {
		const struct bpf_exact *exact = &version->set->exacts[i];

		r = folder_go(&folder, root, exact->path);
		r = r < 0 ? r : exact_find(maps, &folder, version, exact, found, diag);
	}
	return r;
}

/*
 * The kernel side takes the second entry where the first is not of its table's generation: a file
 * that the rules to come say nothing of has an empty entry of theirs.
 */
static int found_publish(const struct kernel_maps *maps, uint32_t slot, struct found *found,
			 uint32_t generation)
{
	_cleanup_close_ int fd = -1;

	if (!found->n)
		return bpf_map_delete_elem(maps->links, &slot) < 0 && errno != ENOENT ? -errno : 0;
	fd = bpf_map_create(BPF_MAP_TYPE_HASH, "karmor_links", sizeof(*found->inodes),
			    sizeof(*found->links), (uint32_t)found->n, NULL);
	if (fd < 0)
		return -errno;
	for (size_t i = 0; i < found->n; i++) {
		found->links[i].tables[0].generation = generation;
		if (bpf_map_update_elem(fd, &found->inodes[i], &found->links[i], BPF_ANY) < 0)
			return -errno;
	}
	return bpf_map_update_elem(maps->links, &slot, &fd, BPF_ANY) < 0 ? -errno : 0;
}

/* Keeps what is known about the files for the table of @generation, whoever made it known. */
static int found_keep(const struct kernel_maps *maps, uint32_t slot, uint32_t generation,
		      struct found *found)
{
	_cleanup_close_ int fd = -1;
	struct abi_inode inode;
	struct abi_link link, *kept;
	uint32_t id;

	if (bpf_map_lookup_elem(maps->links, &slot, &id) < 0)
		return errno == ENOENT ? 0 : -errno;
	fd = bpf_map_get_fd_by_id(id);
	if (fd < 0)
		return -errno;
	for (bool more = bpf_map_get_next_key(fd, NULL, &inode) == 0; more;
	     more = bpf_map_get_next_key(fd, &inode, &inode) == 0) {
		if (bpf_map_lookup_elem(fd, &inode, &link) < 0)
			return -errno;
		for (size_t i = 0; i < ARRAY_SIZE(link.tables); i++) {
			if (link.tables[i].generation != generation)
				continue;
			kept = found_get(found, &inode);
			if (!kept)
				return -ENOMEM;
			kept->tables[1] = link.tables[i];
		}
	}
	return 0;
}

int bpf_links_publish(const struct kernel_maps *maps, const struct bpf_workload *workload,
		      const struct bpf_version *version, uint32_t in_force,
		      struct karmor_diag *diag)
{
	_cleanup_(cleanup_found) struct found found = { 0 };
	struct resolve root = { .fd = workload->root };
	int r = in_force ? found_keep(maps, workload->slot, in_force, &found) : 0;

	r = r < 0 ? r : version_find(maps, &root, version, &found, diag);
	return r < 0 ? r : found_publish(maps, workload->slot, &found, version->generation);
}
