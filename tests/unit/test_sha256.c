/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256 against the examples of FIPS 180-4, fed in every way. */
#include <stdio.h>
#include <string.h>

#include "../support.h"
#include "sha256.h"

static const struct {
	const char *text, *expected;
	size_t times;
} cases[] = {
	{ "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", 1 },
	{ "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", 1 },
	{ "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
	  "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1", 1 },
	{ "a", "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0", 1000000 },
};

START_TEST(digests_are_those_of_the_standard)
{
	for (size_t step = 1; step < 100; step += 49) {
		char text[2 * SHA256_SIZE + 1];
		uint8_t digest[SHA256_SIZE];
		struct sha256 sha;

		sha256_start(&sha);
		for (size_t i = 0; i < cases[_i].times; i++)
			for (size_t at = 0; at < strlen(cases[_i].text); at += step)
				sha256_add(&sha, cases[_i].text + at,
					   strnlen(cases[_i].text + at, step));
		sha256_end(&sha, digest);
		for (size_t i = 0; i < SHA256_SIZE; i++)
			snprintf(text + 2 * i, 3, "%02x", digest[i]);
		ck_assert_str_eq(text, cases[_i].expected);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sha256");
	TCase *tcase = tcase_create("sha256");

	tcase_add_loop_test(tcase, digests_are_those_of_the_standard, 0, 4);
	suite_add_tcase(suite, tcase);
	return support_run(suite);
}
