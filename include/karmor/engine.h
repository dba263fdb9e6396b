/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The engine: one backend, live on this machine.
 *
 * apply() publishes an artifact in one step; attach() puts a task and all it starts under one of
 * its rulesets. The kernel holds the state: what an engine enforced goes on after its process died,
 * until the last task of the workload is gone.
 */
#pragma once

#include <signal.h>

#include <karmor/backend.h>
#include <karmor/event.h>

KARMOR_BEGIN

struct karmor_engine;

struct karmor_workload {
	size_t size;
	const char *name; /* unique within the engine; what events call it */
	const char *namespace_name, *container, *labels;
	size_t ruleset;	      /* index into the rulesets that were compiled */
	pid_t pid;	      /* the task to enrol; its threads but itself are not */
	const sigset_t *mask; /* of a spawned command: its blocked signals; NULL: the caller's */
	/*
	 * It outlives the process that attached it: who attaches a lasting workload of the same
	 * name later takes it over, its tasks go on under the new ruleset in one step, and its
	 * events come to the new engine. @pid is then any task of it, in whose root names are
	 * looked up; it is not enrolled.
	 */
	bool lasting;
	/*
	 * Of a lasting workload, or NULL: a directory of a cgroup2 filesystem; borrowed for the
	 * call. A task in no workload that executes a program in this cgroup, or in one below it
	 * that is no other workload's, belongs to the workload from then on, and the exec is the
	 * first thing that its policies decide. What runs there already does not belong to it but
	 * by @pid, which may be 0 here: the workload has no task yet, and names are looked up in
	 * the caller's root. Where @pid has another mount namespace than process 1, whoever is
	 * still in that of process 1 does not enter, as a runtime on its way in. The workload
	 * lives as long as the cgroup, also without a task, or until it is detached; taken over
	 * with NULL it keeps the cgroup, with another one it has that instead, with "" none. Not
	 * for the root
	 * cgroup, nor for one that the caller is in.
	 */
	const char *cgroup;
	/*
	 * With @cgroup: what runs in it already, or in one below that is no other workload's, is
	 * enrolled too, with all threads and whatever it forks meanwhile, each as it is: what it
	 * opened or mapped before stays open, and its program may be one that no policy lets
	 * execute. Of tasks of other workloads nothing changes. Only from the pid namespace that
	 * all others are in.
	 */
	bool running;
	/*
	 * With @cgroup: the path counts, which is a plain one below /sys/fs/cgroup with at most 254
	 * bytes behind that. None need be there; whenever one is made there, as a service manager
	 * does for a unit that it starts, it is the workload's before a task can be in it. The
	 * workload lives until it is detached, or is taken over with "".
	 */
	bool by_path;
	/*
	 * With @cgroup: names of programs by which tasks come into it, as systemd's do, each the
	 * last part of a path, of at most 30 bytes; or NULL. Who executes one of these there does
	 * not enter by that, and of running tasks those that run one are not enrolled.
	 */
	const char *through[2];
	/*
	 * Of a lasting workload without @pid and @cgroup: it is the node itself, all that is in no
	 * workload, what runs already included; process 1 alone is not, nor who forks from it until
	 * that executes a program. Any of its tasks may still become another workload's. There is
	 * one on a node. It lives until it is detached, and then its tasks are under no policy at
	 * once. Only from the pid namespace that all others are in.
	 */
	bool host;
	/*
	 * With @host: programs by which people get back into the node, at most KARMOR_EXEMPT_MAX
	 * absolute paths and NULL, whose last parts have at most 30 bytes; or NULL. Nothing is
	 * asked of who runs one already or is started by one that does, nor of who comes to run one
	 * and was not of the node before, as what process 1 starts; nor of what these start. A path
	 * counts by its directory and its name there, once links are followed. The calling process
	 * and its program are exempt anyway. Who attaches it again, by the same or another engine,
	 * gives it another list.
	 */
	const char *const *exempt;
};

#define KARMOR_EXEMPT_MAX 24

/* The longest name of a lasting workload, in bytes. */
#define KARMOR_WORKLOAD_NAME_MAX 255

struct karmor_stats {
	size_t size;
	uint64_t workloads; /* of this engine */
	uint64_t tasks;	    /* enrolled now */
	uint64_t events, lost;
	/* Decisions that could not be taken and were denied, and tasks of forks that memory could
	 * not be found for to enrol them. */
	uint64_t refused;
};

/*
 * Opens @backend for enforcement, which needs privilege. Returns 0; -EPERM; -EOPNOTSUPP (the kernel
 * cannot: message in @diag); -EIO; -ENOMEM. The engine is owned by the caller.
 */
KARMOR_API KARMOR_CHECK int karmor_engine_open(const struct karmor_backend *backend,
					       struct karmor_engine **ret,
					       struct karmor_diag *diag);

/* Releases the engine; workloads that still have tasks stay enforced. Accepts NULL. */
KARMOR_API void karmor_engine_close(struct karmor_engine *engine);

/*
 * Makes exactly @artifact the policy of this engine's workloads, or changes nothing. Borrowed
 * until the next apply or close; what it decided bears its names whenever it is read. Returns 0,
 * -EINVAL (another backend's artifact, or a workload's ruleset is missing from it), -EBUSY (the
 * backend would take running tasks for those of another source: message), -EAGAIN (another program
 * has what the backend needs, as SELinux's store of policies: message), -EPERM, -ENOMEM, -EIO.
 */
KARMOR_API KARMOR_CHECK int karmor_engine_apply(struct karmor_engine *engine,
						const struct karmor_artifact *artifact,
						struct karmor_diag *diag);

/*
 * Enrols @workload->pid. Idempotent by name, but for a cgroup that is named, which is as it says
 * from then on. The task must not run until this returned, or what it
 * did before is not covered. Returns 0; -EINVAL (nothing applied, no such ruleset, a name that is
 * too long, a cgroup that cannot be a workload's); -ENOENT (no such task); -EBUSY (limit of
 * workloads; a lasting one of this name is another build's; the cgroup is another's); -EAGAIN (as
 * apply); -EPERM; -EOPNOTSUPP (as a cgroup is with some backends); -ENOMEM; -EIO.
 *
 * With by_path and running, what another build enforces on a workload of this name that is by its
 * path, too, ends when this returned 0; tasks that left its cgroup keep that, and it is noted.
 */
KARMOR_API KARMOR_CHECK int karmor_engine_attach(struct karmor_engine *engine,
						 const struct karmor_workload *workload,
						 struct karmor_diag *diag);

/*
 * For a task that a program starts by itself, rather than by karmor_engine_spawn(): called by that
 * task, prepare before it is attached, and enter after, with the name that it was attached under,
 * before its execve. Some backends can put no other task under a policy. Async-signal-safe; both
 * need /proc. They return 0 or a negative errno, and then the task must end.
 */
KARMOR_API KARMOR_CHECK int karmor_engine_prepare(struct karmor_engine *engine);
KARMOR_API KARMOR_CHECK int karmor_engine_enter(struct karmor_engine *engine, const char *name);

/* The longest answer of karmor_engine_label(), with its NUL. */
#define KARMOR_LABEL_SIZE 4096

/*
 * What starts a task of the workload @name where another program does: the value of a runtime's
 * process.apparmorProfile or a unit's AppArmorProfile=. Known as soon as the workload is attached,
 * for which its pid may be 0: it has no task yet. With many rules it is a stack, "a//&b", which
 * Kubernetes refuses. Returns 0; -EOPNOTSUPP (the backend's tasks need none); -ENOENT (no such
 * workload); -EINVAL (@size is too small).
 */
KARMOR_API KARMOR_CHECK int karmor_engine_label(struct karmor_engine *engine, const char *name,
						char *ret, size_t size);

/*
 * The same for a task whose program is known, an absolute path without links in the workload's
 * root: where rules have fromSource, one that they name has another label. Errors are the same.
 */
KARMOR_API KARMOR_CHECK int karmor_engine_label_of(struct karmor_engine *engine, const char *name,
						   const char *program, char *ret, size_t size);

/*
 * Whether the task @pid, which another program started and which has just become its program, is
 * under what karmor_engine_label_of() says for it; whether that program may run is not asked.
 * Returns 0; -EPERM (it is not: message); -EOPNOTSUPP (the backend's tasks need no label); -ENOENT
 * (no such workload or task); -EIO.
 */
KARMOR_API KARMOR_CHECK int karmor_engine_entered(struct karmor_engine *engine, const char *name,
						  pid_t pid, struct karmor_diag *diag);

typedef void karmor_pinned_fn(const char *name, long tasks, void *data);

/*
 * Calls @fn for each lasting workload that the kernel holds, whoever attached it. 0; -EOPNOTSUPP
 * where the backend keeps none; -EPERM; -ENOMEM; -EIO.
 */
KARMOR_API KARMOR_CHECK int karmor_engine_pinned(struct karmor_engine *engine, karmor_pinned_fn *fn,
						 void *data, struct karmor_diag *diag);

/*
 * Before karmor_engine_apply(): the lasting workload @name, which the kernel holds, is to be
 * attached under @ruleset of what is applied. A backend that makes one of all that are enforced
 * puts it under that in apply's own step, and refuses to attach anything (-EBUSY) while it holds
 * one that has tasks and was neither announced nor attached; for others it is of no account. The
 * attach has to follow. No failure where there is no such workload. 0; -ENOMEM.
 */
KARMOR_API KARMOR_CHECK int karmor_engine_expect(struct karmor_engine *engine, const char *name,
						 size_t ruleset);

/*
 * Forgets the workload @name, whose tasks are gone. Idempotent. Returns 0; -EBUSY (it still has
 * tasks, and no task leaves a workload); -EPERM; -EIO.
 */
KARMOR_API KARMOR_CHECK int karmor_engine_detach(struct karmor_engine *engine, const char *name,
						 struct karmor_diag *diag);

/*
 * Whether the process of @pidfd is in a workload, be it another engine's, as far as this engine or
 * any other backend of the library can tell. 1; 0; -ESRCH (it has ended, and nothing can be told);
 * -EIO. Nobody who is should be heard about what is enforced.
 */
KARMOR_API KARMOR_CHECK int karmor_engine_confines(struct karmor_engine *engine, int pidfd);

/*
 * From now on, and until the machine is booted again, no task of any workload changes the file at
 * the absolute path @path, or what is in the directory, by whatever name, whatever policies say;
 * nor does one signal the calling process while this engine is open. What is karmor's own by
 * default (karmord(8)) is kept anyway. Where other files take the place of that one they are kept
 * from the next open or attach on, of whichever engine. Returns 0; -EOPNOTSUPP (this backend keeps
 * only what is the default, or nothing); -EINVAL (not absolute; more than a dozen are kept already,
 * or too many directories lead to them); -ENOENT; -EPERM; -ENOMEM; -EIO.
 */
KARMOR_API KARMOR_CHECK int karmor_engine_keep(struct karmor_engine *engine, const char *path,
					       struct karmor_diag *diag);

/* How many tasks the workload has: a number, or -ENOENT. */
KARMOR_API KARMOR_CHECK long karmor_engine_tasks(struct karmor_engine *engine, const char *name);

/*
 * A pidfd, the caller's, of some process of the workload, so that its end can be waited for: which
 * one is not said, often it is the oldest. All processes of the machine are looked through. -ENOENT
 * where none is found, which may be so for a moment while tasks fork and end; -EOPNOTSUPP where the
 * backend cannot tell; -EIO; another negative errno of opening /proc.
 */
KARMOR_API KARMOR_CHECK int karmor_engine_process(struct karmor_engine *engine, const char *name);

/*
 * Starts @argv (searched on PATH) as a workload of its own: it is enrolled before its first
 * instruction.
 * @workload->pid is ignored. *ret gets the child's pid, which the caller waits for; it exits 126 or
 * 127 when the command cannot be executed or found, as a shell has it. Errors are those of attach;
 * then the command was not started.
 */
KARMOR_API KARMOR_CHECK int karmor_engine_spawn(struct karmor_engine *engine,
						const struct karmor_workload *workload,
						char *const argv[], pid_t *ret,
						struct karmor_diag *diag);

/* A descriptor to poll for events; borrowed; -EOPNOTSUPP where the backend has none. */
KARMOR_API KARMOR_CHECK int karmor_engine_event_fd(const struct karmor_engine *engine);

/*
 * Calls @fn for each event that has arrived, without waiting. A flood comes as some events of each
 * kind and, a second later at most or when nothing else is there to be read, one that counts the
 * others. The number of events, or -EIO; where it is 0, everything so far has been told.
 */
KARMOR_API KARMOR_CHECK int karmor_engine_read_events(struct karmor_engine *engine,
						      karmor_event_fn *fn, void *data);

/* What @engine's workloads came to. 0; -EOPNOTSUPP where the backend does not count; -EIO. */
KARMOR_API KARMOR_CHECK int karmor_engine_stats(const struct karmor_engine *engine,
						struct karmor_stats *ret);

KARMOR_END
