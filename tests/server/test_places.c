#include "server/places.h"

#include <stdlib.h>
#include <string.h>

#include "tests/check.h"

TEST(the_command_line_goes_first)
{
	const struct options options = { .data_dir = "/d", .socket = "/s.sock" };
	struct places at;

	CHECK_INT(setenv("ZLAYER_DATA_DIR", "/e", 1), 0);
	places_find(&options, &at);
	CHECK_STR(at.data_dir, "/d");
	CHECK_STR(at.run_dir, "/d/run");
	CHECK_STR(at.log_dir, "/d/logs");
	CHECK_STR(at.socket, "/s.sock");
}

TEST(then_the_environment)
{
	const struct options options = { .data_dir = NULL };
	struct places at;

	CHECK_INT(setenv("ZLAYER_DATA_DIR", "/e", 1), 0);
	places_find(&options, &at);
	CHECK_STR(at.data_dir, "/e");
	CHECK_STR(at.socket, "/e/run/zlayer-overlayd.sock");
}

TEST(one_that_is_too_long_is_cut)
{
	char text[PATHS_MAX + 100];
	const struct options options = { .data_dir = text };
	struct places at;

	memset(text, 'a', sizeof(text) - 1);
	text[0] = '/';
	text[sizeof(text) - 1] = '\0';
	places_find(&options, &at);
	CHECK_INT(strlen(at.data_dir), PATHS_MAX - 1);
}
