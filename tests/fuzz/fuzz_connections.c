/* The server's connections: several clients at once send requests and anything else in any pieces,
 * read or don't, close halves or all, while calls are answered late and the clock goes on. Whatever
 * they do, what comes back is whole answers; a client that sends only good requests gets one answer
 * for each, in their order; and all is freed in the end, descriptors that came along too. */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include "server/ipc/server.h"
#include "tests/fuzz/client.h"
#include "tests/fuzz/fuzz.h"
#include "tests/server/ipc/clock.h"

#define CLIENTS_MAX 8
#define N_BIG       512

struct world {
	uv_loop_t loop;
	struct server *server;
	struct sockaddr_un address;
	socklen_t address_n;
	struct client clients[CLIENTS_MAX];
	size_t n_clients;
	struct call *held[CLIENTS_MAX]; /* parked: one at a time for each connection */
	size_t n_held;
	bool busy, drained;
	unsigned closed;
	int given[2]; /* a pipe: its second end goes to the server, time and again */
};

/* ---- the server's side ---- */

/* Some 32 KiB. */
static int reply_big(struct call *call)
{
	static const char name[] =
		"zl-0123456789abcdef0123456789abcdef0123456789abcdef0123456789-b";
	struct ovd_view *names = arena_alloc(call->arena, N_BIG * sizeof(*names));

	MUST(names);
	for (size_t i = 0; i < N_BIG; i++)
		names[i] = VIEW_LITERAL(name);
	return call_reply(call, &(struct ovd_response){ .kind = OVD_RESPONSE_PRUNED_BRIDGES,
							.pruned_bridges = { { names, N_BIG } } });
}

static int dispatch(struct call *call, const struct ovd_request *request)
{
	struct world *w = (struct world *)(void *)call->daemon;

	call_fd(call, 0);
	if (request->kind == OVD_REQUEST_SET_LOCAL_NODE_ID)
		return call_ok(call);
	if (request->kind == OVD_REQUEST_STATUS)
		return reply_big(call);
	if (request->kind == OVD_REQUEST_TEARDOWN_GLOBAL_OVERLAY)
		return w->busy ? -EINPROGRESS : call_ok(call);
	if (request->kind != OVD_REQUEST_SHUTDOWN)
		return -ENOSPC;
	MUST(w->n_held < CLIENTS_MAX);
	w->held[w->n_held++] = call;
	return call_park(call);
}

static void server_is_closed(void *arg)
{
	struct world *w = arg;

	w->server = NULL;
	w->closed++;
}

/* More than once: what a callback starts or closes is seen in the next turn. */
static void turn(struct world *w)
{
	for (int i = 0; i < 8; i++)
		uv_run(&w->loop, UV_RUN_NOWAIT);
}

static void wake(struct world *w)
{
	if (w->server)
		server_wake(w->server);
}

/* ---- what may happen ---- */

static void answer_held(struct world *w, size_t i, unsigned how)
{
	struct call *call = w->held[i];

	w->held[i] = w->held[--w->n_held];
	if (how % 4 == 0)
		call_fail(call, -EIO, "the disk is gone");
	else if (how % 4 == 1)
		call_again(call);
	else
		call_ok(call);
}

/* What has been sent is read before: a loop that stands still for as long as a frame may take is
 * not what this is about. */
static void pass_time(struct world *w, unsigned ms)
{
	for (int i = 0; i < 8; i++)
		turn(w);
	clock_advance(ms);
	turn(w);
}

static struct client *any_client(struct world *w, unsigned i)
{
	return w->n_clients > 0 ? &w->clients[i % w->n_clients] : NULL;
}

static void connect_one(struct world *w)
{
	if (w->n_clients < CLIENTS_MAX)
		client_connect(&w->clients[w->n_clients++], &w->address, w->address_n);
}

static void act_on_client(struct world *w, struct client *c, unsigned what, struct fuzz_input *in)
{
	switch (what) {
	case 0:
		client_send_bytes(c, input_take(in, input_byte(in)));
		break;
	case 1:
		client_ask(c, input_byte(in));
		break;
	case 2:
		client_ask_in_two(c, input_byte(in));
		turn(w);
		client_send_rest(c);
		break;
	case 3:
		client_read(c);
		break;
	case 4:
		client_close_half(c);
		break;
	case 5:
		client_close(c);
		break;
	case 12:
		c->given = w->given[1];
		c->fds = input_byte(in) % (CLIENT_FDS_MAX + 1);
		break;
	}
}

static void act_on_server(struct world *w, unsigned what, struct fuzz_input *in)
{
	switch (what) {
	case 6:
		connect_one(w);
		break;
	case 7:
		turn(w);
		break;
	case 8:
		if (w->n_held > 0)
			answer_held(w, input_byte(in) % w->n_held, input_byte(in));
		break;
	case 9:
		w->busy = !w->busy;
		wake(w);
		break;
	case 10:
		pass_time(w, 100 * input_byte(in));
		break;
	case 11:
		server_drain(w->server);
		w->drained = true;
		break;
	}
}

static void act(struct world *w, struct fuzz_input *in)
{
	unsigned what = input_byte(in), who = what >> 4;
	struct client *c = any_client(w, who);

	what %= 16;
	if (what >= 6 && what != 12)
		act_on_server(w, what, in);
	else if (c)
		act_on_client(w, c, what, in);
}

/* ---- life ---- */

static void start(struct world *w)
{
	struct server_options options = { .loop = &w->loop,
					  .daemon = (struct daemon *)(void *)w,
					  .dispatch = dispatch };
	struct sockaddr_un any = { .sun_family = AF_UNIX };

	MUST(pipe2(w->given, O_CLOEXEC | O_NONBLOCK) == 0);
	options.listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	MUST(options.listen_fd >= 0);
	/* without a name: the kernel gives it one, which is in no file system */
	MUST(bind(options.listen_fd, (struct sockaddr *)&any, sizeof(any.sun_family)) == 0);
	MUST(listen(options.listen_fd, CLIENTS_MAX) == 0);
	w->address_n = sizeof(w->address);
	MUST(getsockname(options.listen_fd, (struct sockaddr *)&w->address, &w->address_n) == 0);
	MUST(uv_loop_init(&w->loop) == 0);
	MUST(server_start(&options, &w->server) == 0);
}

/* Everything that was asked is answered. */
static void settle(struct world *w)
{
	bool moved = true;

	w->busy = false;
	while (moved) {
		while (w->n_held > 0)
			answer_held(w, 0, 2);
		wake(w);
		turn(w);
		moved = w->n_held > 0;
		for (size_t i = 0; i < w->n_clients; i++)
			moved |= client_read(&w->clients[i]);
	}
	MUST(server_parked(w->server) == 0);
	for (size_t i = 0; i < w->n_clients; i++)
		client_must_be_served(&w->clients[i], w->drained);
}

static void stop(struct world *w)
{
	char end;

	server_close(w->server, 0, server_is_closed, w);
	for (size_t i = 0; i < w->n_clients; i++)
		client_close(&w->clients[i]);
	while (w->n_held > 0)
		answer_held(w, 0, 2);
	w->busy = false;
	wake(w);
	while (!w->closed)
		uv_run(&w->loop, UV_RUN_ONCE);
	uv_run(&w->loop, UV_RUN_DEFAULT);
	MUST(w->closed == 1 && uv_loop_close(&w->loop) == 0);
	close(w->given[1]);
	MUST(read(w->given[0], &end, 1) == 0); /* nobody has the second end any more */
	close(w->given[0]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct fuzz_input in = { data, n };
	bool settles = input_byte(&in) % 4 != 0; /* or the server is closed in the midst of it */
	struct world *w = calloc(1, sizeof(*w));

	MUST(w);
	start(w);
	while (in.n > 0)
		act(w, &in);
	if (settles)
		settle(w);
	stop(w);
	free(w);
	return 0;
}
