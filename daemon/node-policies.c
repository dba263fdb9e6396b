/* SPDX-License-Identifier: Apache-2.0 */
/* The policies of a node: checked, compiled for its workloads, and put in force. See node.h. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "host.h"
#include "messages.h"
#include "node-ahead.h"
#include "node-open.h"
#include "scope.h"

/* What is of @config; NULL when memory is out. */
json_t *node_postures(const struct config *config)
{
	return json_pack("{s:s?, s:b}", "posture", config->posture, "audit", config->audit);
}

/* Under the postures that it has, but where those of the configuration are tried. */
static struct karmor_subject subject_of(const struct node *node, const struct workload *workload,
					const char *root)
{
	const json_t *postures = node->is_following ? node->postures : workload->postures;

	return KARMOR_STRUCT(
		karmor_subject, .labels = workload->labels,
		.namespace_name = workload->namespace_name, .container = workload->container,
		.posture = json_string_value(json_object_get(postures, "posture")),
		.audit_only = json_is_true(json_object_get(postures, "audit")), .root = root,
		.host = workload->is_host, .no_new_privs = workload->no_new_privs);
}

/*
 * Rulesets of one publication: one for each slot, and at least one; then those of nobody yet. A
 * workload keeps the one that
 * it has for as long as policies stay, and its root is called as it was; for names are those that
 * there were when it came.
 */
struct rulesets {
	struct ruleset_slot {
		struct karmor_ruleset *set;
		char root[WORKLOAD_ROOT_SIZE];
	} * all;
	struct node_ahead ahead;
	const struct karmor_ruleset **sets; /* of all n, and of ahead */
	size_t n;
};

/*
 * A change may not be followed under no_new_privs: none is made of what is the same directory by
 * another name. Who labels files looks for them there each time, and needs the name that it has.
 */
static bool is_root_kept(const struct node *node, const struct workload *workload, const char *root)
{
	return strcmp(workload->set_root, root) == 0 || (workload->no_new_privs && !node->prepares);
}

static struct karmor_ruleset *ruleset_had(const struct node *node,
					  const struct karmor_policies *policies, size_t slot,
					  const char *root)
{
	const struct workload *workload = slot < node->n_slots ? node->slots[slot] : NULL;

	if (!workload)
		return node->nothing;
	return node->ruled == policies && is_root_kept(node, workload, root) ? workload->set : NULL;
}

static void rulesets_done(struct rulesets *sets)
{
	free(sets->all);
	free(sets->sets);
}

static bool is_ahead_kept(const struct node *node, const struct rulesets *sets)
{
	return sets->ahead.n && node->ahead.n && sets->ahead.sets[0] == node->ahead.sets[0];
}

/* Frees those that were made. */
static void rulesets_drop(const struct node *node, struct rulesets *sets)
{
	for (size_t i = 0; sets->all && i < sets->n; i++) {
		const struct workload *workload = i < node->n_slots ? node->slots[i] : NULL;

		if (workload && sets->all[i].set != workload->set)
			karmor_ruleset_free(sets->all[i].set);
	}
	if (!is_ahead_kept(node, sets))
		ahead_done(&sets->ahead);
	rulesets_done(sets);
}

/* They are what workloads are under. */
static void rulesets_take(struct node *node, const struct karmor_policies *policies,
			  struct rulesets *sets)
{
	for (size_t i = 0; i < node->n_slots; i++)
		if (node->slots[i] && node->slots[i]->set != sets->all[i].set)
			workload_rule(node->slots[i], sets->all[i].set, sets->all[i].root);
	if (!is_ahead_kept(node, sets)) {
		ahead_done(&node->ahead);
		node->ahead = sets->ahead;
	}
	node->ruled = policies;
	rulesets_done(sets);
}

static void rulesets_forget(struct node *node)
{
	for (size_t i = 0; i < node->n_slots; i++)
		if (node->slots[i])
			workload_rule(node->slots[i], NULL, "");
	node->ruled = NULL;
}

static int nothing_make(struct node *node)
{
	struct karmor_subject nobody = KARMOR_STRUCT(karmor_subject, .labels = NULL);
	int r = node->none ? 0 : karmor_policies_new(&node->none);

	if (r == 0 && !node->nothing)
		r = karmor_ruleset_new(node->none, &nobody, &node->nothing, node->diag);
	return r;
}

static int ruleset_make(struct node *node, const struct karmor_policies *policies, size_t slot,
			struct ruleset_slot *ret)
{
	const struct workload *workload = slot < node->n_slots ? node->slots[slot] : NULL;
	struct karmor_subject subject;

	if (workload)
		workload_root(workload, ret->root);
	ret->set = ruleset_had(node, policies, slot, ret->root);
	if (ret->set)
		return 0;
	subject = subject_of(node, workload, ret->root);
	if (workload && workload->is_removed)
		policies = node->none;
	return karmor_ruleset_new(policies, &subject, &ret->set, node->diag);
}

static int rulesets_ahead(struct node *node, const struct karmor_policies *policies,
			  struct rulesets *ret)
{
	int r = 0;

	if (node->ruled == policies)
		ret->ahead = node->ahead;
	else
		r = ahead_make(node, policies, &ret->ahead);
	for (size_t i = 0; r == 0 && i < ret->ahead.n; i++)
		ret->sets[ret->n + i] = ret->ahead.sets[i];
	return r;
}

/* @ahead: with those of nobody yet. */
static int rulesets_make(struct node *node, const struct karmor_policies *policies, bool ahead,
			 struct rulesets *ret)
{
	int r = nothing_make(node);

	ret->n = node->n_slots ? node->n_slots : 1;
	ret->all = calloc(ret->n, sizeof(*ret->all));
	ret->sets = calloc(ret->n + NODE_AHEAD_MAX + 1, sizeof(struct karmor_ruleset *));
	if (!ret->all || !ret->sets)
		return -ENOMEM;
	for (size_t i = 0; r == 0 && i < ret->n; i++) {
		r = ruleset_make(node, policies, i, &ret->all[i]);
		ret->sets[i] = ret->all[i].set;
	}
	return r < 0 || !ahead ? r : rulesets_ahead(node, policies, ret);
}

/* Whether the file is in force as it is wanted: what there is to warn of it was told. */
static bool is_known(const struct node *node, const struct documents *want, const char *file)
{
	for (size_t i = 0; i < want->n; i++) {
		const struct document *each = want->all[i];

		if (strcmp(each->shown, file) == 0)
			return documents_find(&node->in_force, each->name, each->from_socket) ==
			       each;
	}
	return false;
}

/*
 * What is not kept is told; where it would have enforced it is refused, but under bestEffort.
 * @want: warnings are for what is new in it; NULL: errors alone.
 */
static int report_check(const struct node *node, const struct compiled *compiled,
			const struct documents *want, json_t *messages)
{
	struct karmor_report_line line = KARMOR_STRUCT(karmor_report_line);
	bool best_effort = node->config->best_effort;
	const struct karmor_backend *keeper;
	int r = 0;

	for (size_t i = 0; compiled_at(node, compiled, i, &line, &keeper) == 0; i++) {
		bool is_error = line.enforcing && !best_effort;

		if (line.fidelity != KARMOR_UNSUPPORTED)
			continue;
		if (is_error)
			r = -EOPNOTSUPP;
		else if (!want || is_known(node, want, line.file))
			continue;
		messages_add(messages, is_error ? KARMOR_ERROR : KARMOR_WARNING, line.file,
			     line.line, line.fix, "backend \"%s\" cannot keep %s: %s",
			     karmor_backend_name(keeper), line.rule,
			     line.reason ? line.reason : "unsupported");
	}
	return r;
}

/* Those of before that are yet to be taken over: what is applied is theirs, too. */
static int expect(struct node *node)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < node->n_slots; i++)
		if (node->slots[i] && !node->slots[i]->attached)
			r = karmor_engine_expect(node->engine, node->slots[i]->name, i);
	return r;
}

static int publish_once(struct node *node, const struct karmor_policies *policies, bool ahead,
			json_t *messages)
{
	struct compiled compiled = { 0 };
	struct rulesets sets = { 0 };
	int r = rulesets_make(node, policies, ahead, &sets);

	if (r == 0)
		r = compiled_next(node, sets.sets, sets.n + sets.ahead.n, &compiled);
	if (r == 0)
		r = report_check(node, &compiled, NULL, messages);
	/* By the names that it was decided with. */
	node_read_events(node);
	if (r == 0)
		r = expect(node);
	if (r == 0)
		r = karmor_engine_apply(node->engine, compiled_artifact(&compiled), node->diag);
	messages_take(messages, node->diag);
	if (r < 0) {
		compiled_done(&compiled);
		rulesets_drop(node, &sets);
		return r;
	}
	compiled_done(&node->compiled);
	compiled_told(&compiled);
	node->compiled = compiled;
	node->generation++;
	rulesets_take(node, policies, &sets);
	return 0;
}

/* Compiles and applies @policies for the workloads that there are, and for some that may come:
 * where it may be for the latter's sake that it fails, without them. */
static int publish(struct node *node, const struct karmor_policies *policies, json_t *messages)
{
	_cleanup_json_ json_t *told = json_array();
	int r;

	if (node->ruled != policies)
		node->is_ahead_failed = false;
	if (!node->prepares || node->is_ahead_failed)
		return publish_once(node, policies, false, messages);
	r = publish_once(node, policies, true, told);
	if (r == 0 || r == -ENOMEM || r == -EAGAIN) {
		json_array_extend(messages, told);
		return r;
	}
	r = publish_once(node, policies, false, messages);
	if (r == 0) {
		node->is_ahead_failed = true;
		messages_log(told);
		messages_add(messages, KARMOR_NOTE, NULL, 0, NULL,
			     "the rules of workloads to come are not made ready, and a start may "
			     "take as long as a change does");
	}
	return r;
}

/* What no workload is there for yet must be kept all the same. */
static int check_for(struct node *node, const struct karmor_policies *policies, bool host,
		     const struct documents *want, json_t *messages)
{
	struct karmor_subject everything =
		KARMOR_STRUCT(karmor_subject, .everything = true, .posture = node->config->posture,
			      .audit_only = node->config->audit, .host = host);
	struct compiled compiled = { 0 };
	struct karmor_ruleset *set = NULL;
	int r = karmor_ruleset_new(policies, &everything, &set, node->diag);

	if (r == 0)
		r = compiled_look(node, (const struct karmor_ruleset *const[]){ set }, 1,
				  &compiled);
	if (r == 0)
		r = report_check(node, &compiled, want, messages);
	messages_take(messages, node->diag);
	compiled_done(&compiled);
	karmor_ruleset_free(set);
	return r;
}

static int check_all(struct node *node, const struct karmor_policies *policies,
		     const struct documents *want, json_t *messages)
{
	int r = check_for(node, policies, false, want, messages);

	return r < 0 ? r : check_for(node, policies, true, want, messages);
}

/* Compiles and applies @policies; the node is a workload where some are its own. */
static int put_in_force(struct node *node, const struct karmor_policies *policies, json_t *messages)
{
	struct workload *added = NULL;
	int r = host_add(node, policies, &added);

	r = r < 0 ? r : publish(node, policies, messages);
	r = r == 0 && added ? node_enrol(node, added) : r;
	messages_take(messages, node->diag);
	if (r < 0 && added) {
		host_drop(node, added);
		(void)!publish(node, node->policies, messages);
	}
	return r;
}

static unsigned us_since(const struct timespec *then)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (unsigned)((now.tv_sec - then->tv_sec) * 1000000 +
			  (now.tv_nsec - then->tv_nsec) / 1000);
}

int node_apply(struct node *node, const struct documents *want, json_t *messages)
{
	struct karmor_policies *policies = NULL;
	struct documents copy = { 0 };
	struct timespec begun;
	int r;

	clock_gettime(CLOCK_MONOTONIC, &begun);
	r = documents_copy(want, &copy);
	if (r == 0)
		r = documents_load(&copy, &policies, node->diag);
	messages_take(messages, node->diag);
	if (r == 0)
		r = check_all(node, policies, &copy, messages);
	if (r == 0)
		r = put_in_force(node, policies, messages);
	if (r < 0) {
		node->apply_errors++;
		if (policies && node->ruled == policies)
			rulesets_forget(node);
		karmor_policies_free(policies);
		documents_done(&copy);
		return r;
	}
	karmor_policies_free(node->policies);
	documents_done(&node->in_force);
	node->policies = policies;
	node->in_force = copy;
	host_leave(node, messages);
	node->apply_us = us_since(&begun);
	return 0;
}

int node_follow(struct node *node, json_t *messages)
{
	int r;

	node->is_following = true;
	r = node_apply(node, &node->in_force, messages);
	node->is_following = false;
	for (size_t i = 0; r == 0 && i < node->n_slots; i++)
		if (node->slots[i])
			workload_posture(node->slots[i], node->postures);
	node->again.is_config = node_may_later(r);
	return r;
}

int node_configure(struct node *node, json_t *messages)
{
	json_t *postures = node_postures(node->config);
	int r;

	if (!postures)
		return -ENOMEM;
	json_decref(node->postures);
	node->postures = postures;
	r = node_follow(node, messages);
	if (node->again.is_config)
		node_again(node);
	return r;
}

int node_publish(struct node *node, json_t *messages)
{
	return publish(node, node->policies, messages);
}

int node_ask(const struct workload *workload, const struct karmor_access *access,
	     enum karmor_action *ret, char *policy, size_t size)
{
	struct karmor_verdict verdict = KARMOR_STRUCT(karmor_verdict);
	int r = karmor_ruleset_eval(workload->set, access, &verdict, NULL);

	if (r == 0) {
		*ret = verdict.action;
		snprintf(policy, size, "%s", verdict.policy);
	}
	return r;
}
