#include "client/ctl/hcs.h"

#include <fcntl.h>
#include <stdio.h>

#include "client/ctl/exit.h"
#include "schema/hcs.h"
#include "tests/check.h"
#include "tests/client/ctl/ran.h"
#include "tests/server/hcs/fake_hcs.h"

#define TWO                                                                                        \
	"[{\"Id\":\"web-1\",\"SystemType\":\"Container\",\"State\":\"Running\",\"Owner\":"         \
	"\"overlayd\",\"RuntimeId\":\"g\"},"                                                       \
	"{\"Id\":\"u\\u001b[31m\",\"SystemType\":\"VirtualMachine\"}]"

static struct fake_hcs fake;
static char out[OUTPUT_MAX], err[OUTPUT_MAX];
static struct command_line line;

static void start(void)
{
	fake_init(&fake);
	line = (struct command_line){ .timeout_ms = 30000 };
}

/* Runs it with both streams in files; what they hold is in out and err afterwards. */
static int run(const char *const *words)
{
	int files[2] = { scratch(""), scratch("") }, kept[2], status;

	line.rest = (char **)words;
	fflush(stdout);
	for (int i = 0; i < 2; i++) {
		kept[i] = fcntl(i + 1, F_DUPFD_CLOEXEC, 3);
		CHECK_INT(dup2(files[i], i + 1), i + 1);
	}
	status = hcs_run_on(&line, &fake.api);
	fflush(stdout);
	read_all(files[0], out);
	read_all(files[1], err);
	for (int i = 0; i < 2; i++) {
		dup2(kept[i], i + 1);
		close(kept[i]);
		close(files[i]);
	}
	return status;
}

#undef RUN
#define RUN(...) run((const char *const[]){ "hcs", __VA_ARGS__, NULL })

TEST(hcs_list)
{
	start();
	fake.scripts[FAKE_ENUMERATE].document = TWO;
	CHECK_INT(RUN("list"), EXIT_OK);
	CHECK_STR(err, "");
	CHECK_STR(out, "\n"
		       "ID         TYPE            STATE    OWNER     RUNTIME ID\n"
		       "web-1      Container       Running  overlayd  g\n"
		       "u\\x1b[31m  VirtualMachine  -        -         -\n");
	fake_check_done(&fake);
}

TEST(hcs_list_json)
{
	start();
	line.json = true;
	fake.scripts[FAKE_ENUMERATE].document = TWO;
	CHECK_INT(RUN("list"), EXIT_OK);
	CHECK_STR(out, "{\"id\":\"web-1\",\"type\":\"Container\",\"state\":\"Running\",\"owner\":"
		       "\"overlayd\",\"runtime_id\":\"g\"}\n"
		       "{\"id\":\"u\\u001b[31m\",\"type\":\"VirtualMachine\",\"state\":\"\","
		       "\"owner\":\"\",\"runtime_id\":\"\"}\n");
	fake_check_done(&fake);
}

TEST(hcs_list_nothing)
{
	start();
	fake.scripts[FAKE_ENUMERATE].document = "[]";
	CHECK_INT(RUN("list"), EXIT_OK);
	CHECK_STR(out, "systems  -\n");
	line.json = true;
	CHECK_INT(RUN("list"), EXIT_OK);
	CHECK_STR(out, "");
	fake_check_done(&fake);
}

TEST(hcs_list_unreadable)
{
	start();
	fake.scripts[FAKE_ENUMERATE].document = "{}";
	CHECK_INT(RUN("list"), EXIT_PROTOCOL);
	fake.scripts[FAKE_ENUMERATE].document = NULL;
	CHECK_INT(RUN("list"), EXIT_PROTOCOL);
	fake_check_done(&fake);
}

TEST(hcs_change)
{
	static const struct {
		const char *word;
		const char *order;
	} rows[] = { { "start", "os" }, { "shutdown", "oS" }, { "terminate", "oT" } };

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CASE("%s", rows[i].word);
		start();
		CHECK_INT(RUN(rows[i].word, "web-1"), EXIT_OK);
		CHECK_STR(out, "ok\n");
		CHECK_STR(fake.order, rows[i].order);
		CHECK_STR(fake.texts[FAKE_OPEN], "web-1");
		line.json = true;
		CHECK_INT(RUN(rows[i].word, "web-1"), EXIT_OK);
		CHECK_STR(out, "{\"result\":\"ok\"}\n");
		fake_check_done(&fake);
	}
}

TEST(hcs_change_fails)
{
	static const struct {
		uint32_t result;
		int status;
		const char *code;
	} rows[] = { { 0x8037010E, EXIT_ERR, "not_found" },
		     { 0x80070005, EXIT_ERR, "not_permitted" },
		     { 0x80370105, EXIT_ERR, "busy" },
		     { 0x80370110, EXIT_ERR, "failed" },
		     { 0x8037010D, EXIT_ERR, "invalid" },
		     { 0x80370118, EXIT_TIMEOUT, "timed_out" },
		     { 0x80370114, EXIT_CONNECTION, "unavailable" } };

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char want[64];

		CASE("%08x", rows[i].result);
		start();
		fake.scripts[FAKE_START].result = (int32_t)rows[i].result;
		fake.scripts[FAKE_START].document = "{\"ErrorMessage\":\"a\\u0007b\"}";
		CHECK_INT(RUN("start", "web-1"), rows[i].status);
		CHECK_STR(out, "");
		CHECK(strncmp(err, "overlayctl: start web-1: ", 25) == 0);
		CHECK(strstr(err, ": a\\x07b"));
		line.json = true;
		CHECK_INT(RUN("start", "web-1"), rows[i].status);
		snprintf(want, sizeof(want), ",\"code\":\"%s\"}\n", rows[i].code);
		CHECK(strstr(out, want) && strstr(out, "a\\u0007b"));
		CHECK_STR(err, "");
		fake_check_done(&fake);
	}
}

TEST(hcs_timeout)
{
	line = (struct command_line){ .timeout_ms = 30000 };
	CHECK_U64(hcs_timeout(&line), 240000);
	line.has_timeout = true;
	CHECK_U64(hcs_timeout(&line), 30000);
	start();
	line.has_timeout = true;
	line.timeout_ms = 1;
	fake.scripts[FAKE_START].delay_ms = 40;
	CHECK_INT(RUN("start", "web-1"), EXIT_TIMEOUT);
	fake_check_done(&fake);
}

TEST(hcs_properties)
{
	start();
	fake.scripts[FAKE_PROPERTIES].document = "{\"Id\":\"web-1\",\"Memory\":{\"MB\":[1,2]}}";
	CHECK_INT(RUN("properties", "web-1"), EXIT_OK);
	CHECK(fake.had_no_text[FAKE_PROPERTIES]);
	CHECK_STR(out,
		  "{\n  \"Id\": \"web-1\",\n  \"Memory\": {\n    \"MB\": [\n      1,\n      2\n    "
		  "]\n  }\n}\n");
	line.json = true;
	CHECK_INT(RUN("properties", "web-1", "Memory", "Statistics"), EXIT_OK);
	CHECK_STR(fake.texts[FAKE_PROPERTIES], "{\"PropertyTypes\":[\"Memory\",\"Statistics\"]}");
	CHECK_STR(out, "{\"Id\":\"web-1\",\"Memory\":{\"MB\":[1,2]}}\n");
	fake.scripts[FAKE_PROPERTIES].document = "x";
	CHECK_INT(RUN("properties", "web-1"), EXIT_PROTOCOL);
	fake_check_done(&fake);
}

static void end_with_a_crash(struct fake_hcs *f)
{
	CHECK(fake_emit(f, HCS_TYPE_CRASH_REPORT, "{\n\033[31m}"));
	CHECK(fake_emit(f, HCS_TYPE_SYSTEM_EXITED, "{\"Status\":0,\"ExitType\":\"GracefulExit\"}"));
}

/* The text behind the time of each line, as that differs. */
static void check_lines(const char *const *want)
{
	char *at = out;

	for (; *want; want++) {
		CHECK(at[10] == 'T' && at[19] == '.' && at[23] == 'Z');
		at += 24;
		CHECK(strncmp(at, *want, strlen(*want)) == 0 || !printf("%s", at));
		at += strlen(*want);
	}
	CHECK_STR(at, "");
}

TEST(hcs_events)
{
	start();
	fake.scripts[FAKE_PROPERTIES].during = end_with_a_crash;
	CHECK_INT(RUN("events", "web-1"), EXIT_OK);
	check_lines((const char *const[]){
		"  web-1  crash_report  {\\x0a\\x1b[31m}\n",
		"  web-1  exited  failure: crashed, ended gracefully, status 0\n", NULL });
	CHECK_STR(fake.order, "owp");
	fake_check_done(&fake);
}

TEST(hcs_events_json)
{
	_cleanup_(arena_done) struct arena arena = { .chunk = NULL };
	_cleanup_(buf_done) struct buf body = { .p = NULL };
	struct hcs_event event;
	struct ovd_fault fault;
	char *end;

	start();
	line.json = true;
	fake.scripts[FAKE_PROPERTIES].during = end_with_a_crash;
	CHECK_INT(RUN("events", "web-1"), EXIT_OK);
	end = strchr(out, '\n');
	CHECK(end && strstr(out, "\"event\":\"crash_report\",\"data\":\"{\\n\\u001b[31m}\"}\n"));
	CHECK(strstr(end, "\"event\":\"exited\",\"exit\":{\"success\":false,\"type\":\"graceful\","
			  "\"status\":0,\"reason\":\"crashed, ended gracefully, status 0\"},"));
	/* and back */
	CHECK_INT(buf_append(&body, out, (size_t)(end - out)), 0);
	CHECK_INT(buf_append(&body, "", 1), 0);
	body.n--;
	CHECK_INT(hcs_event_decode(buf_view(&body), &arena, &event, &fault), 0);
	CHECK_VIEW(event.system, "web-1");
	CHECK_VIEW(event.data, "{\n\033[31m}");
	fake_check_done(&fake);
}

static void vanish(struct fake_hcs *f)
{
	if (f->calls[FAKE_OPEN] == 1)
		f->scripts[FAKE_PROPERTIES].document = "{\"State\":\"Stopped\"}";
}

/* All there are, each to its end. */
TEST(hcs_events_of_all)
{
	start();
	fake.scripts[FAKE_ENUMERATE].document = TWO;
	fake.scripts[FAKE_PROPERTIES].during = vanish;
	CHECK_INT(RUN("events"), EXIT_OK);
	check_lines((const char *const[]){
		"  web-1  exited  failure: ended, how is unknown, without a status\n",
		"  u\\x1b[31m  exited  failure: ended, how is unknown, without a status\n", NULL });
	CHECK_STR(fake.order, "eowpowp");
	/* listed, and gone since */
	start();
	fake.scripts[FAKE_ENUMERATE].document = TWO;
	fake.scripts[FAKE_OPEN].begin = (int32_t)0x8037010E;
	CHECK_INT(RUN("events"), EXIT_OK);
	CHECK_STR(out, "");
	fake.scripts[FAKE_OPEN].begin = (int32_t)0x80070005;
	CHECK_INT(RUN("events"), EXIT_ERR);
	fake_check_done(&fake);
}

TEST(hcs_events_of_none)
{
	start();
	fake.scripts[FAKE_OPEN].begin = (int32_t)0xC037010E;
	CHECK_INT(RUN("events", "web-1"), EXIT_ERR);
	CHECK_STR(err,
		  "overlayctl: open web-1: HCS_E_SYSTEM_NOT_FOUND (0xC037010E): there is no such "
		  "compute system\n");
	fake_check_done(&fake);
}

/* A document in a file of its own, until the next one; NULL is none. */
static const char *document(const char *text)
{
	static char path[64];
	static int fd = -1;

	fd_closep(&fd);
	if (text)
		fd = scratch(text);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return path;
}

static void exit_soon(struct fake_hcs *f)
{
	fake_emit_later(f, HCS_TYPE_SYSTEM_EXITED, "{\"Status\":0,\"ExitType\":\"GracefulExit\"}",
			3);
}

TEST(hcs_create)
{
	start();
	CHECK_INT(RUN("create", "web-1", document("{\"Owner\":\"o\"}\n")), EXIT_OK);
	CHECK_STR(fake.texts[FAKE_CREATE], "{\"Owner\":\"o\"}\n");
	CHECK_STR(out, "ok\n");
	CHECK_STR(fake.order, "cw");
	start();
	fake.scripts[FAKE_START].during = exit_soon;
	CHECK_INT(RUN("create", "web-1", document("{}"), "--start", "--watch"), EXIT_OK);
	check_lines((const char *const[]){ "  web-1  exited  success: ended gracefully, status 0\n",
					   NULL });
	CHECK_STR(fake.order, "cws");
	document(NULL);
	fake_check_done(&fake);
}

TEST(hcs_create_refuses_documents)
{
	start();
	CHECK_INT(RUN("create", "web-1", document("[]")), EXIT_USAGE);
	CHECK(strstr(err, ": no JSON object\n"));
	document(NULL);
	CHECK_INT(RUN("create", "web-1", "/nowhere/at/all"), EXIT_USAGE);
	CHECK_STR(err, "overlayctl hcs create: /nowhere/at/all: No such file or directory\n");
	CHECK_INT(RUN("create", "web-1", "/dev/zero"), EXIT_USAGE);
	CHECK_STR(err, "overlayctl hcs create: /dev/zero: File too large\n");
	CHECK_STR(fake.order, "");
	fake_check_done(&fake);
}

TEST(hcs_usage)
{
	start();
	CHECK_INT(RUN("nothing"), EXIT_USAGE);
	CHECK(strncmp(err, "usage: overlayctl hcs", 20) == 0);
	CHECK_INT(RUN(NULL), EXIT_USAGE);
	CHECK_INT(RUN("start"), EXIT_USAGE);
	CHECK_INT(RUN("start", "a", "b"), EXIT_USAGE);
	CHECK_INT(RUN("list", "a"), EXIT_USAGE);
	CHECK_INT(RUN("create", "a"), EXIT_USAGE);
	CHECK_INT(RUN("create", "a", document("{}"), "--stop"), EXIT_USAGE);
	CHECK_STR(err, "overlayctl hcs create: --stop: unknown\n");
	document(NULL);
	CHECK_INT(RUN("-h"), EXIT_OK);
	CHECK_INT(RUN("--help"), EXIT_OK);
	CHECK(strncmp(out, "usage: overlayctl hcs", 20) == 0);
	CHECK_STR(fake.order, "");
	fake_check_done(&fake);
}

/* The program, on a host without the service. */
TEST(hcs_needs_windows)
{
	static const char text[] = "overlayctl: hcs: this host has no Host Compute Service (needs "
				   "Windows with the Containers or the Hyper-V feature)\n";

	check_ran(run_with("", (const char *const[]){ "hcs", "list", NULL }), EXIT_CONNECTION, "",
		  text);
	check_ran(run_with("", (const char *const[]){ "hcs", "create", "a", "/nowhere", NULL }),
		  EXIT_CONNECTION, "", text);
}
