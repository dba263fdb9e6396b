/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Adding messages. All functions accept a NULL diag and a NULL place; a message that memory is out
 * for is counted (karmor_diag_count stays right) and its text replaced by "out of memory".
 *
 * @fix may be NULL; it is copied. Texts may hold bytes of unknown origin: they are escaped here,
 * once.
 */
#pragma once

#include <karmor/diag.h>

#include "source.h"

__attribute__((format(printf, 5, 6))) void diag_add(struct karmor_diag *diag,
						    enum karmor_level level,
						    const struct place *place, const char *fix,
						    const char *format, ...);

#define diag_error(diag, place, fix, ...) diag_add(diag, KARMOR_ERROR, place, fix, __VA_ARGS__)
#define diag_warning(diag, place, fix, ...) diag_add(diag, KARMOR_WARNING, place, fix, __VA_ARGS__)
#define diag_note(diag, place, fix, ...) diag_add(diag, KARMOR_NOTE, place, fix, __VA_ARGS__)
