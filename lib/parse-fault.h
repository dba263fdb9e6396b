/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The faults of one document, gathered before they are told: they come out in the order of the
 * text, each once (an alias shows the parser the same text twice), and not at all when the document
 * turns out to be none of ours.
 */
#pragma once

#include <stdbool.h>

#include "diag.h"

/* More faults than this in one file say no more than that it is no policy. So many notes and
 * warnings may stand beside them: a file is as good with many as with few. */
#define FAULTS_MAX 200

struct fault;

struct faults {
	struct arena arena;
	struct fault *head, **tail;
	size_t n[2];	    /* gathered: notes and warnings, errors */
	size_t told[2];	    /* of this file, over all its documents */
	size_t errors;	    /* of the document */
	bool out_of_memory; /* a fault could not be kept; errors is right all the same */
};

__attribute__((format(printf, 5, 6))) void fault_add(struct faults *faults, enum karmor_level level,
						     const struct place *place, const char *fix,
						     const char *format, ...);

#define fault_error(faults, place, fix, ...)                                                       \
	fault_add(faults, KARMOR_ERROR, place, fix, __VA_ARGS__)
#define fault_warning(faults, place, fix, ...)                                                     \
	fault_add(faults, KARMOR_WARNING, place, fix, __VA_ARGS__)
#define fault_note(faults, place, fix, ...) fault_add(faults, KARMOR_NOTE, place, fix, __VA_ARGS__)

/* Text for a fix, as long-lived as the faults; NULL when memory is out. */
__attribute__((format(printf, 2, 3))) const char *fault_fix(struct faults *faults,
							    const char *format, ...);

/* Forgets what was gathered, told or not, and keeps the count of the file. */
void faults_drop(struct faults *faults);

/* Tells what was gathered and forgets it. 0 or -ENOMEM. */
int faults_tell(struct faults *faults, struct karmor_diag *diag);
