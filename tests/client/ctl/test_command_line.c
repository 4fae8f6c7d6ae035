#include "client/ctl/command_line.h"

#include <stdio.h>

#include "tests/check.h"

static const struct {
	const char *argv[10];
	struct command_line line;
	const char *first; /* of the rest */
} good[] = {
	{ { "x" }, { .timeout_ms = 30000 }, NULL },
	{ { "x", "status" }, { .timeout_ms = 30000 }, "status" },
	{ { "x", "status", "--json" }, { .timeout_ms = 30000 }, "status" }, /* the command's */
	{ { "x", "--json", "status" }, { .timeout_ms = 30000, .json = true }, "status" },
	{ { "x", "--socket", "/s", "status" }, { .timeout_ms = 30000, .socket = "/s" }, "status" },
	{ { "x", "--socket=/s=1", "a" }, { .timeout_ms = 30000, .socket = "/s=1" }, "a" },
	{ { "x", "--socket", "--json", "a" }, { .timeout_ms = 30000, .socket = "--json" }, "a" },
	{ { "x", "--data-dir", "/d", "a" }, { .timeout_ms = 30000, .data_dir = "/d" }, "a" },
	{ { "x", "--data-dir=/d" }, { .timeout_ms = 30000, .data_dir = "/d" }, NULL },
	{ { "x", "--timeout", "0", "a" }, { .timeout_ms = 0 }, "a" },
	{ { "x", "--timeout=86400", "a" }, { .timeout_ms = 86400000 }, "a" },
	{ { "x", "--timeout", "5", "--timeout", "6", "a" }, { .timeout_ms = 6000 }, "a" },
	{ { "x", "--json", "--help", "a" }, { .timeout_ms = 30000, .json = true }, "--help" },
	{ { "x", "--socket", "/s", "--data-dir", "/d", "--timeout", "1", "--json", "a" },
	  { .timeout_ms = 1000, .socket = "/s", .data_dir = "/d", .json = true },
	  "a" },
	{ { "x", "--codec", "json", "a" }, { .timeout_ms = 30000 }, "a" },
#if WITH_PROTOBUF
	{ { "x", "--codec=protobuf", "a" },
	  { .timeout_ms = 30000, .codec = OVD_CODEC_PROTOBUF },
	  "a" },
#endif
	{ { "x", "-json" }, { .timeout_ms = 30000 }, "-json" }, /* no such command */
	{ { "x", "" }, { .timeout_ms = 30000 }, "" },
};

TEST(command_line)
{
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		struct command_line line;

		CASE("line %zu: %s", i, good[i].argv[1] ? good[i].argv[1] : "");
		CHECK_INT(command_line_parse((char **)good[i].argv, &line), 0);
		CHECK_STR(line.socket, good[i].line.socket);
		CHECK_STR(line.data_dir, good[i].line.data_dir);
		CHECK_INT(line.json, good[i].line.json);
		CHECK_INT(line.codec, good[i].line.codec);
		CHECK_INT(line.timeout_ms, good[i].line.timeout_ms);
		CHECK_STR(line.rest[0], good[i].first);
	}
}

static const struct {
	const char *argv[5];
	const char *why;
} bad[] = {
	{ { "x", "--nope", "status" }, "--nope: unknown" },
	{ { "x", "--nope" }, "--nope: unknown" },
	{ { "x", "--nope=1" }, "--nope: unknown" },
	{ { "x", "--", "status" }, "--: unknown" },
	{ { "x", "--json=1", "status" }, "--json: unknown" },
	{ { "x", "--socket" }, "--socket: its value is missing" },
	{ { "x", "--data-dir" }, "--data-dir: its value is missing" },
	{ { "x", "--codec" }, "--codec: its value is missing" },
	{ { "x", "--codec", "xml" }, "--codec: expected json or protobuf" },
	{ { "x", "--codec=", "a" }, "--codec: expected json or protobuf" },
#if !WITH_PROTOBUF
	{ { "x", "--codec", "protobuf" }, "--codec: not built in" },
#endif
	{ { "x", "--timeout" }, "--timeout: its value is missing" },
	{ { "x", "--timeout", "" }, "--timeout: expected seconds, 0 to 86400" },
	{ { "x", "--timeout", "-1" }, "--timeout: expected seconds, 0 to 86400" },
	{ { "x", "--timeout", "1.5" }, "--timeout: expected seconds, 0 to 86400" },
	{ { "x", "--timeout", "86401" }, "--timeout: expected seconds, 0 to 86400" },
	{ { "x", "--timeout=", "a" }, "--timeout: expected seconds, 0 to 86400" },
};

TEST(wrong_command_lines)
{
	FILE *real = stderr;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		_cleanup_(freep) char *text = NULL;
		struct command_line line;
		char want[256];
		size_t n;
		int r;

		CASE("%s", bad[i].why);
		stderr = open_memstream(&text, &n);
		r = command_line_parse((char **)bad[i].argv, &line);
		fclose(stderr);
		stderr = real;
		CHECK_INT(r, -EINVAL);
		snprintf(want, sizeof(want), "overlayctl: %s\nTry 'overlayctl help'.\n",
			 bad[i].why);
		CHECK_STR(text, want);
	}
}
