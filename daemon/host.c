/* SPDX-License-Identifier: Apache-2.0 */
/* See host.h. */
#include "host.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "messages.h"
#include "node-open.h"
#include "scope.h"

#define ROOT "/"
#define SHELL "/bin/sh"
#define BY_WHICH ", by which people get back into this node"
#define WAYS_FIX                                                                                   \
	"let it through by a rule of its own, or say karmor apply --force, if there is another "   \
	"way in"

/* "kubernetes.io/hostname" is the node's name, but where karmord.yaml says otherwise. */
static const char *const name_keys[] = { "kubernetes.io/hostname", "kubearmor.io/hostname" };

static bool has_key(const char *labels, const char *key)
{
	size_t len = strlen(key);

	for (const char *at = labels; at; at = strchr(at, ',')) {
		at += strspn(at, ", ");
		if (strncmp(at, key, len) == 0 && at[len] == '=')
			return true;
	}
	return false;
}

/* The node's labels; NULL when memory is out. */
static char *labels_make(const struct config *config)
{
	const char *ours = config->node_labels ? config->node_labels : "";
	char *ret = NULL, name[256] = "";
	size_t size;
	FILE *out = open_memstream(&ret, &size);
	bool any = *ours;

	if (!out)
		return NULL;
	/* One that cannot be a label's value is none. */
	if (gethostname(name, sizeof(name) - 1) < 0 || strchr(name, ','))
		name[0] = '\0';
	fputs(ours, out);
	for (size_t i = 0; *name && i < ARRAY_SIZE(name_keys); i++)
		if (!has_key(ours, name_keys[i])) {
			fprintf(out, "%s%s=%s", any ? "," : "", name_keys[i], name);
			any = true;
		}
	if (fclose(out) == 0)
		return ret;
	free(ret);
	return NULL;
}

static struct karmor_subject subject_of(const struct node *node, const char *labels)
{
	return KARMOR_STRUCT(karmor_subject, .host = true, .labels = labels,
			     .posture = node->config->posture, .audit_only = node->config->audit,
			     .root = ROOT);
}

/* The rules of @policies for the node; they may be none. */
static int ruleset_make(struct node *node, const struct karmor_policies *policies,
			struct karmor_ruleset **ret)
{
	_cleanup_free_ char *labels = labels_make(node->config);
	struct karmor_subject subject = subject_of(node, labels);

	*ret = NULL;
	return labels ? karmor_ruleset_new(policies, &subject, ret, node->diag) : -ENOMEM;
}

/* 1, 0 or a negative errno. */
static int is_wanted(struct node *node, const struct karmor_policies *policies)
{
	struct karmor_ruleset *set;
	int r = ruleset_make(node, policies, &set);

	if (r == 0)
		r = karmor_ruleset_policies(set) > 0;
	karmor_ruleset_free(set);
	return r;
}

static struct workload *find(const struct node *node)
{
	struct workload *workload = node_find(node, HOST_NAME);

	return workload && workload->is_host ? workload : NULL;
}

static int add(struct node *node, struct workload **ret)
{
	_cleanup_free_ char *labels = labels_make(node->config);
	_cleanup_json_ json_t *record = NULL;
	struct workload *workload;
	int r;

	if (labels)
		record = json_pack("{s:s, s:s}", "name", HOST_NAME, "labels", labels);
	r = record ? workload_known(record, &workload) : -ENOMEM;
	if (r < 0)
		return r;
	workload->is_host = true;
	r = node_slot_add(node, workload);
	if (r < 0)
		workload_free(workload);
	else
		*ret = workload;
	return r;
}

int host_add(struct node *node, const struct karmor_policies *policies, struct workload **ret)
{
	int r;

	*ret = NULL;
	if (find(node) || !node_has_cgroups(node))
		return 0;
	r = is_wanted(node, policies);
	return r > 0 ? add(node, ret) : r;
}

void host_drop(struct node *node, struct workload *workload)
{
	(void)!karmor_engine_detach(node->engine, HOST_NAME, NULL);
	node_slot_drop(node, workload);
}

void host_leave(struct node *node, json_t *messages)
{
	struct workload *workload = find(node);
	int r = workload ? is_wanted(node, node->policies) : 1;

	if (r > 0)
		return;
	node_read_events(node);
	/* One of before is taken over first. */
	if (r == 0 && !workload->attached)
		r = node_enrol(node, workload);
	if (r == 0)
		r = karmor_engine_detach(node->engine, HOST_NAME, node->diag);
	messages_take(messages, node->diag);
	if (r < 0) {
		messages_add(messages, KARMOR_ERROR, NULL, 0, NULL,
			     "the node itself stays a workload, without rules: %s", strerror(-r));
		return;
	}
	log_tell(LOG_NEWS, "the node itself is under no policy any more");
	node_slot_drop(node, workload);
}

int host_remember(struct node *node)
{
	struct workload *workload;
	int r = add(node, &workload);

	if (r == 0)
		workload->adopted = true;
	return r;
}

void host_relabel(struct node *node)
{
	struct workload *workload = find(node);
	char *labels = workload ? labels_make(node->config) : NULL;

	if (!labels)
		return;
	free(workload->labels);
	workload->labels = labels;
}

void host_renew(struct node *node, json_t *messages)
{
	struct workload *workload = find(node);
	int r = workload ? node_enrol(node, workload) : 0;

	messages_take(messages, node->diag);
	if (r < 0)
		messages_add(messages, KARMOR_ERROR, NULL, 0, NULL,
			     "ways back into the node stay as they were: %s", strerror(-r));
}

/* What a way back does; NULL stands for the program itself. */
static const struct deed {
	enum karmor_op op;
	const char *object, *what;
} deeds[] = {
	{ KARMOR_EXEC, NULL, "executing" },
	{ KARMOR_EXEC, SHELL, "executing a shell by" },
	{ KARMOR_READ, "/etc/passwd", "reading /etc/passwd by" },
	{ KARMOR_NET, "tcp", "TCP of" },
	{ KARMOR_CAPABILITY, "setuid", "CAP_SETUID of" },
};

static const char *shell(void)
{
	const struct passwd *root = getpwuid(0);

	return root && root->pw_shell && *root->pw_shell == '/' ? root->pw_shell : SHELL;
}

static void tell(const struct karmor_verdict *verdict, const struct deed *deed, const char *program,
		 json_t *messages)
{
	if (verdict->rule)
		messages_add(messages, KARMOR_ERROR, verdict->file, verdict->line, WAYS_FIX,
			     "%s of host policy \"%s\" denies %s %s" BY_WHICH, verdict->rule,
			     verdict->policy, deed->what, program);
	else
		messages_add(messages, KARMOR_ERROR, NULL, 0, WAYS_FIX,
			     "no rule of the host policies allows %s %s" BY_WHICH, deed->what,
			     program);
}

/* Whether the deed of @program is denied, which is told. */
static int check_deed(struct node *node, const struct karmor_ruleset *set, const struct deed *deed,
		      const char *program, json_t *messages)
{
	const char *object = !deed->object			? program
			     : strcmp(deed->object, SHELL) == 0 ? shell()
								: deed->object;
	const struct karmor_access access =
		KARMOR_STRUCT(karmor_access, .op = deed->op, .object = object,
			      .source = deed->object ? program : NULL);
	struct karmor_verdict verdict = KARMOR_STRUCT(karmor_verdict);
	int r = karmor_ruleset_eval(set, &access, &verdict, node->diag);

	if (r < 0 || verdict.action != KARMOR_BLOCK)
		return r;
	tell(&verdict, deed, program, messages);
	return -EPERM;
}

/* Whether one before @i is the same program under another name. */
static bool is_again(char *const *ways, size_t i, const char *program)
{
	bool ret = false;

	for (size_t j = 0; !ret && j < i; j++) {
		_cleanup_free_ char *before = realpath(ways[j], NULL);

		ret = before && strcmp(before, program) == 0;
	}
	return ret;
}

int host_check_ways(struct node *node, const struct karmor_policies *policies, json_t *messages)
{
	char *const *ways = node->config->ways_back;
	struct karmor_ruleset *set;
	int r = ruleset_make(node, policies, &set), worst = 0;

	for (size_t i = 0; r == 0 && ways[i]; i++) {
		_cleanup_free_ char *program = realpath(ways[i], NULL);

		if (program && is_again(ways, i, program))
			continue;
		for (size_t j = 0; program && r == 0 && j < ARRAY_SIZE(deeds); j++) {
			r = check_deed(node, set, &deeds[j], program, messages);
			worst = r == -EPERM ? r : worst;
			r = r == -EPERM ? 0 : r;
		}
	}
	messages_take(messages, node->diag);
	karmor_ruleset_free(set);
	return r < 0 ? r : worst;
}
