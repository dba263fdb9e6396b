/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* How a cgroup is found by its path, on both sides. */
#pragma once

#include "abi.h"

/* Not zero. @path: ABI_PATH_NAMED bytes, zero behind its end. */
static inline uint64_t place_key(const uint64_t path[ABI_PATH_NAMED / 8])
{
	uint64_t ret = 0xcbf29ce484222325;

	for (int i = 0; i < ABI_PATH_NAMED / 8; i++) {
		ret = (ret ^ path[i]) * 0x100000001b3;
		ret ^= ret >> 32;
	}
	return ret ? ret : 1;
}
