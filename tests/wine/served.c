#include "tests/wine/served.h"

#include <stdio.h>
#include <windows.h>

#include <uv.h>

#include "runtime/wide.h"

#define PATIENCE_MS 20000

/* What libuv, the sockets of Windows and threads make once in a process is made before handles are
 * counted. */
static void *nothing(void *arg)
{
	return arg;
}

__attribute__((constructor)) static void warm(void)
{
	pthread_t thread;
	uv_loop_t loop;

	uv_loop_init(&loop);
	uv_loop_close(&loop);
	pthread_create(&thread, NULL, nothing, NULL);
	pthread_join(thread, NULL);
}

/* ---- the daemon ---- */

void served_places(struct served *s)
{
	char temp[64];
	DWORD n = GetTempPathA(sizeof(temp), temp);

	CHECK(n > 0 && n < sizeof(temp));
	*s = (struct served){ .d = NULL };
	snprintf(s->dir, sizeof(s->dir), "%sserved-%lu", temp, GetCurrentProcessId());
	snprintf(s->pipe, sizeof(s->pipe), "\\\\.\\pipe\\served-%lu", GetCurrentProcessId());
}

static void *serve(void *arg)
{
	struct served *s = arg;

	s->ended = daemon_serve(s->d);
	return NULL;
}

void served_start(struct served *s)
{
	struct options options = { .log_level = LOG_ERROR };
	char fault[DAEMON_FAULT_MAX] = "";

	served_places(s);
	options.data_dir = s->dir;
	options.socket = s->pipe;
	if (daemon_start(&options, NULL, NULL, &s->d, fault) != DAEMON_FINE)
		check_fail(__FILE__, __LINE__, "%s", fault);
	CHECK_INT(pthread_create(&s->thread, NULL, serve, s), 0);
}

void served_wait(struct served *s)
{
	pthread_join(s->thread, NULL);
	CHECK_INT(s->ended, DAEMON_FINE);
	daemon_finish(s->d);
	served_remove(s);
}

void served_stop(struct served *s)
{
	daemon_stop(s->d);
	served_wait(s);
}

void served_remove(const struct served *s)
{
	char path[160];

	snprintf(path, sizeof(path), "%s\\logs\\overlayd.log", s->dir);
	DeleteFileA(path);
	snprintf(path, sizeof(path), "%s\\node.key", s->dir);
	DeleteFileA(path);
	snprintf(path, sizeof(path), "%s\\logs", s->dir);
	RemoveDirectoryA(path);
	CHECK(RemoveDirectoryA(s->dir));
}

/* ---- clients ---- */

void client_open(struct client *c, const char *pipe)
{
	*c = (struct client){ .stream = NULL };
	CHECK_INT(stream_open(pipe, &c->stream), 0);
}

void client_close(struct client *c)
{
	stream_close(c->stream);
	frame_reader_done(&c->in);
}

bool client_bytes(struct client *c, const void *bytes, size_t n)
{
	for (size_t done = 0; done < n;) {
		ssize_t put = stream_write(c->stream, (const char *)bytes + done, n - done);

		if (put == -EAGAIN)
			CHECK(stream_wait(c->stream, STREAM_WRITABLE, PATIENCE_MS) > 0);
		else if (put < 0)
			return false;
		else
			done += (size_t)put;
	}
	return true;
}

bool client_body(struct client *c, const char *body)
{
	_cleanup_(buf_done) struct buf frame = { .p = NULL };
	size_t at;

	CHECK(frame_begin(&frame, &at) == 0 && buf_text(&frame, body) == 0 &&
	      frame_end(&frame, at) == 0);
	return client_bytes(c, frame.p, frame.n);
}

struct ovd_view client_read(struct client *c)
{
	struct ovd_view body = { .p = NULL };
	ssize_t n = -EAGAIN;
	size_t room;
	uint32_t length;

	for (;;) {
		int r = frame_next(&c->in, &body, &length);
		char *p;

		CHECK(r >= 0);
		if (r == 1)
			return body;
		p = frame_room(&c->in, &room);
		n = stream_read(c->stream, p, room);
		if (n == -EAGAIN)
			CHECK(stream_wait(c->stream, STREAM_READABLE, PATIENCE_MS) > 0);
		else if (n <= 0)
			return (struct ovd_view){ .p = NULL };
		else
			frame_filled(&c->in, (size_t)n);
	}
}

void client_expect(struct client *c, unsigned id, const char *request, const char *want)
{
	char frame[1024], expected[32];
	struct ovd_view answer;

	snprintf(frame, sizeof(frame), "{\"frame\":\"request\",\"id\":%u,\"request\":%s}", id,
		 request);
	CHECK(client_body(c, frame));
	answer = client_read(c);
	snprintf(expected, sizeof(expected), "\"id\":%u,", id);
	CHECK(answer.p);
	if (!strstr(answer.p, want) || !strstr(answer.p, expected))
		check_fail(__FILE__, __LINE__, "answered %.*s", VIEW(answer));
}
