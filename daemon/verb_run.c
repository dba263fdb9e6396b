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
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <karmor/karmor.h>

#include "cli.h"
#include "verb.h"

#define WORKLOAD "run"
#define LINGER_MS                                                                                  \
	300 /* how long a dead task's memory may take to be freed before we stop waiting for it */
#define LINGER_STEP_MS 5
#define KEEPER_STEP_MS 200

struct run {
	const char **paths; /* of -p; n_paths */
	size_t n_paths;
	const char *backend, *posture, *labels, *namespace_name, *events;
	bool audit, json, has_labels, help;
	char **command;

	const struct karmor_backend *chosen;
	struct karmor_diag *diag;
	struct karmor_policies *policies;
	struct karmor_ruleset *set;
	struct karmor_caps *caps;
	struct karmor_artifact *artifact;
	struct karmor_report *report;
	struct karmor_engine *engine;
	FILE *out; /* where events go */
	bool out_json;
};

static void event_print(const struct karmor_event *event, void *data)
{
	struct run *run = data;
	int r;

	if (!run->out)
		return;
	r = run->out_json ? karmor_event_print_json(event, run->out)
			  : karmor_event_print_text(event, run->out);
	if (r < 0)
		run->out = NULL; /* a reader that went away must not end the workload */
}

static int help(void)
{
	puts("Usage: karmor run -p FILE|DIR... [OPTION...] -- COMMAND [ARG...]\n"
	     "\n"
	     "Runs COMMAND as a workload of its own under the policies that select it: enforced "
	     "before\n"
	     "its first instruction, for all its descendants, until the last of them is gone.\n"
	     "\n"
	     "  -p, --policy FILE|DIR   policies, at least one; may be repeated\n"
	     "  -l, --labels k=v,...    the workload's labels; without it every policy selects it\n"
	     "  -n, --namespace NAME    its namespace (default \"default\")\n"
	     "      --backend NAME      auto (the default), bpf, apparmor or selinux\n"
	     "      --posture LIST      file=block,network=audit,capabilities=audit: what an\n"
	     "                          allow-list does to what no rule decides (default audit)\n"
	     "      --audit             every Block becomes Audit: nothing is denied\n"
	     "      --events FILE|-     events as JSON lines, appended to FILE, or to standard "
	     "output\n"
	     "      --json              events on standard error as JSON lines\n"
	     "  -h, --help              print this\n"
	     "\n"
	     "Exit status: COMMAND's; 126 or 127 where it cannot be executed or found; 2 where\n"
	     "enforcement could not be set up, and then COMMAND was not started.\n"
	     "\n"
	     "Example: karmor run -p examples/policies/protect-shadow.yaml -- cat /etc/shadow");
	return EXIT_YES;
}

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
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "+p:l:n:h", options, NULL)) != -1) {
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
		case 'h':
			run->help = true;
			return 0;
		default:
			return -EINVAL;
		}
	}
	run->command = argv + optind;
	if (run->n_paths && run->command[0])
		return 0;
	cli_wrong("%s", run->n_paths ? "no COMMAND given" : "at least one -p FILE is needed");
	fprintf(stderr, "  fix: karmor run -p POLICY.yaml -- COMMAND [ARG...]\n");
	return -EINVAL;
}

/* Host policies speak about what is in no workload: a command under karmor run is one. */
static void host_warn(const struct run *run)
{
	struct karmor_policy_info info = KARMOR_STRUCT(karmor_policy_info);

	for (size_t i = 0; karmor_policies_info(run->policies, i, &info) == 0; i++)
		if (info.kind == KARMOR_HOST_POLICY)
			fprintf(stderr,
				"%s:%u: warning: host policy \"%s\" does not apply to a workload, "
				"skipped\n",
				info.file, info.line, info.name);
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
	if (r == 0)
		host_warn(run);
	return r;
}

/* The first backend that is ready, or the one that was asked for. */
static int choose(struct run *run)
{
	const struct karmor_backend *backend;
	bool any = !run->backend || strcmp(run->backend, "auto") == 0;
	int r;

	if (!any && !karmor_backend_find(run->backend)) {
		fprintf(stderr, "karmor run: no backend \"%s\" was built\n  fix: --backend auto\n",
			run->backend);
		return -EINVAL;
	}
	for (size_t i = 0; (backend = karmor_backend_at(i)); i++) {
		if (any ? !karmor_backend_enforces(backend)
			: strcmp(karmor_backend_name(backend), run->backend) != 0)
			continue;
		r = karmor_caps_probe(backend, &run->caps, run->diag);
		if (r < 0)
			return r;
		run->chosen = backend;
		if (karmor_caps_state(run->caps) == KARMOR_READY)
			return 0;
		fprintf(stderr, "karmor run: %s is not usable here: %s\n",
			karmor_backend_title(backend), karmor_caps_reason(run->caps));
		if (karmor_caps_fix(run->caps))
			fprintf(stderr, "  fix: %s\n", karmor_caps_fix(run->caps));
		karmor_caps_free(run->caps);
		run->caps = NULL;
	}
	fprintf(stderr, "karmor run: no enforcer is usable, so the command was not started\n");
	return -EOPNOTSUPP;
}

/* A rule that cannot be kept stops the run; one that is kept nearly is told in one line. */
static int report_check(const struct run *run)
{
	struct karmor_report_line line = KARMOR_STRUCT(karmor_report_line);
	size_t approximated = 0;
	int r = 0;

	for (size_t i = 0; karmor_report_at(run->report, i, &line) == 0; i++) {
		if (line.fidelity == KARMOR_APPROXIMATED)
			approximated++;
		if (line.fidelity != KARMOR_UNSUPPORTED)
			continue;
		fprintf(stderr, "%s:%u: %s: %s is not supported here: %s\n",
			line.file ? line.file : "?", line.line,
			line.enforcing ? "error" : "warning", line.rule,
			line.reason ? line.reason : "");
		if (line.enforcing)
			r = -EOPNOTSUPP;
	}
	if (approximated)
		fprintf(stderr,
			"karmor run: note: %zu rule%s kept approximately; "
			"karmor check --backend %s says how\n",
			approximated, approximated == 1 ? " is" : "s are",
			karmor_backend_name(run->chosen));
	return r;
}

static int enforce(struct run *run)
{
	const struct karmor_ruleset *sets[] = { run->set };
	int r = karmor_compile(sets, 1, run->caps, &run->artifact, &run->report, run->diag);

	if (r == 0)
		r = report_check(run);
	if (r == 0)
		r = karmor_engine_open(run->chosen, &run->engine, run->diag);
	if (r == 0)
		r = karmor_engine_apply(run->engine, run->artifact, run->diag);
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
	fprintf(stderr, "karmor run: cannot open \"%s\": %s\n", run->events, strerror(errno));
	return -errno;
}

static int signals_open(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGQUIT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return -errno;
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* What the terminal sends reaches the command by itself; what was sent to us alone is passed on. */
static void signals_read(int fd, pid_t pid)
{
	struct signalfd_siginfo info;

	while (read(fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
		if (info.ssi_signo == SIGTERM || info.ssi_signo == SIGHUP ||
		    (info.ssi_signo != SIGCHLD && info.ssi_code == SI_USER))
			kill(pid, (int)info.ssi_signo);
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
	struct pollfd fds[2] = { { .fd = signals_open(), .events = POLLIN },
				 { .fd = karmor_engine_event_fd(run->engine), .events = POLLIN } };
	int status = EXIT_WRONG << 8;

	while (!ended(pid, &status)) {
		poll(fds, 2, fds[0].fd < 0 ? LINGER_STEP_MS : -1);
		signals_read(fds[0].fd, pid);
		(void)!karmor_engine_read_events(run->engine, event_print, run);
	}
	(void)!karmor_engine_read_events(run->engine, event_print, run);
	if (fds[0].fd >= 0)
		close(fds[0].fd);
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
	(void)!karmor_engine_read_events(run->engine, event_print, run);
	return true;
}

/* Descendants outlive the command: a process of our own stays until they are gone, and then cleans
 * up. */
static void keep(struct run *run)
{
	int null;

	fflush(NULL);
	if (fork() != 0) {
		run->engine = NULL; /* the keeper closes it */
		return;
	}
	setsid();
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
			      .namespace_name = run->namespace_name);
	pid_t pid;
	int status;

	/* Where it is ignored, which is inherited, the command's status would be lost. */
	signal(SIGCHLD, SIG_DFL);
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
	karmor_artifact_free(run->artifact);
	karmor_report_free(run->report);
	karmor_caps_free(run->caps);
	karmor_ruleset_free(run->set);
	karmor_policies_free(run->policies);
	karmor_diag_free(run->diag);
	if (run->out && run->out != stderr && run->out != stdout)
		fclose(run->out);
	free(run->paths);
}

int verb_run(int argc, char *argv[])
{
	struct run run = { .diag = karmor_diag_new(),
			   .paths = calloc((size_t)argc, sizeof(*run.paths)) };
	int status = EXIT_WRONG;

	if (!run.diag || !run.paths || parse(&run, argc, argv) < 0)
		goto out;
	if (run.help)
		status = help();
	else if (events_open(&run) == 0 && load(&run) == 0 && choose(&run) == 0 &&
		 enforce(&run) == 0)
		status = run_command(&run);
out:
	done(&run);
	return status;
}
