#include "server/memory.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "tests/check.h"

static void put_garbage(const char *path)
{
	_cleanup_(fd_closep) int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	char garbage[8192];

	memset(garbage, 'x', sizeof(garbage));
	CHECK_INT(write(fd, garbage, sizeof(garbage)), sizeof(garbage));
}

TEST(what_is_damaged_is_told_until_it_is_made_good)
{
	char root[] = "/tmp/memory-XXXXXX", run[64], path[96];
	struct log *log = log_new(LOG_ERROR, LOG_TEXT);
	struct store *store;
	const char *failed;

	CHECK(mkdtemp(root));
	snprintf(run, sizeof(run), "%s/run", root);
	CHECK_INT(memory_open(root, run, log, &failed, &store), 0);
	CHECK_INT(store_made_good(store), 0);
	CHECK(!store_loss(store).data);
	store_close(store);
	snprintf(path, sizeof(path), "%s/store/data.mdb", root);
	put_garbage(path);
	CHECK_INT(memory_open(root, run, log, &failed, &store), 0);
	CHECK(store_loss(store).data);
	store_close(store);
	CHECK_INT(memory_open(root, run, log, &failed, &store), 0);
	CHECK(store_loss(store).data);
	CHECK_INT(store_made_good(store), 0);
	CHECK(!store_loss(store).data);
	store_close(store);
	log_free(log);
	snprintf(path, sizeof(path), "%s/store.damaged/data.mdb", root);
	CHECK_INT(access(path, F_OK), 0);
	check_remove(root);
}

TEST(the_directory_that_fails_is_told)
{
	struct log *log = log_new(LOG_ERROR, LOG_TEXT);
	struct store *store;
	const char *failed = NULL;

	CHECK_INT(memory_open("/proc", "/tmp", log, &failed, &store), -ENOENT);
	CHECK_STR(failed, "/proc");
	CHECK_INT(memory_open("/tmp", "/proc/run", log, &failed, &store), -ENOENT);
	CHECK_STR(failed, "/proc/run");
	log_free(log);
}
