/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The feature table: what each construct of the language is under some caps. Only compile knows, so
 * that a policy with one rule is compiled for each construct and its report read.
 */
#include <errno.h>
#include <string.h>

#include "backend.h"
#include "buf.h"
#include "cleanup.h"

DEFINE_CLEANUP(policies, struct karmor_policies, karmor_policies_free)
DEFINE_CLEANUP(ruleset, struct karmor_ruleset, karmor_ruleset_free)
DEFINE_CLEANUP(artifact, struct karmor_artifact, karmor_artifact_free)
DEFINE_CLEANUP(report, struct karmor_report, karmor_report_free)

/* Each as JSON: section, list and one rule. */
static const struct {
	const char *name, *section, *list, *rule;
	bool host; /* of the node itself */
} features[] = {
	{ "process.matchPaths", "process", "matchPaths", "\"path\":\"/a/b\"" },
	{ "process.matchPaths.execname", "process", "matchPaths", "\"execname\":\"b\"" },
	{ "process.matchPaths.ownerOnly", "process", "matchPaths",
	  "\"path\":\"/a/b\",\"ownerOnly\":true" },
	{ "process.matchPaths.fromSource", "process", "matchPaths",
	  "\"path\":\"/a/b\",\"fromSource\":[{\"path\":\"/c\"}]" },
	{ "process.matchDirectories", "process", "matchDirectories",
	  "\"dir\":\"/a/\",\"recursive\":true" },
	{ "process.matchPatterns", "process", "matchPatterns", "\"pattern\":\"/a/*b\"" },
	{ "file.matchPaths", "file", "matchPaths", "\"path\":\"/a/b\"" },
	{ "file.matchPaths.readOnly", "file", "matchPaths", "\"path\":\"/a/b\",\"readOnly\":true" },
	{ "file.matchPaths.ownerOnly", "file", "matchPaths",
	  "\"path\":\"/a/b\",\"ownerOnly\":true" },
	{ "file.matchPaths.fromSource", "file", "matchPaths",
	  "\"path\":\"/a/b\",\"fromSource\":[{\"path\":\"/c\"}]" },
	{ "file.matchDirectories", "file", "matchDirectories",
	  "\"dir\":\"/a/\",\"recursive\":true" },
	{ "file.matchPatterns", "file", "matchPatterns", "\"pattern\":\"/a/*b\"" },
	{ "network.matchProtocols", "network", "matchProtocols", "\"protocol\":\"tcp\"" },
	{ "network.matchProtocols.fromSource", "network", "matchProtocols",
	  "\"protocol\":\"tcp\",\"fromSource\":[{\"path\":\"/c\"}]" },
	{ "capabilities.matchCapabilities", "capabilities", "matchCapabilities",
	  "\"capability\":\"chown\"" },
	{ "capabilities.matchCapabilities.fromSource", "capabilities", "matchCapabilities",
	  "\"capability\":\"chown\",\"fromSource\":[{\"path\":\"/c\"}]" },
	{ "syscalls.matchSyscalls", "syscalls", "matchSyscalls", "\"syscall\":[\"ptrace\"]" },
	{ "syscalls.matchPaths", "syscalls", "matchPaths",
	  "\"path\":\"/a/b\",\"syscall\":[\"unlink\"]" },
	{ "KubeArmorHostPolicy", "network", "matchProtocols", "\"protocol\":\"tcp\"", true },
};

static int feature_load(size_t i, struct karmor_policies *policies)
{
	_cleanup_buf_ struct buf text = { 0 };

	buf_printf(&text,
		   "{\"apiVersion\":\"security.kubearmor.com/v1\",\"kind\":\"KubeArmor%sPolicy\","
		   "\"metadata\":{\"name\":\"feature\"},\"spec\":{\"%s\":{},\"%s\":{\"%s\":[{"
		   "%s}]}}}",
		   features[i].host ? "Host" : "", features[i].host ? "nodeSelector" : "selector",
		   features[i].section, features[i].list, features[i].rule);
	if (buf_failed(&text))
		return -ENOMEM;
	return karmor_policies_add_text(policies, "feature", text.data, text.len, NULL);
}

int karmor_caps_feature(const struct karmor_caps *caps, size_t i, const char **name,
			enum karmor_fidelity *ret)
{
	_cleanup_(cleanup_policies) struct karmor_policies *policies = NULL;
	_cleanup_(cleanup_ruleset) struct karmor_ruleset *set = NULL;
	_cleanup_(cleanup_artifact) struct karmor_artifact *artifact = NULL;
	_cleanup_(cleanup_report) struct karmor_report *report = NULL;
	struct karmor_subject subject = KARMOR_STRUCT(karmor_subject, .everything = true);
	struct karmor_report_line line = KARMOR_STRUCT(karmor_report_line);
	int r;

	if (i >= ARRAY_SIZE(features))
		return -ENOENT;
	subject.host = features[i].host;
	r = karmor_policies_new(&policies);
	if (r == 0)
		r = feature_load(i, policies);
	if (r == 0)
		r = karmor_ruleset_new(policies, &subject, &set, NULL);
	if (r == 0)
		r = karmor_compile((const struct karmor_ruleset *const[]){ set }, 1, caps,
				   &artifact, &report, NULL);
	if (r == 0)
		r = karmor_report_at(report, 0, &line);
	if (r < 0)
		return r == -ENOENT ? -EIO : r;
	*name = features[i].name;
	*ret = line.fidelity;
	return 0;
}
