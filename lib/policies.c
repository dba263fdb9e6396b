/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The public face of a load: files and directories in, policies out.
 *
 * Names are told apart by a hash table of open addressing, at most half full. Faults are collected
 * over all files; the worst code of them is the result, a file that cannot be read before a
 * document at fault.
 */
#include "policies.h"

#include <errno.h>
#include <string.h>

#include "cleanup.h"
#include "fs.h"
#include "parse.h"
#include "sized.h"

int karmor_policies_new(struct karmor_policies **ret)
{
	struct karmor_policies *load = calloc(1, sizeof(*load));

	if (!load)
		return -ENOMEM;
	*ret = load;
	return 0;
}

void karmor_policies_free(struct karmor_policies *policies)
{
	if (!policies)
		return;
	arena_done(&policies->arena);
	free(policies->policies);
	free(policies->index);
	free(policies);
}

static bool is_same_name(const struct ir_policy *a, const struct ir_policy *b)
{
	return a->kind == b->kind && strcmp(a->name, b->name) == 0 &&
	       strcmp(a->namespace_name, b->namespace_name) == 0;
}

/* FNV-1a. A file made to collide costs its author time, no more than that. */
static size_t hash(const struct ir_policy *policy)
{
	uint64_t ret = 0xcbf29ce484222325u + (uint64_t)policy->kind;

	for (const char *c = policy->name; *c; c++)
		ret = (ret ^ (unsigned char)*c) * 0x100000001b3u;
	for (const char *c = policy->namespace_name; *c; c++)
		ret = (ret ^ (unsigned char)*c) * 0x100000001b3u;
	return (size_t)(ret ^ ret >> 32);
}

static const struct ir_policy **slot(const struct ir_policy **index, size_t size,
				     const struct ir_policy *policy)
{
	size_t i = hash(policy) & (size - 1);

	while (index[i] && !is_same_name(index[i], policy))
		i = (i + 1) & (size - 1);
	return &index[i];
}

static int index_grow(struct karmor_policies *load)
{
	size_t size = load->index_size ? load->index_size * 2 : 64;
	const struct ir_policy **index;

	if (load->n_indexed * 2 < load->index_size)
		return 0;
	index = calloc(size, sizeof(*index));
	if (!index)
		return -ENOMEM;
	for (size_t i = 0; i < load->index_size; i++)
		if (load->index[i])
			*slot(index, size, load->index[i]) = load->index[i];
	free(load->index);
	load->index = index;
	load->index_size = size;
	return 0;
}

int policies_claim(struct karmor_policies *load, const struct ir_policy *policy,
		   const struct ir_policy **first)
{
	const struct ir_policy **place;

	if (index_grow(load) < 0)
		return -ENOMEM;
	place = slot(load->index, load->index_size, policy);
	*first = *place;
	if (!*place) {
		*place = policy;
		load->n_indexed++;
	}
	return 0;
}

int policies_add(struct karmor_policies *load, const struct ir_policy *policy)
{
	size_t size = load->size ? load->size * 2 : 16;
	const struct ir_policy **policies;

	if (load->n == load->size) {
		policies = reallocarray(load->policies, size, sizeof(*policies));
		if (!policies)
			return -ENOMEM;
		load->policies = policies;
		load->size = size;
	}
	load->policies[load->n++] = policy;
	load->n_rules += policy->n_rules;
	return 0;
}

int karmor_policies_add_text(struct karmor_policies *policies, const char *name, const char *text,
			     size_t len, struct karmor_diag *diag)
{
	static const char byte_order_mark[] = "\xef\xbb\xbf";
	const struct source *source;

	if (len > FS_FILE_MAX) {
		fs_message(diag, KARMOR_ERROR, name, "split it", "file exceeds %u MiB",
			   FS_FILE_MAX >> 20);
		return -EINVAL;
	}
	if (len >= 3 && memcmp(text, byte_order_mark, 3) == 0) {
		text += 3;
		len -= 3;
	}
	source = source_new(&policies->arena, name, text, len);
	return source ? parse_source(policies, source, diag) : -ENOMEM;
}

static int add_fd(struct karmor_policies *policies, int fd, const char *shown,
		  struct karmor_diag *diag)
{
	_cleanup_buf_ struct buf text = { 0 };
	int r = fs_read(fd, shown, &text, diag);

	if (r < 0)
		return r;
	return karmor_policies_add_text(policies, shown, text.data ? text.data : "", text.len,
					diag);
}

static int add_below(struct karmor_policies *policies, int dir, const char *path, const char *name,
		     struct karmor_diag *diag)
{
	_cleanup_free_ char *shown = NULL;
	_cleanup_close_ int fd = -1;
	size_t len = strlen(path);
	int r;

	if (asprintf(&shown, "%s%s%s", path, len && path[len - 1] == '/' ? "" : "/", name) < 0) {
		shown = NULL;
		return -ENOMEM;
	}
	r = fs_open_below(dir, name, shown, &fd, diag);
	if (r == -EXDEV) {
		fs_message(diag, KARMOR_WARNING, shown, "name the file itself",
			   "link that leads out of \"%s\" is not followed", path);
		return 0;
	}
	return r < 0 ? r : add_fd(policies, fd, shown, diag);
}

static int worse(int a, int b)
{
	if (a == 0 || b == -ENOMEM)
		return b;
	return a == -EINVAL && b != 0 ? b : a;
}

static int add_directory(struct karmor_policies *policies, int dir, const char *path,
			 struct karmor_diag *diag)
{
	struct fs_list list = { 0 };
	int r = fs_list(dir, path, &list, diag);

	if (r == 0 && list.n == 0)
		fs_message(diag, KARMOR_WARNING, path, NULL,
			   "directory has no *.yaml, *.yml or *.json file");
	for (size_t i = 0; r != -ENOMEM && i < list.n; i++)
		r = worse(r, add_below(policies, dir, path, list.names[i], diag));
	fs_list_done(&list);
	return r;
}

int karmor_policies_add_path(struct karmor_policies *policies, const char *path,
			     struct karmor_diag *diag)
{
	_cleanup_close_ int fd = -1;
	bool is_directory;
	int r = fs_open(path, &is_directory, &fd, diag);

	if (r < 0)
		return r;
	return is_directory ? add_directory(policies, fd, path, diag)
			    : add_fd(policies, fd, path, diag);
}

size_t karmor_policies_count(const struct karmor_policies *policies)
{
	return policies->n;
}

size_t karmor_policies_rules(const struct karmor_policies *policies)
{
	return policies->n_rules;
}

int karmor_policies_info(const struct karmor_policies *policies, size_t i,
			 struct karmor_policy_info *ret)
{
	struct karmor_policy_info info = { 0 };
	const struct ir_policy *policy;

	if (i >= policies->n)
		return -ENOENT;
	policy = policies->policies[i];
	info.kind = policy->kind;
	info.name = policy->name;
	info.namespace_name = policy->namespace_name;
	info.file = policy->place.source->name;
	info.line = policy->place.line;
	info.rules = policy->n_rules;
	info.selector = policy->selector_text;
	return SIZED_WRITE(ret, &info);
}

KARMOR_API int karmor_policies_subject(const struct karmor_policies *policies, size_t i,
				       struct karmor_subject *ret)
{
	if (i >= policies->n)
		return -ENOENT;
	if (!policies->policies[i]->example)
		return -ENODATA;
	return SIZED_WRITE(ret, policies->policies[i]->example);
}
