/* spoiled-daemon HOW SOCKET DAEMON: stands between clients, who connect to SOCKET, and a daemon at
 * DAEMON, and spoils its answers: so that checks of daemons have something to find.
 *
 *	event   before each answer comes an event: that is allowed
 *	close   where the answer is err the connection is closed instead, as the reference does
 *	id      each answer has the id 77
 */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "runtime/frame.h"
#include "runtime/stream_unix.h"

static int put_frame(struct buf *out, struct ovd_view body)
{
	size_t at;

	if (frame_begin(out, &at) < 0 || buf_append(out, body.p, body.n) < 0)
		return -ENOMEM;
	return frame_end(out, at);
}

static int put_with_id(struct buf *out, struct ovd_view body)
{
	static const char head[] = "{\"frame\":\"response\",\"id\":";
	size_t digits = strspn(body.p + sizeof(head) - 1, "0123456789");
	const char *rest = body.p + sizeof(head) - 1 + digits;
	size_t at;

	if (frame_begin(out, &at) < 0 || buf_printf(out, "%s77", head) < 0 ||
	    buf_append(out, rest, (size_t)(body.p + body.n - rest)) < 0)
		return -ENOMEM;
	return frame_end(out, at);
}

/* 0; anything else ends the connection. */
static int spoil(const char *how, struct ovd_view body, struct buf *out)
{
	static const struct ovd_view event = VIEW_LITERAL(
		"{\"frame\":\"event\",\"event\":\"nat_endpoint_changed\",\"pubkey\":\"k\","
		"\"endpoint\":\"192.0.2.1:1\"}");

	if (strcmp(how, "id") == 0)
		return put_with_id(out, body);
	if (strcmp(how, "close") == 0 &&
	    memmem(body.p, body.n, "\"response\":{\"result\":\"err\"", 26))
		return -EPIPE;
	if (strcmp(how, "event") == 0 && put_frame(out, event) < 0)
		return -ENOMEM;
	return put_frame(out, body);
}

static int send_all(int fd, const char *p, size_t n)
{
	for (size_t done = 0; done < n;) {
		ssize_t w = send(fd, p + done, n - done, MSG_NOSIGNAL);

		if (w <= 0)
			return -EPIPE;
		done += (size_t)w;
	}
	return 0;
}

static int to_daemon(int client, int daemon)
{
	char bytes[65536];
	ssize_t n = recv(client, bytes, sizeof(bytes), 0);

	if (n == 0)
		shutdown(daemon, SHUT_WR);
	return n > 0 ? send_all(daemon, bytes, (size_t)n) : n < 0 ? -EPIPE : 1;
}

static int to_client(const char *how, int client, int daemon, struct frame_reader *in)
{
	_cleanup_(buf_done) struct buf out = { .p = NULL };
	struct ovd_view body;
	size_t room;
	char *p = frame_room(in, &room);
	ssize_t n = p ? recv(daemon, p, room, 0) : -1;
	int r = 0;

	if (n <= 0)
		return -EPIPE;
	frame_filled(in, (size_t)n);
	while (r == 0 && frame_next(in, &body, NULL) > 0)
		r = spoil(how, body, &out);
	return send_all(client, out.p ? out.p : "", out.n) < 0 ? -EPIPE : r;
}

/* One connection, until either side has closed it. */
static void serve(const char *how, int client, int daemon)
{
	struct pollfd fds[] = { { .fd = client, .events = POLLIN },
				{ .fd = daemon, .events = POLLIN } };
	struct frame_reader in = { .start = 0 };
	int r = 0;

	while (r == 0 && poll(fds, ARRAY_SIZE(fds), -1) > 0) {
		if (fds[1].revents)
			r = to_client(how, client, daemon, &in);
		if (r == 0 && fds[0].revents && to_daemon(client, daemon) != 0)
			fds[0].fd = -1; /* it sends no more */
	}
	frame_reader_done(&in);
}

int main(int argc, char **argv)
{
	struct pollfd ready = { .events = POLLIN };

	if (argc != 4) {
		fprintf(stderr, "usage: spoiled-daemon event|close|id SOCKET DAEMON\n");
		return 2;
	}
	signal(SIGCHLD, SIG_IGN); /* nobody waits for them */
	ready.fd = stream_listen(argv[2], 0600, (gid_t)-1);
	while (ready.fd >= 0 && poll(&ready, 1, -1) > 0) {
		int client = accept(ready.fd, NULL, NULL), daemon;

		if (client >= 0 && fork() == 0) {
			daemon = stream_connect(argv[3]);
			if (daemon >= 0)
				serve(argv[1], client, daemon);
			_exit(0);
		}
		fd_closep(&client);
	}
	return 1;
}
