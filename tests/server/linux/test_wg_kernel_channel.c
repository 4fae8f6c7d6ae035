#include "server/linux/wg_kernel_channel.h"

#include <errno.h>
#include <linux/genetlink.h>
#include <linux/wireguard.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>

#include "server/linux/rtnl.h"
#include "tests/check.h"

#define FAMILY 0x1234

/* The test is the kernel: it has the other end of the channel's socket. */
struct world {
	int kernel;
	struct tunnel *channel;
	char answers[256]; /* what the callers were told, in order */
	bool again;        /* a caller asks once more from within its callback */
};

static void begin_world(struct world *w)
{
	const struct wg_device device = { .link = "zl-overlay0", .family = FAMILY };
	int ends[2];

	*w = (struct world){ .kernel = -1 };
	CHECK_INT(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
	w->kernel = ends[0];
	CHECK_INT(wg_kernel_channel_new(ends[1], &device, &w->channel), 0);
	CHECK_INT(w->channel->ops->fd(w->channel), ends[1]);
}

static void end_world(struct world *w)
{
	if (w->channel)
		w->channel->ops->close(w->channel);
	fd_closep(&w->kernel);
}

static void note(struct world *w, const char *what, int n)
{
	size_t had = strlen(w->answers);

	snprintf(w->answers + had, sizeof(w->answers) - had, "%s%d ", what, n);
}

static void get_done(void *arg, int r, const struct tunnel_state *state);

static void set_done(void *arg, int r, const struct tunnel_state *state)
{
	struct world *w = arg;

	CHECK(!state);
	note(w, "set", r);
	if (w->again) {
		w->again = false;
		CHECK_INT(w->channel->ops->get(w->channel, get_done, w), 0);
	}
}

static void get_done(void *arg, int r, const struct tunnel_state *state)
{
	struct world *w = arg;

	CHECK(!state == (r < 0));
	note(w, "get", r == 0 ? state->listen_port : r);
}

/* Takes the one question that has been asked; its sequence number. */
static uint32_t expect_question(struct world *w, int command)
{
	char bytes[RTNL_BATCH_MAX] __attribute__((aligned(NLMSG_ALIGNTO)));
	const struct nlmsghdr *m = (void *)bytes;
	ssize_t n = recv(w->kernel, bytes, sizeof(bytes), MSG_DONTWAIT);

	CHECK(n >= (ssize_t)NLMSG_LENGTH(GENL_HDRLEN));
	CHECK_INT(m->nlmsg_len, n);
	CHECK_INT(((const struct genlmsghdr *)NLMSG_DATA(m))->cmd, command);
	return m->nlmsg_seq;
}

static void expect_silence(const struct world *w)
{
	char byte;

	CHECK_INT(recv(w->kernel, &byte, 1, MSG_DONTWAIT), -1);
	CHECK_INT(errno, EAGAIN);
}

static void answer(struct world *w, const void *bytes, size_t n)
{
	CHECK_INT(send(w->kernel, bytes, n, 0), n);
	w->channel->ops->ready(w->channel);
}

static void put_acknowledgement(const struct world *w, uint32_t sequence, int error)
{
	const struct {
		struct nlmsghdr head;
		struct nlmsgerr error;
	} m = { .head = { .nlmsg_len = sizeof(m),
			  .nlmsg_type = NLMSG_ERROR,
			  .nlmsg_seq = sequence },
		.error.error = error };

	CHECK_INT(send(w->kernel, &m, sizeof(m), 0), sizeof(m));
}

static void acknowledge(struct world *w, uint32_t sequence, int error)
{
	put_acknowledgement(w, sequence, error);
	w->channel->ops->ready(w->channel);
}

/* A part of a dump: a device with this port and nothing else. */
static void dump_part(struct world *w, uint32_t sequence, uint16_t port, uint16_t flags)
{
	const struct genlmsghdr head = { .cmd = WG_CMD_GET_DEVICE, .version = 1 };
	struct rtnl_batch b = { .n = 0 };

	rtnl_begin(&b, FAMILY, NLM_F_MULTI | flags, &head, sizeof(head));
	rtnl_put(&b, WGDEVICE_A_LISTEN_PORT, &port, sizeof(port));
	((struct nlmsghdr *)(void *)b.bytes)->nlmsg_seq = sequence;
	answer(w, b.bytes, b.n);
}

static void dump_end(struct world *w, uint32_t sequence)
{
	const struct nlmsghdr m = { .nlmsg_len = sizeof(m),
				    .nlmsg_type = NLMSG_DONE,
				    .nlmsg_seq = sequence };

	answer(w, &m, sizeof(m));
}

static void dump_fails(struct world *w, uint32_t sequence, int error)
{
	const struct {
		struct nlmsghdr head;
		int error;
	} m = { .head = { .nlmsg_len = sizeof(m), .nlmsg_type = NLMSG_DONE, .nlmsg_seq = sequence },
		.error = error };

	answer(w, &m, sizeof(m));
}

static void ask_get(struct world *w)
{
	CHECK_INT(w->channel->ops->get(w->channel, get_done, w), 0);
}

static void ask_set(struct world *w, size_t n_peers)
{
	struct tunnel_peer peers[200];
	const struct tunnel_change change = { .peers = peers, .n_peers = n_peers };

	for (size_t i = 0; i < n_peers; i++)
		peers[i] = (struct tunnel_peer){ .key = { { (uint8_t)i, 1 } } };
	CHECK_INT(w->channel->ops->set(w->channel, &change, set_done, w), 0);
}

TEST(one_question_after_the_other)
{
	_cleanup_(end_world) struct world w;
	uint32_t sequence;

	begin_world(&w);
	ask_set(&w, 1);
	ask_get(&w);
	ask_set(&w, 2);
	sequence = expect_question(&w, WG_CMD_SET_DEVICE);
	expect_silence(&w);
	acknowledge(&w, sequence, 0);
	CHECK_STR(w.answers, "set0 ");
	sequence = expect_question(&w, WG_CMD_GET_DEVICE);
	expect_silence(&w);
	dump_part(&w, sequence, 77, 0);
	CHECK_STR(w.answers, "set0 ");
	dump_end(&w, sequence);
	sequence = expect_question(&w, WG_CMD_SET_DEVICE);
	acknowledge(&w, sequence, -EINVAL);
	CHECK_STR(w.answers, "set0 get77 set-22 ");
	CHECK_INT(w.channel->ops->events(w.channel), POLLIN);
}

/* 200 peers take several messages; the set is done when the last one was acknowledged. */
TEST(a_long_set_goes_message_by_message)
{
	_cleanup_(end_world) struct world w;
	int messages = 0;

	begin_world(&w);
	ask_set(&w, 200);
	ask_get(&w);
	while (!w.answers[0]) {
		acknowledge(&w, expect_question(&w, WG_CMD_SET_DEVICE), 0);
		messages++;
	}
	CHECK(messages > 1);
	CHECK_STR(w.answers, "set0 ");
	dump_end(&w, expect_question(&w, WG_CMD_GET_DEVICE));
	CHECK_STR(w.answers, "set0 get0 ");
}

/* However fast the kernel is, others on the loop have their turn in between. */
TEST(one_message_of_a_long_set_in_a_turn)
{
	_cleanup_(end_world) struct world w;

	begin_world(&w);
	ask_set(&w, 200);
	for (uint32_t sequence = 1; sequence <= 3; sequence++)
		put_acknowledgement(&w, sequence, 0);
	expect_question(&w, WG_CMD_SET_DEVICE);
	w.channel->ops->ready(w.channel);
	expect_question(&w, WG_CMD_SET_DEVICE);
	expect_silence(&w);
}

TEST(the_rest_of_a_refused_set_is_not_sent)
{
	_cleanup_(end_world) struct world w;

	begin_world(&w);
	ask_set(&w, 200);
	ask_get(&w);
	acknowledge(&w, expect_question(&w, WG_CMD_SET_DEVICE), -ENODEV);
	CHECK_STR(w.answers, "set-19 ");
	dump_end(&w, expect_question(&w, WG_CMD_GET_DEVICE));
	CHECK_STR(w.answers, "set-19 get0 ");
}

TEST(an_interrupted_dump_is_asked_for_again)
{
	_cleanup_(end_world) struct world w;
	uint32_t sequence;

	begin_world(&w);
	ask_get(&w);
	sequence = expect_question(&w, WG_CMD_GET_DEVICE);
	dump_part(&w, sequence, 1, NLM_F_DUMP_INTR);
	dump_end(&w, sequence);
	CHECK_STR(w.answers, "");
	sequence = expect_question(&w, WG_CMD_GET_DEVICE);
	dump_part(&w, sequence, 2, 0);
	dump_end(&w, sequence);
	CHECK_STR(w.answers, "get2 ");
}

TEST(a_dump_that_is_always_interrupted_fails)
{
	_cleanup_(end_world) struct world w;
	int tries = 0;

	begin_world(&w);
	ask_get(&w);
	while (!w.answers[0] && tries < 1000) {
		uint32_t sequence = expect_question(&w, WG_CMD_GET_DEVICE);

		dump_part(&w, sequence, 1, NLM_F_DUMP_INTR);
		dump_end(&w, sequence);
		tries++;
	}
	CHECK_STR(w.answers, "get-11 ");
	CHECK(tries > 1);
}

TEST(answers_to_other_questions_do_not_count)
{
	_cleanup_(end_world) struct world w;
	uint32_t sequence;

	begin_world(&w);
	acknowledge(&w, 1, 0);
	ask_set(&w, 1);
	sequence = expect_question(&w, WG_CMD_SET_DEVICE);
	acknowledge(&w, sequence + 1, -EINVAL);
	CHECK_STR(w.answers, "");
	acknowledge(&w, sequence, 0);
	CHECK_STR(w.answers, "set0 ");
}

TEST(a_part_that_is_not_readable_fails_the_dump)
{
	_cleanup_(end_world) struct world w;
	const struct genlmsghdr head = { .cmd = WG_CMD_GET_DEVICE, .version = 1 };
	struct rtnl_batch b = { .n = 0 };
	uint32_t sequence;
	size_t peers;

	begin_world(&w);
	ask_get(&w);
	sequence = expect_question(&w, WG_CMD_GET_DEVICE);
	rtnl_begin(&b, FAMILY, NLM_F_MULTI, &head, sizeof(head));
	peers = rtnl_nest(&b, WGDEVICE_A_PEERS | NLA_F_NESTED);
	rtnl_nest_end(&b, rtnl_nest(&b, NLA_F_NESTED));
	rtnl_nest_end(&b, peers);
	((struct nlmsghdr *)(void *)b.bytes)->nlmsg_seq = sequence;
	answer(&w, b.bytes, b.n);
	dump_part(&w, sequence, 1, 0);
	CHECK_STR(w.answers, "");
	dump_end(&w, sequence);
	CHECK_STR(w.answers, "get-74 ");
}

TEST(a_dump_that_ends_with_an_error)
{
	_cleanup_(end_world) struct world w;
	uint32_t sequence;

	begin_world(&w);
	ask_get(&w);
	sequence = expect_question(&w, WG_CMD_GET_DEVICE);
	dump_part(&w, sequence, 1, 0);
	dump_fails(&w, sequence, -ENOBUFS);
	CHECK_STR(w.answers, "get-105 ");
	ask_get(&w);
	sequence = expect_question(&w, WG_CMD_GET_DEVICE);
	dump_part(&w, sequence, 2, 0);
	dump_fails(&w, sequence, 0);
	CHECK_STR(w.answers, "get-105 get2 ");
}

TEST(asking_from_within_an_answer)
{
	_cleanup_(end_world) struct world w;

	begin_world(&w);
	w.again = true;
	ask_set(&w, 1);
	acknowledge(&w, expect_question(&w, WG_CMD_SET_DEVICE), 0);
	dump_end(&w, expect_question(&w, WG_CMD_GET_DEVICE));
	CHECK_STR(w.answers, "set0 get0 ");
}

TEST(the_other_side_goes)
{
	_cleanup_(end_world) struct world w;

	begin_world(&w);
	ask_set(&w, 1);
	ask_get(&w);
	fd_closep(&w.kernel);
	w.channel->ops->ready(w.channel);
	CHECK_STR(w.answers, "set-32 get-32 ");
	CHECK_INT(w.channel->ops->events(w.channel), 0);
	CHECK_INT(w.channel->ops->get(w.channel, get_done, &w), -EPIPE);
}

/* Nobody waits for them any more, but they are done, and in their turn. */
TEST(questions_that_are_abandoned)
{
	_cleanup_(end_world) struct world w;

	begin_world(&w);
	ask_set(&w, 1);
	ask_get(&w);
	w.channel->ops->abandon(w.channel);
	CHECK_STR(w.answers, "set-125 get-125 ");
	w.channel->ops->abandon(w.channel); /* each is told once */
	CHECK_STR(w.answers, "set-125 get-125 ");
	ask_set(&w, 1);
	acknowledge(&w, expect_question(&w, WG_CMD_SET_DEVICE), 0);
	dump_end(&w, expect_question(&w, WG_CMD_GET_DEVICE));
	CHECK_STR(w.answers, "set-125 get-125 ");
	acknowledge(&w, expect_question(&w, WG_CMD_SET_DEVICE), 0);
	CHECK_STR(w.answers, "set-125 get-125 set0 ");
}

/* From within, a caller may ask, or close. */
TEST(abandoned_callers_ask_again)
{
	_cleanup_(end_world) struct world w;

	begin_world(&w);
	w.again = true;
	ask_set(&w, 1);
	w.channel->ops->abandon(w.channel);
	CHECK_STR(w.answers, "set-125 get-125 ");
	acknowledge(&w, expect_question(&w, WG_CMD_SET_DEVICE), 0);
	dump_end(&w, expect_question(&w, WG_CMD_GET_DEVICE));
	CHECK_STR(w.answers, "set-125 get-125 ");
}

TEST(closing_ends_what_is_outstanding)
{
	_cleanup_(end_world) struct world w;

	begin_world(&w);
	ask_set(&w, 1);
	ask_get(&w);
	w.channel->ops->close(w.channel);
	w.channel = NULL;
	CHECK_STR(w.answers, "set-125 get-125 ");
}
