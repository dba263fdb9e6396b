/* SPDX-License-Identifier: Apache-2.0 */
/* See metrics.h. One table of what is one number; what has labels is printed by a function. */
#include "metrics.h"

#include <stdbool.h>
#include <string.h>

#include "karmord.h"
#include "scope.h"
#include "text.h"

/* What is asked once a page. */
struct numbers {
	struct karmor_stats stats;
	unsigned long long rules, policies, workloads, generation, apply_us, faults, hook_errors,
		apply_errors, clients, client_lost;
};

static const struct metric {
	const char *name, *type, *help;
	size_t offset;
	double scale;
} metrics[] = {
#define ROW(name_, type_, member_, scale_, help_)                                                  \
	{                                                                                          \
		.name = "karmor_" name_, .type = (type_), .help = (help_),                         \
		.offset = offsetof(struct numbers, member_), .scale = (scale_)                     \
	}
	ROW("policies", "gauge", policies, 1, "Policies in force."),
	ROW("rules", "gauge", rules, 1, "Rules of the policies in force."),
	ROW("policy_faults", "gauge", faults, 1, "Messages about files of policies."),
	ROW("workloads", "gauge", workloads, 1, "Workloads that are known."),
	ROW("tasks", "gauge", stats.tasks, 1, "Tasks under policies."),
	ROW("generation", "gauge", generation, 1, "How often policies or workloads changed."),
	ROW("apply_seconds", "gauge", apply_us, 1e-6, "What the last change of policies took."),
	ROW("apply_errors_total", "counter", apply_errors, 1,
	    "Changes of policies that were refused."),
	ROW("hook_errors_total", "counter", hook_errors, 1,
	    "Workloads that could not be put under policies."),
	ROW("refused_total", "counter", stats.refused, 1,
	    "Accesses denied because they could not be decided, and tasks that could not be "
	    "enrolled."),
	ROW("kernel_events_lost_total", "counter", stats.lost, 1,
	    "Events that the kernel had no place for."),
	ROW("clients", "gauge", clients, 1, "Clients of the control socket."),
	ROW("client_events_lost_total", "counter", client_lost, 1,
	    "Events that clients were too slow for."),
#undef ROW
};

static void head(FILE *out, const char *name, const char *type, const char *help)
{
	fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void print_about(FILE *out, const struct node *node)
{
	head(out, "karmor_info", "gauge", "Which karmord this is, and what enforces; always 1.");
	fputs("karmor_info{version=", out);
	text_print_label(out, karmor_version());
	fputs(",enforcer=", out);
	text_print_label(out, node->title);
	fprintf(out, "} %d\n", 1);
}

static const char *const actions[] = {
	[KARMOR_ALLOW] = "Allow", [KARMOR_AUDIT] = "Audit", [KARMOR_BLOCK] = "Block"
};
static const char *const operations[] = {
	[KARMOR_PROCESS] = "Process",  [KARMOR_FILE] = "File",
	[KARMOR_NETWORK] = "Network",  [KARMOR_CAPABILITIES] = "Capabilities",
	[KARMOR_SYSCALLS] = "Syscall",
};

_Static_assert(ARRAY_SIZE(operations) == METRICS_SECTIONS, "each section has a name");

/* What never gives an event has no line. */
static void print_events(FILE *out, const struct daemon *daemon, const char *name, const char *help,
			 bool accesses)
{
	head(out, name, "counter", help);
	for (size_t i = KARMOR_AUDIT; i < ARRAY_SIZE(actions); i++)
		for (size_t j = 0; j < ARRAY_SIZE(operations); j++) {
			const struct event_count *count = &daemon->counts[i][j];

			fprintf(out, "%s{action=\"%s\",operation=\"%s\"} %llu\n", name, actions[i],
				operations[j], accesses ? count->accesses : count->events);
		}
}

static void print_sinks(FILE *out, const struct daemon *daemon, const char *name, const char *help,
			bool lost)
{
	const struct sink *sink;

	if (!sinks_at(daemon->sinks, 0))
		return;
	head(out, name, "counter", help);
	for (size_t i = 0; (sink = sinks_at(daemon->sinks, i)); i++) {
		fprintf(out, "%s{sink=", name);
		text_print_label(out, sink->name);
		fprintf(out, "} %llu\n", lost ? sink->lost : sink->written);
	}
}

static void ask(struct daemon *daemon, struct numbers *ret)
{
	const struct node *node = &daemon->node;

	*ret = (struct numbers){
		.stats = KARMOR_STRUCT(karmor_stats),
		.rules = karmor_policies_rules(node->policies),
		.policies = karmor_policies_count(node->policies),
		.workloads = node_workloads(node),
		.generation = node->generation,
		.apply_us = node->apply_us,
		.faults = json_array_size(daemon->store.faults),
		.hook_errors = node->hook_errors,
		.apply_errors = node->apply_errors,
		.clients = control_clients(daemon->control),
		.client_lost = control_lost(daemon->control),
	};
	if (karmor_engine_stats(node->engine, &ret->stats) < 0)
		ret->stats = KARMOR_STRUCT(karmor_stats);
}

static void print(FILE *out, struct daemon *daemon)
{
	struct numbers numbers;

	ask(daemon, &numbers);
	print_about(out, &daemon->node);
	for (size_t i = 0; i < ARRAY_SIZE(metrics); i++) {
		uint64_t value;

		memcpy(&value, (const char *)&numbers + metrics[i].offset, sizeof(value));
		head(out, metrics[i].name, metrics[i].type, metrics[i].help);
		fprintf(out, "%s %.15g\n", metrics[i].name, (double)value * metrics[i].scale);
	}
	print_events(out, daemon, "karmor_events_total", "Events that were told.", false);
	print_events(out, daemon, "karmor_event_accesses_total", "Accesses that events stand for.",
		     true);
	print_sinks(out, daemon, "karmor_sink_events_total", "Events written, by where to.", false);
	print_sinks(out, daemon, "karmor_sink_events_lost_total", "Events lost, by where to.",
		    true);
}

char *metrics_page(void *data)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	bool failed;

	if (!out)
		return NULL;
	print(out, data);
	failed = ferror(out);
	if (fclose(out) == 0 && !failed)
		return text;
	free(text);
	return NULL;
}
