/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tasks that are to become a workload with their next execve, as the first one of a container does:
 * what a runtime does in it until then, mounting and changing its root, is the runtime's.
 *
 * The task is traced for that alone. Its execve done, it stands still before the new program's
 * first instruction; by then it has the root that names are looked up in. It is enrolled there and
 * let go. Where karmord ends before, the kernel ends the task with it.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "cgroup.h"
#include "log.h"
#include "messages.h"
#include "node-open.h"
#include "records.h"
#include "scope.h"

int node_await(struct node *node, struct workload *workload, json_t *messages)
{
	const unsigned long how = PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL;
	struct workload *other = node_find(node, workload->name);
	int r = node_check_prepared(node, workload, messages);

	if (r < 0) {
		workload_free(workload);
		return r;
	}
	if (other && !other->is_prepared) {
		bool same = other->pid == workload->pid && other->started == workload->started;

		workload_free(workload);
		return same ? 0 : -EEXIST;
	}
	if (ptrace(PTRACE_SEIZE, workload->pid, NULL, how) < 0)
		r = -errno;
	if (r < 0) {
		messages_add(messages, KARMOR_ERROR, NULL, 0,
			     r == -EPERM
				     ? "end who traces it; kernel.yama.ptrace_scope must not be 3"
				     : NULL,
			     "cannot wait for task %d to become its program: %s",
			     (int)workload->pid, strerror(-r));
		workload_free(workload);
		return r;
	}
	workload->is_waiting = true;
	/* Later somebody may have entered. */
	workload->cgroup = node_has_cgroups(node) ? cgroup_of(workload->pid) : NULL;
	if (workload->cgroup && !cgroup_is_own(workload->cgroup, workload->pid)) {
		free(workload->cgroup);
		workload->cgroup = NULL;
	}
	if (other)
		node_prepared_become(node, other, workload);
	else
		r = node_slot_add(node, workload);
	if (r < 0) {
		/* It stays traced until it stops, or we end: what has no policy must not run. */
		(void)!syscall(SYS_pidfd_send_signal, workload->pidfd, SIGKILL, NULL, 0);
		workload_free(workload);
	}
	return r;
}

static struct workload *waiting_find(const struct node *node, pid_t pid)
{
	for (size_t i = 0; i < node->n_slots; i++)
		if (node->slots[i] && node->slots[i]->is_waiting && node->slots[i]->pid == pid)
			return node->slots[i];
	return NULL;
}

/* The program has become what it is before there was somebody to ask: the definition is asked. */
static int check_program(const struct workload *workload)
{
	char path[32], program[4096], policy[256];
	enum karmor_action action;
	const struct karmor_access access =
		KARMOR_STRUCT(karmor_access, .op = KARMOR_EXEC, .object = program);
	ssize_t len;
	int r;

	snprintf(path, sizeof(path), "/proc/%d/exe", (int)workload->pid);
	len = readlink(path, program, sizeof(program) - 1);
	if (len < 0)
		return -errno;
	program[len] = '\0';
	r = node_ask(workload, &access, &action, policy, sizeof(policy));
	if (r < 0 || action != KARMOR_BLOCK)
		return r;
	log_about(LOG_CAUTION, &(struct log_subject){ .workload = workload->name },
		  "workload \"%s\" may not start: %s blocks %s", workload->name, policy, program);
	return -EACCES;
}

/* By its cgroup what enters later is told, where that is the container's alone, and still it. */
static void check_cgroup(struct workload *workload)
{
	_cleanup_free_ char *now = cgroup_of(workload->pid);

	if (now && workload->cgroup && strcmp(now, workload->cgroup) == 0)
		return;
	log_about(LOG_CAUTION, &(struct log_subject){ .workload = workload->name },
		  ENTERED_LATER ": it has no cgroup of version 2 of its own", workload->name);
	free(workload->cgroup);
	workload->cgroup = NULL;
}

/* It stands still, and is its program. */
static int enrol(struct node *node, struct workload *workload, json_t *messages)
{
	int r;

	workload->is_waiting = false;
	workload_root_renew(workload);
	r = node_publish(node, messages);
	if (r == 0)
		r = check_program(workload);
	if (r == 0)
		r = records_save(node);
	if (r == 0) {
		if (node_has_cgroups(node))
			check_cgroup(workload);
		r = node_enrol(node, workload);
	}
	if (r == 0 && node->must_enter)
		r = karmor_engine_entered(node->engine, workload->name, workload->pid, node->diag);
	messages_take(messages, node->diag);
	return r;
}

/* What is under the backend's rules all the same is known until it has ended. */
static void drop(struct node *node, struct workload *workload)
{
	int r = karmor_engine_detach(node->engine, workload->name, NULL);

	if (r != -EBUSY || (!workload->source && node_watch(node, workload) < 0))
		node_slot_drop(node, workload);
	(void)!records_save(node);
}

static void on_exec(struct node *node, struct workload *workload)
{
	_cleanup_json_ json_t *messages = json_array();
	pid_t pid = workload->pid;
	int r = enrol(node, workload, messages);
	bool goes_on = r == 0 || (r != -EACCES && node->config->hook_starts && !workload->must);

	messages_log(messages);
	if (r < 0) {
		node->hook_errors++;
		log_about(LOG_FAULT, &(struct log_subject){ .workload = workload->name },
			  "workload \"%s\" is not enforced: %s; it %s", workload->name,
			  strerror(-r), goes_on ? "runs all the same" : "is ended");
		if (!goes_on)
			kill(pid, SIGKILL);
		drop(node, workload);
	}
	ptrace(PTRACE_DETACH, pid, NULL, 0);
}

static bool is_stop(int number)
{
	return number == SIGSTOP || number == SIGTSTP || number == SIGTTIN || number == SIGTTOU;
}

static void on_stop(struct node *node, pid_t pid, int status)
{
	struct workload *workload = waiting_find(node, pid);
	int event = status >> 16, number = WSTOPSIG(status);

	if (!workload)
		kill(pid, SIGKILL);
	else if (event == PTRACE_EVENT_EXEC)
		on_exec(node, workload);
	else if (event == PTRACE_EVENT_STOP && is_stop(number))
		ptrace(PTRACE_LISTEN, pid, NULL, 0);
	else
		/* As if we were not there: a signal is delivered. */
		ptrace(PTRACE_CONT, pid, NULL, event ? 0L : (long)number);
}

void node_on_children(struct node *node)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG | __WALL)) > 0) {
		struct workload *workload;

		if (WIFSTOPPED(status)) {
			on_stop(node, pid, status);
			continue;
		}
		workload = waiting_find(node, pid);
		if (!workload)
			continue;
		log_about(LOG_DETAIL, &(struct log_subject){ .workload = workload->name },
			  "workload \"%s\" has ended before it began", workload->name);
		workload->is_waiting = false;
		drop(node, workload);
	}
}
