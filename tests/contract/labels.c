/* SPDX-License-Identifier: Apache-2.0 */
/* Workloads that have a label before their first task, which another program starts. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "contract.h"

/* The file is denied to one program alone. */
#define FROM(name, source)                                                                         \
	"{\"apiVersion\":\"security.kubearmor.com/"                                                \
	"v1\",\"kind\":\"KubeArmorPolicy\",\"metadata\":{\"name\":\"" name                         \
	"\"},\"spec\":{\"selector\":{},\"file\":{\"matchPaths\":[{\"path\":\"" SECRET              \
	"\",\"fromSource\":[{\"path\":\"" source "\"}]}]}}}"

/* And another one to the program @other. */
#define FROM_BOTH(name, source, other)                                                             \
	"{\"apiVersion\":\"security.kubearmor.com/"                                                \
	"v1\",\"kind\":\"KubeArmorPolicy\",\"metadata\":{\"name\":\"" name                         \
	"\"},\"spec\":{\"selector\":{},\"file\":{\"matchPaths\":[{\"path\":\"" SECRET              \
	"\",\"fromSource\":[{\"path\":\"" source "\"}]},{\"path\":\"" OTHER                        \
	"\",\"fromSource\":[{\"path\":\"" other "\"}]}]}}}"

static struct karmor_workload ahead =
	KARMOR_STRUCT(karmor_workload, .name = "ahead", .lasting = true);

/* A context of SELinux's has parts, and is written as it is. */
static bool is_context(const char *label)
{
	return strchr(label, ':');
}

/* As a runtime or a service manager does, which has nothing but the label. */
static void start_labelled(const char *label, const char *script)
{
	int fd = open(is_context(label) ? "/proc/thread-self/attr/exec"
					: "/proc/thread-self/attr/apparmor/exec",
		      O_WRONLY | O_CLOEXEC);

	if (fd < 0 || dprintf(fd, "%s%s", is_context(label) ? "" : "exec ", label) < 0)
		_exit(2);
	execl("/bin/sh", "sh", "-c", script, NULL);
	_exit(2);
}

START_TEST(a_workload_has_a_label_before_its_first_task)
{
	char label[KARMOR_LABEL_SIZE], again[KARMOR_LABEL_SIZE];
	int status;
	pid_t pid;

	ck_assert_int_eq(karmor_engine_label(engine, "ahead", label, sizeof(label)), -ENOENT);
	ck_assert_int_eq(karmor_engine_attach(engine, &ahead, diag), 0);
	ck_assert_int_eq(karmor_engine_label(engine, "ahead", label, 3), -EINVAL);
	ck_assert_int_eq(karmor_engine_label(engine, "ahead", label, sizeof(label)), 0);
	pid = fork();
	if (pid == 0)
		start_labelled(label,
			       "read x < " OTHER " || exit 3; read x < " SECRET " || exit 4");
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), 4);
	/* It is the same for who takes the workload over. */
	karmor_engine_close(engine);
	ck_assert_int_eq(karmor_engine_open(backend, &engine, diag), 0);
	ck_assert_int_eq(karmor_engine_apply(engine, applied.artifact, diag), 0);
	ck_assert_int_eq(karmor_engine_attach(engine, &ahead, diag), 0);
	ck_assert_int_eq(karmor_engine_label(engine, "ahead", again, sizeof(again)), 0);
	ck_assert_str_eq(again, label);
	detach_empty("ahead");
}
END_TEST

/* A shell under a label, which reads the file when it is told to. */
struct labelled {
	pid_t pid;
	int to, from;
};

static struct labelled labelled_new(const char *label)
{
	int in[2], out[2];
	struct labelled ret;
	char ready;

	ck_assert_int_eq(pipe2(in, O_CLOEXEC), 0);
	ck_assert_int_eq(pipe2(out, O_CLOEXEC), 0);
	ret = (struct labelled){ .pid = fork(), .to = in[1], .from = out[0] };
	if (ret.pid == 0) {
		dup2(in[0], STDIN_FILENO);
		dup2(out[1], STDOUT_FILENO);
		start_labelled(label, "echo; read x; if read x < " SECRET
				      "; then exit 0; else exit 4; fi");
	}
	close(in[0]);
	close(out[1]);
	ck_assert_int_eq(read(ret.from, &ready, 1), 1);
	return ret;
}

static int labelled_end(struct labelled *task)
{
	int status;

	ck_assert_int_eq(write(task->to, "\n", 1), 1);
	ck_assert_int_eq(waitpid(task->pid, &status, 0), task->pid);
	close(task->to);
	close(task->from);
	return WEXITSTATUS(status);
}

/* The shell's own name, as the kernel has it. */
static void shell_name(char ret[PATH_MAX])
{
	ck_assert_ptr_nonnull(realpath("/bin/sh", ret));
}

START_TEST(a_program_that_a_rule_names_has_a_label_of_its_own)
{
	struct compiled from = compile(FROM("from", "/bin/sh"), 1);
	char any[KARMOR_LABEL_SIZE], own[KARMOR_LABEL_SIZE], shell[PATH_MAX];
	struct labelled task;

	shell_name(shell);
	ck_assert_int_eq(karmor_engine_apply(engine, from.artifact, diag), 0);
	ck_assert_int_eq(karmor_engine_attach(engine, &ahead, diag), 0);
	ck_assert_int_eq(karmor_engine_label(engine, "ahead", any, sizeof(any)), 0);
	ck_assert_int_eq(karmor_engine_label_of(engine, "ahead", "/bin/cat", own, sizeof(own)), 0);
	ck_assert_str_eq(own, any);
	ck_assert_int_eq(karmor_engine_label_of(engine, "ahead", shell, own, sizeof(own)), 0);
	ck_assert_str_ne(own, any);
	ck_assert_int_eq(karmor_engine_label_of(engine, "none", shell, any, sizeof(any)), -ENOENT);
	task = labelled_new(own);
	ck_assert_int_eq(karmor_engine_entered(engine, "ahead", task.pid, diag), 0);
	ck_assert_int_eq(karmor_engine_entered(engine, "none", task.pid, diag), -ENOENT);
	ck_assert_int_eq(karmor_engine_entered(engine, "ahead", getpid(), diag), -EPERM);
	ck_assert_int_eq(labelled_end(&task), 4);
	task = labelled_new(any);
	ck_assert_int_eq(karmor_engine_entered(engine, "ahead", task.pid, diag), -EPERM);
	labelled_end(&task);
	detach_empty("ahead");
	karmor_engine_close(engine);
	engine = NULL;
	compiled_free(&from);
}
END_TEST

/* Where labels say what they stand for, the task is under what is said of its program now. */
static void by_content(struct labelled *task, struct compiled *now)
{
	ck_assert_int_eq(karmor_engine_apply(engine, now->artifact, diag), 0);
	ck_assert_int_eq(labelled_end(task), 0);
	detach_empty("ahead");
	karmor_engine_close(engine);
	engine = NULL;
}

/* A class's number is another's after the change: the task in it would get the wrong rules. */
START_TEST(no_task_is_taken_for_one_of_another_source)
{
	struct compiled from = compile(FROM("from", "/bin/sh"), 1),
			other = compile(FROM("other", "/bin/cat"), 1);
	char label[KARMOR_LABEL_SIZE], shell[PATH_MAX];
	struct labelled task;

	shell_name(shell);
	ck_assert_int_eq(karmor_engine_apply(engine, from.artifact, diag), 0);
	ck_assert_int_eq(karmor_engine_attach(engine, &ahead, diag), 0);
	ck_assert_int_eq(karmor_engine_label_of(engine, "ahead", shell, label, sizeof(label)), 0);
	task = labelled_new(label);
	if (is_context(label)) {
		by_content(&task, &other);
		compiled_free(&from);
		compiled_free(&other);
		return;
	}
	ck_assert_int_eq(karmor_engine_apply(engine, other.artifact, diag), -EBUSY);
	/* Nor by who takes the workload over. */
	karmor_engine_close(engine);
	ck_assert_int_eq(karmor_engine_open(backend, &engine, diag), 0);
	ck_assert_int_eq(karmor_engine_apply(engine, other.artifact, diag), 0);
	ck_assert_int_eq(karmor_engine_attach(engine, &ahead, diag), -EBUSY);
	/* Rules of the same sources are no such change, nor is their end. */
	ck_assert_int_eq(karmor_engine_apply(engine, from.artifact, diag), 0);
	ck_assert_int_eq(karmor_engine_attach(engine, &ahead, diag), 0);
	ck_assert_int_eq(karmor_engine_apply(engine, applied.artifact, diag), 0);
	ck_assert_int_eq(karmor_engine_apply(engine, other.artifact, diag), -EBUSY);
	ck_assert_int_eq(karmor_engine_apply(engine, from.artifact, diag), 0);
	ck_assert_int_eq(labelled_end(&task), 4);
	wait_empty("ahead");
	ck_assert_int_eq(karmor_engine_apply(engine, other.artifact, diag), 0);
	detach_empty("ahead");
	karmor_engine_close(engine);
	engine = NULL;
	compiled_free(&from);
	compiled_free(&other);
}
END_TEST

/* Whether the change is made or refused: what is left of a source's rules holds for its tasks. */
static void check_one_left(const char *both)
{
	struct compiled two = compile(both, 1), one = compile(FROM("one", "/bin/sh"), 1);
	char label[KARMOR_LABEL_SIZE], shell[PATH_MAX];
	struct labelled task;
	int r;

	shell_name(shell);
	ck_assert_int_eq(karmor_engine_apply(engine, two.artifact, diag), 0);
	ck_assert_int_eq(karmor_engine_attach(engine, &ahead, diag), 0);
	ck_assert_int_eq(karmor_engine_label_of(engine, "ahead", shell, label, sizeof(label)), 0);
	task = labelled_new(label);
	r = karmor_engine_apply(engine, one.artifact, diag);
	ck_assert(r == 0 || r == -EBUSY);
	ck_assert_int_eq(labelled_end(&task), 4);
	detach_empty("ahead");
	ck_assert_int_eq(karmor_engine_apply(engine, applied.artifact, diag), 0);
	compiled_free(&two);
	compiled_free(&one);
}

/* Sources before it and behind it, by whatever order they have. */
START_TEST(a_source_keeps_its_rules_when_another_goes)
{
	check_one_left(FROM_BOTH("before", "/bin/sh", "/bin/aaa"));
	check_one_left(FROM_BOTH("behind", "/bin/sh", "/var/zzz"));
}
END_TEST

/* Whoever takes the workload over: not even the same rules are put in force anew. */
static void taken_over(const struct compiled *now, int expected)
{
	karmor_engine_close(engine);
	ck_assert_int_eq(karmor_engine_open(backend, &engine, diag), 0);
	ck_assert_int_eq(karmor_engine_apply(engine, now->artifact, diag), 0);
	ck_assert_int_eq(karmor_engine_attach(engine, &ahead, diag), expected);
}

/* A change that the task could not follow is refused while it runs; each that is made it follows.
 */
static void check_followed(struct labelled *task, const struct compiled *first,
			   const struct compiled *second)
{
	int r, wanted;

	taken_over(first, 0);
	taken_over(first, 0);
	ck_assert_int_eq(karmor_engine_apply(engine, second->artifact, diag), 0);
	r = karmor_engine_apply(engine, first->artifact, diag);
	ck_assert(r == 0 || r == -EBUSY);
	wanted = r ? 0 : 4;
	taken_over(r ? second : first, 0);
	ck_assert_int_eq(labelled_end(task), wanted);
	wait_empty("ahead");
	ck_assert_int_eq(karmor_engine_apply(engine, second->artifact, diag), 0);
	ck_assert_int_eq(karmor_engine_apply(engine, first->artifact, diag), 0);
	detach_empty("ahead");
}

START_TEST(under_no_new_privs_no_change_is_lost_to_a_source)
{
	struct compiled first, second;
	char label[KARMOR_LABEL_SIZE], shell[PATH_MAX];
	struct labelled task;

	ck_assert_int_eq(karmor_caps_once(caps), 0);
	first = compile(FROM("first", "/bin/sh"), 1);
	second = compile(POLICY("second", OTHER), 1);
	shell_name(shell);
	ck_assert_int_eq(karmor_engine_apply(engine, first.artifact, diag), 0);
	ck_assert_int_eq(karmor_engine_attach(engine, &ahead, diag), 0);
	ck_assert_int_eq(karmor_engine_label_of(engine, "ahead", shell, label, sizeof(label)), 0);
	task = labelled_new(label);
	check_followed(&task, &first, &second);
	karmor_engine_close(engine);
	engine = NULL;
	compiled_free(&first);
	compiled_free(&second);
}
END_TEST

TCase *label_tests(void)
{
	TCase *ret = tcase_create("labels");

	tcase_add_checked_fixture(ret, engine_setup, engine_teardown);
	tcase_add_test(ret, a_workload_has_a_label_before_its_first_task);
	add_dear(ret, a_program_that_a_rule_names_has_a_label_of_its_own);
	add_dear(ret, no_task_is_taken_for_one_of_another_source);
	add_dear(ret, a_source_keeps_its_rules_when_another_goes);
	add_dear(ret, under_no_new_privs_no_change_is_lost_to_a_source);
	tcase_set_timeout(ret, alone ? 900 : 120);
	return ret;
}
