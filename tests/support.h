/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every Check program of the tests shares.
 */
#pragma once

#include <check.h>

/* Runs @suite, prints TAP on standard output; the exit status for main. */
int support_run(Suite *suite);

/*
 * Instead of a suite that lacks what it needs: a plan without tests that says why, and the exit
 * status for main, which with KARMOR_MUST_RUN=1 is a failure.
 */
int support_skip(const char *reason);
