/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See table-live.h. A pass's task begins as a copy of us in the pass's root, and does every access
 * without a policy. It is then enrolled under the policies in audit mode, in which it becomes the
 * program at the rows' source whatever they say about that; the policies themselves take their
 * place by a change of policy while it runs, and it does every access again.
 *
 * Rows about the node itself are asked of a workload too, under the policies that select the node:
 * what they decide is the same, and this machine has to go on.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cleanup.h"
#include "table-live.h"

#define EVENT_WAIT_MS 20000 /* a busy host's guest; only what never comes takes so long */
#define END_WAIT_MS 5000
#define STEP_MS 10
#define TRIES 3 /* of a pass whose events were lost */

int stage_say(const char *what)
{
	fprintf(stderr, "table: %s: %s\n", what, strerror(errno));
	return 2;
}

static int open_engine(struct stage *stage, const char *name)
{
	stage->backend = karmor_backend_find(name);
	if (!stage->backend) {
		fprintf(stderr, "table: there is no backend \"%s\"\n", name);
		return 2;
	}
	stage->labels = strcmp(name, "selinux") == 0;
	if (stage->labels && !machine_set("/sys/fs/selinux/enforce", "1"))
		return stage_say("cannot have SELinux enforce");
	if (karmor_caps_probe(stage->backend, &stage->caps, stage->diag) < 0)
		return stage_say("cannot probe");
	if (karmor_caps_state(stage->caps) != KARMOR_READY) {
		fprintf(stderr, "table: %s is not usable here: %s\n",
			karmor_backend_title(stage->backend), karmor_caps_reason(stage->caps));
		return 2;
	}
	if (karmor_engine_open(stage->backend, &stage->engine, stage->diag) == 0)
		return 0;
	(void)!karmor_diag_print(stage->diag, stderr, false);
	return 2;
}

int stage_open(struct stage *stage, const char *backend, const struct programs *programs)
{
	static char directory[] = "/tmp/karmor-table-XXXXXX";
	int r;

	*stage = (struct stage){ .diag = karmor_diag_new(), .programs = programs };
	stage->directory = mkdtemp(directory);
	if (!stage->diag || !stage->directory)
		return stage_say("cannot make a directory");
	/* Before anything else has these numbers. */
	if (machine_files() < 0)
		return stage_say("cannot make files");
	r = open_engine(stage, backend);
	return r ? r : machine_open(stage);
}

void stage_close(struct stage *stage)
{
	karmor_engine_close(stage->engine);
	karmor_artifact_free(stage->artifact);
	karmor_caps_free(stage->caps);
	karmor_diag_free(stage->diag);
	machine_close(stage);
	if (stage->directory)
		rmdir(stage->directory);
}

static const char *first_error(const struct stage *stage)
{
	const struct karmor_message *message = karmor_diag_at(stage->diag, 0);

	return message ? message->text : "no message";
}

/* The rulesets of a pass, and what the backend can keep of them. */
static int pass_compile(struct stage *stage, struct pass *pass)
{
	struct karmor_subject subject = table_subject(pass->rows[0]->row);
	struct karmor_artifact *artifact = NULL;
	const struct karmor_ruleset *sets[1];
	int r;

	subject.root = pass->tree.path;
	karmor_diag_clear(stage->diag);
	r = karmor_ruleset_new(pass->policies, &subject, &pass->set, stage->diag);
	subject.audit_only = true;
	if (r == 0)
		r = karmor_ruleset_new(pass->policies, &subject, &pass->audit, stage->diag);
	sets[0] = pass->set;
	if (r == 0)
		r = karmor_compile(sets, 1, stage->caps, &artifact, &pass->report, stage->diag);
	pass->keeps_itself = strcmp(karmor_backend_name(stage->backend), "apparmor") == 0;
	karmor_artifact_free(artifact);
	if (r == -ENOMEM)
		return r;
	if (r < 0)
		pass_settle(pass, ROW_DIFFERS, "its policies cannot be compiled: %s",
			    first_error(stage));
	else
		judge_report(pass);
	return 0;
}

static int pass_build(struct stage *stage, struct pass *pass, size_t number)
{
	char path[64];
	int r;

	snprintf(pass->name, sizeof(pass->name), "pass-%zu", number);
	snprintf(path, sizeof(path), "%s/%zu", stage->directory, number);
	pass->requests = pass->replies = -1;
	r = tree_make(&pass->tree, path, pass->program, stage->programs);
	if (r < 0)
		return r;
	r = tree_prepare(&pass->tree, pass->program, true, 0);
	if (r == 0 && stage->labels)
		r = tree_label(&pass->tree, stage->caps);
	if (r == 0)
		return pass_compile(stage, pass);
	pass_settle(pass, ROW_UNASKED, "\"%s\" cannot be made: %s", pass->program, strerror(-r));
	return 0;
}

/*
 * Puts the task under the policies, where a task has to do that itself. Backends look for /proc,
 * which the pass's root does not have: @old is a directory that does.
 */
static int enter_policies(struct stage *stage, const struct pass *pass, int old)
{
	_cleanup_close_ int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int r;

	if (root < 0 || fchdir(old) < 0 || chroot(".") < 0)
		return -errno;
	r = karmor_engine_enter(stage->engine, pass->name);
	if (r == 0 && (fchdir(root) < 0 || chroot(".") < 0))
		r = -errno;
	return r;
}

/* Makes @path the root of a mount namespace of its own. */
static int enter_root(const char *path)
{
	if (unshare(CLONE_NEWNS) < 0 || mount(path, path, NULL, MS_BIND, NULL) < 0 ||
	    chdir(path) < 0 || syscall(SYS_pivot_root, ".", ".") < 0 ||
	    umount2(".", MNT_DETACH) < 0)
		return -1;
	return chdir("/");
}

/* Answers a request by itself: what came of becoming another program. */
static _Noreturn void fail(int error)
{
	struct act_reply reply = { .pid = -1, .error = error };

	_exit(write(STDOUT_FILENO, &reply, sizeof(reply)) < 0);
}

static _Noreturn void run_child(struct stage *stage, const struct pass *pass, int in, int out)
{
	static struct act_request last;
	char *argv[] = { last.path, (char *)(uintptr_t) "serve", NULL };
	char *envp[] = { NULL };
	int old = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC), r;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (old < 0 || dup2(in, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 ||
	    enter_root(pass->tree.path) < 0)
		fail(errno);
	if (act_serve(&last) < 0)
		_exit(0);
	r = enter_policies(stage, pass, old);
	if (r < 0)
		fail(-r);
	execve(last.path, argv, envp);
	fail(errno);
}

static bool read_reply(const struct pass *pass, struct act_reply *reply)
{
	return read(pass->replies, reply, sizeof(*reply)) == sizeof(*reply);
}

static bool ask(const struct pass *pass, const struct act_request *request, struct act_reply *reply)
{
	return write(pass->requests, request, sizeof(*request)) == sizeof(*request) &&
	       read_reply(pass, reply);
}

static void start(struct stage *stage, struct pass *pass)
{
	int in[2] = { -1, -1 }, out[2] = { -1, -1 };
	struct act_reply reply;

	if (pipe2(in, O_CLOEXEC) == 0 && pipe2(out, O_CLOEXEC) == 0)
		pass->pid = fork();
	if (pass->pid == 0 && out[1] >= 0)
		run_child(stage, pass, in[0], out[1]);
	cleanup_close(&in[0]);
	cleanup_close(&out[1]);
	pass->requests = in[1];
	pass->replies = out[0];
	if (!read_reply(pass, &reply) || reply.pid < 0)
		pass_settle(pass, ROW_DIFFERS, "no task could be had in the pass's root");
}

static void fill_request(const struct stage *stage, const struct deed *deed,
			 struct act_request *request)
{
	*request = (struct act_request){ .kind = deed->kind };
	memcpy(request->numbers, deed->numbers, sizeof(request->numbers));
	if (deed->kind == ACT_CAPABILITY)
		request->numbers[1] = stage->other;
	if (deed->path)
		strncpy(request->path, deed->path, sizeof(request->path) - 1);
}

/* Prepares the object and has the act done. */
static bool act(const struct stage *stage, const struct pass *pass, const struct deed *deed,
		bool control, struct act_reply *reply)
{
	static struct act_request request;
	bool there = deed->kind != ACT_MKNOD && deed->kind != ACT_MKDIR;
	int r = 0;

	if (deed->row->access.path)
		r = tree_prepare(&pass->tree, deed->row->access.path, there,
				 deed->row->access.owner ? 0 : 1);
	if (r == 0 && stage->labels && !control && deed->row->access.path)
		r = tree_label_again(&pass->tree, stage->artifact, deed->row->access.path);
	if (r < 0)
		row_settle(deed->row, ROW_UNASKED, "\"%s\" cannot be prepared: %s",
			   deed->row->access.path, strerror(-r));
	if (deed->row->state != ROW_OPEN)
		return true;
	fill_request(stage, deed, &request);
	return ask(pass, &request, reply);
}

/* All deeds of a pass; each reply goes where it belongs. */
static void act_all(const struct stage *stage, struct pass *pass, bool control)
{
	struct act_reply reply = { 0 };

	for (size_t i = 0; !pass->is_over && i < pass->n_deeds; i++) {
		struct deed *deed = &pass->deeds[i];

		if (deed->row->state != ROW_OPEN)
			continue;
		if (!act(stage, pass, deed, control, &reply)) {
			pass_settle(pass, ROW_DIFFERS, "the actor ended");
		} else if (control) {
			deed->control = reply.error;
		} else {
			deed->error = reply.error;
			deed->pid = reply.pid;
		}
	}
}

/* Under the policies in audit mode: the actor becomes the source. */
static void enrol(struct stage *stage, struct pass *pass, size_t ruleset)
{
	struct karmor_workload workload = KARMOR_STRUCT(karmor_workload, .name = pass->name,
							.ruleset = ruleset, .pid = pass->pid);
	static struct act_request request = { .kind = ACT_BECOME };
	struct act_reply reply;

	karmor_diag_clear(stage->diag);
	if (karmor_engine_attach(stage->engine, &workload, stage->diag) < 0) {
		pass_settle(pass, ROW_DIFFERS, "the task cannot be enrolled: %s",
			    first_error(stage));
		return;
	}
	strcpy(request.path, pass->program);
	if (!ask(pass, &request, &reply) || reply.pid < 0)
		pass_settle(pass, ROW_DIFFERS, "the actor cannot become %s in audit mode: %s",
			    pass->program, strerror(reply.error));
}

/*
 * Compiles one ruleset of each pass into an artifact and applies it; the engine borrows that until
 * it has the next. 0, -ENOMEM or a fault.
 */
static int apply(struct stage *stage, struct pass *passes, size_t n, bool audit)
{
	const struct karmor_ruleset **sets = calloc(n, sizeof(*sets));
	struct karmor_artifact *artifact = NULL, *old = stage->artifact;
	struct karmor_report *report = NULL;
	int r = sets ? 0 : -ENOMEM;

	karmor_diag_clear(stage->diag);
	for (size_t i = 0; sets && i < n; i++)
		sets[i] = audit ? passes[i].audit : passes[i].set;
	if (r == 0)
		r = karmor_compile(sets, n, stage->caps, &artifact, &report, stage->diag);
	if (r == 0)
		r = karmor_engine_apply(stage->engine, artifact, stage->diag);
	if (r == 0)
		stage->artifact = artifact;
	karmor_artifact_free(r == 0 ? old : artifact);
	karmor_report_free(report);
	free(sets);
	return r;
}

/* Of what runs. */
static int change(struct stage *stage, struct pass *passes, size_t n)
{
	long before = stage->labels ? label_policies() : 0;
	int r = apply(stage, passes, n, false);
	long took = stage->labels ? label_policies() - before : 0;

	stage->most_passes = n > stage->most_passes ? n : stage->most_passes;
	stage->most_policies = took > stage->most_policies ? took : stage->most_policies;
	return r;
}

/* Where events come by another way than the answer, they come later. */
static void wait_for_events(struct stage *stage, const struct pass *pass, struct events *events)
{
	struct pollfd fd = { .fd = karmor_engine_event_fd(stage->engine), .events = POLLIN };

	(void)!karmor_engine_read_events(stage->engine, events_take, events);
	for (int ms = 0; ms < EVENT_WAIT_MS && !events_complete(pass, events); ms += STEP_MS) {
		poll(&fd, 1, STEP_MS);
		(void)!karmor_engine_read_events(stage->engine, events_take, events);
	}
}

static unsigned long long lost_count(const struct stage *stage)
{
	struct karmor_stats stats = KARMOR_STRUCT(karmor_stats);

	return karmor_engine_stats(stage->engine, &stats) == 0 ? stats.lost : 0;
}

/* Whether no event of it can have been lost. */
static bool ask_once(struct stage *stage, struct pass *pass, struct events *events)
{
	unsigned long long lost;

	/*
	 * What was told until now is no row's: while the machine's policy was made anew so much may
	 * have been that there is no room for more.
	 */
	(void)!karmor_engine_read_events(stage->engine, events_take, events);
	events_drop(events);
	lost = lost_count(stage);
	act_all(stage, pass, false);
	wait_for_events(stage, pass, events);
	return lost_count(stage) == lost;
}

/* An answer that lacks what was told in vain is none. */
static void ask_pass(struct stage *stage, struct pass *pass)
{
	struct events events = { 0 };

	for (int i = 1; !ask_once(stage, pass, &events) && !pass->is_over && i < TRIES; i++)
		fprintf(stderr, "table: %s is asked again\n", pass->name);
	judge_pass(pass, &events);
	events_drop(&events);
}

/* Then rows may differ for want of what was told in vain. */
static void say_lost(const struct stage *stage)
{
	unsigned long long lost = lost_count(stage);

	if (lost)
		fprintf(stderr, "table: %llu events were lost\n", lost);
}

static void end(struct stage *stage, struct pass *pass)
{
	cleanup_close(&pass->requests);
	cleanup_close(&pass->replies);
	if (pass->pid > 0) {
		kill(pass->pid, SIGKILL);
		waitpid(pass->pid, NULL, 0);
	}
	karmor_diag_clear(stage->diag);
	for (int ms = 0; ms < END_WAIT_MS; ms += STEP_MS) {
		if (karmor_engine_detach(stage->engine, pass->name, stage->diag) != -EBUSY)
			return;
		usleep(STEP_MS * 1000);
	}
}

static void ask_passes(struct stage *stage, struct pass *passes, size_t n)
{
	int r = apply(stage, passes, n, true);

	for (size_t i = 0; r == 0 && i < n; i++)
		if (!passes[i].is_over)
			enrol(stage, &passes[i], i);
	if (r == 0)
		r = change(stage, passes, n);
	for (size_t i = 0; r == 0 && i < n; i++)
		if (!passes[i].is_over)
			ask_pass(stage, &passes[i]);
	for (size_t i = 0; i < n; i++)
		pass_settle(&passes[i], ROW_DIFFERS, "the policies cannot be applied: %s",
			    first_error(stage));
	say_lost(stage);
	for (size_t i = 0; i < n; i++)
		end(stage, &passes[i]);
}

/* Passes whose policies cannot be compiled go to the end. */
static size_t settle_last(struct pass *passes, size_t n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++) {
		struct pass pass = passes[i];

		if (pass.is_over)
			continue;
		passes[i] = passes[kept];
		passes[kept++] = pass;
	}
	return kept;
}

int stage_run(struct stage *stage, struct pass *passes, size_t n)
{
	int r = 0;

	if (mount("karmor-table", stage->directory, "tmpfs", 0, "mode=755") < 0)
		return -ENOMEM;
	for (size_t i = 0; r == 0 && i < n; i++)
		r = pass_build(stage, &passes[i], i);
	n = settle_last(passes, n);
	for (size_t i = 0; r == 0 && i < n; i++) {
		start(stage, &passes[i]);
		act_all(stage, &passes[i], true);
	}
	if (r == 0 && n)
		ask_passes(stage, passes, n);
	for (size_t i = 0; i < n; i++) {
		cleanup_close(&passes[i].tree.fd);
		passes[i].tree.fd = -1;
	}
	umount2(stage->directory, MNT_DETACH);
	return r;
}
