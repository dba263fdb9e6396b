/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every Check program of the tests shares.
 */
#pragma once

#include <check.h>

/* Runs @suite, prints TAP on standard output; the exit status for main. */
int support_run(Suite *suite);
