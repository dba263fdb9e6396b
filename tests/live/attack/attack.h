/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ways round a policy, by name. Each is one attempt with plain system calls, in a child of its own
 * and in a directory of its own, its place, which is the working directory. What it is after:
 *
 *	vault/secret	a file whose content is SECRET, for who reads
 *	vault/tool	a program that ends with status 0, for who executes
 *	vault/fixed	a file that may be read and not changed
 *	bin/reader	the one program that may read the secret, for who wants to be another
 *	out/		a directory that no rule names
 *
 * An attempt that is stopped returns -1 with errno as it was found. A group is a table of attempts
 * at one kind of object, and a file.
 */
#pragma once

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define SECRET "the secret\n"

/* What the policy is made of; what an attack gets past as the language has it depends on it. */
enum rule {
	RULE_PATH = 1,
	RULE_PATTERN = 2,
	RULE_DIR = 4,
	RULE_ALLOW = 8, /* an allow-list, whose posture blocks */
	RULE_ANY = 15,
};

struct attack {
	const char *name;
	int (*act)(void);
	int (*prepare)(void); /* before the policy, in the place */
	unsigned past;	      /* the rules that it gets past, as the language has it */
};

struct group {
	const char *name;
	const struct attack *attacks;
	int (*prepare)(void); /* for every attack, before its own */
};

extern const struct group group_names, group_mounts, group_tasks, group_changes, group_programs,
	group_sources, group_sockets, group_keys, group_lengths;

/* What is done very often: see floods.c. */
int flood_opens(const char *file, long count);
int flood_renames(const char *dir);
int flood_race(const char *dir, long count);
int flood_forks(const char *file, long count);
int flood_hoard(const char *file, long count);

/* The path of the program that runs. */
extern const char *self;

/* An attempt that this kernel has no means for: "lacks REASON" is the outcome. */
int lacks(const char *reason);

/* Whether a file is had, or its content: 0, or -1 with errno. The descriptor is closed. */
int read_fd(int fd);
int read_path(const char *path);
int read_at(int dir, const char *path);

/* -1 with errno, for what is not true and should be. */
int fail(int error);

/* The place and @path, as an absolute path; good until the next call but three. */
const char *at(const char *path);

int write_file(const char *path, const char *text, mode_t mode);
int copy_file(const char *from, const char *to);

/* The secret; and another file, out/other. */
int prepare_secret(void);
int prepare_other(void);

/* Runs @act in a child that fork() makes and gives back what it returned. */
int in_child(int (*act)(void));
/* The same where the caller made the child: 0 in the child, which ends in share_end(). */
int shared_result(pid_t pid);
void share_end(int r) __attribute__((noreturn));

/* Mounts of one's own. */
int own_mounts(void);

/* One request to the helper, which is in no workload: a descriptor, or what it is told. */
int helper_fd(char what, const char *path);
pid_t helper_pid(void);
int helper_serve(const char *path);

/* io_uring by its system calls. */
struct uring_request {
	unsigned opcode, flags, op_flags;
	int fd;
	const void *address;
	unsigned length;
	unsigned long offset;
	unsigned file_index; /* of a direct descriptor, plus one */
};

/* What the request came to, or -1 with errno. */
int uring(unsigned setup_flags, const struct uring_request *request);
/* Two requests of one ring, the second after the first succeeded. */
int uring_two(unsigned setup_flags, const struct uring_request requests[2]);
