/* Clients of the daemon's pipe: what they may send, and what they may not. */
#include <stdio.h>
#include <windows.h>

#include "tests/integration/bad_bodies.h"
#include "tests/wine/served.h"

TEST(what_works_without_a_network)
{
	struct served s;
	struct client c;

	served_start(&s);
	client_open(&c, s.pipe);
	client_expect(&c, 1, STATUS, "\"result\":\"status\"");
	client_expect(&c, 2, "{\"op\":\"hello\",\"client\":\"test\"}",
		      "\"operations\":[\"set_local_node_id\",\"set_local_wg_pubkey\",\"status\","
		      "\"shutdown\",\"hello\",\"describe\",\"list_attachments\"]");
	client_expect(&c, 3, "{\"op\":\"describe\"}", "\"result\":\"description\"");
	client_expect(&c, 4, "{\"op\":\"set_local_node_id\",\"node_id\":7}", "\"result\":\"ok\"");
	client_expect(&c, 5, "{\"op\":\"teardown_global_overlay\"}",
		      "not built yet on Windows: teardown_global_overlay\",\"code\":\"not_built\"");
	client_expect(&c, 6,
		      "{\"op\":\"setup_service_overlay\",\"service\":\"a\",\"mode\":\"auto\"}",
		      "not built yet on Windows: setup_service_overlay");
	client_expect(&c, 7, "{\"op\":\"nat_tick\"}", "not built yet: nat_tick");
	client_close(&c);
	served_stop(&s);
}

TEST(every_bad_body_gets_its_error)
{
	struct served s;
	struct client c;

	served_start(&s);
	client_open(&c, s.pipe);
	for (size_t i = 0; i < ARRAY_SIZE(bad_bodies); i++) {
		struct ovd_view answer;

		CASE("%s", bad_bodies[i].body);
		CHECK(client_body(&c, bad_bodies[i].body));
		answer = client_read(&c);
		CHECK(answer.p);
		if (!strstr(answer.p, "\"result\":\"err\"") ||
		    !strstr(answer.p, bad_bodies[i].id) || !strstr(answer.p, bad_bodies[i].text))
			check_fail(__FILE__, __LINE__, "answered %.*s", VIEW(answer));
		client_expect(&c, 77, STATUS, "\"result\":\"status\"");
	}
	client_close(&c);
	served_stop(&s);
}

TEST(lengths_that_are_none)
{
	const uint32_t n = FRAME_BODY_MAX + 1;
	struct client c, other;
	struct ovd_view answer;
	struct served s;

	served_start(&s);
	client_open(&c, s.pipe);
	client_open(&other, s.pipe);
	CHECK(client_bytes(&c, "\0\0\0\0", 4));
	answer = client_read(&c);
	CHECK(answer.p && strstr(answer.p, "\"id\":0,") && strstr(answer.p, "length 0"));
	client_expect(&c, 1, STATUS, "\"result\":\"status\"");
	CHECK(client_bytes(&c, &n, sizeof(n)));
	answer = client_read(&c);
	CHECK(answer.p && strstr(answer.p, "frame too large: 8388609 bytes (max 8388608)"));
	CHECK(!client_read(&c).p);
	client_expect(&other, 2, STATUS, "\"result\":\"status\"");
	client_close(&c);
	client_close(&other);
	served_stop(&s);
}

TEST(one_byte_at_a_time_and_none)
{
	static const char body[] = "{\"frame\":\"request\",\"id\":3,\"request\":" STATUS "}";
	const uint32_t n = sizeof(body) - 1;
	struct ovd_view answer;
	struct served s;
	struct client c;

	served_start(&s);
	client_open(&c, s.pipe);
	for (size_t i = 0; i < sizeof(n); i++)
		CHECK(client_bytes(&c, (const char *)&n + i, 1));
	for (size_t i = 0; i < n; i++) {
		CHECK(client_bytes(&c, body + i, 1));
		CHECK_INT(stream_write(c.stream, "", 0), 0); /* which others read as nothing */
	}
	answer = client_read(&c);
	CHECK(answer.p && strstr(answer.p, "\"id\":3,"));
	client_close(&c);
	served_stop(&s);
}

TEST(pipelined_answers_are_in_order)
{
	struct served s;
	struct client c;

	served_start(&s);
	client_open(&c, s.pipe);
	for (unsigned i = 0; i < 100; i++) {
		char body[128];

		snprintf(body, sizeof(body), "{\"frame\":\"request\",\"id\":%u,\"request\":%s}", i,
			 i % 3 == 0 ? "{\"op\":\"nope\"}" : STATUS);
		CHECK(client_body(&c, body));
	}
	for (unsigned i = 0; i < 100; i++) {
		struct ovd_view answer = client_read(&c);
		char id[32];

		snprintf(id, sizeof(id), "\"id\":%u,", i);
		CHECK(answer.p && strstr(answer.p, id));
	}
	client_close(&c);
	served_stop(&s);
}

/* Answers that are larger than what the pipe holds, and a reader that is slow to take them. */
TEST(large_answers_arrive_whole)
{
	struct served s;
	struct client c;
	size_t length = 0;

	served_start(&s);
	client_open(&c, s.pipe);
	for (unsigned i = 0; i < 20; i++)
		CHECK(client_body(
			&c, "{\"frame\":\"request\",\"id\":1,\"request\":{\"op\":\"describe\"}}"));
	Sleep(100);
	for (unsigned i = 0; i < 20; i++) {
		struct ovd_view answer = client_read(&c);

		CHECK(answer.p && answer.n > 20000);
		CHECK(length == 0 || length == answer.n);
		length = answer.n;
	}
	client_close(&c);
	served_stop(&s);
}

TEST(a_client_that_never_reads_is_closed)
{
	static const char body[] =
		"{\"frame\":\"request\",\"id\":1,\"request\":{\"op\":\"describe\"}}";
	struct client deaf, c;
	struct served s;
	bool open = true;

	served_start(&s);
	client_open(&deaf, s.pipe);
	client_open(&c, s.pipe);
	for (int i = 0; i < 2000 && open; i++) /* their answers are more than 16 MiB */
		open = client_body(&deaf, body);
	for (int i = 0; i < 1000 && open; i++) {
		open = client_bytes(&deaf, "", 1);
		Sleep(1);
	}
	CHECK(!open);
	client_expect(&c, 1, STATUS, "\"result\":\"status\"");
	client_close(&deaf);
	client_close(&c);
	served_stop(&s);
}

struct asking {
	pthread_t thread;
	const char *pipe;
	unsigned first;
};

static void *ask_often(void *arg)
{
	const struct asking *asking = arg;
	struct client c;

	client_open(&c, asking->pipe);
	for (unsigned i = 0; i < 50; i++)
		client_expect(&c, asking->first + i, STATUS, "\"result\":\"status\"");
	client_close(&c);
	return NULL;
}

TEST(many_clients_at_once)
{
	struct asking asking[12];
	struct served s;

	served_start(&s);
	for (unsigned i = 0; i < ARRAY_SIZE(asking); i++) {
		asking[i] = (struct asking){ .pipe = s.pipe, .first = i * 1000 };
		CHECK_INT(pthread_create(&asking[i].thread, NULL, ask_often, &asking[i]), 0);
	}
	for (unsigned i = 0; i < ARRAY_SIZE(asking); i++)
		pthread_join(asking[i].thread, NULL);
	served_stop(&s);
}

/* In the middle of a frame, too, and with an answer on its way. */
TEST(clients_that_come_and_leave)
{
	struct served s;
	struct client c;

	served_start(&s);
	for (unsigned i = 0; i < 200; i++) {
		client_open(&c, s.pipe);
		if (i % 3 == 1)
			CHECK(client_bytes(&c, "\5\0\0\0{", 5));
		if (i % 3 == 2)
			CHECK(client_body(&c, "{\"frame\":\"request\",\"id\":1,\"request\":"
					      "{\"op\":\"describe\"}}"));
		client_close(&c);
	}
	client_open(&c, s.pipe);
	client_expect(&c, 1, STATUS, "\"result\":\"status\"");
	client_close(&c);
	served_stop(&s);
}

TEST(hundreds_of_idle_connections)
{
	static struct client idle[300];
	struct served s;
	struct client c;

	served_start(&s);
	for (size_t i = 0; i < ARRAY_SIZE(idle); i++)
		client_open(&idle[i], s.pipe);
	client_open(&c, s.pipe);
	client_expect(&c, 1, STATUS, "\"result\":\"status\"");
	for (size_t i = 0; i < ARRAY_SIZE(idle); i++)
		client_expect(&idle[i], (unsigned)i, STATUS, "\"result\":\"status\"");
	for (size_t i = 0; i < ARRAY_SIZE(idle); i++)
		client_close(&idle[i]);
	client_expect(&c, 2, STATUS, "\"result\":\"status\"");
	client_close(&c);
	served_stop(&s);
}
