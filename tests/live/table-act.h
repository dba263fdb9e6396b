/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The accesses of tables as system calls, and who does them: a process that takes requests from
 * standard input and does each in a child of its own, so that none finds what another left.
 *
 * The same code runs without a policy, for the control, and as the program of a row's source.
 */
#pragma once

#include <stdint.h>

#define ACT_PATH_MAX 4096

enum act_kind {
	ACT_BECOME, /* ends serving */
	ACT_EXEC,
	ACT_READ,
	ACT_WRITE,
	ACT_TRUNCATE,
	ACT_UNLINK,
	ACT_MKNOD,
	ACT_CHMOD,
	ACT_RMDIR,
	ACT_MKDIR,
	ACT_SOCKET,	/* numbers: family, type, protocol */
	ACT_CAPABILITY, /* numbers: the capability, a process of another user */
	ACT_SYSCALL,	/* numbers: the call's, a bit for each argument that is the path */
};

struct act_request {
	uint32_t kind; /* enum act_kind */
	int32_t numbers[3];
	char path[ACT_PATH_MAX];
};

/* @error: 0 passed, else an errno; ACT_SILENT: the kernel tells nobody whether it did. */
struct act_reply {
	int32_t pid, error;
};

#define ACT_SILENT (-1)
/* The errno of an act that its row's own policies leave no way to do. */
#define ACT_HINDERED ECANCELED

/* Files that whoever starts the server leaves open for it; no policy has a name for them. */
#define ACT_FD_OTHERS 10 /* of user 1 and group 1 */
#define ACT_FD_GROUP 11	 /* of user 0 and group 1 */
/* Where a device node may be made. */
#define ACT_NODE_DIRECTORY "/karmor-table"
#define ACT_NODE ACT_NODE_DIRECTORY "/node"

/* Answers requests until ACT_BECOME, whose path it leaves in @last, or the end of input: -1. */
int act_serve(struct act_request *last);

/* 0 passed, ACT_SILENT or an errno. ENOSYS where nothing asks for the capability. */
int act_capability(const struct act_request *request);
