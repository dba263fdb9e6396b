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
#include "match.h"

#define OWN_CONTEXT "/proc/thread-self/attr/current"

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
static bool context_make(const struct selinux_engine *engine, uint32_t number,
			 char ret[SELINUX_CONTEXT_MAX])
{
	char digits[24], *digit = digits + sizeof(digits), role[SELINUX_CONTEXT_MAX];
	size_t at = 0;

	do {
		*--digit = (char)('0' + number % 10);
		number /= 10;
	} while (number);
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
static int entry_check(const struct selinux_engine *engine, uint32_t number,
		       struct karmor_diag *diag)
{
	security_class_t class = string_to_security_class("process");
	access_vector_t wanted = class ? string_to_av_perm(class, "dyntransition") : 0;
	char context[SELINUX_CONTEXT_MAX];
	struct av_decision decision;

	if (wanted && context_make(engine, number, context) &&
	    security_compute_av_raw(engine->own, context, class, wanted, &decision) == 0 &&
	    decision.allowed & wanted)
		return 0;
	diag_error(diag, NULL,
		   "start it from unconfined_t, as an administrator's shell is, or use bpf",
		   "selinux: the policy does not let %s become a workload", engine->own);
	return -EOPNOTSUPP;
}

/* Whether a workload can be what it is to be: itself, or the one of before that it takes over. */
static int attach_check(const struct selinux_engine *engine, const struct karmor_workload *from,
			const struct selinux_workload *known, struct karmor_diag *diag)
{
	const struct selinux_workload *other = selinux_workload_of(engine, from->ruleset);

	if (!engine->live || from->ruleset >= engine->live->base.n_rulesets) {
		diag_error(diag, NULL, NULL, "no ruleset %zu for workload \"%s\"", from->ruleset,
			   from->name);
		return -EINVAL;
	}
	if (strlen(from->name) > KARMOR_WORKLOAD_NAME_MAX) {
		diag_error(diag, NULL, NULL,
			   "the name of workload \"%.32s...\" is longer than %d bytes", from->name,
			   KARMOR_WORKLOAD_NAME_MAX);
		return -EINVAL;
	}
	if (other && other != known) {
		diag_error(diag, NULL, "compile a ruleset for each workload",
			   "selinux: ruleset %zu is workload \"%s\"'s already", from->ruleset,
			   other->name);
		return -EBUSY;
	}
	if (known && !from->lasting) {
		diag_error(diag, NULL, "give it another name, or attach it as one that lasts",
			   "selinux: \"%s\" is a lasting workload's name", from->name);
		return -EBUSY;
	}
	return from->pid && kill(from->pid, 0) < 0 && errno == ESRCH ? -ENOENT : 0;
}

static char *copy(const char *text, bool *failed)
{
	char *ret = text ? strdup(text) : NULL;

	*failed |= text && !ret;
	return ret;
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

/* Those of a workload that is taken over. */
static int texts_take(struct selinux_workload *workload, const struct karmor_workload *from)
{
	bool failed = false;

	free(workload->namespace_name);
	free(workload->container);
	free(workload->labels);
	workload->namespace_name = copy(from->namespace_name, &failed);
	workload->container = copy(from->container, &failed);
	workload->labels = copy(from->labels, &failed);
	return failed ? -ENOMEM : 0;
}

/* The module has its ruleset's roles under its number. */
static bool has_roles(const struct selinux_engine *engine, const struct selinux_workload *workload)
{
	const struct selinux_artifact *live = engine->live;
	const struct selinux_ruleset *ruleset = &live->rulesets[workload->ruleset];
	uint32_t number = live->numbers[workload->ruleset];

	/* What was made ready has the roles of files where it was asked for. */
	return engine->is_loaded && !(ruleset->ahead && ruleset->n_rules) &&
	       (workload->number == SELINUX_NO_NUMBER || workload->number == number) &&
	       selinux_loaded_has(&engine->loaded, number, ruleset->slot) &&
	       selinux_is_grouped(engine, live);
}

/* Its roles into the kernel, its number to who comes later, its events to here. */
static int workload_begin(struct selinux_engine *engine, struct selinux_workload *workload,
			  struct karmor_diag *diag)
{
	size_t set = workload->ruleset;
	int r = has_roles(engine, workload) ? 0 : selinux_load(engine, diag);

	if (r)
		return r == -EINVAL ? -EIO : r;
	workload = selinux_workload_of(engine, set); /* others may have been dropped */
	workload->number = engine->live->numbers[set];
	r = entry_check(engine, workload->number, diag);
	r = r ? r : events_open(engine, diag);
	r = r ? r : selinux_keep(engine, true, diag);
	if (r)
		return r;
	workload->attached = true;
	engine->entrance->numbers[set] = workload->number;
	engine->entrance->names[set] = digest_of(workload->name);
	return 0;
}

static struct selinux_workload *workload_new(struct selinux_engine *engine,
					     const struct karmor_workload *from)
{
	return selinux_workload_add(
		engine, &(struct selinux_workload){
				.name = (char *)(uintptr_t)from->name,
				.namespace_name = (char *)(uintptr_t)from->namespace_name,
				.container = (char *)(uintptr_t)from->container,
				.labels = (char *)(uintptr_t)from->labels,
				.ruleset = from->ruleset,
				.number = SELINUX_NO_NUMBER,
				.lasting = from->lasting,
			});
}

/* Nothing can put a running task into a workload but the task: @from->pid is to enter. */
int selinux_attach(struct karmor_engine *base, const struct karmor_workload *from,
		   struct karmor_diag *diag)
{
	struct selinux_engine *engine = (struct selinux_engine *)base;
	struct selinux_workload *workload = selinux_workload_find(engine, from->name);
	size_t expected = workload ? workload->ruleset : SELINUX_NO_RULESET;
	bool is_known = workload;
	int r;

	if (workload && workload->attached)
		return 0;
	r = attach_check(engine, from, workload, diag);
	if (r)
		return r;
	if (is_known)
		workload->ruleset = from->ruleset;
	else
		workload = workload_new(engine, from);
	r = !workload ? -ENOMEM : is_known ? texts_take(workload, from) : 0;
	r = r ? r : workload_begin(engine, workload, diag);
	if (r == 0)
		return 0;
	workload = selinux_workload_find(engine, from->name);
	if (workload && is_known)
		workload->ruleset = expected;
	else if (workload)
		selinux_workload_drop(engine, workload);
	selinux_keep_back(engine);
	return r;
}

int selinux_detach(struct karmor_engine *base, const char *name, struct karmor_diag *diag)
{
	struct selinux_engine *engine = (struct selinux_engine *)base;
	struct selinux_workload *workload = selinux_workload_find(engine, name);

	if (!workload || !workload->attached)
		return 0;
	if (selinux_workload_tasks(workload) != 0) {
		diag_error(diag, NULL, "end its tasks first",
			   "workload \"%s\" still has tasks, which cannot leave it", name);
		return -EBUSY;
	}
	selinux_workload_drop(engine, workload);
	return selinux_keep(engine, true, diag);
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
	r = r ? r : context_make(engine, engine->entrance->numbers[set], context) ? 0 : -EINVAL;
	if (r)
		return r;
	r = context_enter(engine->entry, context);
	close(engine->entry);
	engine->entry = -1;
	return r;
}

/* What the task's own change of role and its exec would have led to. */
static int role_of(const struct selinux_engine *engine, const char *name, const char *program,
		   char ret[SELINUX_NAME_SIZE])
{
	const struct selinux_workload *workload = selinux_workload_find(engine, name);
	const struct selinux_artifact *a = engine->live;
	uint32_t accept;

	if (!workload || !workload->attached)
		return -ENOENT;
	accept = program ? automaton_run(a->automaton, program) : a->rest;
	selinux_task_role(a, workload->ruleset,
			  a->kinds[a->accept_kinds[accept]].classes[workload->ruleset], ret);
	return 0;
}

int selinux_label(struct karmor_engine *base, const char *name, const char *program, char *ret,
		  size_t size)
{
	const struct selinux_engine *engine = (const struct selinux_engine *)base;
	char role[SELINUX_NAME_SIZE], context[SELINUX_CONTEXT_MAX];
	int r = role_of(engine, name, program, role);

	if (r)
		return r;
	if (!context_with(engine, role, context) || strlen(context) >= size)
		return -EINVAL;
	strcpy(ret, context);
	return 0;
}

/* Either of a process: the program that it is, and its role. 0 or a negative errno. */
static int process_read(pid_t pid, char *program, size_t size, char context[SELINUX_CONTEXT_MAX])
{
	char text[32], path[64];
	ssize_t n;

	snprintf(text, sizeof(text), "%d", (int)pid);
	snprintf(path, sizeof(path), "/proc/%d/exe", (int)pid);
	n = readlink(path, program, size - 1);
	if (n < 0)
		return -errno;
	program[n] = '\0';
	return selinux_process_context(text, context);
}

int selinux_entered(struct karmor_engine *base, const char *name, pid_t pid,
		    struct karmor_diag *diag)
{
	const struct selinux_engine *engine = (const struct selinux_engine *)base;
	char program[MATCH_PATH_MAX + 1], context[SELINUX_CONTEXT_MAX], wanted[SELINUX_NAME_SIZE];
	int r = role_of(engine, name, NULL, wanted);
	const char *role;
	size_t len;

	r = r ? r : process_read(pid, program, sizeof(program), context);
	r = r ? r : role_of(engine, name, program, wanted);
	if (r) {
		diag_error(diag, NULL, NULL, "cannot read the context of task %d: %s", (int)pid,
			   strerror(-r));
		return r == -ENOENT || r == -ESRCH ? -ENOENT : -EIO;
	}
	role = avc_role(context, &len);
	if (role && len == strlen(wanted) && memcmp(role, wanted, len) == 0)
		return 0;
	diag_error(
		diag, NULL, "start it under that label",
		"task %d of workload \"%s\" became %s under SELinux's context \"%s\", whose role "
		"is not \"%s\"",
		(int)pid, name, program, context, wanted);
	return -EPERM;
}

int selinux_stats(const struct karmor_engine *base, struct karmor_stats *ret)
{
	const struct selinux_engine *engine = (const struct selinux_engine *)base;
	long n = engine->has_module ? selinux_tasks_count(SELINUX_TASK_PREFIX) : 0;
	uint64_t attached = 0;

	for (size_t i = 0; i < engine->n_workloads; i++)
		attached += engine->workloads[i].attached;
	*ret = KARMOR_STRUCT(karmor_stats, .workloads = attached, .tasks = n > 0 ? (uint64_t)n : 0,
			     .events = engine->events.told, .lost = engine->events.audit.lost);
	return 0;
}
