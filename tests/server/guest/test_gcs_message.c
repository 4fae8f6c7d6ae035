#include "server/guest/gcs_message.h"

#include <stdio.h>
#include <stdlib.h>

#include "server/guest/hyperv.h"
#include "tests/check.h"

static const struct guid activity = { 0x11223344, 0x5566, 0x7788, { 1, 2, 3, 4, 5, 6, 7, 8 } };

#define HEAD                                                                                       \
	"{\"ActivityId\":\"11223344-5566-7788-0102-030405060708\","                                \
	"\"ContainerId\":\"00000000-0000-0000-0000-000000000000\""

#define CHECK_REQUEST(call, want)                                                                  \
	do {                                                                                       \
		_cleanup_(freep) char *text = NULL;                                                \
		CHECK_INT(call, 0);                                                                \
		CHECK_STR(text, HEAD want);                                                        \
	} while (0)

TEST(requests)
{
	const struct guid local = { .data1 = 1 }, parent = HV_PARENT_ADDRESS;

	CHECK_REQUEST(gcs_negotiate_request(&activity, &text),
		      ",\"MinimumVersion\":4,\"MaximumVersion\":4}");
	CHECK_REQUEST(gcs_start_request(&activity, &text), "}");
	CHECK_REQUEST(gcs_log_forwarding_request(&activity, true, &text),
		      ",\"PropertyType\":\"LogForwardService\",\"Settings\":"
		      "{\"RPCType\":\"StartLogForwarding\",\"Settings\":\"\"}}");
	CHECK_REQUEST(gcs_log_forwarding_request(&activity, false, &text),
		      ",\"PropertyType\":\"LogForwardService\",\"Settings\":"
		      "{\"RPCType\":\"StopLogForwarding\",\"Settings\":\"\"}}");
	CHECK_REQUEST(gcs_hv_socket_request(&activity, &local, &parent, &text),
		      ",\"Request\":{\"ResourceType\":\"HvSocket\",\"RequestType\":\"Update\","
		      "\"Settings\":{\"LocalAddress\":\"00000001-0000-0000-0000-000000000000\","
		      "\"ParentAddress\":\"894cc2d6-9d79-424f-93fe-42969ae6d8d1\"}}}");
}

/* The configuration is a string that is JSON. */
TEST(a_create_request_holds_json_in_a_string)
{
	const struct gcs_time_zone cet = {
		.bias = -60,
		.standard_name = "CET \"winter\"",
		.standard_date = { .month = 10, .day = 5, .hour = 3 },
		.daylight_name = "CEST",
		.daylight_date = { .month = 3, .day = 5, .hour = 2 },
		.daylight_bias = -60,
	};

	CHECK_REQUEST(gcs_create_request(&activity, &gcs_utc, &text),
		      ",\"ContainerConfig\":\"{\\\"SystemType\\\":\\\"Container\\\","
		      "\\\"TimeZoneInformation\\\":{\\\"Bias\\\":0,"
		      "\\\"StandardName\\\":\\\"Coordinated Universal Time\\\","
		      "\\\"StandardDate\\\":{},\\\"StandardBias\\\":0,"
		      "\\\"DaylightName\\\":\\\"Coordinated Universal Time\\\","
		      "\\\"DaylightDate\\\":{},\\\"DaylightBias\\\":0}}\"}");
	CHECK_REQUEST(gcs_create_request(&activity, &cet, &text),
		      ",\"ContainerConfig\":\"{\\\"SystemType\\\":\\\"Container\\\","
		      "\\\"TimeZoneInformation\\\":{\\\"Bias\\\":-60,"
		      "\\\"StandardName\\\":\\\"CET \\\\\\\"winter\\\\\\\"\\\","
		      "\\\"StandardDate\\\":{\\\"Year\\\":0,\\\"Month\\\":10,\\\"DayOfWeek\\\":0,"
		      "\\\"Day\\\":5,\\\"Hour\\\":3,\\\"Minute\\\":0,\\\"Second\\\":0,"
		      "\\\"Milliseconds\\\":0},\\\"StandardBias\\\":0,"
		      "\\\"DaylightName\\\":\\\"CEST\\\","
		      "\\\"DaylightDate\\\":{\\\"Year\\\":0,\\\"Month\\\":3,\\\"DayOfWeek\\\":0,"
		      "\\\"Day\\\":5,\\\"Hour\\\":2,\\\"Minute\\\":0,\\\"Second\\\":0,"
		      "\\\"Milliseconds\\\":0},\\\"DaylightBias\\\":-60}}\"}");
}

TEST(responses)
{
	struct gcs_response r;
	struct gcs_response old = { .result = 0x8037010b }, older = { .result = 0xc037010b },
			    other = { .result = 0x8037010e };

	CHECK_INT(gcs_response_parse(view(HEAD ",\"Result\":0,\"ErrorMessage\":\"\"}"), &r), 0);
	CHECK_U64(r.result, 0);
	CHECK_STR(r.message, "");
	CHECK_SAME(&r.activity, &activity);
	CHECK_INT(gcs_response_parse(view("{\"Result\":-1070137077,\"ErrorMessage\":\"no\","
					  "\"ErrorRecords\":[{\"Result\":1}]}"),
				     &r),
		  0);
	CHECK_U64(r.result, 0xc037010b);
	CHECK_STR(r.message, "no");
	CHECK_INT(gcs_response_parse(view("{\"Result\":3224830219}"), &r), 0);
	CHECK_U64(r.result, 0xc037010b);
	CHECK(gcs_response_unknown(&old) && gcs_response_unknown(&older));
	CHECK(!gcs_response_unknown(&other));
}

TEST(what_is_no_response)
{
	static const char *const texts[] = {
		"",
		"{}",
		"[]",
		"0",
		"{\"Result\":\"0\"}",
		"{\"Result\":null}",
		"{\"Result\":4294967296}",
		"{\"Result\":-2147483649}",
		"{\"Result\":0",
		"{\"Result\":0}{}",
		"{\"Result\":0,\"ErrorMessage\":\"\xff\"}",
	};
	struct gcs_response r = { .result = 7 };

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		CASE("%s", texts[i]);
		CHECK_INT(gcs_response_parse(view(texts[i]), &r), -EBADMSG);
		CHECK_INT(r.result, 7);
	}
}

TEST(a_long_message_is_cut)
{
	char text[2048];
	struct gcs_response r;

	snprintf(text, sizeof(text), "{\"Result\":-1,\"ErrorMessage\":\"%01000d\"}", 0);
	CHECK_INT(gcs_response_parse(view(text), &r), 0);
	CHECK_INT(strlen(r.message), GCS_MESSAGE_MAX - 1);
}

TEST(capabilities)
{
	struct gcs_capabilities c;

	CHECK_INT(
		gcs_capabilities_parse(
			view("{\"Result\":0,\"Version\":4,\"Capabilities\":{"
			     "\"SendHostCreateMessage\":true,\"SendHostStartMessage\":true,"
			     "\"HvSocketConfigOnStartup\":true,\"SendLifecycleNotifications\":true,"
			     "\"ModifyServiceSettingsSupported\":true,\"RuntimeOsType\":"
			     "\"Windows\","
			     "\"SupportedSchemaVersions\":[{\"Major\":2,\"Minor\":1}],"
			     "\"GuestDefinedCapabilities\":{\"LogForwardingSupported\":true}}}"),
			&c),
		0);
	CHECK_INT(c.version, 4);
	CHECK(c.create && c.start && c.hv_socket_on_startup && c.lifecycle_notifications &&
	      c.service_settings && c.log_forwarding);
	CHECK_INT(gcs_capabilities_parse(view("{\"Version\":4}"), &c), 0);
	CHECK(!c.create && !c.start && !c.service_settings && !c.log_forwarding);
	CHECK_INT(gcs_capabilities_parse(
			  view("{\"Version\":4,\"Capabilities\":{\"SendHostCreateMessage\":1,"
			       "\"ModifyServiceSettingsSupported\":true,"
			       "\"GuestDefinedCapabilities\":[]}}"),
			  &c),
		  0);
	CHECK(!c.create && c.service_settings && !c.log_forwarding);
	CHECK_INT(gcs_capabilities_parse(view("{\"Capabilities\":{}}"), &c), -EBADMSG);
	CHECK_INT(gcs_capabilities_parse(view("{\"Version\":-4}"), &c), -EBADMSG);
}
