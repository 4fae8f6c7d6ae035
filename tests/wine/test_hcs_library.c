#include "server/windows/hcs_library.h"

#include <windows.h>

#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>

#include "server/hcs/document.h"
#include "server/hcs/system.h"
#include "tests/check.h"
#include "tests/wine/stub/computecore.h"

#define LONG_MS      20000u
#define DONE_SECONDS 20
#define GRACEFUL     "{\"Status\":0,\"ExitType\":\"GracefulExit\"}"
#define STRANGE_ID   "w\303\251b-\346\274\242-\360\237\214\231"

static struct hcs_error error;

/* One of the stubs where the loader looks, under a name that is none of Windows'. */
static const wchar_t *stub_file(const char *name)
{
	static wchar_t file[64];
	wchar_t to[MAX_PATH];
	const char *build = getenv("B");
	char from[MAX_PATH];
	UINT n = GetSystemDirectoryW(to, MAX_PATH);
	wchar_t wide[MAX_PATH];

	snprintf(from, sizeof(from), "%s-windows/tests/wine/stub/%s.dll", build ? build : "build",
		 name);
	CHECK(MultiByteToWideChar(CP_UTF8, 0, from, -1, wide, MAX_PATH) > 0);
	swprintf(file, ARRAY_SIZE(file), L"overlayd-test-%hs.dll", name);
	swprintf(to + n, MAX_PATH - n, L"\\%ls", file);
	/* one that is loaded can't be written over, and is there */
	CHECK(GetModuleHandleW(file) || CopyFileW(wide, to, FALSE));
	return file;
}

static const wchar_t *loaded;

static void tell_stub(const char *script)
{
	static wchar_t wide[EVENT_DATA_MAX];

	CHECK(MultiByteToWideChar(CP_UTF8, 0, script, -1, wide, ARRAY_SIZE(wide)) > 0);
	CHECK(SetEnvironmentVariableW(L"HCS_STUB", wide));
}

static struct hcs_api *start(const char *script)
{
	struct hcs_api *api;

	tell_stub(script);
	loaded = stub_file("computecore");
	if (hcs_library_open_from(loaded, &api, &error) < 0)
		check_fail(__FILE__, __LINE__, "%s", error.text);
	return api;
}

/* Nothing is owed, once the stub's own threads have gone. */
static void check_done(struct hcs_api *api)
{
	HMODULE module = GetModuleHandleW(loaded);
	stub_outstanding *outstanding =
		(stub_outstanding *)(void *)GetProcAddress(module, "StubOutstanding");
	stub_violations *violations =
		(stub_violations *)(void *)GetProcAddress(module, "StubViolations");
	ULONGLONG end = GetTickCount64() + DONE_SECONDS * 1000;

	while (outstanding() > 0 && GetTickCount64() < end)
		Sleep(1);
	CHECK_INT(outstanding(), 0);
	CHECK_INT(violations(), 0);
	hcs_library_close(api);
}

static struct compute_system *create(const struct hcs_api *api)
{
	struct compute_system *system;

	if (compute_system_create(api, STRANGE_ID, "{\"Owner\":\"o\"}", NULL, LONG_MS, &system,
				  &error) < 0)
		check_fail(__FILE__, __LINE__, "%s", error.text);
	return system;
}

static struct hcs_event next(struct compute_system *system, struct arena *arena)
{
	struct hcs_event event;

	CHECK_INT(event_stream_next(compute_system_events(system), LONG_MS, arena, &event), 0);
	return event;
}

TEST(hcs_library_life)
{
	_cleanup_(buf_done) struct buf out = { .p = NULL };
	struct hcs_api *api = start("shutdown document={}\nterminate document={}");
	struct compute_system *system = create(api);

	CHECK(api->cancel_operation != NULL);
	CHECK_INT(compute_system_start(system, LONG_MS, &error), 0);
	CHECK_INT(compute_system_properties(system, NULL, LONG_MS, &out, &error), 0);
	CHECK_VIEW(buf_view(&out), "{\"Id\":\"" STRANGE_ID "\",\"State\":\"Running\"}");
	CHECK_INT(compute_system_modify(system, "{}", LONG_MS, &error), 0);
	CHECK_INT(compute_system_shut_down(system, LONG_MS, &error), 0);
	CHECK_INT(compute_system_terminate(system, LONG_MS, &error), 0);
	compute_system_close(system);
	check_done(api);
}

TEST(hcs_library_enumerate)
{
	_cleanup_(arena_done) struct arena arena = { .chunk = NULL };
	_cleanup_(buf_done) struct buf out = { .p = NULL };
	struct hcs_api *api =
		start("enumerate document=[{\"Id\":\"" STRANGE_ID "\"},{\"Id\":\"b\"}]");
	struct hcs_system_list list;

	CHECK_INT(compute_systems_enumerate(api, NULL, LONG_MS, &out, &error), 0);
	CHECK_INT(document_systems(buf_view(&out), &arena, &list), 0);
	CHECK_INT(list.systems.n, 2);
	CHECK_VIEW(list.systems.items[0].id, STRANGE_ID);
	check_done(api);
}

/* Result documents are freed by LocalFree, those of failures too: the stub counts its calls. */
TEST(hcs_library_failures)
{
	static const struct {
		const char *script;
		int want;
		const char *text;
	} rows[] = {
		{ "start result=0xC0370110 document={\"ErrorMessage\":\"gone\"}", -ESRCH,
		  "HCS_E_SYSTEM_ALREADY_STOPPED (0xC0370110): the compute system has ended "
		  "already: "
		  "gone" },
		{ "start begin=0x80370105", -EBUSY,
		  "HCS_E_INVALID_STATE (0x80370105): the compute "
		  "system is in a state that does not allow this" },
		{ "start delay=60 document={}", -ETIMEDOUT,
		  "HCS_E_OPERATION_TIMEOUT (0x80370118): the operation did not end in time" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct hcs_api *api = start(rows[i].script);
		struct compute_system *system = create(api);
		char want[HCS_ERROR_TEXT_MAX];

		CASE("%s", rows[i].script);
		CHECK_INT(compute_system_start(system, rows[i].want == -ETIMEDOUT ? 1 : LONG_MS,
					       &error),
			  rows[i].want);
		snprintf(want, sizeof(want), "start " STRANGE_ID ": %s", rows[i].text);
		CHECK_STR(error.text, want);
		compute_system_close(system);
		check_done(api);
	}
}

TEST(hcs_library_create_fails)
{
	static const char *const scripts[] = {
		"create result=0x8037010D document={\"ErrorMessage\":\"no\"}",
		"create delay=60",
		"callback begin=0x80370119",
		"create begin=0x8037010F",
	};

	for (size_t i = 0; i < ARRAY_SIZE(scripts); i++) {
		struct hcs_api *api = start(scripts[i]);
		struct compute_system *system;

		CASE("%s", scripts[i]);
		CHECK(compute_system_create(api, "a", "{}", NULL, i == 1 ? 1 : LONG_MS, &system,
					    &error) < 0);
		check_done(api);
	}
}

TEST(hcs_library_text_that_is_none)
{
	struct hcs_api *api = start("");
	struct compute_system *system;

	CHECK_INT(compute_system_open(api, "a\377", &system, &error), -EINVAL);
	CHECK_INT(compute_system_create(api, "a", "{\"\300\"}", NULL, LONG_MS, &system, &error),
		  -EINVAL);
	check_done(api);
}

TEST(hcs_library_event)
{
	_cleanup_(arena_done) struct arena arena = { .chunk = NULL };
	struct hcs_api *api = start("event on=start type=3 data={\"r\":\"" STRANGE_ID "\"}\n"
				    "event on=start type=1 delay=30 data=" GRACEFUL);
	struct compute_system *system = create(api);
	struct hcs_event event;

	CHECK_INT(compute_system_start(system, LONG_MS, &error), 0);
	event = next(system, &arena);
	CHECK_INT(event.event, HCS_EVENT_KIND_CRASH_REPORT);
	CHECK_VIEW(event.data, "{\"r\":\"" STRANGE_ID "\"}");
	CHECK_VIEW(event.system, STRANGE_ID);
	event = next(system, &arena);
	CHECK_INT(event.event, HCS_EVENT_KIND_EXITED);
	CHECK_INT(event.exit.type, HCS_EXIT_TYPE_GRACEFUL);
	CHECK(!event.exit.success); /* it had crashed */
	compute_system_close(system);
	check_done(api);
}

TEST(hcs_library_event_data)
{
	_cleanup_(arena_done) struct arena arena = { .chunk = NULL };
	static char script[EVENT_DATA_MAX + 1000];
	struct hcs_api *api;
	struct compute_system *system;
	struct hcs_event event;

	strcpy(script, "event on=callback type=7\nevent on=start type=7 data=");
	memset(script + strlen(script), 'x', EVENT_DATA_MAX + 100);
	/* no longer than what an environment variable may hold */
	script[32000] = '\0';
	api = start(script);
	system = create(api);
	event = next(system, &arena);
	CHECK(!event.data.p);
	CHECK_INT(compute_system_start(system, LONG_MS, &error), 0);
	event = next(system, &arena);
	CHECK_INT(event.data.n,
		  32000 - strlen("event on=callback type=7\nevent on=start type=7 data="));
	CHECK(!event.has_truncated);
	compute_system_close(system);
	check_done(api);
}

/* ---- close ---- */

TEST(hcs_library_late_events)
{
	_cleanup_(arena_done) struct arena arena = { .chunk = NULL };
	struct hcs_api *api = start("event on=start type=1 delay=40 data=" GRACEFUL "\n"
				    "event on=close type=1 late=1 threads=3 data=" GRACEFUL);
	struct compute_system *system = create(api);
	struct event_stream *stream = event_stream_ref(compute_system_events(system));
	struct hcs_event event;

	CHECK_INT(compute_system_start(system, LONG_MS, &error), 0);
	compute_system_close(system);
	CHECK_INT(event_stream_next(stream, LONG_MS, &arena, &event), 0);
	CHECK_INT(event.event, HCS_EVENT_KIND_CLOSED);
	check_done(api);
	CHECK_INT(event_stream_next(stream, 0, &arena, &event), -ENODATA);
	event_stream_unref(stream);
}

static void close_user(void *user)
{
	struct compute_system **system = user, *mine = *system;

	*system = NULL;
	compute_system_close(mine);
}

TEST(hcs_library_close_within_an_event)
{
	_cleanup_(arena_done) struct arena arena = { .chunk = NULL };
	struct hcs_api *api = start("event on=start type=7");
	struct compute_system *system, *handle;
	const struct compute_system_reader reader = { close_user, &handle };
	struct event_stream *stream;
	struct hcs_event event;

	CHECK_INT(compute_system_create(api, "a", "{}", &reader, LONG_MS, &system, &error), 0);
	handle = system;
	stream = event_stream_ref(compute_system_events(system));
	CHECK_INT(compute_system_start(system, LONG_MS, &error), 0);
	CHECK_INT(event_stream_next(stream, LONG_MS, &arena, &event), 0);
	CHECK_INT(event.event, HCS_EVENT_KIND_OTHER);
	CHECK_INT(event_stream_next(stream, LONG_MS, &arena, &event), 0);
	CHECK_INT(event.event, HCS_EVENT_KIND_CLOSED);
	event_stream_unref(stream);
	check_done(api);
}

struct reading {
	struct event_stream *stream;
	atomic_uint seen;
	enum hcs_event_kind last;
};

static void *read_all(void *arg)
{
	struct reading *reading = arg;
	struct hcs_event event;
	bool ended = false;

	for (;;) {
		_cleanup_(arena_done) struct arena arena = { .chunk = NULL };

		if (event_stream_next(reading->stream, EVENT_WAIT_FOREVER, &arena, &event) < 0)
			break;
		CHECK(!ended);
		ended = event.event == HCS_EVENT_KIND_CLOSED ||
			event.event == HCS_EVENT_KIND_EXITED;
		atomic_fetch_add(&reading->seen,
				 event.event == HCS_EVENT_KIND_LAGGED ? (unsigned)event.lagged : 1);
		reading->last = event.event;
	}
	CHECK(ended);
	return NULL;
}

/* 10,000 events from 4 threads each time: closed somewhere among them, and then not. */
TEST(hcs_library_burst)
{
	static const unsigned close_at[] = { 1, 50, 500, 3000, 9000, UINT_MAX };

	for (size_t i = 0; i < ARRAY_SIZE(close_at); i++) {
		struct hcs_api *api = start("event on=start type=7 threads=4 count=2500 data={}\n"
					    "event on=shutdown type=1 data=" GRACEFUL);
		struct compute_system *system = create(api);
		struct reading reading = { .stream = event_stream_ref(
						   compute_system_events(system)) };
		unsigned at = MIN(close_at[i], 10000u);
		pthread_t reader;

		CASE("close at %u", close_at[i]);
		CHECK_INT(pthread_create(&reader, NULL, read_all, &reading), 0);
		CHECK_INT(compute_system_start(system, LONG_MS, &error), 0);
		while (atomic_load(&reading.seen) < at)
			sched_yield();
		if (close_at[i] == UINT_MAX) {
			CHECK_INT(compute_system_shut_down(system, LONG_MS, &error), 0);
			pthread_join(reader, NULL);
			CHECK_INT(reading.last, HCS_EVENT_KIND_EXITED);
			CHECK_INT(atomic_load(&reading.seen), 10001);
			compute_system_close(system);
		} else {
			compute_system_close(system);
			pthread_join(reader, NULL);
			CHECK_INT(reading.last, HCS_EVENT_KIND_CLOSED);
			CHECK(atomic_load(&reading.seen) <= 10001);
		}
		event_stream_unref(reading.stream);
		check_done(api);
	}
}

/* ---- the library ---- */

TEST(hcs_library_missing)
{
	struct hcs_api *api = NULL;

	CHECK_INT(hcs_library_open_from(L"overlayd-test-nowhere.dll", &api, &error), -ENOTSUP);
	CHECK(!api);
	CHECK_STR(error.text,
		  "hcs: overlayd-test-nowhere.dll can't be loaded, error 126 (needs Windows "
		  "with the Containers or the Hyper-V feature)");
}

/* What lies beside the program, or where it runs, is not the system's. */
TEST(hcs_library_only_from_the_system)
{
	const char *build = getenv("B");
	wchar_t path[MAX_PATH];
	struct hcs_api *api;

	swprintf(path, MAX_PATH, L"%hs-windows/tests/wine/stub", build ? build : "build");
	CHECK(SetCurrentDirectoryW(path));
	CHECK_INT(hcs_library_open_from(L"lacking.dll", &api, &error), -ENOTSUP);
	CHECK(strstr(error.text, "error 126"));
}

TEST(hcs_library_lacks_what_is_needed)
{
	struct hcs_api *api = NULL;

	CHECK_INT(hcs_library_open_from(stub_file("lacking"), &api, &error), -ENOTSUP);
	CHECK(!api);
	CHECK(strncmp(error.text, "hcs: overlayd-test-lacking.dll has no HcsModifyComputeSystem (",
		      62) == 0);
}

TEST(hcs_library_lacks_what_is_not_needed)
{
	struct compute_system *system;
	struct hcs_api *api;

	tell_stub("start delay=30");
	loaded = stub_file("old");
	CHECK_INT(hcs_library_open_from(loaded, &api, &error), 0);
	CHECK(!api->cancel_operation);
	system = create(api);
	CHECK_INT(compute_system_start(system, 1, &error), -ETIMEDOUT);
	compute_system_close(system);
	check_done(api);
}
