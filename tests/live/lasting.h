/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of lasting share: sets of rules, an engine, and a task that tries to read. */
#pragma once

#include <karmor/karmor.h>

#include "../support.h"

#define HERE "/srv/lasting"
#define READER HERE "/reader"
#define SECRET HERE "/secret"
#define GUARDED HERE "/guarded"
#define ONLY_A HERE "/only-a"
#define ONLY_B HERE "/only-b"
#define UDP "udp"	      /* a socket of that */
#define ALSO_A HERE "/also-a" /* other names of these, as hard links */
#define ALSO_B HERE "/also-b"

#define HEAD                                                                                       \
	"{\"apiVersion\":\"security.kubearmor.com/v1\",\"kind\":\"KubeArmorPolicy\","              \
	"\"metadata\":{\"name\":\"lasting\"},\"spec\":{\"selector\":{},\"file\":{\"matchPaths\":["
#define TAIL "]}}}"
/* The reader alone may read one file, and all but the reader another and UDP: by its class. */
#define SOURCED                                                                                    \
	"{\"path\":\"" SECRET "\"},{\"path\":\"" SECRET "\",\"action\":\"Allow\",\"fromSource\":"  \
	"[{\"path\":\"" READER "\"}]},{\"path\":\"" GUARDED                                        \
	"\",\"fromSource\":[{\"path\":\"" READER "\"}]},"
#define SOCKETS                                                                                    \
	"]},\"network\":{\"matchProtocols\":[{\"protocol\":\"udp\",\"fromSource\":[{\"path\":"     \
	"\"" READER "\"}]}]}}}"
#define A HEAD SOURCED "{\"path\":\"" ONLY_A "\"}" SOCKETS
/* Others' classes come first, so that the reader's has another number. */
#define B                                                                                          \
	HEAD "{\"path\":\"/none/1\",\"fromSource\":[{\"path\":\"/bin/cat\"}]},"                    \
	     "{\"path\":\"/none/2\",\"fromSource\":[{\"path\":\"" HERE "/a\"}]},"                  \
	     "{\"path\":\"/none/3\",\"fromSource\":[{\"path\":\"" HERE "/b\"}]}," SOURCED          \
	     "{\"path\":\"" ONLY_B "\"}" SOCKETS

extern const struct karmor_backend *backend;
extern struct karmor_caps *caps;
extern struct karmor_diag *diag;
extern char self[4096], karmor[4096], policy_file[];

struct set {
	struct karmor_policies *policies;
	struct karmor_ruleset *rules;
	struct karmor_artifact *artifact;
};

struct set compile(const char *text);
struct set compile_under(const char *text, const char *posture);
struct karmor_engine *engine_open(const struct set *set);

/* A task of its own workload, and pipes to and from it. */
struct task {
	pid_t pid;
	int to, from;
};

struct task start(struct karmor_engine *engine, const char *name, const char *const argv[]);
struct task start_reader(struct karmor_engine *engine, const char *name);
void end(const struct task *task);

/* What the reader says of SECRET, GUARDED, ONLY_A and ONLY_B: "ynny" under A, "ynyn" under B. */
const char *ask(const struct task *task);

/* What a task says next, without its newline. */
const char *answer(const struct task *task, char *text, size_t size);

bool can_read(const char *path);
bool is_long(void); /* KARMOR_LONG */

/* Waits, at most half a minute: whether it came to be so. */
bool eventually(bool (*is_so)(const void *data), const void *data);
bool is_empty(const void *engine); /* of its workload "reader" */
bool is_gone(const void *nothing); /* what is pinned */

/* The tests, by what they are about. */
void set_tests(TCase *tcase);
void class_tests(TCase *tcase);
void event_tests(TCase *tcase);
void build_tests(TCase *tcase);
void unit_tests(TCase *tcase);
void host_tests(TCase *tcase);
void death_tests(TCase *tcase);

/* Parts of the task under test. */
int do_tracer(void);
int do_trace(const char *program);
int do_memory(void);

/* The other build's parts, by `lasting-other NAME [WORKLOAD]`. */
int do_part(const char *name, const char *workload);

/* What the other build says when it has done its part. */
const char *other(const char *arguments);

/* Enrols the workload under A, by an engine that is gone when this returns, and closes nothing. */
void leave(struct karmor_workload workload);

/* A lasting workload whose engine was killed, and its end: it is not our child. */
struct task start_left(const char *name);
void end_left(const struct task *task);

/* Whatever is at the path of a cgroup, with what runs in it. */
#define UNIT "/sys/fs/cgroup/lasting-unit"
struct karmor_workload unit_workload(void);
