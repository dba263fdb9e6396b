/* SPDX-License-Identifier: Apache-2.0 */
/* See document.h. */
#include "document.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "scope.h"

struct document *document_new(const char *dir, const char *name, const char *text, size_t len,
			      bool from_socket)
{
	struct document *document = calloc(1, sizeof(*document));

	if (!document)
		return NULL;
	document->refs = 1;
	document->from_socket = from_socket;
	document->len = len;
	document->name = strdup(name);
	document->text = malloc(len + 1);
	if (document->text) {
		memcpy(document->text, text, len);
		document->text[len] = '\0';
	}
	if (asprintf(&document->shown, "%s/%s", dir, name) < 0)
		document->shown = NULL;
	if (document->name && document->text && document->shown)
		return document;
	document_unref(document);
	return NULL;
}

static bool is_marker(const char *line, const char *end)
{
	return end - line >= 3 && memcmp(line, "---", 3) == 0 &&
	       (end - line == 3 || strchr(" \t\r\n", line[3]));
}

const char *document_end(const char *text, const char *end)
{
	const char *line = text;

	while ((line = memchr(line, '\n', (size_t)(end - line)))) {
		line++;
		if (is_marker(line, end))
			return line;
	}
	return end;
}

size_t document_lines(const char *text, const char *at)
{
	size_t n = 0;

	while ((text = memchr(text, '\n', (size_t)(at - text)))) {
		text++;
		n++;
	}
	return n;
}

const char *document_part(struct document_cursor *cursor, const struct document *document,
			  unsigned line, size_t *len)
{
	const char *end = document->text + document->len, *next;

	if (cursor->document != document || cursor->before >= line)
		*cursor = (struct document_cursor){ document, document->text, 0 };
	while ((next = document_end(cursor->at, end)) < end) {
		size_t before = cursor->before + document_lines(cursor->at, next);

		if (before >= line)
			break;
		cursor->at = next;
		cursor->before = before;
	}
	*len = (size_t)(next - cursor->at);
	return cursor->at;
}

struct document *document_ref(struct document *document)
{
	document->refs++;
	return document;
}

void document_unref(struct document *document)
{
	if (!document || --document->refs)
		return;
	free(document->name);
	free(document->shown);
	free(document->text);
	free(document);
}

int documents_copy(const struct documents *from, struct documents *ret)
{
	struct documents copy = { calloc(from->n ? from->n : 1, sizeof(*copy.all)), from->n };

	if (!copy.all)
		return -ENOMEM;
	for (size_t i = 0; i < from->n; i++)
		copy.all[i] = document_ref(from->all[i]);
	*ret = copy;
	return 0;
}

void documents_done(struct documents *documents)
{
	for (size_t i = 0; i < documents->n; i++)
		document_unref(documents->all[i]);
	free(documents->all);
	*documents = (struct documents){ 0 };
}

static size_t find(const struct documents *documents, const char *name, bool from_socket)
{
	size_t i = 0;

	while (i < documents->n && (documents->all[i]->from_socket != from_socket ||
				    strcmp(documents->all[i]->name, name) != 0))
		i++;
	return i;
}

struct document *documents_find(const struct documents *documents, const char *name,
				bool from_socket)
{
	size_t i = find(documents, name, from_socket);

	return i < documents->n ? documents->all[i] : NULL;
}

int documents_put(struct documents *documents, struct document *document)
{
	size_t i = find(documents, document->name, document->from_socket);
	struct document **all;

	if (i < documents->n) {
		document_ref(document);
		document_unref(documents->all[i]);
		documents->all[i] = document;
		return 0;
	}
	all = reallocarray(documents->all, i + 1, sizeof(*all));
	if (!all)
		return -ENOMEM;
	documents->all = all;
	all[documents->n++] = document_ref(document);
	return 0;
}

void documents_drop(struct documents *documents, const char *name, bool from_socket)
{
	size_t i = find(documents, name, from_socket);

	if (i == documents->n)
		return;
	document_unref(documents->all[i]);
	documents->n--;
	memmove(&documents->all[i], &documents->all[i + 1],
		(documents->n - i) * sizeof(*documents->all));
}

int documents_load(const struct documents *documents, struct karmor_policies **ret,
		   struct karmor_diag *diag)
{
	struct karmor_policies *policies;
	int r = karmor_policies_new(&policies);

	if (r < 0)
		return r;
	for (size_t i = 0; r != -ENOMEM && i < documents->n; i++) {
		const struct document *each = documents->all[i];
		int told = karmor_policies_add_text(policies, each->shown, each->text, each->len,
						    diag);

		r = told < 0 ? told : r;
	}
	if (r < 0)
		karmor_policies_free(policies);
	else
		*ret = policies;
	return r;
}

int document_check(const struct document *document, struct karmor_diag *diag)
{
	struct document *one = (struct document *)(uintptr_t)document;
	const struct documents alone = { &one, 1 };
	struct karmor_policies *policies = NULL;
	int r = documents_load(&alone, &policies, diag);

	karmor_policies_free(policies);
	return r;
}

static const char *const kinds[] = {
	[KARMOR_POLICY] = "KubeArmorPolicy",
	[KARMOR_CLUSTER_POLICY] = "KubeArmorClusterPolicy",
	[KARMOR_HOST_POLICY] = "KubeArmorHostPolicy",
};

const char *document_kind_name(enum karmor_kind kind)
{
	return kinds[kind];
}

int document_kind_find(const char *name, enum karmor_kind *ret)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (strcasecmp(kinds[i], name) == 0) {
			*ret = (enum karmor_kind)i;
			return 0;
		}
	return -ENOENT;
}

int document_kind_typed(const char *word, enum karmor_kind *ret)
{
	static const struct {
		const char *brief, *plural;
	} typed[] = {
		[KARMOR_POLICY] = { "ksp", "kubearmorpolicies" },
		[KARMOR_CLUSTER_POLICY] = { "csp", "kubearmorclusterpolicies" },
		[KARMOR_HOST_POLICY] = { "hsp", "kubearmorhostpolicies" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(typed); i++)
		if (strcasecmp(word, typed[i].brief) == 0 ||
		    strcasecmp(word, typed[i].plural) == 0) {
			*ret = (enum karmor_kind)i;
			return 0;
		}
	return document_kind_find(word, ret);
}

char *document_name(enum karmor_kind kind, const char *namespace_name, const char *name)
{
	char *ret;

	return asprintf(&ret, "%s.%s.%s.yaml", kinds[kind], namespace_name, name) < 0 ? NULL : ret;
}
