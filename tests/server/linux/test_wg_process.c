#include "server/linux/wg_process.h"

#include <fcntl.h>
#include <stdio.h>

#include "runtime/log.h"
#include "tests/server/linux/host.h"

#define LINK "zl-test-g"
#define TOOL "/run/bin/wireguard-go"

/* A wireguard-go of the test's own comes first, and no other one. */
static void put_program(const char *script)
{
	run("mkdir -p /run/bin /run/wireguard; printf '%%s\\n' '#!/bin/sh' '%s' >" TOOL
	    "; chmod 755 " TOOL,
	    script);
	CHECK_INT(setenv("PATH", "/run/bin:/bin", 1), 0);
}

static struct wg wg_of(struct log *log)
{
	return (struct wg){ .control_dir = "/run/wireguard", .log = log };
}

TEST(no_such_program)
{
	struct wg wg = wg_of(NULL);

	host_enter();
	CHECK_INT(setenv("PATH", "/run/nowhere", 1), 0);
	CHECK_INT(wg_process_start(&wg, LINK), -EOPNOTSUPP);
	CHECK(!wg.processes);
}

TEST(a_program_that_may_not_be_run)
{
	struct wg wg = wg_of(NULL);

	host_enter();
	put_program("exit 0");
	run("chmod 644 " TOOL);
	CHECK_INT(setenv("PATH", "/run/bin", 1), 0);
	CHECK_INT(wg_process_start(&wg, LINK), -EACCES);
}

TEST(a_program_that_ends_at_once_is_quoted)
{
	struct log *log = log_new(LOG_ERROR, LOG_TEXT);
	struct wg wg = wg_of(log);
	_cleanup_(freep) char *said = NULL;

	host_enter();
	CHECK(freopen("/run/said", "w", stderr)); /* the log's other end */
	put_program("echo asked $* in $PWD; echo no device for you >&2; exit 3");
	CHECK_INT(log_open_file(log, "/run/log"), 0);
	CHECK_INT(wg_process_start(&wg, LINK), -EIO);
	CHECK(!wg.processes);
	said = sh("cat /run/log");
	CHECK(strstr(said, "error wireguard-go " LINK ": asked -f " LINK));
	CHECK(strstr(said, "error wireguard-go " LINK ": no device for you\n"));
	run("! pgrep wireguard-go");
	log_free(log);
}

TEST(what_it_says_takes_no_room)
{
	struct log *log = log_new(LOG_ERROR, LOG_TEXT);
	struct wg wg = wg_of(log);

	host_enter();
	CHECK(freopen("/run/said", "w", stderr));
	put_program(
		"echo first; yes noise | head -c 1000000; stat -L -c %s /proc/$$/fd/2 >/run/size;"
		"exit 3");
	CHECK_INT(log_open_file(log, "/run/log"), 0);
	CHECK_INT(wg_process_start(&wg, LINK), -EIO);
	run("grep -q ': first$' /run/log; grep -q ': noise$' /run/log; [ $(cat /run/size) -le "
	    "65536 ]");
	log_free(log);
}

TEST(it_gets_none_of_our_descriptors)
{
	struct wg wg = wg_of(NULL);
	int fd;

	host_enter();
	put_program("ls -l /proc/$$/fd >/run/fds; exit 3");
	fd = open("/dev/full", O_RDONLY); /* not O_CLOEXEC */
	CHECK(fd > STDERR_FILENO);
	CHECK_INT(wg_process_start(&wg, LINK), -EIO);
	run("grep null /run/fds; ! grep full /run/fds");
	close(fd);
}

TEST(a_program_that_never_makes_a_socket)
{
	struct wg wg = wg_of(NULL);

	host_enter();
	put_program("exec sleep 1000");
	CHECK_INT(wg_process_start(&wg, LINK), -ETIMEDOUT);
	CHECK(!wg.processes);
	run("! pgrep sleep"); /* ended, and waited for */
}

/* Each its own; what is no child of ours is not touched. */
TEST(start_and_stop)
{
	_cleanup_(freep) char *before = NULL;
	struct wg wg = wg_of(NULL);
	char path[128];

	host_enter();
	sandbox_needs_tun();
	run("mkdir -p /run/wireguard");
	before = look(NULL);
	CHECK_STR(wg_socket_path(&wg, LINK, path), "/run/wireguard/" LINK ".sock");
	CHECK_INT(wg_process_start(&wg, LINK), 0);
	CHECK_INT(wg_process_start(&wg, "zl-other-g"), 0);
	run("[ $(pgrep -x wireguard-go | wc -l) = 2 ]");
	wg_process_stop(&wg, "zl-none-g");
	wg_process_stop(&wg, LINK);
	run("[ $(pgrep -x wireguard-go | wc -l) = 1 ]; ip link show zl-other-g; ! ip link "
	    "show " LINK);
	wg_process_stop(&wg, LINK); /* again is ok */
	wg_process_stop(&wg, "zl-other-g");
	CHECK(!wg.processes);
	CHECK_AS_BEFORE(NULL, before);
}

/* Ours finds it in its way, and ends. */
TEST(one_that_another_daemon_began)
{
	struct wg wg = wg_of(NULL);

	host_enter();
	sandbox_needs_tun();
	CHECK_INT(wg_process_wait(&wg, LINK), -EEXIST); /* nothing is there: no wait */
	run("mkdir -p /run/wireguard; wireguard-go -f " LINK " >/dev/null 2>&1 & "
	    "until ip link show " LINK "; do :; done");
	CHECK_INT(wg_process_start(&wg, LINK), 0);
	wg_process_stop(&wg, LINK);
	CHECK_INT(wg_process_wait(&wg, LINK), 0);
	run("[ $(pgrep -x wireguard-go | wc -l) = 1 ]");
}

TEST(forgotten_ones_go_on)
{
	struct wg wg = wg_of(NULL);

	host_enter();
	sandbox_needs_tun();
	CHECK_INT(wg_process_start(&wg, LINK), 0);
	wg_process_forget_all(&wg);
	CHECK(!wg.processes);
	wg_process_stop(&wg, LINK);
	run("pgrep -x wireguard-go; ip link show " LINK);
}
