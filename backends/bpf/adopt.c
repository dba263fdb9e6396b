/* SPDX-License-Identifier: Apache-2.0 */
/* See adopt.h and, for why no task is missed, bpf/adopt.bpf.c. */
#include "adopt.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bpf.h"
#include "cleanup.h"
#include "demand.h"
#include "diag.h"

#define INITIAL_PIDS 0xeffffffcU /* the inode of the pid namespace that all others are in */
#define LOOKS_MAX 64		 /* who is moved in meanwhile makes more */

int adopt_check(const struct karmor_workload *from, struct karmor_diag *diag)
{
	struct stat st;

	if (!from->running || (stat("/proc/self/ns/pid", &st) == 0 && st.st_ino == INITIAL_PIDS))
		return 0;
	diag_error(diag, NULL, "enrol it from the node's own pid namespace, with /proc mounted",
		   "running tasks of workload \"%s\" cannot be seen from here", from->name);
	return -EOPNOTSUPP;
}

/* How many tasks were labelled, or a negative errno. */
static long look(int iterator)
{
	_cleanup_close_ int fd = bpf_iter_create(iterator);
	char answers[4096];
	long labelled = 0;
	ssize_t n;

	if (fd < 0)
		return -errno;
	/* EAGAIN: a million tasks had nothing to say. */
	while ((n = read(fd, answers, sizeof(answers))) > 0 || (n < 0 && errno == EAGAIN)) {
		if (n > 0 && memchr(answers, 1, (size_t)n))
			return -ENOMEM;
		labelled += n > 0 ? n : 0;
	}
	return n < 0 ? -errno : labelled;
}

int adopt_look(int forks_program, int tasks_program, const struct abi_workload *slot)
{
	_cleanup_close_ int forks = bpf_raw_tracepoint_open(NULL, forks_program), iterator = -1;
	uint64_t missed;
	bool again = true;
	long n = 0;

	if (forks < 0)
		return -errno;
	iterator = bpf_link_create(tasks_program, 0, BPF_TRACE_ITER, NULL);
	if (iterator < 0)
		return -errno;
	/* What a fork missed for want of memory just then, the next look finds. */
	for (int i = 0; n >= 0 && (n > 0 || again) && i < LOOKS_MAX; i++) {
		missed = slot->missed;
		n = look(iterator);
		again = slot->missed != missed;
	}
	if (n >= 0 && again)
		return -ENOMEM;
	return n < 0 ? (int)n : 0;
}

static int place_set(const struct kernel_maps *maps, uint64_t cgroup, bool adopts)
{
	struct abi_cgroup place;

	if (bpf_map_lookup_elem(maps->cgroups, &cgroup, &place) < 0)
		return -errno;
	place.adopts = adopts;
	return bpf_map_update_elem(maps->cgroups, &cgroup, &place, BPF_EXIST) < 0 ? -errno : 0;
}

int adopt_running(const struct kernel_maps *maps, uint32_t slot)
{
	struct abi_workload *workload = &maps->slots[slot];
	uint64_t cgroup = workload->cgroup;
	int r = demand_attach(BPF_NEED_ADOPTED), done;

	/* None is at its path. */
	if (!cgroup)
		return 0;

	if (r == 0) {
		workload->flags |= ABI_ADOPTED;
		r = place_set(maps, cgroup, true);
	}
	if (r == 0)
		r = adopt_look(maps->adopting, maps->adopt, workload);
	done = place_set(maps, cgroup, false);
	/* Where a cgroup is at its path again, nobody can be in that who was in this. */
	r = r < 0 ? r : done;
	return r == -ENOENT && workload->path ? 0 : r;
}
