/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pins of another build, for others.c and others-release.c: of its maps nothing is known but
 * what bpf/abi.h promises.
 */
#pragma once

#include <bpf/bpf.h>
#include <stddef.h>

#include "kernel.h"

struct others_set {
	const char *dir;	 /* below PINS_ROOT */
	uint64_t *words;	 /* of all slots */
	size_t n, stride, bytes; /* stride in words */
};

/* 0 or a negative errno, and *ret is one to be done with in either case. */
int others_set_open(const char *dir, struct others_set *ret);
void others_set_done(struct others_set *set);

/* A map of the set: a descriptor to close, or a negative errno. */
int others_map_open(const char *dir, const char *map, struct bpf_map_info *info);

/* Of which only what is promised may be looked at. */
static inline struct abi_workload *others_slot(const struct others_set *set, size_t i)
{
	return (struct abi_workload *)(set->words + i * set->stride);
}

/*
 * Whether the lasting workload in slot @key of the map @names, whose values have @size bytes, has
 * that name: 1 or 0; a negative errno where that cannot be told.
 */
int others_has_name(int names, uint32_t key, size_t size, const char *name);

/* Calls @fn for each set that is not this build's; what was left half made has no slots. */
void others_each(void (*fn)(const char *dir, void *data), void *data);
