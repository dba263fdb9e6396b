/* SPDX-License-Identifier: Apache-2.0 */
/* Compiles the reference policy while karmor is built, and prints it as an array. */
#include <stdio.h>
#include <stdlib.h>

#include "reference.h"

int main(void)
{
	char *text = reference_cil();
	const char *texts[] = { text };
	void *image = NULL;
	size_t len;

	if (!text || reference_compile(texts, 1, &image, &len) != 0)
		return EXIT_FAILURE;
	puts("static const unsigned char reference_policy[] = {");
	for (size_t i = 0; i < len; i++)
		printf("%u,%c", ((unsigned char *)image)[i], i % 20 == 19 ? '\n' : ' ');
	puts("};");
	free(image);
	free(text);
	return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
