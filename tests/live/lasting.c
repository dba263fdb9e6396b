/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is pinned in the kernel: swapped while tasks act, shared by engines that come and go, left
 * by processes that are killed, and out of memory. Root, in a virtual machine.
 *
 * `lasting read FILE...` is the task under test: for each byte on its standard input it tries each
 * file and answers a line of "y" and "n"; `lasting storm N FILE...` tries them until its standard
 * input ends, and answers how often one of the first N could not be read, or another could.
 *
 * lasting-other is the same program with a backend of another build: `lasting-other beside`
 * enforces a set of its own for a moment, `lasting-other adopt NAME` tries to take a workload over.
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

#include "../memory.h"
#include "../support.h"
#include "slots.h"

#define HERE "/srv/lasting"
#define READER HERE "/reader"
#define SECRET HERE "/secret"
#define GUARDED HERE "/guarded"
#define ONLY_A HERE "/only-a"
#define ONLY_B HERE "/only-b"

#define HEAD                                                                                       \
	"{\"apiVersion\":\"security.kubearmor.com/v1\",\"kind\":\"KubeArmorPolicy\","              \
	"\"metadata\":{\"name\":\"lasting\"},\"spec\":{\"selector\":{},\"file\":{\"matchPaths\":["
#define TAIL "]}}}"
/* The reader alone may read one file, and all but the reader another: by its class. */
#define SOURCED                                                                                    \
	"{\"path\":\"" SECRET "\"},{\"path\":\"" SECRET "\",\"action\":\"Allow\",\"fromSource\":"  \
	"[{\"path\":\"" READER "\"}]},{\"path\":\"" GUARDED                                        \
	"\",\"fromSource\":[{\"path\":\"" READER "\"}]},"
#define A HEAD SOURCED "{\"path\":\"" ONLY_A "\"}" TAIL
/* Others' classes come first, so that the reader's has another number. */
#define B                                                                                          \
	HEAD "{\"path\":\"/none/1\",\"fromSource\":[{\"path\":\"/bin/cat\"}]},"                    \
	     "{\"path\":\"/none/2\",\"fromSource\":[{\"path\":\"" HERE "/a\"}]},"                  \
	     "{\"path\":\"/none/3\",\"fromSource\":[{\"path\":\"" HERE "/b\"}]}," SOURCED          \
	     "{\"path\":\"" ONLY_B "\"}" TAIL

static const struct karmor_backend *backend;
static struct karmor_caps *caps;
static struct karmor_diag *diag;
static char self[4096], karmor[4096], policy_file[] = HERE "/policy.json";

static bool is_long(void)
{
	return getenv("KARMOR_LONG") != NULL;
}

/* The task under test. */

static bool can_read(const char *path)
{
	char byte;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool ret = fd >= 0 && read(fd, &byte, 1) == 1;

	if (fd >= 0)
		close(fd);
	return ret;
}

static int do_read(char *files[])
{
	char byte;

	while (read(STDIN_FILENO, &byte, 1) == 1) {
		for (size_t i = 0; files[i]; i++)
			putchar(can_read(files[i]) ? 'y' : 'n');
		putchar('\n');
		fflush(stdout);
	}
	return 0;
}

static int do_storm(size_t first, char *files[])
{
	unsigned long wrong = 0, all = 0;
	struct pollfd end = { .fd = STDIN_FILENO, .events = POLLIN };

	while (poll(&end, 1, 0) == 0)
		for (size_t i = 0; files[i]; i++, all++)
			wrong += can_read(files[i]) != (i < first);
	printf("%lu of %lu\n", wrong, all);
	return 0;
}

/* What is applied, and by whom. */

struct set {
	struct karmor_policies *policies;
	struct karmor_ruleset *rules;
	struct karmor_artifact *artifact;
};

static struct set compile(const char *text)
{
	struct karmor_subject subject =
		KARMOR_STRUCT(karmor_subject, .everything = true, .root = "/");
	struct karmor_report *report;
	struct set set = { 0 };

	ck_assert_int_eq(karmor_policies_new(&set.policies), 0);
	ck_assert_int_eq(
		karmor_policies_add_text(set.policies, "lasting", text, strlen(text), diag), 0);
	ck_assert_int_eq(karmor_ruleset_new(set.policies, &subject, &set.rules, diag), 0);
	ck_assert_int_eq(karmor_compile((const struct karmor_ruleset *const[]){ set.rules }, 1,
					caps, &set.artifact, &report, diag),
			 0);
	karmor_report_free(report);
	return set;
}

static struct karmor_engine *engine_open(const struct set *set)
{
	struct karmor_engine *engine;

	if (karmor_engine_open(backend, &engine, diag) < 0) {
		karmor_diag_print(diag, stderr, false);
		ck_abort_msg("the engine does not open");
	}
	ck_assert_int_eq(karmor_engine_apply(engine, set->artifact, diag), 0);
	return engine;
}

/* A task of its own workload, and pipes to and from it. */
struct task {
	pid_t pid;
	int to, from;
};

static struct task start(struct karmor_engine *engine, const char *name, const char *const argv[])
{
	struct karmor_workload workload = KARMOR_STRUCT(karmor_workload, .name = name);
	int in[2], out[2], old_in = dup(STDIN_FILENO), old_out = dup(STDOUT_FILENO);
	struct task task;

	ck_assert_int_eq(pipe2(in, O_CLOEXEC), 0);
	ck_assert_int_eq(pipe2(out, O_CLOEXEC), 0);
	dup2(in[0], STDIN_FILENO);
	dup2(out[1], STDOUT_FILENO);
	ck_assert_int_eq(karmor_engine_spawn(engine, &workload, (char *const *)(uintptr_t)argv,
					     &task.pid, diag),
			 0);
	dup2(old_in, STDIN_FILENO);
	dup2(old_out, STDOUT_FILENO);
	close(old_in);
	close(old_out);
	close(in[0]);
	close(out[1]);
	task.to = in[1];
	task.from = out[0];
	return task;
}

static struct task start_reader(struct karmor_engine *engine, const char *name)
{
	return start(engine, name,
		     (const char *[]){ READER, "read", SECRET, GUARDED, ONLY_A, ONLY_B, NULL });
}

/* The answer, without its newline. */
static const char *answer(const struct task *task, char *text, size_t size)
{
	size_t n = 0;

	while (n + 1 < size && read(task->from, text + n, 1) == 1 && text[n] != '\n')
		n++;
	text[n] = '\0';
	return text;
}

static const char *ask(const struct task *task)
{
	static char text[16];

	ck_assert_int_eq(write(task->to, "?", 1), 1);
	return answer(task, text, sizeof(text));
}

static void end(const struct task *task)
{
	close(task->to);
	close(task->from);
	ck_assert_int_eq(waitpid(task->pid, NULL, 0), task->pid);
}

static bool eventually(bool (*is_so)(const void *data), const void *data)
{
	for (int i = 0; i < 300; i++, usleep(100000))
		if (is_so(data))
			return true;
	return false;
}

static bool is_empty(const void *data)
{
	return karmor_engine_tasks((struct karmor_engine *)(uintptr_t)data, "reader") <= 0;
}

static bool is_gone(const void *data)
{
	return access(PINS, F_OK) < 0;
}

/* Another build's part. */

static const char *wanted;

START_TEST(beside)
{
	struct set b = compile(B);
	struct karmor_engine *engine = engine_open(&b);
	struct task reader = start_reader(engine, "reader");

	puts(ask(&reader));
	end(&reader);
	karmor_engine_close(engine);
}
END_TEST

START_TEST(adopt)
{
	struct set b = compile(B);
	struct karmor_engine *engine = engine_open(&b);
	struct karmor_workload workload =
		KARMOR_STRUCT(karmor_workload, .name = wanted, .lasting = true);

	printf("%d\n", karmor_engine_attach(engine, &workload, diag));
	karmor_engine_close(engine);
}
END_TEST

static int do_alone(const TTest *test)
{
	TCase *tcase = tcase_create("alone");
	Suite *s = suite_create("alone");
	SRunner *runner = srunner_create(s);

	unsetenv("CK_RUN_CASE"); /* it is about the cases of those who ask */
	suite_add_tcase(s, tcase);
	tcase_add_test(tcase, test);
	srunner_set_fork_status(runner, CK_NOFORK);
	srunner_run_all(runner, CK_SILENT);
	karmor_diag_print(diag, stdout, false);
	return srunner_ntests_failed(runner);
}

/* What the other build says. */
static const char *other(const char *arguments)
{
	static char text[4096];
	char command[8192];
	FILE *out;
	size_t n;

	snprintf(command, sizeof(command), "%s-other %s 2>&1", self, arguments);
	out = popen(command, "re");
	ck_assert_ptr_nonnull(out);
	n = fread(text, 1, sizeof(text) - 1, out);
	text[n] = '\0';
	ck_assert_msg(pclose(out) == 0, "%s", text);
	return text;
}

/* A lasting workload whose engine was killed. */
static struct task start_left(const char *name)
{
	struct set a = compile(A);
	struct task task = { 0 };
	int in[2], out[2], ready[2];
	pid_t pid;

	ck_assert_int_eq(pipe2(in, O_CLOEXEC) | pipe2(out, O_CLOEXEC) | pipe2(ready, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		struct karmor_workload workload =
			KARMOR_STRUCT(karmor_workload, .name = name, .lasting = true);
		const char *argv[] = { READER, "read", SECRET, GUARDED, ONLY_A, ONLY_B, NULL };
		struct karmor_engine *engine = engine_open(&a);

		dup2(in[0], STDIN_FILENO);
		dup2(out[1], STDOUT_FILENO);
		if (karmor_engine_spawn(engine, &workload, (char *const *)(uintptr_t)argv,
					&task.pid, diag) < 0 ||
		    write(ready[1], &task.pid, sizeof(task.pid)) < 0)
			_exit(1);
		pause();
	}
	close(in[0]);
	close(out[1]);
	close(ready[1]);
	task.to = in[1];
	task.from = out[0];
	ck_assert_int_eq(read(ready[0], &task.pid, sizeof(task.pid)), sizeof(task.pid));
	close(ready[0]);
	ck_assert_str_eq(ask(&task), "ynny");
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	ck_assert_str_eq(ask(&task), "ynny");
	return task;
}

/* It is not our child. */
static void end_left(const struct task *task)
{
	char byte;

	close(task->to);
	while (read(task->from, &byte, 1) > 0)
		;
	close(task->from);
}

struct noted {
	int denials;
	char workload[64];
};

static void note(const struct karmor_event *event, void *data)
{
	struct noted *noted = data;

	noted->denials += event->denied;
	snprintf(noted->workload, sizeof(noted->workload), "%s", event->workload);
}

static void count_pinned(const char *name, long tasks, void *data)
{
	*(int *)data += strcmp(name, "left") == 0 && tasks == 1;
}

/* The tests. */

START_TEST(a_later_engine_takes_a_lasting_workload_over)
{
	struct set b = compile(B);
	struct task left = start_left("left");
	struct karmor_workload workload =
		KARMOR_STRUCT(karmor_workload, .name = "left", .pid = left.pid, .lasting = true);
	struct karmor_engine *engine = engine_open(&b);
	struct noted noted = { 0 };
	int pinned = 0;

	ck_assert_int_eq(karmor_engine_pinned(engine, count_pinned, &pinned, diag), 0);
	ck_assert_int_eq(pinned, 1);
	ck_assert_str_eq(ask(&left), "ynny");
	ck_assert_int_eq(karmor_engine_attach(engine, &workload, diag), 0);
	ck_assert_str_eq(ask(&left), "ynyn");
	ck_assert_int_eq(karmor_engine_tasks(engine, "left"), 1);
	ck_assert_int_gt(karmor_engine_read_events(engine, note, &noted), 0);
	ck_assert_int_eq(noted.denials, 2);
	ck_assert_str_eq(noted.workload, "left");
	ck_assert_int_eq(slots_used(), 1);
	end_left(&left);
	karmor_engine_close(engine);
}
END_TEST

START_TEST(another_build_stands_beside)
{
	struct set a = compile(A);
	struct karmor_engine *engine = engine_open(&a);
	struct task reader = start_reader(engine, "reader");
	const char *said = other("beside");

	ck_assert_msg(strncmp(said, "ynyn\n", 5) == 0, "%s", said);
	ck_assert_msg(strstr(said, "another build of karmor enforces 1 workload here"), "%s", said);
	ck_assert_str_eq(ask(&reader), "ynny");
	ck_assert_int_eq(slots_used(), 1);
	end(&reader);
	karmor_engine_close(engine);
}
END_TEST

START_TEST(another_build_takes_nothing_over)
{
	struct task left = start_left("left");
	const char *said = other("adopt left");

	ck_assert_msg(strncmp(said, "-16\n", 4) == 0, "%s", said);
	ck_assert_msg(strstr(said, "another build of karmor enforces"), "%s", said);
	ck_assert_str_eq(ask(&left), "ynny");
	said = other("adopt right");
	ck_assert_msg(!strstr(said, "-16"), "%s", said);
	end_left(&left);
}
END_TEST

START_TEST(another_build_clears_up)
{
	struct task left = start_left("left");
	int used = slots_used();

	end_left(&left);
	ck_assert_int_eq(used, 1);
	usleep(500000);
	other("beside");
	ck_assert(eventually(is_gone, NULL));
}
END_TEST

START_TEST(an_access_sees_the_old_set_or_the_new_one)
{
	struct set sets[] = { compile(A), compile(B) };
	struct karmor_engine *engine = engine_open(&sets[0]);
	struct task reader = start_reader(engine, "reader"), storm;
	int swaps = is_long() ? 3000 : 200;
	char text[64];

	storm = start(engine, "storm",
		      (const char *[]){ READER, "storm", "1", SECRET, GUARDED, NULL });
	ck_assert_str_eq(ask(&reader), "ynny");
	for (int i = 1; i <= swaps; i++) {
		ck_assert_int_eq(karmor_engine_apply(engine, sets[i & 1].artifact, diag), 0);
		ck_assert_str_eq(ask(&reader), i & 1 ? "ynyn" : "ynny");
	}
	close(storm.to);
	storm.to = -1;
	answer(&storm, text, sizeof(text));
	printf("# %d swaps, %s accesses saw neither set\n", swaps, text);
	ck_assert_msg(strncmp(text, "0 of ", 5) == 0, "%s accesses saw neither set", text);
	ck_assert_msg(strcmp(text, "0 of 0") != 0, "nothing was accessed");
	end(&reader);
	end(&storm);
	karmor_engine_close(engine);
}
END_TEST

struct told {
	char rules[256];
	uint64_t n, events;
};

/* What rules decided; the posture's own are as many as the reader needs for itself. */
static void tell(const struct karmor_event *event, void *data)
{
	struct told *told = data;
	size_t used = strlen(told->rules);

	if (!event->rule && strcmp(event->policy, "DefaultPosture") == 0)
		return;
	told->n += event->count;
	told->events++;
	snprintf(told->rules + used, sizeof(told->rules) - used, "%s ",
		 event->rule ? event->rule : "-");
}

/* Everything that was not read yet. */
static struct told told_of(struct karmor_engine *engine)
{
	struct told told = { 0 };

	while (karmor_engine_read_events(engine, tell, &told) > 0)
		;
	return told;
}

START_TEST(an_event_bears_the_name_of_its_rule_whatever_came_since)
{
	struct set a = compile(A), b = compile(B);
	struct karmor_engine *engine = engine_open(&a);
	struct task reader = start_reader(engine, "reader");

	told_of(engine);
	ck_assert_str_eq(ask(&reader), "ynny");
	ck_assert_int_eq(karmor_engine_apply(engine, b.artifact, diag), 0);
	karmor_artifact_free(a.artifact);
	karmor_policies_free(a.policies);
	ck_assert_str_eq(ask(&reader), "ynyn");
	a = compile(A);
	ck_assert_int_eq(karmor_engine_apply(engine, a.artifact, diag), 0);
	ck_assert_str_eq(told_of(engine).rules,
			 "file.matchPaths[2] file.matchPaths[3] file.matchPaths[5] "
			 "file.matchPaths[6] ");
	ck_assert_str_eq(ask(&reader), "ynny");
	ck_assert_str_eq(told_of(engine).rules, "file.matchPaths[2] file.matchPaths[3] ");
	end(&reader);
	karmor_engine_close(engine);
}
END_TEST

START_TEST(a_flood_that_nobody_reads_adds_up_under_the_rule_it_is_of)
{
	struct set a = compile(A), b = compile(B);
	struct karmor_engine *engine = engine_open(&a);
	struct task storm =
		start(engine, "storm", (const char *[]){ READER, "storm", "0", ONLY_A, NULL });
	struct told told;
	uint64_t denied = 0;
	char text[64];

	sleep(3);
	close(storm.to);
	storm.to = -1;
	answer(&storm, text, sizeof(text));
	ck_assert_int_eq(karmor_engine_apply(engine, b.artifact, diag), 0);
	ck_assert_int_eq(sscanf(text, "0 of %lu", &denied), 1);
	told = told_of(engine);
	printf("# %lu denied in %lu events\n", denied, told.events);
	ck_assert_uint_eq(told.n, denied);
	ck_assert_ptr_null(strchr(told.rules, '-'));
	end(&storm);
	karmor_engine_close(engine);
}
END_TEST

START_TEST(out_of_memory_leaves_the_old_set_in_force)
{
	struct set a = compile(A), b = compile(B);
	struct karmor_engine *engine = engine_open(&a);
	struct task reader = start_reader(engine, "reader");
	int r = -ENOMEM;
	long n;

	for (n = 0; r < 0; n++) {
		memory_countdown = n;
		r = karmor_engine_apply(engine, b.artifact, diag);
		memory_countdown = -1;
		ck_assert_int_eq(r < 0 ? r : -ENOMEM, -ENOMEM);
		ck_assert_str_eq(ask(&reader), r < 0 ? "ynny" : "ynyn");
	}
	ck_assert_int_gt(n, 1);
	end(&reader);
	karmor_engine_close(engine);
}
END_TEST

START_TEST(out_of_memory_enrols_nobody)
{
	struct set a = compile(A);
	struct karmor_engine *engine = engine_open(&a);
	struct task reader = start_reader(engine, "reader");
	struct karmor_workload workload = KARMOR_STRUCT(karmor_workload, .name = "late");
	int r = -ENOMEM, used = slots_used();
	pid_t pid = fork();

	if (pid == 0) {
		pause();
		_exit(0);
	}
	workload.pid = pid;
	for (long n = 0; r < 0; n++) {
		memory_countdown = n;
		r = karmor_engine_attach(engine, &workload, diag);
		memory_countdown = -1;
		ck_assert_int_eq(r < 0 ? r : -ENOMEM, -ENOMEM);
		ck_assert_int_eq(slots_used(), used + (r == 0));
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	end(&reader);
	karmor_engine_close(engine);
}
END_TEST

START_TEST(a_full_node_is_told)
{
	struct set a = compile(A);
	struct karmor_engine *engine = engine_open(&a);
	struct task reader = start_reader(engine, "reader");
	struct karmor_workload workload =
		KARMOR_STRUCT(karmor_workload, .name = "one too many", .pid = getpid());

	ck_assert_int_eq(slots_fill(), 0);
	karmor_diag_clear(diag);
	ck_assert_int_eq(karmor_engine_attach(engine, &workload, diag), -EBUSY);
	ck_assert_ptr_nonnull(strstr(karmor_diag_at(diag, 0)->text, "all 4096 workloads"));
	ck_assert_str_eq(ask(&reader), "ynny");
	ck_assert_int_eq(slots_clear(), 0);
	end(&reader);
	karmor_engine_close(engine);
}
END_TEST

START_TEST(no_slot_is_lost_as_workloads_come_and_go)
{
	struct set a = compile(A);
	struct karmor_engine *engine = engine_open(&a);
	int used;

	for (int i = 0; i < 20; i++) {
		struct task reader = start_reader(engine, "reader");

		ck_assert_str_eq(ask(&reader), "ynny");
		used = slots_used();
		end(&reader);
		ck_assert(eventually(is_empty, engine));
		ck_assert_int_eq(karmor_engine_detach(engine, "reader", diag), 0);
		ck_assert_int_eq(used, 1);
		ck_assert_int_eq(slots_used(), 0);
	}
	karmor_engine_close(engine);
}
END_TEST

/* Opens, enforces and closes; the status says whether all was as it should be. */
static int come_and_go(const struct set *a, int times)
{
	for (int i = 0; i < times; i++) {
		struct karmor_engine *engine = engine_open(a);
		struct task reader = start_reader(engine, "reader");
		bool good = strcmp(ask(&reader), "ynny") == 0;

		end(&reader);
		karmor_engine_close(engine);
		if (!good)
			return 1;
	}
	return 0;
}

START_TEST(engines_that_come_and_go_at_the_same_time_enforce_and_leave_nothing)
{
	struct set a = compile(A);
	int times = is_long() ? 50 : 3, status;
	pid_t pids[2];

	for (size_t i = 0; i < 2; i++) {
		pids[i] = fork();
		if (pids[i] == 0)
			_exit(come_and_go(&a, times));
	}
	for (size_t i = 0; i < 2; i++) {
		ck_assert_int_eq(waitpid(pids[i], &status, 0), pids[i]);
		ck_assert_int_eq(status, 0);
	}
	/* Whoever closed while the other's last task was still exiting left it to the next. */
	karmor_engine_close(engine_open(&a));
	ck_assert(eventually(is_gone, NULL));
}
END_TEST

/* Starts `karmor run -- reader read ONLY_A`, its standard output a pipe. */
static pid_t run_start(int *from)
{
	int out[2], null = open("/dev/null", O_RDWR | O_CLOEXEC);
	pid_t pid;

	ck_assert_int_eq(pipe2(out, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		dup2(null, STDIN_FILENO);
		dup2(out[1], STDOUT_FILENO);
		dup2(null, STDERR_FILENO);
		execl(karmor, "karmor", "run", "-p", policy_file, "--", "/bin/sh", "-c",
		      "read x < " ONLY_A " && echo open", NULL);
		_exit(127);
	}
	close(null);
	close(out[1]);
	*from = out[0];
	return pid;
}

static long milliseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Runs one to its end, or kills it after @us: whether what it ran was confined, if it ran. */
static bool run_once(long us)
{
	char text[64];
	int from;
	pid_t pid = run_start(&from);
	struct task task = { .from = from };

	if (us >= 0) {
		usleep((useconds_t)us);
		kill(pid, SIGKILL);
	}
	waitpid(pid, NULL, 0);
	/* Ends when the last that it started has ended. */
	answer(&task, text, sizeof(text));
	close(from);
	return strcmp(text, "open") != 0;
}

static void kill_at_random(int times)
{
	long begin = milliseconds(), whole;

	ck_assert(run_once(-1));
	whole = milliseconds() - begin + 1;
	srand(20261125);
	for (int i = 0; i < times; i++)
		ck_assert_msg(run_once(rand() % (whole * 1000)), "killed run %d: the file was read",
			      i);
	ck_assert(run_once(-1));
}

START_TEST(runs_that_are_killed_leave_no_slot_and_confine_what_they_started)
{
	struct set a = compile(A);
	struct karmor_engine *engine = engine_open(&a);
	struct task reader = start_reader(engine, "reader");

	ck_assert(can_read(ONLY_A)); /* control */
	kill_at_random(is_long() ? 500 : 20);
	/* What a killed one left is taken by who looks for a slot, or by who closes last. */
	ck_assert(run_once(-1));
	ck_assert_int_eq(slots_used(), 1);
	ck_assert_str_eq(ask(&reader), "ynny");
	end(&reader);
	karmor_engine_close(engine);
	ck_assert(run_once(-1));
	ck_assert(eventually(is_gone, NULL));
}
END_TEST

START_TEST(runs_that_are_killed_while_they_load_leave_nothing)
{
	kill_at_random(is_long() ? 100 : 3);
	ck_assert(eventually(is_gone, NULL));
}
END_TEST

static TCase *case_add(Suite *s, const char *name)
{
	TCase *tcase = tcase_create(name);

	tcase_set_timeout(tcase, is_long() ? 3600 : 300);
	suite_add_tcase(s, tcase);
	return tcase;
}

static Suite *suite(void)
{
	Suite *s = suite_create("lasting");
	TCase *sets = case_add(s, "sets"), *builds = case_add(s, "builds"),
	      *events = case_add(s, "events"), *deaths = case_add(s, "deaths");

	tcase_add_test(sets, an_access_sees_the_old_set_or_the_new_one);
	tcase_add_test(events, an_event_bears_the_name_of_its_rule_whatever_came_since);
	tcase_add_test(events, a_flood_that_nobody_reads_adds_up_under_the_rule_it_is_of);
	tcase_add_test(sets, out_of_memory_leaves_the_old_set_in_force);
	tcase_add_test(sets, out_of_memory_enrols_nobody);
	tcase_add_test(sets, a_full_node_is_told);
	tcase_add_test(sets, no_slot_is_lost_as_workloads_come_and_go);
	tcase_add_test(builds, a_later_engine_takes_a_lasting_workload_over);
	tcase_add_test(builds, another_build_stands_beside);
	tcase_add_test(builds, another_build_takes_nothing_over);
	tcase_add_test(builds, another_build_clears_up);
	tcase_add_test(deaths, engines_that_come_and_go_at_the_same_time_enforce_and_leave_nothing);
	tcase_add_test(deaths, runs_that_are_killed_leave_no_slot_and_confine_what_they_started);
	tcase_add_test(deaths, runs_that_are_killed_while_they_load_leave_nothing);
	return s;
}

static bool write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "we");

	if (file)
		fputs(text, file);
	return file && fclose(file) == 0;
}

static bool place(void)
{
	char command[8192], *slash;

	snprintf(karmor, sizeof(karmor), "%s", self);
	for (int i = 0; i < 3 && (slash = strrchr(karmor, '/')); i++)
		*slash = '\0';
	strncat(karmor, "/daemon/karmor", sizeof(karmor) - strlen(karmor) - 1);
	snprintf(command, sizeof(command), "mkdir -p " HERE " && cp %s " READER, self);
	return system(command) == 0 && write_file(SECRET, "content\n") &&
	       write_file(GUARDED, "content\n") && write_file(ONLY_A, "content\n") &&
	       write_file(ONLY_B, "content\n") && write_file(policy_file, A);
}

int main(int argc, char *argv[])
{
	if (argc > 2 && strcmp(argv[1], "read") == 0)
		return do_read(argv + 2);
	if (argc > 3 && strcmp(argv[1], "storm") == 0)
		return do_storm(strtoul(argv[2], NULL, 10), argv + 3);
	backend = karmor_backend_find("bpf");
	diag = karmor_diag_new();
	if (!backend || !diag || readlink("/proc/self/exe", self, sizeof(self) - 1) < 0 ||
	    karmor_caps_probe(backend, &caps, diag) < 0 ||
	    karmor_caps_state(caps) != KARMOR_READY) {
		puts("1..1\nnot ok 1 - the bpf backend is usable here");
		return EXIT_FAILURE;
	}
	if (argc > 1 && strcmp(argv[1], "beside") == 0)
		return do_alone(beside);
	wanted = argv[2];
	if (argc > 2 && strcmp(argv[1], "adopt") == 0)
		return do_alone(adopt);
	if (!place())
		return EXIT_FAILURE;
	return support_run(suite());
}
