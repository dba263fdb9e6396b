/* SPDX-License-Identifier: Apache-2.0 */
/* The program karmor-probe; see probe.h. */
#include "probe.h"

int main(int argc, char *argv[])
{
	return probe_main(argc, argv);
}
