/* SPDX-License-Identifier: Apache-2.0 */
/* See subject.h. */
#include "subject.h"

#include "cli.h"

struct karmor_subject subject_new(void)
{
	return KARMOR_STRUCT(karmor_subject, .everything = true);
}

bool subject_option(struct karmor_subject *subject, int option)
{
	switch (option) {
	case 'l':
		subject->labels = optarg;
		subject->everything = false;
		return true;
	case 'n':
		subject->namespace_name = optarg;
		return true;
	case SUBJECT_CONTAINER:
		subject->container = optarg;
		return true;
	case SUBJECT_HOST:
		subject->host = true;
		return true;
	case SUBJECT_POSTURE:
		subject->posture = optarg;
		return true;
	default:
		return false;
	}
}

void subject_warn(const struct karmor_subject *subject, const struct karmor_policies *policies,
		  const struct karmor_ruleset *set)
{
	if (karmor_ruleset_policies(set) || !karmor_policies_count(policies))
		return;
	cli_tell(KARMOR_WARNING, "no policy selects it");
	cli_fix(subject->everything && !subject->host
			? "--host is for the policies of hosts"
			: "see that -l, -n and --container are as the selectors have them");
}
