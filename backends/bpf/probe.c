/* SPDX-License-Identifier: Apache-2.0 */
/* What this kernel lets the backend do, found out by trying: kernel_probe() of kernel.h. */
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bpf.h"
#include "cleanup.h"
#include "decision.h"
#include "kernel.h"
#include "object.h"
#include "probe.h"
#include "require.h"

#define CAP_SYS_ADMIN 21

static bool is_hook(const struct bpf_program *program)
{
	return bpf_program__type(program) == BPF_PROG_TYPE_LSM;
}

/* Which of the sections' hooks this kernel has, by program: facts for compile, and a count for
 * people. */
static int probe_hooks(struct karmor_caps *caps, const struct btf *btf,
		       const struct karmor_bpf *skeleton)
{
	struct bpf_program *program;
	unsigned all = 0, found = 0;

	bpf_object__for_each_program(program, skeleton->obj)
	{
		const char *hook = object_hook(program);

		if (!object_is_enforcing(skeleton, program) || !is_hook(program))
			continue;
		all++;
		if (bpf_program__autoload(program))
			found++;
		if (!object_has_hook(btf, hook) && !object_is_optional(hook))
			return caps_state(caps, KARMOR_NOT_ACTIVE, NULL,
					  "this kernel has no hook \"%s\"", hook);
	}
	if (!object_knows_syscalls(btf) && caps_set(caps, ir_section_name(KARMOR_SYSCALLS), 0) < 0)
		return -ENOMEM;
	caps->summary = arena_printf(&caps->arena, "BTF, bpf_loop, ring buffer; %u of %u hooks",
				     found, all);
	return caps->summary ? 0 : -ENOMEM;
}

/* Loads every program, and sees whether a harmless one is called; nothing stays. */
static int probe_try(struct karmor_caps *caps, struct karmor_bpf *skeleton)
{
	_cleanup_(cleanup_skeleton) struct karmor_bpf *decision = NULL;
	int r, listed = probe_lsm("bpf");

	r = object_load(skeleton);
	r = r < 0 ? r : decision_load(skeleton, &decision);
	if (r == 0)
		r = object_is_called(skeleton);
	if (r == -ENOMEM)
		return r;
	if (r < 0)
		return caps_state(caps, KARMOR_BROKEN,
				  "choose another backend, or ask who runs this kernel",
				  "%sthe kernel refuses to load or attach LSM programs: %s",
				  listed == 1 ? "bpf is in lsm=, but " : "", strerror(-r));
	if (r == 0)
		return caps_state(caps, KARMOR_NOT_ACTIVE, FIX_LSM,
				  "programs attach but are never called");
	return 0;
}

/* Whether bpf() is denied whatever it is asked for, as it is inside a workload. */
static bool bpf_is_denied(void)
{
	union bpf_attr nothing = { 0 };

	return syscall(SYS_bpf, INT_MAX, &nothing, sizeof(nothing)) < 0 && errno == EPERM;
}

/* What stands against it without having tried anything; leaves the state ready where nothing does.
 */
static int probe_outside(struct karmor_caps *caps, const struct btf *btf)
{
	int listed = probe_lsm("bpf");

	if (listed != 1 && require_unbuilt(btf))
		return caps_state(caps, KARMOR_NOT_ACTIVE,
				  "run a kernel built with CONFIG_BPF_LSM=y",
				  "not built into this kernel");
	if (listed == 0)
		return caps_state(caps, KARMOR_NOT_ACTIVE, FIX_LSM, "not in lsm=");
	if (probe_capability(CAP_SYS_ADMIN) != 1)
		return caps_state(caps, KARMOR_NOT_PERMITTED, "run as root",
				  "only root may load BPF programs; %s",
				  listed == 1 ? "bpf is in lsm=" : "the lsm list cannot be read");
	if (!bpf_is_denied())
		return 0;
	if (access(PINS_ROOT, F_OK) == 0)
		return caps_state(caps, KARMOR_NOT_PERMITTED, "run it outside of the workload",
				  "inside a workload, which may not call bpf()");
	return caps_state(caps, KARMOR_NOT_PERMITTED,
			  "run it outside of the container, service or workload that denies it",
			  "bpf() is denied to this process, whatever it is asked for");
}

/* What this build pinned was loaded and attached on this boot: there is nothing left to try. */
static bool probe_pinned(struct karmor_caps *caps)
{
	struct kernel_maps maps;

	if (kernel_adopt(&maps) < 0)
		return false;
	kernel_close(&maps);
	caps->summary = "BTF, bpf_loop, ring buffer; programs pinned and in use";
	return true;
}

/* The state where something is missing that was not to be tried for. */
static int probe_features(struct karmor_caps *caps, const struct btf *btf)
{
	const struct require *missing = require_missing(btf);

	if (!missing)
		return 0;
	return caps_state(caps, KARMOR_NOT_ACTIVE, missing->fix, "%s", missing->reason);
}

int kernel_probe(struct karmor_caps *caps, struct karmor_diag *diag)
{
	_cleanup_(cleanup_skeleton) struct karmor_bpf *skeleton = NULL;
	_cleanup_(cleanup_btf) struct btf *btf = NULL;
	int r;

	object_silence();
	btf = btf__load_vmlinux_btf();
	r = probe_outside(caps, btf);
	if (r < 0 || caps->state != KARMOR_READY)
		return r;
	if (kernel_labels_unsound())
		return caps_state(caps, KARMOR_NOT_ACTIVE, FIX_PREEMPT, UNSOUND);
	if (probe_pinned(caps))
		return 0;
	r = probe_features(caps, btf);
	if (r < 0 || caps->state != KARMOR_READY)
		return r;
	r = object_open(btf, &skeleton);
	if (r < 0)
		return r == -ENOMEM ? r
				    : caps_state(caps, KARMOR_BROKEN, NULL,
						 "the programs cannot be opened: %s", strerror(-r));
	r = probe_hooks(caps, btf, skeleton);
	if (r < 0 || caps->state != KARMOR_READY)
		return r;
	return probe_try(caps, skeleton);
}
