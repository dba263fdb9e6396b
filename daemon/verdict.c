/* SPDX-License-Identifier: Apache-2.0 */
/* See verdict.h. */
#include "verdict.h"

#include <string.h>

#include "table.h"
#include "text.h"

void verdict_print(const struct karmor_verdict *verdict)
{
	printf("%s  ", table_action_name(verdict->action));
	text_print(stdout, verdict->policy);
	fputs("  ", stdout);
	if (verdict->file) {
		text_print(stdout, verdict->file);
		printf(":%u", verdict->line);
	} else {
		putchar('-');
	}
	printf("  %s\n", verdict->rule ? verdict->rule : "-");
}

void verdict_print_json(const struct karmor_verdict *verdict)
{
	bool nobody = strcmp(verdict->policy, "-") == 0;

	printf("\"verdict\":\"%s\",\"policy\":", table_action_name(verdict->action));
	text_print_json(stdout, nobody ? NULL : verdict->policy);
	fputs(",\"file\":", stdout);
	text_print_json(stdout, verdict->file);
	if (verdict->file)
		printf(",\"line\":%u", verdict->line);
	else
		fputs(",\"line\":null", stdout);
	fputs(",\"rule\":", stdout);
	text_print_json(stdout, verdict->rule);
}
