#include "client/ctl/raw.h"

#include "tests/check.h"

#define AROUND(request) "{\"frame\":\"request\",\"id\":1,\"request\":" request "}"

static const struct {
	const char *typed, *sent;
} bodies[] = {
	{ "{\"op\":\"status\"}", AROUND("{\"op\":\"status\"}") },
	{ " \n{ \"op\" : \"status\" }\n", AROUND(" \n{ \"op\" : \"status\" }\n") },
	{ "{\"service\":\"web\",\"op\":\"x\"}", AROUND("{\"service\":\"web\",\"op\":\"x\"}") },
	/* a frame's name inside a request is just a text */
	{ "{\"service\":\"frame\",\"op\":\"x\"}", AROUND("{\"service\":\"frame\",\"op\":\"x\"}") },
	{ "{\"op\":\"x\",\"service\":\"frame\"}", AROUND("{\"op\":\"x\",\"service\":\"frame\"}") },
	{ "{\"op\":\"brok", AROUND("{\"op\":\"brok") },
	{ "{\"frame\":\"request\",\"id\":9,\"request\":{\"op\":\"status\"}}",
	  "{\"frame\":\"request\",\"id\":9,\"request\":{\"op\":\"status\"}}" },
	{ "{\"id\":9,\"request\":{\"op\":\"status\"},\"frame\":\"request\"}",
	  "{\"id\":9,\"request\":{\"op\":\"status\"},\"frame\":\"request\"}" },
	{ "{\"frame\":\"op\",\"op\":1}", "{\"frame\":\"op\",\"op\":1}" },
	{ "{}", "{}" },
	{ "[\"op\"]", "[\"op\"]" },
	{ "\"op\"", "\"op\"" },
	{ "garbage", "garbage" },
	{ "", "" },
	{ "{\"a\":", "{\"a\":" },
};

TEST(what_is_sent)
{
	for (size_t i = 0; i < ARRAY_SIZE(bodies); i++) {
		_cleanup_(buf_done) struct buf body = { .p = NULL };
		const char *sent = bodies[i].sent;

		CASE("%s", bodies[i].typed);
		CHECK_INT(raw_body(view(bodies[i].typed), &body), 0);
		CHECK_VIEW(buf_view(&body), sent);
	}
}
