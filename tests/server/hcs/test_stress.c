/* Many events from many threads, the system closed at a random moment, over and over. */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>

#include "server/hcs/system.h"
#include "tests/check.h"
#include "tests/server/hcs/fake_hcs.h"

#define ROUNDS    100
#define THREADS   4
#define EVENTS    10000
#define PER_ROUND (EVENTS / ROUNDS)
#define LONG_MS   20000u
#define GRACEFUL  "{\"Status\":0,\"ExitType\":\"GracefulExit\"}"
#define NEVER     UINT32_MAX

struct round {
	struct fake_hcs fake;
	struct compute_system *system;
	struct event_stream *stream;
	atomic_uint given; /* numbers handed out to events */
	unsigned close_at; /* the number that has the system closed: an exit comes at PER_ROUND / 2
			    */
	bool within;       /* it is closed from within ready */
	atomic_uint delivered, ends;
	atomic_bool closing, closed;
};

static void close_once(struct round *round)
{
	if (atomic_exchange(&round->closing, true))
		return;
	compute_system_close(round->system);
	atomic_store(&round->closed, true);
}

static void ready(void *user)
{
	struct round *round = user;

	if (round->within && atomic_load(&round->given) > round->close_at)
		close_once(round);
}

static void *emit(void *arg)
{
	struct round *round = arg;
	unsigned number;

	while ((number = atomic_fetch_add(&round->given, 1)) < PER_ROUND) {
		bool is_end = number == PER_ROUND / 2, was_closed = atomic_load(&round->closing);
		char text[16];

		snprintf(text, sizeof(text), "%u", number);
		if (!fake_emit(&round->fake, is_end ? HCS_TYPE_SYSTEM_EXITED : 7,
			       is_end ? GRACEFUL : text))
			break;
		atomic_fetch_add(&round->delivered, 1);
		/* an end that had come before the close began */
		if (is_end && !was_closed && !atomic_load(&round->closing))
			atomic_fetch_add(&round->ends, 1);
		if (number % 8 == 0)
			sched_yield();
	}
	return NULL;
}

static void *close_it(void *arg)
{
	struct round *round = arg;

	while (atomic_load(&round->given) <= round->close_at)
		sched_yield();
	close_once(round);
	return NULL;
}

struct seen {
	unsigned events;
	uint64_t lagged;
	enum hcs_event_kind last;
	bool success;
};

static void *read_all(void *arg)
{
	struct round *round = arg;
	struct seen *seen = calloc(1, sizeof(*seen));
	struct hcs_event event;
	bool ended = false;

	for (;;) {
		_cleanup_(arena_done) struct arena arena = { .chunk = NULL };

		if (event_stream_next(round->stream, EVENT_WAIT_FOREVER, &arena, &event) < 0)
			break;
		CHECK(!ended);
		ended = event.event == HCS_EVENT_KIND_EXITED ||
			event.event == HCS_EVENT_KIND_CLOSED;
		seen->events += event.event == HCS_EVENT_KIND_OTHER;
		seen->lagged += event.lagged;
		seen->last = event.event;
		seen->success = event.exit.success;
	}
	CHECK(ended);
	return seen;
}

static void run_round(struct round *round)
{
	const struct compute_system_reader reader = { ready, round };
	pthread_t threads[THREADS], closer, reading;
	struct hcs_error error;
	struct seen *seen;

	fake_init(&round->fake);
	CHECK_INT(compute_system_create(&round->fake.api, "web-1", "{}", &reader, LONG_MS,
					&round->system, &error),
		  0);
	round->stream = event_stream_ref(compute_system_events(round->system));
	CHECK_INT(pthread_create(&reading, NULL, read_all, round), 0);
	for (int i = 0; i < THREADS; i++)
		CHECK_INT(pthread_create(&threads[i], NULL, emit, round), 0);
	CHECK_INT(pthread_create(&closer, NULL, close_it, round), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	/* If all came before the close was due. */
	atomic_store(&round->given, NEVER / 2);
	pthread_join(closer, NULL);
	pthread_join(reading, (void **)&seen);

	/* An end that came before the close is the end. */
	if (atomic_load(&round->ends) > 0)
		CHECK_INT(seen->last, HCS_EVENT_KIND_EXITED);
	if (seen->last == HCS_EVENT_KIND_EXITED)
		CHECK(seen->success);
	/* What was delivered before was read or counted, nothing twice. */
	CHECK(seen->events + seen->lagged <= PER_ROUND);
	if (round->close_at >= PER_ROUND && !round->within)
		CHECK_INT(seen->last, HCS_EVENT_KIND_EXITED);
	free(seen);
	event_stream_unref(round->stream);
	fake_check_done(&round->fake);
}

TEST(stress_close_at_random)
{
	static struct round round;
	unsigned seed = 4711, exits = 0;

	for (unsigned i = 0; i < ROUNDS; i++) {
		seed = seed * 1103515245 + 12345;
		memset(&round, 0, sizeof(round));
		round.close_at = (seed >> 16) % (PER_ROUND + 20);
		round.within = seed >> 15 & 1;
		CASE("round %u, close at %u%s", i, round.close_at, round.within ? ", within" : "");
		run_round(&round);
		exits += atomic_load(&round.ends);
	}
	/* or the rounds show nothing */
	CHECK(exits > 0 && exits < ROUNDS);
}

struct flood {
	struct fake_hcs fake;
	atomic_uint given;
};

static void *flood(void *arg)
{
	struct flood *f = arg;
	unsigned number;

	while ((number = atomic_fetch_add(&f->given, 1)) < EVENTS)
		CHECK(fake_emit(&f->fake, 7, "{}"));
	return NULL;
}

/* All 10,000 on one system, each read or counted, and then its end. */
TEST(stress_flood)
{
	static struct flood f;
	struct compute_system *system;
	pthread_t threads[THREADS];
	struct hcs_error error;
	struct hcs_event event;
	uint64_t n = 0;

	fake_init(&f.fake);
	CHECK_INT(compute_system_create(&f.fake.api, "web-1", "{}", NULL, LONG_MS, &system, &error),
		  0);
	for (int i = 0; i < THREADS; i++)
		CHECK_INT(pthread_create(&threads[i], NULL, flood, &f), 0);
	while (n < EVENTS) {
		_cleanup_(arena_done) struct arena arena = { .chunk = NULL };

		CHECK_INT(event_stream_next(compute_system_events(system), LONG_MS, &arena, &event),
			  0);
		n += event.event == HCS_EVENT_KIND_LAGGED ? event.lagged : 1;
	}
	CHECK_U64(n, EVENTS);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	CHECK(fake_emit(&f.fake, HCS_TYPE_SYSTEM_EXITED, GRACEFUL));
	{
		_cleanup_(arena_done) struct arena arena = { .chunk = NULL };

		CHECK_INT(event_stream_next(compute_system_events(system), 0, &arena, &event), 0);
		CHECK_INT(event.event, HCS_EVENT_KIND_EXITED);
	}
	compute_system_close(system);
	fake_check_done(&f.fake);
}
