/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Workloads, and a task's way into one: it changes its own role before its execve, so that this one
 * is decided like any other, and leads to the role of the command's class.
 */
#include <errno.h>
#include <fcntl.h>
#include <selinux/selinux.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "avc.h"
#include "cleanup.h"
#include "diag.h"
#include "engine.h"

#define OWN_CONTEXT "/proc/thread-self/attr/current"

static struct selinux_workload *workload_find(const struct selinux_engine *engine, const char *name)
{
	for (size_t i = 0; i < engine->n_workloads; i++)
		if (strcmp(engine->workloads[i].name, name) == 0)
			return &engine->workloads[i];
	return NULL;
}

static uint64_t digest_of(const char *name)
{
	uint64_t hash = 0xcbf29ce484222325; /* FNV-1a */

	for (; *name; name++)
		hash = (hash ^ (uint8_t)*name) * 0x100000001b3;
	return hash ? hash : 1;
}

/* Appends @text. Async-signal-safe. */
static bool append(char *ret, size_t *at, const char *text, size_t len)
{
	if (len >= SELINUX_CONTEXT_MAX - *at)
		return false;
	memcpy(ret + *at, text, len);
	*at += len;
	ret[*at] = '\0';
	return true;
}

/* The launcher's context with another role. Async-signal-safe. */
static bool context_with(const struct selinux_engine *engine, const char *other,
			 char ret[SELINUX_CONTEXT_MAX])
{
	size_t len, at = 0;
	const char *role = avc_role(engine->own, &len);

	return role && append(ret, &at, engine->own, (size_t)(role - engine->own)) &&
	       append(ret, &at, other, strlen(other)) &&
	       append(ret, &at, role + len, strlen(role + len));
}

/* The same with the role that a workload is entered by. */
static bool context_make(const struct selinux_engine *engine, size_t set,
			 char ret[SELINUX_CONTEXT_MAX])
{
	char digits[24], *digit = digits + sizeof(digits), role[SELINUX_CONTEXT_MAX];
	size_t at = 0;

	do {
		*--digit = (char)('0' + set % 10);
		set /= 10;
	} while (set);
	return append(role, &at, SELINUX_TASK_PREFIX, strlen(SELINUX_TASK_PREFIX)) &&
	       append(role, &at, digit, (size_t)(digits + sizeof(digits) - digit)) &&
	       append(role, &at, "_rest_r", strlen("_rest_r")) && context_with(engine, role, ret);
}

/* Makes @context the calling task's. Async-signal-safe. 0 or a negative errno. */
static int context_enter(int fd, const char *context)
{
	size_t len = strlen(context);

	return write(fd, context, len) == (ssize_t)len ? 0 : -errno;
}

/* What listens, in a process that is there for nothing else. */
struct listener {
	const char *context;
	int fd;
	const struct sockaddr *address;
	socklen_t len;
};

static _Noreturn void listener_run(const struct listener *listener)
{
	int own = open(OWN_CONTEXT, O_WRONLY | O_CLOEXEC);

	/* Where there is no such role, the base lets those listen that enter workloads. */
	if (own >= 0)
		(void)!context_enter(own, listener->context);
	_exit(bind(listener->fd, listener->address, listener->len) < 0 ? errno : 0);
}

/*
 * An unconfined task may do all but read audit records, and its tasks shall not for our sakes: the
 * module has a role for that, which a child takes that binds the socket and ends. Its end signals
 * nobody (clone(2) without a signal), for the process is not ours.
 */
static int bind_as_listener(int fd, const struct sockaddr *address, socklen_t len, void *data)
{
	const struct selinux_engine *engine = data;
	char context[SELINUX_CONTEXT_MAX];
	const struct listener listener = { context, fd, address, len };
	int status;
	pid_t pid;

	if (!context_with(engine, SELINUX_AUDIT_ROLE, context))
		return -EINVAL;
	pid = (pid_t)syscall(SYS_clone, 0, NULL, NULL, NULL, NULL);
	if (pid == 0)
		listener_run(&listener);
	if (pid < 0)
		return -errno;
	while (waitpid(pid, &status, __WALL) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) ? -WEXITSTATUS(status) : -EIO;
}

/* Whether the kernel's policy lets a task of this one's type enter at all. */
static int entry_check(const struct selinux_engine *engine, size_t set, struct karmor_diag *diag)
{
	security_class_t class = string_to_security_class("process");
	access_vector_t wanted = class ? string_to_av_perm(class, "dyntransition") : 0;
	char context[SELINUX_CONTEXT_MAX];
	struct av_decision decision;

	if (wanted && context_make(engine, set, context) &&
	    security_compute_av_raw(engine->own, context, class, wanted, &decision) == 0 &&
	    decision.allowed & wanted)
		return 0;
	diag_error(diag, NULL,
		   "start it from unconfined_t, as an administrator's shell is, or use bpf",
		   "selinux: the policy does not let %s become a workload", engine->own);
	return -EOPNOTSUPP;
}

static int attach_check(const struct selinux_engine *engine, const struct karmor_workload *from,
			struct karmor_diag *diag)
{
	if (!engine->live || from->ruleset >= engine->live->base.n_rulesets) {
		diag_error(diag, NULL, NULL, "no ruleset %zu for workload \"%s\"", from->ruleset,
			   from->name);
		return -EINVAL;
	}
	if (from->lasting) {
		diag_error(diag, NULL, "use bpf or apparmor",
			   "selinux: there are no lasting workloads");
		return -EOPNOTSUPP;
	}
	for (size_t i = 0; i < engine->n_workloads; i++)
		if (engine->workloads[i].ruleset == from->ruleset) {
			diag_error(diag, NULL, "compile a ruleset for each workload",
				   "selinux: ruleset %zu is workload \"%s\"'s already",
				   from->ruleset, engine->workloads[i].name);
			return -EBUSY;
		}
	if (from->pid && kill(from->pid, 0) < 0 && errno == ESRCH)
		return -ENOENT;
	return entry_check(engine, from->ruleset, diag);
}

static char *copy(const char *text, bool *failed)
{
	char *ret = text ? strdup(text) : NULL;

	*failed |= text && !ret;
	return ret;
}

void selinux_workload_drop(struct selinux_engine *engine, struct selinux_workload *workload)
{
	engine->entrance->names[workload->ruleset] = 0;
	free(workload->name);
	free(workload->namespace_name);
	free(workload->container);
	free(workload->labels);
	*workload = engine->workloads[--engine->n_workloads];
}

static int events_open(struct selinux_engine *engine, struct karmor_diag *diag)
{
	struct epoll_event event = { .events = EPOLLIN };
	bool known = engine->events.audit.fd >= 0;
	int r = selinux_events_open(&engine->events, bind_as_listener, engine);

	/* No reason not to enforce. */
	if (r == -EPERM || r == -EACCES) {
		diag_warning(diag, NULL, "let the type have the capability audit_read",
			     "selinux: the policy does not let %s read audit records: no events "
			     "are told",
			     engine->own);
		return 0;
	}
	if (r == 0 && !known &&
	    epoll_ctl(engine->poll, EPOLL_CTL_ADD, engine->events.audit.fd, &event) < 0)
		r = -errno;
	if (r == 0)
		return 0;
	diag_error(diag, NULL, NULL, "selinux: cannot read audit records: %s", strerror(-r));
	return r == -ENOMEM ? r : -EIO;
}

/* Nothing can put a running task into a workload but the task: @from->pid is to enter. */
int selinux_attach(struct karmor_engine *base, const struct karmor_workload *from,
		   struct karmor_diag *diag)
{
	struct selinux_engine *engine = (struct selinux_engine *)base;
	struct selinux_workload *all;
	bool failed = false;
	int r;

	if (workload_find(engine, from->name))
		return 0;
	r = attach_check(engine, from, diag);
	if (r)
		return r;
	r = events_open(engine, diag);
	if (r)
		return r;
	all = reallocarray(engine->workloads, engine->n_workloads + 1, sizeof(*all));
	if (!all)
		return -ENOMEM;
	engine->workloads = all;
	all[engine->n_workloads++] = (struct selinux_workload){
		.name = copy(from->name, &failed),
		.namespace_name = copy(from->namespace_name, &failed),
		.container = copy(from->container, &failed),
		.labels = copy(from->labels, &failed),
		.ruleset = from->ruleset,
	};
	engine->entrance->names[from->ruleset] = digest_of(from->name);
	if (failed)
		selinux_workload_drop(engine, &all[engine->n_workloads - 1]);
	return failed ? -ENOMEM : 0;
}

int selinux_detach(struct karmor_engine *base, const char *name, struct karmor_diag *diag)
{
	struct selinux_engine *engine = (struct selinux_engine *)base;
	struct selinux_workload *workload = workload_find(engine, name);

	if (!workload)
		return 0;
	if (selinux_tasks(base, name) != 0) {
		diag_error(diag, NULL, "end its tasks first",
			   "workload \"%s\" still has tasks, which cannot leave it", name);
		return -EBUSY;
	}
	selinux_workload_drop(engine, workload);
	return 0;
}

/* Before it is under another backend's policy, which may speak of this file. */
int selinux_prepare(struct karmor_engine *base)
{
	struct selinux_engine *engine = (struct selinux_engine *)base;

	if (engine->entry < 0)
		engine->entry = open(OWN_CONTEXT, O_WRONLY | O_CLOEXEC);
	return engine->entry < 0 ? -errno : 0;
}

int selinux_enter(struct karmor_engine *base, const char *name)
{
	struct selinux_engine *engine = (struct selinux_engine *)base;
	uint64_t digest = digest_of(name);
	char context[SELINUX_CONTEXT_MAX];
	int r = selinux_prepare(base);
	size_t set = 0;

	while (set < SELINUX_RULESETS_MAX && engine->entrance->names[set] != digest)
		set++;
	r = r ? r : set == SELINUX_RULESETS_MAX ? -ENOENT : 0;
	r = r ? r : context_make(engine, set, context) ? 0 : -EINVAL;
	if (r)
		return r;
	r = context_enter(engine->entry, context);
	close(engine->entry);
	engine->entry = -1;
	return r;
}

int selinux_stats(const struct karmor_engine *base, struct karmor_stats *ret)
{
	const struct selinux_engine *engine = (const struct selinux_engine *)base;
	long n = engine->n_workloads ? selinux_tasks_count(SELINUX_TASK_PREFIX) : 0;

	*ret = KARMOR_STRUCT(karmor_stats, .workloads = engine->n_workloads,
			     .tasks = n > 0 ? (uint64_t)n : 0, .events = engine->events.told,
			     .lost = engine->events.audit.lost);
	return 0;
}
