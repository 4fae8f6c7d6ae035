#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/integration/daemon.h"

#define MIB (1024L * 1024)

/* A data dir whose log dir is there already. */
static void make_dirs(void)
{
	CHECK_INT(mkdir("/run/l", 0700), 0);
	CHECK_INT(mkdir("/run/l/logs", 0755), 0);
}

static pid_t start(const char *level)
{
	pid_t pid = daemon_spawn((const char *const[]){ "overlayd", "--data-dir", "/run/l",
							"--log-level", level, NULL });

	close(connect_when_up("/run/l/run/zlayer-overlayd.sock"));
	return pid;
}

/* Each of these is a line in the log, and an answer. */
static void log_lines(unsigned n)
{
	int fd = connect_when_up("/run/l/run/zlayer-overlayd.sock");

	for (unsigned i = 0; i < n; i++)
		expect(fd,
		       "{\"op\":\"set_local_wg_pubkey\",\"pubkey\":"
		       "\"AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\"}",
		       "\"ok\"");
	close(fd);
}

static void end(pid_t pid)
{
	kill(pid, SIGTERM);
	CHECK_INT(daemon_wait(pid), 0);
}

static long size_of(const char *path)
{
	struct stat st;

	return stat(path, &st) < 0 ? -1 : (long)st.st_size;
}

/* A file of so many bytes, without their weight on the disk. */
static void put_file(const char *path, long size)
{
	_cleanup_(fd_closep) int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0640);

	CHECK(fd >= 0);
	CHECK_INT(ftruncate(fd, size), 0);
}

TEST(a_full_file_makes_room_for_the_next)
{
	char path[64];
	pid_t pid;

	sandbox_enter();
	make_dirs();
	put_file("/run/l/logs/overlayd.log", 10 * MIB - 10);
	for (int i = 1; i <= 5; i++) {
		snprintf(path, sizeof(path), "/run/l/logs/overlayd.log.%d", i);
		put_file(path, i);
	}
	pid = start("info");
	log_lines(1);
	end(pid);
	CHECK_INT(size_of("/run/l/logs/overlayd.log.1"), 10 * MIB - 10);
	for (int i = 2; i <= 5; i++) { /* the oldest has gone */
		snprintf(path, sizeof(path), "/run/l/logs/overlayd.log.%d", i);
		CHECK_INT(size_of(path), i - 1);
	}
	CHECK(size_of("/run/l/logs/overlayd.log.6") < 0);
	CHECK(strstr(check_file("/run/l/logs/overlayd.log").p, "the cluster knows this node"));
}

TEST(a_level_says_what_is_written)
{
	pid_t pid;

	sandbox_enter();
	make_dirs();
	pid = start("error");
	log_lines(1);
	end(pid);
	CHECK_INT(size_of("/run/l/logs/overlayd.log"), 0);
	end(start("info"));
	CHECK(strstr(check_file("/run/l/logs/overlayd.log").p,
		     "stopped: tunnel, rules and changed settings are taken back\n"));
}

TEST(a_full_disk_is_no_reason_to_stop)
{
	pid_t pid;

	sandbox_enter();
	make_dirs();
	CHECK_INT(mount("none", "/run/l/logs", "tmpfs", 0, "size=16k"), 0);
	pid = start("info");
	log_lines(500); /* some 60 KiB */
	CHECK(size_of("/run/l/logs/overlayd.log") <= 16 * 1024);
	log_lines(1);
	end(pid);
	CHECK_INT(umount("/run/l/logs"), 0); /* nobody holds it */
}

TEST(a_log_directory_that_is_none)
{
	pid_t pid;

	sandbox_enter();
	CHECK_INT(mkdir("/run/l", 0700), 0);
	put_file("/run/l/logs", 0);
	pid = start("info");
	log_lines(1);
	end(pid);
	CHECK_INT(size_of("/run/l/logs"), 0);
}

/* Its name is another file's by now: what is there is not written through. */
TEST(a_log_file_that_is_a_link)
{
	pid_t pid;

	sandbox_enter();
	make_dirs();
	put_file("/run/l/other", 0);
	CHECK_INT(symlink("/run/l/other", "/run/l/logs/overlayd.log"), 0);
	pid = start("info");
	log_lines(1);
	end(pid);
	CHECK_INT(size_of("/run/l/other"), 0);
}
