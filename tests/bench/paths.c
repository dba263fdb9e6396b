/* SPDX-License-Identifier: Apache-2.0 */
/* See paths.h. */
#include "paths.h"

#include <string.h>
#include <time.h>

static uint64_t seed = 1;

uint32_t paths_below(uint32_t n)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(seed >> 33) % n;
}

void paths_add_name(char *text)
{
	size_t len = strlen(text);
	uint32_t n = 3 + paths_below(8);

	while (n--)
		text[len++] = (char)('a' + paths_below(26));
	text[len] = '\0';
}

/* Few names near the root, many below, as in a real tree. */
void paths_add(char *text, uint32_t depth)
{
	static const char *const tops[] = { "/usr", "/etc", "/var", "/home", "/opt" };
	static const char *const middles[] = {
		"/lib", "/bin", "/share", "/local", "/app", "/data"
	};

	strcpy(text, tops[paths_below(5)]);
	strcat(text, middles[paths_below(6)]);
	while (depth--) {
		strcat(text, "/");
		paths_add_name(text);
	}
}

double paths_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}
