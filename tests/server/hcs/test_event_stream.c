#include "server/hcs/event_stream.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

#include "server/hcs/hcs.h"
#include "tests/check.h"

#define GRACEFUL "{\"Status\":0,\"ExitType\":\"GracefulExit\"}"

static struct event_stream *open_stream(void)
{
	struct event_stream *stream;

	CHECK_INT(event_stream_new("web-1", NULL, NULL, &stream), 0);
	return stream;
}

static void arrive(struct event_stream *stream, uint32_t type, const char *data)
{
	event_stream_arrived(event_stream_id(stream), type, view(data));
}

static struct hcs_event next(struct event_stream *stream, struct arena *arena,
			     enum hcs_event_kind kind)
{
	struct hcs_event event;

	CHECK_INT(event_stream_next(stream, 0, arena, &event), 0);
	CHECK_INT(event.event, kind);
	CHECK_VIEW(event.system, "web-1");
	CHECK_INT(event.has_lagged, kind == HCS_EVENT_KIND_LAGGED);
	CHECK_INT(event.has_exit, kind == HCS_EVENT_KIND_EXITED);
	CHECK_INT(event.has_type, kind == HCS_EVENT_KIND_OTHER);
	return event;
}

static void check_ended(struct event_stream *stream, struct arena *arena)
{
	struct hcs_event event;

	CHECK_INT(event_stream_next(stream, EVENT_WAIT_FOREVER, arena, &event), -ENODATA);
	CHECK_INT(event_stream_next(stream, 0, arena, &event), -ENODATA);
}

static void done(struct event_stream *stream)
{
	event_stream_end(stream);
	event_stream_unref(stream);
}

TEST(event_stream_kinds)
{
	static const struct {
		uint32_t type;
		enum hcs_event_kind kind;
	} rows[] = {
		{ 0x00000000, HCS_EVENT_KIND_OTHER },
		{ 0x00000002, HCS_EVENT_KIND_CRASH_INITIATED },
		{ 0x00000003, HCS_EVENT_KIND_CRASH_REPORT },
		{ 0x00000004, HCS_EVENT_KIND_OTHER },
		{ 0x00000005, HCS_EVENT_KIND_OTHER },
		{ 0x00000006, HCS_EVENT_KIND_GUEST_CONNECTION_CLOSED },
		{ 0x00010000, HCS_EVENT_KIND_OTHER },
		{ 0x01000000, HCS_EVENT_KIND_OTHER },
		{ 0x80000002, HCS_EVENT_KIND_OTHER },
		{ 0x80000003, HCS_EVENT_KIND_OTHER },
		{ 0xC0000001, HCS_EVENT_KIND_OTHER },
		{ 0x02000000, HCS_EVENT_KIND_SERVICE_DISCONNECTED },
	};
	_cleanup_(arena_done) struct arena arena = { .chunk = NULL };
	struct event_stream *stream = open_stream();

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct hcs_event event;

		CASE("0x%08x", rows[i].type);
		arrive(stream, rows[i].type, NULL);
		event = next(stream, &arena, rows[i].kind);
		if (event.has_type)
			CHECK_U64(event.type, rows[i].type);
		CHECK(!event.data.p && !event.has_truncated);
		CHECK(event.at_unix_ms > 1700000000000u);
	}
	check_ended(stream, &arena);
	done(stream);
}

TEST(event_stream_data_is_a_copy)
{
	_cleanup_(arena_done) struct arena arena = { .chunk = NULL };
	struct event_stream *stream = open_stream();
	char data[] = "{\"Report\":1}";

	arrive(stream, HCS_TYPE_CRASH_REPORT, data);
	memset(data, 'x', sizeof(data) - 1);
	CHECK_VIEW(next(stream, &arena, HCS_EVENT_KIND_CRASH_REPORT).data, "{\"Report\":1}");
	arrive(stream, 7, "");
	CHECK_VIEW(next(stream, &arena, HCS_EVENT_KIND_OTHER).data, "");
	done(stream);
}

TEST(event_stream_data_is_bounded)
{
	_cleanup_(arena_done) struct arena arena = { .chunk = NULL };
	_cleanup_(buf_done) struct buf json = { .p = NULL };
	struct event_stream *stream = open_stream();
	static char data[EVENT_DATA_MAX + 3];
	struct hcs_event event;

	memset(data, 'x', sizeof(data) - 1);
	data[EVENT_DATA_MAX] = '\0';
	arrive(stream, 7, data);
	event = next(stream, &arena, HCS_EVENT_KIND_OTHER);
	CHECK_INT(event.data.n, EVENT_DATA_MAX);
	CHECK(!event.has_truncated);
	CHECK_INT(hcs_event_encode(&event, &json), 0);
	/* one byte more, and a letter of two bytes over the end */
	memcpy(data + EVENT_DATA_MAX - 1, "\303\274", 3);
	arrive(stream, 7, data);
	event = next(stream, &arena, HCS_EVENT_KIND_OTHER);
	CHECK_INT(event.data.n, EVENT_DATA_MAX - 1);
	CHECK(event.has_truncated && event.truncated);
	/* what is cut off can't be read: no success */
	memset(data, ' ', sizeof(data) - 1);
	memcpy(data, GRACEFUL, strlen(GRACEFUL) - 1);
	data[EVENT_DATA_MAX] = '}';
	data[EVENT_DATA_MAX + 1] = '\0';
	arrive(stream, HCS_TYPE_SYSTEM_EXITED, data);
	event = next(stream, &arena, HCS_EVENT_KIND_EXITED);
	CHECK(event.truncated && !event.exit.success);
	CHECK_INT(event.exit.type, HCS_EXIT_TYPE_UNKNOWN);
	done(stream);
}

TEST(event_stream_timeout)
{
	_cleanup_(arena_done) struct arena arena = { .chunk = NULL };
	struct event_stream *stream = open_stream();
	struct hcs_event event;

	CHECK_INT(event_stream_next(stream, 0, &arena, &event), -ETIMEDOUT);
	CHECK_INT(event_stream_next(stream, 3, &arena, &event), -ETIMEDOUT);
	arrive(stream, 7, NULL);
	next(stream, &arena, HCS_EVENT_KIND_OTHER);
	CHECK_INT(event_stream_next(stream, 0, &arena, &event), -ETIMEDOUT);
	done(stream);
}

static void arrive_numbered(struct event_stream *stream, unsigned from, unsigned n)
{
	for (unsigned i = from; i < from + n; i++) {
		char text[16];

		snprintf(text, sizeof(text), "%u", i);
		arrive(stream, 7, text);
	}
}

static void check_numbered(struct event_stream *stream, unsigned from, unsigned n)
{
	for (unsigned i = from; i < from + n; i++) {
		_cleanup_(arena_done) struct arena arena = { .chunk = NULL };
		char text[16];

		snprintf(text, sizeof(text), "%u", i);
		CHECK_VIEW(next(stream, &arena, HCS_EVENT_KIND_OTHER).data, text);
	}
}

TEST(event_stream_lags_in_order)
{
	_cleanup_(arena_done) struct arena arena = { .chunk = NULL };
	struct event_stream *stream = open_stream();

	arrive_numbered(stream, 0, EVENT_STREAM_ROOM + 5);
	check_numbered(stream, 0, 2);
	/* the gap lies before what comes now */
	arrive_numbered(stream, 100, 2);
	arrive_numbered(stream, 200, 3);
	check_numbered(stream, 2, EVENT_STREAM_ROOM - 2);
	CHECK_U64(next(stream, &arena, HCS_EVENT_KIND_LAGGED).lagged, 5);
	check_numbered(stream, 100, 2);
	CHECK_U64(next(stream, &arena, HCS_EVENT_KIND_LAGGED).lagged, 3);
	arrive_numbered(stream, 300, 1);
	check_numbered(stream, 300, 1);
	done(stream);
}

TEST(event_stream_keeps_the_end_when_full)
{
	_cleanup_(arena_done) struct arena arena = { .chunk = NULL };
	struct event_stream *stream = open_stream();

	arrive_numbered(stream, 0, EVENT_STREAM_ROOM + 1000);
	arrive(stream, HCS_TYPE_GUEST_CONNECTION_CLOSED, NULL);
	arrive(stream, HCS_TYPE_GUEST_CONNECTION_CLOSED, NULL);
	arrive(stream, HCS_TYPE_SYSTEM_EXITED, GRACEFUL);
	check_numbered(stream, 0, EVENT_STREAM_ROOM);
	CHECK_U64(next(stream, &arena, HCS_EVENT_KIND_LAGGED).lagged, 1000);
	next(stream, &arena, HCS_EVENT_KIND_GUEST_CONNECTION_CLOSED);
	CHECK_U64(next(stream, &arena, HCS_EVENT_KIND_LAGGED).lagged, 1);
	CHECK(next(stream, &arena, HCS_EVENT_KIND_EXITED).exit.success);
	check_ended(stream, &arena);
	done(stream);
}

TEST(event_stream_first_end_wins)
{
	static const struct {
		uint32_t type;
		enum hcs_event_kind kind;
	} rows[] = { { HCS_TYPE_SYSTEM_EXITED, HCS_EVENT_KIND_EXITED },
		     { HCS_TYPE_SERVICE_DISCONNECT, HCS_EVENT_KIND_SERVICE_DISCONNECTED },
		     { 0, HCS_EVENT_KIND_CLOSED } };

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_(arena_done) struct arena arena = { .chunk = NULL };
		struct event_stream *stream = open_stream();

		CASE("%s", hcs_event_kind_name(rows[i].kind));
		if (rows[i].type)
			arrive(stream, rows[i].type, NULL);
		else
			event_stream_end(stream);
		arrive(stream, HCS_TYPE_SERVICE_DISCONNECT, NULL);
		arrive(stream, HCS_TYPE_SYSTEM_EXITED, GRACEFUL);
		arrive(stream, 7, NULL);
		if (rows[i].type)
			event_stream_end(stream);
		next(stream, &arena, rows[i].kind);
		check_ended(stream, &arena);
		event_stream_unref(stream);
	}
}

/* What was noticed of a crash counts although nobody could read it. */
TEST(event_stream_crash_is_no_success)
{
	static const uint32_t types[] = { HCS_TYPE_CRASH_INITIATED, HCS_TYPE_CRASH_REPORT };

	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		_cleanup_(arena_done) struct arena arena = { .chunk = NULL };
		struct event_stream *stream = open_stream();
		struct hcs_event event;

		arrive_numbered(stream, 0, EVENT_STREAM_ROOM);
		arrive(stream, types[i], "{}");
		arrive(stream, HCS_TYPE_SYSTEM_EXITED, GRACEFUL);
		check_numbered(stream, 0, EVENT_STREAM_ROOM);
		next(stream, &arena, HCS_EVENT_KIND_LAGGED);
		event = next(stream, &arena, HCS_EVENT_KIND_EXITED);
		CHECK(!event.exit.success);
		CHECK_VIEW(event.exit.reason, "crashed, ended gracefully, status 0");
		done(stream);
	}
}

TEST(event_stream_ids)
{
	_cleanup_(arena_done) struct arena arena = { .chunk = NULL };
	struct event_stream *first = open_stream(), *second = open_stream();
	uintptr_t id = event_stream_id(first);
	struct hcs_event event;

	CHECK(id != 0 && id != event_stream_id(second));
	/* small numbers: no address of anything */
	CHECK(id < 4096);
	arrive(first, 7, "1");
	CHECK_INT(event_stream_next(second, 0, &arena, &event), -ETIMEDOUT);
	next(first, &arena, HCS_EVENT_KIND_OTHER);
	done(first);
	/* late, and never given out */
	event_stream_arrived(id, HCS_TYPE_SYSTEM_EXITED, view(GRACEFUL));
	event_stream_arrived(0, HCS_TYPE_SYSTEM_EXITED, view(GRACEFUL));
	event_stream_arrived(UINTPTR_MAX, HCS_TYPE_SYSTEM_EXITED, view(GRACEFUL));
	event_stream_arrived((uintptr_t)&event, HCS_TYPE_SYSTEM_EXITED, view(GRACEFUL));
	CHECK_INT(event_stream_next(second, 0, &arena, &event), -ETIMEDOUT);
	done(second);
	second = open_stream();
	CHECK(event_stream_id(second) != id);
	done(second);
}

TEST(event_stream_is_read_on_after_its_end)
{
	_cleanup_(arena_done) struct arena arena = { .chunk = NULL };
	struct event_stream *stream = open_stream(), *mine = event_stream_ref(stream);

	arrive_numbered(stream, 0, 3);
	done(stream);
	check_numbered(mine, 0, 3);
	next(mine, &arena, HCS_EVENT_KIND_CLOSED);
	check_ended(mine, &arena);
	event_stream_unref(mine);
}

static void *read_to_the_end(void *arg)
{
	struct event_stream *stream = arg;
	struct hcs_event event = { .event = HCS_EVENT_KIND_OTHER };
	int r;

	do {
		_cleanup_(arena_done) struct arena arena = { .chunk = NULL };

		r = event_stream_next(stream, EVENT_WAIT_FOREVER, &arena, &event);
	} while (r == 0);
	CHECK_INT(r, -ENODATA);
	CHECK_INT(event.event, HCS_EVENT_KIND_CLOSED);
	event_stream_unref(stream);
	return NULL;
}

/* A watcher of the reference's lives for ever when nobody says that the system has ended. */
TEST(event_stream_end_wakes_the_reader)
{
	struct event_stream *stream = open_stream();
	const struct timespec pause = { .tv_nsec = 5000000 };
	pthread_t reader;

	CHECK_INT(pthread_create(&reader, NULL, read_to_the_end, event_stream_ref(stream)), 0);
	nanosleep(&pause, NULL);
	done(stream);
	CHECK_INT(pthread_join(reader, NULL), 0);
}

struct hook {
	struct event_stream *stream;
	unsigned calls;
	bool ends, was_in_arrived;
};

static void ready(void *user)
{
	struct hook *hook = user;

	hook->calls++;
	hook->was_in_arrived = event_stream_in_arrived();
	if (hook->ends)
		event_stream_end(hook->stream);
}

TEST(event_stream_ready)
{
	_cleanup_(arena_done) struct arena arena = { .chunk = NULL };
	struct hook hook = { .calls = 0 };

	CHECK_INT(event_stream_new("web-1", ready, &hook, &hook.stream), 0);
	arrive(hook.stream, 7, NULL);
	CHECK_INT(hook.calls, 1);
	CHECK(hook.was_in_arrived && !event_stream_in_arrived());
	next(hook.stream, &arena, HCS_EVENT_KIND_OTHER);
	event_stream_end(hook.stream);
	CHECK_INT(hook.calls, 2);
	CHECK(!hook.was_in_arrived);
	event_stream_arrived(event_stream_id(hook.stream), 7, view(NULL));
	CHECK_INT(hook.calls, 2);
	next(hook.stream, &arena, HCS_EVENT_KIND_CLOSED);
	event_stream_unref(hook.stream);
}

TEST(event_stream_end_within_ready)
{
	_cleanup_(arena_done) struct arena arena = { .chunk = NULL };
	struct hook hook = { .ends = true };

	CHECK_INT(event_stream_new("web-1", ready, &hook, &hook.stream), 0);
	arrive(hook.stream, 7, NULL);
	CHECK_INT(hook.calls, 1);
	arrive(hook.stream, 7, NULL);
	CHECK_INT(hook.calls, 1);
	next(hook.stream, &arena, HCS_EVENT_KIND_OTHER);
	next(hook.stream, &arena, HCS_EVENT_KIND_CLOSED);
	check_ended(hook.stream, &arena);
	event_stream_unref(hook.stream);
}

struct slow {
	struct event_stream *stream;
	atomic_bool inside, left;
};

static void ready_slowly(void *user)
{
	const struct timespec pause = { .tv_nsec = 20000000 };
	struct slow *slow = user;

	if (atomic_exchange(&slow->inside, true))
		return;
	nanosleep(&pause, NULL);
	atomic_store(&slow->left, true);
}

static void *arrive_once(void *arg)
{
	struct slow *slow = arg;

	arrive(slow->stream, 7, NULL);
	return NULL;
}

/* What ready uses may go when the stream has ended: nobody is in it then. */
TEST(event_stream_end_waits_for_ready)
{
	struct slow slow = { .stream = NULL };
	pthread_t thread;

	CHECK_INT(event_stream_new("web-1", ready_slowly, &slow, &slow.stream), 0);
	CHECK_INT(pthread_create(&thread, NULL, arrive_once, &slow), 0);
	while (!atomic_load(&slow.inside))
		sched_yield();
	event_stream_end(slow.stream);
	CHECK(atomic_load(&slow.left));
	CHECK_INT(pthread_join(thread, NULL), 0);
	event_stream_unref(slow.stream);
}
