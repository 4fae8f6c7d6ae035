#include "tests/fuzz/client.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>

#include "runtime/arena.h"
#include "runtime/codec.h"
#include "schema/overlayd.h"
#include "tests/fuzz/fuzz.h"

/* What the server queues is 16 MiB; an answer that is large has some 32 KiB. */
#define BIG_MAX 400

static const char *const requests[] = {
	"{\"op\":\"set_local_node_id\",\"node_id\":1}",
	"{\"op\":\"shutdown\"}",
	"{\"op\":\"teardown_global_overlay\"}",
	"{\"op\":\"nat_status\"}",
	"{\"op\":\"status\"}",
};
#define BIG 4

void client_connect(struct client *c, const struct sockaddr_un *address, socklen_t n)
{
	c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	MUST(c->fd >= 0);
	if (connect(c->fd, (const struct sockaddr *)address, n) < 0)
		c->is_wild = true; /* the server listens no more */
}

static ssize_t send_with(struct client *c, struct ovd_view bytes)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(CLIENT_FDS_MAX * sizeof(int))] = { 0 };
	struct cmsghdr *rights = (struct cmsghdr *)(void *)control;
	struct iovec iov = { .iov_base = (char *)bytes.p, .iov_len = bytes.n };
	const struct msghdr message = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = c->fds > 0 ? CMSG_SPACE(c->fds * sizeof(int)) : 0,
	};

	*rights = (struct cmsghdr){ .cmsg_len = CMSG_LEN(c->fds * sizeof(int)),
				    .cmsg_level = SOL_SOCKET,
				    .cmsg_type = SCM_RIGHTS };
	for (unsigned i = 0; i < c->fds; i++)
		memcpy(CMSG_DATA(rights) + i * sizeof(int), &c->given, sizeof(int));
	c->fds = 0;
	return sendmsg(c->fd, &message, MSG_NOSIGNAL);
}

/* Only as much as the server takes without being turned: then the rest can't follow. */
static void send_now(struct client *c, struct ovd_view bytes)
{
	ssize_t sent = c->fd < 0 || bytes.n == 0 ? 0 : send_with(c, bytes);

	if (sent != (ssize_t)bytes.n)
		c->is_wild = true;
}

void client_send_bytes(struct client *c, struct ovd_view bytes)
{
	c->is_wild = true;
	send_now(c, bytes);
}

static bool can_ask(const struct client *c)
{
	return c->fd >= 0 && !c->half_closed && !c->at_end;
}

/* Behind blanks, in JSON; or in protobuf. */
static void put_body(struct buf *out, uint64_t id, const char *request, int blanks,
		     enum ovd_codec codec)
{
	_cleanup_(buf_done) struct buf text = { .p = NULL };
	_cleanup_(arena_done) struct arena arena = { .chunk = NULL };
	_cleanup_(freep) char *body = NULL;
	struct ovd_fault fault;
	struct ovd_frame frame;

	MUST(buf_printf(&text, "%*s{\"frame\":\"request\",\"id\":%llu,\"request\":%s}", blanks, "",
			(unsigned long long)id, request) == 0);
	if (codec == OVD_CODEC_JSON) {
		MUST(buf_append(out, text.p, text.n) == 0);
		return;
	}
	body = fuzz_body(buf_view(&text), '\0');
	MUST(ovd_frame_decode((struct ovd_view){ .p = body, .n = text.n }, &arena, &frame,
			      &fault) == 0);
	MUST(codec_encode(codec, &ovd_frame_table, &frame, &arena, out) == 0);
}

void client_ask_in_two(struct client *c, unsigned how)
{
	bool protobuf = how & 0x80 && codec_is_built(OVD_CODEC_PROTOBUF);
	unsigned which = how % ARRAY_SIZE(requests);
	const char codec = protobuf ? OVD_CODEC_PROTOBUF : OVD_CODEC_JSON;
	size_t at;

	if (!can_ask(c))
		return;
	c->asked++;
	if (which == BIG && c->asked - c->answered > BIG_MAX)
		c->is_deaf = true;
	c->rest.n = 0;
	MUST(buf_append(&c->codecs, &codec, 1) == 0);
	MUST(frame_begin(&c->rest, &at) == 0);
	put_body(&c->rest, c->asked, requests[which], how / 5 % 8 * 100, (enum ovd_codec)codec);
	MUST(frame_end(&c->rest, at) == 0);
	at = c->rest.n * (how % 7) / 7;
	send_now(c, (struct ovd_view){ .p = c->rest.p, .n = at });
	buf_drop(&c->rest, at);
}

void client_send_rest(struct client *c)
{
	send_now(c, buf_view(&c->rest));
	c->rest.n = 0;
}

void client_ask(struct client *c, unsigned how)
{
	client_ask_in_two(c, how);
	client_send_rest(c);
}

static void take_answer(struct client *c, struct ovd_view body)
{
	enum ovd_codec codec = codec_of(body);
	struct arena arena = { .chunk = NULL };
	struct ovd_fault fault;
	struct ovd_frame frame;

	MUST(codec_decode(codec, &ovd_frame_table, body, &arena, &frame, &fault) == 0);
	MUST(frame.kind == OVD_FRAME_RESPONSE);
	c->answered++;
	MUST(c->is_wild || frame.response.id == c->answered);
	MUST(c->is_wild || c->answered <= c->asked);
	MUST(c->is_wild || c->codecs.p[c->answered - 1] == (char)codec);
	arena_done(&arena);
}

static void take_answers(struct client *c)
{
	struct ovd_view body;
	int r;

	while ((r = frame_next(&c->in, &body, NULL)) == 1)
		take_answer(c, body);
	MUST(r == 0);
}

bool client_read(struct client *c)
{
	bool any = false;

	while (c->fd >= 0 && !c->at_end) {
		size_t room;
		char *p = frame_room(&c->in, &room);
		ssize_t n;

		MUST(p);
		n = recv(c->fd, p, room, 0);
		if (n < 0 && errno == EAGAIN)
			break;
		any = true;
		c->at_end = n <= 0;
		if (n > 0)
			frame_filled(&c->in, (size_t)n);
		take_answers(c);
	}
	return any;
}

void client_close_half(struct client *c)
{
	if (c->fd >= 0)
		shutdown(c->fd, SHUT_WR);
	c->half_closed = true;
}

void client_close(struct client *c)
{
	fd_closep(&c->fd);
	buf_done(&c->rest);
	buf_done(&c->codecs);
	frame_reader_done(&c->in);
}

void client_must_be_served(const struct client *c, bool drained)
{
	if (c->fd < 0 || c->is_wild || c->is_deaf || drained)
		return;
	MUST(c->answered == c->asked);
	MUST(c->at_end == c->half_closed);
}
