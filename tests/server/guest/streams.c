#include "tests/server/guest/streams.h"

#include <dirent.h>
#include <stdio.h>
#include <time.h>

#include "tests/check.h"

const char *const streams_names[] = { "tcp", "unix", "vsock" };

static int open_tcp(struct streams *s)
{
	int r = transport_tcp_listen(0, &s->listener);

	if (r == 0)
		CHECK_INT(transport_tcp_port(s->listener, &s->port), 0);
	return r;
}

#ifdef _WIN32
int streams_open(struct streams *s, int kind)
{
	*s = (struct streams){ .kind = kind };
	return open_tcp(s);
}

unsigned streams_threads(void)
{
	return 0; /* not looked after here */
}

static struct transport *connect_now(const struct streams *s)
{
	struct transport *t;

	CHECK_INT(transport_tcp_connect(s->port, &t), 0);
	return t;
}
#else
unsigned streams_threads(void)
{
	DIR *dir = opendir("/proc/self/task");
	unsigned n = 0;

	CHECK(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

int streams_open(struct streams *s, int kind)
{
	*s = (struct streams){ .kind = kind, .dir = "/tmp/streams-XXXXXX" };
	if (kind == STREAMS_TCP)
		return open_tcp(s);
	if (kind == STREAMS_VSOCK) {
		s->vsock_port = 20000 + (uint32_t)getpid() % 10000;
		return transport_vsock_listen(s->vsock_port, &s->listener);
	}
	CHECK(mkdtemp(s->dir));
	snprintf(s->path, sizeof(s->path), "%s/socket", s->dir);
	return transport_unix_listen(s->path, &s->listener);
}

static struct transport *connect_now(const struct streams *s)
{
	struct transport *t;
	int r;

	if (s->kind == STREAMS_TCP)
		r = transport_tcp_connect(s->port, &t);
	else if (s->kind == STREAMS_VSOCK)
		r = transport_vsock_connect(1, s->vsock_port, &t); /* this machine itself */
	else
		while ((r = transport_unix_connect(s->path, &t)) == -EAGAIN)
			streams_pause(1000); /* more than the listener allows wait to be accepted */
	CHECK_INT(r, 0);
	return t;
}
#endif

/* A thread that was joined is in /proc for a moment more. A sanitizer may have begun one itself. */
void streams_wait_threads(unsigned n)
{
#ifdef __SANITIZE_THREAD__
	n++;
#endif
	for (int i = 0; streams_threads() > n; i++) {
		CHECK(i < 10000);
		streams_pause(1000);
	}
}

struct transport *streams_connect(const struct streams *s)
{
	return connect_now(s);
}

void streams_pair(struct transport **ret_host, struct transport **ret_guest)
{
	struct streams s;

	CHECK_INT(streams_open(&s, STREAMS_BEST), 0);
	*ret_guest = streams_connect(&s);
	CHECK_INT(transport_accept(s.listener, 10000, ret_host), 0);
	streams_close(&s);
}

void streams_close(struct streams *s)
{
	transport_close(s->listener);
	if (s->kind == STREAMS_UNIX)
		rmdir(s->dir);
}

void streams_pause(long us)
{
	const struct timespec t = { us / 1000000, us % 1000000 * 1000 };

	nanosleep(&t, NULL);
}

/* On Unix a connection is there when connect returns; elsewhere a moment later. */
void streams_settle(const struct streams *s)
{
	if (s->kind != STREAMS_UNIX)
		streams_pause(20000);
}
