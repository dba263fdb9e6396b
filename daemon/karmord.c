/* SPDX-License-Identifier: Apache-2.0 */
/*
 * karmord: options, signals, and what is wired to what. What a policy means and how it is enforced
 * is the library's.
 */
#include "karmord.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <grp.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>

#include "cli.h"
#include "durable.h"
#include "host.h"
#include "log.h"
#include "messages.h"
#include "metrics.h"
#include "notify.h"
#include "privileges.h"
#include "scope.h"
#include "units.h"
#include "verb.h"

#define WAIT_TRIES 20 /* SELinux waits ten seconds in each */

static const char help[] =
	"Usage: karmord [OPTION...]\n"
	"\n"
	"Keeps policies of files and of the control socket in force for the workloads of this\n"
	"node. What is enforced does not depend on it: it may end and be started again.\n"
	"\n"
	"      --config FILE       what to read instead of " CONFIG_FILE "\n"
	"      --check-config      tell whether it can be read, and end\n"
	"      --remove            take out what is enforced, and end\n" CLI_HELP "\n"
	"Exit status: 0 it was told to end, or all is well; 2 wrong use or a fault.\n";

struct options {
	const char *config;
	bool check, remove;
};

/* 0 to go on; 1 when all was told; -EINVAL for wrong use, told. */
static int parse(struct options *ret, int argc, char *argv[])
{
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "check-config", no_argument, NULL, 'k' },
		{ "remove", no_argument, NULL, 'r' },
		CLI_OPTIONS,
		{ 0 },
	};
	int c;

	*ret = (struct options){ .config = CONFIG_FILE };
	while ((c = getopt_long(argc, argv, "hV", options, NULL)) != -1) {
		if (cli_tells(c, help))
			return 1;
		switch (c) {
		case 'c':
			ret->config = optarg;
			break;
		case 'k':
			ret->check = true;
			break;
		case 'r':
			ret->remove = true;
			break;
		default:
			cli_fix("karmord --help lists the options");
			return -EINVAL;
		}
	}
	if (optind == argc)
		return 0;
	cli_wrong("unexpected argument \"%s\"", argv[optind]);
	return -EINVAL;
}

/* One daemon a runtime directory. */
static int lock_take(struct daemon *daemon)
{
	_cleanup_free_ char *path = NULL;
	int r = mkdir(daemon->config.runtime, 0755) < 0 && errno != EEXIST ? -errno : 0;

	if (r == 0 && asprintf(&path, "%s/karmord.lock", daemon->config.runtime) < 0) {
		path = NULL;
		r = -ENOMEM;
	}
	if (r == 0) {
		daemon->lock = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
		r = daemon->lock < 0 ? -errno : 0;
	}
	if (r == 0 && flock(daemon->lock, LOCK_EX | LOCK_NB) < 0)
		r = -errno;
	if (r == -EWOULDBLOCK)
		log_tell(LOG_FAULT, "another karmord runs, with \"%s\"; fix: end it first",
			 daemon->config.runtime);
	else if (r < 0)
		log_tell(LOG_FAULT, "cannot lock \"%s\": %s", daemon->config.runtime, strerror(-r));
	return r;
}

static bool differ(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) != 0 : a != b;
}

/* Takes what may change while it runs out of @new; the rest is told. */
static void config_exchange(struct config *config, struct config *new)
{
	struct config old = *config;

	if (strcmp(old.socket, new->socket) != 0 || strcmp(old.state, new->state) != 0 ||
	    strcmp(old.runtime, new->runtime) != 0 ||
	    strcmp(old.backends[0], new->backends[0]) != 0 ||
	    differ(old.event_file, new->event_file) || differ(old.metrics, new->metrics) ||
	    old.event_file_size != new->event_file_size ||
	    old.event_file_count != new->event_file_count ||
	    old.event_journal != new->event_journal || old.event_output != new->event_output)
		log_tell(LOG_CAUTION, "backends, socket, state, runtime, metrics and where events "
				      "go change when karmord is restarted");
	config->policies = new->policies;
	config->posture = new->posture;
	config->audit = new->audit;
	config->best_effort = new->best_effort;
	config->hook_starts = new->hook_starts;
	config->units = new->units;
	config->n_units = new->n_units;
	config->ways_back = new->ways_back;
	config->node_labels = new->node_labels;
	new->ways_back = old.ways_back;
	new->node_labels = old.node_labels;
	new->policies = old.policies;
	new->posture = old.posture;
	new->units = old.units;
	new->n_units = old.n_units;
	config_done(new);
}

static void reload(struct daemon *daemon)
{
	struct config config;
	_cleanup_json_ json_t *messages = json_array();

	notify_reloading();
	sinks_reopen(daemon->sinks);
	if (config_load(daemon->config_path, &config) < 0) {
		log_tell(LOG_FAULT, "the configuration stays as it was");
	} else {
		config_exchange(&daemon->config, &config);
		store_watch(&daemon->store);
		store_refresh(&daemon->store);
		node_keep(&daemon->node, daemon->config_path, messages);
		/* Postures and labels may be others, for the same policies. */
		host_relabel(&daemon->node);
		if (node_configure(&daemon->node, messages) < 0)
			messages_add(messages, KARMOR_WARNING, NULL, 0, "start those anew",
				     "workloads that run stay under postures and \"audit\" of "
				     "before, and those that start get the new ones");
		host_renew(&daemon->node, messages);
		(void)!units_sync(&daemon->node, messages);
		messages_log(messages);
	}
	log_tell(LOG_NEWS, "read anew, generation %llu",
		 (unsigned long long)daemon->node.generation);
	notify_send("READY=1");
}

static void on_signal(uint32_t events, void *data)
{
	struct daemon *daemon = data;
	struct signalfd_siginfo info;

	while (read(daemon->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGCHLD)
			node_on_children(&daemon->node);
		else if (info.ssi_signo == SIGHUP)
			reload(daemon);
		else
			loop_stop(daemon->loop);
	}
}

static int signals_watch(struct daemon *daemon)
{
	sigset_t set;

	/* Where it is ignored, which is inherited, nobody is told of children. */
	signal(SIGCHLD, SIG_DFL);
	/* Who reads our events may go, and a file may be as large as it can be. */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return -errno;
	daemon->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (daemon->signal_fd < 0)
		return -errno;
	return loop_add(daemon->loop, daemon->signal_fd, EPOLLIN, on_signal, daemon,
			&daemon->signals);
}

static void on_watchdog(uint32_t events, void *data)
{
	struct daemon *daemon = data;

	notify_send("WATCHDOG=1");
	loop_timer_set(daemon->watchdog, daemon->watchdog_ms);
}

static int watchdog_start(struct daemon *daemon)
{
	int r;

	daemon->watchdog_ms = notify_watchdog_ms();
	if (!daemon->watchdog_ms)
		return 0;
	r = loop_timer(daemon->loop, on_watchdog, daemon, &daemon->watchdog);
	if (r == 0)
		loop_timer_set(daemon->watchdog, daemon->watchdog_ms);
	return r;
}

static gid_t group_find(const char *name)
{
	const struct group *group = getgrnam(name);

	if (group)
		return group->gr_gid;
	log_tell(LOG_CAUTION,
		 "there is no group \"%s\": the socket is root's alone; fix: groupadd "
		 "--system %s",
		 name, name);
	return (gid_t)-1;
}

static int control_start(struct daemon *daemon)
{
	gid_t group = group_find(daemon->config.group);
	int fd = notify_socket(), r;

	if (fd == -1)
		fd = control_listen(daemon->config.socket, group);
	r = fd < 0 ? fd
		   : control_open(daemon->loop, fd, group, daemon->history, methods_call, daemon,
				  &daemon->control);
	if (r < 0)
		log_tell(LOG_FAULT, "cannot listen at \"%s\": %s", daemon->config.socket,
			 strerror(-r));
	return r;
}

static int node_start(struct daemon *daemon)
{
	_cleanup_json_ json_t *messages = json_array();
	int r = node_open(&daemon->node, &daemon->config, daemon->loop, daemon_event, daemon,
			  messages);

	if (r == 0)
		r = node_remember(&daemon->node, messages);
	if (r == 0)
		node_keep(&daemon->node, daemon->config_path, messages);
	messages_log(messages);
	return r;
}

/* Whether we are told to end, for up to a second. */
static bool is_ended(void)
{
	const struct timespec second = { .tv_sec = 1 };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	return sigtimedwait(&set, NULL, &second) > 0;
}

/* Nothing could be put in force, as where another program has SELinux's store of policies: what is
 * in force stays so meanwhile. 0; -ECANCELED: we are told to end. */
static int policies_wait(struct daemon *daemon)
{
	for (unsigned i = 0; i < WAIT_TRIES && daemon->store.is_refused &&
			     !compiled_artifact(&daemon->node.compiled);
	     i++) {
		if (i == 0)
			log_tell(LOG_NEWS, "waits until policies can be put in force");
		if (is_ended())
			return -ECANCELED;
		store_again(&daemon->store);
	}
	return 0;
}

/* Policies first, then those that were under others before: no access is without. */
static int policies_start(struct daemon *daemon)
{
	_cleanup_json_ json_t *messages = json_array();
	int r = store_open(&daemon->store, &daemon->node, daemon->loop);

	if (r == 0)
		r = policies_wait(daemon);
	if (r == 0 && !compiled_artifact(&daemon->node.compiled)) {
		const struct documents nothing = { 0 };

		r = node_apply(&daemon->node, &nothing, messages);
	}
	if (r == 0)
		node_adopt(&daemon->node, messages);
	if (r == 0)
		r = units_sync(&daemon->node, messages);
	messages_log(messages);
	return r;
}

/* Without a page there is less to see, and nothing less enforced. */
static void metrics_start(struct daemon *daemon)
{
	const char *address = daemon->config.metrics;
	int r = address ? http_open(daemon->loop, address, metrics_page, daemon, &daemon->http) : 0;

	if (r < 0)
		log_tell(LOG_CAUTION, "cannot serve metrics at %s: %s", address, strerror(-r));
}

/* A workload takes several descriptors, and the soft limit is for programs that select(2). */
static void files_allow(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		log_tell(LOG_NEWS, "cannot raise the limit of open files: %s", strerror(errno));
}

static int start(struct daemon *daemon)
{
	int r = lock_take(daemon);

	files_allow();
	if (r == 0)
		r = loop_new(&daemon->loop);
	if (r == 0)
		r = signals_watch(daemon);
	if (r == 0)
		r = history_new(&daemon->history);
	if (r == 0)
		r = sinks_open(&daemon->config, daemon->loop, &daemon->sinks);
	if (r == 0)
		r = node_start(daemon);
	if (r == 0)
		r = policies_start(daemon);
	if (r == 0)
		r = control_start(daemon);
	if (r == 0)
		r = watchdog_start(daemon);
	if (r == 0)
		metrics_start(daemon);
	if (r == 0)
		r = privileges_drop(daemon->node.names);
	return r;
}

static void done(struct daemon *daemon)
{
	http_close(daemon->http);
	control_close(daemon->control);
	if (daemon->loop) {
		if (daemon->store.node)
			store_close(&daemon->store);
		if (daemon->node.loop)
			node_close(&daemon->node);
		loop_remove(daemon->loop, daemon->signals);
		loop_remove(daemon->loop, daemon->watchdog);
	}
	sinks_close(daemon->sinks);
	history_free(daemon->history);
	loop_free(daemon->loop);
	scope_close(&daemon->signal_fd);
	scope_close(&daemon->lock);
	config_done(&daemon->config);
}

static int run(struct daemon *daemon)
{
	int r = start(daemon);

	if (r == -ECANCELED) {
		log_tell(LOG_NEWS, "ends before it has started; what is enforced stays so");
		return EXIT_YES;
	}
	if (r < 0) {
		log_tell(LOG_FAULT, "cannot start: %s", strerror(-r));
		return EXIT_WRONG;
	}
	log_tell(LOG_NEWS, "version %s is ready: %s, %zu policies, %zu workloads", karmor_version(),
		 daemon->node.title, karmor_policies_count(daemon->node.policies),
		 node_workloads(&daemon->node));
	notify_send("READY=1");
	r = loop_run(daemon->loop);
	notify_send("STOPPING=1");
	log_tell(LOG_NEWS, "ends; workloads stay under their rules");
	return r < 0 ? EXIT_WRONG : EXIT_YES;
}

static int take_out(struct daemon *daemon)
{
	_cleanup_json_ json_t *messages = json_array();
	int r = lock_take(daemon);

	if (r == 0)
		r = loop_new(&daemon->loop);
	if (r == 0)
		r = node_open(&daemon->node, &daemon->config, daemon->loop, daemon_event, daemon,
			      messages);
	if (r == 0)
		r = node_remove(&daemon->node, messages);
	messages_log(messages);
	if (r < 0)
		log_tell(LOG_FAULT, "cannot take out what is enforced: %s", strerror(-r));
	return r < 0 ? EXIT_WRONG : EXIT_YES;
}

int main(int argc, char *argv[])
{
	static char name[] = "karmord";
	struct daemon daemon = { .signal_fd = -1, .lock = -1 };
	struct options options;
	int r, status;

	program_invocation_name = name;
	r = parse(&options, argc, argv);
	if (r != 0)
		return r > 0 ? cli_finish(EXIT_YES) : EXIT_WRONG;
	daemon.config_path = options.config;
	if (config_load(options.config, &daemon.config) < 0)
		return EXIT_WRONG;
	if (options.check)
		status = EXIT_YES;
	else
		status = options.remove ? take_out(&daemon) : run(&daemon);
	done(&daemon);
	return status;
}
