#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "server/guest/sink.h"
#include "tests/check.h"

TEST(a_file_of_the_system)
{
	char dir[] = "/tmp/sink-XXXXXX", path[64], old[80];
	struct sink_options options = { .path = path,
					.max_bytes = 4,
					.keep = 1,
					.queue_bytes = 1000,
					.patience_ms = 1000,
					.files = &sink_files_native };
	struct sink *sink;
	uint64_t lost;
	struct stat st;

	CHECK(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/log", dir);
	snprintf(old, sizeof(old), "%s.1", path);
	CHECK_INT(sink_open(&options, &sink), 0);
	CHECK_INT(sink_put(sink, 1, view("one\n"), false), 0);
	CHECK_INT(sink_put(sink, 1, view("two\n"), false), 0);
	CHECK_INT(sink_put(sink, 1, view("tri\n"), false), 0);
	CHECK_INT(sink_close(sink, -1, &lost), 0);
	CHECK_U64(lost, 0);
	CHECK_VIEW(check_file(path), "tri\n");
	CHECK_VIEW(check_file(old), "two\n");
	CHECK_INT(stat(path, &st), 0);
	CHECK_INT(st.st_mode & 07137, 0);
	unlink(old);

	/* not through a link, and not into what is no file */
	unlink(path);
	CHECK_INT(symlink("other", path), 0);
	CHECK_INT(sink_open(&options, &sink), 0);
	CHECK_INT(sink_put(sink, 1, view("one\n"), false), 0);
	CHECK_INT(sink_close(sink, -1, &lost), 0);
	CHECK_U64(lost, 1);
	unlink(path);
	CHECK_INT(mkfifo(path, 0600), 0);
	CHECK_INT(sink_open(&options, &sink), 0);
	CHECK_INT(sink_put(sink, 1, view("one\n"), false), 0);
	CHECK_INT(sink_close(sink, -1, &lost), 0);
	CHECK_U64(lost, 1);
	unlink(path);
	CHECK_INT(rmdir(dir), 0);
}
