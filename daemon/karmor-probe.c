/* SPDX-License-Identifier: Apache-2.0 */
/* The program karmor-probe; see probe.h. */
#include <errno.h>

#include "probe.h"

int main(int argc, char *argv[])
{
	static char name[] = "karmor-probe";

	argv[0] = program_invocation_name = name;
	return probe_main(argc, argv);
}
