/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events: what the kernel decided, as it decided it.
 *
 * The verdict, the rule and the generation come from the kernel; nothing is matched again
 * afterwards.
 */
#pragma once

#include <stdio.h>
#include <sys/types.h>
#include <time.h>

#include <karmor/ruleset.h>

KARMOR_BEGIN

/* One event, or @count equal ones; strings borrowed, valid only inside the callback. NULL: not
 * known. */
struct karmor_event {
	size_t size;
	struct timespec time; /* CLOCK_REALTIME of the first */
	enum karmor_section section;
	enum karmor_op op;
	enum karmor_action action; /* what the deciding rule says: Allow never gives an event */
	bool denied;		   /* what the kernel did */
	int error;		   /* EACCES or EPERM where denied, else 0 */
	pid_t pid, ppid;	   /* in the initial pid namespace */
	uid_t uid;
	const char *comm;
	const char *source;   /* the acting executable */
	const char *resource; /* path, "domain=AF_INET ...", "CAP_SYS_ADMIN": raw bytes, escaped
				 only when printed */
	const char *data;     /* the operation in detail: "read lsm=file_open" */
	const char *enforcer; /* "BPFLSM", "AppArmor", "SELinux" */
	const char *policy;   /* name, or "DefaultPosture" */
	const char *policy_file;
	const char *rule;      /* "file.matchPaths[0]" */
	const char *rule_path; /* the rule's matcher as written; resource is the real path */
	const char *message;
	const char *tags; /* comma separated */
	unsigned severity;
	uint64_t generation, count,
		lost; /* lost: events that could not be delivered before this one */
	const char *workload, *namespace_name, *container, *labels;
	pid_t ns_pid, ns_ppid; /* in the task's own pid namespace; 0: not known, or not in it */
	const char *parent;    /* the parent's executable */
	const char *cwd;       /* the task's working directory */
	const char *tty;       /* its controlling terminal: "pts0" */
};

typedef void karmor_event_fn(const struct karmor_event *event, void *data);

/*
 * One JSON object on one line, with KubeArmor's field names. In every string what is not printable
 * UTF-8 is "\xNN", byte by byte, and a backslash is two. 0, -EINVAL (no
 * size), -ENOMEM or -EIO.
 */
KARMOR_API KARMOR_CHECK int karmor_event_print_json(const struct karmor_event *event, FILE *out);

/* One line for a person: "karmor: block read /etc/shadow by /usr/bin/cat (pid 7): POLICY RULE:
 * MESSAGE". */
KARMOR_API KARMOR_CHECK int karmor_event_print_text(const struct karmor_event *event, FILE *out);

KARMOR_END
