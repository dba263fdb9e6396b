/* SPDX-License-Identifier: Apache-2.0 */
/* See selinux-policy.h. */
#include <sepol/debug.h>
#include <sepol/policydb/policydb.h>
#include <sepol/policydb/services.h>
#include <sepol/policydb/sidtab.h>

#include "selinux-policy.h"

#include <stdlib.h>
#include <string.h>

/* That in use. */
static sepol_policydb_t *used;
static sidtab_t contexts;

void policy_drop(void)
{
	if (!used)
		return;
	sepol_policydb_free(used);
	sepol_sidtab_destroy(&contexts);
	used = NULL;
}

int policy_use(const void *image, size_t len)
{
	sepol_policydb_t *policy = NULL;
	void *copy = malloc(len);
	int r = copy ? sepol_policydb_create(&policy) : -1;

	if (r == 0) {
		memcpy(copy, image, len);
		r = sepol_policydb_from_image(NULL, copy, len, policy);
	}
	free(copy);
	if (r < 0) /* what it held is released already */
		return -1;
	policy_drop();
	sepol_debug(0); /* that it does not have a context is told by what it returns */
	used = policy;
	if (sepol_set_policydb(&policy->p) < 0 || sepol_sidtab_init(&contexts) < 0 ||
	    sepol_set_sidtab(&contexts) < 0)
		return -1;
	return 0;
}

uint32_t policy_context(const char *context)
{
	sepol_security_id_t sid;

	return sepol_context_to_sid(context, strlen(context) + 1, &sid) == 0 ? sid : 0;
}

unsigned policy_class(const char *name)
{
	sepol_security_class_t class;

	return sepol_string_to_security_class(name, &class) == 0 ? class : 0;
}

int policy_bits(uint32_t subject, uint32_t object, unsigned class, struct policy_bits *ret)
{
	struct sepol_av_decision decision;

	if (sepol_compute_av(subject, object, (sepol_security_class_t) class, 0, &decision) < 0)
		return -1;
	*ret = (struct policy_bits){ decision.allowed, decision.auditallow, decision.auditdeny };
	return 0;
}

static struct policy_answer perm_ask(const struct policy_bits *bits, unsigned class,
				     const char *perm)
{
	sepol_access_vector_t bit;

	if (sepol_string_to_av_perm((sepol_security_class_t) class, perm, &bit) < 0)
		return (struct policy_answer){ 0 };
	if (bits->allowed & bit)
		return (struct policy_answer){ true, true, bits->auditallow & bit };
	return (struct policy_answer){ true, false, bits->auditdeny & bit };
}

struct policy_answer policy_ask(const char *subject, const char *object, const char *class,
				const char *perms, bool *split)
{
	uint32_t from = policy_context(subject), to = policy_context(object);
	unsigned number = policy_class(class);
	struct policy_answer ret = { 0 };
	char *copy = strdup(perms), *rest = copy, *perm;
	struct policy_bits bits;
	bool first = true;

	*split = false;
	if (copy && from && to && number && policy_bits(from, to, number, &bits) == 0)
		while ((perm = strsep(&rest, " "))) {
			struct policy_answer answer = perm_ask(&bits, number, perm);

			*split |= !first &&
				  (answer.known != ret.known || answer.allowed != ret.allowed ||
				   answer.logged != ret.logged);
			ret = first ? answer : ret;
			first = false;
		}
	free(copy);
	return ret;
}

char *policy_exec(const char *subject, const char *object)
{
	uint32_t from = policy_context(subject), to = policy_context(object);
	unsigned process = policy_class("process");
	sepol_security_id_t sid;
	sepol_security_context_t context;
	size_t len;

	if (!from || !to ||
	    sepol_transition_sid(from, to, (sepol_security_class_t)process, &sid) < 0 ||
	    sepol_sid_to_context(sid, &context, &len) < 0)
		return NULL;
	return context;
}
