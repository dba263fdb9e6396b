/* SPDX-License-Identifier: Apache-2.0 */
/* See store.h. */
#include "store.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "durable.h"
#include "log.h"
#include "messages.h"
#include "scope.h"

static const char *directory(const struct store *store)
{
	return store->node->config->policies;
}

/* The document that was accepted last under this name: in force, or kept from before. */
static struct document *accepted_of(struct store *store, const char *name, json_t *messages)
{
	struct document *old = documents_find(&store->node->in_force, name, false);
	_cleanup_free_ char *text = NULL;
	size_t len;
	int recovered;

	if (old)
		return document_ref(old);
	if (durable_read(store->accepted, name, &text, &len, &recovered) < 0)
		return NULL;
	messages_add(messages, KARMOR_NOTE, NULL, 0, NULL,
		     "\"%s\" is in force as it was accepted last", name);
	return document_new(directory(store), name, text, len, false);
}

/* What is to be in force of one file; NULL: nothing. */
static struct document *file_read(struct store *store, const char *name, json_t *messages)
{
	struct document *old = documents_find(&store->node->in_force, name, false), *new;
	_cleanup_free_ char *text = NULL;
	size_t len;
	int r;

	if (watch_is_written(store->watch, name))
		return old ? document_ref(old) : NULL;
	r = durable_slurp(directory(store), name, &text, &len);
	if (r == -ENOENT)
		return NULL;
	if (r < 0) {
		messages_add(messages, KARMOR_ERROR, NULL, 0, NULL, "\"%s/%s\" cannot be read: %s",
			     directory(store), name, strerror(-r));
		return accepted_of(store, name, messages);
	}
	if (old && old->len == len && memcmp(old->text, text, len) == 0)
		return document_ref(old);
	new = document_new(directory(store), name, text, len, false);
	r = new ? document_check(new, store->node->diag) : -ENOMEM;
	messages_take(messages, store->node->diag);
	if (r == 0)
		return new;
	document_unref(new);
	return accepted_of(store, name, messages);
}

/* Puts what the files are to be into @want, in place of what they were. */
static int scan(struct store *store, struct documents *want, json_t *messages)
{
	char **names = NULL;
	int r = durable_names(directory(store), &names);

	if (r == -ENOENT) {
		names = calloc(1, sizeof(*names));
		r = names ? 0 : -ENOMEM;
	}
	if (r < 0) {
		messages_add(messages, KARMOR_ERROR, directory(store), 0, NULL,
			     "cannot be read: %s", strerror(-r));
		return r;
	}
	for (size_t i = want->n; i-- > 0;)
		if (!want->all[i]->from_socket)
			documents_drop(want, want->all[i]->name, false);
	for (size_t i = 0; r == 0 && names[i]; i++) {
		struct document *each = file_read(store, names[i], messages);

		r = each ? documents_put(want, each) : 0;
		document_unref(each);
	}
	durable_names_free(names);
	return r;
}

/* The documents of @a that are not in @b by their name (or, with @same, as they are). */
static bool lacks(const struct documents *b, const struct document *document, bool same)
{
	const struct document *other = documents_find(b, document->name, document->from_socket);

	return !other || (same && other != document);
}

static int apply(struct store *store, const struct documents *want, json_t *messages)
{
	int r = node_apply(store->node, want, messages);

	store->is_refused |= node_may_later(r);
	return r;
}

/* What is in force with @document, or (@gone) without it, where that can be. */
static int apply_one(struct store *store, struct document *document, bool gone, json_t *messages)
{
	struct documents tried = { 0 };
	int r = documents_copy(&store->node->in_force, &tried);

	if (r == 0 && gone)
		documents_drop(&tried, document->name, document->from_socket);
	else if (r == 0)
		r = documents_put(&tried, document);
	if (r == 0)
		r = apply(store, &tried, messages);
	documents_done(&tried);
	return r;
}

/* All that are gone at once, where that can be. */
static int apply_gone(struct store *store, const struct documents *want)
{
	struct documents tried = { 0 };
	int r = documents_copy(&store->node->in_force, &tried);

	for (size_t i = tried.n; r == 0 && i-- > 0;)
		if (lacks(want, tried.all[i], false))
			documents_drop(&tried, tried.all[i]->name, tried.all[i]->from_socket);
	if (r == 0 && tried.n < store->node->in_force.n)
		r = node_apply(store->node, &tried, NULL);
	documents_done(&tried);
	return r;
}

/* One change after the other, each left out that cannot be made. Where none can be made now, the
 * others wait, too. */
static void apply_each(struct store *store, const struct documents *want, json_t *messages)
{
	struct documents before = { 0 };
	bool one_by_one = apply_gone(store, want) < 0;
	int r = 0;

	if (documents_copy(&store->node->in_force, &before) < 0)
		return;
	for (size_t i = 0; r != -EAGAIN && one_by_one && i < before.n; i++)
		if (lacks(want, before.all[i], false))
			r = apply_one(store, before.all[i], true, messages);
	for (size_t i = 0; r != -EAGAIN && i < want->n; i++)
		if (lacks(&before, want->all[i], true))
			r = apply_one(store, want->all[i], false, messages);
	documents_done(&before);
}

/* Copies of the files as they are in force now; those of files that are gone are removed. */
static void accept(struct store *store, const struct documents *before)
{
	const struct documents *now = &store->node->in_force;
	int r = 0;

	for (size_t i = 0; i < now->n; i++)
		if (!now->all[i]->from_socket && lacks(before, now->all[i], true))
			r = r < 0 ? r
				  : durable_write(store->accepted, now->all[i]->name,
						  now->all[i]->text, now->all[i]->len);
	for (size_t i = 0; i < before->n; i++)
		if (!before->all[i]->from_socket && lacks(now, before->all[i], false))
			durable_remove(store->accepted, before->all[i]->name);
	if (r < 0)
		log_tell(LOG_CAUTION, "cannot keep a copy of a policy file in \"%s\": %s",
			 store->accepted, strerror(-r));
}

static size_t changes_of(const struct documents *a, const struct documents *b)
{
	size_t n = 0;

	for (size_t i = 0; i < a->n; i++)
		n += lacks(b, a->all[i], true);
	for (size_t i = 0; i < b->n; i++)
		n += lacks(a, b->all[i], false);
	return n;
}

/* Puts @want in force, or as much of it as can be. */
static void reconcile(struct store *store, const struct documents *want, json_t *messages)
{
	struct documents before = { 0 };
	size_t n = changes_of(want, &store->node->in_force);
	_cleanup_json_ json_t *whole = json_array();
	int r;

	if (documents_copy(&store->node->in_force, &before) < 0)
		return;
	store->is_refused = false;
	r = node_apply(store->node, want, whole);
	if (r == 0 || r == -EAGAIN || n <= 1) {
		json_array_extend(messages, whole);
		store->is_refused = node_may_later(r);
	} else {
		apply_each(store, want, messages);
	}
	if (store->is_refused)
		node_change_again(store->node);
	accept(store, &before);
	if (changes_of(&before, &store->node->in_force))
		log_tell(LOG_NEWS, "generation %llu: %zu policies in force, within %u ms",
			 (unsigned long long)store->node->generation,
			 karmor_policies_count(store->node->policies),
			 store->node->apply_us / 1000 + 1);
	documents_done(&before);
}

static void refresh(struct store *store, bool again)
{
	struct documents want = { 0 };
	json_t *messages = json_array();

	if (documents_copy(&store->node->in_force, &want) == 0 && scan(store, &want, messages) == 0)
		reconcile(store, &want, messages);
	documents_done(&want);
	if (!again || !json_equal(messages, store->faults))
		messages_log(messages);
	json_decref(store->faults);
	store->faults = messages;
}

void store_refresh(struct store *store)
{
	refresh(store, false);
}

void store_again(struct store *store)
{
	unsigned long long errors = store->node->apply_errors;

	refresh(store, true);
	if (store->is_refused)
		store->node->apply_errors = errors;
}

static void on_again(void *data)
{
	store_again(data);
}

static void on_change(void *data)
{
	store_refresh(data);
}

void store_watch(struct store *store)
{
	int r = watch_directory(store->watch, directory(store));

	if (r < 0)
		log_tell(LOG_CAUTION,
			 "cannot watch \"%s\": %s; fix: make it, then karmord's signal HUP",
			 directory(store), strerror(-r));
}

/* What came over the socket before. */
static int kept_read(struct store *store, struct documents *want, json_t *messages)
{
	char **names = NULL;
	int r = durable_names(store->kept, &names);

	for (size_t i = 0; r == 0 && names[i]; i++) {
		_cleanup_free_ char *text = NULL;
		struct document *document;
		size_t len;
		int recovered = 0,
		    got = durable_read(store->kept, names[i], &text, &len, &recovered);

		if (got < 0 || recovered)
			messages_add(messages, got < 0 ? KARMOR_ERROR : KARMOR_WARNING, names[i], 0,
				     got < 0 ? "karmor apply it again" : NULL,
				     got < 0 ? "was torn, and the one before it too"
					     : "was torn: the one before it is in force");
		if (got < 0)
			continue;
		document = document_new(store->kept, names[i], text, len, true);
		r = document ? documents_put(want, document) : -ENOMEM;
		document_unref(document);
	}
	durable_names_free(names);
	return r;
}

static int directories_make(struct store *store)
{
	const char *state = store->node->config->state;
	int r = durable_directory(state);

	if (asprintf(&store->kept, "%s/policies", state) < 0)
		store->kept = NULL;
	if (asprintf(&store->accepted, "%s/accepted", state) < 0)
		store->accepted = NULL;
	if (!store->kept || !store->accepted)
		return -ENOMEM;
	if (r == 0)
		r = durable_directory(store->kept);
	if (r == 0)
		r = durable_directory(store->accepted);
	if (r < 0)
		log_tell(LOG_FAULT, "cannot make directories below \"%s\": %s", state,
			 strerror(-r));
	return r;
}

int store_open(struct store *store, struct node *node, struct loop *loop)
{
	struct documents want = { 0 };
	json_t *messages = json_array();
	int r;

	*store = (struct store){ .node = node, .faults = messages };
	node->again.change = on_again;
	node->again.data = store;
	r = directories_make(store);
	if (r == 0)
		r = watch_open(loop, on_change, store, &store->watch);
	if (r < 0)
		return r;
	store_watch(store);
	r = kept_read(store, &want, messages);
	if (r == 0)
		r = scan(store, &want, messages);
	if (r == 0)
		reconcile(store, &want, messages);
	documents_done(&want);
	messages_log(messages);
	return r == -ENOMEM ? r : 0;
}

void store_close(struct store *store)
{
	watch_close(store->watch);
	free(store->kept);
	free(store->accepted);
	json_decref(store->faults);
}
