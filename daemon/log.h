/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the daemon says: one line a message on standard error. Where that is the journal, the line
 * begins with its syslog priority, "<3>". Bytes of unknown origin are escaped.
 */
#pragma once

enum log_level {
	LOG_FAULT = 3,
	LOG_CAUTION = 4,
	LOG_NEWS = 5,
	LOG_DETAIL = 6,
};

__attribute__((format(printf, 2, 3))) void log_tell(enum log_level level, const char *format, ...);
