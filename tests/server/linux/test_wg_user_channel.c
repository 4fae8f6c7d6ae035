#include "server/linux/wg_user_channel.h"

#include <malloc.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "tests/server/linux/host.h"
#include "tests/server/linux/wg_device.h"

#define WAIT_MS 20000
#define MANY    2000

/* What came, in the order in which it came. */
struct answers {
	int n, r[16], id[16];
	size_t n_peers[16];
};

struct question {
	struct answers *all;
	int id;
};

static void note(void *arg, int r, const struct tunnel_state *state)
{
	const struct question *q = arg;
	struct answers *all = q->all;

	CHECK(all->n < 16);
	all->r[all->n] = r;
	all->id[all->n] = q->id;
	all->n_peers[all->n++] = state ? state->n_peers : 0;
}

/* As the loop does, until so many answers are there. */
static void loop(struct tunnel *t, const struct answers *all, int n)
{
	while (all->n < n) {
		struct pollfd ready = { .fd = t->ops->fd(t), .events = t->ops->events(t) };

		CHECK(ready.events != 0);
		CHECK(poll(&ready, 1, WAIT_MS) == 1);
		t->ops->ready(t);
	}
}

static int set_peer(struct tunnel *t, uint8_t number, struct question *q)
{
	const struct tunnel_peer peer = { .key = { { number } } };
	const struct tunnel_change change = { .peers = &peer, .n_peers = 1 };

	return t->ops->set(t, &change, note, q);
}

TEST(many_in_flight_are_answered_in_order)
{
	struct wg wg = device();
	struct answers all = { .n = 0 };
	struct question q[10];
	struct tunnel *t;

	CHECK_INT(wg_user.open(&wg, LINK, &t), 0);
	for (int i = 0; i < 10; i++) {
		q[i] = (struct question){ &all, i };
		if (i % 2)
			CHECK_INT(t->ops->get(t, note, &q[i]), 0);
		else
			CHECK_INT(set_peer(t, (uint8_t)(1 + i), &q[i]), 0);
		CHECK_INT(all.n, 0); /* never before it returns */
	}
	loop(t, &all, 10);
	for (int i = 0; i < 10; i++) {
		CASE("answer %d", i);
		CHECK_INT(all.id[i], i);
		CHECK_INT(all.r[i], 0);
		CHECK_INT(all.n_peers[i], i % 2 ? (i + 1) / 2 : 0);
	}
	t->ops->close(t);
	device_done(&wg);
}

/* More than a socket holds, both ways. */
TEST(a_large_change_and_a_large_state)
{
	struct wg wg = device();
	static struct tunnel_peer peers[MANY];
	static struct ovd_cidr allowed[MANY];
	const struct tunnel_change change = { .peers = peers, .n_peers = MANY };
	struct answers all = { .n = 0 };
	struct question q[] = { { &all, 0 }, { &all, 1 } };
	struct tunnel *t;

	for (unsigned i = 0; i < MANY; i++) {
		allowed[i] =
			(struct ovd_cidr){ .ip = { .len = 4,
						   .b = { 10, (uint8_t)(i >> 8), (uint8_t)i } },
					   .prefix_len = 24 };
		peers[i] = (struct tunnel_peer){ .key = { { 1, (uint8_t)(i >> 8), (uint8_t)i } },
						 .allowed = &allowed[i],
						 .n_allowed = 1 };
	}
	CHECK_INT(wg_user.open(&wg, LINK, &t), 0);
	CHECK_INT(t->ops->set(t, &change, note, &q[0]), 0);
	CHECK_INT(t->ops->get(t, note, &q[1]), 0);
	loop(t, &all, 2);
	CHECK_INT(all.r[0], 0);
	CHECK_INT(all.r[1], 0);
	CHECK_INT(all.n_peers[1], MANY);
	t->ops->close(t);
	device_done(&wg);
}

TEST(the_other_side_says_no)
{
	struct wg wg = device();
	const struct tunnel_change change = { .has_listen_port = true, .listen_port = 7002 };
	struct answers all = { .n = 0 };
	struct question q[] = { { &all, 0 }, { &all, 1 } };
	_cleanup_(fd_closep) int taken = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	const struct sockaddr_in6 address = { .sin6_family = AF_INET6, .sin6_port = htons(7002) };
	struct tunnel *t;

	/* a port is only bound then, soon after */
	run("ip link set " LINK " up; until ss -Hlun | grep -q .; do sleep 0.01; done");
	CHECK_INT(bind(taken, (const struct sockaddr *)&address, sizeof(address)), 0);
	CHECK_INT(wg_user.open(&wg, LINK, &t), 0);
	CHECK_INT(t->ops->set(t, &change, note, &q[0]), 0);
	CHECK_INT(t->ops->get(t, note, &q[1]), 0);
	loop(t, &all, 2);
	CHECK_INT(all.r[0], -EADDRINUSE);
	CHECK_INT(all.r[1], 0); /* and goes on */
	t->ops->close(t);
	device_done(&wg);
}

TEST(a_process_that_dies)
{
	struct wg wg = device();
	struct answers all = { .n = 0 };
	struct question q[] = { { &all, 0 }, { &all, 1 }, { &all, 2 } };
	struct tunnel *t;

	CHECK_INT(wg_user.open(&wg, LINK, &t), 0);
	/* each of its threads stops for itself; the sandbox has no other wireguard-go */
	run("p=$(pgrep -x wireguard-go); kill -STOP $p;"
	    "while grep -h State: /proc/$p/task/*/status | grep -qv stopped; do sleep 0.01; done");
	CHECK_INT(set_peer(t, 1, &q[0]), 0);
	CHECK_INT(t->ops->get(t, note, &q[1]), 0);
	run("pkill -KILL -x wireguard-go");
	loop(t, &all, 2);
	CHECK_INT(all.r[0], -EPIPE);
	CHECK_INT(all.r[1], -EPIPE);
	CHECK_INT(all.id[1], 1);
	CHECK_INT(set_peer(t, 1, &q[2]), -EPIPE);
	CHECK_INT(t->ops->events(t), 0);
	t->ops->close(t);
	CHECK_INT(all.n, 2);

	CHECK_INT(wg_user.delete(&wg, LINK), 0);
	CHECK_INT(wg_user.make(&wg, LINK, "", &(bool){ false }), 0);
	CHECK_INT(wg_user.open(&wg, LINK, &t), 0);
	CHECK_INT(set_peer(t, 1, &q[2]), 0);
	loop(t, &all, 3);
	CHECK_INT(all.r[2], 0);
	t->ops->close(t);
	device_done(&wg);
}

TEST(closed_with_questions_open)
{
	struct wg wg = device();
	struct answers all = { .n = 0 };
	struct question q[] = { { &all, 0 }, { &all, 1 } };
	struct tunnel *t;

	CHECK_INT(wg_user.open(&wg, LINK, &t), 0);
	CHECK_INT(set_peer(t, 1, &q[0]), 0);
	CHECK_INT(t->ops->get(t, note, &q[1]), 0);
	t->ops->close(t);
	CHECK_INT(all.n, 2);
	CHECK_INT(all.r[0], -ECANCELED);
	CHECK_INT(all.r[1], -ECANCELED);
	CHECK_INT(all.id[0], 0);
	device_done(&wg);
}

static void close_it(void *arg, int r, const struct tunnel_state *state _unused_)
{
	struct tunnel **t = arg;

	CHECK_INT(r, 0);
	(*t)->ops->close(*t);
	*t = NULL;
}

/* By the function that is told of an answer, while another one is due. */
TEST(closed_from_inside)
{
	struct wg wg = device();
	struct answers all = { .n = 0 };
	struct question q = { &all, 1 };
	struct tunnel *t;

	CHECK_INT(wg_user.open(&wg, LINK, &t), 0);
	CHECK_INT(t->ops->get(t, close_it, &t), 0);
	CHECK_INT(t->ops->get(t, note, &q), 0);
	while (t) {
		struct pollfd ready = { .fd = t->ops->fd(t), .events = t->ops->events(t) };

		CHECK(poll(&ready, 1, WAIT_MS) == 1);
		t->ops->ready(t);
	}
	CHECK_INT(all.n, 1);
	CHECK_INT(all.r[0], -ECANCELED);
	device_done(&wg);
}

/* ---- a device that says what the test wants ---- */

#define HEX_LENGTH 64

/* The private key's hexadecimal digits, each byte turned over. */
static const uint8_t *key_turned(void)
{
	static uint8_t turned[HEX_LENGTH];

	for (unsigned i = 0; i < HEX_LENGTH; i++)
		turned[i] = (uint8_t) ~"0123456789abcdef"[i * i % 11];
	return turned;
}

static void put_hex(char hex[HEX_LENGTH])
{
	for (unsigned i = 0; i < HEX_LENGTH; i++)
		hex[i] = (char)~key_turned()[i];
}

/* The answer to a get, as wireguard-go gives it; with so many peers. */
static void say_state(int fd, unsigned n_peers)
{
	char begin[] =
		"private_key=0000000000000000000000000000000000000000000000000000000000000000\n";
	char peer[128];

	put_hex(begin + strlen("private_key="));
	CHECK_INT(send(fd, begin, strlen(begin), 0), strlen(begin));
	explicit_bzero(begin, sizeof(begin));
	for (unsigned i = 0; i < n_peers; i++) {
		int n = snprintf(peer, sizeof(peer), "public_key=%064x\nallowed_ip=10.0.0.0/8\n",
				 i + 1);

		CHECK_INT(send(fd, peer, (size_t)n, 0), n);
	}
	CHECK_INT(send(fd, "errno=0\n\n", 9, 0), 9);
}

/* Gets it; more than the socket holds at once. */
static void get_state(struct tunnel *t, int fd, unsigned n_peers, struct question *q)
{
	pid_t pid;

	CHECK_INT(t->ops->get(t, note, q), 0);
	pid = fork();
	if (pid == 0) {
		say_state(fd, n_peers);
		_exit(0);
	}
	loop(t, q->all, q->all->n + 1);
	CHECK_INT(q->all->r[q->all->n - 1], 0);
	CHECK_INT(q->all->n_peers[q->all->n - 1], n_peers);
	CHECK_INT(waitpid(pid, NULL, 0), pid);
}

static size_t heap(void)
{
	return mallinfo2().uordblks + mallinfo2().hblkhd;
}

TEST(a_private_key_is_kept_nowhere)
{
	struct tunnel_change change = { .has_private_key = true };
	struct answers all = { .n = 0 };
	struct question q = { &all, 0 };
	struct tunnel *t;
	char question[256];
	int fds[2];

	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	CHECK_INT(wg_user_channel_new(fds[0], &t), 0);
	get_state(t, fds[1], 300, &q);
	CHECK_INT(check_copies(key_turned(), HEX_LENGTH), 0);

	for (unsigned i = 0; i < 32; i++) {
		char digits[3] = { (char)~key_turned()[2 * i], (char)~key_turned()[2 * i + 1] };

		change.private_key.b[i] = (uint8_t)strtoul(digits, NULL, 16);
	}
	CHECK_INT(t->ops->set(t, &change, note, &q), 0); /* sent at once */
	CHECK_INT(check_copies(key_turned(), HEX_LENGTH), 0);
	CHECK(recv(fds[1], question, sizeof(question), 0) > 0);
	explicit_bzero(question, sizeof(question));

	CHECK_INT(t->ops->set(t, &change, note, &q), 0); /* waits for the answer */
	CHECK_INT(check_copies(key_turned(), HEX_LENGTH), 1);
	t->ops->close(t);
	CHECK_INT(check_copies(key_turned(), HEX_LENGTH), 0);
	close(fds[1]);
}

TEST(a_large_state_takes_no_room_afterwards)
{
	struct answers all = { .n = 0 };
	struct question q = { &all, 0 };
	struct tunnel *t;
	size_t before;
	int fds[2];

	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	CHECK_INT(wg_user_channel_new(fds[0], &t), 0);
	before = heap();
	get_state(t, fds[1], 20000, &q);
	get_state(t, fds[1], 20000, &q);
	CHECK(heap() <= before + 3 * BUF_KEPT); /* the answer is 2 MB */
	t->ops->close(t);
	close(fds[1]);
}

/* The device hangs: nobody waits for its answer any more, but what is told later comes behind. */
TEST(abandoned_questions_keep_their_turn)
{
	struct wg wg = device();
	const struct tunnel_peer gone = { .key = { { 1 } }, .remove = true };
	const struct tunnel_change change = { .peers = &gone, .n_peers = 1 };
	struct answers all = { .n = 0 };
	struct question q[] = { { &all, 0 }, { &all, 1 }, { &all, 2 }, { &all, 3 } };
	struct tunnel *t;

	CHECK_INT(wg_user.open(&wg, LINK, &t), 0);
	run("kill -STOP $(pgrep -x wireguard-go)");
	CHECK_INT(set_peer(t, 1, &q[0]), 0);
	CHECK_INT(t->ops->get(t, note, &q[1]), 0);
	t->ops->abandon(t);
	CHECK_INT(all.n, 2);
	CHECK_INT(all.r[0], -ECANCELED);
	CHECK_INT(all.r[1], -ECANCELED);
	CHECK_INT(t->ops->set(t, &change, note, &q[2]), 0);
	CHECK_INT(t->ops->get(t, note, &q[3]), 0);
	run("kill -CONT $(pgrep -x wireguard-go)");
	loop(t, &all, 4);
	CHECK_INT(all.id[2], 2);
	CHECK_INT(all.r[2], 0);
	CHECK_INT(all.r[3], 0);
	CHECK_INT(all.n_peers[3], 0);
	t->ops->close(t);
	device_done(&wg);
}
