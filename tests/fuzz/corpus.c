/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a fuzz target without a fuzzer: each file of the corpus as it stands, and changed a little
 * many times by a fixed seed. Prints TAP; a crash or a sanitizer's report is the failure.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INPUT_MAX (1u << 16)
#define CHANGES 500

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t seed = 1;

static size_t below(size_t n)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return n ? (size_t)(seed >> 33) % n : 0;
}

/* One change: a byte set, bytes cut out, or bytes said twice. Returns the new size. */
static size_t change(uint8_t *data, size_t size)
{
	static const char bytes[] = "\t\n\r,=*?[]{}\\/:!-\"'&#\0\xff"
				    "a0";
	size_t at = below(size), n = below(16);

	if (n > size - at)
		n = size - at;
	switch (below(3)) {
	case 0:
		if (size)
			data[at] = (uint8_t)bytes[below(sizeof(bytes))];
		return size;
	case 1:
		memmove(data + at, data + at + n, size - at - n);
		return size - n;
	default:
		if (size + n > INPUT_MAX)
			return size;
		memmove(data + at + n, data + at, size - at);
		return size + n;
	}
}

static void run_changed(const uint8_t *original, size_t size)
{
	uint8_t *data = malloc(INPUT_MAX);

	if (!data)
		exit(EXIT_FAILURE);
	for (int i = 0; i < CHANGES; i++) {
		size_t now = size;

		memcpy(data, original, size);
		for (size_t n = below(8) + 1; n; n--)
			now = change(data, now);
		LLVMFuzzerTestOneInput(data, now);
	}
	free(data);
}

static int run_file(const char *path)
{
	uint8_t *data = malloc(INPUT_MAX);
	FILE *in = fopen(path, "re");
	size_t size;

	if (!data || !in) {
		printf("Bail out! %s: %s\n", path, strerror(errno));
		exit(EXIT_FAILURE);
	}
	size = fread(data, 1, INPUT_MAX, in);
	fclose(in);
	LLVMFuzzerTestOneInput(data, size);
	run_changed(data, size);
	free(data);
	return 0;
}

int main(int argc, char *argv[])
{
	for (int i = 1; i < argc; i++) {
		run_file(argv[i]);
		printf("ok %d - %s\n", i, argv[i]);
	}
	printf("1..%d\n", argc - 1);
	return EXIT_SUCCESS;
}
