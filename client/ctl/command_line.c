#include "client/ctl/command_line.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "build_id.h"
#include "runtime/number.h"

#define TIMEOUT_DEFAULT_MS 30000
#define TIMEOUT_MOST       86400

static const char *const valued[] = { "--socket", "--data-dir", "--codec", "--timeout" };

bool command_line_knows(const char *word)
{
	size_t n = strcspn(word, "=");

	for (size_t i = 0; i < ARRAY_SIZE(valued); i++)
		if (strlen(valued[i]) == n && strncmp(valued[i], word, n) == 0)
			return true;
	return strcmp(word, "--json") == 0;
}

static int wrong(struct ovd_view flag, const char *why)
{
	fprintf(stderr, "overlayctl: %.*s: %s\nTry 'overlayctl help'.\n", VIEW(flag), why);
	return -EINVAL;
}

static int take_timeout(struct ovd_view flag, const char *value, struct command_line *ret)
{
	uint64_t seconds;

	if (u64_parse(view(value), TIMEOUT_MOST, &seconds) < 0)
		return wrong(flag, "expected seconds, 0 to 86400");
	ret->timeout_ms = (unsigned)seconds * 1000;
	ret->has_timeout = true;
	return 0;
}

static int take_codec(struct ovd_view flag, const char *value, struct command_line *ret)
{
	if (codec_parse(view(value), &ret->codec) < 0)
		return wrong(flag, "expected json or protobuf");
	if (!codec_is_built(ret->codec))
		return wrong(flag, "not built in");
	return 0;
}

static int take(struct ovd_view flag, const char *value, struct command_line *ret)
{
	bool socket = view_eq(flag, VIEW_LITERAL("--socket"));
	bool data_dir = view_eq(flag, VIEW_LITERAL("--data-dir"));
	bool codec = view_eq(flag, VIEW_LITERAL("--codec"));

	if (!socket && !data_dir && !codec && !view_eq(flag, VIEW_LITERAL("--timeout")))
		return wrong(flag, "unknown");
	if (!value)
		return wrong(flag, "its value is missing");
	if (socket)
		ret->socket = value;
	else if (data_dir)
		ret->data_dir = value;
	else if (codec)
		return take_codec(flag, value, ret);
	else
		return take_timeout(flag, value, ret);
	return 0;
}

int command_line_parse(char **argv, struct command_line *ret)
{
	*ret = (struct command_line){ .timeout_ms = TIMEOUT_DEFAULT_MS };
	for (argv++; *argv && strncmp(*argv, "--", 2) == 0; argv++) {
		struct ovd_view flag = { .p = *argv, .n = strcspn(*argv, "=") };
		int r;

		if (strcmp(*argv, "--version") == 0) {
			puts("overlayctl " BUILD_VERSION);
			return 1;
		}
		if (strcmp(*argv, "--help") == 0)
			break;
		if (strcmp(*argv, "--json") == 0) {
			ret->json = true;
			continue;
		}
		if ((*argv)[flag.n] == '=') {
			r = take(flag, *argv + flag.n + 1, ret);
		} else {
			r = take(flag, argv[1], ret);
			argv++;
		}
		if (r < 0)
			return r;
	}
	ret->rest = argv;
	return 0;
}
