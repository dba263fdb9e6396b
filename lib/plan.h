/* SPDX-License-Identifier: Apache-2.0 */
/* What a plan and its engine share. */
#pragma once

#include <karmor/plan.h>

#include "backend.h"

#define PLAN_SECTIONS (KARMOR_SYSCALLS + 1)
/* The keeper of a section that has no rule. */
#define PLAN_NOBODY UINT8_MAX

/* The artifacts of the backends that keep something. */
struct plan_artifact {
	struct karmor_artifact base;
	struct karmor_artifact *parts[KARMOR_PLAN_BACKENDS_MAX];
	/*
	 * Of a backend that loses a section to another: the same, with the new rules of that
	 * section. In force until the other one has them; else NULL.
	 */
	struct karmor_artifact *bridges[KARMOR_PLAN_BACKENDS_MAX];
	size_t n_parts;
	uint8_t (*keepers)[PLAN_SECTIONS]; /* by ruleset and section: an index into parts */
};

/* 0, or -EINVAL, told: none, too many, one twice. plan.c */
int plan_check_caps(const struct karmor_caps *const *caps, size_t n, struct karmor_diag *diag);

struct plan_engine {
	struct karmor_engine base;
	struct karmor_engine *parts[KARMOR_PLAN_BACKENDS_MAX];
	size_t n_parts;
	bool is_all; /* of karmor_plan_open_all() */
	const struct plan_artifact *live, *staged;
	/* By part: what it has of a plan that failed, where it could not be given back the old. */
	struct plan_stranded {
		struct karmor_artifact *part, *bridge;
	} stranded[KARMOR_PLAN_BACKENDS_MAX];
	int events; /* an epoll of the parts' descriptors */
};

static inline struct plan_engine *plan_engine_of(const struct karmor_engine *base)
{
	return (struct plan_engine *)(uintptr_t)base;
}

/*
 * What is in force in a plan's engine, or NULL; *is_all: whether it has all backends of its list.
 * plan-engine.c
 */
const struct plan_artifact *plan_engine_live(const struct karmor_engine *engine, bool *is_all);

/* Several backends as one; it is in no list. plan-engine.c */
extern const struct karmor_backend plan_backend;

/* Workloads and tasks in all of them. plan-tasks.c */
int plan_detach(struct karmor_engine *base, const char *name, struct karmor_diag *diag);
int plan_attach(struct karmor_engine *base, const struct karmor_workload *workload,
		struct karmor_diag *diag);
int plan_expect(struct karmor_engine *base, const char *name, size_t ruleset);
int plan_prepare(struct karmor_engine *base);
int plan_enter(struct karmor_engine *base, const char *name);
int plan_label(struct karmor_engine *base, const char *name, const char *program, char *ret,
	       size_t size);
int plan_entered(struct karmor_engine *base, const char *name, pid_t pid, struct karmor_diag *diag);
int plan_confines(struct karmor_engine *base, const char *name, int pidfd);
int plan_keep(struct karmor_engine *base, const char *path, struct karmor_diag *diag);
int plan_pinned(struct karmor_engine *base, karmor_pinned_fn *fn, void *data,
		struct karmor_diag *diag);
long plan_tasks(struct karmor_engine *base, const char *name);
