#include "client/ctl/command_line.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "build_id.h"
#include "runtime/number.h"

#define TIMEOUT_DEFAULT_MS 30000
#define TIMEOUT_MOST       86400

static int wrong(const char *flag, const char *why)
{
	fprintf(stderr, "overlayctl: %s: %s\nTry 'overlayctl help'.\n", flag, why);
	return -EINVAL;
}

static int take(const char *flag, const char *value, struct command_line *ret)
{
	uint64_t seconds;

	if (strcmp(flag, "--socket") == 0) {
		ret->socket = value;
	} else if (strcmp(flag, "--data-dir") == 0) {
		ret->data_dir = value;
	} else if (strcmp(flag, "--timeout") == 0) {
		if (u64_parse(view(value), TIMEOUT_MOST, &seconds) < 0)
			return wrong(flag, "expected seconds, 0 to 86400");
		ret->timeout_ms = (unsigned)seconds * 1000;
	} else {
		return wrong(flag, "unknown");
	}
	return 0;
}

int command_line_parse(char **argv, struct command_line *ret)
{
	*ret = (struct command_line){ .timeout_ms = TIMEOUT_DEFAULT_MS };
	for (argv++; *argv && strncmp(*argv, "--", 2) == 0; argv++) {
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
		if (!argv[1])
			return wrong(*argv, "unknown, or its value is missing");
		r = take(argv[0], argv[1], ret);
		if (r < 0)
			return r;
		argv++;
	}
	ret->rest = argv;
	return 0;
}
