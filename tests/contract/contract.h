/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of the contract share: the backend that is asked, what is compiled for it, and one
 * engine with a task that does as it is told. */
#pragma once

#include <karmor/karmor.h>

#include "support.h"

#define SECRET "/tmp/karmor-contract-secret"
#define OTHER "/tmp/karmor-contract-other"
#define POLICY(name, path)                                                                         \
	"{\"apiVersion\":\"security.kubearmor.com/"                                                \
	"v1\",\"kind\":\"KubeArmorPolicy\",\"metadata\":{\"name\":\"" name                         \
	"\"},\"spec\":{\"selector\":{},\"file\":{\"matchPaths\":[{\"path\":\"" path "\"}]},"       \
	"\"process\":{\"matchPaths\":[{\"path\":\"/nonexistent\",\"action\":\"Audit\"}]}}}"

extern const struct karmor_backend *backend;
extern struct karmor_caps *caps;
extern struct karmor_diag *diag;
extern bool alone; /* the backend has one engine at a time: no test opens another beside it */

/* One load, its ruleset and artifact: what a caller has to keep together. */
struct compiled {
	struct karmor_policies *policies;
	struct karmor_ruleset *set;
	struct karmor_artifact *artifact;
	struct karmor_report *report;
};

struct compiled compile(const char *text, size_t copies);
void compiled_free(struct compiled *c);
char *print(const struct karmor_artifact *artifact); /* malloc'ed */

/* The live half: before each test @engine is opened and @applied applied. */
extern struct karmor_engine *engine;
extern struct compiled applied;

struct seen {
	int denials;
	char policy[64], rule[64];
	uint64_t generation;
};

/* Of karmor_engine_read_events(): counts what was denied in a struct seen. */
void note(const struct karmor_event *event, void *data);

/* Starts a shell that tries to read each file that it is told of on its standard input. */
pid_t start_workload(struct karmor_workload workload, int *to, int *from);

/* 'y' the file could be read, 'n' not. */
char try_read(int to, int from, const char *path);
/* Adds a test that needs another engine, or tells that it is not asked. */
void add_beside(TCase *to, const TTest *test);
/* The same of a test that other tests say much of already, where each change takes seconds. */
void add_dear(TCase *to, const TTest *test);
void end_reader(pid_t pid, int to, int from);
void wait_empty(const char *name);
/* Of a lasting one. */
void detach_empty(const char *name);

/* The tasks of a lasting workload as anybody sees them; -1: there is none. */
long pinned(const char *name);

/* What a backend that enforces is expected to answer where another lets pass. */
char denied(void);

/* Tests, by what they are about; a backend that keeps no lasting workloads or files, has no
 * labels, or enrols nobody by a cgroup is not asked about them. */
TCase *pure_tests(void);
TCase *pure_next_tests(void);
TCase *live_tests(void);
TCase *live_next_tests(void);
TCase *lasting_tests(void);
TCase *label_tests(void);
TCase *cgroup_tests(void);
TCase *path_tests(void);
TCase *confines_tests(void);
TCase *keep_tests(void);
bool enrols_by_cgroup(struct karmor_engine *asked); /* which has nothing applied */
void engine_setup(void);
void engine_teardown(void);
