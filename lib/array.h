/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arrays that grow by doubling.
 */
#pragma once

#include <errno.h>
#include <stdlib.h>

/* Makes room for an element after the @n there are in *array, a pointer to the first of *size. 0 or
 * -ENOMEM. */
static inline int array_grow(void *array, size_t n, size_t *size, size_t element)
{
	void **data = array, *grown;
	size_t want = *size ? *size * 2 : 64;

	if (n < *size)
		return 0;
	grown = reallocarray(*data, want, element);
	if (!grown)
		return -ENOMEM;
	*data = grown;
	*size = want;
	return 0;
}
