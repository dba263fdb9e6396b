/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tasks that have ended and still count. A task counts until it exits, but an exit may go unseen
 * (see karmor_exit); then it counts until the kernel frees it, which is some grace periods later.
 */
#include <bpf/bpf.h>
#include <ctype.h>
#include <dirent.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cleanup.h"
#include "engine.h"

#define WAIT_MS 5000
#define STEP_MS 20

/* Counts tasks, and would not be there any longer if it did not. */
static bool is_counted(const struct bpf_engine *engine, const struct bpf_workload *workload)
{
	const struct abi_workload *slot = &engine->maps.slots[workload->slot];

	return bpf_slot_held(engine, workload) && (int64_t)slot->tasks > 0 &&
	       !(slot->flags & ABI_LASTING);
}

/* Whether a process has the label of the workload, as it has until it is freed; into @label. */
static bool process_is(const struct bpf_engine *engine, const struct bpf_workload *workload,
		       pid_t pid, void *label)
{
	_cleanup_close_ int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	const struct abi_enrol *enrol = label;

	return pidfd >= 0 && bpf_map_lookup_elem(engine->maps.labels, &pidfd, label) == 0 &&
	       enrol->id == workload->id;
}

static bool has_process(const struct bpf_engine *engine, const struct bpf_workload *workload)
{
	_cleanup_free_ void *label = calloc(1, engine->maps.label_size);
	DIR *proc = label ? opendir("/proc") : NULL;
	struct dirent *entry;
	bool ret = !proc; /* nothing to wait for where that cannot be told */

	while (!ret && (entry = readdir(proc)))
		ret = isdigit((unsigned char)entry->d_name[0]) &&
		      process_is(engine, workload, (pid_t)atoi(entry->d_name), label);
	if (proc)
		closedir(proc);
	return ret;
}

/* One that forks all the time may be missed: that costs a wait, and nothing is taken for it. */
void bpf_await_ended(const struct bpf_engine *engine)
{
	int waited = 0;

	for (size_t i = 0; i < engine->n_workloads; i++)
		for (; waited < WAIT_MS && is_counted(engine, &engine->workloads[i]) &&
		       !has_process(engine, &engine->workloads[i]);
		     waited += STEP_MS)
			usleep(STEP_MS * 1000);
}
