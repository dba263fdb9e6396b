/* SPDX-License-Identifier: Apache-2.0 */
/* Growing text: lib/buf.c. */
#include <stdlib.h>
#include <string.h>

#include "../support.h"

#include "buf.h"
#include "cleanup.h"

static void is_escaped(const char *text, size_t len, const char *wanted)
{
	_cleanup_buf_ struct buf buf = { 0 };

	buf_escape(&buf, text, len);
	ck_assert_str_eq(buf.data ? buf.data : "", wanted);
}

START_TEST(an_empty_buf_is_taken_as_an_empty_string)
{
	struct buf buf = { 0 };
	char *text = buf_take(&buf);

	ck_assert_str_eq(text, "");
	ck_assert_ptr_null(buf.data);
	free(text);
}
END_TEST

START_TEST(text_grows_and_stays_terminated)
{
	_cleanup_buf_ struct buf buf = { 0 };

	for (int i = 0; i < 1000; i++)
		buf_printf(&buf, "%03d,", i);
	ck_assert_uint_eq(buf.len, 4000);
	ck_assert_uint_eq(strlen(buf.data), 4000);
	ck_assert_int_eq(strncmp(buf.data + 3996, "999,", 5), 0);
	buf_reset(&buf);
	buf_putc(&buf, 'x');
	buf_puts(&buf, "yz");
	ck_assert_str_eq(buf.data, "xyz");
}
END_TEST

START_TEST(a_failed_buf_stays_failed_until_it_is_reset)
{
	_cleanup_buf_ struct buf buf = { 0 };

	buf_puts(&buf, "a");
	buf_add(&buf, "", (size_t)-1 / 2);
	ck_assert(buf_failed(&buf));
	buf_puts(&buf, "b");
	ck_assert(buf_failed(&buf));
	ck_assert_ptr_null(buf_take(&buf));
	buf_reset(&buf);
	buf_puts(&buf, "c");
	ck_assert_str_eq(buf.data, "c");
}
END_TEST

START_TEST(control_characters_and_bad_utf8_are_escaped)
{
	is_escaped("plain \xc3\xbc \xe6\x97\xa5 \xf0\x9f\x98\x80", 17,
		   "plain \xc3\xbc \xe6\x97\xa5 \xf0\x9f\x98\x80");
	is_escaped("a\nb\x1b[2J\x7f", 8, "a\\x0ab\\x1b[2J\\x7f");
	is_escaped("a\0b", 3, "a\\x00b");
	is_escaped("\xff\xc3", 2, "\\xff\\xc3");
	is_escaped("\xc2\x9b", 2, "\\xc2\\x9b");	  /* CSI in eight bits */
	is_escaped("\xc0\xaf", 2, "\\xc0\\xaf");	  /* overlong */
	is_escaped("\xed\xa0\x80", 3, "\\xed\\xa0\\x80"); /* a surrogate */
}
END_TEST

START_TEST(utf8_sequences_are_measured)
{
	ck_assert_uint_eq(utf8_length("a", 1), 1);
	ck_assert_uint_eq(utf8_length("\xc3\xbc", 2), 2);
	ck_assert_uint_eq(utf8_length("\xe6\x97\xa5", 3), 3);
	ck_assert_uint_eq(utf8_length("\xf0\x9f\x98\x80", 4), 4);
	ck_assert_uint_eq(utf8_length("\xf4\x90\x80\x80", 4), 0);
	ck_assert_uint_eq(utf8_length("\xc3", 1), 0);
	ck_assert_uint_eq(utf8_length("", 0), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("buf");
	TCase *tcase = tcase_create("buf");

	tcase_add_test(tcase, an_empty_buf_is_taken_as_an_empty_string);
	tcase_add_test(tcase, text_grows_and_stays_terminated);
	tcase_add_test(tcase, a_failed_buf_stays_failed_until_it_is_reset);
	tcase_add_test(tcase, control_characters_and_bad_utf8_are_escaped);
	tcase_add_test(tcase, utf8_sequences_are_measured);
	suite_add_tcase(suite, tcase);
	return support_run(suite);
}
