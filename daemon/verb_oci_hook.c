/* SPDX-License-Identifier: Apache-2.0 */
/*
 * karmor oci-hook: what a container runtime calls, with the container's state on standard input.
 *
 * Before, at precreate, there is the bundle's configuration alone. Where the backend's tasks enter
 * by themselves karmord tells what the runtime must start the first one under.
 *
 * At createRuntime the container's first task is there and has not become the container's program:
 * karmord puts it under the policies that select the container. Where that cannot be, the container
 * is not started, but where the configuration says otherwise.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "config.h"
#include "dial.h"
#include "durable.h"
#include "oci.h"
#include "scope.h"
#include "verb.h"

#define STATE_MAX (1u << 20)

static const char help[] =
	"Usage: karmor oci-hook precreate|createRuntime|poststop [OPTION...]\n"
	"\n"
	"For container runtimes: takes the container's state from standard input and puts its "
	"first\n"
	"task under the policies that select it (createRuntime), or forgets it (poststop).\n"
	"For container engines, before (precreate): takes the bundle's config.json from standard\n"
	"input, and prints it with the AppArmor profile or the context of SELinux that it needs,\n"
	"where it needs one.\n"
	"\n"
	"      --id ID             the container's, for precreate; instead of the last word of a\n"
	"                          linux.cgroupsPath like \"SLICE:PREFIX:ID\"\n"
	"      --config FILE       karmord's, instead of " CONFIG_FILE "\n" CLI_HELP "\n"
	"Exit status: 0 it is done, or hookFailure is \"start\"; 2 a fault: the container must "
	"not\n"
	"start.\n";

struct hook {
	const char *config_path, *id;
	int (*run)(const struct hook *hook, json_t *state);
	struct config config;
};

static json_t *state_read(void)
{
	char *text = malloc(STATE_MAX);
	size_t len = text ? fread(text, 1, STATE_MAX, stdin) : 0;
	json_error_t error;
	json_t *state = len && len < STATE_MAX
				? json_loadb(text, len, JSON_REJECT_DUPLICATES, &error)
				: NULL;

	free(text);
	if (json_is_object(state))
		return state;
	json_decref(state);
	cli_wrong("standard input is no state or configuration of a container, one JSON object");
	return NULL;
}

/* The bundle's config.json; an empty object where it cannot be had, which is told. */
static json_t *bundle_read(const json_t *state)
{
	const char *bundle = json_string_value(json_object_get(state, "bundle"));
	_cleanup_free_ char *text = NULL;
	json_t *config = NULL;
	size_t len;
	int r = bundle ? durable_slurp(bundle, "config.json", &text, &len) : -ENOENT;

	if (r == 0)
		config = json_loadb(text, len, 0, NULL);
	if (json_is_object(config))
		return config;
	json_decref(config);
	cli_tell(KARMOR_WARNING, "cannot read the bundle's config.json: annotations are those of "
				 "the state");
	return json_object();
}

static int create(const struct hook *hook, json_t *state)
{
	_cleanup_json_ json_t *config = bundle_read(state), *answer = NULL;
	json_t *workload = oci_workload(state, config);

	if (!json_object_get(workload, "pid")) {
		json_decref(workload);
		return cli_wrong("the state has no \"id\" and \"pid\" of a container that is "
				 "created");
	}
	answer = dial_call(hook->config.socket, "io.karmor.Attach", workload, NULL);
	return answer ? EXIT_YES : EXIT_WRONG;
}

static int stop(const struct hook *hook, json_t *state)
{
	const char *id = json_string_value(json_object_get(state, "id"));
	_cleanup_free_ char *error = NULL;
	_cleanup_json_ json_t *answer = NULL;

	if (!id)
		return cli_wrong("the state has no \"id\"");
	answer = dial_call(hook->config.socket, "io.karmor.Detach", json_pack("{s:s}", "name", id),
			   &error);
	/* Its last task may have been noticed before. */
	return answer || (error && strcmp(error, "io.karmor.NotFound") == 0) ? EXIT_YES
									     : EXIT_WRONG;
}

static json_t *ahead_of(const struct hook *hook, const json_t *config)
{
	const char *id = hook->id ? hook->id : oci_bundle_id(config);
	_cleanup_json_ json_t *state = json_pack("{s:s?}", "id", id);
	_cleanup_free_ char *root = oci_bundle_root(config);
	_cleanup_free_ char *program = root ? oci_bundle_program(config, root) : NULL;
	json_t *workload = oci_workload(state, config);

	if (!workload) {
		cli_wrong("the configuration does not say the container's id");
		cli_fix("karmor oci-hook precreate --id ID");
		return NULL;
	}
	if (root)
		json_object_set_new(workload, "root", json_string(root));
	else
		cli_tell(KARMOR_WARNING,
			 "the container's root is not there: names are looked up in "
			 "it later; is this the bundle's directory?");
	if (program)
		json_object_set_new(workload, "program", json_string(program));
	json_object_set_new(workload, "noNewPrivileges",
			    json_boolean(oci_bundle_no_new_privs(config)));
	return workload;
}

static int context_set(json_t *config, const char *label)
{
	char context[OCI_CONTEXT_MAX];
	int r = oci_bundle_context(config, label, context);

	if (r == 0)
		return EXIT_YES;
	if (r == -ENOMEM)
		return cli_wrong("out of memory");
	if (r == -EINVAL)
		return cli_wrong("the configuration has no \"process\", or its selinuxLabel is "
				 "no context");
	cli_wrong("SELinux's policy lets no workload have the type of \"%s\"", context);
	cli_fix("have the engine start it as container_t, or as another type of containers");
	return EXIT_WRONG;
}

/* Only SELinux's have colons. */
static int label_set(json_t *config, const char *label)
{
	if (strchr(label, ':'))
		return context_set(config, label);
	return oci_bundle_label(config, label) == 0
		       ? EXIT_YES
		       : cli_wrong("the configuration has no \"process\"");
}

/* What was prepared will not be started. */
static void forget(const struct hook *hook, const char *name)
{
	_cleanup_free_ char *error = NULL;

	json_decref(dial_call(hook->config.socket, "io.karmor.Detach",
			      json_pack("{s:s?}", "name", name), &error));
}

/* The state is the configuration here, which is printed. */
static int precreate(const struct hook *hook, json_t *config)
{
	json_t *workload = ahead_of(hook, config);
	_cleanup_free_ char *name =
		workload ? strdup(json_string_value(json_object_get(workload, "name"))) : NULL;
	_cleanup_json_ json_t *answer =
		workload ? dial_call(hook->config.socket, "io.karmor.Prepare", workload, NULL)
			 : NULL;
	const char *label = json_string_value(json_object_get(answer, "label"));
	int status = answer ? EXIT_YES : EXIT_WRONG;

	if (status == EXIT_YES && label)
		status = label_set(config, label);
	if (answer && status != EXIT_YES)
		forget(hook, name);
	if (status == EXIT_YES || hook->config.hook_starts)
		json_dumpf(config, stdout, JSON_COMPACT);
	return fflush(stdout) == 0 && !ferror(stdout)
		       ? status
		       : cli_wrong("cannot write: %s", strerror(errno));
}

static const struct {
	const char *name;
	int (*run)(const struct hook *hook, json_t *state);
} stages[] = {
	{ "precreate", precreate },
	{ "createRuntime", create },
	{ "poststop", stop },
};

/* 0 to go on; 1 when all was told; -EINVAL for wrong use, told. */
static int parse(struct hook *hook, int argc, char *argv[])
{
	static const struct option options[] = { { "config", required_argument, NULL, 'c' },
						 { "id", required_argument, NULL, 'i' },
						 CLI_OPTIONS,
						 { 0 } };
	int c;

	hook->config_path = CONFIG_FILE;
	while ((c = getopt_long(argc, argv, "hV", options, NULL)) != -1) {
		if (cli_tells(c, help))
			return 1;
		if (c != 'c' && c != 'i') {
			cli_fix("karmor oci-hook --help lists the options");
			return -EINVAL;
		}
		*(c == 'c' ? &hook->config_path : &hook->id) = optarg;
	}
	for (size_t i = 0; optind + 1 == argc && i < ARRAY_SIZE(stages); i++)
		if (strcmp(argv[optind], stages[i].name) == 0) {
			hook->run = stages[i].run;
			return 0;
		}
	cli_wrong("which stage?");
	cli_fix("karmor oci-hook precreate, createRuntime or poststop");
	return -EINVAL;
}

static int run(const struct hook *hook)
{
	_cleanup_json_ json_t *state = state_read();
	int status;

	if (!state)
		return EXIT_WRONG;
	status = hook->run(hook, state);
	if (status == EXIT_YES || !hook->config.hook_starts)
		return status;
	cli_tell(KARMOR_WARNING, "the container starts without enforcement: hookFailure is "
				 "\"start\"");
	return EXIT_YES;
}

int verb_oci_hook(int argc, char *argv[])
{
	struct hook hook = { 0 };
	int r = parse(&hook, argc, argv), status;

	if (r != 0)
		return r > 0 ? cli_finish(EXIT_YES) : EXIT_WRONG;
	if (config_load(hook.config_path, &hook.config) < 0)
		return EXIT_WRONG;
	status = run(&hook);
	config_done(&hook.config);
	return status;
}
