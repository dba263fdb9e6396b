/* SPDX-License-Identifier: Apache-2.0 */
/* See table.h: tables and their policies from files. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "table.h"

/* All of @fd, and a NUL. 0 or a negative errno. */
static int read_all(int fd, char **ret, size_t *len)
{
	size_t size = 1 << 16, n = 0;
	char *text = malloc(size + 1), *bigger;
	ssize_t got = 1;

	while (text && got > 0) {
		if (n == size) {
			size *= 2;
			bigger = size <= TABLE_BYTES_MAX ? realloc(text, size + 1) : NULL;
			if (!bigger) {
				free(text);
				return size > TABLE_BYTES_MAX ? -EFBIG : -ENOMEM;
			}
			text = bigger;
		}
		got = read(fd, text + n, size - n);
		n += got > 0 ? (size_t)got : 0;
	}
	if (!text)
		return -ENOMEM;
	if (got < 0) {
		got = -errno;
		free(text);
		return (int)got;
	}
	text[n] = '\0';
	*ret = text;
	*len = n;
	return 0;
}

int table_open(struct table *table, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), r;
	char *text = NULL;
	size_t len = 0;

	*table = (struct table){ 0 };
	if (fd < 0)
		return -errno;
	r = read_all(fd, &text, &len);
	close(fd);
	return r < 0 ? r : table_read(table, text, len);
}

int table_load_files(const char *const *files, size_t n, struct karmor_policies **ret,
		     struct karmor_diag *diag)
{
	struct karmor_policies *policies;
	int r = karmor_policies_new(&policies), fault = 0;

	if (r < 0)
		return r;
	for (size_t i = 0; i < n; i++) {
		r = karmor_policies_add_path(policies, files[i], diag);
		fault = fault ? fault : r;
	}
	if (fault < 0)
		karmor_policies_free(policies);
	else
		*ret = policies;
	return fault;
}

/* Splits @names at its commas and puts the directory before each that is relative. */
static int split(const struct table_place *place, const char *names, char **files, size_t *n)
{
	size_t len;

	for (;; names += len + 1) {
		bool absolute = *names == '/';

		len = strcspn(names, ",");
		if (asprintf(&files[*n], "%s%.*s", absolute ? "" : place->directory, (int)len,
			     names) < 0)
			return -ENOMEM;
		(*n)++;
		if (!names[len])
			return 0;
	}
}

static size_t count_names(const char *names)
{
	size_t n = 1;

	for (; *names; names++)
		n += *names == ',';
	return n;
}

static int load_named(const struct table_place *place, const char *names,
		      struct karmor_policies **ret, struct karmor_diag *diag)
{
	char **files = calloc(count_names(names), sizeof(*files));
	size_t n = 0;
	int r = files ? split(place, names, files, &n) : -ENOMEM;

	if (r == 0)
		r = table_load_files((const char *const *)files, n, ret, diag);
	while (n)
		free(files[--n]);
	free(files);
	return r;
}

int table_place_init(struct table_place *place, const char *table)
{
	const char *slash = strrchr(table, '/');

	*place = (struct table_place){ 0 };
	place->directory = strndup(table, slash ? (size_t)(slash - table) + 1 : 0);
	return place->directory ? 0 : -ENOMEM;
}

void table_place_done(struct table_place *place)
{
	free(place->directory);
	*place = (struct table_place){ 0 };
}

int table_load(void *data, const char *names, struct karmor_policies **ret,
	       struct karmor_diag *diag)
{
	const struct table_place *place = data;

	if (*names)
		return load_named(place, names, ret, diag);
	return table_load_files(place->files, place->n_files, ret, diag);
}
