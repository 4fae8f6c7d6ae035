/* client/client.c: connecting, losing the connection, connecting again. */
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>

#include "runtime/stream_unix.h"
#include "tests/client/asking.h"

TEST(no_daemon)
{
	struct ovd_client *untouched = (void *)&ask_tick, *client = untouched;
	char path[200];

	CHECK_INT(ovd_client_open("/tmp/no/such/socket", 1, &client), -ENOENT);
	CHECK_INT(ovd_client_open("/tmp/no/such/socket", 0, &client), -ENOENT);
	CHECK_INT(ovd_client_open("/tmp/no/such/socket", 2, &client), -ENOENT);
	CHECK_INT(ovd_client_open("/dev/null", 1, &client), -ECONNREFUSED);
	memset(path, 'x', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	CHECK_INT(ovd_client_open(path, 5, &client), -ENAMETOOLONG);
	CHECK(client == untouched);
	ovd_client_close(NULL);
}

TEST(a_daemon_that_comes_later)
{
	struct fake_daemon fake, first;
	struct ovd_client *client = NULL;
	pid_t pid;

	fake_start(&fake, fake_serve_one);
	first = fake;
	snprintf(first.socket, sizeof(first.socket), "%s/later", fake.dir);
	pid = fork();
	if (pid == 0) {
		usleep(150000);
		_exit(link(fake.socket, first.socket) < 0);
	}
	CHECK_INT(ovd_client_open(first.socket, 50, &client), 0);
	ask_ok(client);
	ovd_client_close(client);
	unlink(first.socket);
	fake_stop(&fake);
}

TEST(a_daemon_that_accepts_nobody)
{
	struct ovd_client *clients[2] = { NULL, NULL };
	char dir[] = "/tmp/fake-XXXXXX", path[64];
	int listener;

	CHECK(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/socket", dir);
	listener = stream_listen(path, 0600, (gid_t)-1);
	CHECK(listener >= 0);
	CHECK_INT(listen(listener, 0), 0);
	CHECK_INT(ovd_client_open(path, 1, &clients[0]), 0);
	CHECK_INT(ovd_client_open(path, 2, &clients[1]), -EAGAIN); /* and doesn't hang */
	ovd_client_close(clients[0]);
	close(listener);
	unlink(path);
	rmdir(dir);
}

static void close_instead_of_answering(int listener)
{
	int fd = fake_accept(listener);

	fake_take(fd, "status");
	close(fd);
	fake_serve_one(listener);
}

TEST(a_request_is_not_repeated)
{
	const struct ovd_response *response;
	struct fake_daemon fake;
	struct ovd_client *client;

	fake_start(&fake, close_instead_of_answering);
	client = open_client(&fake);
	CHECK_INT(ovd_client_call(client, &ask_status, PATIENT, &response), -ECONNRESET);
	CHECK_INT(ovd_client_fd(client), -1);
	CHECK_INT(ovd_client_handle(client), -ENOTCONN);
	ask_ok(client); /* connects again */
	CHECK(ovd_client_fd(client) >= 0);
	ovd_client_close(client);
	fake_stop(&fake);
}

/* Waits until the other end is closed. */
static void wait_closed(const struct ovd_client *client)
{
	struct pollfd gone = { .fd = ovd_client_fd(client), .events = POLLRDHUP };

	CHECK_INT(poll(&gone, 1, PATIENT), 1);
}

static void close_when_idle(int listener)
{
	int fd = fake_accept(listener);

	fake_answer(fd, fake_take(fd, "nat_tick"), FAKE_OK);
	close(fd);
	fd = fake_accept(listener);
	fake_take(fd, "status");
	close(fd);
	fake_serve_one(listener);
}

TEST(a_daemon_that_was_started_anew)
{
	const struct ovd_response *response;
	struct fake_daemon fake;
	struct ovd_client *client;
	uint64_t id;

	fake_start(&fake, close_when_idle);
	client = open_client(&fake);
	ask_ok(client);
	wait_closed(client);
	/* nothing was under way, so nothing can have been carried out: the next daemon gets it */
	CHECK_INT(ovd_client_send(client, &ask_status, PATIENT, &id), 0);
	wait_closed(client);
	/* now something is: that it is lost must be told */
	CHECK_INT(ovd_client_call(client, &ask_tick, PATIENT, &response), -ECONNRESET);
	CHECK_INT(ovd_client_receive(client, id, PATIENT, &response), -ENOENT);
	CHECK_INT(ovd_client_connect(client, 3), 0);
	CHECK_INT(ovd_client_connect(client, 3), 0);
	ask_ok(client);
	ovd_client_close(client);
	fake_stop(&fake);
}

static void serve_two_requests_each(int listener)
{
	for (int i = 0; i < 2; i++) {
		int fd = fake_accept(listener);

		fake_answer(fd, fake_take(fd, "nat_tick"), FAKE_OK);
		close(fd);
	}
}

TEST(a_daemon_that_does_not_come_back)
{
	const struct ovd_response *response;
	struct fake_daemon fake;
	struct ovd_client *client;

	fake_start(&fake, serve_two_requests_each);
	client = open_client(&fake);
	ask_ok(client);
	wait_closed(client);
	ask_ok(client);
	wait_closed(client);
	fake_stop(&fake);
	CHECK_INT(ovd_client_call(client, &ask_tick, PATIENT, &response), -ENOENT);
	CHECK_INT(ovd_client_connect(client, 2), -ENOENT);
	ovd_client_close(client);
}

static void say_no_more(int listener)
{
	int fd = fake_accept(listener);
	uint64_t id = fake_take(fd, "nat_tick");

	fake_answer(fd, id, FAKE_OK);
	shutdown(fd, SHUT_WR);
	fake_take(fd, "status");
	fake_closed(fd);
}

TEST(a_daemon_that_only_listens)
{
	const struct ovd_response *response;
	struct fake_daemon fake;
	struct ovd_client *client;

	fake_start(&fake, say_no_more);
	client = open_client(&fake);
	ask_ok(client); /* what was said before the end counts */
	CHECK_INT(ovd_client_call(client, &ask_status, PATIENT, &response), -ECONNRESET);
	ovd_client_close(client);
	fake_stop(&fake);
}

static void hear_no_more(int listener)
{
	int fd = fake_accept(listener);

	shutdown(fd, SHUT_RD);
	fake_event(fd, "k");
	fake_serve_one(listener);
	close(fd);
}

TEST(a_daemon_that_only_talks)
{
	struct fake_daemon fake;
	struct ovd_client *client;
	struct pollfd talk;

	fake_start(&fake, hear_no_more);
	client = open_client(&fake);
	talk = (struct pollfd){ .fd = ovd_client_fd(client), .events = POLLIN };
	CHECK_INT(poll(&talk, 1, PATIENT), 1);
	ask_ok(client);
	ovd_client_close(client);
	fake_stop(&fake);
}

static void end_inside_a_frame(int listener)
{
	static const char *const ends[] = { "\1", "\1\0\0\0", "\20\0\0\0{\"frame\"" };
	static const size_t lengths[] = { 1, 4, 12 };

	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		int fd = fake_accept(listener);

		fake_take(fd, "status");
		fake_bytes(fd, ends[i], lengths[i]);
		close(fd);
	}
}

TEST(an_end_inside_a_frame)
{
	const struct ovd_response *response;
	struct fake_daemon fake;
	struct ovd_client *client;

	fake_start(&fake, end_inside_a_frame);
	client = open_client(&fake);
	for (int i = 0; i < 3; i++)
		CHECK_INT(ovd_client_call(client, &ask_status, PATIENT, &response), -ECONNRESET);
	ovd_client_close(client);
	fake_stop(&fake);
}

static void serve_two(int listener)
{
	fake_serve_one(listener);
	fake_serve_one(listener);
}

TEST(several_clients)
{
	struct ovd_client *a, *b;
	struct fake_daemon fake;

	fake_start(&fake, serve_two);
	a = open_client(&fake);
	b = open_client(&fake);
	ask_ok(a);
	ovd_client_close(a);
	ask_ok(b);
	ovd_client_close(b);
	fake_stop(&fake);
}
