#include "server/linux/control_dir.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/stream_unix.h"
#include "tests/check.h"

static void path_in(char path[128], const char *dir, const char *name)
{
	snprintf(path, 128, "%s/%s", dir, name);
}

TEST(makes_sweeps_and_leaves)
{
	char top[] = "/tmp/control-XXXXXX", dir[64], live[128], dead[128], foreign[128], file[128];
	_cleanup_(fd_closep) int listening = -1, gone = -1, other = -1, plain = -1;
	struct stat st;

	CHECK(mkdtemp(top));
	snprintf(dir, sizeof(dir), "%s/a/b", top);
	CHECK_INT(control_dir_prepare(dir, false, NULL), 0);
	CHECK_INT(stat(dir, &st), 0);
	CHECK_INT(st.st_mode & 0777, 0700);

	path_in(live, dir, "zl-live.sock");
	path_in(dead, dir, "zl-dead.sock");
	path_in(foreign, dir, "wg0.sock");
	path_in(file, dir, "zl-file.sock");
	listening = stream_listen(live, 0600, (gid_t)-1);
	gone = stream_listen(dead, 0600, (gid_t)-1);
	other = stream_listen(foreign, 0600, (gid_t)-1);
	fd_closep(&gone);
	fd_closep(&other);
	plain = open(file, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	CHECK_INT(control_dir_prepare(dir, false, NULL), 0);
	CHECK_INT(access(live, F_OK), 0);
	CHECK(access(dead, F_OK) < 0);
	CHECK_INT(access(foreign, F_OK), 0); /* nobody listens there either, but it isn't ours */
	CHECK_INT(access(file, F_OK), 0);
	unlink(live);
	unlink(foreign);
	unlink(file);
	CHECK_INT(rmdir(dir), 0);
	snprintf(dir, sizeof(dir), "%s/a", top);
	CHECK_INT(rmdir(dir), 0);
	CHECK_INT(rmdir(top), 0);
}

TEST(another_users_directory_is_moved_aside)
{
	char top[] = "/tmp/control-XXXXXX", dir[64], aside[128];
	struct stat st;

	if (geteuid() != 0)
		SKIP("only root can make a directory another user's");
	CHECK(mkdtemp(top));
	snprintf(dir, sizeof(dir), "%s/wireguard", top);
	CHECK_INT(mkdir(dir, 0755), 0);
	CHECK_INT(chown(dir, 65534, 65534), 0);
	CHECK_INT(control_dir_prepare(dir, true, NULL), 0); /* rootless: never moved */
	CHECK_INT(stat(dir, &st), 0);
	CHECK_INT(st.st_uid, 65534);
	CHECK_INT(control_dir_prepare(dir, false, NULL), 0);
	CHECK_INT(stat(dir, &st), 0);
	CHECK_INT(st.st_uid, 0);
	snprintf(aside, sizeof(aside), "%s/.wireguard.stale-%d-0", top, (int)getpid());
	CHECK_INT(stat(aside, &st), 0);
	CHECK_INT(st.st_uid, 65534);
	CHECK_INT(rmdir(aside), 0);
	CHECK_INT(rmdir(dir), 0);
	CHECK_INT(rmdir(top), 0);
}
