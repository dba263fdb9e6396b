/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Texts of policies, each a file of policies.d or one policy that came over the socket, and sets of
 * them. A document never changes; sets share them.
 */
#pragma once

#include <stdbool.h>

#include <karmor/karmor.h>

struct document {
	unsigned refs;
	char *name;  /* of its file, without a directory; with from_socket, what tells it */
	char *shown; /* its path, for messages and events */
	char *text;
	size_t len;
	bool from_socket;
};

struct documents {
	struct document **all;
	size_t n;
};

/* Copies the text. NULL where memory is out. */
struct document *document_new(const char *dir, const char *name, const char *text, size_t len,
			      bool from_socket);
struct document *document_ref(struct document *document);
void document_unref(struct document *document);

int documents_copy(const struct documents *from, struct documents *ret); /* 0 or -ENOMEM */
void documents_done(struct documents *documents);
struct document *documents_find(const struct documents *documents, const char *name,
				bool from_socket);
/* Puts it in place of the one of its name, or at the end; takes a reference of its own. */
int documents_put(struct documents *documents, struct document *document);
void documents_drop(struct documents *documents, const char *name, bool from_socket);

/* All of them as one load. 0 or a negative errno, messages in @diag. */
int documents_load(const struct documents *documents, struct karmor_policies **ret,
		   struct karmor_diag *diag);
/* One by itself: whether it has a fault of its own. */
int document_check(const struct document *document, struct karmor_diag *diag);

/*
 * A text has several YAML documents by the markers between them, which stand at the beginning of a
 * line wherever they are (YAML lets no text have one there). Where the one ends that begins at
 * @text, which may be with a marker: at the next marker, or at @end.
 */
const char *document_end(const char *text, const char *end);
/* How many lines of @text are before @at, in it. */
size_t document_lines(const char *text, const char *at);
/* A place in a document that policies are looked up in one after the other; begins as zero. */
struct document_cursor {
	const struct document *document;
	const char *at; /* where a part begins */
	size_t before;	/* lines before it */
};
/*
 * The part of @document that @line, counted from 1, is in: *len bytes. From one line to a later one
 * of the same document nothing is looked at twice.
 */
const char *document_part(struct document_cursor *cursor, const struct document *document,
			  unsigned line, size_t *len);

/* How the text of the i-th policy of @policies was shown. */
const char *document_kind_name(enum karmor_kind kind);
int document_kind_find(const char *name, enum karmor_kind *ret); /* 0 or -ENOENT */
/* The same of what a person types: "ksp", or the plural, too. */
int document_kind_typed(const char *word, enum karmor_kind *ret);
/* The name of a policy's own document: "KubeArmorPolicy.default.web.yaml". NULL: no memory. */
char *document_name(enum karmor_kind kind, const char *namespace_name, const char *name);
