/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The program that stands at a row's source. Static, so that a copy of it needs nothing else of the
 * root that it is in.
 */
#include <string.h>

#include "table-act.h"

int main(int argc, char *argv[])
{
	static struct act_request request;

	return argc == 2 && strcmp(argv[1], "serve") == 0 ? act_serve(&request) < 0 : 0;
}
