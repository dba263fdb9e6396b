/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tells events of SELinux's records, a line each, until its standard input ends. What roles mean is
 * what a policy becomes for a base policy that is in files.
 *
 *     selinux-events KARMOR-POLICY BASE-POLICY FILE-CONTEXTS
 */
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "selinux-compile.h"
#include "selinux/events.h"

static struct karmor_artifact *artifact;

static bool task_of(const char *role, size_t len, struct selinux_task *ret, void *data)
{
	ret->artifact = (const struct selinux_artifact *)artifact;
	ret->workload = "web";
	return selinux_role_task(ret->artifact, role, len, &ret->set, &ret->class);
}

static bool file_of(const char *role, size_t len, size_t *label, void *data)
{
	return selinux_role_file((const struct selinux_artifact *)artifact, role, len, label);
}

static void tell(const struct karmor_event *event, void *data)
{
	if (karmor_event_print_json(event, stdout) < 0)
		fputs("an event that cannot be written\n", stderr);
}

static int follow(struct selinux_events *events)
{
	struct pollfd fds[] = { { .fd = STDIN_FILENO, .events = POLLIN },
				{ .fd = events->audit.fd, .events = POLLIN } };
	int r = 0;

	puts("ready");
	while (r >= 0 && !fds[0].revents && fflush(stdout) == 0 && poll(fds, 2, -1) > 0)
		r = selinux_events_read(events, tell, NULL);
	return r < 0 || fflush(stdout);
}

int main(int argc, char *argv[])
{
	struct selinux_events events = { .audit.fd = -1,
					 .roles = { .task = task_of, .file = file_of } };
	struct karmor_diag *diag = karmor_diag_new();
	int r = argc == 4 ? selinux_compile_files(argv + 1, &artifact, diag) : -1;

	if (r) {
		karmor_diag_print(diag, stderr, false);
	} else {
		r = selinux_events_open(&events, NULL, NULL);
		if (r)
			fprintf(stderr, "records cannot be read: %s\n", strerror(-r));
	}
	r = r ? 2 : follow(&events);
	selinux_events_close(&events);
	karmor_artifact_free(artifact);
	karmor_diag_free(diag);
	return r;
}
