#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>

#include "tests/client/asking.h"

/* ---- answers ---- */

static void answer_each_kind(int listener)
{
	int fd = fake_accept(listener);

	fake_answer(fd, fake_take(fd, "status"),
		    "{\"result\":\"status\",\"peer_count\":7,\"service_count\":2}");
	fake_answer(fd, fake_take(fd, "nat_tick"), "{\"result\":\"err\",\"message\":\"no\"}");
	fake_closed(fd);
}

TEST(answers)
{
	const struct ovd_response *response;
	struct fake_daemon fake;
	struct ovd_client *client;

	fake_start(&fake, answer_each_kind);
	client = open_client(&fake);
	CHECK_INT(ovd_client_call(client, &ask_status, PATIENT, &response), 0);
	CHECK_INT(response->kind, OVD_RESPONSE_STATUS);
	CHECK_INT(response->status.peer_count, 7);
	CHECK_INT(ovd_client_call(client, &ask_tick, UINT_MAX, &response), 0);
	CHECK_INT(response->kind, OVD_RESPONSE_ERR);
	CHECK_VIEW(response->err.message, "no");
	ovd_client_close(client);
	fake_stop(&fake);
}

static void answer_backwards(int listener)
{
	int fd = fake_accept(listener);
	uint64_t ids[3];

	for (int i = 0; i < 3; i++)
		ids[i] = fake_take(fd, "status");
	for (int i = 2; i >= 0; i--) {
		char text[128];

		snprintf(text, sizeof(text),
			 "{\"result\":\"status\",\"peer_count\":%d,\"service_count\":0}", i);
		fake_answer(fd, ids[i], text);
		fake_answer(fd, ids[i], FAKE_OK); /* a second one */
	}
	fake_serve(fd);
}

TEST(answers_out_of_order)
{
	const struct ovd_response *response;
	struct fake_daemon fake;
	struct ovd_client *client;
	uint64_t ids[3];

	fake_start(&fake, answer_backwards);
	client = open_client(&fake);
	for (size_t i = 0; i < 3; i++)
		CHECK_INT(ovd_client_send(client, &ask_status, PATIENT, &ids[i]), 0);
	for (size_t i = 0; i < 3; i++) {
		CASE("answer %zu", i);
		CHECK_INT(ovd_client_receive(client, ids[i], PATIENT, &response), 0);
		CHECK_INT(response->kind, OVD_RESPONSE_STATUS);
		CHECK_INT(response->status.peer_count, i);
		CHECK_INT(ovd_client_receive(client, ids[i], PATIENT, &response), -ENOENT);
	}
	CHECK_INT(ovd_client_receive(client, ids[2] + 1, PATIENT, &response), -ENOENT);
	ask_ok(client);
	ovd_client_close(client);
	fake_stop(&fake);
}

static void answer_with_other_ids(int listener)
{
	int fd = fake_accept(listener);
	uint64_t id = fake_take(fd, "nat_tick");

	fake_answer(fd, 0, "{\"result\":\"err\",\"message\":\"for nobody\"}");
	fake_answer(fd, id + 1, "{\"result\":\"err\",\"message\":\"too early\"}");
	fake_answer(fd, UINT64_MAX, "{\"result\":\"err\",\"message\":\"too large\"}");
	fake_answer(fd, id, FAKE_OK);
	fake_serve(fd);
}

TEST(unknown_ids_are_nobodys)
{
	struct fake_daemon fake;
	struct ovd_client *client;

	fake_start(&fake, answer_with_other_ids);
	client = open_client(&fake);
	ask_ok(client);
	ask_ok(client); /* whose answer doesn't come before it is asked */
	ovd_client_close(client);
	fake_stop(&fake);
}

static void answer_in_pieces(int listener)
{
	int fd = fake_accept(listener);
	uint64_t id = fake_take(fd, "status");
	char body[256];
	uint32_t n;

	snprintf(body, sizeof(body),
		 "{\"frame\":\"response\",\"id\":%ju,\"response\":{\"result\":\"ok\"}}", id);
	n = (uint32_t)strlen(body);
	for (size_t i = 0; i < sizeof(n); i++) {
		fake_bytes(fd, (char *)&n + i, 1);
		usleep(500);
	}
	for (size_t i = 0; i < n; i++) {
		fake_bytes(fd, body + i, 1);
		usleep(200);
	}
	fake_closed(fd);
}

TEST(an_answer_in_pieces)
{
	const struct ovd_response *response;
	struct fake_daemon fake;
	struct ovd_client *client;

	fake_start(&fake, answer_in_pieces);
	client = open_client(&fake);
	CHECK_INT(ovd_client_call(client, &ask_status, PATIENT, &response), 0);
	ovd_client_close(client);
	fake_stop(&fake);
}

/* ---- frames that are none ---- */

static const struct {
	const char *bytes; /* length and body */
	size_t n;
	const char *fault; /* how it begins */
	bool lost;
} bad[] = {
	{ "\0\0\0\0", 4, "a frame of 0 bytes; it may have 1 to 8388608", true },
	{ "\1\0\200\0", 4, "a frame of 8388609 bytes", true },
	{ "\377\377\377\377", 4, "a frame of 4294967295 bytes", true },
	{ "\7\0\0\0garbage", 11, "expected an object", false },
	{ "\2\0\0\0{}", 6, "frame: ", false },
	{ "\20\0\0\0{\"frame\":\"nope\"}", 20, "frame: unknown: nope", false },
	{ "\65\0\0\0{\"frame\":\"response\",\"id\":1,\"response\":{\"result\":\"?\"}}", 57,
	  "response.result: unknown: ?", false },
	{ "\66\0\0\0{\"frame\":\"response\",\"id\":1,\"response\":{\"result\":\"ok\"}x", 58,
	  "expected", false },
	{ "\64\0\0\0{\"frame\":\"request\",\"id\":1,\"request\":{\"op\":\"status\"}}", 56,
	  "the daemon sent a request", false },
	{ "\24\0\0\0{\"frame\":\"\033[31mred\"}", 24, "frame: ", false },
};

static void send_bad_frames(int listener)
{
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		int fd = fake_accept(listener);

		fake_take(fd, "status");
		fake_bytes(fd, bad[i].bytes, bad[i].n);
		if (bad[i].lost)
			fake_closed(fd);
		else
			fake_serve(fd);
	}
}

TEST(bad_frames)
{
	struct fake_daemon fake;

	fake_start(&fake, send_bad_frames);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		const struct ovd_response *response = NULL;
		struct ovd_client *client = open_client(&fake);
		const char *fault;

		CASE("%s", bad[i].fault);
		CHECK_INT(ovd_client_call(client, &ask_status, PATIENT, &response), -EPROTO);
		CHECK(!response);
		fault = ovd_client_fault(client);
		CHECK(!strchr(fault, '\033'));
		if (strncmp(fault, bad[i].fault, strlen(bad[i].fault)) != 0)
			check_fail(__FILE__, __LINE__, "the fault is: %s", fault);
		CHECK_INT(ovd_client_fd(client) < 0, bad[i].lost);
		if (!bad[i].lost)
			ask_ok(client); /* framing is intact */
		ovd_client_close(client);
	}
	fake_stop(&fake);
}

/* ---- events ---- */

struct heard {
	struct ovd_client *client;
	unsigned n;
	char last[64];
};

static void hear(void *arg, const struct ovd_event *event)
{
	struct heard *heard = arg;

	CHECK_INT(event->kind, OVD_EVENT_PEER_HEALTH_CHANGED);
	CHECK(event->peer_health_changed.healthy);
	snprintf(heard->last, sizeof(heard->last), "%.*s", VIEW(event->peer_health_changed.pubkey));
	heard->n++;
}

static void events_around_answers(int listener)
{
	int fd = fake_accept(listener);
	uint64_t first, second;

	fake_event(fd, "before");
	first = fake_take(fd, "nat_tick");
	fake_event(fd, "between");
	/* a kind that is younger than the client, whatever it holds */
	fake_send(fd, "{\"frame\":\"event\",\"event\":\"moon_phase\",\"pubkey\":[7]}");
	fake_send(fd, "{\"event\":\"moon_phase\",\"id\":1,\"frame\":\"event\"}");
	fake_answer(fd, first, FAKE_OK);
	second = fake_take(fd, "nat_tick");
	fake_answer(fd, second, FAKE_OK);
	fake_event(fd, "after");
	fake_closed(fd);
}

TEST(events_between_answers)
{
	struct heard heard = { .n = 0 };
	struct fake_daemon fake;
	struct ovd_client *client;

	fake_start(&fake, events_around_answers);
	client = open_client(&fake);
	ovd_client_on_event(client, hear, &heard);
	ask_ok(client);
	CHECK_INT(heard.n, 2);
	CHECK_STR(heard.last, "between");
	ask_ok(client);
	while (heard.n < 3) {
		struct pollfd ready = { .fd = ovd_client_fd(client), .events = POLLIN };

		CHECK_INT(ovd_client_handle(client), 0); /* before poll: it may be there already */
		if (heard.n < 3)
			CHECK_INT(poll(&ready, 1, PATIENT), 1);
	}
	CHECK_STR(heard.last, "after");
	CHECK_INT(ovd_client_handle(client), 0); /* nothing is there: doesn't wait */
	ovd_client_close(client);
	fake_stop(&fake);
}

TEST(events_that_nobody_wants)
{
	struct fake_daemon fake;
	struct ovd_client *client;

	fake_start(&fake, events_around_answers);
	client = open_client(&fake);
	ask_ok(client);
	ovd_client_on_event(client, hear, NULL);
	ovd_client_on_event(client, NULL, NULL);
	ask_ok(client);
	ovd_client_close(client);
	fake_stop(&fake);
}

static void answer_then_stay(int listener)
{
	int fd = fake_accept(listener);
	uint64_t id = fake_take(fd, "nat_tick");

	fake_answer(fd, id, FAKE_OK);
	fake_event(fd, "k");
	fake_serve(fd);
}

TEST(handle_keeps_answers)
{
	const struct ovd_response *response;
	struct heard heard = { .n = 0 };
	struct fake_daemon fake;
	struct ovd_client *client;
	uint64_t id;

	fake_start(&fake, answer_then_stay);
	client = open_client(&fake);
	ovd_client_on_event(client, hear, &heard);
	CHECK_INT(ovd_client_send(client, &ask_tick, PATIENT, &id), 0);
	while (heard.n == 0) {
		CHECK_INT(ovd_client_handle(client), 0);
		usleep(1000);
	}
	CHECK_INT(ovd_client_receive(client, id, 0, &response), 0);
	CHECK_INT(response->kind, OVD_RESPONSE_OK);
	ask_ok(client);
	ovd_client_close(client);
	fake_stop(&fake);
}

static void answer_to_nobody(int listener)
{
	int fd = fake_accept(listener);

	fake_answer(fd, 0, FAKE_OK);
	fake_event(fd, "behind");
	fake_serve(fd);
}

/* No request has the id 0. */
TEST(handle_goes_on_behind_an_answer_to_nobody)
{
	struct heard heard = { .n = 0 };
	struct fake_daemon fake;
	struct ovd_client *client;

	fake_start(&fake, answer_to_nobody);
	client = open_client(&fake);
	ovd_client_on_event(client, hear, &heard);
	while (heard.n == 0) {
		CHECK_INT(ovd_client_handle(client), 0);
		usleep(1000);
	}
	CHECK_STR(heard.last, "behind");
	ask_ok(client);
	ovd_client_close(client);
	fake_stop(&fake);
}

static void hear_and_ask(void *arg, const struct ovd_event *event)
{
	struct heard *heard = arg;
	const struct ovd_response *response;
	struct ovd_view body;
	uint64_t id;

	CHECK_INT(ovd_client_call(heard->client, &ask_tick, PATIENT, &response), -EBUSY);
	CHECK_INT(ovd_client_send(heard->client, &ask_tick, PATIENT, &id), -EBUSY);
	CHECK_INT(ovd_client_receive(heard->client, 1, PATIENT, &response), -EBUSY);
	CHECK_INT(ovd_client_raw(heard->client, view("{}"), PATIENT, &body), -EBUSY);
	CHECK_INT(ovd_client_handle(heard->client), -EBUSY);
	CHECK(ovd_client_fd(heard->client) >= 0);
	CHECK_VIEW(event->peer_health_changed.pubkey, "between");
	ovd_client_on_event(heard->client, NULL, NULL); /* this it may */
	heard->n++;
}

static void one_event_then_serve(int listener)
{
	int fd = fake_accept(listener);
	uint64_t id = fake_take(fd, "nat_tick");

	fake_event(fd, "between");
	fake_event(fd, "unheard");
	fake_answer(fd, id, FAKE_OK);
	fake_serve(fd);
}

TEST(an_event_may_not_call)
{
	struct heard heard = { .n = 0 };
	struct fake_daemon fake;

	fake_start(&fake, one_event_then_serve);
	heard.client = open_client(&fake);
	ovd_client_on_event(heard.client, hear_and_ask, &heard);
	ask_ok(heard.client);
	CHECK_INT(heard.n, 1);
	ask_ok(heard.client);
	ovd_client_close(heard.client);
	fake_stop(&fake);
}

/* ---- requests ---- */

TEST(requests_that_cannot_be_written)
{
	static struct ovd_view names[140000];
	const struct ovd_request none = { .kind = (enum ovd_request_kind)9999 };
	const struct ovd_request odd = { .kind = OVD_REQUEST_SETUP_SERVICE_OVERLAY,
					 .setup_service_overlay = {
						 .service = VIEW_LITERAL("web"),
						 .mode = (enum ovd_overlay_mode)77 } };
	struct ovd_request large = ask_much(names, ARRAY_SIZE(names));
	const struct ovd_response *response;
	struct fake_daemon fake;
	struct ovd_client *client;

	fake_start(&fake, fake_serve_one);
	client = open_client(&fake);
	CHECK_INT(ovd_client_call(client, &none, PATIENT, &response), -EINVAL);
	CHECK_INT(ovd_client_call(client, &odd, PATIENT, &response), -EINVAL);
	CHECK_INT(ovd_client_call(client, &large, PATIENT, &response), -EMSGSIZE);
	ask_ok(client);
	ovd_client_close(client);
	fake_stop(&fake);
}

static void count_to_seven(int listener)
{
	int fd = fake_accept(listener);

	for (uint64_t i = 1; i <= 7; i++) {
		uint64_t id = fake_take(fd, "nat_tick");

		CHECK_U64(id, i);
		fake_answer(fd, id, FAKE_OK);
	}
	fake_closed(fd);
}

TEST(ids_count_from_one)
{
	struct fake_daemon fake;
	struct ovd_client *client;

	fake_start(&fake, count_to_seven);
	client = open_client(&fake);
	for (int i = 0; i < 7; i++)
		ask_ok(client);
	ovd_client_close(client);
	fake_stop(&fake);
}

static void answer_raw(int listener)
{
	int fd = fake_accept(listener);
	char *body = fake_read(fd);

	CHECK_STR(body, "typed");
	free(body);
	fake_event(fd, "k");
	fake_send(fd, "not even JSON");
	free(fake_read(fd));
	fake_send(fd, "\1");
	fake_serve(fd);
}

TEST(raw_bodies)
{
	struct heard heard = { .n = 0 };
	struct fake_daemon fake;
	struct ovd_client *client;
	struct ovd_view body;

	fake_start(&fake, answer_raw);
	client = open_client(&fake);
	ovd_client_on_event(client, hear, &heard);
	CHECK_INT(ovd_client_raw(client, view(""), PATIENT, &body), -EMSGSIZE);
	CHECK_INT(ovd_client_raw(client, view("typed"), PATIENT, &body), 0);
	CHECK_VIEW(body, "not even JSON");
	CHECK_INT(body.p[body.n], 0);
	CHECK_INT(heard.n, 1);
	CHECK_INT(ovd_client_raw(client, view("again"), PATIENT, &body), 0);
	CHECK_VIEW(body, "\1");
	ovd_client_close(client);
	fake_stop(&fake);
}
