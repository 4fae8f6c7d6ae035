#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/integration/bad_bodies.h"
#include "tests/integration/daemon.h"

#define STATUS "{\"op\":\"status\"}"

/* The connection still works. */
static void check_alive(int fd)
{
	_cleanup_(freep) char *answer = ask(fd, 77, STATUS);

	CHECK(answer && strstr(answer, "\"id\":77,") && strstr(answer, "\"result\":\"status\""));
}

TEST(every_bad_body_gets_its_error)
{
	struct test_daemon d;
	int fd;

	fd = daemon_begin(&d);
	for (size_t i = 0; i < ARRAY_SIZE(bad_bodies); i++) {
		_cleanup_(freep) char *answer = NULL;

		CASE("%s", bad_bodies[i].body);
		send_body(fd, bad_bodies[i].body);
		answer = read_body(fd);
		CHECK(answer);
		if (!strstr(answer, "\"result\":\"err\"") || !strstr(answer, bad_bodies[i].id) ||
		    !strstr(answer, bad_bodies[i].text))
			check_fail(__FILE__, __LINE__, "answered %s", answer);
		check_alive(fd);
	}
	daemon_end(&d, fd);
}

TEST(length_zero_goes_on)
{
	struct test_daemon d;
	_cleanup_(freep) char *answer = NULL;
	int fd;

	fd = daemon_begin(&d);
	send_bytes(fd, "\0\0\0\0", 4);
	answer = read_body(fd);
	CHECK(answer && strstr(answer, "\"id\":0,") && strstr(answer, "length 0"));
	check_alive(fd);
	daemon_end(&d, fd);
}

TEST(oversized_length_ends_the_connection)
{
	struct test_daemon d;
	_cleanup_(freep) char *answer = NULL;
	const uint32_t n = 8 * 1024 * 1024 + 1;
	int fd, other;

	fd = daemon_begin(&d);
	other = daemon_connect(&d);
	send_bytes(fd, &n, sizeof(n));
	answer = read_body(fd);
	CHECK(answer && strstr(answer, "frame too large: 8388609 bytes (max 8388608)"));
	CHECK(read_body(fd) == NULL);
	check_alive(other);
	close(fd);
	close(other);
	daemon_stop(&d);
}

static bool log_has(const struct test_daemon *d, const char *text)
{
	char path[128], said[8192] = "";
	_cleanup_(fd_closep) int fd = -1;

	snprintf(path, sizeof(path), "%s/logs/overlayd.log", d->dir);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	CHECK(fd >= 0 && read(fd, said, sizeof(said) - 1) > 0);
	return strstr(said, text);
}

TEST(frames_of_a_server_are_ignored)
{
	struct test_daemon d;
	int fd, other;

	fd = daemon_begin(&d);
	other = daemon_connect(&d);
	check_alive(other);
	send_body(fd, "{\"frame\":\"response\",\"id\":1,\"response\":{\"result\":\"ok\"}}");
	send_body(fd, "{\"frame\":\"event\",\"event\":\"peer_health_changed\",\"pubkey\":\"k\","
		      "\"healthy\":true}");
	check_alive(fd);
	close(other);
	daemon_end(&d, fd);
	CHECK(log_has(&d, " a client sent 2 frames that are no requests: they were ignored\n"));
	CHECK(!log_has(&d, " a client sent 0 "));
}

TEST(one_byte_at_a_time)
{
	static const char body[] =
		"{\"frame\":\"request\",\"id\":3,\"request\":{\"op\":\"status\"}}";
	const uint32_t n = sizeof(body) - 1;
	struct test_daemon d;
	_cleanup_(freep) char *answer = NULL;
	int fd;

	fd = daemon_begin(&d);
	for (size_t i = 0; i < 4; i++) {
		send_bytes(fd, (const char *)&n + i, 1);
		usleep(1000);
	}
	for (size_t i = 0; i < n; i++) {
		send_bytes(fd, body + i, 1);
		usleep(1000);
	}
	answer = read_body(fd);
	CHECK(answer && strstr(answer, "\"id\":3,"));
	daemon_end(&d, fd);
}

TEST(pipelined_answers_are_in_order)
{
	struct test_daemon d;
	int fd;

	fd = daemon_begin(&d);
	for (unsigned i = 0; i < 500; i++) {
		char body[256];

		/* bridges take the kernel a while, the rest is answered at once */
		snprintf(body, sizeof(body), "{\"frame\":\"request\",\"id\":%u,\"request\":%s}", i,
			 i % 100 == 0 ? "{\"op\":\"setup_service_overlay\",\"service\":\"web\","
					"\"mode\":\"auto\"}"
			 : i % 3 == 0 ? "{\"op\":\"nope\"}"
				      : STATUS);
		send_body(fd, body);
	}
	shutdown(fd, SHUT_WR);
	for (unsigned i = 0; i < 500; i++) {
		_cleanup_(freep) char *answer = read_body(fd);
		char id[32];

		snprintf(id, sizeof(id), "\"id\":%u,", i);
		CHECK(answer && strstr(answer, id));
	}
	CHECK(read_body(fd) == NULL);
	daemon_end(&d, fd);
}

TEST(a_client_that_never_reads)
{
	struct test_daemon d;
	int deaf, fd;
	struct timeval limit = { .tv_sec = 1 };

	sandbox_enter();
	daemon_start(&d, NULL);
	deaf = daemon_connect(&d);
	fd = daemon_connect(&d);
	setsockopt(deaf, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	for (int i = 0; i < 200000; i++) /* their answers are more than 16 MiB */
		send_body(deaf, "{\"frame\":\"request\",\"id\":1,\"request\":{\"op\":\"status\"}}");
	check_alive(fd);
	CHECK(send(deaf, "x", 1, MSG_NOSIGNAL) < 0); /* it was closed */
	close(deaf);
	check_alive(fd);
	daemon_end(&d, fd);
}

TEST(a_thousand_idle_connections)
{
	const struct rlimit many = { 4096, 4096 };
	struct test_daemon d;
	int fds[1000], fd;
	long before;

	sandbox_enter();
	if (setrlimit(RLIMIT_NOFILE, &many) < 0)
		SKIP("no 4096 descriptors here");
	daemon_start(&d, NULL);
	fd = daemon_connect(&d);
	check_alive(fd);
	before = daemon_rss(&d);
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		fds[i] = daemon_connect(&d);
	check_alive(fd);
	if (!sanitized())
		CHECK(daemon_rss(&d) - before < 16 * 1024);
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		close(fds[i]);
	check_alive(fd);
	daemon_end(&d, fd);
}

TEST(announced_bytes_cost_nothing)
{
	const uint32_t n = 8 * 1024 * 1024;
	struct test_daemon d;
	int fds[200], fd;
	long before;

	fd = daemon_begin(&d);
	check_alive(fd);
	before = daemon_rss(&d);
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
		fds[i] = daemon_connect(&d);
		send_bytes(fds[i], &n, sizeof(n));
	}
	check_alive(fd);
	if (!sanitized())
		CHECK(daemon_rss(&d) - before < 4 * 1024);
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		close(fds[i]);
	daemon_end(&d, fd);
}

TEST(more_clients_than_descriptors)
{
	const struct rlimit few = { 64, 64 };
	struct rlimit was;
	struct test_daemon d;
	int fds[120];

	sandbox_enter();
	getrlimit(RLIMIT_NOFILE, &was);
	CHECK_INT(setrlimit(RLIMIT_NOFILE, &(struct rlimit){ few.rlim_cur, was.rlim_max }), 0);
	daemon_start(&d, NULL);
	CHECK_INT(setrlimit(RLIMIT_NOFILE, &was), 0);
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
		fds[i] = daemon_connect(&d);
		send_body(fds[i],
			  "{\"frame\":\"request\",\"id\":1,\"request\":{\"op\":\"status\"}}");
	}
	/* who is in is answered; each that leaves makes room for another, until all are served */
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
		_cleanup_(freep) char *answer = read_body(fds[i]);

		CASE("client %zu", i);
		CHECK(answer && strstr(answer, "\"result\":\"status\""));
		close(fds[i]);
	}
	daemon_stop(&d);
}
