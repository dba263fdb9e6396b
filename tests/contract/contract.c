/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The backend contract, kept by every backend through its vtable: `contract NAME pure|live`.
 *
 * The live half skips itself without privilege or the LSM; KARMOR_MUST_RUN=1 makes that a failure.
 * A backend that enforces nothing keeps everything but the denials.
 */
#include <errno.h>
#include <fcntl.h>
#include <karmor/karmor.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support.h"

#define SECRET "/tmp/karmor-contract-secret"
#define OTHER "/tmp/karmor-contract-other"
#define POLICY(name, path)                                                                         \
	"{\"apiVersion\":\"security.kubearmor.com/"                                                \
	"v1\",\"kind\":\"KubeArmorPolicy\",\"metadata\":{\"name\":\"" name                         \
	"\"},\"spec\":{\"selector\":{},\"file\":{\"matchPaths\":[{\"path\":\"" path "\"}]},"       \
	"\"process\":{\"matchPaths\":[{\"path\":\"/nonexistent\",\"action\":\"Audit\"}]}}}"

static const struct karmor_backend *backend;
static struct karmor_caps *caps;
static struct karmor_diag *diag;

/* One load, its ruleset and artifact: what a caller has to keep together. */
struct compiled {
	struct karmor_policies *policies;
	struct karmor_ruleset *set;
	struct karmor_artifact *artifact;
	struct karmor_report *report;
};

static struct compiled compile(const char *text, size_t copies)
{
	struct karmor_subject subject =
		KARMOR_STRUCT(karmor_subject, .everything = true, .root = "/");
	const struct karmor_ruleset *sets[2];
	struct compiled c = { 0 };

	ck_assert_int_eq(karmor_policies_new(&c.policies), 0);
	ck_assert_int_eq(karmor_policies_add_text(c.policies, "contract", text, strlen(text), diag),
			 0);
	ck_assert_int_eq(karmor_ruleset_new(c.policies, &subject, &c.set, diag), 0);
	sets[0] = sets[1] = c.set;
	ck_assert_int_eq(karmor_compile(sets, copies, caps, &c.artifact, &c.report, diag), 0);
	return c;
}

static void compiled_free(struct compiled *c)
{
	karmor_artifact_free(c->artifact);
	karmor_report_free(c->report);
	karmor_ruleset_free(c->set);
	karmor_policies_free(c->policies);
}

static char *print(const struct karmor_artifact *artifact)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	ck_assert_ptr_nonnull(out);
	ck_assert_int_eq(karmor_artifact_print(artifact, out), 0);
	fclose(out);
	return text;
}

START_TEST(a_backend_is_found_by_its_name)
{
	ck_assert_ptr_eq(karmor_backend_find(karmor_backend_name(backend)), backend);
	ck_assert_str_ne(karmor_backend_title(backend), "");
	ck_assert_ptr_null(karmor_backend_find("no such backend"));
}
END_TEST

START_TEST(a_probe_gives_a_state_and_a_reason_where_it_is_not_ready)
{
	struct karmor_caps *probed;

	ck_assert_int_eq(karmor_caps_probe(backend, &probed, diag), 0);
	if (karmor_caps_state(probed) == KARMOR_READY)
		ck_assert_str_ne(karmor_caps_summary(probed), "");
	else
		ck_assert_ptr_nonnull(karmor_caps_reason(probed));
	karmor_caps_free(probed);
}
END_TEST

START_TEST(a_report_has_a_line_for_every_rule)
{
	struct compiled c = compile(POLICY("report", SECRET), 1);
	struct karmor_report_line line = KARMOR_STRUCT(karmor_report_line);

	for (size_t i = 0; i < karmor_ruleset_rules(c.set); i++) {
		ck_assert_int_eq(karmor_report_at(c.report, i, &line), 0);
		ck_assert_str_eq(line.policy, "report");
		if (line.fidelity != KARMOR_EXACT)
			ck_assert_ptr_nonnull(line.reason);
	}
	ck_assert_int_eq(karmor_report_at(c.report, karmor_ruleset_rules(c.set), &line), -ENOENT);
	compiled_free(&c);
}
END_TEST

/* What karmor-probe prints of a backend that is ready. */
START_TEST(every_construct_of_the_language_has_a_fidelity)
{
	const char *name = NULL;
	enum karmor_fidelity fidelity = KARMOR_EXACT;
	size_t n = 0;
	int r;

	while ((r = karmor_caps_feature(caps, n, &name, &fidelity)) == 0) {
		ck_assert_ptr_nonnull(name);
		ck_assert_int_le(fidelity, KARMOR_UNSUPPORTED);
		n++;
	}
	ck_assert_int_eq(r, -ENOENT);
	ck_assert_uint_gt(n, 10);
}
END_TEST

START_TEST(compile_gives_the_same_for_the_same)
{
	struct compiled a = compile(POLICY("same", SECRET), 1),
			b = compile(POLICY("same", SECRET), 1);
	char *first = print(a.artifact), *second = print(b.artifact);

	ck_assert_str_eq(first, second);
	free(first);
	free(second);
	compiled_free(&a);
	compiled_free(&b);
}
END_TEST

START_TEST(an_artifact_outlives_what_it_was_made_of)
{
	struct compiled c = compile(POLICY("outlives", SECRET), 1);
	char *before = print(c.artifact), *after;

	karmor_ruleset_free(c.set);
	karmor_policies_free(c.policies);
	c.set = NULL;
	c.policies = NULL;
	after = print(c.artifact);
	ck_assert_str_eq(before, after);
	free(before);
	free(after);
	compiled_free(&c);
}
END_TEST

/* The live half: one engine, a child that does as it is told. */

static struct karmor_engine *engine;
static struct compiled applied;

struct seen {
	int denials;
	char policy[64], rule[64];
	uint64_t generation;
};

static void note(const struct karmor_event *event, void *data)
{
	struct seen *seen = data;

	if (!event->denied)
		return;
	seen->denials++;
	seen->generation = event->generation;
	snprintf(seen->policy, sizeof(seen->policy), "%s", event->policy ? event->policy : "");
	snprintf(seen->rule, sizeof(seen->rule), "%s", event->rule ? event->rule : "");
}

static void engine_setup(void)
{
	karmor_diag_clear(diag);
	if (karmor_engine_open(backend, &engine, diag) < 0) {
		karmor_diag_print(diag, stderr, false);
		ck_abort_msg("the engine does not open");
	}
	applied = compile(POLICY("first", SECRET), 1);
	ck_assert_int_eq(karmor_engine_apply(engine, applied.artifact, diag), 0);
}

static void engine_teardown(void)
{
	karmor_engine_close(engine);
	engine = NULL;
	compiled_free(&applied);
	applied = (struct compiled){ 0 };
}

/* Starts a shell that tries to read each file that it is told of on its standard input. */
static pid_t start_workload(struct karmor_workload workload, int *to, int *from)
{
	static char sh[] = "/bin/sh", c[] = "-c",
		    script[] = "while read f; do if read x < $f; then printf y; else printf n; fi "
			       "2> /dev/null; done";
	char *argv[] = { sh, c, script, NULL };
	int in[2], out[2], old_in = dup(STDIN_FILENO), old_out = dup(STDOUT_FILENO);
	pid_t pid;

	ck_assert_int_eq(pipe2(in, O_CLOEXEC), 0);
	ck_assert_int_eq(pipe2(out, O_CLOEXEC), 0);
	dup2(in[0], STDIN_FILENO);
	dup2(out[1], STDOUT_FILENO);
	ck_assert_int_eq(karmor_engine_spawn(engine, &workload, argv, &pid, diag), 0);
	dup2(old_in, STDIN_FILENO);
	dup2(old_out, STDOUT_FILENO);
	close(old_in);
	close(old_out);
	close(in[0]);
	close(out[1]);
	*to = in[1];
	*from = out[0];
	return pid;
}

static pid_t start_reader(const char *name, int *to, int *from)
{
	return start_workload(KARMOR_STRUCT(karmor_workload, .name = name), to, from);
}

/* 'y' the file could be read, 'n' not. */
static char try_read(int to, int from, const char *path)
{
	char answer = '?';

	dprintf(to, "%s\n", path);
	ck_assert_int_eq(read(from, &answer, 1), 1);
	return answer;
}

static void end_reader(pid_t pid, int to, int from)
{
	close(to);
	close(from);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
}

static void wait_empty(const char *name)
{
	for (int i = 0; i < 500 && karmor_engine_tasks(engine, name) > 0; i++)
		usleep(10000);
	ck_assert_int_eq(karmor_engine_tasks(engine, name), 0);
}

/* What a backend that enforces is expected to answer where another lets pass. */
static char denied(void)
{
	return karmor_backend_enforces(backend) ? 'n' : 'y';
}

START_TEST(nothing_can_be_attached_before_something_is_applied)
{
	struct karmor_workload workload =
		KARMOR_STRUCT(karmor_workload, .name = "early", .pid = getpid());
	struct karmor_engine *bare;

	ck_assert_int_eq(karmor_engine_open(backend, &bare, diag), 0);
	ck_assert_int_eq(karmor_engine_attach(bare, &workload, diag), -EINVAL);
	karmor_engine_close(bare);
}
END_TEST

START_TEST(a_workload_of_a_ruleset_that_is_not_there_is_refused)
{
	struct karmor_workload workload =
		KARMOR_STRUCT(karmor_workload, .name = "none", .ruleset = 7, .pid = getpid());

	ck_assert_int_eq(karmor_engine_attach(engine, &workload, diag), -EINVAL);
	ck_assert_int_eq(karmor_engine_tasks(engine, "none"), -ENOENT);
}
END_TEST

START_TEST(a_task_that_is_not_there_is_refused)
{
	struct karmor_workload workload = KARMOR_STRUCT(karmor_workload, .name = "gone");
	pid_t pid = fork();

	if (!karmor_backend_enforces(backend))
		return;
	if (pid == 0)
		_exit(0);
	waitpid(pid, NULL, 0);
	workload.pid = pid;
	ck_assert_int_eq(karmor_engine_attach(engine, &workload, diag), -ENOENT);
	ck_assert_int_eq(karmor_engine_tasks(engine, "gone"), -ENOENT);
}
END_TEST

START_TEST(a_spawned_command_is_confined_and_told_of)
{
	struct seen seen = { 0 };
	int to, from;
	pid_t pid = start_reader("confined", &to, &from);

	ck_assert_int_eq(try_read(to, from, OTHER), 'y');
	ck_assert_int_eq(try_read(to, from, SECRET), denied());
	ck_assert_int_ge(karmor_engine_tasks(engine, "confined"), 1);
	ck_assert_int_ge(karmor_engine_read_events(engine, note, &seen), 0);
	if (karmor_backend_enforces(backend)) {
		ck_assert_int_eq(seen.denials, 1);
		ck_assert_str_eq(seen.policy, "first");
		ck_assert_str_eq(seen.rule, "file.matchPaths[0]");
	}
	end_reader(pid, to, from);
	wait_empty("confined");
}
END_TEST

START_TEST(apply_replaces_the_policy_of_running_tasks)
{
	struct compiled second = compile(POLICY("second", OTHER), 1);
	struct seen seen = { 0 };
	int to, from;
	pid_t pid = start_reader("replaced", &to, &from);

	ck_assert_int_eq(try_read(to, from, SECRET), denied());
	ck_assert_int_ge(karmor_engine_read_events(engine, note, &seen), 0);
	ck_assert_int_eq(karmor_engine_apply(engine, second.artifact, diag), 0);
	ck_assert_int_eq(try_read(to, from, SECRET), 'y');
	ck_assert_int_eq(try_read(to, from, OTHER), denied());
	if (karmor_backend_enforces(backend)) {
		struct seen after = { 0 };

		ck_assert_int_ge(karmor_engine_read_events(engine, note, &after), 0);
		ck_assert_str_eq(after.policy, "second");
		ck_assert_uint_gt(after.generation, seen.generation);
	}
	end_reader(pid, to, from);
	wait_empty("replaced");
	karmor_engine_close(engine);
	engine = NULL;
	compiled_free(&second);
}
END_TEST

START_TEST(a_refused_apply_leaves_the_old_policy_in_force)
{
	struct compiled empty = compile(POLICY("empty", OTHER), 0);
	int to, from;
	pid_t pid = start_reader("kept", &to, &from);

	if (karmor_backend_enforces(backend))
		ck_assert_int_eq(karmor_engine_apply(engine, empty.artifact, diag), -EINVAL);
	ck_assert_int_eq(try_read(to, from, SECRET), denied());
	ck_assert_int_eq(try_read(to, from, OTHER), 'y');
	end_reader(pid, to, from);
	wait_empty("kept");
	compiled_free(&empty);
}
END_TEST

START_TEST(attach_and_detach_are_idempotent_and_no_task_leaves)
{
	int to, from;
	pid_t pid = start_reader("twice", &to, &from);
	struct karmor_workload again = KARMOR_STRUCT(karmor_workload, .name = "twice", .pid = pid);

	ck_assert_int_eq(karmor_engine_attach(engine, &again, diag), 0);
	if (karmor_backend_enforces(backend))
		ck_assert_int_eq(karmor_engine_detach(engine, "twice", diag), -EBUSY);
	ck_assert_int_eq(try_read(to, from, SECRET), denied());
	end_reader(pid, to, from);
	wait_empty("twice");
	ck_assert_int_eq(karmor_engine_detach(engine, "twice", diag), 0);
	ck_assert_int_eq(karmor_engine_detach(engine, "twice", diag), 0);
	ck_assert_int_eq(karmor_engine_tasks(engine, "twice"), -ENOENT);
}
END_TEST

/* The other one is the last of all, as far as it can see: it leaves nothing pinned. */
START_TEST(an_engine_that_closes_takes_nothing_from_another)
{
	struct karmor_engine *other;
	int to, from;
	pid_t pid;

	ck_assert_int_eq(karmor_engine_open(backend, &other, diag), 0);
	karmor_engine_close(other);
	/* What it took out is gone only when the kernel gets round to it. */
	if (karmor_backend_enforces(backend))
		sleep(4);
	pid = start_reader("after", &to, &from);
	ck_assert_int_eq(try_read(to, from, SECRET), denied());
	end_reader(pid, to, from);
	wait_empty("after");
}
END_TEST

/* What it opened was taken out, and others have pinned anew. */
START_TEST(an_engine_that_was_idle_takes_nothing_when_it_closes)
{
	struct karmor_engine *idle = engine, *other;
	int to, from;
	pid_t pid;

	ck_assert_int_eq(karmor_engine_open(backend, &other, diag), 0);
	karmor_engine_close(other);
	ck_assert_int_eq(karmor_engine_open(backend, &engine, diag), 0);
	ck_assert_int_eq(karmor_engine_apply(engine, applied.artifact, diag), 0);
	pid = start_reader("kept", &to, &from);
	karmor_engine_close(idle);
	if (karmor_backend_enforces(backend))
		sleep(4);
	ck_assert_int_eq(try_read(to, from, SECRET), denied());
	end_reader(pid, to, from);
	wait_empty("kept");
}
END_TEST

START_TEST(what_one_engine_left_behind_is_not_its_own_when_another_has_it)
{
	struct compiled second = compile(POLICY("second", OTHER), 1);
	struct karmor_engine *mine = engine, *other;
	int to, from;
	pid_t pid = start_reader("old", &to, &from);

	end_reader(pid, to, from);
	wait_empty("old");
	ck_assert_int_eq(karmor_engine_open(backend, &other, diag), 0);
	ck_assert_int_eq(karmor_engine_apply(other, applied.artifact, diag), 0);
	engine = other;
	pid = start_reader("new", &to, &from);
	ck_assert_int_eq(karmor_engine_apply(mine, second.artifact, diag), 0);
	ck_assert_int_eq(try_read(to, from, SECRET), denied());
	ck_assert_int_eq(try_read(to, from, OTHER), 'y');
	ck_assert_int_eq(karmor_engine_detach(mine, "old", diag), 0);
	ck_assert_int_eq(try_read(to, from, SECRET), denied());
	ck_assert_int_eq(try_read(to, from, OTHER), 'y');
	end_reader(pid, to, from);
	wait_empty("new");
	karmor_engine_close(other);
	karmor_engine_close(mine);
	engine = NULL;
	compiled_free(&second);
}
END_TEST

START_TEST(stats_count_as_far_as_they_are_asked)
{
	struct karmor_stats none = { 0 },
			    stats = { .size = offsetof(struct karmor_stats, tasks), .tasks = 99 };
	int to, from, r = karmor_engine_stats(engine, &none);
	pid_t pid = start_reader("counted", &to, &from);

	if (r != -EOPNOTSUPP) {
		ck_assert_int_eq(r, -EINVAL);
		ck_assert_int_eq(karmor_engine_stats(engine, &stats), 0);
		ck_assert_uint_eq(stats.workloads, 1);
		ck_assert_uint_eq(stats.tasks, 99);
	}
	end_reader(pid, to, from);
	wait_empty("counted");
}
END_TEST

START_TEST(enforcement_outlives_the_engine)
{
	int to, from;
	pid_t pid = start_reader("outlives", &to, &from);

	karmor_engine_close(engine);
	engine = NULL;
	ck_assert_int_eq(try_read(to, from, SECRET), denied());
	end_reader(pid, to, from);
}
END_TEST

/* Lasting workloads, of backends that keep them. */

static long pinned_tasks;

static void pinned_note(const char *name, long tasks, void *data)
{
	if (strcmp(name, data) == 0)
		pinned_tasks = tasks;
}

/* The tasks of a lasting workload as anybody sees them; -1: there is none. */
static long pinned(const char *name)
{
	pinned_tasks = -1;
	ck_assert_int_eq(karmor_engine_pinned(engine, pinned_note, (void *)(uintptr_t)name, diag),
			 0);
	return pinned_tasks;
}

static bool keeps_workloads(void)
{
	char none[] = "";

	return karmor_engine_pinned(engine, pinned_note, none, diag) != -EOPNOTSUPP;
}

static void detach_empty(const char *name)
{
	wait_empty(name);
	ck_assert_int_eq(karmor_engine_detach(engine, name, diag), 0);
	ck_assert_int_eq(pinned(name), -1);
}

START_TEST(a_lasting_workload_outlives_its_engine_and_is_taken_over)
{
	struct compiled second = compile(POLICY("second", OTHER), 1);
	struct karmor_workload kept =
		KARMOR_STRUCT(karmor_workload, .name = "kept a while", .lasting = true);
	struct seen seen = { 0 };
	int to, from;

	if (!keeps_workloads())
		return;
	kept.pid = start_workload(kept, &to, &from);
	karmor_engine_close(engine);
	ck_assert_int_eq(try_read(to, from, SECRET), denied());
	ck_assert_int_eq(karmor_engine_open(backend, &engine, diag), 0);
	ck_assert_int_ge(pinned(kept.name), 1);
	ck_assert_int_eq(karmor_engine_apply(engine, second.artifact, diag), 0);
	ck_assert_int_eq(try_read(to, from, SECRET), denied());
	ck_assert_int_eq(karmor_engine_attach(engine, &kept, diag), 0);
	ck_assert_int_eq(try_read(to, from, SECRET), 'y');
	ck_assert_int_eq(try_read(to, from, OTHER), denied());
	ck_assert_int_ge(karmor_engine_read_events(engine, note, &seen), 0);
	ck_assert_str_eq(seen.policy, "second");
	ck_assert_int_eq(karmor_engine_detach(engine, kept.name, diag), -EBUSY);
	end_reader(kept.pid, to, from);
	detach_empty(kept.name);
	karmor_engine_close(engine);
	engine = NULL;
	compiled_free(&second);
}
END_TEST

START_TEST(who_took_a_lasting_workload_over_has_it_alone)
{
	struct compiled second = compile(POLICY("second", OTHER), 1);
	struct karmor_workload kept =
		KARMOR_STRUCT(karmor_workload, .name = "moved", .lasting = true);
	struct karmor_engine *first = engine, *other;
	struct seen old = { 0 }, new = { 0 };
	int to, from;

	if (!keeps_workloads())
		return;
	kept.pid = start_workload(kept, &to, &from);
	ck_assert_int_eq(karmor_engine_open(backend, &other, diag), 0);
	ck_assert_int_eq(karmor_engine_apply(other, second.artifact, diag), 0);
	ck_assert_int_eq(karmor_engine_attach(other, &kept, diag), 0);
	ck_assert_int_eq(karmor_engine_apply(first, applied.artifact, diag), 0);
	ck_assert_int_eq(try_read(to, from, SECRET), 'y');
	ck_assert_int_eq(try_read(to, from, OTHER), denied());
	ck_assert_int_ge(karmor_engine_read_events(first, note, &old), 0);
	ck_assert_int_ge(karmor_engine_read_events(other, note, &new), 0);
	ck_assert_int_eq(old.denials, 0);
	ck_assert_int_eq(new.denials, 1);
	karmor_engine_close(first);
	ck_assert_int_eq(try_read(to, from, OTHER), denied());
	engine = other;
	end_reader(kept.pid, to, from);
	detach_empty(kept.name);
	karmor_engine_close(engine);
	engine = NULL;
	compiled_free(&second);
}
END_TEST

START_TEST(a_lasting_workload_has_a_name_of_some_length)
{
	char name[KARMOR_WORKLOAD_NAME_MAX + 2];
	struct karmor_workload workload =
		KARMOR_STRUCT(karmor_workload, .name = name, .lasting = true, .pid = getpid());

	if (!keeps_workloads())
		return;
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	ck_assert_int_eq(karmor_engine_attach(engine, &workload, diag), -EINVAL);
	ck_assert_int_eq(karmor_engine_tasks(engine, name), -ENOENT);
}
END_TEST

/* As a runtime or a service manager does, which has nothing but the label. */
static void start_labelled(const char *label)
{
	int fd = open("/proc/thread-self/attr/apparmor/exec", O_WRONLY | O_CLOEXEC);

	if (fd < 0 || dprintf(fd, "exec %s", label) < 0)
		_exit(2);
	execl("/bin/sh", "sh", "-c", "read x < " OTHER " || exit 3; read x < " SECRET " || exit 4",
	      NULL);
	_exit(2);
}

START_TEST(a_workload_has_a_label_before_its_first_task)
{
	struct karmor_workload workload =
		KARMOR_STRUCT(karmor_workload, .name = "ahead", .lasting = true);
	char label[KARMOR_LABEL_SIZE], again[KARMOR_LABEL_SIZE];
	int r = karmor_engine_label(engine, "ahead", label, sizeof(label)), status;
	pid_t pid;

	if (r == -EOPNOTSUPP)
		return;
	ck_assert_int_eq(r, -ENOENT);
	ck_assert_int_eq(karmor_engine_attach(engine, &workload, diag), 0);
	ck_assert_int_eq(karmor_engine_label(engine, "ahead", label, 3), -EINVAL);
	ck_assert_int_eq(karmor_engine_label(engine, "ahead", label, sizeof(label)), 0);
	pid = fork();
	if (pid == 0)
		start_labelled(label);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), 4);
	/* It is the same for who takes the workload over. */
	karmor_engine_close(engine);
	ck_assert_int_eq(karmor_engine_open(backend, &engine, diag), 0);
	ck_assert_int_eq(karmor_engine_apply(engine, applied.artifact, diag), 0);
	ck_assert_int_eq(karmor_engine_attach(engine, &workload, diag), 0);
	ck_assert_int_eq(karmor_engine_label(engine, "ahead", again, sizeof(again)), 0);
	ck_assert_str_eq(again, label);
	detach_empty("ahead");
}
END_TEST

static Suite *pure_suite(void)
{
	Suite *s = suite_create("contract");
	TCase *pure = tcase_create("pure");

	tcase_add_test(pure, a_backend_is_found_by_its_name);
	tcase_add_test(pure, a_probe_gives_a_state_and_a_reason_where_it_is_not_ready);
	tcase_add_test(pure, a_report_has_a_line_for_every_rule);
	tcase_add_test(pure, every_construct_of_the_language_has_a_fidelity);
	tcase_add_test(pure, compile_gives_the_same_for_the_same);
	tcase_add_test(pure, an_artifact_outlives_what_it_was_made_of);
	tcase_set_timeout(pure, 120);
	suite_add_tcase(s, pure);
	return s;
}

static Suite *live_suite(void)
{
	Suite *s = suite_create("contract");
	TCase *kernel = tcase_create("live");

	suite_add_tcase(s, kernel);
	tcase_add_checked_fixture(kernel, engine_setup, engine_teardown);
	tcase_add_test(kernel, nothing_can_be_attached_before_something_is_applied);
	tcase_add_test(kernel, a_workload_of_a_ruleset_that_is_not_there_is_refused);
	tcase_add_test(kernel, a_task_that_is_not_there_is_refused);
	tcase_add_test(kernel, a_spawned_command_is_confined_and_told_of);
	tcase_add_test(kernel, apply_replaces_the_policy_of_running_tasks);
	tcase_add_test(kernel, a_refused_apply_leaves_the_old_policy_in_force);
	tcase_add_test(kernel, attach_and_detach_are_idempotent_and_no_task_leaves);
	tcase_add_test(kernel, an_engine_that_closes_takes_nothing_from_another);
	tcase_add_test(kernel, an_engine_that_was_idle_takes_nothing_when_it_closes);
	tcase_add_test(kernel, what_one_engine_left_behind_is_not_its_own_when_another_has_it);
	tcase_add_test(kernel, stats_count_as_far_as_they_are_asked);
	tcase_add_test(kernel, enforcement_outlives_the_engine);
	tcase_add_test(kernel, a_lasting_workload_outlives_its_engine_and_is_taken_over);
	tcase_add_test(kernel, who_took_a_lasting_workload_over_has_it_alone);
	tcase_add_test(kernel, a_workload_has_a_label_before_its_first_task);
	tcase_add_test(kernel, a_lasting_workload_has_a_name_of_some_length);
	tcase_set_timeout(kernel, 120);
	return s;
}

static void write_file(const char *path)
{
	FILE *file = fopen(path, "we");

	if (file) {
		fputs("content\n", file);
		fclose(file);
	}
}

/* The live half, or why it cannot run here. */
static int run_live(void)
{
	struct karmor_caps *probed = NULL;
	int status;

	if (karmor_caps_probe(backend, &probed, diag) < 0)
		return EXIT_FAILURE;
	if (karmor_caps_state(probed) == KARMOR_READY) {
		write_file(SECRET);
		write_file(OTHER);
		status = support_run(live_suite());
		unlink(SECRET);
		unlink(OTHER);
	} else {
		status = support_skip(karmor_caps_reason(probed));
	}
	karmor_caps_free(probed);
	return status;
}

int main(int argc, char *argv[])
{
	const char *half = argc == 3 ? argv[2] : "";
	int status = EXIT_FAILURE;

	backend = karmor_backend_find(argc == 3 ? argv[1] : "");
	diag = karmor_diag_new();
	if (!backend || !diag || karmor_caps_full(backend, &caps) < 0)
		fprintf(stderr, "usage: contract BACKEND pure|live\n");
	else if (strcmp(half, "pure") == 0)
		status = support_run(pure_suite());
	else if (strcmp(half, "live") == 0)
		status = run_live();
	karmor_caps_free(caps);
	karmor_diag_free(diag);
	return status;
}
