/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records of SELinux's, as lines of a type and a text: whatever they say, events have strings that
 * end, each decision is told of at most once, and none outlives the flush.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "selinux/events.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char policy[] =
	"{\"apiVersion\":\"security.kubearmor.com/v1\",\"kind\":\"KubeArmorPolicy\","
	"\"metadata\":{\"name\":\"p\"},\"spec\":{\"selector\":{},\"file\":{\"matchPaths\":[{"
	"\"path\":\"/srv/t/secret.txt\"},{\"path\":\"/srv/t/watched\",\"action\":\"Audit\"}]},"
	"\"network\":{\"matchProtocols\":[{\"protocol\":\"udp\"}]},\"capabilities\":{"
	"\"matchCapabilities\":[{\"capability\":\"sys_time\"}]}}}";

static struct karmor_artifact *artifact;
static size_t told;

static bool task_of(const char *role, size_t len, struct selinux_task *ret, void *data)
{
	ret->artifact = (const struct selinux_artifact *)artifact;
	return selinux_role_task(ret->artifact, role, len, &ret->set, &ret->class);
}

static const char *path_of(const char *inode, const char *name, void *data)
{
	return *inode == '1' ? name : NULL;
}

static bool file_of(const char *role, size_t len, size_t *label, void *data)
{
	return selinux_role_file((const struct selinux_artifact *)artifact, role, len, label);
}

static size_t length(const char *text)
{
	return text ? strlen(text) : 0;
}

static void check(const struct karmor_event *event, void *data)
{
	size_t *all = data;

	if (!event->resource || !event->data || !event->policy)
		abort();
	*all += length(event->resource) + length(event->data) + length(event->comm) +
		length(event->source) + length(event->rule);
	told++;
}

static void compile(void)
{
	struct karmor_subject subject = KARMOR_STRUCT(karmor_subject, .everything = true);
	struct karmor_policies *policies = NULL;
	struct karmor_ruleset *set = NULL;
	struct karmor_caps *caps = NULL;

	if (karmor_policies_new(&policies) ||
	    karmor_policies_add_text(policies, "p", policy, sizeof(policy) - 1, NULL) ||
	    karmor_ruleset_new(policies, &subject, &set, NULL) ||
	    karmor_caps_full(karmor_backend_find("selinux"), &caps) ||
	    karmor_compile((const struct karmor_ruleset *const[]){ set }, 1, caps, &artifact, NULL,
			   NULL))
		abort();
	karmor_caps_free(caps);
	karmor_ruleset_free(set);
	karmor_policies_free(policies);
}

/* A record of its own, so that a sanitizer sees what is read behind its end. */
static void take(struct selinux_events *events, const uint8_t *line, size_t len, size_t *all)
{
	unsigned type = 0;
	char *text;

	for (; len && *line >= '0' && *line <= '9' && type < 10000; line++, len--)
		type = type * 10 + (unsigned)(*line - '0');
	line += len > 0;
	len -= len > 0;
	text = malloc(len ? len : 1);
	if (!text)
		return;
	memcpy(text, line, len);
	if (selinux_events_take(events, type, text, len, check, all) < 0)
		abort();
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct selinux_events events = { .audit.fd = -1,
					 .roles = { task_of, file_of, path_of, NULL } };
	size_t all = 0, n = 0;

	if (!artifact)
		compile();
	told = 0;
	events.pending = calloc(SELINUX_PENDING, sizeof(*events.pending));
	for (size_t len; events.pending && size; data += len, size -= len, n++) {
		const uint8_t *end = memchr(data, '\n', size);

		len = end ? (size_t)(end - data) + 1 : size;
		take(&events, data, end ? len - 1 : len, &all);
	}
	if (events.pending && selinux_events_flush(&events, check, &all) < 0)
		abort();
	if (told > n || events.n_pending)
		abort();
	selinux_events_close(&events);
	return 0;
}
