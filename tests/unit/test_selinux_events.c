/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records of SELinux's to events. They are as a 6.12 kernel wrote them (tests/fuzz/avc), of a
 * program under the module that the policy below becomes; each line is the type and the text.
 */
#include <linux/audit.h>
#include <stdlib.h>
#include <string.h>

#include "../support.h"
#include "buf.h"
#include "cleanup.h"
#include "selinux/events.h"

static const char policy[] =
	"{\"apiVersion\":\"security.kubearmor.com/v1\",\"kind\":\"KubeArmorPolicy\","
	"\"metadata\":{\"name\":\"cap\"},\"spec\":{\"selector\":{},\"severity\":7,\"message\":"
	"\"no\",\"action\":\"Block\",\"file\":{\"matchPaths\":[{\"path\":\"/srv/t/secret.txt\"},{"
	"\"path\":\"/srv/t/watched\",\"action\":\"Audit\"},{\"path\":\"/srv/t/a b.txt\"}],"
	"\"matchDirectories\":[{\"dir\":\"/srv/t/"
	"ro/\",\"recursive\":true,\"readOnly\":true,\"action\":\"Allow\"},{\"dir\":\"/\","
	"\"recursive\":true,\"action\":\"Allow\"}]},\"process\":{\"matchPaths\":[{\"path\":\"/usr/"
	"bin/id\"}]},\"network\":{\"matchProtocols\":[{\"protocol\":\"udp\"}]},\"capabilities\":{"
	"\"matchCapabilities\":[{\"capability\":\"sys_time\"},{\"capability\":\"chown\",\"action\":"
	"\"Audit\"}]}}}";

struct told_of {
	struct karmor_policies *policies;
	struct karmor_ruleset *set;
	struct karmor_caps *caps;
	struct karmor_artifact *artifact;
	struct selinux_events events;
	struct buf lines; /* what was told */
	uint64_t lost;
	bool exe; /* whether it is known without procfs, in which others have these pids */
};

static bool task_of(const char *role, size_t len, struct selinux_task *ret, void *data)
{
	const struct told_of *t = data;

	ret->artifact = (const struct selinux_artifact *)t->artifact;
	ret->workload = "web";
	return selinux_role_task(ret->artifact, role, len, &ret->set, &ret->class);
}

static bool file_of(const char *role, size_t len, size_t *label, void *data)
{
	const struct told_of *t = data;

	return selinux_role_file((const struct selinux_artifact *)t->artifact, role, len, label);
}

static const char *path_of(const char *inode, const char *name, void *data)
{
	return strcmp(inode, "77") == 0 && strcmp(name, "labelled") == 0 ? "/srv/t/ro/labelled"
									 : NULL;
}

static void line_add(const struct karmor_event *event, void *data)
{
	static const char *const actions[] = { "allow", "audit", "block" };
	struct told_of *t = data;

	ck_assert_str_eq(event->enforcer, "SELinux");
	ck_assert_str_eq(event->workload, "web");
	buf_printf(&t->lines, "%s%s %s by %s: %s %s: %s\n", actions[event->action],
		   event->denied ? "" : " passed", event->resource,
		   t->exe ? event->source : event->comm, event->policy,
		   event->rule ? event->rule : "-", event->data);
	t->lost += event->lost;
}

static void told_of_done(struct told_of *t)
{
	buf_done(&t->lines);
	selinux_events_close(&t->events);
	karmor_artifact_free(t->artifact);
	karmor_caps_free(t->caps);
	karmor_ruleset_free(t->set);
	karmor_policies_free(t->policies);
}

static void told_of_make(struct told_of *t)
{
	struct karmor_subject subject = KARMOR_STRUCT(karmor_subject, .everything = true);
	const struct karmor_ruleset *sets[1];

	ck_assert_int_eq(karmor_policies_new(&t->policies), 0);
	ck_assert_int_eq(
		karmor_policies_add_text(t->policies, "p", policy, sizeof(policy) - 1, NULL), 0);
	ck_assert_int_eq(karmor_ruleset_new(t->policies, &subject, &t->set, NULL), 0);
	sets[0] = t->set;
	ck_assert_int_eq(karmor_caps_full(karmor_backend_find("selinux"), &t->caps), 0);
	ck_assert_int_eq(karmor_compile(sets, 1, t->caps, &t->artifact, NULL, NULL), 0);
	t->events = (struct selinux_events){ .audit.fd = -1,
					     .roles = { task_of, file_of, path_of, t },
					     .generation = 3 };
	t->events.pending = calloc(SELINUX_PENDING, sizeof(*t->events.pending));
	ck_assert_ptr_nonnull(t->events.pending);
}

/* "1400 audit(...": its type and its text. */
static void take(struct told_of *t, char *line)
{
	char *text;
	unsigned type = (unsigned)strtoul(line, &text, 10);

	ck_assert_int_eq(*text, ' ');
	ck_assert_int_ge(
		selinux_events_take(&t->events, type, text + 1, strlen(text + 1), line_add, t), 0);
}

static void take_file(struct told_of *t, const char *name)
{
	_cleanup_buf_ struct buf path = { 0 };
	_cleanup_fclose_ FILE *file = NULL;
	char line[AUDIT_RECORD_MAX];

	buf_printf(&path, "tests/fuzz/avc/%s.txt", name);
	file = fopen(path.data, "re");
	ck_assert_ptr_nonnull(file);
	while (fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		take(t, line);
	}
	ck_assert_int_ge(selinux_events_flush(&t->events, line_add, t), 0);
}

#define RULE " path=rule dev=vda ino="
static const struct {
	const char *name;
	bool exe; /* the kernel audited system calls, so that it is known */
	const char *lines;
} files[] = {
	{ "alone", false,
	  "block /srv/t/secret.txt by python3: cap file.matchPaths[0]: read lsm=file "
	  "perms=read" RULE "5936\n"
	  "block /srv/t/a b.txt by python3: cap file.matchPaths[2]: read lsm=file "
	  "perms=read" RULE "5938\n"
	  "block /srv/t/secret.txt by python3: cap file.matchPaths[0]: write lsm=file "
	  "perms=append" RULE "5936\n"
	  "block /srv/t/secret.txt by python3: cap file.matchPaths[0]: write lsm=file "
	  "perms=rename" RULE "5936\n"
	  "block /srv/t/secret.txt by python3: cap file.matchPaths[0]: write lsm=file "
	  "perms=unlink" RULE "5936\n"
	  "block /usr/bin/id by python3: cap process.matchPaths[0]: exec lsm=file "
	  "perms=execute" RULE "655\n"
	  "block type=SOCK_DGRAM protocol=17 class=udp_socket by python3: cap "
	  "network.matchProtocols[0]: net lsm=udp_socket "
	  "perms=create\n"
	  "block sys_time by python3: cap capabilities.matchCapabilities[0]: capability "
	  "lsm=capability perms=sys_time\n" },
	{ "calls", true,
	  "block /usr/bin/id by /usr/bin/python3.13: cap process.matchPaths[0]: exec lsm=file "
	  "perms=execute\n"
	  "block /srv/t/secret.txt by /usr/bin/cat: cap file.matchPaths[0]: read lsm=file "
	  "perms=read\n"
	  "block /srv/t/secret.txt by /usr/bin/ln: cap file.matchPaths[0]: write lsm=file "
	  "perms=read,write\n"
	  "block /srv/t/secret.txt by /usr/bin/dash: cap file.matchPaths[0]: write lsm=file "
	  "perms=write\n" },
	/* Of what is allowed and logged, that which a rule says Audit of, each access once. */
	{ "granted", true,
	  "audit passed /srv/t/watched by /usr/bin/python3.13: cap file.matchPaths[1]: read "
	  "lsm=file perms=read\n"
	  "audit passed chown by /usr/bin/python3.13: cap capabilities.matchCapabilities[1]: "
	  "capability lsm=capability perms=chown\n"
	  "audit passed /srv/t/watched by /usr/bin/cat: cap file.matchPaths[1]: read lsm=file "
	  "perms=read\n" },
	{ "permissive", true,
	  "block passed /srv/t/secret.txt by /usr/bin/cat: cap file.matchPaths[0]: read lsm=file "
	  "perms=read\n" },
};

START_TEST(records_are_told_as_events)
{
	_cleanup_(told_of_done) struct told_of t = { .exe = files[_i].exe };

	told_of_make(&t);
	take_file(&t, files[_i].name);
	ck_assert_str_eq(t.lines.data, files[_i].lines);
}
END_TEST

/* A decision; @role and @object are of the subject and of the object. */
static void take_decision(struct told_of *t, unsigned serial, const char *role, const char *what,
			  const char *object)
{
	_cleanup_buf_ struct buf line = { 0 };

	buf_printf(&line,
		   "1400 audit(1.5:%u): avc:  denied  { read } for  pid=1 comm=\"c\" %s "
		   "scontext=u:%s:unconfined_t:s0 tcontext=u:%s:var_t:s0 tclass=file permissive=0",
		   serial, what, role, object);
	take(t, line.data);
}

static size_t flushed(struct told_of *t)
{
	size_t n = 0;

	ck_assert_int_ge(selinux_events_flush(&t->events, line_add, t), 0);
	for (const char *p = t->lines.data; p && *p; p++)
		n += *p == '\n';
	return n;
}

/* What no workload may, by whatever rules. */
static const struct {
	const char *record, *line;
} protections[] = {
	{ "1401 audit(1.5:1): op=security_compute_sid "
	  "invalid_context=\"u:karmor_w0_rest_r:mount_t:s0\" "
	  "scontext=u:karmor_w0_rest_r:unconfined_t:s0 "
	  "tcontext=system_u:object_r:mount_exec_t:s0 tclass=process",
	  "block type=mount_exec_t by " },
	{ "1400 audit(1.5:1): avc:  denied  { setexec } for  pid=1 comm=\"c\" "
	  "scontext=u:karmor_w0_rest_r:unconfined_t:s0 tcontext=u:karmor_w0_rest_r:unconfined_t:s0 "
	  "tclass=process permissive=0",
	  "block exec label by " },
	{ "1400 audit(1.5:1): avc:  denied  { setsockcreate } for  pid=1 comm=\"c\" "
	  "scontext=u:karmor_w0_rest_r:unconfined_t:s0 tcontext=u:karmor_w0_rest_r:unconfined_t:s0 "
	  "tclass=process permissive=0",
	  "block socket label by " },
	{ "1400 audit(1.5:1): avc:  denied  { ptrace } for  pid=1 comm=\"c\" "
	  "scontext=u:karmor_w0_rest_r:unconfined_t:s0 tcontext=u:unconfined_r:unconfined_t:s0 "
	  "tclass=process permissive=0",
	  "block ptrace by " },
	{ "1400 audit(1.5:1): avc:  denied  { relabelto } for  pid=1 comm=\"c\" name=\"own\" "
	  "dev=\"vda\" ino=7 scontext=u:karmor_w0_rest_r:unconfined_t:s0 "
	  "tcontext=u:object_r:lib_t:s0 tclass=file permissive=0",
	  "block own by " },
	{ "1400 audit(1.5:1): avc:  denied  { relabelfrom } for  pid=1 comm=\"c\" "
	  "scontext=u:karmor_w0_rest_r:unconfined_t:s0 tcontext=u:object_r:tmpfs_t:s0 "
	  "tclass=filesystem permissive=0",
	  "block mount label by " },
};

START_TEST(what_protects_is_told)
{
	_cleanup_(told_of_done) struct told_of t = { 0 };
	_cleanup_free_ char *record = strdup(protections[_i].record);

	told_of_make(&t);
	take(&t, record);
	ck_assert_int_ge(selinux_events_flush(&t.events, line_add, &t), 0);
	ck_assert_ptr_nonnull(t.lines.data);
	ck_assert_msg(strncmp(t.lines.data, protections[_i].line, strlen(protections[_i].line)) ==
			      0,
		      "%s", t.lines.data);
}
END_TEST

START_TEST(what_is_nobodys_is_not_told)
{
	static const struct {
		const char *role, *object;
	} others[] = {
		{ "unconfined_r", "karmor_ore5ocmpw7aw32wozd2ky6kzrxz_r" },
		{ "karmor_w1_rest_r", "karmor_ore5ocmpw7aw32wozd2ky6kzrxz_r" },
		{ "karmor_w0_s9_r", "karmor_ore5ocmpw7aw32wozd2ky6kzrxz_r" },
		{ "karmor_w0_rest_rx", "karmor_ore5ocmpw7aw32wozd2ky6kzrxz_r" },
		{ "karmor_w0_s_r", "karmor_ore5ocmpw7aw32wozd2ky6kzrxz_r" },
		{ "karmor_w0_rest_r", "karmor_o99_r" },
		{ "karmor_w0_rest_r", "system_r" },
		{ "karmor_w0_rest_r", "object_r" },
		{ "karmor_w0_rest_r", "karmor_o45bqxgeadexvglasbbmbi6smr5_r" },
	};
	_cleanup_(told_of_done) struct told_of t = { 0 };

	told_of_make(&t);
	for (unsigned i = 0; i < ARRAY_SIZE(others); i++)
		take_decision(&t, i, others[i].role, "name=\"secret.txt\" ino=1", others[i].object);
	ck_assert_uint_eq(flushed(&t), 0);
	take_decision(&t, 1, "karmor_w0_rest_r", "name=\"secret.txt\" ino=1",
		      "karmor_ore5ocmpw7aw32wozd2ky6kzrxz_r");
	ck_assert_uint_eq(flushed(&t), 1);
}
END_TEST

START_TEST(what_waits_too_long_is_told_all_the_same)
{
	_cleanup_(told_of_done) struct told_of t = { 0 };

	told_of_make(&t);
	for (unsigned i = 0; i < 3 * SELINUX_PENDING + 1; i++)
		take_decision(&t, i, "karmor_w0_rest_r", "name=\"secret.txt\" ino=1",
			      "karmor_ore5ocmpw7aw32wozd2ky6kzrxz_r");
	ck_assert_uint_eq(t.events.told, 2 * SELINUX_PENDING + 1);
	ck_assert_uint_eq(flushed(&t), 3 * SELINUX_PENDING + 1);
}
END_TEST

START_TEST(a_path_is_told_as_far_as_it_is_known)
{
	static const struct {
		const char *what, *resource, *data;
	} paths[] = {
		{ "path=\"/srv/t/secret.txt\" dev=\"vda\" ino=1", " /srv/t/secret.txt ", NULL },
		{ "path=2F610A62 ino=1", " /a\nb ", NULL },
		{ "name=\"moved\" dev=\"vda\" ino=1", " moved ", "path=unknown dev=vda ino=1" },
		{ "name=\"labelled\" dev=\"vda\" ino=77", " /srv/t/ro/labelled ",
		  "path=label dev=vda ino=77" },
		{ "path=\"pipe:[7]\" ino=7", " pipe:[7] ", "path=unknown dev=? ino=7" },
		{ "name=(null) ino=7", " ? ", "path=unknown" },
		{ "", " ? ", "path=unknown dev=? ino=?" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		_cleanup_(told_of_done) struct told_of t = { 0 };

		told_of_make(&t);
		take_decision(&t, 1, "karmor_w0_rest_r", paths[i].what,
			      "karmor_ore5ocmpw7aw32wozd2ky6kzrxz_r");
		ck_assert_uint_ge(flushed(&t), 1);
		ck_assert_ptr_nonnull(strstr(t.lines.data, paths[i].resource));
		if (paths[i].data)
			ck_assert_ptr_nonnull(strstr(t.lines.data, paths[i].data));
		else
			ck_assert_ptr_null(strstr(t.lines.data, "path="));
	}
}
END_TEST

START_TEST(what_was_lost_is_told_once)
{
	_cleanup_(told_of_done) struct told_of t = { 0 };

	told_of_make(&t);
	t.events.audit.lost = 3;
	for (unsigned i = 0; i < 2; i++)
		take_decision(&t, i, "karmor_w0_rest_r", "name=\"secret.txt\" ino=1",
			      "karmor_ore5ocmpw7aw32wozd2ky6kzrxz_r");
	ck_assert_uint_eq(flushed(&t), 2);
	ck_assert_uint_eq(t.lost, 3);
}
END_TEST

/* Of another system call, or of another object, nothing is believed. */
START_TEST(a_path_of_another_call_is_not_taken)
{
	static const char *const records[] = {
		"1302 audit(1.5:2): item=0 name=\"/other\" inode=1 nametype=NORMAL",
		"1302 audit(1.5:1): item=0 name=\"/other\" inode=2 nametype=NORMAL",
		"1302 audit(1.5:1): item=0 name=(null) inode=1 nametype=NORMAL",
		"1302 audit(1.5:1): item=0 name=\"relative\" inode=1 nametype=NORMAL",
	};
	_cleanup_(told_of_done) struct told_of t = { 0 };

	told_of_make(&t);
	take_decision(&t, 1, "karmor_w0_rest_r", "name=\"secret.txt\" ino=1",
		      "karmor_ore5ocmpw7aw32wozd2ky6kzrxz_r");
	for (size_t i = 0; i < ARRAY_SIZE(records); i++) {
		_cleanup_free_ char *line = strdup(records[i]);

		take(&t, line);
	}
	ck_assert_uint_eq(flushed(&t), 1);
	ck_assert_ptr_nonnull(strstr(t.lines.data, "block /srv/t/secret.txt by c: "));
	ck_assert_ptr_nonnull(strstr(t.lines.data, "path=rule"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("selinux_events");
	TCase *events = tcase_create("events");

	tcase_add_loop_test(events, records_are_told_as_events, 0, ARRAY_SIZE(files));
	tcase_add_loop_test(events, what_protects_is_told, 0, ARRAY_SIZE(protections));
	tcase_add_test(events, what_is_nobodys_is_not_told);
	tcase_add_test(events, what_waits_too_long_is_told_all_the_same);
	tcase_add_test(events, a_path_is_told_as_far_as_it_is_known);
	tcase_add_test(events, a_path_of_another_call_is_not_taken);
	tcase_add_test(events, what_was_lost_is_told_once);
	suite_add_tcase(suite, events);
	return support_run(suite);
}
