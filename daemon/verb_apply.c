/* SPDX-License-Identifier: Apache-2.0 */
/*
 * karmor apply and karmor delete: policies over karmord's socket, which keeps them.
 */
#include <errno.h>
#include <getopt.h>
#include <string.h>
#include <sys/stat.h>

#include "cli.h"
#include "dial.h"
#include "document.h"
#include "durable.h"
#include "messages.h"
#include "scope.h"
#include "verb.h"

static const char apply_help[] =
	"Usage: karmor apply -f FILE|DIR... [OPTION...]\n"
	"\n"
	"Puts policies in force on this node, in place of those of their names, and keeps them. "
	"Of\n"
	"a file all policies are, or none.\n"
	"\n"
	"  -f, --filename FILE|DIR policies; - is standard input; may be repeated\n"
	"      --force             also host policies that deny a way back into the "
	"node\n" DIAL_HELP CLI_HELP "\n"
	"Exit status: 0 all are in force; 2 wrong use or a fault: what a file was before is in "
	"force.\n"
	"\n"
	"Example: karmor apply -f examples/policies/protect-shadow.yaml\n";

static const char delete_help[] =
	"Usage: karmor delete KIND NAME... [OPTION...]\n"
	"       karmor delete KIND/NAME [OPTION...]\n"
	"       karmor delete -f FILE|DIR... [OPTION...]\n"
	"\n"
	"Takes policies out of force that karmor apply put there. KIND is KubeArmorPolicy (ksp),\n"
	"KubeArmorClusterPolicy (csp) or KubeArmorHostPolicy (hsp).\n"
	"\n"
	"  -f, --filename FILE|DIR those of these files, by their names; may be repeated\n"
	"  -n, --namespace NAME    the policy's namespace (default \"default\")\n" DIAL_HELP
		CLI_HELP "\n"
	"Exit status: 0 they are gone; 1 one was not there; 2 wrong use or a fault.\n"
	"\n"
	"Example: karmor delete ksp protect-shadow\n";

struct asked {
	const char *help, **files, *namespace_name, *socket;
	size_t n_files;
	bool force;
};

enum {
	FORCE = 1024, /* an option without a letter */
};

/* 0 to go on; 1 when all was told; -EINVAL for wrong use, told. */
static int parse(struct asked *asked, const char *letters, int argc, char *argv[])
{
	static const struct option options[] = {
		{ "filename", required_argument, NULL, 'f' },
		{ "namespace", required_argument, NULL, 'n' },
		{ "force", no_argument, NULL, FORCE },
		DIAL_OPTIONS,
		CLI_OPTIONS,
		{ 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, letters, options, NULL)) != -1) {
		if (cli_tells(c, asked->help))
			return 1;
		switch (c) {
		case 'f':
			asked->files[asked->n_files++] = optarg;
			break;
		case 'n':
			asked->namespace_name = optarg;
			break;
		case DIAL_SOCKET:
			asked->socket = optarg;
			break;
		case FORCE:
			asked->force = true;
			break;
		default:
			cli_fix("%s --help lists the options", program_invocation_name);
			return -EINVAL;
		}
	}
	return 0;
}

static void print_change(const char *kind, const char *name, const char *change)
{
	for (; *kind; kind++)
		putchar(*kind | 0x20);
	printf("/%s %s\n", name, change);
}

static int apply_text(const struct asked *asked, const char *name, const char *text, size_t len)
{
	_cleanup_json_ json_t *answer = NULL;
	json_t *parameters = json_pack("{s:s, s:s%, s:b}", "name", name, "text", text, len, "force",
				       asked->force),
	       *each;
	size_t i;

	if (!parameters)
		return cli_wrong("\"%s\" is no UTF-8 text", name);
	answer = dial_call(asked->socket, "io.karmor.Apply", parameters, NULL);
	if (!answer)
		return EXIT_WRONG;
	messages_print(json_object_get(answer, "messages"));
	json_array_foreach(json_object_get(answer, "changes"), i, each)
	{
		print_change(json_string_value(json_object_get(each, "kind")),
			     json_string_value(json_object_get(each, "name")),
			     json_string_value(json_object_get(each, "change")));
	}
	return EXIT_YES;
}

static int apply_file(const struct asked *asked, const char *dir, const char *name)
{
	_cleanup_free_ char *text = NULL, *shown = NULL;
	size_t len;
	int r = durable_slurp(dir ? dir : ".", name, &text, &len);

	if (asprintf(&shown, "%s%s%s", dir ? dir : "", dir ? "/" : "", name) < 0)
		return cli_wrong("out of memory");
	if (r < 0)
		return cli_wrong("cannot read \"%s\": %s", shown, strerror(-r));
	return apply_text(asked, shown, text, len);
}

static int apply_directory(const struct asked *asked, const char *dir)
{
	char **names;
	int r = durable_names(dir, &names), status = EXIT_YES;

	if (r < 0)
		return cli_wrong("cannot read \"%s\": %s", dir, strerror(-r));
	for (size_t i = 0; names[i]; i++)
		if (apply_file(asked, dir, names[i]) != EXIT_YES)
			status = EXIT_WRONG;
	durable_names_free(names);
	return status;
}

static int apply_input(const struct asked *asked)
{
	_cleanup_free_ char *text = NULL;
	size_t size, n;
	FILE *all = open_memstream(&text, &size);
	char buffer[16384];

	while (all && (n = fread(buffer, 1, sizeof(buffer), stdin)) && ftell(all) < DURABLE_MAX)
		fwrite(buffer, 1, n, all);
	if (!all || fclose(all) != 0)
		return cli_wrong("out of memory");
	return apply_text(asked, "<stdin>", text, size);
}

static int apply_one(const struct asked *asked, const char *path)
{
	struct stat st;

	if (strcmp(path, "-") == 0)
		return apply_input(asked);
	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return apply_directory(asked, path);
	return apply_file(asked, NULL, path);
}

static int apply(struct asked *asked, int argc, char *argv[])
{
	int r = parse(asked, "f:hV", argc, argv), status = EXIT_YES;

	if (r != 0)
		return r > 0 ? cli_finish(EXIT_YES) : EXIT_WRONG;
	if (optind < argc || !asked->n_files) {
		if (optind < argc)
			cli_wrong("unexpected argument \"%s\"", argv[optind]);
		else
			cli_wrong("at least one -f FILE is needed");
		return cli_fix("karmor apply -f POLICY.yaml");
	}
	for (size_t i = 0; i < asked->n_files; i++)
		if (apply_one(asked, asked->files[i]) != EXIT_YES)
			status = EXIT_WRONG;
	return cli_finish(status);
}

/* EXIT_NO where it was not there. */
static int delete_one(const struct asked *asked, enum karmor_kind kind, const char *namespace_name,
		      const char *name)
{
	_cleanup_free_ char *error = NULL;
	_cleanup_json_ json_t *answer =
		dial_call(asked->socket, "io.karmor.Delete",
			  json_pack("{s:s, s:s, s:s}", "kind", document_kind_name(kind),
				    "namespace", namespace_name, "name", name),
			  &error);

	if (!answer && error && strcmp(error, "io.karmor.NotFound") == 0) {
		cli_fix("karmor get policies tells the namespaces of those that there are");
		return EXIT_NO;
	}
	if (!answer)
		return EXIT_WRONG;
	print_change(document_kind_name(kind), name, "deleted");
	return EXIT_YES;
}

static int delete_files(const struct asked *asked)
{
	struct karmor_policy_info info = KARMOR_STRUCT(karmor_policy_info);
	struct karmor_diag *diag = karmor_diag_new();
	struct karmor_policies *policies = NULL;
	int status = EXIT_YES, r = diag ? karmor_policies_new(&policies) : -ENOMEM;

	if (r == 0)
		r = cli_load(asked->files, asked->n_files, policies, diag);
	cli_print_diag(diag);
	if (r < 0)
		status = EXIT_WRONG;
	for (size_t i = 0; r == 0 && karmor_policies_info(policies, i, &info) == 0; i++) {
		int each = delete_one(asked, info.kind, info.namespace_name, info.name);

		status = each > status ? each : status;
	}
	karmor_policies_free(policies);
	karmor_diag_free(diag);
	return status;
}

static int delete_named(const struct asked *asked, const char *kind_word, char *const names[],
			size_t n)
{
	int status = EXIT_YES;
	enum karmor_kind kind;

	if (document_kind_typed(kind_word, &kind) < 0) {
		cli_wrong("unknown kind \"%s\"", kind_word);
		return cli_fix("KubeArmorPolicy, KubeArmorClusterPolicy or KubeArmorHostPolicy");
	}
	for (size_t i = 0; i < n; i++) {
		int each = delete_one(asked, kind,
				      asked->namespace_name ? asked->namespace_name : "default",
				      names[i]);

		status = each > status ? each : status;
	}
	return status;
}

static int delete (struct asked *asked, int argc, char *argv[])
{
	int r = parse(asked, "f:n:hV", argc, argv);
	char *name;

	if (r != 0)
		return r > 0 ? cli_finish(EXIT_YES) : EXIT_WRONG;
	if (asked->force)
		return cli_wrong("--force is for karmor apply");
	if (asked->n_files && optind == argc)
		return cli_finish(delete_files(asked));
	/* KIND/NAME, as apply prints it. */
	name = optind + 1 == argc ? strchr(argv[optind], '/') : NULL;
	if (asked->n_files || (!name && optind + 2 > argc)) {
		cli_wrong(asked->n_files ? "a KIND and -f are one too many"
					 : "which KIND, and which NAME?");
		return cli_fix(
			"karmor delete KubeArmorPolicy NAME, or karmor delete -f POLICY.yaml");
	}
	if (!name)
		return cli_finish(delete_named(asked, argv[optind], argv + optind + 1,
					       (size_t)(argc - optind) - 1));
	*name++ = '\0';
	return cli_finish(delete_named(asked, argv[optind], &name, 1));
}

static int run(const char *help, int (*fn)(struct asked *asked, int argc, char *argv[]), int argc,
	       char *argv[])
{
	struct asked asked = { .help = help, .files = calloc((size_t)argc, sizeof(*asked.files)) };
	int status = asked.files ? fn(&asked, argc, argv) : cli_wrong("out of memory");

	free(asked.files);
	return status;
}

int verb_apply(int argc, char *argv[])
{
	return run(apply_help, apply, argc, argv);
}

int verb_delete(int argc, char *argv[])
{
	return run(delete_help, delete, argc, argv);
}
