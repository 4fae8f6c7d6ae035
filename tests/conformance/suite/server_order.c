/* Which answer belongs to which request. */
#include <inttypes.h>

#include "tests/conformance/suite/server.h"

#define FRAMES "protocol-rules.md, Frames"
#define STATUS "{\"op\":\"status\"}"

static void pipelined(struct trial *t, const struct server_check *check _unused_)
{
	static const char *const requests[] = {
		STATUS,
		"{\"op\":\"teardown_service_overlay\",\"service\":\"conform-nobody\"}",
		"{\"op\":\"no_such_operation\"}",
		"{\"op\":\"unregister_dns\",\"name\":\"conform-nobody\"}",
		"{\"op\":\"prune_orphan_bridges\",\"live_bridge_names\":[]}",
	};

	for (uint64_t i = 0; i < 40; i++)
		trial_ask(t, "%s", requests[i % ARRAY_SIZE(requests)]);
	for (uint64_t id = 1; id <= 40; id++)
		trial_answer(t, id);
}

/* What waits for the kernel does not let a quick answer go first. */
static void slow_first(struct trial *t, const struct server_check *check _unused_)
{
	trial_ask(t, "{\"op\":\"setup_service_overlay\",\"service\":\"conform-order\",\"mode\":"
		     "\"auto\"}");
	trial_ask(t, STATUS);
	trial_ask(t, "{\"op\":\"teardown_service_overlay\",\"service\":\"conform-order\"}");
	trial_ask(t, STATUS);
	for (uint64_t id = 1; id <= 4; id++)
		trial_answer(t, id);
}

static void ids(struct trial *t, const struct server_check *check _unused_)
{
	static const uint64_t list[] = {
		0, 1, UINT32_MAX, (UINT64_C(1) << 53) + 1, UINT64_C(1) << 63, UINT64_MAX
	};

	for (size_t i = 0; i < ARRAY_SIZE(list); i++) {
		trial_body(t, "{\"frame\":\"request\",\"id\":%" PRIu64 ",\"request\":" STATUS "}",
			   list[i]);
		t->id = list[i];
		trial_want(t, OVD_RESPONSE_STATUS);
	}
}

static void same_id(struct trial *t, const struct server_check *check _unused_)
{
	for (int i = 0; i < 3; i++)
		trial_body(t, "{\"frame\":\"request\",\"id\":9,\"request\":" STATUS "}");
	t->id = 9;
	for (int i = 0; i < 3; i++)
		trial_want(t, OVD_RESPONSE_STATUS);
}

static void broken_between(struct trial *t, const struct server_check *check _unused_)
{
	trial_ask(t, STATUS);
	trial_body(t, "no document");
	trial_ask(t, STATUS);
	trial_answer(t, 1);
	trial_want_err_id(t, 0);
	trial_answer(t, 2);
}

static void id_of_broken(struct trial *t, const struct server_check *check _unused_)
{
	trial_body(t, "{\"frame\":\"request\",\"id\":18446744073709551615,\"request\":{\"op\":"
		      "\"nope\"}}");
	trial_want_err_id(t, UINT64_MAX);
	trial_body(t, "{\"frame\":\"request\",\"request\":{\"op\":\"status\",\"op\":\"status\"},"
		      "\"id\":12}");
	trial_want_err_id(t, 12);
	trial_body(t, "{\"frame\":\"request\",\"id\":-1,\"request\":" STATUS "}");
	trial_want_err_id(t, 0);
	trial_body(t, "{\"frame\":\"request\",\"request\":" STATUS "}");
	trial_want_err_id(t, 0);
	trial_want_alive(t);
}

static void connections(struct trial *t, const struct server_check *check _unused_)
{
	for (size_t link = 0; link < TRIAL_LINKS; link++) {
		trial_use(t, link);
		trial_body(t, "{\"frame\":\"request\",\"id\":%zu,\"request\":" STATUS "}",
			   100 + link);
	}
	for (size_t link = TRIAL_LINKS; link-- > 0;) {
		trial_use(t, link);
		trial_answer(t, 100 + link);
	}
}

static void response_ignored(struct trial *t, const struct server_check *check _unused_)
{
	trial_body(t, "{\"frame\":\"response\",\"id\":1,\"response\":{\"result\":\"ok\"}}");
	trial_want_alive(t);
}

static void event_ignored(struct trial *t, const struct server_check *check _unused_)
{
	trial_body(t, "{\"frame\":\"event\",\"event\":\"peer_health_changed\",\"pubkey\":\"k\","
		      "\"healthy\":true}");
	trial_want_alive(t);
}

/* Every frame that comes is looked at in every check; here somebody waits for one. */
static void events(struct trial *t, const struct server_check *check _unused_)
{
	trial_ask(t, "{\"op\":\"hello\",\"client\":\"overlay-conform\"}");
	trial_answer(t, t->id);
	for (int i = 0; i < 20; i++)
		trial_want_alive(t);
	if (t->n_events == 0)
		trial_skip(t, "no event came");
}

static void events_unasked(struct trial *t, const struct server_check *check _unused_)
{
	for (int i = 0; i < 20; i++)
		trial_want_alive(t);
	trial_must(t, t->n_events == 0, "%u events came", t->n_events);
}

static const struct server_check checks[] = {
	{ "order.pipelined", "The daemon answers a connection's requests in their order.", FRAMES,
	  .run = pipelined },
	{ "order.slow-before-fast",
	  "A request that takes long is answered before a quick one that "
	  "came after it.",
	  FRAMES, .run = slow_first },
	{ "order.ids", "A response bears the id of its request, 0 to 2^64-1.", FRAMES, .run = ids },
	{ "order.same-id", "Ids need not be unique.", "reference.md, request", .run = same_id },
	{ "order.broken-between", "A request that is refused is answered in its place.", FRAMES,
	  .run = broken_between },
	{ "order.id-of-broken",
	  "The err for a request that can't be read has its id if one could be "
	  "read, else 0.",
	  "protocol-rules.md, Reading", .run = id_of_broken },
	{ "order.connections", "Each connection hears its own answers.", FRAMES,
	  .run = connections },
	{ "order.response-ignored", "A response from a client is ignored.", FRAMES,
	  .run = response_ignored },
	{ "order.event-ignored", "An event from a client is ignored.", FRAMES,
	  .run = event_ignored },
	{ "order.events", "Events may come between responses.", FRAMES, .run = events },
	{ "order.events-unasked", "None comes to a connection that has not said hello.",
	  "protocol-rules.md, Events", .run = events_unasked },
};

const struct server_family server_order = { .checks = checks, .n = ARRAY_SIZE(checks) };
