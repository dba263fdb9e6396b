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

#include <karmor/karmor.h>

#include "probe.h"

#define LSM_LIST "/sys/kernel/security/lsm"
#define BACKENDS_MAX 8
#define EXIT_FAULT 2

/* What programs.md promises, whether it was built here or not. */
static const struct {
	const char *name, *title;
} known[] = { { "bpf", "BPF-LSM" }, { "apparmor", "AppArmor" }, { "selinux", "SELinux" } };

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

static void print_table(const struct found *found, size_t n)
{
	const char *name;
	enum karmor_fidelity fidelity;
	size_t first = 0;

	while (first < n && !found[first].caps)
		first++;
	if (first == n)
		return;
	printf("\n%-42s", "Feature");
	for (size_t i = 0; i < n; i++)
		if (found[i].caps)
			printf(" %-13s", found[i].title);
	putchar('\n');
	for (size_t row = 0; karmor_caps_feature(found[first].caps, row, &name, &fidelity) == 0;
	     row++) {
		printf("%-42s", name);
		for (size_t i = 0; i < n; i++)
			if (found[i].caps &&
			    karmor_caps_feature(found[i].caps, row, &name, &fidelity) == 0)
				printf(" %-13s",
				       is_ready(&found[i]) ? fidelity_names[fidelity] : "-");
		putchar('\n');
	}
}

static void print_backend(const struct found *found)
{
	const char *reason =
		found->caps ? karmor_caps_reason(found->caps) : "not built into this karmor";
	const char *fix = found->caps ? karmor_caps_fix(found->caps) : NULL;
	char state[16];

	snprintf(state, sizeof(state), "%s", found_state(found));
	for (char *c = state; *c; c++)
		if (*c == '-')
			*c = ' ';
	printf("  %-10s %-14s %s", found->title, state,
	       is_ready(found) ? karmor_caps_summary(found->caps)
	       : reason	       ? reason
			       : "");
	if (fix)
		printf("; fix: %s", fix);
	putchar('\n');
}

static int print_text(const struct found *found, size_t n, const struct found *active)
{
	struct utsname node;
	char lsm[512];

	if (uname(&node) < 0)
		return EXIT_FAULT;
	lsm_read(lsm, sizeof(lsm));
	printf("Node %s: kernel %s, %s, lsm=%s\n", node.nodename, node.release, node.machine,
	       lsm[0] ? lsm : "(cannot be read)");
	printf("Active enforcer: %-10s (order: ", active ? active->title : "none");
	for (size_t i = 0; i < n; i++)
		printf("%s%s", i ? ", " : "", found[i].name);
	printf(")\n\n");
	for (size_t i = 0; i < n; i++)
		print_backend(&found[i]);
	print_table(found, n);
	printf("karmord: not running\n");
	return active ? EXIT_SUCCESS : EXIT_FAILURE;
}

static json_t *backend_json(const struct found *found)
{
	json_t *object = json_object(), *features = json_object();
	const char *name;
	enum karmor_fidelity fidelity;

	json_object_set_new(object, "name", json_string(found->name));
	json_object_set_new(object, "state", json_string(found_state(found)));
	if (!found->caps)
		json_object_set_new(object, "reason", json_string("not built into this karmor"));
	else if (karmor_caps_reason(found->caps))
		json_object_set_new(object, "reason", json_string(karmor_caps_reason(found->caps)));
	if (found->caps && karmor_caps_fix(found->caps))
		json_object_set_new(object, "fix", json_string(karmor_caps_fix(found->caps)));
	for (size_t row = 0;
	     is_ready(found) && karmor_caps_feature(found->caps, row, &name, &fidelity) == 0; row++)
		json_object_set_new(features, name, json_string(fidelity_names[fidelity]));
	json_object_set_new(object, "features", features);
	return object;
}

static int print_json(const struct found *found, size_t n, const struct found *active)
{
	json_t *object = json_object(), *lsms = json_array(), *order = json_array(),
	       *backends = json_array();
	struct utsname node;
	char lsm[512], *rest = lsm, *word;
	int r;

	if (uname(&node) < 0)
		return EXIT_FAULT;
	lsm_read(lsm, sizeof(lsm));
	while ((word = strsep(&rest, ",")))
		if (*word)
			json_array_append_new(lsms, json_string(word));
	for (size_t i = 0; i < n; i++) {
		json_array_append_new(order, json_string(found[i].name));
		json_array_append_new(backends, backend_json(&found[i]));
	}
	json_object_set_new(object, "node", json_string(node.nodename));
	json_object_set_new(object, "kernel", json_string(node.release));
	json_object_set_new(object, "arch", json_string(node.machine));
	json_object_set_new(object, "lsm", lsms);
	json_object_set_new(object, "active", active ? json_string(active->name) : json_null());
	json_object_set_new(object, "order", order);
	json_object_set_new(object, "backends", backends);
	json_object_set_new(object, "daemon", json_null());
	r = json_dumpf(object, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(object);
	if (r < 0)
		return EXIT_FAULT;
	return active ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int probe_all(struct found *found, size_t n, struct karmor_diag *diag)
{
	for (size_t i = 0; i < n; i++) {
		const struct karmor_backend *backend = karmor_backend_find(known[i].name);

		found[i].name = known[i].name;
		found[i].title = known[i].title;
		if (backend && karmor_caps_probe(backend, &found[i].caps, diag) < 0)
			return EXIT_FAULT;
	}
	return 0;
}

static void usage(FILE *out)
{
	fputs("usage: karmor-probe [--json]\n"
	      "\n"
	      "Reports which enforcer is active on this node, by trying each.\n"
	      "\n"
	      "  --json     one JSON object instead of text\n"
	      "  --help     this text\n"
	      "  --version  the version\n"
	      "\n"
	      "Exit status: 0 an enforcer is ready, 1 none is, 2 wrong use or a fault.\n"
	      "\n"
	      "Example: sudo karmor-probe --json | jq -r .active\n",
	      out);
}

int probe_main(int argc, char *argv[])
{
	static const struct option options[] = { { "json", no_argument, NULL, 'j' },
						 { "help", no_argument, NULL, 'h' },
						 { "version", no_argument, NULL, 'v' },
						 { 0 } };
	struct found found[BACKENDS_MAX] = { 0 };
	const struct found *active = NULL;
	size_t n = sizeof(known) / sizeof(known[0]);
	struct karmor_diag *diag;
	bool json = false;
	int c, status;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'h')
			return usage(stdout), EXIT_SUCCESS;
		if (c == 'v')
			return printf("karmor-probe %s\n", karmor_version()), EXIT_SUCCESS;
		if (c != 'j')
			return EXIT_FAULT;
		json = true;
	}
	if (optind < argc) {
		fprintf(stderr, "karmor-probe: unexpected argument \"%s\"\n", argv[optind]);
		return EXIT_FAULT;
	}
	diag = karmor_diag_new();
	status = diag ? probe_all(found, n, diag) : EXIT_FAULT;
	if (diag)
		karmor_diag_print(diag, stderr, false);
	for (size_t i = 0; i < n && !active; i++)
		active = is_ready(&found[i]) ? &found[i] : NULL;
	if (status == 0)
		status = json ? print_json(found, n, active) : print_text(found, n, active);
	for (size_t i = 0; i < n; i++)
		karmor_caps_free(found[i].caps);
	karmor_diag_free(diag);
	return status;
}
