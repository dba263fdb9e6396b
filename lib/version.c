/* SPDX-License-Identifier: Apache-2.0 */
/* The version of the library that runs, which need not be the one a program was built with. */
#include <karmor/karmor.h>

const char *karmor_version(void)
{
	return KARMOR_PROJECT_VERSION;
}
