/* SPDX-License-Identifier: Apache-2.0 */
/*
 * karmor start: becomes a program that is a workload of karmord's, as what a service manager starts
 * can be under every enforcer. Where tasks enter by themselves karmord says under what label; that
 * it was that one karmord looks at before the program's first instruction.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"
#include "dial.h"
#include "oci.h"
#include "scope.h"
#include "verb.h"

#define SEARCHED "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

static const char help[] =
	"Usage: karmor start --name NAME [OPTION...] [--] COMMAND [ARGUMENT...]\n"
	"\n"
	"Becomes COMMAND, under the policies of karmord that select a workload of that name,\n"
	"namespace and labels, as a unit of systemd can. Where that cannot be, COMMAND does not "
	"run.\n"
	"\n"
	"      --name NAME         the workload's, and its container's\n"
	"  -n, --namespace NAME    its namespace\n"
	"  -l, --labels LIST       its labels: app=web,tier=front\n" DIAL_HELP CLI_HELP "\n"
	"Exit status: COMMAND's; 2 it could not be started; SIGKILL where karmord ends it.\n"
	"\n"
	"Example: ExecStart=karmor start --name web -l app=web /usr/sbin/nginx -g 'daemon off;'\n";

struct start {
	const char *name, *namespace_name, *labels, *socket;
	char *program; /* a path without links; owned */
	char **command;
};

static bool is_program(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

static char *search(const char *name)
{
	const char *path = getenv("PATH");
	_cleanup_free_ char *copy = strdup(path ? path : SEARCHED);
	char *left = copy, *dir;

	while (left && (dir = strsep(&left, ":"))) {
		char full[PATH_MAX];

		if (*dir == '/' && snprintf(full, sizeof(full), "%s/%s", dir, name) < PATH_MAX &&
		    is_program(full))
			return realpath(full, NULL);
	}
	errno = ENOENT;
	return NULL;
}

static int find(struct start *start)
{
	const char *name = start->command[0];

	start->program = strchr(name, '/') ? realpath(name, NULL) : search(name);
	if (!start->program)
		return cli_wrong("cannot run %s: %s", name, strerror(errno));
	/* Before karmord is told of a program that can be none. */
	return is_program(start->program) ? 0
					  : cli_wrong("cannot run %s: %s", name, strerror(EACCES));
}

static json_t *call(const struct start *start, const char *method, json_t *more)
{
	json_t *workload =
		json_pack("{s:s, s:s, s:s?, s:s?}", "name", start->name, "container", start->name,
			  "namespace", start->namespace_name, "labels", start->labels);

	if (!workload || !more || json_object_update(workload, more) < 0) {
		json_decref(workload);
		workload = NULL;
	}
	json_decref(more);
	if (workload)
		return dial_call(start->socket, method, workload, NULL);
	cli_wrong("its name, labels or path cannot be told: not UTF-8, or memory is out");
	return NULL;
}

/* What our next execve leads to. 0 or a negative errno. */
static int label_write(const char *path, const char *text)
{
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CLOEXEC);
	size_t len = strlen(text);

	return fd >= 0 && write(fd, text, len) == (ssize_t)len ? 0 : -errno;
}

static int context_take(const char *label)
{
	char own[OCI_CONTEXT_MAX], context[OCI_CONTEXT_MAX];
	int r;

	oci_own_context(own);
	r = oci_context(own, label, context);
	if (r == -EACCES) {
		cli_wrong("SELinux's policy lets no workload have the type of \"%s\"", context);
		cli_fix("start it as unconfined_service_t, or unconfined_t: SELinuxContext=");
		return EXIT_WRONG;
	}
	if (r) {
		cli_wrong("cannot be started under \"%s\": the own context is \"%s\"", label, own);
		return EXIT_WRONG;
	}
	r = label_write("/proc/thread-self/attr/exec", context);
	return r == 0 ? EXIT_YES
		      : cli_wrong("cannot be started under \"%s\": %s", label, strerror(-r));
}

static int profile_take(const char *label)
{
	_cleanup_json_ json_t *text = json_sprintf("exec %s", label);
	int r = text ? label_write("/proc/thread-self/attr/apparmor/exec", json_string_value(text))
		     : -ENOMEM;

	if (r == -ENOENT)
		r = label_write("/proc/thread-self/attr/exec", json_string_value(text));
	return r == 0 ? EXIT_YES
		      : cli_wrong("cannot be started under \"%s\": %s", label, strerror(-r));
}

static int begin(const struct start *start)
{
	_cleanup_json_ json_t *prepared =
		call(start, "io.karmor.Prepare",
		     json_pack("{s:s, s:b}", "program", start->program, "noNewPrivileges",
			       prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1));
	_cleanup_json_ json_t *attached = NULL;
	const char *label = json_string_value(json_object_get(prepared, "label"));
	int status = EXIT_YES;

	if (!prepared)
		return EXIT_WRONG;
	attached = call(start, "io.karmor.Attach",
			json_pack("{s:i, s:b, s:b}", "pid", (int)getpid(), "atExec", 1, "must", 1));
	if (!attached)
		return EXIT_WRONG;
	/* Only SELinux's have colons. */
	if (label)
		status = strchr(label, ':') ? context_take(label) : profile_take(label);
	if (status != EXIT_YES)
		return status;
	execv(start->program, start->command);
	return cli_wrong("cannot run %s: %s", start->program, strerror(errno));
}

/* 0 to go on; 1 when all was told; -EINVAL for wrong use, told. */
static int parse(struct start *start, int argc, char *argv[])
{
	static const struct option options[] = { { "name", required_argument, NULL, 'N' },
						 { "namespace", required_argument, NULL, 'n' },
						 { "labels", required_argument, NULL, 'l' },
						 DIAL_OPTIONS,
						 CLI_OPTIONS,
						 { 0 } };
	int c;

	while ((c = getopt_long(argc, argv, "+n:l:hV", options, NULL)) != -1) {
		if (cli_tells(c, help))
			return 1;
		if (c == '?') {
			cli_fix("karmor start --help lists the options");
			return -EINVAL;
		}
		*(c == 'N'   ? &start->name
		  : c == 'n' ? &start->namespace_name
		  : c == 'l' ? &start->labels
			     : &start->socket) = optarg;
	}
	start->command = argv + optind;
	if (start->name && optind < argc)
		return 0;
	cli_wrong(start->name ? "which command?" : "what is the workload called?");
	cli_fix("karmor start --name NAME COMMAND");
	return -EINVAL;
}

int verb_start(int argc, char *argv[])
{
	struct start start = { 0 };
	int r = parse(&start, argc, argv), status;

	if (r != 0)
		return r > 0 ? cli_finish(EXIT_YES) : EXIT_WRONG;
	status = find(&start) == 0 ? begin(&start) : EXIT_WRONG;
	free(start.program);
	return status;
}
