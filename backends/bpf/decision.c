/* SPDX-License-Identifier: Apache-2.0 */
/* See decision.h. */
#include "decision.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#include "cleanup.h"
#include "object.h"

#define PLACE "hook_ask"
#define FUNCTIONS_MAX 256 /* of one program */

/* What the object's functions are called by in the types that every program of it is loaded with.
 */
static int place_type(const struct karmor_bpf *skeleton)
{
	return btf__find_by_name_kind(bpf_object__btf(skeleton->obj), PLACE, BTF_KIND_FUNC);
}

/* Whether the loaded program contains the function of this type: 1, 0 or a negative errno. */
static int has_function(int fd, uint32_t type)
{
	_cleanup_free_ struct bpf_func_info *functions =
		calloc(FUNCTIONS_MAX, sizeof(struct bpf_func_info));
	struct bpf_prog_info info = {
		.func_info = (uint64_t)(uintptr_t)functions,
		.func_info_rec_size = sizeof(*functions),
		.nr_func_info = FUNCTIONS_MAX,
	};
	uint32_t size = sizeof(info);

	if (!functions)
		return -ENOMEM;
	if (bpf_obj_get_info_by_fd(fd, &info, &size) < 0)
		return -errno;
	for (uint32_t i = 0; i < info.nr_func_info && i < FUNCTIONS_MAX; i++)
		if (functions[i].type_id == type)
			return 1;
	return 0;
}

/* The first loaded program with the place: its arguments tell the verifier what the decision's are.
 */
static int find_hook(const struct karmor_bpf *hooks, const struct bpf_program **ret)
{
	int r = 0, type = place_type(hooks);
	struct bpf_program *program;

	bpf_object__for_each_program(program, hooks->obj)
	{
		if (!bpf_program__autoload(program))
			continue;
		r = has_function(bpf_program__fd(program), (uint32_t)type);
		if (r == 0)
			continue;
		*ret = program;
		return r < 0 ? r : 0;
	}
	return -ENOENT;
}

static int share_maps(const struct karmor_bpf *hooks, struct karmor_bpf *decision)
{
	struct bpf_map *map, *from;
	int r = 0;

	bpf_object__for_each_map(map, decision->obj)
	{
		from = bpf_object__find_map_by_name(hooks->obj, bpf_map__name(map));
		r = from ? bpf_map__reuse_fd(map, bpf_map__fd(from)) : -ENOENT;
		if (r < 0)
			break;
	}
	return r;
}

int decision_load(const struct karmor_bpf *hooks, struct karmor_bpf **ret)
{
	_cleanup_(cleanup_skeleton) struct karmor_bpf *skeleton = karmor_bpf__open();
	const struct bpf_program *hook = NULL;
	struct bpf_program *program;
	int r;

	if (!skeleton)
		return -errno;
	bpf_object__for_each_program(program, skeleton->obj)
		bpf_program__set_autoload(program, program == skeleton->progs.karmor_decide);
	r = find_hook(hooks, &hook);
	r = r < 0 ? r
		  : bpf_program__set_attach_target(skeleton->progs.karmor_decide,
						   bpf_program__fd(hook), PLACE);
	r = r < 0 ? r : share_maps(hooks, skeleton);
	r = r < 0 ? r : bpf_object__load(skeleton->obj);
	if (r == 0)
		*ret = TAKE_PTR(skeleton);
	return r;
}

int decision_attach(const struct karmor_bpf *decision, const struct bpf_program *hook,
		    struct bpf_link **ret)
{
	int type = place_type(decision), fd = bpf_program__fd(hook);
	int r = type < 0 ? type : has_function(fd, (uint32_t)type);

	if (r <= 0)
		return r;
	*ret = bpf_program__attach_freplace(decision->progs.karmor_decide, fd, PLACE);
	return *ret ? 1 : -errno;
}
