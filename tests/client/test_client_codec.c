#include <sys/socket.h>

#include "runtime/codec.h"
#include "tests/client/asking.h"

/* ---- a daemon that speaks protobuf ---- */

static struct ovd_view read_frame(int fd)
{
	static char body[4096 + BUF_SLACK];
	uint32_t n = 0;

	CHECK_INT(recv(fd, &n, sizeof(n), MSG_WAITALL), sizeof(n));
	CHECK(n > 0 && n <= 4096);
	CHECK_INT(recv(fd, body, n, MSG_WAITALL), n);
	memset(body + n, 0, BUF_SLACK);
	return (struct ovd_view){ .p = body, .n = n };
}

/* The next request, which must be in this form; its id. */
static uint64_t take(int fd, enum ovd_codec codec)
{
	_cleanup_(arena_done) struct arena arena = { .chunk = NULL };
	struct ovd_view body = read_frame(fd);
	struct ovd_fault fault;
	struct ovd_frame frame;

	CHECK_INT(codec_of(body), codec);
	CHECK_INT(codec_decode(codec, &ovd_frame_table, body, &arena, &frame, &fault), 0);
	CHECK_INT(frame.kind, OVD_FRAME_REQUEST);
	CHECK_INT(frame.request.request.kind, OVD_REQUEST_STATUS);
	return frame.request.id;
}

static void put(int fd, enum ovd_codec codec, const struct ovd_frame *frame)
{
	_cleanup_(buf_done) struct buf body = { .p = NULL };
	_cleanup_(arena_done) struct arena arena = { .chunk = NULL };
	uint32_t n;

	CHECK_INT(codec_encode(codec, &ovd_frame_table, frame, &arena, &body), 0);
	n = (uint32_t)body.n;
	fake_bytes(fd, &n, sizeof(n));
	fake_bytes(fd, body.p, body.n);
}

static void answer(int fd, enum ovd_codec codec, uint64_t id, uint32_t peers)
{
	put(fd, codec,
	    &(struct ovd_frame){
		    .kind = OVD_FRAME_RESPONSE,
		    .response = { .id = id,
				  .response = { .kind = OVD_RESPONSE_STATUS,
						.status = { .peer_count = peers } } } });
}

static void one_of_each(int listener)
{
	int fd = fake_accept(listener);

	answer(fd, OVD_CODEC_JSON, take(fd, OVD_CODEC_JSON), 1);
	answer(fd, OVD_CODEC_PROTOBUF, take(fd, OVD_CODEC_PROTOBUF), 2);
	answer(fd, OVD_CODEC_JSON, take(fd, OVD_CODEC_PROTOBUF), 3); /* an older daemon's err */
	answer(fd, OVD_CODEC_JSON, take(fd, OVD_CODEC_JSON), 4);
	fake_closed(fd);
}

static void ask(struct ovd_client *client, uint32_t peers)
{
	const struct ovd_response *response;

	CHECK_INT(ovd_client_call(client, &ask_status, PATIENT, &response), 0);
	CHECK_INT(response->kind, OVD_RESPONSE_STATUS);
	CHECK_INT(response->status.peer_count, peers);
}

TEST(codecs_in_turn)
{
	struct fake_daemon fake;
	struct ovd_client *client;

	if (!codec_is_built(OVD_CODEC_PROTOBUF))
		SKIP("built without protobuf");
	fake_start(&fake, one_of_each);
	client = open_client(&fake);
	ask(client, 1);
	CHECK_INT(ovd_client_set_codec(client, OVD_CODEC_PROTOBUF), 0);
	ask(client, 2);
	ask(client, 3);
	CHECK_INT(ovd_client_set_codec(client, OVD_CODEC_JSON), 0);
	ask(client, 4);
	ovd_client_close(client);
	fake_stop(&fake);
}

/* ---- events ---- */

static void count(void *arg, const struct ovd_event *event)
{
	CHECK_INT(event->kind, OVD_EVENT_NAT_ENDPOINT_CHANGED);
	CHECK_VIEW(event->nat_endpoint_changed.endpoint, "192.0.2.1:7");
	++*(int *)arg;
}

static void events_known_and_not(int listener)
{
	/* events of kinds 99 and 1000; then one of a known kind that lacks its key. */
	static const char unknown[] =
		"\x06\0\0\0\x92\x01\x03\x9a\x06\0\x06\0\0\0\x92\x01\x03\xc2\x3e\0";
	static const char broken[] = "\x05\0\0\0\x92\x01\x02\x0a\0";
	const struct ovd_frame event = { .kind = OVD_FRAME_EVENT,
					 .event = { .kind = OVD_EVENT_NAT_ENDPOINT_CHANGED,
						    .nat_endpoint_changed = {
							    view("k"), view("192.0.2.1:7") } } };
	int fd = fake_accept(listener);
	uint64_t id = take(fd, OVD_CODEC_PROTOBUF);

	put(fd, OVD_CODEC_PROTOBUF, &event);
	fake_bytes(fd, unknown, sizeof(unknown) - 1);
	answer(fd, OVD_CODEC_PROTOBUF, id, 5);
	take(fd, OVD_CODEC_PROTOBUF);
	fake_bytes(fd, broken, sizeof(broken) - 1);
	fake_closed(fd);
}

TEST(events_in_protobuf)
{
	const struct ovd_response *response;
	struct fake_daemon fake;
	struct ovd_client *client;
	int heard = 0;

	if (!codec_is_built(OVD_CODEC_PROTOBUF))
		SKIP("built without protobuf");
	fake_start(&fake, events_known_and_not);
	client = open_client(&fake);
	ovd_client_on_event(client, count, &heard);
	CHECK_INT(ovd_client_set_codec(client, OVD_CODEC_PROTOBUF), 0);
	ask(client, 5);
	CHECK_INT(heard, 1);
	CHECK_INT(ovd_client_call(client, &ask_status, PATIENT, &response), -EPROTO);
	CHECK_STR(ovd_client_fault(client), "18.1.1: the field is missing (byte 5)");
	ovd_client_close(client);
	fake_stop(&fake);
}

#if !WITH_PROTOBUF
static void no_request(int listener)
{
	fake_closed(fake_accept(listener));
}

TEST(a_codec_that_is_not_built_in)
{
	struct fake_daemon fake;
	struct ovd_client *client;

	fake_start(&fake, no_request);
	client = open_client(&fake);
	CHECK_INT(ovd_client_set_codec(client, OVD_CODEC_PROTOBUF), -ENOTSUP);
	CHECK_INT(ovd_client_set_codec(client, OVD_CODEC_JSON), 0);
	ovd_client_close(client);
	fake_stop(&fake);
}
#endif
