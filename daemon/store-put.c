/* SPDX-License-Identifier: Apache-2.0 */
/* Policies that come over the socket: each a document of its own. */
#include "store.h"

#include <errno.h>
#include <string.h>

#include "durable.h"
#include "host.h"
#include "log.h"
#include "messages.h"
#include "scope.h"

/* What is sent, and what comes of it. */
struct sent {
	const char *name, *text;
	size_t len;
	json_t *changes;
	json_t *lines; /* by the file of a document: how many are before it in the text */
};

/* Puts the policy of one document, where there is one. */
static int put_one(struct store *store, const struct sent *sent, const char *text, size_t len,
		   struct documents *want)
{
	struct karmor_policies *policies = NULL;
	struct karmor_policy_info info = KARMOR_STRUCT(karmor_policy_info);
	struct document *document = NULL, *old;
	_cleanup_free_ char *name = NULL;
	const char *change;
	int r = karmor_policies_new(&policies);

	if (r == 0)
		r = karmor_policies_add_text(policies, "", text, len, NULL);
	if (r < 0 || karmor_policies_info(policies, 0, &info) < 0)
		goto out;
	name = document_name(info.kind, info.namespace_name, info.name);
	document = name ? document_new(store->kept, name, text, len, true) : NULL;
	if (!document) {
		r = -ENOMEM;
		goto out;
	}
	old = documents_find(want, name, true);
	change = !old						    ? "created"
		 : old->len == len && !memcmp(old->text, text, len) ? "unchanged"
								    : "configured";
	json_object_set_new(sent->lines, document->shown,
			    json_integer((json_int_t)document_lines(sent->text, text)));
	json_array_append_new(sent->changes,
			      json_pack("{s:s, s:s, s:s, s:s}", "kind",
					document_kind_name(info.kind), "namespace",
					info.namespace_name, "name", info.name, "change", change));
	if (strcmp(change, "unchanged") != 0)
		r = documents_put(want, document);
out:
	document_unref(document);
	karmor_policies_free(policies);
	return r;
}

static int put_all(struct store *store, const struct sent *sent, struct documents *want)
{
	const char *end = sent->text + sent->len, *at = sent->text;
	int r = 0;

	while (r == 0 && at < end) {
		const char *next = document_end(at, end);

		r = put_one(store, sent, at, (size_t)(next - at), want);
		at = next;
	}
	return r;
}

/* Messages about what was sent have the places that whoever sent it knows. */
static void put_places(const struct sent *sent, json_t *messages)
{
	json_t *message;
	size_t i;

	json_array_foreach(messages, i, message)
	{
		const char *file = json_string_value(json_object_get(message, "file"));
		json_t *before = file ? json_object_get(sent->lines, file) : NULL;
		json_int_t line = json_integer_value(json_object_get(message, "line"));

		if (!before)
			continue;
		json_object_set_new(message, "file", json_string(sent->name));
		if (line)
			json_object_set_new(message, "line",
					    json_integer(line + json_integer_value(before)));
	}
}

/* Writes what is new in @now; where that fails, what was there before is written again. */
static int keep(struct store *store, const struct documents *now, const struct documents *before)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < now->n; i++) {
		const struct document *each = now->all[i];

		if (each->from_socket && documents_find(before, each->name, true) != each)
			r = durable_write(store->kept, each->name, each->text, each->len);
	}
	for (size_t i = 0; r == 0 && i < before->n; i++)
		if (before->all[i]->from_socket && !documents_find(now, before->all[i]->name, true))
			r = durable_remove(store->kept, before->all[i]->name);
	return r;
}

/* Puts @want in force and keeps it, or changes neither. */
static int change(struct store *store, const struct documents *want, json_t *messages)
{
	struct documents before = { 0 };
	int r = documents_copy(&store->node->in_force, &before);

	if (r == 0)
		r = node_apply(store->node, want, messages);
	if (r < 0) {
		documents_done(&before);
		return r;
	}
	r = keep(store, want, &before);
	if (r < 0) {
		messages_add(messages, KARMOR_ERROR, NULL, 0, NULL,
			     "cannot keep policies in \"%s\": %s", store->kept, strerror(-r));
		(void)!keep(store, &before, want);
		(void)!node_apply(store->node, &before, NULL);
		r = -EIO;
	}
	documents_done(&before);
	return r;
}

int store_put(struct store *store, const char *name, const char *text, size_t len, bool force,
	      json_t *changes, json_t *messages)
{
	_cleanup_json_ json_t *lines = json_object();
	const struct sent sent = { name, text, len, changes, lines };
	struct karmor_policies *policies = NULL;
	struct documents want = { 0 };
	size_t n = 0;
	int r = karmor_policies_new(&policies);

	/* As a whole first: messages have the places of what was sent. */
	if (r == 0)
		r = karmor_policies_add_text(policies, name, text, len, store->node->diag);
	messages_take(messages, store->node->diag);
	if (r == 0)
		n = karmor_policies_count(policies);
	if (r == 0 && !force)
		r = host_check_ways(store->node, policies, messages);
	karmor_policies_free(policies);
	if (r == 0)
		r = documents_copy(&store->node->in_force, &want);
	if (r == 0)
		r = put_all(store, &sent, &want);
	if (r == 0 && json_array_size(changes) != n) {
		messages_add(
			messages, KARMOR_ERROR, name, 0, "put a line with --- between policies",
			"%zu policies are in it, but %zu documents", n, json_array_size(changes));
		r = -EINVAL;
	}
	if (r == 0)
		r = change(store, &want, messages);
	put_places(&sent, messages);
	documents_done(&want);
	return r;
}

/* Where a policy of a file is. */
static int told_in_file(struct store *store, enum karmor_kind kind, const char *namespace_name,
			const char *name, json_t *messages)
{
	struct karmor_policy_info info = KARMOR_STRUCT(karmor_policy_info);

	for (size_t i = 0; karmor_policies_info(store->node->policies, i, &info) == 0; i++) {
		if (info.kind != kind || strcmp(info.name, name) != 0 ||
		    strcmp(info.namespace_name, namespace_name) != 0)
			continue;
		messages_add(messages, KARMOR_ERROR, info.file, info.line, "remove it there",
			     "policy \"%s\" is of a file", name);
		return -EBUSY;
	}
	return -ENOENT;
}

int store_delete(struct store *store, enum karmor_kind kind, const char *namespace_name,
		 const char *name, json_t *messages)
{
	_cleanup_free_ char *document = document_name(kind, namespace_name, name);
	struct documents want = { 0 };
	int r;

	if (!document)
		return -ENOMEM;
	if (!documents_find(&store->node->in_force, document, true))
		return told_in_file(store, kind, namespace_name, name, messages);
	r = documents_copy(&store->node->in_force, &want);
	if (r < 0)
		return r;
	documents_drop(&want, document, true);
	r = change(store, &want, messages);
	documents_done(&want);
	return r;
}
