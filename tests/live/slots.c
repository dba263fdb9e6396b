/* SPDX-License-Identifier: Apache-2.0 */
/* See slots.h. Apart from the tests, whose headers hide those of libbpf and libc that are needed.
 */
#include "slots.h"

#include <bpf/bpf.h>
#include <glob.h>
#include <stddef.h>
#include <unistd.h>

#include "abi.h"

#define NOBODY 1 /* an id that no workload gets */

static int slots_open(void)
{
	glob_t found;
	int fd = -1;

	if (glob(PINS "/*/workloads", 0, NULL, &found) == 0)
		fd = bpf_obj_get(found.gl_pathv[0]);
	globfree(&found);
	return fd;
}

int slots_used(void)
{
	struct abi_workload slot;
	int fd = slots_open(), n = 0;

	for (uint32_t i = 0; fd >= 0 && i < ABI_WORKLOADS; i++)
		n += bpf_map_lookup_elem(fd, &i, &slot) == 0 && slot.id;
	if (fd < 0)
		return -1;
	close(fd);
	return n;
}

/* Gives slots of workload @from to @to. */
static int slots_give(uint64_t from, const struct abi_workload *to)
{
	struct abi_workload slot;
	int fd = slots_open(), r = fd < 0 ? -1 : 0;

	for (uint32_t i = 0; r == 0 && i < ABI_WORKLOADS; i++)
		if (bpf_map_lookup_elem(fd, &i, &slot) == 0 && slot.id == from)
			r = bpf_map_update_elem(fd, &i, to, BPF_ANY);
	if (fd >= 0)
		close(fd);
	return r;
}

int slots_fill(void)
{
	return slots_give(0, &(struct abi_workload){ .id = NOBODY, .tasks = 1 });
}

int slots_clear(void)
{
	return slots_give(NOBODY, &(struct abi_workload){ 0 });
}

int slots_add(int tasks)
{
	struct abi_workload slot;
	int fd = slots_open(), r = fd < 0 ? -1 : 0;

	for (uint32_t i = 0; r == 0 && i < ABI_WORKLOADS; i++)
		if (bpf_map_lookup_elem(fd, &i, &slot) == 0 && slot.id) {
			slot.tasks += (uint64_t)tasks;
			r = bpf_map_update_elem(fd, &i, &slot, BPF_ANY);
		}
	if (fd >= 0)
		close(fd);
	return r;
}

int sets_pinned(void)
{
	glob_t found = { 0 };
	int n = glob(PINS "/*/workloads", 0, NULL, &found) == 0 ? (int)found.gl_pathc : 0;

	globfree(&found);
	return n;
}
