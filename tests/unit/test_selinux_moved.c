/* SPDX-License-Identifier: Apache-2.0 */
/* Files with roles that come to other names: by a directory above them, which anybody may rename
 * who may write above it. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../support.h"

#include "selinux-follow.h"

/* B keeps files from nobody whom A does not keep them from. */
static bool a_exceeds(const char *role, const char *other, bool directory, void *data)
{
	(void)other;
	(void)directory;
	(void)data;
	return strcmp(role, A) == 0;
}

static void teardown(void)
{
	tree_exceeds = NULL;
	follow_teardown();
}

/* /d/x/secret, and /e for which rules say less. */
static void secret_make(void)
{
	tree_exceeds = a_exceeds;
	tree_add("/d", S_IFDIR | 0700);
	tree_add("/d/x", S_IFDIR | 0700);
	tree_add("/d/x/secret", S_IFREG | 0600);
	tree_add("/e", S_IFDIR | 0700);
}

START_TEST(rules_of_another_place_take_no_role_away)
{
	static const struct rule in[] = { { "/d/x/secret", false, A }, { "/e", true, B } };

	secret_make();
	begin(in, 2);
	tree_move("/d", "/e/d");
	ck_assert_uint_eq(follow_all(), 1);
	tree_is("/e/d", CONTEXT(B));
	tree_is("/e/d/x/secret", CONTEXT(A));
	follow_everything();
	tree_is("/e/d/x/secret", CONTEXT(A));
	/* Where rules are changed, what a file has follows from its name. */
	begin(in, 2);
	tree_is("/e/d/x/secret", CONTEXT(B));
	tree_restore();
	tree_is("/e/d/x/secret", CONTEXT("object_r"));
}
END_TEST

/* What was made in a directory with a role has it without being in the journal. */
START_TEST(nor_from_what_was_made_with_it)
{
	static const struct rule in[] = { { "/d/x", true, A }, { "/e", true, B } };

	secret_make();
	begin(in, 2);
	tree_add("/d/x/made", S_IFREG | 0600);
	tree_relabel("/d/x/made", CONTEXT(A));
	tree_move("/d", "/e/d");
	ck_assert_uint_eq(follow_all(), 1);
	tree_is("/e/d/x/made", CONTEXT(A));
	follow_everything();
	tree_is("/e/d/x/made", CONTEXT(A));
	/* It is in the journal now, so that it is found wherever it goes. */
	tree_move("/e/d/x/made", "/gone");
	tree_restore();
	tree_is("/gone", CONTEXT("object_r"));
}
END_TEST

START_TEST(rules_that_keep_from_more_hold_where_it_came_to)
{
	static const struct rule in[] = { { "/d/x/secret", false, B }, { "/e", true, A } };

	secret_make();
	begin(in, 2);
	tree_move("/d", "/e/d");
	ck_assert_uint_eq(follow_all(), 1);
	tree_is("/e/d/x/secret", CONTEXT(A));
}
END_TEST

/* Who may rename the file itself may have it under the rules of that name. */
START_TEST(what_is_itself_renamed_has_the_role_of_its_name)
{
	static const struct rule in[] = { { "/d/x/secret", false, A }, { "/e", true, B } };

	secret_make();
	begin(in, 2);
	tree_move("/d/x/secret", "/e/secret");
	ck_assert_uint_eq(follow_all(), 1);
	tree_is("/e/secret", CONTEXT(B));
}
END_TEST

/* A directory in the place of the one that went says that its name was looked at. */
START_TEST(a_name_that_comes_anew_takes_nothing_from_who_had_it)
{
	static const struct rule in[] = { { "/d", true, A } };

	tree_exceeds = a_exceeds;
	tree_add("/d", S_IFDIR | 0700);
	tree_add("/d/named", S_IFREG | 0600);
	begin(in, 1);
	tree_move("/d", "/before");
	tree_add("/d", S_IFDIR | 0700);
	tree_add("/d/named", S_IFREG | 0600);
	ck_assert_uint_ge(follow_all(), 1);
	tree_is("/d/named", CONTEXT(A));
	tree_is("/before/named", CONTEXT(A));
	follow_everything();
	tree_is("/before/named", CONTEXT(A));
	tree_restore();
	tree_is("/before/named", CONTEXT("object_r"));
}
END_TEST

/* Of all that may have come, too: what one file is does not decide about others. */
START_TEST(one_without_a_label_holds_up_no_other_of_all)
{
	static const struct rule in[] = { { "/d", true, A } };

	tree_add("/d", S_IFDIR | 0700);
	begin(in, 1);
	tree_add("/d/one", S_IFREG | 0600);
	tree_add("/d/two", S_IFREG | 0600);
	tree_relabel("/d/one", "not a label");
	follow_everything();
	tree_is("/d/one", "not a label");
	tree_is("/d/two", CONTEXT(A));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("selinux_moved");
	TCase *test = tcase_create("moved");

	if (!tree_can())
		return support_skip(
			"trusted attributes in /tmp: needs root and a file system that has them");
	tcase_add_checked_fixture(test, follow_setup, teardown);
	tcase_set_timeout(test, 120);
	tcase_add_test(test, rules_of_another_place_take_no_role_away);
	tcase_add_test(test, nor_from_what_was_made_with_it);
	tcase_add_test(test, rules_that_keep_from_more_hold_where_it_came_to);
	tcase_add_test(test, what_is_itself_renamed_has_the_role_of_its_name);
	tcase_add_test(test, a_name_that_comes_anew_takes_nothing_from_who_had_it);
	tcase_add_test(test, one_without_a_label_holds_up_no_other_of_all);
	suite_add_tcase(suite, test);
	return support_run(suite);
}
