/* SPDX-License-Identifier: Apache-2.0 */
/*
 * karmor run: one command as a workload of its own, enforced before its first instruction, until
 * the last of its descendants is gone. Nothing runs when enforcement cannot be set up.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <karmor/karmor.h>

#include "cli.h"
#include "run.h"
#include "signals.h"
#include "text.h"
#include "verb.h"

#define WORKLOAD "run"
#define LINGER_MS                                                                                  \
	300 /* how long a dead task's memory may take to be freed before we stop waiting for it */
#define LINGER_STEP_MS 5
#define KEEPER_STEP_MS 200

/* Where the policy is, for a reader who does not know our directory. */
static char *absolute(const char *file)
{
	char *path = NULL, *here;

	if (!file || *file == '/' || *file == '<')
		return NULL;
	here = getcwd(NULL, 0);
	if (here && asprintf(&path, "%s/%s", here, file) < 0)
		path = NULL;
	free(here);
	return path;
}

static void event_print(const struct karmor_event *from, void *data)
{
	struct run *run = data;
	struct karmor_event event = *from;
	char *file;
	int r;

	if (!run->out)
		return;
	file = absolute(event.policy_file);
	if (file)
		event.policy_file = file;
	r = run->out_json ? karmor_event_print_json(&event, run->out)
			  : karmor_event_print_text(&event, run->out);
	free(file);
	if (r != -EIO)
		return;
	/* A reader that went away must not end the workload. */
	cli_tell(KARMOR_WARNING, "events cannot be written any more: %s", strerror(errno));
	run->out = NULL;
}

static const char help[] =
	"Usage: karmor run -p FILE|DIR... [OPTION...] -- COMMAND [ARG...]\n"
	"\n"
	"Runs COMMAND as a workload of its own under the policies that select it: enforced before\n"
	"its first instruction, for all its descendants, until the last of them is gone.\n"
	"\n"
	"  -p, --policy FILE|DIR   policies, at least one; may be repeated\n"
	"  -l, --labels k=v,...    the workload's labels; without it every policy selects it\n"
	"  -n, --namespace NAME    its namespace (default \"default\")\n"
	"      --backend NAME,...  auto (the default), bpf, apparmor or selinux; of several, what\n"
	"                          one does not keep exactly is kept by one after it\n"
	"      --posture LIST      file=block,network=audit,capabilities=audit: what an\n"
	"                          allow-list does to what no rule decides (default audit)\n"
	"      --audit             every Block becomes Audit: nothing is denied\n"
	"      --events FILE|-     events as JSON lines, appended to FILE, or to standard output\n"
	"      --json              events on standard error as JSON lines\n" CLI_HELP "\n"
	"Exit status: COMMAND's; 126 or 127 where it cannot be executed or found; 2 where\n"
	"enforcement could not be set up, or no policy selects it, and then COMMAND was not "
	"started.\n"
	"\n"
	"Example: karmor run -p examples/policies/protect-shadow.yaml -- cat /etc/shadow\n";

/* 0 to go on; 1 when all was told; -EINVAL for wrong use, told. */
static int parse(struct run *run, int argc, char *argv[])
{
	static const struct option options[] = {
		{ "policy", required_argument, NULL, 'p' },
		{ "backend", required_argument, NULL, 'b' },
		{ "posture", required_argument, NULL, 'P' },
		{ "labels", required_argument, NULL, 'l' },
		{ "namespace", required_argument, NULL, 'n' },
		{ "audit", no_argument, NULL, 'a' },
		{ "events", required_argument, NULL, 'e' },
		{ "json", no_argument, NULL, 'j' },
		CLI_OPTIONS,
		{ 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "+p:l:n:hV", options, NULL)) != -1) {
		if (cli_tells(c, help))
			return 1;
		switch (c) {
		case 'p':
			run->paths[run->n_paths++] = optarg;
			break;
		case 'b':
			run->backend = optarg;
			break;
		case 'P':
			run->posture = optarg;
			break;
		case 'l':
			run->labels = optarg;
			run->has_labels = true;
			break;
		case 'n':
			run->namespace_name = optarg;
			break;
		case 'a':
			run->audit = true;
			break;
		case 'e':
			run->events = optarg;
			break;
		case 'j':
			run->json = true;
			break;
		default:
			cli_fix("karmor run --help lists the options");
			return -EINVAL;
		}
	}
	run->command = argv + optind;
	if (run->n_paths && run->command[0])
		return 0;
	cli_wrong("%s", run->n_paths ? "no COMMAND given" : "at least one -p FILE is needed");
	cli_fix("karmor run -p POLICY.yaml -- COMMAND [ARG...]");
	return -EINVAL;
}

/* Host policies speak about what is in no workload: a command under karmor run is one. */
static void host_warn(const struct run *run)
{
	struct karmor_policy_info info = KARMOR_STRUCT(karmor_policy_info);

	for (size_t i = 0; karmor_policies_info(run->policies, i, &info) == 0; i++) {
		if (info.kind != KARMOR_HOST_POLICY)
			continue;
		text_print(stderr, info.file);
		fprintf(stderr,
			":%u: warning: host policy \"%s\" does not apply to a workload, skipped\n",
			info.line, info.name);
	}
}

/* What each policy asks for, where nothing that was given answers. */
static void selectors_print(const struct run *run)
{
	struct karmor_policy_info info = KARMOR_STRUCT(karmor_policy_info);

	for (size_t i = 0; karmor_policies_info(run->policies, i, &info) == 0; i++) {
		if (info.kind == KARMOR_HOST_POLICY)
			continue;
		text_print(stderr, info.file);
		fprintf(stderr, ":%u: note: \"%s\" selects ", info.line, info.name);
		text_print(stderr, *info.selector ? info.selector : "everything");
		if (info.kind == KARMOR_POLICY)
			fprintf(stderr, " in namespace \"%s\"", info.namespace_name);
		putc('\n', stderr);
	}
}

/* Nothing to enforce is a mistake: who meant it would not have come here. */
static int check_selected(const struct run *run)
{
	if (karmor_ruleset_policies(run->set))
		return 0;
	if (!karmor_policies_count(run->policies)) {
		cli_wrong("no policy is in what -p names, so the command was not started");
		cli_fix("name a policy file, or a directory with *.yaml, *.yml or *.json files");
	} else if (!run->has_labels) {
		cli_wrong("there are only host policies, so the command was not started");
		cli_fix("write them as kind KubeArmorPolicy, with \"selector\"");
	} else {
		cli_wrong("no policy selects labels \"%s\" in namespace \"%s\", so the command was "
			  "not started",
			  run->labels, run->namespace_name ? run->namespace_name : "default");
		selectors_print(run);
		cli_fix("give -l and -n what a policy asks for, or leave -l out: then every policy "
			"selects the command");
	}
	return -EINVAL;
}

static int load(struct run *run)
{
	struct karmor_subject subject =
		KARMOR_STRUCT(karmor_subject, .everything = !run->has_labels, .labels = run->labels,
			      .namespace_name = run->namespace_name, .posture = run->posture,
			      .audit_only = run->audit, .root = "/");
	int r = karmor_policies_new(&run->policies);

	if (r == 0)
		r = cli_load(run->paths, run->n_paths, run->policies, run->diag);
	if (r == 0)
		r = karmor_ruleset_new(run->policies, &subject, &run->set, run->diag);
	if (r < 0)
		return r;
	host_warn(run);
	return check_selected(run);
}

static int enforce(struct run *run)
{
	int r = run_check(run);

	if (r == 0)
		r = karmor_plan_open(run->plan, &run->engine, run->diag);
	if (r == 0)
		r = karmor_engine_apply(run->engine, karmor_plan_artifact(run->plan), run->diag);
	return r;
}

static int events_open(struct run *run)
{
	run->out = stderr;
	run->out_json = run->json;
	if (!run->events)
		return 0;
	run->out_json = true;
	run->out = strcmp(run->events, "-") == 0 ? stdout : fopen(run->events, "ae");
	if (run->out)
		return 0;
	cli_wrong("cannot open \"%s\": %s", run->events, strerror(errno));
	return -EIO;
}

/*
 * Whether the command has ended, and how. One that asked its parent to trace it has stopped
 * instead: it goes on untraced.
 */
static bool ended(pid_t pid, int *status)
{
	if (waitpid(pid, status, WNOHANG) == 0)
		return false;
	if (!WIFSTOPPED(*status))
		return true;
	ptrace(PTRACE_DETACH, pid, NULL, NULL);
	return false;
}

/* Delivers events until the command has ended; its status as a shell has it. */
static int follow(struct run *run, pid_t pid)
{
	struct pollfd fds[2] = { { .fd = run->signals, .events = POLLIN },
				 { .fd = karmor_engine_event_fd(run->engine), .events = POLLIN } };
	int status = EXIT_WRONG << 8;

	while (!ended(pid, &status)) {
		poll(fds, 2, -1);
		signals_forward(run->signals, pid);
		(void)!karmor_engine_read_events(run->engine, event_print, run);
	}
	(void)!karmor_engine_read_events(run->engine, event_print, run);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Waits until the workload has no task, at most @ms (negative: as long as it takes). */
static bool linger(struct run *run, int ms, int step)
{
	while (karmor_engine_tasks(run->engine, WORKLOAD) > 0) {
		if (ms >= 0 && (ms -= step) < 0)
			return false;
		usleep((useconds_t)step * 1000);
		(void)!karmor_engine_read_events(run->engine, event_print, run);
	}
	while (karmor_engine_read_events(run->engine, event_print, run) > 0)
		;
	return true;
}

/*
 * Descendants outlive the command: a process of our own stays until they are gone, and then cleans
 * up. It may be ended as any other: they stay enforced, and the next engine cleans up.
 */
static void keep(struct run *run)
{
	pid_t pid;
	int null;

	fflush(NULL);
	pid = fork();
	if (pid < 0)
		cli_tell(KARMOR_WARNING,
			 "cannot fork: %s; what the command left running stays enforced, and its "
			 "events are not told",
			 strerror(errno));
	if (pid > 0)
		run->engine = NULL; /* the keeper closes it */
	if (pid != 0)
		return;
	setsid();
	signal(SIGPIPE, SIG_IGN);
	sigprocmask(SIG_SETMASK, &run->mask, NULL);
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (!run->events || run->out == stdout)
		run->out = NULL;
	for (int fd = 0; fd < 3; fd++)
		dup2(null, fd);
	linger(run, -1, KEEPER_STEP_MS);
	karmor_engine_close(run->engine);
	_exit(0);
}

static int run_command(struct run *run)
{
	struct karmor_workload workload =
		KARMOR_STRUCT(karmor_workload, .name = WORKLOAD, .labels = run->labels,
			      .namespace_name = run->namespace_name, .mask = &run->mask);
	pid_t pid;
	int status;

	/* Where it is ignored, which is inherited, the command's status would be lost. */
	signal(SIGCHLD, SIG_DFL);
	run->signals = signals_open(&run->mask);
	if (run->signals < 0)
		return cli_wrong("cannot wait for signals: %s", strerror(-run->signals));
	if (karmor_engine_spawn(run->engine, &workload, run->command, &pid, run->diag) < 0)
		return EXIT_WRONG;
	cli_print_diag(run->diag);
	karmor_diag_clear(run->diag);
	status = follow(run, pid);
	if (!linger(run, LINGER_MS, LINGER_STEP_MS))
		keep(run);
	return status;
}

static void done(struct run *run)
{
	cli_print_diag(run->diag);
	karmor_engine_close(run->engine);
	karmor_plan_free(run->plan);
	for (size_t i = 0; i < run->n_caps; i++)
		karmor_caps_free(run->caps[i]);
	karmor_ruleset_free(run->set);
	karmor_policies_free(run->policies);
	karmor_diag_free(run->diag);
	if (run->signals >= 0)
		close(run->signals);
	if (run->out && run->out != stderr && run->out != stdout)
		fclose(run->out);
	free(run->paths);
}

static int run(struct run *run, int argc, char *argv[])
{
	int r = parse(run, argc, argv);

	if (r != 0)
		return r > 0 ? cli_finish(EXIT_YES) : EXIT_WRONG;
	if (events_open(run) < 0 || load(run) < 0 || run_choose(run) < 0 || enforce(run) < 0)
		return EXIT_WRONG;
	return run_command(run);
}

int verb_run(int argc, char *argv[])
{
	struct run all = { .diag = karmor_diag_new(),
			   .paths = calloc((size_t)argc, sizeof(*all.paths)),
			   .signals = -1 };
	int status = EXIT_WRONG;

	if (all.diag && all.paths)
		status = run(&all, argc, argv);
	else
		cli_wrong("out of memory");
	done(&all);
	return status;
}
