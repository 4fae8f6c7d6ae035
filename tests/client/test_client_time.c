/* client/client.c: deadlines, and what is done while waiting. */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "tests/client/asking.h"

static void answer_late(int listener)
{
	int fd = fake_accept(listener);
	uint64_t late = fake_take(fd, "status");
	uint64_t id = fake_take(fd, "nat_tick");

	fake_answer(fd, late, "{\"result\":\"err\",\"message\":\"late\"}");
	fake_answer(fd, id, FAKE_OK);
	fake_serve(fd);
}

TEST(a_late_answer_is_dropped)
{
	const struct ovd_response *response = NULL;
	struct fake_daemon fake;
	struct ovd_client *client;

	fake_start(&fake, answer_late);
	client = open_client(&fake);
	CHECK_INT(ovd_client_call(client, &ask_status, SHORT, &response), -ETIMEDOUT);
	CHECK(!response);
	ask_ok(client);
	CHECK_INT(ovd_client_receive(client, 1, SHORT, &response), -ENOENT); /* not even kept */
	ovd_client_close(client);
	fake_stop(&fake);
}

TEST(no_time_at_all)
{
	const struct ovd_response *response;
	struct fake_daemon fake;
	struct ovd_client *client;
	uint64_t id;
	int r;

	fake_start(&fake, fake_serve_one);
	client = open_client(&fake);
	CHECK_INT(ovd_client_send(client, &ask_tick, 0, &id), 0); /* there is room for it */
	while ((r = ovd_client_receive(client, id, 0, &response)) == -ETIMEDOUT)
		usleep(1000);
	CHECK_INT(r, 0);
	CHECK_INT(response->kind, OVD_RESPONSE_OK);
	ovd_client_close(client);
	fake_stop(&fake);
}

static void flood(int listener)
{
	int fd = fake_accept(listener);
	char byte;

	fake_take(fd, "status");
	while (recv(fd, &byte, 1, MSG_DONTWAIT) < 0)
		fake_event(fd, "k");
	close(fd);
}

TEST(a_flood_of_events_does_not_hold_a_call)
{
	const struct ovd_response *response;
	struct fake_daemon fake;
	struct ovd_client *client;

	fake_start(&fake, flood);
	client = open_client(&fake);
	CHECK_INT(ovd_client_call(client, &ask_status, SHORT, &response), -ETIMEDOUT);
	CHECK_INT(ovd_client_handle(client), 0); /* this neither */
	ovd_client_close(client);
	fake_stop(&fake);
}

/* Reads nothing until the client has gone. */
static void read_nothing(int listener)
{
	int fd = fake_accept(listener);
	struct pollfd gone = { .fd = fd, .events = POLLRDHUP };

	CHECK_INT(poll(&gone, 1, PATIENT), 1);
	close(fd);
}

TEST(the_deadline_holds_while_sending)
{
	static struct ovd_view names[50000];
	struct ovd_request large = ask_much(names, ARRAY_SIZE(names));
	const struct ovd_response *response;
	struct fake_daemon fake;
	struct ovd_client *client;

	fake_start(&fake, read_nothing);
	client = open_client(&fake);
	CHECK_INT(ovd_client_call(client, &large, SHORT, &response), -ETIMEDOUT);
	CHECK_INT(ovd_client_fd(client), -1); /* half a frame is out: nothing can follow it */
	ovd_client_close(client);
	fake_stop(&fake);
}

TEST(the_deadline_holds_in_a_pipeline)
{
	struct fake_daemon fake;
	struct ovd_client *client;
	uint64_t id = 0;
	int r;

	fake_start(&fake, read_nothing);
	client = open_client(&fake);
	for (int i = 0; (r = ovd_client_send(client, &ask_status, SHORT, &id)) == 0; i++)
		CHECK(i < 1000000);
	CHECK_INT(r, -ETIMEDOUT);
	ovd_client_close(client);
	fake_stop(&fake);
}

/* Writes each answer before it reads the next request. */
static void answer_at_length(int listener)
{
	static char text[7000];
	int fd = fake_accept(listener);

	snprintf(text, sizeof(text), "{\"result\":\"bridge_name\",\"name\":\"n\",\"pad\":\"%*s\"}",
		 6000, "");
	for (int i = 0; i < 4000; i++)
		fake_answer(fd, fake_take(fd, "status"), text);
	fake_closed(fd);
}

TEST(neither_end_waits_for_the_other_to_read)
{
	const struct ovd_response *response;
	struct fake_daemon fake;
	struct ovd_client *client;
	uint64_t ids[4000];

	fake_start(&fake, answer_at_length);
	client = open_client(&fake);
	for (size_t i = 0; i < 2000; i++) /* 12 MB of answers, more than the sockets hold */
		CHECK_INT(ovd_client_send(client, &ask_status, PATIENT, &ids[i]), 0);
	for (size_t i = 0; i < 4000; i++) {
		CHECK_INT(ovd_client_receive(client, ids[i], PATIENT, &response), 0);
		CHECK_INT(response->kind, OVD_RESPONSE_BRIDGE_NAME);
		if (i < 2000)
			CHECK_INT(ovd_client_send(client, &ask_status, PATIENT, &ids[2000 + i]), 0);
	}
	ovd_client_close(client);
	fake_stop(&fake);
}

static void on_alarm(int number)
{
	(void)number;
}

static void answer_in_its_own_time(int listener)
{
	int fd = fake_accept(listener);

	for (int i = 0; i < 5; i++) {
		uint64_t id = fake_take(fd, "nat_tick");

		usleep(20000);
		fake_answer(fd, id, FAKE_OK);
	}
	fake_take(fd, "status");
	fake_closed(fd);
}

TEST(signals_interrupt_nothing)
{
	const struct sigaction action = { .sa_handler = on_alarm }; /* no SA_RESTART */
	const struct itimerval often = { { 0, 500 }, { 0, 500 } }, never = { { 0, 0 }, { 0, 0 } };
	const struct ovd_response *response;
	struct fake_daemon fake;
	struct ovd_client *client;

	fake_start(&fake, answer_in_its_own_time);
	client = open_client(&fake);
	CHECK_INT(sigaction(SIGALRM, &action, NULL), 0);
	CHECK_INT(setitimer(ITIMER_REAL, &often, NULL), 0);
	for (int i = 0; i < 5; i++)
		ask_ok(client);
	CHECK_INT(ovd_client_call(client, &ask_status, SHORT, &response), -ETIMEDOUT);
	CHECK_INT(setitimer(ITIMER_REAL, &never, NULL), 0);
	ovd_client_close(client);
	fake_stop(&fake);
}
