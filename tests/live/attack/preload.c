/* SPDX-License-Identifier: Apache-2.0 */
/* Loaded into another program by LD_PRELOAD: prints a file as that program. */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

__attribute__((constructor)) static void print(void)
{
	const char *path = getenv("ATTACK_READ");
	char text[64];
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text));

	if (n > 0 && write(STDOUT_FILENO, text, (size_t)n) != n)
		_exit(1);
}
