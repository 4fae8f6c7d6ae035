#include "server/removal.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "tests/check.h"

static char root[] = "/tmp/removal-XXXXXX";

static void sh(const char *script)
{
	char text[1024];
	pid_t pid = fork();
	int status;

	CHECK(pid >= 0);
	if (pid == 0) {
		CHECK_INT(chdir(root), 0);
		execl("/bin/sh", "sh", "-ec", script, (char *)NULL);
		_exit(127);
	}
	waitpid(pid, &status, 0);
	snprintf(text, sizeof(text), "%s", script);
	CASE("%s", text);
	CHECK_INT(status, 0);
}

static struct removal begin(bool purge, char paths[4][64])
{
	static const char *const names[] = { "data", "run", "log", "wg" };

	CHECK(mkdtemp(root));
	for (size_t i = 0; i < 4; i++)
		snprintf(paths[i], 64, "%s/%s", root, names[i]);
	sh("mkdir -p data/store data/store.damaged data/store.damaged-2 data/store.copy run/store "
	   "run/store.damaged data/store.copy.damaged log wg;"
	   "touch data/store/data.mdb data/store/lock.mdb data/store.damaged/data.mdb "
	   "data/store.copy/data.mdb data/store.copy.damaged/data.mdb run/store/data.mdb;"
	   "touch data/node.key data/overlayd.lock log/overlayd.log log/overlayd.log.1 "
	   "log/gcs-forward.jsonl");
	return (struct removal){
		.data_dir = paths[0],
		.run_dir = paths[1],
		.log_dir = paths[2],
		.control_dir = paths[3],
		.purge = purge,
	};
}

TEST(the_key_and_the_log_stay)
{
	_cleanup_(buf_done) struct buf left = { .p = NULL };
	char paths[4][64];
	struct removal removal = begin(false, paths);

	removal_run(&removal, &left);
	CHECK_INT(left.n, 0);
	removal_end(&removal);
	sh("[ \"$(find . -type f | sort | tr '\\n' ' ')\" = './data/node.key "
	   "./log/gcs-forward.jsonl ./log/overlayd.log "
	   "./log/overlayd.log.1 ' ];"
	   "[ ! -e run ]; [ ! -e wg ]; rm -r ../$(basename $PWD)");
}

TEST(a_purge_leaves_nothing)
{
	_cleanup_(buf_done) struct buf left = { .p = NULL };
	char paths[4][64];
	struct removal removal = begin(true, paths);

	removal_run(&removal, &left);
	CHECK_INT(left.n, 0);
	removal_end(&removal);
	sh("[ -z \"$(ls)\" ]; rmdir ../$(basename $PWD)");
}

/* The data dir may be another program's too. */
TEST(what_is_not_ours_stays)
{
	_cleanup_(buf_done) struct buf left = { .p = NULL };
	char paths[4][64];
	struct removal removal = begin(true, paths);

	sh("touch data/other run/other.sock log/other.log wg/wg0.sock; mkdir data/stores; touch "
	   "data/stores/x");
	removal_run(&removal, &left);
	CHECK_INT(left.n, 0);
	removal_end(&removal);
	sh("[ \"$(find . -type f | sort | tr '\\n' ' ')\" = './data/other ./data/stores/x "
	   "./log/other.log ./run/other.sock ./wg/wg0.sock ' ];"
	   "rm -r ../$(basename $PWD)");
}

TEST(what_cannot_be_removed_is_named_and_the_rest_goes)
{
	_cleanup_(buf_done) struct buf left = { .p = NULL };
	char paths[4][64], want[256];
	struct removal removal = begin(true, paths);

	sh("mkdir -p data/store/strange run/store.damaged/strange/thing");
	removal_run(&removal, &left);
	removal_end(&removal);
	snprintf(want, sizeof(want), "%s/store: Is a directory; %s/store.damaged: Is a directory",
		 paths[0], paths[1]);
	CHECK_INT(left.n, strlen(want));
	CHECK_INT(memcmp(left.p, want, left.n), 0);
	sh("[ ! -e data/node.key ]; [ ! -e log ]; rm -r ../$(basename $PWD)");
}

TEST(nothing_there)
{
	_cleanup_(buf_done) struct buf left = { .p = NULL };
	const struct removal removal = { .data_dir = "/nonexistent",
					 .run_dir = "/nonexistent",
					 .log_dir = "/nonexistent",
					 .control_dir = "/nonexistent",
					 .purge = true };

	removal_run(&removal, &left);
	CHECK_INT(left.n, 0);
	removal_end(&removal);
}
