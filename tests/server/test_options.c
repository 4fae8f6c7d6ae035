#include "server/options.h"

#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <unistd.h>

#include "build_id.h"
#include "tests/check.h"

#define ARGS_MAX 10

/* What was printed on both streams while the line was read. */
struct outcome {
	enum options_verdict verdict;
	struct options options;
	char out[4096], err[4096];
};

static int divert(int fd, char *path)
{
	int file = mkstemp(path), kept = fcntl(fd, F_DUPFD_CLOEXEC, 10);

	CHECK(file >= 0 && kept >= 0);
	CHECK_INT(dup2(file, fd), fd);
	close(file);
	return kept;
}

static void restore(int fd, int kept, char *path, char text[4096])
{
	struct ovd_view printed = check_file(path);

	snprintf(text, 4096, "%.*s", VIEW(printed));
	CHECK_INT(dup2(kept, fd), fd);
	close(kept);
	unlink(path);
}

static struct outcome parse(const char *const *args)
{
	char *argv[ARGS_MAX] = { "overlayd" }, out[] = "/tmp/options-XXXXXX",
	     err[] = "/tmp/options-XXXXXX";
	struct outcome o;
	int n = 1, kept_out, kept_err;

	for (; *args; args++)
		argv[n++] = (char *)*args;
	fflush(stdout);
	kept_out = divert(STDOUT_FILENO, out);
	kept_err = divert(STDERR_FILENO, err);
	optind = 0; /* getopt begins anew */
	o.verdict = options_parse(n, argv, &o.options);
	fflush(stdout);
	restore(STDERR_FILENO, kept_err, err, o.err);
	restore(STDOUT_FILENO, kept_out, out, o.out);
	return o;
}

#define PARSE(...) parse((const char *const[]){ __VA_ARGS__ __VA_OPT__(, ) NULL })

TEST(nothing_is_the_defaults)
{
	struct outcome o = PARSE();

	CHECK_INT(o.verdict, OPTIONS_RUN);
	CHECK(!o.options.data_dir && !o.options.socket);
	CHECK_INT(o.options.log_level, LOG_INFO);
	CHECK_INT(o.options.log_format, LOG_TEXT);
	CHECK(!o.options.keep_on_term);
	CHECK_STR(o.out, "");
	CHECK_STR(o.err, "");
}

TEST(every_option)
{
	struct outcome o = PARSE("--data-dir", "/d", "--socket=/s", "--log-level", "debug",
				 "--log-format=json", "--on-term", "keep");

	CHECK_INT(o.verdict, OPTIONS_RUN);
	CHECK_STR(o.options.data_dir, "/d");
	CHECK_STR(o.options.socket, "/s");
	CHECK_INT(o.options.log_level, LOG_DEBUG);
	CHECK_INT(o.options.log_format, LOG_JSON);
	CHECK(o.options.keep_on_term);
	CHECK_STR(o.err, "");

	o = PARSE("--on-term=keep", "--on-term=down");
	CHECK(!o.options.keep_on_term);
	CHECK(!o.options.log_forward);

	o = PARSE("--log-forward", "vsock:109", "--log-forward-dir=/l",
		  "--log-forward-format=json");
	CHECK_INT(o.verdict, OPTIONS_RUN);
	CHECK_STR(o.options.log_forward, "vsock:109");
	CHECK_STR(o.options.log_forward_dir, "/l");
	CHECK_INT(o.options.log_forward_format, LOG_FORWARD_JSON);

	o = PARSE("--socket", "/a", "--socket", "/b", "--service");
	CHECK_INT(o.verdict, OPTIONS_RUN);
	CHECK_STR(o.options.socket, "/b");
	CHECK(!o.options.data_dir);
}

TEST(what_is_asked_is_printed)
{
	struct outcome o = PARSE("--version");
	char help[sizeof(o.out)];

	CHECK_INT(o.verdict, OPTIONS_DONE);
	CHECK_STR(o.out, "overlayd " BUILD_VERSION "\n");
	o = PARSE("--build-id");
	CHECK_INT(o.verdict, OPTIONS_DONE);
	CHECK_STR(o.out, BUILD_ID "\n");
	CHECK_INT(strlen(o.out), 65);
	o = PARSE("--help");
	CHECK_INT(o.verdict, OPTIONS_DONE);
	CHECK(strstr(o.out, "usage: overlayd") == o.out);
	CHECK(strstr(o.out, "--data-dir") && strstr(o.out, "--socket") &&
	      strstr(o.out, "--log-level") && strstr(o.out, "--log-format") &&
	      strstr(o.out, "--log-forward ADDRESS") && strstr(o.out, "--log-forward-dir") &&
	      strstr(o.out, "--log-forward-format") && strstr(o.out, "--build-id") &&
	      strstr(o.out, "--version"));
	CHECK_STR(o.err, "");
	memcpy(help, o.out, sizeof(help));
	o = PARSE("-h");
	CHECK_INT(o.verdict, OPTIONS_DONE);
	CHECK_STR(o.out, help);
	o = PARSE("--build-id", "--nope"); /* what comes first counts */
	CHECK_INT(o.verdict, OPTIONS_DONE);
}

TEST(what_is_wrong_is_named)
{
	static const struct {
		const char *args[4], *text;
	} lines[] = {
		{ { "--nope" }, "--nope: unknown option" },
		{ { "--nope=3" }, "--nope=3: unknown option" },
		{ { "-x" }, "-x: unknown option" },
		{ { "-xh" }, "-x: unknown option" },
		{ { "word" }, "word: unexpected" },
		{ { "--version-of-what" }, "--version-of-what: unknown option" },
		{ { "--socket", "/s", "word" }, "word: unexpected" },
		{ { "--data-dir" }, "--data-dir: its value is missing" },
		{ { "--data-dir=" }, "--data-dir: a path is missing" },
		{ { "--build-id=1" }, "--build-id=1: takes no value" },
		{ { "--log-level", "loud" },
		  "--log-level loud: expected error, warn, info or debug" },
		{ { "--log-level=" }, "--log-level : expected error, warn, info or debug" },
		{ { "--log-level=DEBUG" },
		  "--log-level DEBUG: expected error, warn, info or debug" },
		{ { "--log-format", "xml" }, "--log-format xml: expected text or json" },
		{ { "--on-term", "stay" }, "--on-term stay: expected down or keep" },
		{ { "--log-forward", "vsock:x" },
		  "--log-forward vsock:x: expected vsock:PORT, unix:PATH or "
		  "tcp:127.0.0.1:PORT" },
		{ { "--log-forward-dir=" }, "--log-forward-dir: a path is missing" },
		{ { "--log-forward-format", "xml" },
		  "--log-forward-format xml: expected raw or json" },
		{ { "--nope", "--help" }, "--nope: unknown option" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		struct outcome o = parse(lines[i].args);
		char want[256];

		CASE("%s", lines[i].args[0]);
		CHECK_INT(o.verdict, OPTIONS_WRONG);
		CHECK_STR(o.out, "");
		snprintf(want, sizeof(want), "overlayd: %s; try 'overlayd --help'\n",
			 lines[i].text);
		CHECK_STR(o.err, want);
	}
}
