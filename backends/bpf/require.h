/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the programs need of a kernel, each with a message of its own: a table of questions, asked
 * in the order in which a person would want to know. Nothing here goes by a version number.
 */
#pragma once

struct btf;

struct require {
	/* Whether it is missing; @btf is NULL where the kernel gives none. */
	int (*missing)(const struct btf *btf);
	const char *reason, *fix;
};

/* The first that is missing; NULL: none is. */
const struct require *require_missing(const struct btf *btf);

/* Whether the kernel was built without LSM programs; 0 where that cannot be told. */
int require_unbuilt(const struct btf *btf);
