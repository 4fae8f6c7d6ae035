#include "server/guest/transport.h"

#include <pthread.h>
#include <stdio.h>
#include <sys/stat.h>

#include "tests/check.h"
#include "tests/server/guest/streams.h"

TEST(addresses)
{
	static const char *const wrong[] = {
		"",
		"unix:",
		"vsock:",
		"vsock:0",
		"vsock:x",
		"vsock:-1",
		"vsock:4294967295",
		"tcp:127.0.0.1:",
		"tcp:127.0.0.1:0",
		"tcp:0.0.0.0:1",
		"tcp:127.0.0.1:65536",
		"udp:1",
		"/run/x",
		"vsock:1 ",
	};
	struct transport_address a;

	CHECK_INT(transport_address_parse("unix:/run/x", &a), 0);
	CHECK_INT(a.kind, TRANSPORT_UNIX);
	CHECK_STR(a.path, "/run/x");
	CHECK_INT(transport_address_parse("tcp:127.0.0.1:65535", &a), 0);
	CHECK_INT(a.kind, TRANSPORT_TCP);
	CHECK_INT(a.port, 65535);
	CHECK_INT(transport_address_parse("vsock:109", &a), 0);
	CHECK_INT(a.kind, TRANSPORT_VSOCK);
	CHECK_INT(a.port, 109);
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		CASE("%s", wrong[i]);
		CHECK_INT(transport_address_parse(wrong[i], &a), -EINVAL);
	}
}

/* Every test runs over each kind of stream that is here. */
static void over_each(void (*run)(struct streams *s))
{
	for (int kind = 0; kind < STREAMS_KINDS; kind++) {
		struct streams s;

		CASE("%s", streams_names[kind]);
		CHECK_INT(streams_open(&s, kind), 0);
		run(&s);
		streams_close(&s);
	}
}

static void some_bytes(struct streams *s)
{
	static char out[300000], in[sizeof(out)];
	struct transport *guest = streams_connect(s), *host;
	size_t got = 0;

	CHECK_INT(transport_accept(s->listener, 10000, &host), 0);
	CHECK(host->peer[0]);
	CHECK_INT(transport_send(guest, "hello", 5, 10000), 0);
	while (got < 5)
		got += (size_t)transport_recv(host, in + got, sizeof(in), 10000);
	CHECK_BYTES(in, "hello", 5);
	CHECK_INT(transport_recv(host, in, sizeof(in), 10), -ETIMEDOUT);
	CHECK_INT(transport_recv(host, in, sizeof(in), 0), -ETIMEDOUT);
	/* somebody who doesn't read */
	CHECK_INT(transport_send(host, out, 5, -1), 0);
	for (int i = 0, r = 0; r == 0; i++) {
		r = transport_send(host, out, sizeof(out), 10);
		CHECK(r == 0 || r == -ETIMEDOUT);
		CHECK(i < 1000);
	}
	transport_close(host);
	while (transport_recv(guest, in, sizeof(in), 10000) > 0)
		continue;
	transport_close(guest);
}

TEST(bytes_go_both_ways)
{
	over_each(some_bytes);
}

static void an_end(struct streams *s)
{
	struct transport *guest = streams_connect(s), *host;
	char in[16];

	CHECK_INT(transport_accept(s->listener, 10000, &host), 0);
	CHECK_INT(transport_send(guest, "last", 4, 10000), 0);
	transport_close(guest);
	CHECK_INT(transport_recv(host, in, sizeof(in), 10000), 4);
	CHECK_INT(transport_recv(host, in, sizeof(in), 10000), 0);
	CHECK_INT(transport_recv(host, in, sizeof(in), 10000), 0);
	transport_close(host);
}

TEST(an_end_is_seen_after_the_last_byte)
{
	over_each(an_end);
}

/* A cancel that comes before anybody waits is not lost; what was there can still be had. */
static void early_cancel(struct streams *s)
{
	struct transport *guest = streams_connect(s), *host, *none;
	char in[16];

	CHECK_INT(transport_accept(s->listener, 10000, &host), 0);
	CHECK_INT(transport_send(guest, "last", 4, 10000), 0);
	CHECK_INT(transport_recv(host, in, 2, 10000), 2);
	transport_cancel(host);
	transport_cancel(host);
	CHECK_INT(transport_recv(host, in, sizeof(in), -1), 2);
	CHECK_INT(transport_recv(host, in, sizeof(in), -1), -ECANCELED);
	CHECK_INT(transport_recv(host, in, sizeof(in), -1), -ECANCELED);
	transport_close(host);
	transport_close(guest);

	guest = streams_connect(s);
	streams_settle(s);
	transport_cancel(s->listener);
	CHECK_INT(transport_accept(s->listener, -1, &host), 0);
	CHECK_INT(transport_accept(s->listener, -1, &none), -ECANCELED);
	CHECK_INT(transport_accept(s->listener, -1, &none), -ECANCELED);
	transport_close(host);
	transport_close(guest);
}

TEST(a_cancel_is_never_too_early)
{
	over_each(early_cancel);
}

struct waiter {
	pthread_t thread;
	struct transport *t;
	ssize_t r;
};

static void *wait_in_recv(void *arg)
{
	struct waiter *w = arg;
	char in[16];

	w->r = transport_recv(w->t, in, sizeof(in), -1);
	return NULL;
}

static void *wait_in_accept(void *arg)
{
	struct waiter *w = arg;
	struct transport *none;

	w->r = transport_accept(w->t, -1, &none);
	return NULL;
}

static void *wait_in_send(void *arg)
{
	static const char out[100000];
	struct waiter *w = arg;

	do
		w->r = transport_send(w->t, out, sizeof(out), -1);
	while (w->r == 0);
	return NULL;
}

static void cancel_one(struct transport *t, void *(*wait)(void *arg), long after_us)
{
	struct waiter w = { .t = t };

	CHECK_INT(pthread_create(&w.thread, NULL, wait, &w), 0);
	streams_pause(after_us);
	transport_cancel(t);
	pthread_join(w.thread, NULL);
	CHECK_INT(w.r, -ECANCELED);
}

/* At all moments: before, at and after the beginning of the wait. */
static void cancels(struct streams *s)
{
	struct transport *guest, *host;

	for (long i = 0; i < 30; i++) {
		guest = streams_connect(s);
		CHECK_INT(transport_accept(s->listener, 10000, &host), 0);
		cancel_one(host, i % 2 ? wait_in_recv : wait_in_send, i * 20);
		transport_close(host);
		transport_close(guest);
	}
	cancel_one(s->listener, wait_in_accept, 300);
}

TEST(whoever_waits_is_cancelled)
{
	over_each(cancels);
}

static void times(struct streams *s)
{
	struct transport *none;

	CHECK_INT(transport_accept(s->listener, 0, &none), -ETIMEDOUT);
	CHECK_INT(transport_accept(s->listener, 20, &none), -ETIMEDOUT);
}

TEST(who_does_not_connect_in_time)
{
	over_each(times);
}

#ifndef _WIN32
TEST(a_socket_file_is_its_owners_and_goes)
{
	struct streams s;
	struct stat st;

	CHECK_INT(streams_open(&s, STREAMS_UNIX), 0);
	CHECK_INT(stat(s.path, &st), 0);
	CHECK_INT(st.st_mode & 0777, 0600);
	transport_close(s.listener);
	CHECK(stat(s.path, &st) < 0);
	s.listener = NULL;
	streams_close(&s);
}

TEST(all_of_it_over_vsock)
{
	static void (*const runs[])(struct streams * s) = { some_bytes, an_end, early_cancel,
							    cancels, times };
	struct transport *probe;
	struct streams s;
	int r;

	r = streams_open(&s, STREAMS_VSOCK);
	if (r < 0)
		SKIP("no vsock here: %s", strerror(-r));
	r = transport_vsock_connect(1, s.vsock_port, &probe);
	if (r < 0)
		SKIP("no vsock loopback here: %s", strerror(-r));
	CHECK_STR(probe->peer, "vsock:1");
	transport_close(probe);
	streams_close(&s);
	for (size_t i = 0; i < ARRAY_SIZE(runs); i++) {
		CASE("%zu", i);
		CHECK_INT(streams_open(&s, STREAMS_VSOCK), 0);
		runs[i](&s);
		streams_close(&s);
	}
}
#endif
