/* JSON and protobuf on one connection of the real daemon. */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "runtime/codec.h"
#include "runtime/stream_unix.h"
#include "schema/overlayd.h"
#include "tests/integration/daemon.h"

#define BODY_MAX 65536

static void need_protobuf(void)
{
	if (!codec_is_built(OVD_CODEC_PROTOBUF))
		SKIP("built without protobuf");
}

static void send_view(int fd, struct ovd_view body)
{
	uint32_t n = (uint32_t)body.n;

	send_bytes(fd, &n, sizeof(n));
	send_bytes(fd, body.p, body.n);
}

static void send_request(int fd, enum ovd_codec codec, uint64_t id,
			 const struct ovd_request *request)
{
	const struct ovd_frame frame = { .kind = OVD_FRAME_REQUEST,
					 .request = { .id = id, .request = *request } };
	_cleanup_(buf_done) struct buf body = { .p = NULL };
	_cleanup_(arena_done) struct arena arena = { .chunk = NULL };

	CHECK_INT(codec_encode(codec, &ovd_frame_table, &frame, &arena, &body), 0);
	send_view(fd, buf_view(&body));
}

/* The next response, which must be in this form and to this id; valid until the next. */
static const struct ovd_response *take(int fd, enum ovd_codec codec, uint64_t id)
{
	static char body[BODY_MAX + BUF_SLACK];
	static struct arena arena;
	static struct ovd_frame frame;
	char text[FAULT_LINE_MAX];
	struct ovd_fault fault;
	uint32_t n = 0;

	arena_done(&arena);
	CHECK_INT(recv(fd, &n, sizeof(n), MSG_WAITALL), sizeof(n));
	CHECK(n > 0 && n <= BODY_MAX);
	CHECK_INT(recv(fd, body, n, MSG_WAITALL), n);
	memset(body + n, 0, BUF_SLACK);
	CHECK_INT(codec_of((struct ovd_view){ body, n }), codec);
	if (codec_decode(codec, &ovd_frame_table, (struct ovd_view){ body, n }, &arena, &frame,
			 &fault) < 0)
		check_fail(__FILE__, __LINE__, "%s", fault_text(&fault, text));
	CHECK_INT(frame.kind, OVD_FRAME_RESPONSE);
	CHECK_U64(frame.response.id, id);
	return &frame.response.response;
}

static const struct ovd_request status = { .kind = OVD_REQUEST_STATUS };

/* The connection still works in both forms, and nothing has been made. */
static void check_alive(int fd)
{
	const enum ovd_codec codecs[] = { OVD_CODEC_PROTOBUF, OVD_CODEC_JSON };

	for (size_t i = 0; i < ARRAY_SIZE(codecs); i++) {
		const struct ovd_response *response;

		send_request(fd, codecs[i], 77, &status);
		response = take(fd, codecs[i], 77);
		CHECK_INT(response->kind, OVD_RESPONSE_STATUS);
		CHECK_INT(response->status.service_count, 0);
		CHECK(!response->status.interface.p);
	}
}

/* ---- both at once ---- */

TEST(answers_come_in_the_form_of_their_requests)
{
	enum { N = 200 };
	const struct ovd_request bridge = {
		.kind = OVD_REQUEST_SETUP_SERVICE_OVERLAY,
		.setup_service_overlay = { .service = view("web"), .mode = OVD_OVERLAY_MODE_AUTO }
	};
	struct test_daemon d;
	int fd;

	need_protobuf();
	fd = daemon_begin(&d);
	for (unsigned i = 0; i < N; i++) /* bridges take the kernel a while */
		send_request(fd, i / 2 % 2 ? OVD_CODEC_JSON : OVD_CODEC_PROTOBUF, i,
			     i % 50 == 0 ? &bridge : &status);
	for (unsigned i = 0; i < N; i++) {
		const struct ovd_response *response =
			take(fd, i / 2 % 2 ? OVD_CODEC_JSON : OVD_CODEC_PROTOBUF, i);

		CASE("answer %u", i);
		CHECK_INT(response->kind,
			  i % 50 == 0 ? OVD_RESPONSE_SERVICE_OVERLAY : OVD_RESPONSE_STATUS);
	}
	daemon_end(&d, fd);
}

TEST(hello_names_what_is_built_in)
{
	const struct ovd_request hello = { .kind = OVD_REQUEST_HELLO };
	const struct ovd_response *response;
	struct test_daemon d;
	int fd;

	fd = daemon_begin(&d);
	send_request(fd, OVD_CODEC_JSON, 1, &hello);
	response = take(fd, OVD_CODEC_JSON, 1);
	CHECK_INT(response->kind, OVD_RESPONSE_SERVER_INFO);
	CHECK_INT(response->server_info.codecs.n, codec_is_built(OVD_CODEC_PROTOBUF) ? 2 : 1);
	CHECK_VIEW(response->server_info.codecs.items[0], "json");
	if (codec_is_built(OVD_CODEC_PROTOBUF))
		CHECK_VIEW(response->server_info.codecs.items[1], "protobuf");
	daemon_end(&d, fd);
}

/* ---- bad input ---- */

/* A body, and the id and the text of the err for it. */
static const struct {
	struct ovd_view body;
	uint64_t id;
	const char *text;
} bad[] = {
	{ VIEW_LITERAL("\x82"), 0, "the message ends inside a number (byte 1)" },
	{ VIEW_LITERAL("\x82\x01"), 0, "16: the message ends inside a number (byte 2)" },
	{ VIEW_LITERAL("\x82\x01\x05\x08\x07"), 7,
	  "16: 5 bytes are announced and 2 are there (byte 2)" },
	{ VIEW_LITERAL("\x82\x01\x00"), 0, "16.1: the field is missing (byte 3)" },
	{ VIEW_LITERAL("\x82\x01\x02\x08\x07"), 7, "16.2: the field is missing (byte 5)" },
	{ VIEW_LITERAL("\x82\x01\x04\x08\x07\x12\x00"), 7,
	  "16.2: Request holds no variant (byte 7)" },
	{ VIEW_LITERAL("\x82\x01\x07\x08\x07\x12\x03\x9a\x06\x00"), 7,
	  "16.2.99: unknown (byte 7)" },
	{ VIEW_LITERAL("\x80\x01\x07"), 0, "16: wire type 0 where 2 is expected (byte 0)" },
	{ VIEW_LITERAL("\xfb\xff\xff\xff\x0f"), 0, "536870911: groups are not read (byte 5)" },
	{ VIEW_LITERAL("\xff\xff\xff\xff\xff\xff"), 0, "a number of more than 5 bytes (byte 0)" },
	/* set_local_node_id: a text for its number */
	{ VIEW_LITERAL("\x82\x01\x09\x08\x07\x12\x05\x0a\x03\x0a\x01x"), 7,
	  "16.2.1.1: wire type 2 where 0 is expected (byte 9)" },
	/* release_ip */
	{ VIEW_LITERAL("\x82\x01\x0a\x08\x07\x12\x06\x42\x04\x0a\x02"
		       "10"),
	  7, "16.2.8.1: not an IP address (byte 11)" },
	/* set_local_wg_pubkey */
	{ VIEW_LITERAL("\x82\x01\x09\x08\x07\x12\x05\x12\x03\x0a\x01\xff"), 7,
	  "16.2.2.1: a string is not UTF-8 (byte 11)" },
	{ VIEW_LITERAL("\x82\x01\x09\x08\x07\x12\x05\x12\x03\x0a\x01\x00"), 7,
	  "16.2.2.1: a string must not hold a NUL (byte 11)" },
	/* setup_service_overlay with a name of 64 bytes */
	{ VIEW_LITERAL("\x82\x01\x4a\x08\x07\x12\x46\x2a\x44\x0a\x40"
		       "0123456789012345678901234567890123456789012345678901234567890123\x10\x00"),
	  7, "16.2.5.1: longer than 63 bytes (byte 10)" },
	/* setup_service_overlay in a mode that is none */
	{ VIEW_LITERAL("\x82\x01\x0b\x08\x07\x12\x07\x2a\x05\x0a\x01w\x10\x09"), 7,
	  "16.2.5.2: not one of the values of OverlayMode (byte 13)" },
	/* setup_global_overlay on port 65536 */
	{ VIEW_LITERAL("\x82\x01\x13\x08\x07\x12\x0f\x1a\x0d\x0a\x01"
		       "d\x12\x01i\x1a\x01"
		       "c\x28\x80\x80\x04"),
	  7, "16.2.3.5: expected an integer from 0 to 65535 (byte 19)" },
	/* the id after what is broken */
	{ VIEW_LITERAL("\x82\x01\x06\x12\x02\x9a\x06\x08\x09"), 9, "16.2.99" },
};

TEST(every_bad_body_gets_its_error)
{
	struct test_daemon d;
	int fd;

	need_protobuf();
	fd = daemon_begin(&d);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		const struct ovd_response *response;

		CASE("body %zu: %s", i, bad[i].text);
		send_view(fd, bad[i].body);
		response = take(fd, OVD_CODEC_PROTOBUF, bad[i].id);
		CHECK_INT(response->kind, OVD_RESPONSE_ERR);
		if (!memmem(response->err.message.p, response->err.message.n, bad[i].text,
			    strlen(bad[i].text)))
			check_fail(__FILE__, __LINE__, "answered %.*s",
				   VIEW(response->err.message));
		check_alive(fd);
	}
	daemon_end(&d, fd);
}

/* 2,049 names, where 2,048 are the most; and 34 KB of brackets, so to speak. */
TEST(too_much)
{
	_cleanup_(buf_done) struct buf names = { .p = NULL }, deep = { .p = NULL };
	struct test_daemon d;
	int fd;

	need_protobuf();
	fd = daemon_begin(&d);
	CHECK_INT(buf_append(&names, "\x82\x01\x8b\x20\x08\x07\x12\x86\x20\xb2\x01\x82\x20", 13),
		  0);
	for (int i = 0; i < 2049; i++)
		CHECK_INT(buf_append(&names, "\x0a\x00", 2), 0);
	send_view(fd, buf_view(&names));
	CHECK_VIEW(take(fd, OVD_CODEC_PROTOBUF, 7)->err.message,
		   "16.2.22.1[2048]: more than 2048 items (byte 4110)");
	check_alive(fd);
	for (int i = 0; i < 17000; i++)
		CHECK_INT(buf_append(&deep, "\x83\x01", 2), 0);
	send_view(fd, buf_view(&deep));
	CHECK_VIEW(take(fd, OVD_CODEC_PROTOBUF, 0)->err.message,
		   "16: wire type 3 where 2 is expected (byte 0)");
	check_alive(fd);
	daemon_end(&d, fd);
}

#if !WITH_PROTOBUF
TEST(without_protobuf_its_bytes_are_broken_json)
{
	struct test_daemon d;
	int fd;

	fd = daemon_begin(&d);
	send_view(fd, bad[0].body);
	CHECK_VIEW(take(fd, OVD_CODEC_JSON, 0)->err.message, "expected an object (byte 0)");
	daemon_end(&d, fd);
}

#endif

/* ---- overlayctl ---- */

static pid_t overlayctl(const char *socket, const char *codec, const char *command)
{
	const char *build = getenv("B");
	char path[256];
	pid_t pid;

	snprintf(path, sizeof(path), "%s/bin/overlayctl", build ? build : "build");
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);

		dup2(nowhere, STDOUT_FILENO);
		dup2(nowhere, STDERR_FILENO);
		execl(path, "overlayctl", "--socket", socket, "--codec", codec, command, NULL);
		_exit(127);
	}
	return pid;
}

TEST(overlayctl_speaks_both)
{
	struct test_daemon d;
	int fd;

	need_protobuf();
	fd = daemon_begin(&d);
	CHECK_INT(daemon_wait(overlayctl(d.socket, "json", "status")), 0);
	CHECK_INT(daemon_wait(overlayctl(d.socket, "protobuf", "status")), 0);
	CHECK_INT(daemon_wait(overlayctl(d.socket, "protobuf", "nat-status")), 1); /* an err */
	CHECK_INT(daemon_wait(overlayctl(d.socket, "xml", "status")), 2);
	daemon_end(&d, fd);
}

/* The first byte of what overlayctl sends to a daemon that hangs up then. */
static unsigned char first_byte(const char *codec)
{
	char dir[] = "/tmp/codecs-XXXXXX", path[64];
	int listener, fd, code;
	unsigned char bytes[5];
	pid_t pid;

	CHECK(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/s", dir);
	listener = stream_listen(path, 0600, (gid_t)-1);
	CHECK(listener >= 0);
	pid = overlayctl(path, codec, "status");
	CHECK_INT(poll(&(struct pollfd){ .fd = listener, .events = POLLIN }, 1, 20000), 1);
	fd = accept(listener, NULL, NULL);
	CHECK(fd >= 0);
	CHECK_INT(recv(fd, bytes, sizeof(bytes), MSG_WAITALL), sizeof(bytes));
	close(fd);
	close(listener);
	code = daemon_wait(pid);
	CHECK(code > 0 && code < 127);
	unlink(path);
	rmdir(dir);
	return bytes[4];
}

TEST(overlayctl_asks_as_it_is_told)
{
	need_protobuf();
	CHECK_INT(first_byte("json"), '{');
	CHECK_INT(first_byte("protobuf"), 0x82);
}
