#include "runtime/log.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "runtime/buf.h"
#include "runtime/file.h"
#include "runtime/utf8.h"

#define LINE_MAX_BYTES 2048
#define NAME           "overlayd: " /* before a line on a terminal */

struct log {
	enum log_level level;
	enum log_format format;
	bool terminal;        /* where lines of other programs stand too */
	pthread_mutex_t lock; /* around all below */
	struct buf line;      /* kept, so that a warm log asks for no memory */
	int fd;               /* -1: none */
	off_t size;
	char *path;
};

static const char *const level_names[] = { "error", "warn", "info", "debug" };
static const char *const format_names[] = { "text", "json" };

static int parse_name(const char *text, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(text, names[i]) == 0)
			return (int)i;
	return -EINVAL;
}

int log_level_parse(const char *text, enum log_level *ret)
{
	int i = parse_name(text, level_names, ARRAY_SIZE(level_names));

	if (i >= 0)
		*ret = (enum log_level)i;
	return i < 0 ? i : 0;
}

int log_format_parse(const char *text, enum log_format *ret)
{
	int i = parse_name(text, format_names, ARRAY_SIZE(format_names));

	if (i >= 0)
		*ret = (enum log_format)i;
	return i < 0 ? i : 0;
}

struct log *log_new(enum log_level level, enum log_format format)
{
	struct log *log = calloc(1, sizeof(*log));

	if (log)
		*log = (struct log){ .level = level,
				     .format = format,
				     .terminal = isatty(STDERR_FILENO),
				     .lock = PTHREAD_MUTEX_INITIALIZER,
				     .fd = -1 };
	return log;
}

void log_free(struct log *log)
{
	if (!log)
		return;
	fd_closep(&log->fd);
	buf_done(&log->line);
	free(log->path);
	free(log);
}

static int open_file(struct log *log)
{
	int fd = file_append(log->path);

	log->fd = MAX(fd, -1);
	if (fd < 0)
		return fd;
	log->size = MAX(lseek(fd, 0, SEEK_END), (off_t)0);
	return 0;
}

int log_open_file(struct log *log, const char *path)
{
	log->path = strdup(path);
	return log->path ? open_file(log) : -ENOMEM;
}

/* path.4 becomes path.5, ..., path becomes path.1; a new file begins. */
static void rotate(struct log *log)
{
	size_t room = strlen(log->path) + 16;
	_cleanup_(freep) char *from = malloc(room), *to = malloc(room);

	fd_closep(&log->fd);
	for (int i = LOG_FILES_KEPT; from && to && i > 0; i--) {
		snprintf(from, room, i > 1 ? "%s.%d" : "%s", log->path, i - 1);
		snprintf(to, room, "%s.%d", log->path, i);
		file_rename(from, to);
	}
	open_file(log);
}

/* ---- lines ---- */

/* How many bytes of a printable character stand at p; 0 for a control byte or broken UTF-8. */
static size_t printable(const unsigned char *p)
{
	if (p[0] < 0x20 || p[0] == 0x7f)
		return 0;
	if (p[0] == 0xc2 && p[1] < 0xa0) /* C1 controls */
		return 0;
	return (size_t)utf8_length(p);
}

static void put_escaped(struct buf *line, const char *text, bool json)
{
	for (const unsigned char *p = (const unsigned char *)text; *p;) {
		size_t n = printable(p);

		if (n == 0)
			buf_printf(line, json ? "\\u%04x" : "\\x%02x", *p++);
		else if (json && (*p == '"' || *p == '\\'))
			buf_printf(line, "\\%c", *p++);
		else
			buf_append(line, p, n), p += n;
	}
}

static void put_time(struct buf *line)
{
	struct timespec now;
	struct tm utc;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &utc);
	buf_printf(line, "%04d-%02d-%02dT%02d:%02d:%02d.%03ldZ", utc.tm_year + 1900, utc.tm_mon + 1,
		   utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec, now.tv_nsec / 1000000);
}

static void put_line(struct buf *line, const struct log *log, enum log_level level,
		     const char *text)
{
	switch (log->format) {
	case LOG_TEXT:
		put_time(line);
		buf_printf(line, " %-5s ", level_names[level]);
		put_escaped(line, text, false);
		buf_text(line, "\n");
		break;
	case LOG_JSON:
		buf_text(line, "{\"time\":\"");
		put_time(line);
		buf_printf(line, "\",\"level\":\"%s\",\"message\":\"", level_names[level]);
		put_escaped(line, text, true);
		buf_text(line, "\"}\n");
		break;
	}
}

/* In one write, as other threads and programs write there too. */
static void write_line(int fd, struct ovd_view line)
{
	if (write(fd, line.p, line.n) < 0)
		return; /* a full disk or a closed terminal is no reason to stop */
}

void log_at(struct log *log, enum log_level level, const char *format, ...)
{
	struct ovd_view line, named;
	char text[LINE_MAX_BYTES];
	int kept = errno;
	va_list args;

	if (!log || level > log->level)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	pthread_mutex_lock(&log->lock);
	log->line.n = 0;
	buf_text(&log->line, NAME);
	put_line(&log->line, log, level, text);
	named = buf_view(&log->line);
	line = (struct ovd_view){ .p = named.p + strlen(NAME), .n = named.n - strlen(NAME) };
	write_line(STDERR_FILENO, log->terminal && log->format == LOG_TEXT ? named : line);
	if (log->fd >= 0) {
		if (log->size + (off_t)line.n > LOG_FILE_MAX)
			rotate(log);
		if (log->fd >= 0)
			write_line(log->fd, line);
		log->size += (off_t)line.n;
	}
	pthread_mutex_unlock(&log->lock);
	errno = kept;
}
