/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of test_parse share. */
#pragma once

#include "../support.h"

#include "cleanup.h"
#include "ir.h"

#define HEAD                                                                                       \
	"apiVersion: security.kubearmor.com/v1\n"                                                  \
	"kind: KubeArmorPolicy\n"                                                                  \
	"metadata: {name: sample}\n"                                                               \
	"spec:\n"                                                                                  \
	"  selector: {}\n"

/* Of the test that runs. */
extern struct karmor_policies *load;
extern struct karmor_diag *diag;

int add(const char *text);
/* The rules of the only policy. */
const struct ir_policy *good(const char *text);
/* Text with one fault, whose message has @part. */
void bad(const char *text, const char *part);

/* Names, lengths and numbers that have a bound, and files. */
void bound_tests(TCase *tcase);
