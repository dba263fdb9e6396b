/* SPDX-License-Identifier: Apache-2.0 */
/* See demand.h. */
#include "demand.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "bpf.h"
#include "cleanup.h"

static const struct {
	uint64_t need;
	const char *program;
	const char *function; /* that it is a kprobe of, on kernels that need one; or what its
				 section says */
} on_demand[] = {
	{ BPF_NEED_SYSCALLS, "karmor_sys_enter", NULL },
	{ BPF_NEED_SYSCALLS, "karmor_syscall", "trace_syscall_enter" },
	{ BPF_NEED_ENTER, "karmor_enter", NULL },
	{ BPF_NEED_ADOPTED, "karmor_forked", NULL },
	{ BPF_NEED_NAMED, "karmor_cgroup_made", NULL },
};

bool demand_is_of_syscalls(const struct bpf_program *program)
{
	for (size_t i = 0; i < ARRAY_SIZE(on_demand); i++)
		if (on_demand[i].need == BPF_NEED_SYSCALLS &&
		    strcmp(on_demand[i].program, bpf_program__name(program)) == 0)
			return true;
	return false;
}

bool demand_has(const struct bpf_program *program)
{
	for (size_t i = 0; i < ARRAY_SIZE(on_demand); i++)
		if (strcmp(on_demand[i].program, bpf_program__name(program)) == 0)
			return true;
	return false;
}

/* Where a program that is attached on demand is pinned, or (@what "/link_") its link. */
static void demand_path(struct buf *path, const char *what, const char *program)
{
	kernel_pin_path(path, what);
	buf_puts(path, program);
}

/* A link that was taken out of the kernel goes a moment later, and until then there is no other. */
#define LINK_TRIES 500
#define LINK_WAIT_US 10000

static int program_link_once(int fd, const char *function)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts, .kprobe_multi.syms = &function,
		    .kprobe_multi.cnt = 1);

	return function ? bpf_link_create(fd, 0, BPF_TRACE_KPROBE_MULTI, &opts)
			: bpf_raw_tracepoint_open(NULL, fd);
}

static int program_link(int fd, const char *function)
{
	int link = program_link_once(fd, function);

	for (int i = 0; link < 0 && errno == EBUSY && i < LINK_TRIES; i++) {
		usleep(LINK_WAIT_US);
		link = program_link_once(fd, function);
	}
	return link;
}

static int program_attach(const char *program, const char *function)
{
	_cleanup_buf_ struct buf from = { 0 }, to = { 0 };
	_cleanup_close_ int fd = -1, link = -1;

	demand_path(&from, "/program_", program);
	demand_path(&to, "/link_", program);
	if (buf_failed(&from) || buf_failed(&to))
		return -ENOMEM;
	if (access(to.data, F_OK) == 0)
		return 0;
	fd = bpf_obj_get(from.data);
	if (fd < 0)
		return function && errno == ENOENT ? 0 : -errno;
	link = program_link(fd, function);
	return link < 0 || bpf_obj_pin(link, to.data) < 0 ? -errno : 0;
}

int demand_attach(uint64_t needs)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(on_demand); i++)
		if (needs & on_demand[i].need)
			r = program_attach(on_demand[i].program, on_demand[i].function);
	return r;
}

/* What a workload needs beside what its table does. */
static uint64_t needs_of(const struct abi_workload *slot)
{
	return (slot->flags & (ABI_ENTERED | ABI_HOST) ? BPF_NEED_ENTER : 0) |
	       (slot->path ? BPF_NEED_NAMED : 0) |
	       (slot->flags & (ABI_ADOPTED | ABI_HOST) ? BPF_NEED_ADOPTED : 0);
}

void demand_settle(const struct kernel_maps *maps)
{
	uint64_t needs = 0;

	for (uint32_t i = 0; i < ABI_SLOTS; i++)
		if (maps->slots[i].id)
			needs |= maps->slots[i].needs | needs_of(&maps->slots[i]);
	for (size_t i = 0; i < ARRAY_SIZE(on_demand); i++) {
		_cleanup_buf_ struct buf path = { 0 };

		if (needs & on_demand[i].need)
			continue;
		demand_path(&path, "/link_", on_demand[i].program);
		if (!buf_failed(&path))
			unlink(path.data);
	}
}
