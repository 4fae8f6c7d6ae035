/* The daemon's diary: standard error and a rotated file. Safe to call from any thread. */
#pragma once

#include "runtime/util.h"

enum log_level {
	LOG_ERROR,
	LOG_WARN,
	LOG_INFO,
	LOG_DEBUG,
};

enum log_format {
	LOG_TEXT, /* 2026-01-31T12:00:00.123Z info  text */
	LOG_JSON, /* {"time":"...","level":"info","message":"text"} */
};

struct log;

/* A log on standard error; on a terminal "overlayd: " stands before each line of text. Never fails
 * but for memory (NULL). */
struct log *log_new(enum log_level level, enum log_format format);
void log_free(struct log *log);

/* Also write to this file from now on; at LOG_FILE_MAX bytes it becomes path.1, that path.2, up to
 * LOG_FILES_KEPT. Negative errno if it can't be opened; the log goes on without it. */
#define LOG_FILE_MAX   (10 * 1024 * 1024)
#define LOG_FILES_KEPT 5
int log_open_file(struct log *log, const char *path);

/* One line; control bytes and broken UTF-8 are escaped. errno stays. A NULL log swallows it. */
void log_at(struct log *log, enum log_level level, const char *format, ...) _printf_(3, 4);

/* error, warn, info, debug; -EINVAL. */
int log_level_parse(const char *text, enum log_level *ret);
int log_format_parse(const char *text, enum log_format *ret);
