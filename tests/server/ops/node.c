#include "tests/server/ops/node.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/stream_unix.h"
#include "schema/overlayd_ops.h"
#include "server/ops/channel.h"
#include "server/ops/health.h"
#include "server/ops/reap.h"
#include "tests/check.h"

/* ---- the tunnel ---- */

static struct fake_tunnel *fake_of(const struct tunnel *t)
{
	return CONTAINER_OF(t, struct fake_tunnel, tunnel);
}

static int tunnel_fd(const struct tunnel *t)
{
	return fake_of(t)->event;
}

static short tunnel_events(const struct tunnel *t)
{
	return fake_of(t)->ended ? 0 : POLLIN;
}

static int begin(struct tunnel *t, tunnel_done_fn *done, void *arg)
{
	struct fake_tunnel *f = fake_of(t);

	CHECK(f->n_asked < ARRAY_SIZE(f->asked));
	f->asked[f->n_asked].done = done;
	f->asked[f->n_asked++].arg = arg;
	if (!f->hangs)
		eventfd_write(f->event, 1);
	return 0;
}

static int tunnel_set(struct tunnel *t, const struct tunnel_change *change, tunnel_done_fn *done,
		      void *arg)
{
	struct fake_tunnel *f = fake_of(t);

	f->n_set++;
	f->n_told = change->n_peers;
	f->told = change->peers[change->n_peers - 1];
	f->told.allowed = f->told.removed = NULL;
	return begin(t, done, arg);
}

static void answer(struct fake_tunnel *f, int r)
{
	const struct tunnel_state state = { .peers = f->peers, .n_peers = f->n_peers };
	struct asked_of_it asked[ARRAY_SIZE(f->asked)];
	size_t n = f->n_asked;

	memcpy(asked, f->asked, sizeof(asked));
	f->n_asked = 0;
	for (size_t i = 0; i < n; i++)
		if (asked[i].done)
			asked[i].done(asked[i].arg, r, r < 0 ? NULL : &state);
}

static void tunnel_abandon(struct tunnel *t)
{
	struct fake_tunnel *f = fake_of(t);

	for (size_t i = 0; i < f->n_asked; i++) {
		tunnel_done_fn *done = f->asked[i].done;

		f->asked[i].done = NULL;
		if (done)
			done(f->asked[i].arg, -ECANCELED, NULL);
	}
}

static void tunnel_ready(struct tunnel *t)
{
	struct fake_tunnel *f = fake_of(t);
	eventfd_t count;

	eventfd_read(f->event, &count);
	if (f->answers)
		answer(f, f->result);
}

static void tunnel_close(struct tunnel *t)
{
	answer(fake_of(t), -ECANCELED);
}

/* Prefixes stay where they are. */
static void tunnel_keep(struct tunnel *t, struct tunnel_state *ret)
{
	const struct fake_tunnel *f = fake_of(t);
	struct buf peers = { .p = NULL };

	CHECK_INT(buf_append(&peers, f->peers, f->n_peers * sizeof(*f->peers)), 0);
	*ret = (struct tunnel_state){ .peers = (void *)peers.p,
				      .n_peers = f->n_peers,
				      .memory = { peers } };
}

static const struct tunnel_ops tunnel_ops = {
	tunnel_fd, tunnel_events, tunnel_ready,	  tunnel_set,
	begin,	   tunnel_keep,	  tunnel_abandon, tunnel_close,
};

/* ---- the platform ---- */

static struct node *node_of(void *platform)
{
	return CONTAINER_OF(platform, struct node, fake);
}

static int tunnel_open(void *platform, const char *link _unused_, struct tunnel **ret)
{
	struct fake_tunnel *f = &node_of(platform)->tunnel;

	if (f->open_result < 0)
		return f->open_result;
	f->n_opened++;
	*ret = &f->tunnel;
	return 0;
}

/* Each pid is a process with a namespace of its own. */
static int owner_open(void *platform, uint32_t pid, struct net_owner *ret)
{
	struct node *n = node_of(platform);

	*ret = (struct net_owner){ .netns_dev = 4,
				   .netns_ino = pid,
				   .start_time = 1,
				   .pid = pid,
				   .netns = -1,
				   .process = n->process };
	n->process = -1;
	return 0;
}

/* Of a path so long is the namespace with the inode 0x1000 and that. */
static int netns_open(void *platform, const char *path, struct net_owner *ret)
{
	if (node_of(platform)->netns_ended)
		return -ENOENT;
	*ret = (struct net_owner){
		.netns_dev = 4, .netns_ino = 0x1000 + strlen(path), .netns = -1, .process = -1
	};
	return 0;
}

/* Each file is a namespace's. */
static int fd_open(void *platform _unused_, int fd, struct net_owner *ret)
{
	struct stat st;

	CHECK_INT(fstat(fd, &st), 0);
	*ret = (struct net_owner){
		.netns_dev = 4, .netns_ino = st.st_ino, .netns = -1, .process = -1
	};
	return 0;
}

static bool has_link(void *platform, const char *name _unused_)
{
	return !node_of(platform)->no_links;
}

static int links_fd(void *platform)
{
	return node_of(platform)->links;
}

static void links_read(void *platform, void (*gone)(void *arg, struct ovd_view link), void *arg)
{
	struct node *n = node_of(platform);
	eventfd_t count;

	eventfd_read(n->links, &count);
	gone(arg, view(n->link_gone));
}

/* ---- the loop ---- */

static void worker_ready(uv_poll_t *poll, int status _unused_, int events _unused_)
{
	worker_collect(((struct node *)poll->data)->daemon.worker);
}

void node_channel_ready(struct node *n)
{
	for (struct channel *c = n->daemon.channels, *next; c; c = next) {
		next = c->next;
		channel_ready(c);
	}
}

static void tunnel_polled(uv_poll_t *poll, int status _unused_, int events _unused_)
{
	node_channel_ready(poll->data);
}

static void channel_changed(struct channel *c _unused_)
{
}

static void settled(struct daemon *d)
{
	reap_look(d);
	server_wake(CONTAINER_OF(d, struct node, daemon)->server);
}

static void watch_fd(struct node *n, uv_poll_t *poll, int fd, uv_poll_cb ready)
{
	CHECK_INT(uv_poll_init(&n->loop, poll, fd), 0);
	poll->data = n;
	CHECK_INT(uv_poll_start(poll, UV_READABLE, ready), 0);
}

/* ---- life ---- */

static void serve(struct node *n)
{
	struct server_options options = { .loop = &n->loop,
					  .worker = n->daemon.worker,
					  .daemon = &n->daemon,
					  .ended = reap_look,
					  .dispatch = ovd_dispatch };
	char path[64];

	n->dir[0] = '\0';
	strcat(n->dir, "/tmp/node-XXXXXX");
	CHECK(mkdtemp(n->dir));
	snprintf(path, sizeof(path), "%s/s", n->dir);
	options.listen_fd = stream_listen(path, 0600, (gid_t)-1);
	CHECK(options.listen_fd >= 0);
	CHECK_INT(server_start(&options, &n->server), 0);
	n->daemon.server = n->server;
	n->fd = node_connect(n);
}

int node_connect(struct node *n)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "%s/s", n->dir);
	fd = stream_connect(path);
	CHECK(fd >= 0);
	CHECK_INT(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	return fd;
}

void node_start(struct node *n)
{
	static const struct ovd_key private_key = { { 1 } }, public_key = { { 0xab, 0xcd } };

	*n = (struct node){ .daemon = { .loop = &n->loop,
					.net = &n->net,
					.channel_changed = channel_changed,
					.settled = settled } };
	net_fake_init(&n->fake);
	n->net = n->fake.net;
	n->net.owner_open = owner_open;
	n->net.netns_open = netns_open;
	n->net.fd_open = fd_open;
	n->net.has_link = has_link;
	n->net.links_fd = links_fd;
	n->net.links_read = links_read;
	n->process = -1;
	n->links = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	n->net.tunnel_open = tunnel_open;
	n->tunnel.tunnel.ops = &tunnel_ops;
	n->tunnel.answers = true;
	n->tunnel.event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	n->daemon.engine = engine_new(&private_key, &public_key);
	CHECK(n->daemon.engine);
	CHECK_INT(uv_loop_init(&n->loop), 0);
	CHECK_INT(worker_start(&n->net, &n->daemon.worker), 0);
	watch_fd(n, &n->worker_poll, worker_fd(n->daemon.worker), worker_ready);
	watch_fd(n, &n->tunnel_poll, n->tunnel.event, tunnel_polled);
	serve(n);
}

static void closed(void *arg)
{
	*(bool *)arg = true;
}

void node_stop(struct node *n)
{
	bool gone = false;
	char path[64];

	close(n->fd);
	health_end(&n->daemon);
	channels_close(&n->daemon);
	server_close(n->server, 0, closed, &gone);
	while (!gone)
		uv_run(&n->loop, UV_RUN_ONCE);
	uv_close((uv_handle_t *)&n->worker_poll, NULL);
	uv_close((uv_handle_t *)&n->tunnel_poll, NULL);
	uv_run(&n->loop, UV_RUN_DEFAULT);
	CHECK_INT(uv_loop_close(&n->loop), 0);
	uv_library_shutdown();
	worker_stop(n->daemon.worker);
	engine_free(n->daemon.engine);
	close(n->tunnel.event);
	close(n->links);
	snprintf(path, sizeof(path), "%s/s", n->dir);
	unlink(path);
	CHECK_INT(rmdir(n->dir), 0);
}

/* ---- the client ---- */

/* So many bytes into p, the loop turning meanwhile. */
static void receive(struct node *n, void *p, size_t size)
{
	for (size_t got = 0; got < size;) {
		ssize_t some = recv(n->fd, (char *)p + got, size - got, 0);

		CHECK(some > 0 || (some < 0 && errno == EAGAIN));
		if (some > 0)
			got += (size_t)some;
		else
			uv_run(&n->loop, UV_RUN_ONCE);
	}
}

void node_send_fd(struct node *n, const char *request, int fd)
{
	static char frame[160 * 1024];
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))] = { 0 };
	struct cmsghdr *rights = (struct cmsghdr *)(void *)control;
	uint32_t size =
		(uint32_t)snprintf(frame + 4, sizeof(frame) - 4,
				   "{\"frame\":\"request\",\"id\":1,\"request\":%s}", request);
	struct iovec bytes = { .iov_base = frame, .iov_len = sizeof(size) + size };
	const struct msghdr message = { .msg_iov = &bytes,
					.msg_iovlen = 1,
					.msg_control = control,
					.msg_controllen = fd < 0 ? 0 : sizeof(control) };

	memcpy(frame, &size, sizeof(size));
	*rights = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof(int)),
				    .cmsg_level = SOL_SOCKET,
				    .cmsg_type = SCM_RIGHTS };
	memcpy(CMSG_DATA(rights), &fd, sizeof(fd));
	CHECK_INT(sendmsg(n->fd, &message, MSG_NOSIGNAL), sizeof(size) + size);
}

void node_send(struct node *n, const char *request)
{
	node_send_fd(n, request, -1);
}

const char *node_hear(struct node *n, const char *want)
{
	static char body[128 * 1024];
	uint32_t size;

	receive(n, &size, sizeof(size));
	CHECK(size < sizeof(body));
	receive(n, body, size);
	body[size] = '\0';
	if (!strstr(body, want))
		check_fail(__FILE__, __LINE__, "expected %s, heard %s", want, body);
	return body;
}

const char *node_ask(struct node *n, const char *request, const char *want)
{
	CASE("%.200s", request);
	node_send(n, request);
	return node_hear(n, want);
}

void node_wake(struct node *n)
{
	n->tunnel.hangs = false;
	eventfd_write(n->tunnel.event, 1);
	node_turn(n);
}

void node_turn(struct node *n)
{
	for (int i = 0; i < 4; i++)
		uv_run(&n->loop, UV_RUN_NOWAIT);
}

bool node_has_channel(const struct node *n)
{
	return n->daemon.channels && n->daemon.channels->tunnel;
}
