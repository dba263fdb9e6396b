/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the parser made of a text before, kept by content: the text, the kernel's features, the
 * parser and how it was run. An entry is whole or not there: it holds its own key and a digest, and
 * is trusted only in a directory that nobody else may write.
 */
#pragma once

#include "buf.h"
#include "diag.h"

#define STORE_DIR "/var/lib/karmor/apparmor"
/* When there is more, what was not used for longest goes. */
#define STORE_ENTRIES_MAX 512
#define STORE_BYTES_MAX (UINT64_C(64) << 20)

/*
 * As parser_run, whose answer is appended to @ret; the parser is not run where @dir has it. @dir is
 * made where it is missing; where it cannot be used, a warning says why and nothing is kept.
 */
int store_compile(const char *dir, const char *text, size_t len, const char *features, bool names,
		  struct buf *ret, struct karmor_diag *diag);
