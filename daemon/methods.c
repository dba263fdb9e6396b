/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The methods of the control socket, a table: io.karmor (io.karmor.varlink), and
 * org.varlink.service, which every Varlink service has.
 */
#include <errno.h>
#include <string.h>

#include "karmord.h"
#include "messages.h"
#include "metrics.h"
#include "scope.h"

static const char description[] =
#include "io.karmor.varlink.inc"
	;

static const char service_description[] =
	"# What every Varlink service answers.\n"
	"interface org.varlink.service\n"
	"\n"
	"method GetInfo() -> (vendor: string, product: string, version: string, url: string, "
	"interfaces: []string)\n"
	"\n"
	"method GetInterfaceDescription(interface: string) -> (description: string)\n"
	"\n"
	"error InterfaceNotFound (interface: string)\n"
	"error MethodNotFound (method: string)\n"
	"error MethodNotImplemented (method: string)\n"
	"error InvalidParameter (parameter: string)\n"
	"error PermissionDenied ()\n"
	"error ExpectedMore ()\n";

#define SERVICE "org.varlink.service."
#define OURS "io.karmor."

/* Of policies, in one answer: as JSON they are longer, and an answer has 16 MiB at most. */
#define TEXTS_MAX (6u << 20)

/* One call that is being answered. */
struct asked {
	struct daemon *daemon;
	struct client *client;
	json_t *parameters;
	const char *wrong;
	json_t *messages;
};

static void invalid(struct asked *asked)
{
	client_error(asked->client, SERVICE "InvalidParameter",
		     json_pack("{s:s}", "parameter", asked->wrong));
}

/* Gives @r as an error. */
static void failed(struct asked *asked, int r)
{
	if (json_array_size(asked->messages) == 0)
		messages_add(asked->messages, KARMOR_ERROR, NULL, 0, NULL, "%s", strerror(-r));
	client_error(asked->client, OURS "Failed", json_pack("{s:O}", "messages", asked->messages));
}

static void about(struct asked *asked, const char *error, const char *what)
{
	client_error(asked->client, error, json_pack("{s:s}", "what", what));
}

static void get_info(struct asked *asked)
{
	client_reply(asked->client,
		     json_pack("{s:s, s:s, s:s, s:s, s:[s, s]}", "vendor", "karmor", "product",
			       "karmord", "version", karmor_version(), "url", "", "interfaces",
			       "io.karmor", "org.varlink.service"));
}

static void get_description(struct asked *asked)
{
	const char *name = varlink_text(asked->parameters, "interface", &asked->wrong);

	if (!name) {
		asked->wrong = "interface";
		invalid(asked);
	} else if (strcmp(name, "io.karmor") == 0 || strcmp(name, "org.varlink.service") == 0) {
		client_reply(asked->client,
			     json_pack("{s:s}", "description",
				       *name == 'i' ? description : service_description));
	} else {
		client_error(asked->client, SERVICE "InterfaceNotFound",
			     json_pack("{s:s}", "interface", name));
	}
}

static void apply(struct asked *asked)
{
	const char *name = varlink_text(asked->parameters, "name", &asked->wrong);
	const char *text = varlink_text(asked->parameters, "text", &asked->wrong);
	bool force = varlink_flag(asked->parameters, "force", &asked->wrong);
	_cleanup_json_ json_t *changes = json_array();
	int r;

	if (!asked->wrong && (!name || !text))
		asked->wrong = name ? "text" : "name";
	if (asked->wrong) {
		invalid(asked);
		return;
	}
	r = store_put(&asked->daemon->store, name, text, strlen(text), force, changes,
		      asked->messages);
	if (r < 0)
		failed(asked, r);
	else
		client_reply(asked->client,
			     json_pack("{s:I, s:O, s:O}", "generation",
				       (json_int_t)asked->daemon->node.generation, "changes",
				       changes, "messages", asked->messages));
}

static void delete (struct asked *asked)
{
	const char *kind_name = varlink_text(asked->parameters, "kind", &asked->wrong);
	const char *namespace_name = varlink_text(asked->parameters, "namespace", &asked->wrong);
	const char *name = varlink_text(asked->parameters, "name", &asked->wrong);
	enum karmor_kind kind;
	int r;

	if (!kind_name || document_kind_find(kind_name, &kind) < 0)
		asked->wrong = "kind";
	else if (!name)
		asked->wrong = "name";
	if (asked->wrong) {
		invalid(asked);
		return;
	}
	if (!namespace_name)
		namespace_name = "default";
	r = store_delete(&asked->daemon->store, kind, kind == KARMOR_POLICY ? namespace_name : "",
			 name, asked->messages);
	if (r == -ENOENT)
		about(asked, OURS "NotFound", name);
	else if (r < 0)
		failed(asked, r);
	else
		client_reply(asked->client, json_pack("{s:I}", "generation",
						      (json_int_t)asked->daemon->node.generation));
	/* The answer has no place for what there is to warn of. */
	if (r == 0)
		messages_log(asked->messages);
}

static const struct document *document_of(const struct documents *documents, const char *file)
{
	for (size_t i = 0; i < documents->n; i++)
		if (strcmp(documents->all[i]->shown, file) == 0)
			return documents->all[i];
	return NULL;
}

static json_t *policy_json(const struct karmor_policy_info *info, const struct document *document)
{
	return json_pack("{s:s, s:s, s:s, s:I, s:s, s:s, s:s, s:i}", "kind",
			 document_kind_name(info->kind), "namespace", info->namespace_name, "name",
			 info->name, "rules", (json_int_t)info->rules, "selector", info->selector,
			 "origin", document && document->from_socket ? "socket" : "file", "file",
			 info->file, "line", (int)info->line);
}

/* How long the text is that was added. */
static size_t text_add(json_t *policy, struct document_cursor *cursor,
		       const struct document *document, unsigned line)
{
	size_t len = 0;
	const char *text = document ? document_part(cursor, document, line, &len) : NULL;

	if (text)
		json_object_set_new(policy, "text", json_stringn(text, len));
	return len;
}

static void get_policies(struct asked *asked)
{
	const struct node *node = &asked->daemon->node;
	struct karmor_policy_info info = KARMOR_STRUCT(karmor_policy_info);
	bool with_text = varlink_flag(asked->parameters, "text", &asked->wrong);
	struct document_cursor cursor = { 0 };
	_cleanup_json_ json_t *list = json_array();
	size_t texts = 0;

	if (asked->wrong) {
		invalid(asked);
		return;
	}
	for (size_t i = 0; texts <= TEXTS_MAX && !karmor_policies_info(node->policies, i, &info);
	     i++) {
		const struct document *document = document_of(&node->in_force, info.file);
		json_t *policy = policy_json(&info, document);

		if (with_text)
			texts += text_add(policy, &cursor, document, info.line);
		json_array_append_new(list, policy);
	}
	if (texts <= TEXTS_MAX) {
		client_reply(asked->client, json_pack("{s:O}", "policies", list));
		return;
	}
	messages_add(asked->messages, KARMOR_ERROR, NULL, 0,
		     "read the files that karmor get policies -o wide names",
		     "the texts of all policies are more than %u MiB", TEXTS_MAX >> 20);
	failed(asked, -E2BIG);
}

static void get_workloads(struct asked *asked)
{
	struct node *node = &asked->daemon->node;
	json_t *list = json_array();

	for (size_t i = 0; i < node->n_slots; i++)
		if (node->slots[i])
			json_array_append_new(
				list, workload_json(node->slots[i],
						    karmor_engine_tasks(node->engine,
									node->slots[i]->name)));
	client_reply(asked->client, json_pack("{s:o}", "workloads", list));
}

static void status(struct asked *asked)
{
	struct daemon *daemon = asked->daemon;
	struct node *node = &daemon->node;
	struct karmor_stats stats = KARMOR_STRUCT(karmor_stats);

	if (karmor_engine_stats(node->engine, &stats) < 0)
		stats = KARMOR_STRUCT(karmor_stats);
	client_reply(asked->client,
		     json_pack("{s:s, s:i, s:s, s:b, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, "
			       "s:I, s:O}",
			       "version", karmor_version(), "pid", (int)getpid(), "backend",
			       node->title, "enforces", karmor_backend_enforces(node->backend),
			       "generation", (json_int_t)node->generation, "policies",
			       (json_int_t)karmor_policies_count(node->policies), "rules",
			       (json_int_t)karmor_policies_rules(node->policies), "workloads",
			       (json_int_t)node_workloads(node), "tasks", (json_int_t)stats.tasks,
			       "events", (json_int_t)daemon->events, "lost", (json_int_t)stats.lost,
			       "refused", (json_int_t)stats.refused, "clients",
			       (json_int_t)control_clients(daemon->control), "applyMicroseconds",
			       (json_int_t)node->apply_us, "faults", daemon->store.faults));
}

static void metrics(struct asked *asked)
{
	_cleanup_free_ char *page = metrics_page(asked->daemon);

	if (page)
		client_reply(asked->client, json_pack("{s:s}", "page", page));
	else
		failed(asked, -ENOMEM);
}

static void follow(struct asked *asked)
{
	struct filter filter;

	node_read_events(&asked->daemon->node);
	if (filter_read(asked->parameters, &filter, &asked->wrong) < 0)
		invalid(asked);
	else
		client_follow(asked->client, &filter);
}

static void attach(struct asked *asked)
{
	struct workload *workload = NULL;
	bool at_exec = varlink_flag(asked->parameters, "atExec", &asked->wrong);
	bool must = varlink_flag(asked->parameters, "must", &asked->wrong);
	int r = asked->wrong ? -EINVAL : workload_new(asked->parameters, &workload, &asked->wrong);
	const char *name = json_string_value(json_object_get(asked->parameters, "name"));

	if (asked->wrong) {
		invalid(asked);
		return;
	}
	if (r == 0)
		workload->must = must;
	if (r == 0)
		r = (at_exec ? node_await : node_attach)(&asked->daemon->node, workload,
							 asked->messages);
	if (r == -ESRCH || r == -ENOENT)
		about(asked, OURS "NotFound", "the task");
	else if (r == -EEXIST)
		about(asked, OURS "Exists", name);
	else if (r < 0)
		failed(asked, r);
	if (r < 0) {
		asked->daemon->node.hook_errors++;
		return;
	}
	workload = node_find(&asked->daemon->node, name);
	client_reply(asked->client, json_pack("{s:I, s:I}", "policies", workload_policies(workload),
					      "rules", workload_rules(workload)));
}

static void prepare(struct asked *asked)
{
	struct node *node = &asked->daemon->node;
	const char *program = varlink_text(asked->parameters, "program", &asked->wrong);
	char label[KARMOR_LABEL_SIZE];
	struct workload *workload = NULL;
	int r = asked->wrong ? -EINVAL
			     : workload_new_ahead(asked->parameters, &workload, &asked->wrong);

	if (asked->wrong) {
		invalid(asked);
		return;
	}
	if (r == 0)
		r = node_prepare(node, workload, program, label, sizeof(label), asked->messages);
	if (r == -EEXIST)
		about(asked, OURS "Exists",
		      json_string_value(json_object_get(asked->parameters, "name")));
	else if (r < 0)
		failed(asked, r);
	else
		client_reply(asked->client, json_pack("{s:s?}", "label", *label ? label : NULL));
	node->hook_errors += r < 0;
}

static void detach(struct asked *asked)
{
	const char *name = varlink_text(asked->parameters, "name", &asked->wrong);
	int r;

	if (!name) {
		asked->wrong = "name";
		invalid(asked);
		return;
	}
	r = node_detach(&asked->daemon->node, name);
	if (r == -ENOENT)
		about(asked, OURS "NotFound", name);
	else if (r < 0)
		failed(asked, r);
	else
		client_reply(asked->client, NULL);
}

static const struct method {
	const char *name;
	void (*run)(struct asked *asked);
	bool changes, streams;
} methods[] = {
	{ SERVICE "GetInfo", get_info },
	{ SERVICE "GetInterfaceDescription", get_description },
	{ OURS "Apply", apply, .changes = true },
	{ OURS "Attach", attach, .changes = true },
	{ OURS "Delete", delete, .changes = true },
	{ OURS "Detach", detach, .changes = true },
	{ OURS "Follow", follow, .streams = true },
	{ OURS "GetPolicies", get_policies },
	{ OURS "GetWorkloads", get_workloads },
	{ OURS "Metrics", metrics },
	{ OURS "Prepare", prepare, .changes = true },
	{ OURS "Status", status },
};

/*
 * Whoever is enforced does not say what is, whatever its user may. It is asked with each call, for
 * a process that connected before it was put into a workload is in it all the same.
 */
static bool is_outside(struct asked *asked)
{
	int process = client_process(asked->client);
	int r = process < 0 ? -ESRCH : karmor_engine_confines(asked->daemon->node.engine, process);

	if (r == 0)
		return true;
	messages_add(
		asked->messages, KARMOR_ERROR, NULL, 0,
		r == 1 ? "ask from outside of every workload"
		       : "ask from a process that waits for the answer",
		r == 1 ? "a task of a workload may not change what is enforced"
		       : "it cannot be told whether a workload asks, so that nothing is changed");
	failed(asked, -EPERM);
	return false;
}

static void run(const struct method *method, struct asked *asked)
{
	if (method->changes && !client_may_change(asked->client)) {
		client_error(asked->client, SERVICE "PermissionDenied", NULL);
		return;
	}
	asked->parameters = asked->parameters ? json_incref(asked->parameters) : json_object();
	asked->messages = json_array();
	if (!method->changes || is_outside(asked))
		method->run(asked);
	json_decref(asked->parameters);
	json_decref(asked->messages);
}

static void no_method(struct client *client, const char *name)
{
	const char *dot = strrchr(name, '.');
	size_t len = dot ? (size_t)(dot - name) + 1 : 0;

	if (len && (strncmp(name, SERVICE, len) == 0 || strncmp(name, OURS, len) == 0))
		client_error(client, SERVICE "MethodNotFound", json_pack("{s:s}", "method", name));
	else
		client_error(client, SERVICE "InterfaceNotFound",
			     json_pack("{s:s%}", "interface", name, len ? len - 1 : 0));
}

void methods_call(struct client *client, const struct varlink_call *call, void *data)
{
	struct asked asked = { .daemon = data, .client = client, .parameters = call->parameters };

	for (size_t i = 0; i < ARRAY_SIZE(methods); i++) {
		if (strcmp(methods[i].name, call->method) != 0)
			continue;
		if (methods[i].streams && !call->more)
			client_error(client, SERVICE "ExpectedMore", NULL);
		else
			run(&methods[i], &asked);
		return;
	}
	no_method(client, call->method);
}
