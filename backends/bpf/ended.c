/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tasks that have ended and still count. A task counts until it exits, but an exit may go unseen
 * (see karmor_exit); then it counts until the kernel frees it, which is some grace periods later.
 */
#include <errno.h>
#include <unistd.h>

#include "cleanup.h"
#include "engine.h"
#include "process.h"

#define WAIT_MS 5000
#define STEP_MS 20

/* Counts tasks, and would not be there any longer if it did not. */
static bool is_counted(const struct bpf_engine *engine, const struct bpf_workload *workload)
{
	const struct abi_workload *slot = &engine->maps.slots[workload->slot];

	return bpf_slot_held(engine, workload) && (int64_t)slot->tasks > 0 &&
	       !(slot->flags & ABI_LASTING);
}

struct sought {
	struct bpf_engine *engine;
	const char *name;
};

static int is_sought(int pidfd, void *data)
{
	const struct sought *sought = data;

	return bpf_confines(&sought->engine->base, sought->name, pidfd);
}

/* Where that cannot be told there is nothing to wait for. */
static bool has_process(struct bpf_engine *engine, const struct bpf_workload *workload)
{
	struct sought sought = { engine, workload->name };
	_cleanup_close_ int fd = process_find(is_sought, &sought);

	return fd != -ENOENT;
}

/* One that forks all the time may be missed: that costs a wait, and nothing is taken for it. */
void bpf_await_ended(struct bpf_engine *engine)
{
	int waited = 0;

	for (size_t i = 0; i < engine->n_workloads; i++)
		for (; waited < WAIT_MS && is_counted(engine, &engine->workloads[i]) &&
		       !has_process(engine, &engine->workloads[i]);
		     waited += STEP_MS)
			usleep(STEP_MS * 1000);
}
