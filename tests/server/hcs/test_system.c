#include "server/hcs/system.h"

#include <pthread.h>

#include "server/hcs/document.h"
#include "tests/check.h"
#include "tests/server/hcs/fake_hcs.h"

#define LONG_MS  20000u
#define GRACEFUL "{\"Status\":0,\"ExitType\":\"GracefulExit\"}"
#define FAILED   "{\"Error\":-2147467259,\"ErrorMessage\":\"the disk is gone\"}"

static struct hcs_error error;

static struct compute_system *create(struct fake_hcs *fake)
{
	struct compute_system *system;

	CHECK_INT(compute_system_create(&fake->api, "web-1", "{}", NULL, LONG_MS, &system, &error),
		  0);
	return system;
}

static struct compute_system *open_it(struct fake_hcs *fake)
{
	struct compute_system *system;

	CHECK_INT(compute_system_open(&fake->api, "web-1", &system, &error), 0);
	return system;
}

static struct hcs_event next(struct event_stream *stream, struct arena *arena)
{
	struct hcs_event event;

	CHECK_INT(event_stream_next(stream, LONG_MS, arena, &event), 0);
	return event;
}

TEST(system_life)
{
	_cleanup_(arena_done) struct arena arena = { .chunk = NULL };
	_cleanup_(buf_done) struct buf out = { .p = NULL };
	struct compute_system *system;
	struct event_stream *stream;
	struct fake_hcs fake;

	fake_init(&fake);
	for (int i = 0; i < FAKE_N_CALLS; i++)
		fake.scripts[i].document = "{\"State\":\"Running\"}";
	system = create(&fake);
	stream = event_stream_ref(compute_system_events(system));
	CHECK_STR(fake.texts[FAKE_CREATE], "{}");
	CHECK_INT(compute_system_start(system, LONG_MS, &error), 0);
	CHECK_INT(compute_system_properties(system, "{\"q\":1}", LONG_MS, &out, &error), 0);
	CHECK_VIEW(buf_view(&out), "{\"State\":\"Running\"}");
	CHECK_STR(fake.texts[FAKE_PROPERTIES], "{\"q\":1}");
	CHECK_INT(compute_system_modify(system, "{\"m\":1}", LONG_MS, &error), 0);
	CHECK_STR(fake.texts[FAKE_MODIFY], "{\"m\":1}");
	CHECK_INT(compute_system_shut_down(system, LONG_MS, &error), 0);
	CHECK_INT(compute_system_terminate(system, LONG_MS, &error), 0);
	CHECK(fake_emit(&fake, HCS_TYPE_SYSTEM_EXITED, GRACEFUL));
	compute_system_close(system);
	CHECK(next(stream, &arena).exit.success);
	event_stream_unref(stream);
	CHECK_STR(fake.order, "cwspmST");
	fake_check_done(&fake);
}

/* The SDK keeps those for itself: NULL, not "". */
TEST(system_gives_no_options)
{
	_cleanup_(buf_done) struct buf out = { .p = NULL };
	struct compute_system *system;
	struct fake_hcs fake;

	fake_init(&fake);
	system = open_it(&fake);
	CHECK_U64(fake.access, 0x10000000);
	compute_system_start(system, LONG_MS, &error);
	compute_system_shut_down(system, LONG_MS, &error);
	compute_system_terminate(system, LONG_MS, &error);
	compute_system_properties(system, NULL, LONG_MS, &out, &error);
	compute_systems_enumerate(&fake.api, NULL, LONG_MS, &out, &error);
	compute_system_close(system);
	CHECK(fake.had_no_text[FAKE_START] && fake.had_no_text[FAKE_SHUT_DOWN] &&
	      fake.had_no_text[FAKE_TERMINATE] && fake.had_no_text[FAKE_PROPERTIES] &&
	      fake.had_no_text[FAKE_ENUMERATE]);
	CHECK_INT(out.n, 0);
	fake_check_done(&fake);
}

/* ---- create ---- */

/* What was made by half is ended and let go, however it failed. */
TEST(system_create_fails)
{
	static const struct {
		const char *name;
		struct fake_script create, callback;
		bool no_handle;
		uint32_t timeout_ms;
		int want;
		const char *order;
	} rows[] = {
		{ "refused", { .begin = (int32_t)0x8037010F }, {}, true, LONG_MS, -EEXIST, "c" },
		{ "fails in the end",
		  { .result = (int32_t)0x8037010D, .document = FAILED },
		  {},
		  false,
		  LONG_MS,
		  -EINVAL,
		  "cT" },
		{ "fails late",
		  { .result = (int32_t)0x8037010D, .delay_ms = 5 },
		  {},
		  false,
		  LONG_MS,
		  -EINVAL,
		  "cT" },
		{ "fails without a handle",
		  { .result = (int32_t)0x80370102 },
		  {},
		  true,
		  LONG_MS,
		  -ENOTSUP,
		  "c" },
		{ "takes too long", { .delay_ms = 60 }, {}, false, 1, -ETIMEDOUT, "cT" },
		{ "can't be watched",
		  {},
		  { .begin = (int32_t)0x80370119 },
		  false,
		  LONG_MS,
		  -EALREADY,
		  "cwT" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct compute_system *system = NULL;
		struct fake_hcs fake;

		CASE("%s", rows[i].name);
		fake_init(&fake);
		fake.scripts[FAKE_CREATE] = rows[i].create;
		fake.scripts[FAKE_SET_CALLBACK] = rows[i].callback;
		fake.scripts[FAKE_TERMINATE].result = (int32_t)0x80370110; /* is ignored */
		fake.create_gives_no_handle = rows[i].no_handle;
		CHECK_INT(compute_system_create(&fake.api, "web-1", "{}", NULL, rows[i].timeout_ms,
						&system, &error),
			  rows[i].want);
		CHECK(!system);
		CHECK(strncmp(error.text,
			      rows[i].callback.begin ? "watch web-1: " : "create web-1: ", 12) ==
		      0);
		CHECK_STR(fake.order, rows[i].order);
		fake_check_done(&fake);
	}
}

static void exit_now(struct fake_hcs *fake)
{
	CHECK(fake_emit(fake, HCS_TYPE_SYSTEM_EXITED,
			"{\"Status\":-2143878906,\"ExitType\":\"UnexpectedExit\"}"));
}

/* A system that dies while it starts is seen: who reads need not wait for a timeout. */
TEST(system_dies_while_it_starts)
{
	_cleanup_(arena_done) struct arena arena = { .chunk = NULL };
	struct compute_system *system;
	struct fake_hcs fake;
	struct hcs_event event;

	fake_init(&fake);
	fake.scripts[FAKE_START] =
		(struct fake_script){ .result = (int32_t)0x80370100, .during = exit_now };
	system = create(&fake);
	CHECK_INT(compute_system_start(system, LONG_MS, &error), -ESRCH);
	event = next(compute_system_events(system), &arena);
	CHECK_INT(event.event, HCS_EVENT_KIND_EXITED);
	CHECK(!event.exit.success);
	CHECK_INT(event.exit.type, HCS_EXIT_TYPE_UNEXPECTED);
	CHECK_STR(fake.order, "cws");
	compute_system_close(system);
	fake_check_done(&fake);
}

/* ---- watch ---- */

static int watch(struct fake_hcs *fake, struct compute_system **ret)
{
	return compute_system_watch(&fake->api, "web-1", NULL, LONG_MS, ret, &error);
}

TEST(system_watch)
{
	_cleanup_(arena_done) struct arena arena = { .chunk = NULL };
	struct compute_system *system;
	struct hcs_event event;
	struct fake_hcs fake;

	fake_init(&fake);
	fake.scripts[FAKE_PROPERTIES].document = "{\"State\":\"Running\"}";
	CHECK_INT(watch(&fake, &system), 0);
	CHECK_STR(fake.order, "owp");
	CHECK_INT(event_stream_next(compute_system_events(system), 0, &arena, &event), -ETIMEDOUT);
	CHECK(fake_emit(&fake, HCS_TYPE_SERVICE_DISCONNECT, NULL));
	CHECK_INT(next(compute_system_events(system), &arena).event,
		  HCS_EVENT_KIND_SERVICE_DISCONNECTED);
	compute_system_close(system);
	fake_check_done(&fake);
}

/* It had ended before anybody listened. */
TEST(system_watch_what_has_ended)
{
	static const struct fake_script scripts[] = {
		{ .document = "{\"State\":\"Stopped\"}" },
		{ .begin = (int32_t)0x8037010E },
		{ .result = (int32_t)0xC0370110, .document = FAILED },
		{ .document = "{\"State\":\"Running\"}", .during = exit_now },
	};

	for (size_t i = 0; i < ARRAY_SIZE(scripts); i++) {
		_cleanup_(arena_done) struct arena arena = { .chunk = NULL };
		struct compute_system *system;
		struct hcs_event event;
		struct fake_hcs fake;

		CASE("%zu", i);
		fake_init(&fake);
		fake.scripts[FAKE_PROPERTIES] = scripts[i];
		CHECK_INT(watch(&fake, &system), 0);
		event = next(compute_system_events(system), &arena);
		CHECK_INT(event.event, HCS_EVENT_KIND_EXITED);
		CHECK(!event.exit.success);
		CHECK_INT(event_stream_next(compute_system_events(system), LONG_MS, &arena, &event),
			  -ENODATA);
		compute_system_close(system);
		fake_check_done(&fake);
	}
}

TEST(system_watch_fails)
{
	static const struct {
		enum fake_call call;
		uint32_t result;
		int want;
	} rows[] = { { FAKE_OPEN, 0x8037010E, -ENOENT },
		     { FAKE_OPEN, 0x80070005, -EACCES },
		     { FAKE_SET_CALLBACK, 0x80370119, -EALREADY },
		     { FAKE_PROPERTIES, 0x8037011E, -ECONNRESET } };

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct compute_system *system = NULL;
		struct fake_hcs fake;

		CASE("%zu", i);
		fake_init(&fake);
		fake.scripts[rows[i].call].begin = (int32_t)rows[i].result;
		CHECK_INT(watch(&fake, &system), rows[i].want);
		CHECK(!system);
		CHECK_INT(fake.calls[FAKE_TERMINATE], 0);
		fake_check_done(&fake);
	}
}

/* Without events there is no subscription to mind. */
TEST(system_open_watches_nothing)
{
	struct compute_system *system;
	struct fake_hcs fake;

	fake_init(&fake);
	system = open_it(&fake);
	CHECK(!compute_system_events(system));
	CHECK_INT(fake.calls[FAKE_SET_CALLBACK], 0);
	compute_system_close(system);
	compute_system_close(NULL);
	fake_check_done(&fake);
}

/* ---- close ---- */

/* The context is a number: what comes after the close finds nothing. */
TEST(system_close_and_late_events)
{
	_cleanup_(arena_done) struct arena arena = { .chunk = NULL };
	struct compute_system *system;
	struct event_stream *stream;
	struct hcs_event event;
	struct fake_hcs fake;
	uintptr_t id;

	fake_init(&fake);
	system = create(&fake);
	id = fake.newest_id;
	stream = event_stream_ref(compute_system_events(system));
	compute_system_close(system);
	CHECK(!fake_emit(&fake, HCS_TYPE_SYSTEM_EXITED, GRACEFUL));
	/* a service that breaks its word */
	event_stream_arrived(id, HCS_TYPE_SYSTEM_EXITED, view(GRACEFUL));
	CHECK_INT(next(stream, &arena).event, HCS_EVENT_KIND_CLOSED);
	CHECK_INT(event_stream_next(stream, 0, &arena, &event), -ENODATA);
	event_stream_unref(stream);
	fake_check_done(&fake);
}

static void close_user(void *user)
{
	struct compute_system **system = user;
	struct compute_system *mine = *system;

	*system = NULL;
	compute_system_close(mine);
}

/* On the thread that the service would wait for. */
TEST(system_close_within_an_event)
{
	for (int later = 0; later < 2; later++) {
		_cleanup_(arena_done) struct arena arena = { .chunk = NULL };
		struct compute_system *system;
		const struct compute_system_reader reader = { close_user, &system };
		struct event_stream *stream;
		struct fake_hcs fake;

		CASE(later ? "on the service's thread" : "on ours");
		fake_init(&fake);
		CHECK_INT(compute_system_create(&fake.api, "web-1", "{}", &reader, LONG_MS, &system,
						&error),
			  0);
		stream = event_stream_ref(compute_system_events(system));
		if (later)
			fake_emit_later(&fake, 7, NULL, 1);
		else
			CHECK(fake_emit(&fake, 7, NULL));
		CHECK_INT(next(stream, &arena).event, HCS_EVENT_KIND_OTHER);
		CHECK_INT(next(stream, &arena).event, HCS_EVENT_KIND_CLOSED);
		event_stream_unref(stream);
		fake_check_done(&fake);
	}
}

static void *start_slowly(void *arg)
{
	struct hcs_error mine;

	CHECK_INT(compute_system_start(arg, LONG_MS, &mine), 0);
	return NULL;
}

/* The handle stays until the last who uses it has left; the events end at once. */
TEST(system_close_while_in_use)
{
	_cleanup_(arena_done) struct arena arena = { .chunk = NULL };
	struct compute_system *system;
	struct event_stream *stream;
	struct fake_hcs fake;
	pthread_t thread;

	fake_init(&fake);
	fake.scripts[FAKE_START].delay_ms = 30;
	system = create(&fake);
	stream = event_stream_ref(compute_system_events(system));
	CHECK_INT(pthread_create(&thread, NULL, start_slowly, system), 0);
	pthread_mutex_lock(&fake.lock);
	while (fake.calls[FAKE_START] == 0)
		pthread_cond_wait(&fake.changed, &fake.lock);
	pthread_mutex_unlock(&fake.lock);
	compute_system_close(system);
	CHECK_INT(next(stream, &arena).event, HCS_EVENT_KIND_CLOSED);
	CHECK_INT(pthread_join(thread, NULL), 0);
	event_stream_unref(stream);
	fake_check_done(&fake);
}

TEST(system_enumerate)
{
	_cleanup_(arena_done) struct arena arena = { .chunk = NULL };
	_cleanup_(buf_done) struct buf out = { .p = NULL };
	struct hcs_system_list list;
	struct fake_hcs fake;

	fake_init(&fake);
	fake.scripts[FAKE_ENUMERATE].document = "[{\"Id\":\"a\"},{\"Id\":\"b\"}]";
	CHECK_INT(
		compute_systems_enumerate(&fake.api, "{\"Owners\":[\"o\"]}", LONG_MS, &out, &error),
		0);
	CHECK_STR(fake.texts[FAKE_ENUMERATE], "{\"Owners\":[\"o\"]}");
	CHECK_INT(document_systems(buf_view(&out), &arena, &list), 0);
	CHECK_INT(list.systems.n, 2);
	fake_check_done(&fake);
}
