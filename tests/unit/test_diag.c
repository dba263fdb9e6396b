/* SPDX-License-Identifier: Apache-2.0 */
/* Messages and the lines they show: lib/diag.c, lib/excerpt.c, lib/source.c. */
#include <stdlib.h>
#include <string.h>

#include "../support.h"

#include "cleanup.h"
#include "diag.h"

static struct arena arena;
static struct karmor_diag *diag;

static void setup(void)
{
	diag = karmor_diag_new();
	ck_assert_ptr_nonnull(diag);
}

static void teardown(void)
{
	karmor_diag_free(diag);
	arena_done(&arena);
}

static struct place place_in(const char *text, uint32_t line, uint32_t column, uint32_t width)
{
	const struct source *source = source_new(&arena, "x.yaml", text, strlen(text));

	ck_assert_ptr_nonnull(source);
	return (struct place){ .source = source, .line = line, .column = column, .width = width };
}

static void prints(const char *wanted)
{
	_cleanup_free_ char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	ck_assert_int_eq(karmor_diag_print(diag, out, false), 0);
	fclose(out);
	ck_assert_str_eq(text, wanted);
}

START_TEST(a_message_shows_its_line_a_caret_and_a_fix)
{
	struct place place = place_in("a: b\n  port: 8080\nc: d\n", 2, 9, 4);

	diag_error(diag, &place, "remove \"port\"", "cannot match on port \"%d\"", 8080);
	prints("x.yaml:2:9: error: cannot match on port \"8080\"\n"
	       "    2 |   port: 8080\n"
	       "      |         ^~~~\n"
	       "  fix: remove \"port\"\n");
}
END_TEST

START_TEST(a_message_may_have_no_place_or_no_line)
{
	struct place place = place_in("", 0, 0, 0);

	diag_warning(diag, NULL, NULL, "one");
	diag_note(diag, &place, NULL, "two");
	prints("warning: one\nx.yaml: note: two\n");
	ck_assert_ptr_null(karmor_diag_at(diag, 0)->file);
	ck_assert_uint_eq(karmor_diag_at(diag, 1)->line, 0);
	ck_assert_ptr_null(karmor_diag_at(diag, 2));
}
END_TEST

START_TEST(tabs_are_widened_and_columns_count_characters)
{
	struct place place = place_in("\t\xc3\xbc\tx: y", 1, 4, 1);

	diag_error(diag, &place, NULL, "here");
	prints("x.yaml:1:4: error: here\n"
	       "    1 |         \xc3\xbc       x: y\n"
	       "      |                 ^\n");
}
END_TEST

START_TEST(wide_characters_take_two_cells)
{
	struct place place = place_in("\xe6\x97\xa5\xe6\x9c\xac: x", 1, 5, 1);

	diag_error(diag, &place, NULL, "here");
	prints("x.yaml:1:5: error: here\n"
	       "    1 | \xe6\x97\xa5\xe6\x9c\xac: x\n"
	       "      |       ^\n");
}
END_TEST

START_TEST(control_characters_are_shown_as_escapes)
{
	struct place place = place_in("\x1b[2J: x", 1, 5, 1);

	diag_error(diag, &place, "\r", "got \"\x1b\"");
	prints("x.yaml:1:5: error: got \"\\x1b\"\n"
	       "    1 | \\x1b[2J: x\n"
	       "      |        ^\n"
	       "  fix: \\x0d\n");
	ck_assert_str_eq(karmor_diag_at(diag, 0)->source_line, "\\x1b[2J: x");
}
END_TEST

START_TEST(a_long_line_is_cut_around_the_caret)
{
	char text[1001];
	const struct karmor_message *message;
	struct place place;

	memset(text, 'a', 1000);
	text[1000] = '\0';
	text[500] = 'B';
	place = place_in(text, 1, 501, 3);
	diag_error(diag, &place, NULL, "here");
	message = karmor_diag_at(diag, 0);
	ck_assert_uint_le(strlen(message->source_line), 100);
	ck_assert_int_eq(strncmp(message->source_line, "...aaa", 6), 0);
	ck_assert_ptr_nonnull(strstr(message->source_line, "aBa"));
	ck_assert_str_eq(message->source_line + strlen(message->source_line) - 4, "a...");
	ck_assert_uint_eq(message->column, 501);
}
END_TEST

START_TEST(a_long_line_is_cut_at_its_end_when_the_caret_is_near_its_beginning)
{
	char text[301];
	struct place place;

	memset(text, 'a', 300);
	text[300] = '\0';
	place = place_in(text, 1, 1, 300);
	diag_error(diag, &place, NULL, "here");
	ck_assert_uint_eq(strlen(karmor_diag_at(diag, 0)->source_line), 100);
	ck_assert_int_eq(strncmp(karmor_diag_at(diag, 0)->source_line, "aaa", 3), 0);
}
END_TEST

START_TEST(a_caret_may_stand_after_the_end_of_the_line)
{
	struct place place = place_in("ab\r\n", 1, 3, 1);

	diag_error(diag, &place, NULL, "here");
	prints("x.yaml:1:3: error: here\n"
	       "    1 | ab\n"
	       "      |   ^\n");
}
END_TEST

START_TEST(a_line_past_the_end_is_not_shown)
{
	struct place place = place_in("ab\n", 9, 1, 1);

	diag_error(diag, &place, NULL, "here");
	prints("x.yaml:9:1: error: here\n");
}
END_TEST

START_TEST(a_message_outlives_its_source)
{
	struct place place = place_in("a: b\n", 1, 1, 1);

	diag_error(diag, &place, NULL, "here");
	arena_done(&arena);
	prints("x.yaml:1:1: error: here\n"
	       "    1 | a: b\n"
	       "      | ^\n");
}
END_TEST

START_TEST(a_very_long_text_is_cut_at_a_character)
{
	char text[5001];

	for (size_t i = 0; i < 5000; i += 2)
		memcpy(text + i, "\xc3\xbc", 2);
	text[5000] = '\0';
	diag_error(diag, NULL, NULL, "a%s", text);
	ck_assert_uint_lt(strlen(karmor_diag_at(diag, 0)->text), 1100);
	ck_assert_ptr_null(strstr(karmor_diag_at(diag, 0)->text, "\\x"));
}
END_TEST

START_TEST(levels_are_counted_and_clearing_forgets_them)
{
	diag_error(diag, NULL, NULL, "one");
	diag_error(diag, NULL, NULL, "two");
	diag_warning(diag, NULL, NULL, "three");
	ck_assert_uint_eq(karmor_diag_count(diag, KARMOR_ERROR), 2);
	ck_assert_uint_eq(karmor_diag_count(diag, KARMOR_WARNING), 1);
	ck_assert_uint_eq(karmor_diag_count(diag, KARMOR_NOTE), 0);
	karmor_diag_clear(diag);
	ck_assert_uint_eq(karmor_diag_count(diag, KARMOR_ERROR), 0);
	ck_assert_ptr_null(karmor_diag_at(diag, 0));
	diag_note(diag, NULL, NULL, "four");
	prints("note: four\n");
}
END_TEST

START_TEST(colour_is_used_only_where_it_is_asked_for)
{
	_cleanup_free_ char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	diag_error(diag, NULL, NULL, "one");
	karmor_diag_print(diag, out, true);
	fclose(out);
	ck_assert_ptr_nonnull(strstr(text, "\033[1;31merror:"));
	prints("error: one\n");
}
END_TEST

START_TEST(no_diag_drops_the_message)
{
	diag_error(NULL, NULL, NULL, "one");
	karmor_diag_free(NULL);
	ck_assert_uint_eq(karmor_diag_count(NULL, KARMOR_ERROR), 0);
	ck_assert_ptr_null(karmor_diag_at(NULL, 0));
	ck_assert_int_eq(karmor_diag_print(NULL, stdout, false), 0);
	karmor_diag_clear(NULL);
}
END_TEST

START_TEST(a_stream_that_cannot_be_written_is_told)
{
	FILE *out = fopen("/dev/full", "we");

	diag_error(diag, NULL, NULL, "one");
	ck_assert_int_eq(karmor_diag_print(diag, out, false), -5);
	fclose(out);
}
END_TEST

START_TEST(lines_are_found_by_number)
{
	struct place place = place_in("one\r\ntwo\n\nfour", 1, 1, 1);
	const char *line;
	size_t len;

	line = source_line(place.source, 1, &len);
	ck_assert_uint_eq(len, 3);
	line = source_line(place.source, 3, &len);
	ck_assert_ptr_nonnull(line);
	ck_assert_uint_eq(len, 0);
	line = source_line(place.source, 4, &len);
	ck_assert_uint_eq(len, 4);
	ck_assert_ptr_null(source_line(place.source, 5, &len));
	ck_assert_ptr_null(source_line(place.source, 0, &len));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("diag");
	TCase *tcase = tcase_create("diag");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, a_message_shows_its_line_a_caret_and_a_fix);
	tcase_add_test(tcase, a_message_may_have_no_place_or_no_line);
	tcase_add_test(tcase, tabs_are_widened_and_columns_count_characters);
	tcase_add_test(tcase, wide_characters_take_two_cells);
	tcase_add_test(tcase, control_characters_are_shown_as_escapes);
	tcase_add_test(tcase, a_long_line_is_cut_around_the_caret);
	tcase_add_test(tcase, a_long_line_is_cut_at_its_end_when_the_caret_is_near_its_beginning);
	tcase_add_test(tcase, a_caret_may_stand_after_the_end_of_the_line);
	tcase_add_test(tcase, a_line_past_the_end_is_not_shown);
	tcase_add_test(tcase, a_message_outlives_its_source);
	tcase_add_test(tcase, a_very_long_text_is_cut_at_a_character);
	tcase_add_test(tcase, levels_are_counted_and_clearing_forgets_them);
	tcase_add_test(tcase, colour_is_used_only_where_it_is_asked_for);
	tcase_add_test(tcase, no_diag_drops_the_message);
	tcase_add_test(tcase, a_stream_that_cannot_be_written_is_told);
	tcase_add_test(tcase, lines_are_found_by_number);
	suite_add_tcase(suite, tcase);
	return support_run(suite);
}
