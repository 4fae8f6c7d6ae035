#include "server/guest/gcs_start.h"

#include <stdio.h>

#include "tests/check.h"
#include "tests/server/guest/guest.h"
#include "tests/server/guest/streams.h"

#define LOGS "\"GuestDefinedCapabilities\":{\"LogForwardingSupported\":true}"
#define ALL                                                                                        \
	"{\"SendHostCreateMessage\":true,\"SendHostStartMessage\":true,"                           \
	"\"ModifyServiceSettingsSupported\":true," LOGS "}"

struct outcome {
	int r;
	struct gcs_started started;
	char detail[GCS_DETAIL_MAX];
	char log[2048]; /* types that the guest was asked, with the documents */
};

static struct outcome start(const struct guest_manners *manners, bool forward_logs)
{
	const struct gcs_bridge_options none = { 0 };
	const struct gcs_start_options options = { .forward_logs = forward_logs,
						   .timeout_ms = 10000 };
	struct transport *host, *guest;
	struct gcs_bridge *bridge;
	struct fake_guest g;
	struct outcome o;

	streams_pair(&host, &guest);
	fake_guest_start(&g, guest, manners);
	CHECK_INT(gcs_bridge_start(&none, host, &bridge), 0);
	o.r = gcs_cold_start(bridge, &options, &o.started, o.detail);
	gcs_bridge_close(bridge);
	fake_guest_wait(&g);
	snprintf(o.log, sizeof(o.log), "%.*s", VIEW(buf_view(&g.log)));
	buf_done(&g.log);
	return o;
}

TEST(a_guest_that_wants_everything)
{
	const struct guest_manners manners = { .version = 4, .capabilities = ALL };
	struct outcome o = start(&manners, true);
	const char *create, *begin, *logs;

	CHECK_INT(o.r, 0);
	CHECK_STR(o.detail, "");
	CHECK_INT(o.started.forwarding, GCS_FORWARDING_ON);
	create = strstr(o.log, "\n10100101 ");
	begin = strstr(o.log, "\n10100201 ");
	logs = strstr(o.log, "\n10200101 ");
	CHECK(strncmp(o.log, "10100b01 ", 9) == 0);
	CHECK(create && begin && logs && create < begin && begin < logs);
	CHECK(strstr(logs, "\"RPCType\":\"StartLogForwarding\""));
	CHECK(strstr(o.log, "Coordinated Universal Time"));
}

TEST(a_guest_that_wants_nothing)
{
	const struct guest_manners manners = { .version = 4, .capabilities = "{}" };
	struct outcome o = start(&manners, false);

	CHECK_INT(o.r, 0);
	CHECK_INT(o.started.forwarding, GCS_FORWARDING_OFF);
	CHECK(!strchr(o.log, '\n')[1]); /* negotiate alone */
}

/* That the message is known says nothing about logs. */
TEST(logs_are_asked_of_who_can_send_them)
{
	const struct guest_manners manners = {
		.version = 4, .capabilities = "{\"ModifyServiceSettingsSupported\":true}"
	};
	const struct guest_manners other = { .version = 4, .capabilities = "{" LOGS "}" };
	struct outcome o = start(&manners, true);

	CHECK_INT(o.r, 0);
	CHECK_INT(o.started.forwarding, GCS_FORWARDING_UNSUPPORTED);
	CHECK(!strstr(o.log, "10200101"));
	o = start(&other, true);
	CHECK_INT(o.started.forwarding, GCS_FORWARDING_ON);
}

TEST(an_old_guest_does_not_know_the_word)
{
	static const char *const answers[] = {
		"{\"Result\":-2143878901,\"ErrorMessage\":\"unknown message 270532865\"}",
		"{\"Result\":-1070137077,\"ErrorMessage\":\"unknown message 270532865\"}",
	};

	for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
		const struct guest_manners manners = { .version = 4,
						       .capabilities = ALL,
						       .logging_answer = answers[i] };
		struct outcome o = start(&manners, true);

		CASE("%s", answers[i]);
		CHECK_INT(o.r, 0);
		CHECK_INT(o.started.forwarding, GCS_FORWARDING_UNSUPPORTED);
		CHECK(strstr(o.detail, "270532865"));
	}
}

TEST(a_guest_that_refuses_goes_on_without)
{
	const struct guest_manners manners = {
		.version = 4,
		.capabilities = ALL,
		.logging_answer = "{\"Result\":-2147024891,\"ErrorMessage\":\"denied\"}"
	};
	struct outcome o = start(&manners, true);

	CHECK_INT(o.r, 0);
	CHECK_INT(o.started.forwarding, GCS_FORWARDING_REFUSED);
	CHECK_STR(o.detail, "log forwarding: 0x80070005 denied");
}

TEST(what_fails_says_where)
{
	const struct guest_manners other = { .version = 5, .capabilities = "{}" };
	const struct guest_manners refuses = {
		.version = 4,
		.capabilities = ALL,
		.create_answer = "{\"Result\":-2147467259,\"ErrorMessage\":\"no\"}"
	};
	struct outcome o = start(&other, true);

	CHECK_INT(o.r, -EPROTONOSUPPORT);
	CHECK_STR(o.detail, "negotiate: the guest speaks version 5, not 4");
	o = start(&refuses, true);
	CHECK_INT(o.r, -EIO);
	CHECK_STR(o.detail, "create: 0x80004005 no");
	CHECK(!strstr(o.log, "10100201"));
}

TEST(a_guest_that_says_nothing)
{
	const struct gcs_bridge_options none = { 0 };
	const struct gcs_start_options options = { .timeout_ms = 30 };
	struct transport *host, *guest;
	struct gcs_bridge *bridge;
	struct gcs_started started;
	char detail[GCS_DETAIL_MAX];

	streams_pair(&host, &guest);
	CHECK_INT(gcs_bridge_start(&none, host, &bridge), 0);
	CHECK_INT(gcs_cold_start(bridge, &options, &started, detail), -ETIMEDOUT);
	CHECK(strncmp(detail, "negotiate: ", 11) == 0);
	gcs_bridge_close(bridge);
	transport_close(guest);
}
