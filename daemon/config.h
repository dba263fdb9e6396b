/* SPDX-License-Identifier: Apache-2.0 */
/*
 * karmord.yaml: one mapping of known keys. Each fault is told with its line and column.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CONFIG_FILE "/etc/karmor/karmord.yaml"
#define CONFIG_SOCKET "/run/karmor/karmord.sock"

/* A unit of a service manager, a workload by its cgroup; the library's names and limits. */
struct config_unit {
	char *name, *cgroup;	       /* from the root of version 2, with its first slash */
	char *namespace_name, *labels; /* NULL: none */
};

struct config {
	char **backends; /* names in the order of preference, ends with NULL */
	char *policies;	 /* directory of policy files */
	char *state;	 /* directory of what survives a reboot */
	char *runtime;	 /* directory of what does not */
	char *socket, *group;
	char *posture;		   /* as karmor run has it; NULL: audit for all */
	char *event_file;	   /* NULL: none */
	uint64_t event_file_size;  /* bytes */
	uint64_t event_file_count; /* older ones that are kept */
	bool event_journal, event_output;
	char *metrics;	   /* where HTTP is spoken, as address.h has it; NULL: nowhere */
	char **ways_back;  /* absolute paths of programs, ends with NULL */
	char *node_labels; /* beside the name; NULL: none */
	struct config_unit *units;
	size_t n_units;
	bool audit;	  /* nothing is denied */
	bool best_effort; /* rules that the backend cannot keep are told rather than refused */
	bool hook_starts; /* a container whose enforcement cannot be set up is started */
};

/*
 * Reads @path; where it is the default one and is not there, everything has its default. 0, -EINVAL
 * (all faults were told on standard error), or a negative errno, told.
 */
int config_load(const char *path, struct config *ret);
void config_done(struct config *config);
void config_units_free(struct config *config);
void config_ways_free(struct config *config);
