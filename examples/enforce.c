/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a command under a policy, with the first enforcer that is ready, and prints each event as
 * JSON. */
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <karmor/karmor.h>

static void print(const struct karmor_event *event, void *data)
{
	if (karmor_event_print_json(event, stdout) < 0)
		*(int *)data = 1;
}

static const struct karmor_backend *first_ready(struct karmor_caps **caps, struct karmor_diag *diag)
{
	const struct karmor_backend *backend;

	for (size_t i = 0; (backend = karmor_backend_at(i)); i++) {
		if (!karmor_backend_enforces(backend) || karmor_caps_probe(backend, caps, diag) < 0)
			continue;
		if (karmor_caps_state(*caps) == KARMOR_READY)
			return backend;
		karmor_caps_free(*caps);
	}
	*caps = NULL;
	return NULL;
}

int main(int argc, char *argv[])
{
	struct karmor_diag *diag = karmor_diag_new();
	struct karmor_subject subject =
		KARMOR_STRUCT(karmor_subject, .everything = true, .root = "/");
	struct karmor_workload workload = KARMOR_STRUCT(karmor_workload, .name = "example");
	const struct karmor_backend *backend;
	struct karmor_policies *policies = NULL;
	struct karmor_ruleset *set = NULL;
	struct karmor_caps *caps = NULL;
	struct karmor_artifact *artifact = NULL;
	struct karmor_engine *engine = NULL;
	int status = 0, failed = 0;
	pid_t pid;

	if (argc < 3) {
		fprintf(stderr, "usage: enforce POLICY.yaml COMMAND [ARG...]\n");
		return 2;
	}
	if (karmor_policies_new(&policies) < 0 ||
	    karmor_policies_add_path(policies, argv[1], diag) < 0 ||
	    karmor_ruleset_new(policies, &subject, &set, diag) < 0 ||
	    !(backend = first_ready(&caps, diag)) ||
	    karmor_compile((const struct karmor_ruleset *const[]){ set }, 1, caps, &artifact, NULL,
			   diag) < 0 ||
	    karmor_engine_open(backend, &engine, diag) < 0 ||
	    karmor_engine_apply(engine, artifact, diag) < 0 ||
	    karmor_engine_spawn(engine, &workload, argv + 2, &pid, diag) < 0) {
		karmor_diag_print(diag, stderr, false);
		return 2;
	}
	waitpid(pid, &status, 0);
	if (karmor_engine_read_events(engine, print, &failed) < 0 || failed)
		fprintf(stderr, "enforce: events were lost\n");
	/* What the command left running stays enforced: the kernel holds the state. */
	karmor_engine_close(engine);
	karmor_artifact_free(artifact);
	karmor_caps_free(caps);
	karmor_ruleset_free(set);
	karmor_policies_free(policies);
	karmor_diag_free(diag);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
