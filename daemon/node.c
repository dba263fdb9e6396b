/* SPDX-License-Identifier: Apache-2.0 */
/* See node.h. */
#include "node.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "host.h"
#include "log.h"
#include "messages.h"
#include "node-open.h"
#include "records.h"
#include "scope.h"

#define ENDING_FIRST_MS 200 /* a dead task's memory is freed a little later */
#define ENDING_MS 2000
#define FLOOD_MS 1000

static struct karmor_subject subject_of(const struct node *node, const struct workload *workload,
					const char *root)
{
	return KARMOR_STRUCT(karmor_subject, .labels = workload->labels,
			     .namespace_name = workload->namespace_name,
			     .container = workload->container, .posture = node->config->posture,
			     .audit_only = node->config->audit, .root = root,
			     .host = workload->is_host);
}

/* Rulesets of one publication: one for each slot, and at least one. */
struct rulesets {
	struct karmor_policies *none;
	struct karmor_ruleset **all;
	size_t n;
};

static void rulesets_done(struct rulesets *sets)
{
	for (size_t i = 0; sets->all && i < sets->n; i++)
		karmor_ruleset_free(sets->all[i]);
	free(sets->all);
	karmor_policies_free(sets->none);
}

static int rulesets_make(struct node *node, const struct karmor_policies *policies,
			 struct rulesets *ret)
{
	struct karmor_subject nobody = KARMOR_STRUCT(karmor_subject, .labels = NULL);
	int r = karmor_policies_new(&ret->none);

	ret->n = node->n_slots ? node->n_slots : 1;
	ret->all = calloc(ret->n, sizeof(struct karmor_ruleset *));
	if (!ret->all)
		return -ENOMEM;
	for (size_t i = 0; r == 0 && i < ret->n; i++) {
		const struct workload *workload = i < node->n_slots ? node->slots[i] : NULL;
		struct karmor_subject subject = nobody;
		char root[64];

		if (workload) {
			workload_root(workload, root, sizeof(root));
			subject = subject_of(node, workload, root);
		}
		r = karmor_ruleset_new(workload ? policies : ret->none, &subject, &ret->all[i],
				       node->diag);
	}
	return r;
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

/* Compiles and applies @policies for the workloads that there are. */
static int publish(struct node *node, const struct karmor_policies *policies, json_t *messages)
{
	struct compiled compiled = { 0 };
	struct rulesets sets = { 0 };
	int r = rulesets_make(node, policies, &sets);

	if (r == 0)
		r = compiled_next(node, (const struct karmor_ruleset *const *)sets.all, sets.n,
				  &compiled);
	if (r == 0)
		r = report_check(node, &compiled, NULL, messages);
	/* By the names that it was decided with. */
	node_read_events(node);
	if (r == 0)
		r = expect(node);
	if (r == 0)
		r = karmor_engine_apply(node->engine, compiled_artifact(&compiled), node->diag);
	messages_take(messages, node->diag);
	for (size_t i = 0; r == 0 && i < node->n_slots; i++)
		if (node->slots[i]) {
			node->slots[i]->policies = karmor_ruleset_policies(sets.all[i]);
			node->slots[i]->rules = karmor_ruleset_rules(sets.all[i]);
		}
	if (r == 0) {
		compiled_done(&node->compiled);
		compiled_told(&compiled);
		node->compiled = compiled;
		node->generation++;
	} else {
		compiled_done(&compiled);
	}
	rulesets_done(&sets);
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

int node_publish(struct node *node, json_t *messages)
{
	return publish(node, node->policies, messages);
}

int node_ask(const struct node *node, const struct workload *workload,
	     const struct karmor_access *access, enum karmor_action *ret, char *policy, size_t size)
{
	struct karmor_ruleset *set = NULL;
	struct karmor_subject subject;
	struct karmor_verdict verdict = KARMOR_STRUCT(karmor_verdict);
	char root[64];
	int r;

	workload_root(workload, root, sizeof(root));
	subject = subject_of(node, workload, root);
	r = karmor_ruleset_new(node->policies, &subject, &set, NULL);
	if (r == 0)
		r = karmor_ruleset_eval(set, access, &verdict, NULL);
	if (r == 0) {
		*ret = verdict.action;
		snprintf(policy, size, "%s", verdict.policy);
	}
	karmor_ruleset_free(set);
	return r;
}

struct workload *node_find(const struct node *node, const char *name)
{
	for (size_t i = 0; i < node->n_slots; i++)
		if (node->slots[i] && strcmp(node->slots[i]->name, name) == 0)
			return node->slots[i];
	return NULL;
}

size_t node_workloads(const struct node *node)
{
	size_t n = 0;

	for (size_t i = 0; i < node->n_slots; i++)
		n += node->slots[i] != NULL;
	return n;
}

int node_slot_add(struct node *node, struct workload *workload)
{
	struct workload **slots;
	size_t i = 0;

	if (!workload->is_host && strcmp(workload->name, HOST_NAME) == 0)
		return -EEXIST;
	while (i < node->n_slots && node->slots[i])
		i++;
	if (i == NODE_WORKLOADS_MAX)
		return -EBUSY;
	if (i == node->n_slots) {
		slots = reallocarray(node->slots, i + 1, sizeof(struct workload *));
		if (!slots)
			return -ENOMEM;
		node->slots = slots;
		node->n_slots++;
	}
	node->slots[i] = workload;
	workload->slot = i;
	workload->node = node;
	return 0;
}

void node_slot_drop(struct node *node, struct workload *workload)
{
	loop_remove(node->loop, workload->source);
	node->slots[workload->slot] = NULL;
	workload_free(workload);
}

/* Its first task has ended. */
static void on_end(uint32_t events, void *data)
{
	struct workload *workload = data;

	loop_remove(workload->node->loop, workload->source);
	workload->source = NULL;
	loop_timer_set(workload->node->ending, ENDING_FIRST_MS);
}

/* What systemd runs in a unit's cgroup before the unit's program, and beside it (sd-pam). */
static const char *const ways_in[] = { "systemd-executor", "systemd" };

/* One that cannot have its cgroup is enforced without: the first task and all it starts. */
static int attach(struct node *node, const struct workload *workload)
{
	struct karmor_workload asked = KARMOR_STRUCT(
		karmor_workload, .name = workload->name, .namespace_name = workload->namespace_name,
		.container = workload->container, .labels = workload->labels,
		.ruleset = workload->slot, .pid = workload->pid, .lasting = true,
		.cgroup = workload->cgroup, .running = workload->is_unit,
		.by_path = workload->is_unit, .host = workload->is_host,
		.exempt = (const char *const *)node->config->ways_back);
	const struct karmor_message *why;
	int r;

	for (size_t i = 0; workload->is_unit && i < ARRAY_SIZE(ways_in); i++)
		asked.through[i] = ways_in[i];
	r = karmor_engine_attach(node->engine, &asked, node->diag);
	if (!asked.cgroup || workload->is_unit || (r != -EINVAL && r != -EBUSY && r != -EOPNOTSUPP))
		return r;
	why = karmor_diag_at(node->diag, 0);
	log_tell(LOG_CAUTION, ENTERED_LATER ": %s", workload->name, why ? why->text : strerror(-r));
	karmor_diag_clear(node->diag);
	asked.cgroup = NULL;
	return karmor_engine_attach(node->engine, &asked, node->diag);
}

int node_enrol(struct node *node, struct workload *workload)
{
	int r = attach(node, workload);

	if (r < 0)
		return r;
	workload->attached = true;
	return node_watch(node, workload);
}

int node_watch(struct node *node, struct workload *workload)
{
	if (workload->pidfd >= 0)
		return loop_add(node->loop, workload->pidfd, EPOLLIN, on_end, workload,
				&workload->source);
	if (!workload->is_unit && !workload->is_host)
		loop_timer_set(node->ending, ENDING_MS);
	return 0;
}

/* Whether it has no task any more, and is forgotten. A unit may start again. */
static bool forget(struct node *node, struct workload *workload)
{
	if (workload->is_unit || workload->is_host || workload_lives(workload) ||
	    karmor_engine_tasks(node->engine, workload->name) > 0)
		return false;
	node_read_events(node);
	if (karmor_engine_detach(node->engine, workload->name, NULL) < 0)
		return false;
	log_tell(LOG_DETAIL, "workload \"%s\" has ended", workload->name);
	node_slot_drop(node, workload);
	return true;
}

int node_forget(struct node *node, const char *name)
{
	struct workload *workload = node_find(node, name);

	return !workload || forget(node, workload) ? 0 : -EEXIST;
}

void node_on_ending(uint32_t events, void *data)
{
	struct node *node = data;
	bool waits = false, gone = false;
	unsigned soonest = 0;

	for (size_t i = 0; i < node->n_slots; i++) {
		struct workload *workload = node->slots[i];
		unsigned left;

		if (!workload || workload->source || workload->is_waiting || workload->is_unit ||
		    workload->is_host)
			continue;
		left = node_prepared_left(workload);
		if (left) {
			soonest = !soonest || left < soonest ? left : soonest;
			continue;
		}
		if (forget(node, workload))
			gone = true;
		else
			waits = true;
	}
	if (gone && records_save(node) < 0)
		log_tell(LOG_CAUTION, "cannot write the list of workloads");
	if (waits || soonest)
		loop_timer_set(node->ending, waits ? ENDING_MS : soonest);
}

int node_check_entry(const struct node *node, const struct workload *workload, json_t *messages)
{
	if (!node->must_enter)
		return 0;
	messages_add(
		messages, KARMOR_ERROR, NULL, 0, NODE_ENTER_FIX,
		"workload \"%s\" cannot be put under %s, which a task can enter only by itself",
		workload->name, node->title);
	return -EOPNOTSUPP;
}

int node_attach(struct node *node, struct workload *workload, json_t *messages)
{
	struct workload *other = node_find(node, workload->name);
	int r = node_check_entry(node, workload, messages);

	if (r < 0) {
		workload_free(workload);
		return r;
	}
	if (other && !forget(node, other)) {
		bool same = other->pid == workload->pid && other->started == workload->started;

		workload_free(workload);
		return same ? 0 : -EEXIST;
	}
	r = node_slot_add(node, workload);
	if (r < 0) {
		workload_free(workload);
		return r;
	}
	r = publish(node, node->policies, messages);
	/* Before it is enforced: what is enforced and not known cannot be taken over. */
	if (r == 0)
		r = records_save(node);
	if (r == 0)
		r = node_enrol(node, workload);
	messages_take(messages, node->diag);
	if (r < 0) {
		(void)!karmor_engine_detach(node->engine, workload->name, NULL);
		node_slot_drop(node, workload);
		(void)!records_save(node);
	}
	return r;
}

int node_detach(struct node *node, const char *name)
{
	struct workload *workload = node_find(node, name);

	if (!workload || workload->is_unit || workload->is_host)
		return -ENOENT;
	if (forget(node, workload))
		return records_save(node);
	loop_remove(node->loop, workload->source);
	workload->source = NULL;
	loop_timer_set(node->ending, ENDING_FIRST_MS);
	return 0;
}

static void deliver(const struct karmor_event *event, void *data)
{
	struct node *node = data;

	node->fn(event, event->workload ? node_find(node, event->workload) : NULL, node->data);
}

void node_read_events(struct node *node)
{
	/* What was counted of a flood comes later. */
	if (karmor_engine_read_events(node->engine, deliver, node) > 0)
		loop_timer_set(node->floods, FLOOD_MS);
}
