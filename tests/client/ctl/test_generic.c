/* overlayctl call and describe, against a daemon that is newer than the program. */
#include <stdio.h>
#include <stdlib.h>

#include "client/ctl/exit.h"
#include "tests/check.h"
#include "tests/client/ctl/ran.h"
#include "tests/client/fake_daemon.h"

#define NEWER                                                                                      \
	"{\\\"messages\\\":{\\\"Request\\\":{\\\"operations\\\":true,\\\"variants\\\":["           \
	"{\\\"name\\\":\\\"wag_tail\\\",\\\"message\\\":\\\"WagTail\\\",\\\"answers\\\":["         \
	"\\\"wagged\\\"],"                                                                         \
	"\\\"since\\\":\\\"9\\\",\\\"doc\\\":\\\"Wags.\\u001b\\\"}]},"                             \
	"\\\"WagTail\\\":{\\\"fields\\\":["                                                        \
	"{\\\"key\\\":\\\"times\\\",\\\"type\\\":\\\"u8\\\",\\\"presence\\\":\\\"required\\\","    \
	"\\\"doc"                                                                                  \
	"\\\":\\\"How often.\\\"},"                                                                \
	"{\\\"key\\\":\\\"dog\\\",\\\"type\\\":\\\"text\\\",\\\"presence\\\":\\\"optional\\\","    \
	"\\\"doc"                                                                                  \
	"\\\":\\\"Whose.\\\"}]}}}"

static int describe(int listener)
{
	int fd = fake_accept(listener);

	fake_answer(fd, fake_take(fd, "describe"),
		    "{\"result\":\"description\",\"schema\":\"overlayd\",\"json\":\"" NEWER
		    "\",\"descriptors\":\"\"}");
	return fd;
}

static void describe_only(int listener)
{
	fake_closed(describe(listener));
}

static void describe_twice(int listener)
{
	describe_only(listener);
	describe_only(listener);
}

TEST(describe)
{
	struct fake_daemon fake;

	fake_start(&fake, describe_twice);
	check_ran(RUN("--socket", fake.socket, "describe"), EXIT_OK,
		  "wag_tail                  Wags.\\x1b\n", "");
	check_ran(
		RUN("--socket", fake.socket, "describe", "wag-tail"), EXIT_OK,
		"usage: overlayctl wag-tail --times N [FLAGS]\n\nWags.\\x1b\nAnswers: wagged, err. "
		"Since 9.\n\n  --times N\n      How often.\n  --dog TEXT (optional)\n      "
		"Whose.\n",
		"");
	fake_stop(&fake);
}

static void wag(int listener)
{
	int fd = describe(listener);
	char *body = fake_read(fd);

	CHECK_STR(body, "{\"frame\":\"request\",\"id\":1,\"request\":{\"op\":\"wag_tail\","
			"\"times\":3,\"dog\":\"a=b \\\"c\\\"\"}}");
	free(body);
	fake_answer(fd, 1, "{\"result\":\"wagged\",\"times\":3}");
	fake_closed(fd);
}

/* Neither the operation nor its answer is known to this program. */
TEST(call)
{
	struct fake_daemon fake;

	fake_start(&fake, wag);
	check_ran(RUN("--socket", fake.socket, "call", "wag_tail", "times=3", "dog=a=b \"c\""),
		  EXIT_OK, "{\n  \"result\": \"wagged\",\n  \"times\": 3\n}\n", "");
	fake_stop(&fake);
}

static void refuse(int listener)
{
	int fd = describe(listener);

	free(fake_read(fd));
	fake_answer(fd, 1, "{\"result\":\"err\",\"message\":\"no\",\"code\":\"invalid\"}");
	fake_closed(fd);
}

TEST(call_that_is_refused)
{
	struct fake_daemon fake;

	fake_start(&fake, refuse);
	check_ran(RUN("--socket", fake.socket, "call", "wag-tail", "--times", "3"), EXIT_ERR, "",
		  "overlayctl: no\n");
	fake_stop(&fake);
}

static void describe_four_times(int listener)
{
	describe_twice(listener);
	describe_twice(listener);
}

TEST(wrong_words)
{
	struct fake_daemon fake;

	fake_start(&fake, describe_four_times);
	check_ran(RUN("--socket", fake.socket, "call", "wag_tail"), EXIT_USAGE, "",
		  "overlayctl call wag_tail: --times N is missing\n");
	check_ran(RUN("--socket", fake.socket, "call", "wag_tail", "times=x"), EXIT_USAGE, "",
		  "overlayctl call wag_tail: --times: expected N\n");
	check_ran(RUN("--socket", fake.socket, "call", "wag_tail", "cat=x"), EXIT_USAGE, "",
		  "overlayctl call wag_tail: --cat=x: unknown; see overlayctl help wag-tail\n");
	check_ran(RUN("--socket", fake.socket, "call", "sit"), EXIT_USAGE, "",
		  "overlayctl: the daemon has no operation sit\nTry 'overlayctl describe'.\n");
	fake_stop(&fake);
	CHECK_INT(RUN("call")->status, EXIT_USAGE);
	CHECK_INT(RUN("call", "--help")->status, EXIT_OK);
	CHECK_INT(RUN("help", "call")->status, EXIT_OK);
	CHECK_INT(RUN("describe", "--help")->status, EXIT_OK);
	CHECK_INT(RUN("help", "describe")->status, EXIT_OK);
}

static void know_nothing(int listener)
{
	int fd = fake_accept(listener);

	fake_answer(fd, fake_take(fd, "describe"),
		    "{\"result\":\"err\",\"message\":\"unknown variant\"}");
	fake_closed(fd);
}

/* The reference's, and ours of before. */
TEST(a_daemon_that_does_not_describe_itself)
{
	struct fake_daemon fake;

	fake_start(&fake, know_nothing);
	check_ran(RUN("--socket", fake.socket, "describe"), EXIT_ERR, "",
		  "overlayctl: the daemon does not describe itself\n");
	fake_stop(&fake);
}
