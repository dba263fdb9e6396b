/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the daemon says: one line a message on standard error. Where that is the journal, it is an
 * entry with fields, so that it can be asked for by what it is about; and where none can be sent, a
 * line that begins with its syslog priority, "<3>". Bytes of unknown origin are escaped.
 */
#pragma once

enum log_level {
	LOG_FAULT = 3,
	LOG_CAUTION = 4,
	LOG_NEWS = 5,
	LOG_DETAIL = 6,
};

/* Fields of the entry; what is NULL or 0 is none. */
struct log_subject {
	const char *workload; /* KARMOR_WORKLOAD */
	const char *file;     /* KARMOR_FILE: of policies, or the configuration */
	long line, column;    /* KARMOR_LINE, KARMOR_COLUMN */
	const char *fix;      /* KARMOR_FIX */
};

__attribute__((format(printf, 2, 3))) void log_tell(enum log_level level, const char *format, ...);
__attribute__((format(printf, 3, 4))) void
log_about(enum log_level level, const struct log_subject *about, const char *format, ...);
