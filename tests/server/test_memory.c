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

TEST(what_is_damaged_is_told)
{
	static const char *const left[] = { "store/data.mdb",
					    "store/lock.mdb",
					    "store",
					    "store.damaged/data.mdb",
					    "store.damaged/lock.mdb",
					    "store.damaged",
					    "run/store/data.mdb",
					    "run/store/lock.mdb",
					    "run/store",
					    "run",
					    "" };
	char root[] = "/tmp/memory-XXXXXX", run[64], path[96];
	struct log *log = log_new(LOG_ERROR, LOG_TEXT);
	struct store *store;
	bool complete = false;

	CHECK(mkdtemp(root));
	snprintf(run, sizeof(run), "%s/run", root);
	CHECK_INT(memory_open(root, run, log, &store, &complete), 0);
	CHECK(complete);
	store_close(store);
	snprintf(path, sizeof(path), "%s/store/data.mdb", root);
	put_garbage(path);
	CHECK_INT(memory_open(root, run, log, &store, &complete), 0);
	CHECK(!complete);
	store_close(store);
	CHECK_INT(memory_open(root, run, log, &store, &complete), 0);
	CHECK(complete);
	store_close(store);
	log_free(log);
	for (size_t i = 0; i < ARRAY_SIZE(left); i++) {
		snprintf(path, sizeof(path), "%s/%s", root, left[i]);
		CHECK_INT(remove(path), 0);
	}
}
