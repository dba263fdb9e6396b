/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The program karmor: a table of verbs, one file each. It knows nothing of policies.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <karmor/karmor.h>

#include "cli.h"
#include "probe.h"
#include "verb.h"

static const struct verb {
	const char *name, *summary;
	int (*run)(int argc, char *argv[]);
} verbs[] = {
	{ "apply", "put policies in force on this node, by karmord", verb_apply },
	{ "check", "tell what is wrong with policies, and what a backend can keep of them",
	  verb_check },
	{ "compile", "print what a backend would load", verb_compile },
	{ "decide", "ask what policies say about an access", verb_decide },
	{ "delete", "take policies out of force, by karmord", verb_delete },
	{ "diff", "tell what changes in verdicts between two sets of policies", verb_diff },
	{ "get", "list karmord's policies or workloads", verb_get },
	{ "lint", "tell what to know of policies before they go live", verb_lint },
	{ "logs", "follow the events of this node's workloads", verb_logs },
	{ "oci-hook", "put a container under policies, for its runtime", verb_oci_hook },
	{ "probe", "tell which enforcer is active on this node", probe_main },
	{ "run", "run a command under policies, enforced by the kernel", verb_run },
	{ "start", "become a program that is a workload of karmord's", verb_start },
	{ "status", "tell what karmord enforces on this node", verb_status },
};

#define N_VERBS (sizeof(verbs) / sizeof(verbs[0]))

static int help(void)
{
	puts("Usage: karmor VERB [OPTION...] [ARG...]\n"
	     "       karmor VERB --help\n"
	     "\n"
	     "KubeArmor-style policies, enforced by the kernel.\n"
	     "\n"
	     "Verbs:");
	for (size_t i = 0; i < N_VERBS; i++)
		printf("  %-9s %s\n", verbs[i].name, verbs[i].summary);
	puts("\n"
	     "Options:\n"
	     "  -h, --help     print this\n"
	     "  -V, --version  print the version\n"
	     "\n"
	     "Exit status: 0 yes; 1 no (a finding, a mismatch); 2 wrong use or a fault.");
	return cli_finish(EXIT_YES);
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* How many letters must be changed, dropped or added; verbs are short, longer words match none. */
static size_t distance(const char *a, const char *b)
{
	size_t row[32], b_len = strlen(b), corner, above;

	if (b_len >= 32)
		return SIZE_MAX;
	for (size_t j = 0; j <= b_len; j++)
		row[j] = j;
	for (size_t i = 1; a[i - 1]; i++) {
		corner = row[0];
		row[0] = i;
		for (size_t j = 1; j <= b_len; j++) {
			above = row[j];
			row[j] = least(least(above, row[j - 1]) + 1,
				       corner + (a[i - 1] != b[j - 1]));
			corner = above;
		}
	}
	return row[b_len];
}

static int unknown_verb(const char *word)
{
	const char *best = NULL;
	size_t bound = 2;

	for (size_t i = 0; i < N_VERBS; i++) {
		size_t d = distance(word, verbs[i].name);

		if (d < strlen(verbs[i].name) && (d < bound || (d == bound && !best))) {
			best = verbs[i].name;
			bound = d;
		}
	}
	cli_wrong("unknown %s \"%s\"", *word == '-' ? "option" : "verb", word);
	return best ? cli_fix("did you mean \"%s\"?", best) : cli_fix("karmor --help lists them");
}

static int run(const struct verb *verb, int argc, char *argv[])
{
	char name[32];

	snprintf(name, sizeof(name), "karmor %s", verb->name);
	argv[0] = program_invocation_name = name;
	return verb->run(argc, argv);
}

int main(int argc, char *argv[])
{
	static char help_option[] = "--help", name[] = "karmor", logs[] = "logs";

	program_invocation_name = name;
	if (argc < 2) {
		cli_wrong("which verb?");
		return cli_fix("karmor --help lists them");
	}
	if (strcmp(argv[1], "help") == 0 && argc == 3) {
		argv[1] = argv[2];
		argv[2] = help_option;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
	    strcmp(argv[1], "help") == 0)
		return help();
	if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0) {
		printf("karmor %s\n", karmor_version());
		return cli_finish(EXIT_YES);
	}
	/* As KubeArmor's users may type it. */
	if (strcmp(argv[1], "log") == 0)
		argv[1] = logs;
	for (size_t i = 0; i < N_VERBS; i++)
		if (strcmp(argv[1], verbs[i].name) == 0)
			return run(&verbs[i], argc - 1, argv + 1);
	return unknown_verb(argv[1]);
}
