/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One backend, live: publishing in two steps, and starting a command that is enrolled before its
 * first instruction. Everything else is the backend's.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "backend.h"
#include "cleanup.h"
#include "diag.h"
#include "process.h"
#include "sized.h"

int karmor_engine_open(const struct karmor_backend *backend, struct karmor_engine **ret,
		       struct karmor_diag *diag)
{
	int r = backend->open(ret, diag);

	if (r == 0)
		(*ret)->backend = backend;
	return r;
}

void karmor_engine_close(struct karmor_engine *engine)
{
	if (engine)
		engine->backend->close(engine);
}

int karmor_engine_apply(struct karmor_engine *engine, const struct karmor_artifact *artifact,
			struct karmor_diag *diag)
{
	int r;

	if (artifact->backend != engine->backend)
		return -EINVAL;
	r = engine->backend->stage(engine, artifact, diag);
	if (r == 0)
		r = engine->backend->commit(engine, diag);
	if (r < 0)
		engine->backend->abort(engine);
	return r;
}

static int cgroup_check(const struct karmor_backend *backend, const struct karmor_workload *asked,
			struct karmor_diag *diag)
{
	if (!asked->cgroup && (asked->running || asked->by_path)) {
		diag_error(diag, NULL, "name its cgroup",
			   "tasks are to be of workload \"%s\" by a cgroup, which it has not",
			   asked->name);
		return -EINVAL;
	}
	if (!asked->cgroup || (!*asked->cgroup && !backend->enrols_cgroups))
		return 0;
	if (!backend->enrols_cgroups) {
		diag_error(diag, NULL, "enrol each task, or use BPF-LSM",
			   "%s enrols nobody by a cgroup, as workload \"%s\" asks for",
			   backend->title, asked->name);
		return -EOPNOTSUPP;
	}
	if (asked->lasting)
		return 0;
	diag_error(diag, NULL, "make it a lasting one",
		   "workload \"%s\" has a cgroup and would not last as long as that", asked->name);
	return -EINVAL;
}

static int host_check(const struct karmor_backend *backend, const struct karmor_workload *asked,
		      struct karmor_diag *diag)
{
	if (!asked->host)
		return 0;
	if (!backend->keeps_host) {
		diag_error(diag, NULL, "use BPF-LSM",
			   "%s confines workloads alone, and not the node itself", backend->title);
		return -EOPNOTSUPP;
	}
	if (asked->lasting && !asked->pid && !asked->cgroup)
		return 0;
	diag_error(diag, NULL, "make it a lasting one, without a task and a cgroup",
		   "workload \"%s\" is to be the node itself", asked->name);
	return -EINVAL;
}

int karmor_engine_attach(struct karmor_engine *engine, const struct karmor_workload *workload,
			 struct karmor_diag *diag)
{
	struct karmor_workload asked;
	int r = SIZED_READ(&asked, workload);

	r = r < 0 ? r : cgroup_check(engine->backend, &asked, diag);
	r = r < 0 ? r : host_check(engine->backend, &asked, diag);
	return r < 0 ? r : engine->backend->attach(engine, &asked, diag);
}

int karmor_engine_prepare(struct karmor_engine *engine)
{
	return engine->backend->prepare ? engine->backend->prepare(engine) : 0;
}

int karmor_engine_enter(struct karmor_engine *engine, const char *name)
{
	return engine->backend->enter(engine, name);
}

int karmor_engine_expect(struct karmor_engine *engine, const char *name, size_t ruleset)
{
	return engine->backend->expect ? engine->backend->expect(engine, name, ruleset) : 0;
}

int karmor_engine_pinned(struct karmor_engine *engine, karmor_pinned_fn *fn, void *data,
			 struct karmor_diag *diag)
{
	return engine->backend->pinned ? engine->backend->pinned(engine, fn, data, diag)
				       : -EOPNOTSUPP;
}

int karmor_engine_detach(struct karmor_engine *engine, const char *name, struct karmor_diag *diag)
{
	return engine->backend->detach(engine, name, diag);
}

int karmor_engine_label(struct karmor_engine *engine, const char *name, char *ret, size_t size)
{
	return karmor_engine_label_of(engine, name, NULL, ret, size);
}

int karmor_engine_label_of(struct karmor_engine *engine, const char *name, const char *program,
			   char *ret, size_t size)
{
	return engine->backend->label ? engine->backend->label(engine, name, program, ret, size)
				      : -EOPNOTSUPP;
}

int karmor_engine_entered(struct karmor_engine *engine, const char *name, pid_t pid,
			  struct karmor_diag *diag)
{
	return engine->backend->entered ? engine->backend->entered(engine, name, pid, diag)
					: -EOPNOTSUPP;
}

int karmor_engine_confines(struct karmor_engine *engine, int pidfd)
{
	struct pollfd ended = { .fd = pidfd, .events = POLLIN };
	const struct karmor_backend *backend;
	int r = engine->backend->confines ? engine->backend->confines(engine, NULL, pidfd) : 0;

	for (size_t i = 0; r == 0 && (backend = karmor_backend_at(i)); i++)
		if (backend->confines && backend != engine->backend)
			r = backend->confines(NULL, NULL, pidfd);
	if (r)
		return r;
	/* What was asked about was that process only if it still is there. */
	r = poll(&ended, 1, 0);
	return r < 0 || ended.revents & POLLNVAL ? -EIO : r ? -ESRCH : 0;
}

int karmor_engine_keep(struct karmor_engine *engine, const char *path, struct karmor_diag *diag)
{
	return engine->backend->keep ? engine->backend->keep(engine, path, diag) : -EOPNOTSUPP;
}

struct sought {
	struct karmor_engine *engine;
	const char *name;
};

static int is_sought(int pidfd, void *data)
{
	const struct sought *sought = data;

	return sought->engine->backend->confines(sought->engine, sought->name, pidfd);
}

int karmor_engine_process(struct karmor_engine *engine, const char *name)
{
	struct sought sought = { engine, name };

	return engine->backend->confines ? process_find(is_sought, &sought) : -EOPNOTSUPP;
}

long karmor_engine_tasks(struct karmor_engine *engine, const char *name)
{
	return engine->backend->tasks(engine, name);
}

int karmor_engine_event_fd(const struct karmor_engine *engine)
{
	return engine->backend->event_fd ? engine->backend->event_fd(engine) : -EOPNOTSUPP;
}

int karmor_engine_read_events(struct karmor_engine *engine, karmor_event_fn *fn, void *data)
{
	return engine->backend->read_events ? engine->backend->read_events(engine, fn, data) : 0;
}

int karmor_engine_stats(const struct karmor_engine *engine, struct karmor_stats *ret)
{
	struct karmor_stats stats = { 0 };
	int r = engine->backend->stats ? engine->backend->stats(engine, &stats) : -EOPNOTSUPP;

	return r < 0 ? r : SIZED_WRITE(ret, &stats);
}

/* As a shell has it: 127 not found, 126 found but not to be executed. */
static int exec_status(int error)
{
	return error == ENOENT ? 127 : 126;
}

/* The child: waits to be enrolled, enters, becomes the command. Never returns. */
static void spawn_child(struct karmor_engine *engine, const struct karmor_workload *workload,
			char *const argv[], int go, int failed)
{
	char byte;
	int error = -karmor_engine_prepare(engine);

	/* Nobody is enrolled before it said that it is prepared. */
	if (error || TEMP_FAILURE_RETRY(send(go, "", 1, MSG_NOSIGNAL)) != 1)
		_exit(126);
	/* End of file: the parent could not enrol us, or is gone. */
	if (TEMP_FAILURE_RETRY(read(go, &byte, 1)) != 1)
		_exit(126);
	error = -engine->backend->enter(engine, workload->name);
	if (error == 0 && workload->mask && sigprocmask(SIG_SETMASK, workload->mask, NULL) < 0)
		error = errno;
	if (error == 0) {
		execvp(argv[0], argv);
		error = errno;
	}
	if (write(failed, &error, sizeof(error)) < 0)
		error = EIO;
	_exit(exec_status(error));
}

/* Lets the child go and waits until it is the command, or could not become it. */
static void spawn_go(int go, int failed, const char *command, struct karmor_diag *diag)
{
	int error = 0;

	/* A socket rather than a pipe: a child that was killed meanwhile must not raise SIGPIPE
	 * here. */
	if (send(go, "", 1, MSG_NOSIGNAL) != 1)
		return;
	if (TEMP_FAILURE_RETRY(read(failed, &error, sizeof(error))) == (ssize_t)sizeof(error))
		diag_error(diag, NULL, NULL, "cannot execute \"%s\": %s", command, strerror(error));
}

/* Until the child is prepared; the child's end of the socket is the child's alone from now on. */
static int spawn_wait(int *theirs, int go, struct karmor_diag *diag)
{
	char byte;

	cleanup_close(theirs);
	*theirs = -1;
	if (TEMP_FAILURE_RETRY(read(go, &byte, 1)) == 1)
		return 0;
	diag_error(diag, NULL, NULL, "the command's process cannot prepare to be enrolled");
	return -EIO;
}

int karmor_engine_spawn(struct karmor_engine *engine, const struct karmor_workload *workload,
			char *const argv[], pid_t *ret, struct karmor_diag *diag)
{
	struct karmor_workload enrolled;
	int go[2] = { -1, -1 }, failed[2] = { -1, -1 }, r = SIZED_READ(&enrolled, workload);
	pid_t pid = -1;

	if (r < 0)
		return r;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, go) < 0 ||
	    pipe2(failed, O_CLOEXEC) < 0)
		r = -EIO;
	if (r == 0)
		pid = fork();
	if (pid == 0) {
		close(go[1]);
		close(failed[0]);
		spawn_child(engine, &enrolled, argv, go[0], failed[1]);
	}
	if (r == 0 && pid < 0)
		r = errno == ENOMEM ? -ENOMEM : -EIO;
	cleanup_close(&failed[1]);
	if (r == 0)
		r = spawn_wait(&go[0], go[1], diag);
	if (r == 0) {
		enrolled.pid = pid;
		r = engine->backend->attach(engine, &enrolled, diag);
		if (r == 0)
			spawn_go(go[1], failed[0], argv[0], diag);
	}
	cleanup_close(&go[0]);
	cleanup_close(&go[1]);
	cleanup_close(&failed[0]);
	if (r < 0 && pid > 0)
		waitpid(pid, NULL, 0);
	if (r == 0)
		*ret = pid;
	return r;
}
