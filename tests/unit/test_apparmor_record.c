/* SPDX-License-Identifier: Apache-2.0 */
/* AppArmor's audit records, taken apart. */
#include <string.h>

#include "../support.h"
#include "apparmor/record.h"
#include "cleanup.h"

static bool read_text(struct apparmor_record *record, const char *text)
{
	return record_read(record, text, strlen(text));
}

START_TEST(a_record_of_a_file_is_taken_apart)
{
	struct apparmor_record record;

	ck_assert(read_text(
		&record,
		"audit(1795312372.777:4): apparmor=\"DENIED\" operation=\"open\" "
		"class=\"file\" profile=\"karmor-1-2.3\" name=2F746D702F6120620A pid=199 "
		"comm=\"op ener\" requested_mask=\"wr\" denied_mask=\"r\" fsuid=0 ouid=7"));
	ck_assert_str_eq(record.verdict, "DENIED");
	ck_assert_str_eq(record.profile, "karmor-1-2.3");
	ck_assert_str_eq(record.name, "/tmp/a b\n");
	ck_assert_str_eq(record.comm, "op ener");
	ck_assert_str_eq(record.denied, "r");
	ck_assert_int_eq(record.pid, 199);
	ck_assert_int_eq(record.ouid, 7);
	ck_assert_int_eq(record.capability, -1);
	ck_assert_int_eq(record.base.time.tv_sec, 1795312372);
	ck_assert_int_eq(record.base.time.tv_nsec, 777000000);
}
END_TEST

START_TEST(a_name_cannot_pass_for_a_field)
{
	struct apparmor_record record;

	ck_assert(read_text(&record, "audit(1.0:1): apparmor=\"DENIED\" operation=\"open\" "
				     "profile=\"p\" name=\"/a pid=1 ouid=9\" pid=2 ouid=3"));
	ck_assert_int_eq(record.pid, 2);
	ck_assert_int_eq(record.ouid, 3);
}
END_TEST

START_TEST(what_is_no_record_is_none)
{
	static const char *const lines[] = {
		"",
		"audit(",
		"audit(1.1:1): ",
		"audit(1.1:1): apparmor=\"STATUS\" operation=\"profile_load\"",
		"audit(1.1:1): avc:  denied  { read } for  pid=218",
		"apparmor=\"DENIED\" operation=\"open\" profile=\"p\"",
	};
	struct apparmor_record record;

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		ck_assert(!read_text(&record, lines[i]));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("apparmor_record");
	TCase *record = tcase_create("record");

	tcase_add_test(record, a_record_of_a_file_is_taken_apart);
	tcase_add_test(record, a_name_cannot_pass_for_a_field);
	tcase_add_test(record, what_is_no_record_is_none);
	suite_add_tcase(suite, record);
	return support_run(suite);
}
