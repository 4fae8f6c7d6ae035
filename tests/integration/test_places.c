/* Where it puts what: data dir, socket, key; and whose they are. */
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "runtime/stream_unix.h"
#include "tests/integration/daemon.h"

#define STATUS   "{\"op\":\"status\"}"
#define SHUTDOWN "{\"op\":\"shutdown\"}"

TEST(one_daemon_per_data_dir)
{
	struct test_daemon d;
	int fd;

	sandbox_enter();
	daemon_start(&d, NULL);
	CHECK_INT(daemon_wait(daemon_spawn((const char *const[]){
			  "overlayd", "--data-dir", d.dir, "--socket", "/run/other.sock", NULL })),
		  1);
	CHECK(access("/run/other.sock", F_OK) < 0);
	fd = daemon_connect(&d);
	expect(fd, STATUS, "\"status\"");
	daemon_end(&d, fd);
}

TEST(a_live_socket_is_not_stolen)
{
	struct test_daemon d;
	int fd;

	sandbox_enter();
	daemon_start(&d, NULL);
	CHECK_INT(mkdir("/run/second", 0700), 0);
	CHECK_INT(daemon_wait(daemon_spawn((const char *const[]){
			  "overlayd", "--data-dir", "/run/second", "--socket", d.socket, NULL })),
		  1);
	fd = daemon_connect(&d);
	expect(fd, STATUS, "\"status\"");
	daemon_end(&d, fd);
}

/* Starts it again in the same data dir. */
static int start_again(struct test_daemon *d)
{
	d->pid = daemon_spawn((const char *const[]){ "overlayd", "--data-dir", d->dir, NULL });
	return connect_when_up(d->socket);
}

TEST(a_stale_socket_is_replaced)
{
	struct test_daemon d;

	sandbox_enter();
	daemon_start(&d, NULL);
	kill(d.pid, SIGKILL);
	CHECK_INT(daemon_wait(d.pid), -SIGKILL);
	CHECK_INT(access(d.socket, F_OK), 0);
	close(start_again(&d));
	daemon_stop(&d);
}

TEST(a_foreign_file_at_the_socket_path_stays)
{
	_cleanup_(fd_closep) int fd = -1;

	sandbox_enter();
	fd = open("/run/file", O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	CHECK_INT(daemon_wait(daemon_spawn((const char *const[]){
			  "overlayd", "--data-dir", "/run/x", "--socket", "/run/file", NULL })),
		  1);
	CHECK_INT(access("/run/file", F_OK), 0);
}

TEST(modes_of_what_it_makes)
{
	struct test_daemon d;
	char path[256];
	struct stat st;

	sandbox_enter();
	daemon_start(&d, NULL);
	CHECK_INT(stat(d.socket, &st), 0);
	CHECK_INT(st.st_mode & 0777, 0660);
	snprintf(path, sizeof(path), "%s/node.key", d.dir);
	CHECK_INT(stat(path, &st), 0);
	CHECK_INT(st.st_mode & 0777, 0600);
	CHECK_INT(st.st_size, 45);
	CHECK_INT(stat("/run/wireguard", &st), 0);
	CHECK_INT(st.st_mode & 0777, 0700);
	snprintf(path, sizeof(path), "%s/logs/overlayd.log", d.dir);
	CHECK_INT(stat(path, &st), 0);
	daemon_stop(&d);
}

/* Connects as user 4000 of group 4242 and no other. */
static int connect_as_other(const char *socket)
{
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (pid == 0) {
		if (setgroups(0, NULL) < 0 || setgid(4242) < 0 || setuid(4000) < 0)
			_exit(EPERM);
		_exit(-MIN(stream_connect(socket), 0));
	}
	return daemon_wait(pid);
}

TEST(the_group_reaches_the_socket_in_a_data_dir_of_ones_own)
{
	static const char group[] = "root:x:0:\nzlayer:x:4242:\n";
	static const char socket[] = "/run/own/node/run/zlayer-overlayd.sock";
	_cleanup_(fd_closep) int fd = -1;
	pid_t pid;
	int r;

	sandbox_enter();
	CHECK_INT(chmod("/run", 0755), 0);
	fd = open("/run/group", O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
	CHECK_INT(write(fd, group, sizeof(group) - 1), sizeof(group) - 1);
	CHECK_INT(mount("/run/group", "/etc/group", NULL, MS_BIND, NULL), 0);
	umask(022);
	pid = daemon_spawn(
		(const char *const[]){ "overlayd", "--data-dir", "/run/own/node", NULL });
	close(connect_when_up(socket));
	r = connect_as_other(socket);
	kill(pid, SIGTERM);
	CHECK_INT(daemon_wait(pid), 0);
	if (r == EPERM)
		SKIP("no other users here ");
	CHECK_INT(r, 0);
}

TEST(the_key_outlives_the_daemon)
{
	struct test_daemon d;
	_cleanup_(freep) char *before = NULL, *after = NULL;
	int fd;

	fd = daemon_begin(&d);
	before = ask(fd, 1, STATUS);
	daemon_end(&d, fd);
	fd = start_again(&d);
	after = ask(fd, 1, STATUS);
	CHECK_STR(after, before);
	daemon_end(&d, fd);
}

TEST(a_broken_key_is_not_overwritten)
{
	_cleanup_(fd_closep) int fd = -1;
	char text[16] = "";

	sandbox_enter();
	CHECK_INT(mkdir("/run/k", 0700), 0);
	fd = open("/run/k/node.key", O_CREAT | O_RDWR | O_CLOEXEC, 0644);
	CHECK_INT(write(fd, "rubbish", 7), 7);
	CHECK_INT(daemon_wait(daemon_spawn(
			  (const char *const[]){ "overlayd", "--data-dir", "/run/k", NULL })),
		  1);
	CHECK_INT(pread(fd, text, sizeof(text) - 1, 0), 7);
	CHECK_STR(text, "rubbish");
}

TEST(a_long_data_dir_gets_a_short_socket)
{
	char dir[160] = "/run/";
	pid_t pid;

	sandbox_enter();
	memset(dir + 5, 'x', 120);
	pid = daemon_spawn((const char *const[]){ "overlayd", "--data-dir", dir, NULL });
	close(connect_when_up("/tmp/zlayer-overlayd-e8243efa184749b4.sock"));
	kill(pid, SIGTERM);
	CHECK_INT(daemon_wait(pid), 0);
}

/* Starts it with nothing but the environment, and waits until it listens there. */
static pid_t start_by_environment(const char *socket)
{
	pid_t pid = daemon_spawn((const char *const[]){ "overlayd", NULL });

	close(connect_when_up(socket));
	return pid;
}

static void end(pid_t pid)
{
	kill(pid, SIGTERM);
	CHECK_INT(daemon_wait(pid), 0);
}

TEST(the_environment_names_the_data_dir)
{
	sandbox_enter();
	setenv("ZLAYER_DATA_DIR", "/run/by-env", 1);
	end(start_by_environment("/run/by-env/run/zlayer-overlayd.sock"));
	CHECK_INT(access("/run/by-env/node.key", F_OK), 0);
	CHECK_INT(access("/run/by-env/logs/overlayd.log", F_OK), 0);
	CHECK(access("/run/by-env/run/zlayer-overlayd.sock", F_OK) < 0);
}

TEST(the_paths_of_nothing_said)
{
	pid_t pid;

	sandbox_enter();
	CHECK_INT(mount("none", "/var/lib", "tmpfs", 0, NULL), 0);
	CHECK_INT(mount("none", "/var/log", "tmpfs", 0, NULL), 0);
	setenv("ZLAYER_DATA_DIR", "", 1); /* empty is not said */
	pid = start_by_environment("/var/run/zlayer-overlayd.sock");
	CHECK_INT(access("/var/lib/zlayer/node.key", F_OK), 0);
	CHECK_INT(access("/var/log/zlayer/overlayd.log", F_OK), 0);
	end(pid);
	setenv("ZLAYER_DATA_DIR", "/var/lib/zlayer", 1); /* the default, said */
	end(start_by_environment("/var/run/zlayer-overlayd.sock"));
}

TEST(the_command_line_goes_before_the_environment)
{
	struct test_daemon d;

	sandbox_enter();
	setenv("ZLAYER_DATA_DIR", "/run/by-env", 1);
	daemon_start(&d, NULL);
	CHECK(access("/run/by-env", F_OK) < 0);
	daemon_stop(&d);
}
