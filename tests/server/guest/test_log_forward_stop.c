/* How the log forwarding ends: at any moment, with all that was said before. */
#include "tests/check.h"
#include "tests/server/guest/log_bench.h"

/* Whatever was sent before it is kept: also of guests that were not accepted yet. */
TEST(last_words_are_kept)
{
	for (int round = 0; round < 15; round++) {
		struct transport *guests[5];
		struct bench b;

		CASE("round %d", round);
		bench_open(&b);
		for (int i = 0; i < 5; i++) {
			guests[i] = streams_connect(&b.streams);
			say(guests[i], "last words\n");
			if (i % 2) {
				transport_close(guests[i]);
				guests[i] = NULL;
			}
		}
		streams_settle(&b.streams);
		bench_stop(&b);
		for (int i = 0; i < 5; i++)
			transport_close(guests[i]);
		CHECK_INT(disk_bytes(&b.disk, FILE_RAW).n, 5 * 11);
		disk_done(&b.disk);
	}
}

static void *chatter(void *arg)
{
	struct transport *guest = arg;

	while (transport_send(guest, "chatter chatter chatter\n", 24, 10000) == 0)
		continue;
	transport_close(guest);
	return NULL;
}

static void *stop(void *arg)
{
	log_forward_stop(arg);
	return NULL;
}

/* A listener with one guest, whose words arrive a while after the stop. */
struct late {
	struct transport listener, stream;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool accepted, cancelled;
	int recvs; /* after the cancel */
};

static int late_accept(struct transport *t, int timeout_ms _unused_, struct transport **ret)
{
	struct late *l = CONTAINER_OF(t, struct late, listener);
	int r = 0;

	pthread_mutex_lock(&l->lock);
	while (l->accepted && !l->cancelled)
		pthread_cond_wait(&l->changed, &l->lock);
	r = l->accepted ? -ECANCELED : 0;
	l->accepted = true;
	pthread_mutex_unlock(&l->lock);
	if (r == 0)
		*ret = &l->stream;
	return r;
}

static ssize_t late_recv(struct transport *t, void *p, size_t n _unused_, int timeout_ms _unused_)
{
	struct late *l = CONTAINER_OF(t, struct late, stream);
	int recvs;

	pthread_mutex_lock(&l->lock);
	while (!l->cancelled)
		pthread_cond_wait(&l->changed, &l->lock);
	recvs = l->recvs++;
	pthread_mutex_unlock(&l->lock);
	if (recvs == 5)
		memcpy(p, "late\n", 5);
	return recvs == 5 ? 5 : -ECANCELED;
}

static void late_cancel(struct late *l)
{
	pthread_mutex_lock(&l->lock);
	l->cancelled = true;
	pthread_cond_broadcast(&l->changed);
	pthread_mutex_unlock(&l->lock);
}

static void late_cancel_listener(struct transport *t)
{
	late_cancel(CONTAINER_OF(t, struct late, listener));
}

static void late_cancel_stream(struct transport *t)
{
	late_cancel(CONTAINER_OF(t, struct late, stream));
}

static void late_close(struct transport *t _unused_)
{
}

/* Between a guest and its host bytes may be on their way when the stop comes. */
TEST(words_on_their_way_are_kept)
{
	static const struct transport_ops listener = { .accept = late_accept,
						       .cancel = late_cancel_listener,
						       .close = late_close };
	static const struct transport_ops stream = { .recv = late_recv,
						     .cancel = late_cancel_stream,
						     .close = late_close };
	struct late late = { .listener.ops = &listener,
			     .stream.ops = &stream,
			     .lock = PTHREAD_MUTEX_INITIALIZER,
			     .changed = PTHREAD_COND_INITIALIZER };
	struct bench b;

	bench_init(&b);
	CHECK_INT(log_forward_start(&b.options, &late.listener, &b.forward), 0);
	wait_for(&b, LOG_FORWARD_CAME, 1);
	log_forward_free(b.forward);
	CHECK_VIEW(disk_bytes(&b.disk, FILE_RAW), "late\n");
	disk_done(&b.disk);
}

/* Guests talk, connect and are silent; a stop comes at any moment, twice. A stop that is lost hangs
 * here; what it leaves behind is counted by who runs the test. */
TEST(a_stop_at_any_moment_ends_all)
{
	unsigned before = streams_threads();

	for (long round = 0; round < 60; round++) {
		pthread_t threads[3], stoppers[2];
		struct transport *silent, *refused;
		struct bench b;

		bench_init(&b);
		b.options.drain_ms = 20;
		b.options.rate = 0;
		b.options.max_bytes = 100000;
		bench_start(&b);
		silent = streams_connect(&b.streams);
		for (int i = 0; i < 3; i++)
			CHECK_INT(pthread_create(&threads[i], NULL, chatter,
						 streams_connect(&b.streams)),
				  0);
		streams_pause(round * 100);
		for (int i = 0; i < 2; i++)
			CHECK_INT(pthread_create(&stoppers[i], NULL, stop, b.forward), 0);
		for (int i = 0; i < 2; i++)
			pthread_join(stoppers[i], NULL);
		log_forward_stop(b.forward);
		for (int i = 0; i < 3; i++)
			pthread_join(threads[i], NULL); /* their connections are closed */
		transport_close(silent);
#ifndef _WIN32
		CHECK(transport_unix_connect(b.streams.path, &refused) < 0); /* nobody listens */
#else
		CHECK(transport_tcp_connect(b.streams.port, &refused) < 0);
#endif
		bench_stop(&b);
		CHECK_INT(b.n[LOG_FORWARD_CAME], b.n[LOG_FORWARD_GONE]);
		disk_done(&b.disk);
	}
	streams_wait_threads(before);
}

/* The write that it comes into never ends. */
TEST(a_stop_while_the_disk_hangs)
{
	struct transport *guest;
	struct bench b;

	bench_init(&b);
	b.options.drain_ms = 20;
	disk_set_hang(&b.disk, true);
	bench_start(&b);
	guest = streams_connect(&b.streams);
	say(guest, "one\ntwo\n");
	disk_wait_hanging(&b.disk);
	log_forward_stop(b.forward);
	CHECK_U64(log_forward_counts(b.forward).lost, 2);
	bench_stop(&b);
	transport_close(guest);
	CHECK_INT(b.n[LOG_FORWARD_FAILING], 0);
	disk_set_hang(&b.disk, false);
	disk_wait_closed(&b.disk);
	streams_pause(50000); /* its thread frees what it had, which a sanitizer looks after */
	disk_done(&b.disk);
}

/* From within: it begins, and somebody else ends it. */
TEST(a_stop_by_who_is_told)
{
	struct transport *guest;
	struct bench b;

	bench_open(&b);
	b.stop_when_told = true;
	guest = streams_connect(&b.streams);
	say(guest, "kept\n");
	wait_for(&b, LOG_FORWARD_GONE, 1);
	bench_stop(&b);
	transport_close(guest);
	CHECK_VIEW(disk_bytes(&b.disk, FILE_RAW), "kept\n");
	disk_done(&b.disk);
}

TEST(a_stop_before_anybody_came)
{
	struct bench b;

	bench_open(&b);
	log_forward_stop(b.forward);
	log_forward_stop(b.forward);
	bench_stop(&b);
	log_forward_free(NULL);
	CHECK_INT(b.disk.opens, 0); /* no file without a record */
	disk_done(&b.disk);
}
