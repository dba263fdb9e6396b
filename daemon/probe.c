/* SPDX-License-Identifier: Apache-2.0 */
/*
 * karmor-probe: which enforcer is active on this node, as text and as JSON. It tests, by asking
 * each backend to try; it believes no list.
 */
#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <karmor/karmor.h>

#include "cli.h"
#include "config.h"
#include "dial.h"
#include "probe.h"
#include "text.h"
#include "verb.h"

#define LSM_LIST "/sys/kernel/security/lsm"
#define BACKENDS_MAX 8
#define NOT_BUILT "not built into this karmor"

static const char help[] =
	"Reports which enforcer is active on this node, by trying each.\n"
	"\n"
	"      --json              print one JSON object\n" CLI_HELP "\n"
	"Exit status: 0 an enforcer is ready; 1 none is; 2 wrong use or a fault.\n";

struct found {
	const char *name, *title;
	struct karmor_caps *caps; /* NULL: not built */
};

static const char *const state_names[] = {
	[KARMOR_READY] = "ready",
	[KARMOR_NOT_ACTIVE] = "not-active",
	[KARMOR_NOT_PERMITTED] = "not-permitted",
	[KARMOR_BROKEN] = "broken",
};

static const char *const fidelity_names[] = {
	[KARMOR_EXACT] = "exact",
	[KARMOR_APPROXIMATED] = "approximated",
	[KARMOR_UNSUPPORTED] = "unsupported",
};

static const char *found_state(const struct found *found)
{
	return found->caps ? state_names[karmor_caps_state(found->caps)] : "not-built";
}

static bool is_ready(const struct found *found)
{
	return found->caps && karmor_caps_state(found->caps) == KARMOR_READY;
}

/* The kernel's list without its newline; "" where it cannot be read. */
static void lsm_read(char *text, size_t size)
{
	FILE *file = fopen(LSM_LIST, "re");

	if (!file || !fgets(text, (int)size, file))
		text[0] = '\0';
	if (file)
		fclose(file);
	text[strcspn(text, "\n")] = '\0';
}

static const char *found_reason(const struct found *found)
{
	return found->caps ? karmor_caps_reason(found->caps) : NOT_BUILT;
}

static const char *found_fix(const struct found *found)
{
	return found->caps ? karmor_caps_fix(found->caps) : NULL;
}

static void print_row(const struct found *found, size_t n, size_t row, const char *feature)
{
	enum karmor_fidelity fidelity;

	printf("%-42s", feature);
	for (size_t i = 0; i < n; i++)
		if (found[i].caps &&
		    karmor_caps_feature(found[i].caps, row, &feature, &fidelity) == 0)
			printf(" %-13s", is_ready(&found[i]) ? fidelity_names[fidelity] : "-");
	putchar('\n');
}

/* What each keeps of the language, where one is ready: @active is. */
static void print_table(const struct found *found, size_t n, const struct found *active)
{
	const char *feature;
	enum karmor_fidelity fidelity;

	if (!active)
		return;
	printf("\n%-42s", "Feature");
	for (size_t i = 0; i < n; i++)
		if (found[i].caps)
			printf(" %-13s", found[i].title);
	putchar('\n');
	for (size_t row = 0; karmor_caps_feature(active->caps, row, &feature, &fidelity) == 0;
	     row++)
		print_row(found, n, row, feature);
}

static void print_backend(const struct found *found)
{
	const char *fix = found_fix(found), *state = found_state(found),
		   *told = is_ready(found) ? karmor_caps_summary(found->caps) : found_reason(found);
	int len;

	printf("  %-10s ", found->title);
	for (len = 0; state[len]; len++)
		putchar(state[len] == '-' ? ' ' : state[len]);
	printf("%*s%s", 15 - len, "", told ? told : "");
	if (fix)
		printf("; fix: %s", fix);
	putchar('\n');
}

/* What karmord says of itself; NULL where it does not run, or not for us. */
static json_t *daemon_ask(void)
{
	return access(CONFIG_SOCKET, F_OK) == 0
		       ? dial_call(CONFIG_SOCKET, "io.karmor.Status", NULL, NULL)
		       : NULL;
}

static long long daemon_number(const json_t *status, const char *name)
{
	return (long long)json_integer_value(json_object_get(status, name));
}

static void print_daemon(void)
{
	json_t *status = daemon_ask();

	if (status)
		printf("karmord: running (pid %lld), %lld workloads, %lld policies, generation "
		       "%lld\n",
		       daemon_number(status, "pid"), daemon_number(status, "workloads"),
		       daemon_number(status, "policies"), daemon_number(status, "generation"));
	else
		printf("karmord: not running\n");
	json_decref(status);
}

static int print_text(const struct found *found, size_t n, const struct found *active)
{
	struct utsname node;
	char lsm[512];

	if (uname(&node) < 0)
		return cli_wrong("cannot tell the node's name: %s", strerror(errno));
	lsm_read(lsm, sizeof(lsm));
	printf("Node %s: kernel %s, %s, lsm=%s\n", node.nodename, node.release, node.machine,
	       lsm[0] ? lsm : "(cannot be read)");
	printf("Active enforcer: %-10s (order: ", active ? active->title : "none");
	for (size_t i = 0; i < n; i++)
		printf("%s%s", i ? ", " : "", found[i].name);
	printf(")\n\n");
	for (size_t i = 0; i < n; i++)
		print_backend(&found[i]);
	print_table(found, n, active);
	print_daemon();
	return active ? EXIT_YES : EXIT_NO;
}

/* Takes @value, NULL where memory is out. */
static bool append(json_t *array, json_t *value)
{
	return value && json_array_append_new(array, value) == 0;
}

static json_t *features_json(const struct found *found)
{
	json_t *object = json_object();
	const char *name;
	enum karmor_fidelity fidelity;
	size_t row = 0;
	int r = 0;

	if (!is_ready(found))
		return object;
	while (object && r == 0 &&
	       (r = karmor_caps_feature(found->caps, row++, &name, &fidelity)) == 0)
		r = json_object_set_new(object, name, json_string(fidelity_names[fidelity]));
	if (r == -ENOENT)
		return object;
	json_decref(object);
	return NULL;
}

static json_t *backend_json(const struct found *found)
{
	return json_pack("{s:s, s:s, s:o, s:o, s:o}", "name", found->name, "state",
			 found_state(found), "reason", text_json(found_reason(found)), "fix",
			 text_json(found_fix(found)), "features", features_json(found));
}

/* Fills the three lists. */
static bool add_lists(json_t *lsms, json_t *order, json_t *backends, const struct found *found,
		      size_t n)
{
	char lsm[512], *rest = lsm, *word;
	bool good = lsms && order && backends;

	lsm_read(lsm, sizeof(lsm));
	while (good && (word = strsep(&rest, ",")))
		good = !*word || append(lsms, text_json(word));
	for (size_t i = 0; good && i < n; i++)
		good = append(order, text_json(found[i].name)) &&
		       append(backends, backend_json(&found[i]));
	return good;
}

static int print_json(const struct found *found, size_t n, const struct found *active)
{
	json_t *lsms = json_array(), *order = json_array(), *backends = json_array(), *object;
	struct utsname node;
	bool good;

	if (uname(&node) < 0)
		return cli_wrong("cannot tell the node's name: %s", strerror(errno));
	good = add_lists(lsms, order, backends, found, n);
	object = json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o?}", "node",
			   text_json(node.nodename), "kernel", text_json(node.release), "arch",
			   text_json(node.machine), "lsm", lsms, "active",
			   text_json(active ? active->name : NULL), "order", order, "backends",
			   backends, "daemon", daemon_ask());
	good = good && object;
	/* Where it cannot be written cli_finish() says so. */
	if (good)
		(void)!json_dumpf(object, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(object);
	if (!good)
		return cli_wrong("out of memory");
	return active ? EXIT_YES : EXIT_NO;
}

/* How many there are; -ENOMEM. */
static long probe_all(struct found *found, struct karmor_diag *diag)
{
	long n = 0;

	for (; cli_backends[n].name && n < BACKENDS_MAX; n++) {
		const struct karmor_backend *backend = karmor_backend_find(cli_backends[n].name);

		found[n].name = cli_backends[n].name;
		found[n].title = cli_backends[n].title;
		if (backend && karmor_caps_probe(backend, &found[n].caps, diag) < 0)
			return -ENOMEM;
	}
	return n;
}

static int report(bool json, struct karmor_diag *diag)
{
	struct found found[BACKENDS_MAX] = { 0 };
	const struct found *active = NULL;
	long n = probe_all(found, diag);
	int status;

	cli_print_diag(diag);
	for (long i = 0; i < n && !active; i++)
		active = is_ready(&found[i]) ? &found[i] : NULL;
	if (n < 0)
		status = cli_wrong("out of memory");
	else
		status = (json ? print_json : print_text)(found, (size_t)n, active);
	for (size_t i = 0; i < BACKENDS_MAX; i++)
		karmor_caps_free(found[i].caps);
	return status;
}

/* 0 to go on; 1 when all was told; -EINVAL for wrong use, told. */
static int parse(bool *json, int argc, char *argv[])
{
	static const struct option options[] = { { "json", no_argument, NULL, 'j' },
						 CLI_OPTIONS,
						 { 0 } };
	int option;

	while ((option = getopt_long(argc, argv, "hV", options, NULL)) != -1) {
		if (option == 'h')
			printf("Usage: %s [--json]\n\n", program_invocation_name);
		if (cli_tells(option, help))
			return 1;
		if (option != 'j') {
			cli_fix("%s --help lists the options", program_invocation_name);
			return -EINVAL;
		}
		*json = true;
	}
	if (optind == argc)
		return 0;
	cli_wrong("unexpected argument \"%s\"", argv[optind]);
	return -EINVAL;
}

int probe_main(int argc, char *argv[])
{
	struct karmor_diag *diag = karmor_diag_new();
	bool json = false;
	int r = parse(&json, argc, argv), status = EXIT_YES;

	if (r < 0)
		status = EXIT_WRONG;
	else if (r == 0)
		status = diag ? report(json, diag) : cli_wrong("out of memory");
	karmor_diag_free(diag);
	return cli_finish(status);
}
