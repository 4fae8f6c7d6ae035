#include <stdio.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/vm_sockets.h>

#include "tests/integration/daemon.h"

#define GUESTS     "/run/guests"
#define VSOCK_PORT 109

/* A guest that says this and goes. */
static void say(const char *text)
{
	int fd = connect_when_up(GUESTS);

	send_bytes(fd, text, strlen(text));
	close(fd);
}

static struct ovd_view file_in(const struct test_daemon *d, const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/logs/%s", d->dir, name);
	return check_file(path);
}

TEST(a_guests_log_is_where_the_log_is)
{
	struct test_daemon d;
	struct ovd_view log;

	sandbox_enter();
	daemon_start(&d, "--log-forward", "unix:" GUESTS, NULL);
	say("boot\n{\"level\":\"error\",\"msg\":\"a\"}\n\x1b[2Jlast words");
	daemon_stop(&d); /* right behind: nothing is lost */
	CHECK_VIEW(file_in(&d, "gcs-forward.log"),
		   "boot\n{\"level\":\"error\",\"msg\":\"a\"}\n\x1b[2Jlast words");
	CHECK(access(GUESTS, F_OK) < 0);
	log = file_in(&d, "overlayd.log");
	CHECK(memmem(log.p, log.n, "guest unix:", 11));
	CHECK(memmem(log.p, log.n, "its log comes", 13));
	CHECK(memmem(log.p, log.n, "its log ended after 3 records", 29));
	CHECK(!memchr(log.p, '\x1b', log.n));
}

TEST(lines_of_json_in_a_directory_of_their_own)
{
	struct test_daemon d;
	char want[128];

	sandbox_enter();
	daemon_start(&d, "--log-forward", "unix:" GUESTS, "--log-forward-dir", "/run/elsewhere",
		     "--log-forward-format", "json", NULL);
	say("boot\n");
	daemon_stop(&d);
	snprintf(want, sizeof(want),
		 "{\"guest\":\"unix:%d\",\"level\":\"info\",\"message\":\"boot\"}\n",
		 (int)getpid());
	CHECK_VIEW(check_file("/run/elsewhere/gcs-forward.jsonl"), want);
}

TEST(nobody_listens_unasked)
{
	struct test_daemon d;
	int before;

	sandbox_enter();
	daemon_start(&d, NULL);
	CHECK(access(GUESTS, F_OK) < 0);
	before = daemon_descriptors(&d);
	daemon_stop(&d);
	daemon_start(&d, "--log-forward", "unix:" GUESTS, NULL);
	CHECK(daemon_descriptors(&d) > before);
	daemon_stop(&d);
}

TEST(what_can_not_be_listened_at_is_told)
{
	static const char *const argv[] = { "overlayd",      "--data-dir",    "/run/d",
					    "--log-forward", "unix:/proc/no", NULL };

	sandbox_enter();
	CHECK_INT(daemon_wait(daemon_spawn(argv)), 1);
}

/* Several daemons' worth of guests, of which one stays and says nothing, and a stop in between. */
TEST(guests_that_stay_do_not_hold_a_stop)
{
	struct test_daemon d;
	int fds[20], before;

	sandbox_enter();
	daemon_start(&d, "--log-forward", "unix:" GUESTS, NULL);
	before = daemon_descriptors(&d);
	for (int round = 0; round < 3; round++) {
		char byte;

		for (int i = 0; i < 20; i++) /* more than there may be */
			fds[i] = connect_when_up(GUESTS);
		send_bytes(fds[0], "x\n", 2);
		for (int i = 16; i < 20; i++)
			CHECK_INT(recv(fds[i], &byte, 1, 0), 0);
		for (int i = 0; i < 20; i++)
			close(fds[i]);
		while (daemon_descriptors(&d) > before + 1) /* the file is one */
			usleep(5000);
	}
	for (int i = 0; i < 3; i++)
		fds[i] = connect_when_up(GUESTS);
	daemon_stop(&d);
	for (int i = 0; i < 3; i++)
		close(fds[i]);
	CHECK_VIEW(file_in(&d, "gcs-forward.log"), "x\nx\nx\n");
}

TEST(a_full_disk_is_no_reason_to_stop)
{
	static char line[10000];
	struct test_daemon d;
	struct ovd_view log;
	int fd;

	sandbox_enter();
	memset(line, 'x', sizeof(line));
	line[sizeof(line) - 1] = '\n';
	CHECK_INT(mkdir("/run/small", 0755), 0);
	CHECK_INT(mount("none", "/run/small", "tmpfs", 0, "size=64k"), 0);
	daemon_start(&d, "--log-forward", "unix:" GUESTS, "--log-forward-dir", "/run/small", NULL);
	fd = connect_when_up(GUESTS);
	for (int i = 0; i < 20; i++)
		send_bytes(fd, line, sizeof(line));
	close(fd);
	fd = daemon_connect(&d);
	expect(fd, "{\"op\":\"status\"}", "\"public_key\"");
	close(fd);
	daemon_stop(&d);
	log = check_file("/run/small/gcs-forward.log");
	CHECK(log.n > 0 && log.n % sizeof(line) == 0); /* whole records */
	log = file_in(&d, "overlayd.log");
	CHECK(memmem(log.p, log.n, "No space left", 13));
	CHECK(memmem(log.p, log.n, "records were lost", 17));
}

/* ---- the kernel's own way between machines ---- */

/* A guest that is this machine itself: vsock(7), local communication. */
static int connect_vsock(void)
{
	const struct sockaddr_vm address = { .svm_family = AF_VSOCK,
					     .svm_cid = VMADDR_CID_LOCAL,
					     .svm_port = VSOCK_PORT };
	int fd = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0);

	CHECK(fd >= 0);
	return connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ? close(fd),
	       -1                                                                  : fd;
}

static void needs_vsock_loopback(void)
{
	const struct sockaddr_vm address = { .svm_family = AF_VSOCK,
					     .svm_cid = VMADDR_CID_LOCAL,
					     .svm_port = VMADDR_PORT_ANY };
	int fd = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		SKIP("no vsock here: %s", strerror(errno));
	if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		SKIP("no vsock loopback here: %s", strerror(errno));
	close(fd);
}

TEST(over_vsock)
{
	static char line[2000];
	struct test_daemon d;
	struct ovd_view log;
	int fds[4];

	needs_vsock_loopback();
	sandbox_enter();
	memset(line, 'x', sizeof(line));
	line[sizeof(line) - 1] = '\n';
	daemon_start(&d, "--log-forward", "vsock:109", NULL);
	for (int i = 0; i < 4; i++) {
		fds[i] = connect_vsock();
		CHECK(fds[i] >= 0);
	}
	for (int round = 0; round < 100; round++)
		for (int i = 0; i < 4; i++)
			send_bytes(fds[i], line, sizeof(line));
	for (int i = 0; i < 3; i++) /* one stays */
		close(fds[i]);
	daemon_stop(&d);
	close(fds[3]);
	CHECK(connect_vsock() < 0);
	log = file_in(&d, "gcs-forward.log");
	CHECK_INT(log.n, 400 * sizeof(line));
	for (size_t i = 0; i < log.n; i += sizeof(line))
		CHECK_BYTES(log.p + i, line, sizeof(line));
	log = file_in(&d, "overlayd.log");
	CHECK(memmem(log.p, log.n, "guest vsock:1: its log comes", 28));
	CHECK(memmem(log.p, log.n, "guest vsock:1: its log ended after 100 records", 46));
}
