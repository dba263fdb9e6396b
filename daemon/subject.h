/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The options by which a verb says whom it is about: labels, namespace, container, host, postures.
 */
#pragma once

#include <getopt.h>

#include <karmor/karmor.h>

/* For a verb's table of long options; its short ones have "l:n:". */
enum {
	SUBJECT_CONTAINER = 512,
	SUBJECT_HOST,
	SUBJECT_POSTURE,
};

#define SUBJECT_OPTIONS                                                                            \
	{ "labels", required_argument, NULL, 'l' }, { "namespace", required_argument, NULL, 'n' }, \
		{ "container", required_argument, NULL, SUBJECT_CONTAINER },                       \
		{ "host", no_argument, NULL, SUBJECT_HOST },                                       \
	{                                                                                          \
		"posture", required_argument, NULL, SUBJECT_POSTURE                                \
	}

#define SUBJECT_HELP                                                                               \
	"  -l, --labels k=v,...    the workload's labels ('' for none); without it every policy\n" \
	"                          is taken to select the workload\n"                              \
	"  -n, --namespace NAME    its namespace (default)\n"                                      \
	"      --container NAME    its container's name\n"                                         \
	"      --host              the node itself; labels are the node's\n"                       \
	"      --posture LIST      file=block,network=audit,capabilities=audit\n"

/* A subject that every policy selects. */
struct karmor_subject subject_new(void);
/* Whether @option is one of these; takes it with optarg. */
bool subject_option(struct karmor_subject *subject, int option);
/* Labels and a namespace that nothing goes with are a mistake more often than not: says so. */
void subject_warn(const struct karmor_subject *subject, const struct karmor_policies *policies,
		  const struct karmor_ruleset *set);
