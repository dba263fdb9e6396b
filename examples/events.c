/* SPDX-License-Identifier: Apache-2.0 */
/* Puts a running task under a policy, and tells each event until all it started is gone. */
#include <err.h>
#include <poll.h>
#include <stdlib.h>

#include <karmor/karmor.h>

static const char name[] = "followed";

static void tell(const struct karmor_event *event, void *data)
{
	*(int *)data |= karmor_event_print_text(event, stdout) | fflush(stdout);
}

/* Waits for events as long as there are tasks to cause some; then takes what is left. */
static int follow(struct karmor_engine *engine, pid_t pid)
{
	struct pollfd poll_fd = { .fd = karmor_engine_event_fd(engine), .events = POLLIN };
	int failed = 0;
	int r = poll_fd.fd;

	fprintf(stderr, "following %d\n", pid);
	while (r >= 0 && !failed && karmor_engine_tasks(engine, name) > 0) {
		poll(&poll_fd, 1, 1000);
		r = karmor_engine_read_events(engine, tell, &failed);
	}
	return r < 0 ? r : karmor_engine_read_events(engine, tell, &failed);
}

static int confine(const struct karmor_policies *policies, pid_t pid, struct karmor_diag *diag)
{
	struct karmor_subject subject =
		KARMOR_STRUCT(karmor_subject, .everything = true, .root = "/");
	struct karmor_workload task = KARMOR_STRUCT(karmor_workload, .name = name, .pid = pid);
	const struct karmor_backend *backend = karmor_backend_at(0);
	struct karmor_ruleset *set = NULL;
	struct karmor_caps *caps = NULL;
	struct karmor_artifact *artifact = NULL;
	struct karmor_engine *engine = NULL;
	int r = karmor_caps_probe(backend, &caps, diag);

	if (r == 0)
		r = karmor_ruleset_new(policies, &subject, &set, diag);
	if (r == 0)
		r = karmor_compile((const struct karmor_ruleset *const[]){ set }, 1, caps,
				   &artifact, NULL, diag);
	if (r == 0)
		r = karmor_engine_open(backend, &engine, diag);
	if (r == 0)
		r = karmor_engine_apply(engine, artifact, diag);
	if (r == 0)
		r = karmor_engine_attach(engine, &task, diag);
	if (r == 0)
		r = follow(engine, pid);
	karmor_engine_close(engine);
	karmor_artifact_free(artifact);
	karmor_caps_free(caps);
	karmor_ruleset_free(set);
	return r;
}

int main(int argc, char *argv[])
{
	struct karmor_diag *diag = karmor_diag_new();
	struct karmor_policies *policies = NULL;
	int r = karmor_policies_new(&policies);

	if (argc != 3)
		errx(2, "usage: events POLICY.yaml PID");
	if (r == 0)
		r = karmor_policies_add_path(policies, argv[1], diag);
	if (r == 0)
		r = confine(policies, atoi(argv[2]), diag);
	karmor_diag_print(diag, stderr, false);
	karmor_policies_free(policies);
	karmor_diag_free(diag);
	return r < 0 ? 2 : 0;
}
