/* SPDX-License-Identifier: Apache-2.0 */
#include "avc.h"

#include <linux/audit.h>
#include <string.h>

#include "cleanup.h"

static const struct audit_field fields[] = {
	{ "op", AUDIT_TEXT, offsetof(struct avc, op) },
	{ "pid", AUDIT_NUMBER, offsetof(struct avc, pid) },
	{ "comm", AUDIT_UNTRUSTED, offsetof(struct avc, comm) },
	{ "name", AUDIT_UNTRUSTED, offsetof(struct avc, name) },
	{ "path", AUDIT_UNTRUSTED, offsetof(struct avc, path) },
	{ "dev", AUDIT_UNTRUSTED, offsetof(struct avc, dev) },
	{ "ino", AUDIT_TEXT, offsetof(struct avc, inode) },
	{ "capability", AUDIT_NUMBER, offsetof(struct avc, capability) },
	{ "scontext", AUDIT_TEXT, offsetof(struct avc, subject) },
	{ "tcontext", AUDIT_TEXT, offsetof(struct avc, object) },
	{ "tclass", AUDIT_TEXT, offsetof(struct avc, class) },
	{ "permissive", AUDIT_NUMBER, offsetof(struct avc, permissive) },
};

/* What the others add. */
struct other {
	struct audit_record base;
	const char *exe, *cwd, *name, *inode, *nametype;
	long ppid, uid, pid;
};

static const struct audit_field other_fields[] = {
	{ "exe", AUDIT_UNTRUSTED, offsetof(struct other, exe) },
	{ "cwd", AUDIT_UNTRUSTED, offsetof(struct other, cwd) },
	{ "name", AUDIT_UNTRUSTED, offsetof(struct other, name) },
	{ "inode", AUDIT_TEXT, offsetof(struct other, inode) },
	{ "nametype", AUDIT_TEXT, offsetof(struct other, nametype) },
	{ "ppid", AUDIT_NUMBER, offsetof(struct other, ppid) },
	{ "fsuid", AUDIT_NUMBER, offsetof(struct other, uid) },
	{ "pid", AUDIT_NUMBER, offsetof(struct other, pid) },
};

/* "avc:  denied  { read open } for "; what comes next, or NULL. */
static const char *decision_read(struct avc *avc, const char *at, const char *end)
{
	const char *first = NULL, *last = NULL;
	struct audit_word word;

	if (!audit_word_next(&at, end, &word) || !audit_word_is(&word, "avc:") ||
	    !audit_word_next(&at, end, &word))
		return NULL;
	avc->granted = audit_word_is(&word, "granted");
	if ((!avc->granted && !audit_word_is(&word, "denied")) ||
	    !audit_word_next(&at, end, &word) || !audit_word_is(&word, "{"))
		return NULL;
	while (audit_word_next(&at, end, &word) && !audit_word_is(&word, "}")) {
		first = first ? first : word.key;
		last = word.key + word.key_len;
	}
	if (!first || !audit_word_is(&word, "}"))
		return NULL;
	avc->perms = audit_text_add(&avc->base, first, (size_t)(last - first));
	return at;
}

/* "op=security_compute_sid invalid_context=... scontext=... tcontext=... tclass=process": the role
 * of the task and the domain of the program are for no task together, so that it is not started. */
static void invalid_read(struct avc *avc)
{
	if (avc->op && strcmp(avc->op, "security_compute_sid") == 0 && avc->class &&
	    strcmp(avc->class, "process") == 0)
		avc->perms = AVC_NO_DOMAIN;
}

bool avc_read(struct avc *avc, unsigned type, const char *line, size_t len)
{
	const char *at = audit_record_start(&avc->base, fields, ARRAY_SIZE(fields), line, len);
	struct audit_word word;

	avc->perms = avc->exe = avc->cwd = avc->found = NULL;
	avc->ppid = avc->uid = -1;
	avc->granted = false;
	if (at && type == AUDIT_AVC)
		at = decision_read(avc, at, line + len);
	while (at && audit_word_next(&at, line + len, &word))
		audit_word_take(&avc->base, fields, ARRAY_SIZE(fields), &word);
	if (at && type == AUDIT_SELINUX_ERR)
		invalid_read(avc);
	return at && avc->perms && avc->subject && avc->object && avc->class;
}

static const char *text_keep(struct avc *avc, const char *text)
{
	return text ? audit_text_add(&avc->base, text, strlen(text)) : NULL;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* What is made has no inode yet when it is asked about: it is known by its name. */
static bool is_object(const struct avc *avc, const struct other *path)
{
	if (avc->inode)
		return path->inode && strcmp(path->inode, avc->inode) == 0;
	return avc->name && path->nametype && strcmp(path->nametype, "CREATE") == 0 &&
	       strcmp(base_name(path->name), avc->name) == 0;
}

bool avc_add(struct avc *avc, unsigned type, const char *line, size_t len)
{
	struct other other;
	const char *at =
		audit_record_start(&other.base, other_fields, ARRAY_SIZE(other_fields), line, len);
	struct audit_word word;

	if (!at || other.base.serial != avc->base.serial)
		return false;
	while (audit_word_next(&at, line + len, &word))
		audit_word_take(&other.base, other_fields, ARRAY_SIZE(other_fields), &word);
	if (type == AUDIT_SYSCALL && !avc->exe) {
		avc->exe = text_keep(avc, other.exe);
		avc->ppid = other.ppid;
		avc->uid = other.uid;
		if (avc->pid < 0)
			avc->pid = other.pid;
	} else if (type == AUDIT_CWD && !avc->cwd) {
		avc->cwd = text_keep(avc, other.cwd);
	} else if (type == AUDIT_PATH && !avc->found && other.name && is_object(avc, &other)) {
		avc->found = text_keep(avc, other.name);
	}
	return true;
}

/* "/a" and "./b" as "/a/b". */
static const char *path_join(struct avc *avc)
{
	size_t len = strlen(avc->cwd), rest;
	const char *name = avc->found;
	char *ret;

	while (strncmp(name, "./", 2) == 0)
		name += 2;
	rest = strlen(name);
	ret = audit_text_add(&avc->base, avc->cwd, len);
	if (!ret || rest + 1 >= sizeof(avc->base.text) - avc->base.used)
		return NULL;
	len -= len && ret[len - 1] == '/';
	ret[len] = '/';
	memcpy(ret + len + 1, name, rest + 1);
	avc->base.used = (size_t)(ret - avc->base.text) + len + rest + 2;
	return ret;
}

const char *avc_path(struct avc *avc)
{
	if (avc->path && *avc->path == '/')
		return avc->path;
	if (avc->found && *avc->found == '/')
		return avc->found;
	if (!avc->found || !*avc->found || !avc->cwd || *avc->cwd != '/')
		return NULL;
	return path_join(avc);
}

const char *avc_role(const char *context, size_t *len)
{
	const char *start = strchr(context, ':');
	const char *end = start ? strchr(start + 1, ':') : NULL;

	if (!end)
		return NULL;
	*len = (size_t)(end - start) - 1;
	return start + 1;
}
