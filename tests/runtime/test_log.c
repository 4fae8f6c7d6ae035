#include "runtime/log.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "tests/check.h"

#define TIME_LEN 24 /* 2026-01-31T12:00:00.123Z */

struct place {
	char dir[32], path[64];
	char text[8192];
};

static struct log *begin(struct place *at, enum log_level level, enum log_format format)
{
	struct log *log = log_new(level, format);
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	CHECK(log && null >= 0);
	CHECK(dup2(null, STDERR_FILENO) >= 0);
	close(null);
	snprintf(at->dir, sizeof(at->dir), "/tmp/log-XXXXXX");
	CHECK(mkdtemp(at->dir));
	snprintf(at->path, sizeof(at->path), "%s/log", at->dir);
	CHECK_INT(log_open_file(log, at->path), 0);
	return log;
}

/* What the file holds from byte `from` on. */
static const char *text_from(struct place *at, const char *path, long from)
{
	FILE *file = fopen(path, "re");
	size_t n;

	CHECK(file);
	CHECK_INT(fseek(file, from, SEEK_SET), 0);
	n = fread(at->text, 1, sizeof(at->text) - 1, file);
	at->text[n] = '\0';
	fclose(file);
	return at->text;
}

static void end(struct place *at, struct log *log)
{
	char path[80];

	log_free(log);
	unlink(at->path);
	for (int i = 1; i <= LOG_FILES_KEPT + 1; i++) {
		snprintf(path, sizeof(path), "%s.%d", at->path, i);
		unlink(path);
	}
	CHECK_INT(rmdir(at->dir), 0);
}

static void check_time(const char *text)
{
	static const char form[] = "dddd-dd-ddTdd:dd:dd.dddZ";

	for (int i = 0; i < TIME_LEN; i++)
		CHECK(form[i] == 'd' ? text[i] >= '0' && text[i] <= '9' : text[i] == form[i]);
}

/* ---- levels ---- */

TEST(names)
{
	static const char *const levels[] = { "error", "warn", "info", "debug" };
	enum log_format format = LOG_TEXT;
	enum log_level level = LOG_ERROR;

	for (size_t i = 0; i < ARRAY_SIZE(levels); i++) {
		CHECK_INT(log_level_parse(levels[i], &level), 0);
		CHECK_INT(level, i);
	}
	CHECK_INT(log_level_parse("Error", &level), -EINVAL);
	CHECK_INT(log_level_parse("", &level), -EINVAL);
	CHECK_INT(level, LOG_DEBUG);
	CHECK_INT(log_format_parse("json", &format), 0);
	CHECK_INT(format, LOG_JSON);
	CHECK_INT(log_format_parse("xml", &format), -EINVAL);
	CHECK_INT(format, LOG_JSON);
}

TEST(levels)
{
	static const char *const want[] = { "error", "warn ", "info ", "debug" };

	for (int level = LOG_ERROR; level <= LOG_DEBUG; level++) {
		struct place at;
		struct log *log = begin(&at, (enum log_level)level, LOG_TEXT);
		const char *line = at.text;

		CASE("%s", want[level]);
		for (int i = LOG_ERROR; i <= LOG_DEBUG; i++)
			log_at(log, (enum log_level)i, "line %d", i);
		text_from(&at, at.path, 0);
		for (int i = LOG_ERROR; i <= level; i++) {
			char text[40];

			snprintf(text, sizeof(text), " %s line %d\n", want[i], i);
			check_time(line);
			CHECK(strncmp(line + TIME_LEN, text, strlen(text)) == 0);
			line += TIME_LEN + strlen(text);
		}
		CHECK_STR(line, "");
		end(&at, log);
	}
}

TEST(nothing_to_write_to)
{
	errno = ENOTTY;
	log_at(NULL, LOG_ERROR, "swallowed");
	CHECK_INT(errno, ENOTTY);
	log_free(NULL);
}

/* On a terminal others write too. */
TEST(a_terminal_is_told_who_speaks)
{
	const char *const begins[] = { [LOG_TEXT] = "overlayd: 2", [LOG_JSON] = "{\"time\":" };

	for (int format = LOG_TEXT; format <= LOG_JSON; format++) {
		int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), slave;
		char text[256] = "";
		struct log *log;

		if (master < 0 || grantpt(master) < 0 || unlockpt(master) < 0)
			SKIP("no terminals here");
		slave = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
		CHECK(slave >= 0 && dup2(slave, STDERR_FILENO) >= 0);
		log = log_new(LOG_INFO, (enum log_format)format);
		log_at(log, LOG_INFO, "hi");
		CHECK(read(master, text, sizeof(text) - 1) > 0);
		CHECK(strncmp(text, begins[format], strlen(begins[format])) == 0);
		CHECK(strstr(text, "hi"));
		log_free(log);
		close(slave);
		close(master);
	}
}

/* ---- what is in a line ---- */

static const struct {
	const char *message, *text, *json;
} messages[] = {
	{ "plain", "plain", "plain" },
	{ "", "", "" },
	{ "say \"hi\" \\o/", "say \"hi\" \\o/", "say \\\"hi\\\" \\\\o/" },
	{ "two\nlines\r", "two\\x0alines\\x0d", "two\\u000alines\\u000d" },
	{ "\033[2J\x7f\t", "\\x1b[2J\\x7f\\x09", "\\u001b[2J\\u007f\\u0009" },
	{ "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80",
	  "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80" },
	/* C1: some terminals obey them */
	{ "\xc2\x9b"
	  "2J",
	  "\\xc2\\x9b2J", "\\u00c2\\u009b2J" },
	{ "\xc2\xa0", "\xc2\xa0", "\xc2\xa0" },
	{ "a\xff", "a\\xff", "a\\u00ff" },
	{ "\x80"
	  "b",
	  "\\x80b", "\\u0080b" },
	{ "\xc3", "\\xc3", "\\u00c3" },
	{ "\xe2\x82", "\\xe2\\x82", "\\u00e2\\u0082" },
	{ "\xf0\x9f\x98", "\\xf0\\x9f\\x98", "\\u00f0\\u009f\\u0098" },
	/* RFC 3629: longer than need be, surrogates, above 10ffff */
	{ "\xc0\xaf", "\\xc0\\xaf", "\\u00c0\\u00af" },
	{ "\xe0\x80\xaf", "\\xe0\\x80\\xaf", "\\u00e0\\u0080\\u00af" },
	{ "\xed\xa0\x80", "\\xed\\xa0\\x80", "\\u00ed\\u00a0\\u0080" },
	{ "\xf0\x80\x80\xaf", "\\xf0\\x80\\x80\\xaf", "\\u00f0\\u0080\\u0080\\u00af" },
	{ "\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80", "\\u00f4\\u0090\\u0080\\u0080" },
};

static void check_messages(enum log_format format, const char *before, const char *behind)
{
	for (size_t i = 0; i < ARRAY_SIZE(messages); i++) {
		struct place at;
		struct log *log = begin(&at, LOG_INFO, format);
		const char *line;
		char want[256];

		CASE("%s", messages[i].text);
		errno = ENOTTY;
		log_at(log, LOG_INFO, "%s", messages[i].message);
		CHECK_INT(errno, ENOTTY);
		snprintf(want, sizeof(want), "%s%s%s", before,
			 format == LOG_JSON ? messages[i].json : messages[i].text, behind);
		line = text_from(&at, at.path, 0);
		if (format == LOG_JSON) {
			CHECK(strncmp(line, "{\"time\":\"", 9) == 0);
			line += 9;
		}
		check_time(line);
		CHECK_STR(line + TIME_LEN, want);
		end(&at, log);
	}
}

TEST(text)
{
	check_messages(LOG_TEXT, " info  ", "\n");
}

TEST(json)
{
	check_messages(LOG_JSON, "\",\"level\":\"info\",\"message\":\"", "\"}\n");
}

/* Cut, also within a character, and still one line. */
TEST(long_messages)
{
	for (int before = 0; before < 3; before++) {
		struct place at;
		struct log *log = begin(&at, LOG_INFO, LOG_JSON);
		_cleanup_(freep) char *message = malloc(9001);
		size_t n;

		for (int i = 0; i < 9000; i += 3)
			memcpy(message + i, "\xe2\x82\xac", 3);
		message[9000] = '\0';
		memset(message, 'a', (size_t)before);
		memmove(message + before, message + 3, 9001 - 3);
		log_at(log, LOG_INFO, "%s", message);
		n = strlen(text_from(&at, at.path, 0));
		CHECK(n > 2000 && n < 2200);
		CHECK(strchr(at.text, '\n') == at.text + n - 1);
		CHECK_STR(at.text + n - 3, "\"}\n");
		end(&at, log);
	}
}

TEST(standard_error_has_the_same)
{
	struct place at, other;
	struct log *log = begin(&at, LOG_INFO, LOG_TEXT);
	int fd;

	snprintf(other.path, sizeof(other.path), "%s/stderr", at.dir);
	fd = open(other.path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	CHECK(fd >= 0 && dup2(fd, STDERR_FILENO) >= 0);
	close(fd);
	log_at(log, LOG_WARN, "once");
	CHECK_STR(text_from(&at, at.path, 0), text_from(&other, other.path, 0));
	CHECK(strstr(at.text, " warn  once\n"));
	unlink(other.path);
	end(&at, log);
}

/* ---- the file ---- */

TEST(file)
{
	struct place at;
	struct log *log = begin(&at, LOG_INFO, LOG_TEXT);
	struct stat st;

	log_at(log, LOG_INFO, "first");
	log_free(log);
	log = log_new(LOG_INFO, LOG_TEXT);
	CHECK_INT(log_open_file(log, at.path), 0);
	log_at(log, LOG_INFO, "second");
	CHECK(strstr(text_from(&at, at.path, 0), "first\n"));
	CHECK(strstr(at.text, "second\n"));
	CHECK_INT(stat(at.path, &st), 0);
	CHECK_INT(st.st_mode & 0777 & ~0640, 0);
	end(&at, log);
}

/* A file that is `size` bytes long and opened as the log. */
static struct log *log_of_size(struct place *at, struct log *log, off_t size)
{
	log_free(log);
	log = log_new(LOG_INFO, LOG_TEXT);
	CHECK_INT(truncate(at->path, size), 0);
	CHECK_INT(log_open_file(log, at->path), 0);
	return log;
}

TEST(rotates_at_its_largest)
{
	struct place at;
	struct log *log = begin(&at, LOG_INFO, LOG_TEXT);
	char first[80];
	struct stat st;
	off_t line;

	snprintf(first, sizeof(first), "%s.1", at.path);
	log_at(log, LOG_INFO, "line");
	CHECK_INT(stat(at.path, &st), 0);
	line = st.st_size;
	log = log_of_size(&at, log, LOG_FILE_MAX - line);
	log_at(log, LOG_INFO, "line");
	CHECK_INT(stat(at.path, &st), 0);
	CHECK_INT(st.st_size, LOG_FILE_MAX);
	CHECK(access(first, F_OK) < 0);
	log_at(log, LOG_INFO, "next");
	CHECK(strstr(text_from(&at, at.path, 0), "next\n"));
	CHECK_INT(stat(at.path, &st), 0);
	CHECK_INT(st.st_size, line);
	CHECK_INT(stat(first, &st), 0);
	CHECK_INT(st.st_size, LOG_FILE_MAX);
	end(&at, log);
}

/* path.1 is the newest; those behind the last that is kept are gone. */
TEST(keeps_some)
{
	struct place at;
	struct log *log = begin(&at, LOG_INFO, LOG_TEXT);
	char path[80], want[32];

	for (int i = 0; i < LOG_FILES_KEPT + 3; i++) {
		log = log_of_size(&at, log, LOG_FILE_MAX);
		log_at(log, LOG_INFO, "round %d", i);
	}
	for (int i = 0; i <= LOG_FILES_KEPT; i++) {
		snprintf(path, sizeof(path), i ? "%s.%d" : "%s", at.path, i);
		snprintf(want, sizeof(want), "round %d\n", LOG_FILES_KEPT + 2 - i);
		CHECK(strstr(text_from(&at, path, 0), want));
	}
	snprintf(path, sizeof(path), "%s.%d", at.path, LOG_FILES_KEPT + 1);
	CHECK(access(path, F_OK) < 0);
	end(&at, log);
}

TEST(no_file)
{
	struct place at;
	struct log *log = begin(&at, LOG_INFO, LOG_TEXT);
	char path[96];

	log_free(log);
	log = log_new(LOG_INFO, LOG_TEXT);
	snprintf(path, sizeof(path), "%s/none/log", at.dir);
	CHECK_INT(log_open_file(log, path), -ENOENT);
	log_at(log, LOG_INFO, "goes on");
	log_free(log);
	log = log_new(LOG_INFO, LOG_TEXT);
	CHECK_INT(log_open_file(log, at.dir), -EISDIR);
	log_free(log);
	log = log_new(LOG_INFO, LOG_TEXT);
	snprintf(path, sizeof(path), "%s.1", at.path);
	CHECK_INT(symlink(at.path, path), 0);
	CHECK_INT(log_open_file(log, path), -ELOOP); /* whoever may write there can't choose */
	log_at(log, LOG_INFO, "goes on");
	CHECK_STR(text_from(&at, at.path, 0), "");
	end(&at, log);
}

/* The directory goes away under it: it goes on without the file. */
TEST(rotates_into_nothing)
{
	struct place at;
	struct log *log = begin(&at, LOG_INFO, LOG_TEXT);
	char aside[64];

	log = log_of_size(&at, log, LOG_FILE_MAX);
	snprintf(aside, sizeof(aside), "%s-aside", at.dir);
	CHECK_INT(rename(at.dir, aside), 0);
	log_at(log, LOG_INFO, "lost");
	log_at(log, LOG_INFO, "lost too");
	CHECK_INT(rename(aside, at.dir), 0);
	CHECK_STR(text_from(&at, at.path, LOG_FILE_MAX), "");
	end(&at, log);
}
