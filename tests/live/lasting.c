/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is pinned in the kernel: swapped while tasks act, shared by engines that come and go, left
 * by processes that are killed, and out of memory. Root, in a virtual machine.
 *
 * `lasting read FILE...` is the task under test: for each byte on its standard input it tries each
 * file and answers a line of "y" and "n"; `lasting storm N FILE...` tries them until its standard
 * input ends, and answers how often one of the first N could not be read, or another could. UDP
 * instead of a file is a socket.
 *
 * lasting-other is the same program with a backend of another build: `lasting-other beside`
 * enforces a set of its own for a moment, `lasting-other adopt NAME` tries to take a workload over,
 * `lasting-other host` has the node itself for a moment, and `lasting-other unit` takes a unit
 * over, which `lasting-other unit-end` ends as well.
 */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lasting.h"

#include "slots.h"

const struct karmor_backend *backend;
struct karmor_caps *caps;
struct karmor_diag *diag;
char self[4096], karmor[4096], policy_file[] = HERE "/policy.json";

bool is_long(void)
{
	return getenv("KARMOR_LONG") != NULL;
}

/* The task under test. */

static bool can_send(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static bool can_open(const char *path, int mode)
{
	char byte;
	int fd = open(path, mode | O_CLOEXEC);
	bool ret = fd >= 0 && read(fd, &byte, 1) == 1;

	if (fd >= 0)
		close(fd);
	return ret;
}

static bool can_access(const char *what, int mode)
{
	return strcmp(what, UDP) == 0 ? can_send() : can_open(what, mode);
}

bool can_read(const char *path)
{
	return can_open(path, O_RDONLY);
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
			wrong += can_access(files[i], i < first ? O_RDWR : O_RDONLY) != (i < first);
	printf("%lu of %lu\n", wrong, all);
	return 0;
}

/* What is applied, and by whom. */

struct set compile(const char *text)
{
	return compile_under(text, NULL);
}

struct set compile_under(const char *text, const char *posture)
{
	struct karmor_subject subject =
		KARMOR_STRUCT(karmor_subject, .everything = true, .root = "/", .posture = posture);
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

struct karmor_engine *engine_open(const struct set *set)
{
	struct karmor_engine *engine;

	if (karmor_engine_open(backend, &engine, diag) < 0) {
		karmor_diag_print(diag, stderr, false);
		ck_abort_msg("the engine does not open");
	}
	ck_assert_int_eq(karmor_engine_apply(engine, set->artifact, diag), 0);
	return engine;
}

struct task start(struct karmor_engine *engine, const char *name, const char *const argv[])
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

struct task start_reader(struct karmor_engine *engine, const char *name)
{
	return start(engine, name,
		     (const char *[]){ READER, "read", SECRET, GUARDED, ONLY_A, ONLY_B, NULL });
}

const char *answer(const struct task *task, char *text, size_t size)
{
	size_t n = 0;

	while (n + 1 < size && read(task->from, text + n, 1) == 1 && text[n] != '\n')
		n++;
	text[n] = '\0';
	return text;
}

const char *ask(const struct task *task)
{
	static char text[16];

	ck_assert_int_eq(write(task->to, "?", 1), 1);
	return answer(task, text, sizeof(text));
}

void end(const struct task *task)
{
	close(task->to);
	close(task->from);
	ck_assert_int_eq(waitpid(task->pid, NULL, 0), task->pid);
}

bool eventually(bool (*is_so)(const void *data), const void *data)
{
	for (int i = 0; i < 300; i++, usleep(100000))
		if (is_so(data))
			return true;
	return false;
}

bool is_empty(const void *data)
{
	return karmor_engine_tasks((struct karmor_engine *)(uintptr_t)data, "reader") <= 0;
}

bool is_gone(const void *data)
{
	return access(PINS, F_OK) < 0;
}

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
	TCase *sets;

	sets = case_add(s, "sets");
	set_tests(sets);
	class_tests(sets);
	build_tests(case_add(s, "builds"));
	unit_tests(case_add(s, "units"));
	host_tests(case_add(s, "host"));
	event_tests(case_add(s, "events"));
	death_tests(case_add(s, "deaths"));
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
	char command[16384], *slash;

	snprintf(karmor, sizeof(karmor), "%s", self);
	for (int i = 0; i < 3 && (slash = strrchr(karmor, '/')); i++)
		*slash = '\0';
	strncat(karmor, "/daemon/karmor", sizeof(karmor) - strlen(karmor) - 1);
	snprintf(command, sizeof(command),
		 "rm -rf " HERE " && mkdir -p " HERE " && cp %s " READER " && cp %s " HERE "/a",
		 self, self);
	return system(command) == 0 && write_file(SECRET, "content\n") &&
	       write_file(GUARDED, "content\n") && write_file(ONLY_A, "content\n") &&
	       write_file(ONLY_B, "content\n") && write_file(policy_file, A) &&
	       link(ONLY_A, ALSO_A) == 0 && link(ONLY_B, ALSO_B) == 0;
}

int main(int argc, char *argv[])
{
	if (argc > 2 && strcmp(argv[1], "read") == 0)
		return do_read(argv + 2);
	if (argc > 3 && strcmp(argv[1], "storm") == 0)
		return do_storm(strtoul(argv[2], NULL, 10), argv + 3);
	if (argc > 2 && strcmp(argv[1], "trace") == 0)
		return do_trace(argv[2]);
	if (argc > 1 && strcmp(argv[1], "tracer") == 0)
		return do_tracer();
	if (argc > 1 && strcmp(argv[1], "memory") == 0)
		return do_memory();
	backend = karmor_backend_find("bpf");
	diag = karmor_diag_new();
	if (!backend || !diag || readlink("/proc/self/exe", self, sizeof(self) - 1) < 0 ||
	    karmor_caps_probe(backend, &caps, diag) < 0 ||
	    karmor_caps_state(caps) != KARMOR_READY) {
		puts("1..1\nnot ok 1 - the bpf backend is usable here");
		return EXIT_FAILURE;
	}
	if (argc > 1)
		return do_part(argv[1], argv[2]);
	if (!place())
		return EXIT_FAILURE;
	return support_run(suite());
}
