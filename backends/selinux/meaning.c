/* SPDX-License-Identifier: Apache-2.0 */
#include "meaning.h"

#include <string.h>

#include "cleanup.h"

static bool is_one_of(const char *text, const char *const *of, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(text, of[i]) == 0)
			return true;
	return false;
}

static bool is_socket(const char *class)
{
	static const char end[] = "socket";
	size_t len = strlen(class);

	return len >= sizeof(end) - 1 && strcmp(class + len - (sizeof(end) - 1), end) == 0;
}

/* A change before an exec before a reading, where one record is of several. */
static int op_of(const struct avc *avc)
{
	static const enum selinux_op order[] = { SELINUX_WRITE, SELINUX_EXEC, SELINUX_READ };

	for (size_t i = 0; i < ARRAY_SIZE(order); i++)
		if (selinux_is_op(order[i], avc->class, avc->perms))
			return order[i];
	return -1;
}

static bool is_label(const char *perms)
{
	static const char *const labels[] = { "relabelfrom", "relabelto" };

	return is_one_of(perms, labels, ARRAY_SIZE(labels));
}

bool meaning_read(const struct avc *avc, struct meaning *ret)
{
	static const char *const capabilities[] = { "capability", "capability2", "cap_userns",
						    "cap2_userns" };

	*ret = (struct meaning){ .kind = -1 };
	if (is_one_of(avc->class, capabilities, ARRAY_SIZE(capabilities))) {
		ret->section = KARMOR_CAPABILITIES;
		ret->op = KARMOR_CAPABILITY;
		ret->kind = avc->capability >= 0 && avc->capability < IR_CAPABILITY_COUNT
				    ? (int)avc->capability
				    : -1;
		return ret->kind >= 0;
	}
	/* Of "sock_file" the class is a file's. */
	if (is_socket(avc->class)) {
		ret->section = KARMOR_NETWORK;
		ret->op = KARMOR_NET;
		return selinux_is_socket_perm(avc->perms);
	}
	ret->kind = op_of(avc);
	if (ret->kind < 0 && (is_label(avc->perms) || strcmp(avc->perms, "setfscreate") == 0))
		ret->kind = SELINUX_OPS;
	if (ret->kind < 0)
		return false;
	ret->is_file = strcmp(avc->class, "process") != 0;
	ret->section = selinux_asked[ret->kind].section;
	ret->op = selinux_asked[ret->kind].op;
	return true;
}

static const struct selinux_rule *rule_at(const struct selinux_class *class, const uint32_t *rules,
					  size_t i)
{
	return rules[i] == SELINUX_NO_RULE ? NULL : &class->set->rules[rules[i]];
}

static bool file_decide(const struct selinux_artifact *artifact, const struct selinux_class *class,
			const struct avc *avc, size_t label, struct meaning *ret)
{
	enum karmor_action logged = avc->granted ? KARMOR_AUDIT : KARMOR_BLOCK;
	uint32_t accept = artifact->rest;

	if (label != SELINUX_NO_LABEL)
		accept = strcmp(avc->class, "dir") == 0 ? artifact->labels[label].own
							: artifact->labels[label].child;
	if (class->verdicts[ret->kind][accept] != (uint8_t)logged)
		return false;
	ret->rule = rule_at(class, class->rules[ret->kind], accept);
	return true;
}

static bool protection_decide(const struct avc *avc, size_t label, struct meaning *ret)
{
	ret->protects = "a label could give a file other rules";
	return !avc->granted && (!ret->is_file || label != SELINUX_NO_LABEL);
}

static bool socket_decide(const struct selinux_artifact *artifact,
			  const struct selinux_class *class, const struct avc *avc,
			  struct meaning *ret)
{
	enum karmor_action logged = avc->granted ? KARMOR_AUDIT : KARMOR_BLOCK;

	for (size_t i = 0; i < artifact->n_sockets; i++)
		if (strcmp(artifact->sockets[i], avc->class) == 0) {
			ret->rule = rule_at(class, class->network_rules, i);
			return class->network[i] == logged;
		}
	return false;
}

bool meaning_decide(const struct selinux_artifact *artifact, const struct selinux_class *class,
		    const struct avc *avc, size_t label, struct meaning *ret)
{
	if (ret->section == KARMOR_NETWORK)
		return socket_decide(artifact, class, avc, ret);
	if (ret->section == KARMOR_CAPABILITIES) {
		ret->rule = rule_at(class, class->capability_rules, (size_t)ret->kind);
		return class->capabilities[ret->kind] ==
		       (avc->granted ? KARMOR_AUDIT : KARMOR_BLOCK);
	}
	if (ret->kind == SELINUX_OPS)
		return protection_decide(avc, label, ret);
	return file_decide(artifact, class, avc, label, ret);
}

static bool is_named(const char *path, const char *name)
{
	const char *slash = strrchr(path, '/');

	return name && slash && strcmp(slash + 1, name) == 0;
}

/* A label that an exact path decides of was given to the file under that path. */
static const char *rule_path(const struct meaning *meaning, const struct avc *avc)
{
	const struct selinux_rule *rule = meaning->rule;

	return rule && rule->match == IR_PATH && is_named(rule->path, avc->name) ? rule->path
										 : NULL;
}

static void file_write(const struct meaning *meaning, struct avc *avc, struct buf *resource,
		       struct buf *data)
{
	const char *path = avc_path(avc), *of_rule = path ? NULL : rule_path(meaning, avc);

	buf_puts(resource, path ?: of_rule ?: avc->path ?: avc->name ?: "?");
	if (path)
		return;
	buf_printf(data, " path=%s dev=%s ino=%s", of_rule ? "rule" : "unknown", avc->dev ?: "?",
		   avc->inode ?: "?");
}

void meaning_write(const struct meaning *meaning, struct avc *avc, struct buf *resource,
		   struct buf *data)
{
	buf_printf(data, "%s lsm=%s perms=", ir_op_name(meaning->op), avc->class);
	for (const char *p = avc->perms; *p; p++)
		buf_putc(data, *p == ' ' ? ',' : *p);
	if (meaning->section == KARMOR_NETWORK)
		buf_printf(resource, "class=%s", avc->class);
	else if (meaning->section == KARMOR_CAPABILITIES)
		buf_puts(resource, ir_capability_name((unsigned)meaning->kind) ?: "?");
	else if (!meaning->is_file)
		buf_puts(resource, "fscreate");
	else
		file_write(meaning, avc, resource, data);
}
