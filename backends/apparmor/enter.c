/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A task's way under a workload's profiles, which only the task itself can go. Async-signal-safe.
 *
 * Another backend may have the task by then, and its policy may deny it every file: what is written
 * to is opened before, and what is to be written is in memory.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "state.h"

static const char *const own_label[] = { "/proc/thread-self/attr/apparmor/current",
					 "/proc/thread-self/attr/current" };

#define COMMAND "changeprofile "

void apparmor_workload_profile(const struct apparmor_engine *engine, const char *name, bool lasting,
			       char ret[PROFILE_MAX])
{
	static const char digits[] = "0123456789abcdef";
	uint64_t hash = 0xcbf29ce484222325; /* FNV-1a */
	size_t at = strlen(ENGINE_PREFIX), len = strlen(engine->id);

	for (; *name; name++)
		hash = (hash ^ (uint8_t)*name) * 0x100000001b3;
	memcpy(ret, ENGINE_PREFIX, at);
	memcpy(ret + at, engine->id, len);
	at += len;
	if (lasting) {
		at = strlen(LASTING_PREFIX) - 1;
		memcpy(ret, LASTING_PREFIX, at);
	}
	ret[at++] = '-';
	for (int shift = 60; shift >= 0; shift -= 4)
		ret[at++] = digits[hash >> shift & 0xf];
	ret[at] = '\0';
}

/* What was attached last is in memory that a child shares: it may not be let read files any more.
 */
static int entrance_read(const struct apparmor_engine *engine, const char *profile,
			 struct apparmor_state *ret)
{
	if (strcmp(engine->entrance->profile, profile) != 0)
		return state_read(profile, ret);
	*ret = engine->entrance->state;
	return 0;
}

/* The child was made before the workload was attached: the stack's name is not known to it. */
static int label_find(const struct apparmor_engine *engine, const char *name,
		      struct apparmor_state *ret)
{
	char profile[PROFILE_MAX];
	int r;

	apparmor_workload_profile(engine, name, false, profile);
	r = entrance_read(engine, profile, ret);
	if (r != -ENOENT)
		return r;
	apparmor_workload_profile(engine, name, true, profile);
	r = entrance_read(engine, profile, ret);
	return r == 0 && strcmp(ret->name, name) != 0 ? -ENOENT : r;
}

/* Before it is under another backend's policy, which may speak of this file. */
int apparmor_prepare(struct karmor_engine *base)
{
	struct apparmor_engine *engine = (struct apparmor_engine *)base;

	for (size_t i = 0; engine->entry < 0 && i < ARRAY_SIZE(own_label); i++)
		engine->entry = open(own_label[i], O_WRONLY | O_CLOEXEC);
	return engine->entry < 0 ? -errno : 0;
}

int apparmor_enter(struct karmor_engine *base, const char *name)
{
	struct apparmor_engine *engine = (struct apparmor_engine *)base;
	char command[sizeof(COMMAND) + STATE_LABEL_MAX] = COMMAND;
	size_t len = strlen(command);
	struct apparmor_state state;
	int r = apparmor_prepare(base);

	r = r ? r : label_find(engine, name, &state);
	if (r < 0)
		return r;
	memcpy(command + len, state.label, strlen(state.label) + 1);
	len = strlen(command);
	r = write(engine->entry, command, len) == (ssize_t)len ? 0 : -errno;
	cleanup_close(&engine->entry);
	engine->entry = -1;
	return r;
}
