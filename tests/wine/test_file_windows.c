/* Files, as the log and the key use them. */
#include "runtime/file.h"

#include <stdio.h>
#include <windows.h>

#include "runtime/log.h"
#include "runtime/wide.h"
#include "server/store/key_file.h"
#include "tests/check.h"

/* In a folder whose name only UTF-8 can say. */
struct place {
	wchar_t wide[128];
	char dir[256], path[300];
};

static void begin(struct place *at)
{
	wchar_t temp[64];
	char *dir;

	CHECK(GetTempPathW(ARRAY_SIZE(temp), temp) > 0);
	_snwprintf(at->wide, ARRAY_SIZE(at->wide), L"%lsfile-\x6f22-%lu", temp,
		   GetCurrentProcessId());
	CHECK(CreateDirectoryW(at->wide, NULL));
	dir = wide_to_text(at->wide);
	CHECK(dir && strlen(dir) < sizeof(at->dir));
	snprintf(at->dir, sizeof(at->dir), "%s", dir);
	snprintf(at->path, sizeof(at->path), "%s\\log", dir);
	free(dir);
}

static void end(const struct place *at)
{
	CHECK(RemoveDirectoryW(at->wide)); /* and it is empty */
}

static void remove_file(const char *path)
{
	wchar_t *wide = wide_of(path);

	CHECK(DeleteFileW(wide));
	free(wide);
}

TEST(appends)
{
	struct place at;
	int fd;

	begin(&at);
	for (int i = 0; i < 2; i++) {
		fd = file_append(at.path);
		CHECK(fd >= 0);
		CHECK_INT(lseek(fd, 0, SEEK_END), i * 2);
		CHECK_INT(write(fd, "a\n", 2), 2);
		close(fd);
	}
	CHECK_INT(file_append(at.dir), -EACCES);
	CHECK_INT(file_append("\xff"), -EINVAL);
	CHECK(file_append("Z:\\nowhere\\at\\all") == -ENOENT);
	remove_file(at.path);
	end(&at);
}

TEST(renames_over_what_is_there)
{
	char other[320];
	struct place at;
	int fd;

	begin(&at);
	snprintf(other, sizeof(other), "%s.1", at.path);
	CHECK_INT(file_rename(at.path, other), -ENOENT);
	for (int i = 0; i < 2; i++) {
		fd = file_append(at.path);
		close(fd);
		CHECK_INT(file_rename(at.path, other), 0);
	}
	remove_file(other);
	end(&at);
}

/* While somebody reads the file. */
TEST(the_log_rotates)
{
	struct log *log = log_new(LOG_INFO, LOG_TEXT);
	static char line[2000];
	char rotated[320];
	struct place at;
	HANDLE reader;
	wchar_t *wide;

	begin(&at);
	snprintf(rotated, sizeof(rotated), "%s.1", at.path);
	memset(line, 'x', sizeof(line) - 1);
	CHECK(freopen("NUL", "w", stderr));
	CHECK_INT(log_open_file(log, at.path), 0);
	wide = wide_of(at.path);
	reader = CreateFileW(wide, GENERIC_READ,
			     FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
			     OPEN_EXISTING, 0, NULL);
	CHECK(reader != INVALID_HANDLE_VALUE);
	free(wide);
	for (int i = 0; i < LOG_FILE_MAX / 2000; i++)
		log_at(log, LOG_INFO, "%s", line);
	log_at(log, LOG_INFO, "the first of the next");
	log_free(log);
	CloseHandle(reader);
	remove_file(rotated);
	remove_file(at.path);
	end(&at);
}

TEST(key_files)
{
	char text[64] = "";
	struct place at;
	char key[320];
	size_t n = 99;

	begin(&at);
	CHECK_INT(key_file_read(at.dir, text, sizeof(text), &n), -ENOENT);
	CHECK_INT(n, 99);
	CHECK_INT(key_file_write(at.dir, "one\n", 4), 0);
	CHECK_INT(key_file_write(at.dir, "second\n", 7), 0);
	CHECK_INT(key_file_read(at.dir, text, sizeof(text), &n), 0);
	CHECK_INT(n, 7);
	CHECK_STR(text, "second\n");
	snprintf(key, sizeof(key), "%s\\node.key", at.dir);
	remove_file(key);
	end(&at);
}
