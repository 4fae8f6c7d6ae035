/* overlayctl raw, against a daemon that does what the test says. */
#include <string.h>

#include "client/ctl/exit.h"
#include "tests/check.h"
#include "tests/client/ctl/ran.h"
#include "tests/client/fake_daemon.h"

static void three_clients(int listener)
{
	for (int i = 0; i < 3; i++)
		fake_serve_one(listener);
}

TEST(raw)
{
	struct fake_daemon fake;

	fake_start(&fake, three_clients);
	check_ran(RUN("--socket", fake.socket, "raw", "{\"op\":\"nat_tick\"}"), EXIT_OK,
		  "{\"frame\":\"response\",\"id\":1,\"response\":" FAKE_OK "}\n", "");
	check_ran(run_with("{\"frame\":\"request\",\"id\":77,\"request\":{}}\n",
			   (const char *const[]){ "--socket", fake.socket, "raw", NULL }),
		  EXIT_OK, "{\"frame\":\"response\",\"id\":77,\"response\":" FAKE_OK "}\n", "");
	check_ran(RUN("--socket", fake.socket, "raw", ""), EXIT_USAGE, "",
		  "overlayctl raw: nothing to send\n");
	fake_stop(&fake);
}

static void want_nothing(int listener)
{
	fake_closed(fake_accept(listener));
}

TEST(raw_that_is_too_large)
{
	struct fake_daemon fake;
	char *large = calloc(9 << 20, 1);

	CHECK(large);
	memset(large, ' ', (9 << 20) - 1);
	fake_start(&fake, want_nothing);
	check_ran(run_with(large, (const char *const[]){ "--socket", fake.socket, "raw", NULL }),
		  EXIT_USAGE, "", "overlayctl: can't be sent: Message too long\n");
	fake_stop(&fake);
	free(large);
}

static void answer_raw(int listener)
{
	int fd = fake_accept(listener);
	char *body = fake_read(fd);

	CHECK_STR(body, "{\"frame\":");
	free(body);
	fake_event(fd, "unasked");
	fake_answer(fd, 0, "{\"result\":\"err\",\"message\":\"\033\"}"); /* which is no JSON */
	fake_closed(fd);
	fd = fake_accept(listener);
	body = fake_read(fd);
	CHECK_STR(body, "garbage");
	free(body);
	fake_answer(fd, 0, "{\"result\":\"err\",\"message\":\"what?\"}");
	fake_closed(fd);
}

TEST(raw_that_is_wrong)
{
	struct fake_daemon fake;

	fake_start(&fake, answer_raw);
	check_ran(RUN("--socket", fake.socket, "raw", "{\"frame\":"), EXIT_PROTOCOL,
		  "{\"frame\":\"response\",\"id\":0,\"response\":{\"result\":\"err\","
		  "\"message\":\"\\u001b\"}}\n",
		  "overlayctl: an answer that is none: response.message: control character in a "
		  "string "
		  "(byte 65)\n");
	check_ran(RUN("--socket", fake.socket, "raw", "garbage"), EXIT_ERR,
		  "{\"frame\":\"response\",\"id\":0,\"response\":{\"result\":\"err\","
		  "\"message\":\"what?\"}}\n",
		  "");
	fake_stop(&fake);
}
