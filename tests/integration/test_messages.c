/* What overlayd says to a user who may not do what it does. */
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/integration/daemon.h"

#define NOBODY 65534

/* What it writes to a terminal goes to the descriptor that is returned. */
static int start_as_nobody(pid_t *ret_pid, const char *const *argv)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), slave;

	if (master < 0 || grantpt(master) < 0 || unlockpt(master) < 0)
		SKIP("no terminals here");
	slave = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
	CHECK(slave >= 0);
	*ret_pid = fork();
	CHECK(*ret_pid >= 0);
	if (*ret_pid == 0) {
		const char *b = getenv("B");
		_cleanup_(freep) char *path = NULL;

		if (asprintf(&path, "%s/bin/overlayd", b ? b : "build") < 0 ||
		    dup2(slave, STDERR_FILENO) < 0 || setgroups(0, NULL) < 0 ||
		    setresgid(NOBODY, NOBODY, NOBODY) < 0 || setresuid(NOBODY, NOBODY, NOBODY) < 0)
			_exit(77);
		execv(path, (char *const *)argv);
		_exit(126);
	}
	close(slave);
	return master;
}

/* All that it said, until it ended. */
static void end(int master, pid_t pid, int status, char text[4096])
{
	size_t n = 0;
	ssize_t got;
	int ended = daemon_wait(pid);

	while (n < 4095 && (got = read(master, text + n, 4095 - n)) > 0)
		n += (size_t)got;
	text[n] = '\0';
	close(master);
	if (ended == 77 || ended == 126)
		SKIP("another user can't run it here");
	CHECK_INT(ended, status);
}

#define RUN(text, ...)                                                                             \
	do {                                                                                       \
		pid_t pid_;                                                                        \
		int master_ = start_as_nobody(                                                     \
			&pid_, (const char *const[]){ "overlayd", __VA_ARGS__, NULL });            \
		end(master_, pid_, 1, text);                                                       \
	} while (0)

TEST(a_place_of_another_user_is_named)
{
	char text[4096];

	sandbox_enter();
	CHECK_INT(mkdir("/run/root", 0700), 0);
	CHECK_INT(chmod("/run", 0755), 0);
	RUN(text, "--data-dir", "/run/root");
	CHECK_STR(text, "overlayd: lock in /run/root: Permission denied; start it as root, or "
			"--data-dir says another place\r\n");
	RUN(text, "--data-dir", "/run/none");
	CHECK_STR(text, "overlayd: data dir /run/none: Permission denied; start it as root, or "
			"--data-dir says another place\r\n");
}

/* Every line says who speaks; one says what to do. */
TEST(lines_of_a_user_who_may_not)
{
	char text[4096], *line = text;
	int fd, master;
	pid_t pid;

	sandbox_enter();
	CHECK_INT(mkdir("/run/u", 0700), 0);
	if (chown("/run/u", NOBODY, NOBODY) < 0)
		SKIP("no other user here");
	master = start_as_nobody(&pid,
				 (const char *const[]){ "overlayd", "--data-dir", "/run/u", NULL });
	fd = connect_when_up("/run/u/run/zlayer-overlayd.sock");
	expect(fd, "{\"op\":\"status\"}", "\"status\"");
	close(fd);
	kill(pid, SIGTERM);
	end(master, pid, 0, text);
	CHECK(strstr(text, "only questions are answered; start it as root"));
	for (; *line; line = strchr(line, '\n') + 1) {
		CASE("%s", line);
		CHECK(strncmp(line, "overlayd: ", 10) == 0 && strchr(line, '\n'));
	}
}

TEST(a_second_daemon_is_told_of_the_first)
{
	char text[4096], want[256];
	struct test_daemon d;
	int fd = daemon_begin(&d);

	if (chown(d.dir, NOBODY, NOBODY) < 0)
		SKIP("no other user here");
	CHECK_INT(chmod("/run", 0755), 0);
	snprintf(want, sizeof(want), "%s/overlayd.lock", d.dir);
	CHECK_INT(chown(want, NOBODY, NOBODY), 0);
	RUN(text, "--data-dir", d.dir);
	snprintf(want, sizeof(want),
		 "overlayd: data dir %s is another overlayd's (pid %d); end that one, or "
		 "--data-dir says another place\r\n",
		 d.dir, (int)d.pid);
	CHECK_STR(text, want);
	daemon_end(&d, fd);
}
