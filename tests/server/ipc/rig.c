#include "tests/server/ipc/rig.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/stream_unix.h"
#include "tests/check.h"

/* ---- handlers ---- */

static int step_run(void *platform _unused_, struct step *step _unused_, char *detail _unused_)
{
	return 0;
}

static const struct net_step steps[STEP_MAX_] = { [STEP_FIREWALL] = { "nothing", step_run, NULL } };
static const struct net net = { .steps = steps };

static void plan_ran(struct call *call, int result)
{
	CHECK_INT(result, 0);
	call_ok(call);
}

static int reply_big(struct call *call, size_t n, bool aside)
{
	char *name = arena_alloc(call->arena, n);

	CHECK(name);
	memset(name, 'x', n);
	return (aside ? call_reply_large : call_reply)(
		call, &(struct ovd_response){ .kind = OVD_RESPONSE_BRIDGE_NAME,
					      .bridge_name = { { .p = name, .n = n } } });
}

static int dispatch(struct call *call, const struct ovd_request *request)
{
	struct rig *r = (struct rig *)(void *)call->daemon;

	r->handled++;
	if (request->kind == OVD_REQUEST_SET_LOCAL_NODE_ID)
		return call_ok(call);
	if (request->kind == OVD_REQUEST_LIST_ATTACHMENTS) {
		struct stat st = { .st_ino = 0 };

		fstat(call_fd(call, 0), &st);
		r->fd_ino = st.st_ino;
		return call_ok(call);
	}
	if (request->kind == OVD_REQUEST_STATUS)
		return reply_big(call, r->n_big, r->big_aside);
	if (request->kind == OVD_REQUEST_TEARDOWN_GLOBAL_OVERLAY)
		return r->busy ? -EINPROGRESS : call_ok(call);
	if (request->kind == OVD_REQUEST_LIST_EDGE_PEERS) {
		if (r->busy && !r->may_end)
			return -EINPROGRESS;
		r->busy = false;
		return -ENOSPC;
	}
	if (request->kind == OVD_REQUEST_NAT_TICK) {
		CHECK(plan_add(&call->plan, STEP_FIREWALL));
		return call_run(call, plan_ran);
	}
	if (request->kind == OVD_REQUEST_HELLO) {
		call_listen(call);
		return call_ok(call);
	}
	if (request->kind != OVD_REQUEST_SHUTDOWN &&
	    request->kind != OVD_REQUEST_TEARDOWN_SERVICE_OVERLAY)
		return -ENOSPC;
	r->held = call;
	return call_park(call);
}

/* ---- life ---- */

static void worker_ready(uv_poll_t *poll, int status _unused_, int events _unused_)
{
	struct rig *r = poll->data;

	worker_collect(r->worker);
}

static void helper_ready(uv_poll_t *poll, int status _unused_, int events _unused_)
{
	struct rig *r = poll->data;

	worker_collect(r->helper);
}

void rig_start(struct rig *r)
{
	struct server_options options = { .loop = &r->loop, .dispatch = dispatch };

	*r = (struct rig){ .dir = "/tmp/ipc-XXXXXX" };
	CHECK(mkdtemp(r->dir));
	snprintf(r->path, sizeof(r->path), "%s/s", r->dir);
	CHECK_INT(uv_loop_init(&r->loop), 0);
	CHECK_INT(worker_start(&net, &r->worker), 0);
	CHECK_INT(uv_poll_init(&r->loop, &r->worker_poll, worker_fd(r->worker)), 0);
	r->worker_poll.data = r;
	uv_poll_start(&r->worker_poll, UV_READABLE, worker_ready);
	CHECK_INT(worker_start(NULL, &r->helper), 0);
	CHECK_INT(uv_poll_init(&r->loop, &r->helper_poll, worker_fd(r->helper)), 0);
	r->helper_poll.data = r;
	uv_poll_start(&r->helper_poll, UV_READABLE, helper_ready);
	options.listen_fd = stream_listen(r->path, 0600, (gid_t)-1);
	CHECK(options.listen_fd >= 0);
	options.worker = r->worker;
	options.helper = r->helper;
	options.daemon = (struct daemon *)(void *)r;
	CHECK_INT(server_start(&options, &r->server), 0);
}

static void server_closed(void *arg)
{
	struct rig *r = arg;

	r->server = NULL;
	r->closed++;
}

void rig_stop(struct rig *r)
{
	if (r->server)
		server_close(r->server, 0, server_closed, r);
	while (!r->closed)
		uv_run(&r->loop, UV_RUN_ONCE);
	uv_close((uv_handle_t *)&r->worker_poll, NULL);
	uv_close((uv_handle_t *)&r->helper_poll, NULL);
	uv_run(&r->loop, UV_RUN_DEFAULT);
	worker_stop(r->worker);
	worker_stop(r->helper);
	CHECK_INT(uv_loop_close(&r->loop), 0);
	uv_library_shutdown(); /* its descriptors count, too */
	CHECK_INT(unlink(r->path), 0);
	CHECK_INT(rmdir(r->dir), 0);
	CHECK_INT(r->closed, 1);
}

/* ---- the client ---- */

int rig_connect(struct rig *r)
{
	int fd = stream_connect(r->path);

	CHECK(fd >= 0);
	CHECK_INT(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	return fd;
}

void rig_turn(struct rig *r)
{
	/* more than one: what a callback starts or closes is seen in the next turn */
	for (int i = 0; i < 4; i++)
		uv_run(&r->loop, UV_RUN_NOWAIT);
}

void rig_send(struct rig *r, int fd, const void *bytes, size_t n)
{
	for (size_t done = 0; done < n;) {
		ssize_t w = send(fd, (const char *)bytes + done, n - done, MSG_NOSIGNAL);

		if (w > 0)
			done += (size_t)w;
		else if (errno == EAGAIN)
			rig_turn(r);
		else
			return; /* what comes back is looked at, not this */
	}
}

void rig_ask(struct rig *r, int fd, unsigned id, const char *op)
{
	rig_ask_padded(r, fd, id, op, 0);
}

void rig_ask_padded(struct rig *r, int fd, unsigned id, const char *op, size_t n_blanks)
{
	_cleanup_(freep) char *frame = malloc(n_blanks + 256);
	uint32_t n = (uint32_t)n_blanks;

	CHECK(frame);
	memset(frame + 4, ' ', n_blanks);
	n += (uint32_t)snprintf(frame + 4 + n_blanks, 252,
				"{\"frame\":\"request\",\"id\":%u,\"request\":%s}", id, op);
	memcpy(frame, &n, sizeof(n));
	rig_send(r, fd, frame, sizeof(n) + n);
}

static bool read_exactly(struct rig *r, int fd, void *p, size_t n)
{
	for (size_t got = 0; got < n;) {
		ssize_t some = recv(fd, (char *)p + got, n - got, 0);

		if (some > 0) {
			got += (size_t)some;
		} else if (some < 0 && errno == EAGAIN) {
			uv_run(&r->loop, UV_RUN_NOWAIT);
			poll(&(struct pollfd){ .fd = fd, .events = POLLIN }, 1, 1);
		} else {
			return false;
		}
	}
	return true;
}

char *rig_read(struct rig *r, int fd)
{
	uint32_t n;
	char *body;

	if (!read_exactly(r, fd, &n, sizeof(n)))
		return NULL;
	body = calloc(n + 1u, 1);
	CHECK(body && read_exactly(r, fd, body, n));
	return body;
}

void rig_expect(struct rig *r, int fd, unsigned id, const char *text)
{
	_cleanup_(freep) char *body = rig_read(r, fd);
	char number[32];

	snprintf(number, sizeof(number), "\"id\":%u,", id);
	if (!body || !strstr(body, number) || !strstr(body, text))
		check_fail(__FILE__, __LINE__, "expected %s and %s, got %.300s", number, text,
			   body ? body : "the end");
}

void rig_expect_end(struct rig *r, int fd)
{
	_cleanup_(freep) char *body = rig_read(r, fd);

	if (body)
		check_fail(__FILE__, __LINE__, "expected the end, got %.300s", body);
}

bool rig_quiet(struct rig *r, int fd)
{
	char byte;

	rig_turn(r);
	return recv(fd, &byte, 1, MSG_PEEK) < 0 && errno == EAGAIN;
}
