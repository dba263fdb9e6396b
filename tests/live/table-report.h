/* SPDX-License-Identifier: Apache-2.0 */
/* What a backend's report says may differ from the verdicts of rows. */
#pragma once

#include "table-live.h"

/* What a call may come to in place of its verdict. */
enum direction {
	LAXER = 1,
	STRICTER = 2,
	UNTOLD = 4, /* the same, without its event */
	OTHER = 8,  /* the same, by another rule */
};

/* How a kind of call may differ, and the words of the report that say so. */
struct shortcoming {
	enum act_kind kind;
	const char *words;
	unsigned directions;
	/* Of which alone it is said; NULL: of all. */
	bool (*of)(const struct pass *pass, const struct access *access);
	bool of_directories; /* alone */
};
