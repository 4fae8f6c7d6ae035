#include "server/linux/wg_uapi.h"

#include <errno.h>

#include "tests/check.h"

#define KEY_A "0100000000000000000000000000000000000000000000000000000000000000"
#define KEY_B "0200000000000000000000000000000000000000000000000000000000000000"

static struct ovd_cidr cidr(const char *text)
{
	struct ovd_cidr value;

	CHECK_INT(cidr_parse(view(text), &value), 0);
	return value;
}

TEST(set_says_only_what_changes)
{
	_cleanup_(buf_done) struct buf b = { .p = NULL };
	const struct ovd_cidr added[] = { cidr("10.0.0.0/8"), cidr("fd00::/64") };
	const struct tunnel_peer peers[] = {
		{ .key = { { 1 } },
		  .has_keepalive = true,
		  .keepalive = 25,
		  .allowed = added,
		  .n_allowed = 2 },
		{ .key = { { 2 } }, .remove = true },
	};
	const struct tunnel_change change = {
		.has_listen_port = true, .listen_port = 7, .peers = peers, .n_peers = 2
	};

	CHECK_INT(uapi_put_set(&b, &change), 0);
	CHECK_VIEW(buf_view(&b), "set=1\nlisten_port=7\n"
				 "public_key=" KEY_A "\npersistent_keepalive_interval=25\n"
				 "allowed_ip=10.0.0.0/8\nallowed_ip=fd00::/64\n"
				 "public_key=" KEY_B "\nremove=true\n\n");
}

/* Never replace_allowed_ips, which leaves a moment without any. */
TEST(a_prefix_goes_with_a_stranger)
{
	_cleanup_(buf_done) struct buf b = { .p = NULL };
	const struct ovd_cidr gone[] = { cidr("10.0.0.0/8") };
	const struct tunnel_peer peer = { .key = { { 1 } }, .removed = gone, .n_removed = 1 };
	const struct tunnel_change change = { .peers = &peer, .n_peers = 1 };
	const char *text;

	CHECK_INT(uapi_put_set(&b, &change), 0);
	CHECK_INT(buf_append(&b, "", 1), 0);
	text = b.p;
	CHECK(!strstr(text, "replace"));
	CHECK(strstr(text, "allowed_ip=10.0.0.0/8\npublic_key="));
	CHECK(strstr(text, "remove=true\n\n"));
	CHECK(strncmp(text, "set=1\npublic_key=" KEY_A "\npublic_key=", 6 + 11 + 64 + 12) == 0);
}

#define DUMP                                                                                       \
	"private_key=" KEY_B "\nlisten_port=51820\n"                                               \
	"public_key=" KEY_A "\nendpoint=192.0.2.1:9\nlast_handshake_time_sec=1700000000\n"         \
	"tx_bytes=5\nrx_bytes=18446744073709551615\npersistent_keepalive_interval=25\n"            \
	"allowed_ip=10.0.0.0/8\nallowed_ip=fd00::/64\nunknown=thing\n"                             \
	"public_key=" KEY_B "\nendpoint=[2001:db8::1]:9\nallowed_ip=10.9.0.0/16\nerrno=0\n\n"

static int read_get(struct ovd_view text, struct wg_dump *dump)
{
	struct uapi_answer answer = { .ended = false };

	wg_dump_begin(dump);
	CHECK_INT(uapi_read(&answer, text, dump), text.n);
	CHECK(answer.ended);
	wg_dump_end(dump);
	return uapi_result(&answer);
}

TEST(get_is_read)
{
	_cleanup_(wg_dump_done) struct wg_dump s = { .peers = { .p = NULL } };

	for (int again = 0; again < 2; again++) {
		CHECK_INT(read_get(view(DUMP), &s), 0);
		CHECK_INT(s.state.listen_port, 51820);
		CHECK(s.state.has_private_key);
		CHECK_INT(s.state.private_key.b[0], 2);
		CHECK_INT(s.state.n_peers, 2);
		CHECK_INT(s.state.peers[0].n_allowed, 2);
		CHECK_INT(s.state.peers[0].last_handshake, 1700000000);
		CHECK_U64(s.state.peers[0].rx_bytes, UINT64_MAX);
		CHECK_INT(s.state.peers[0].keepalive, 25);
		CHECK_INT(s.state.peers[1].endpoint.ip.len, 16);
		CHECK_INT(s.state.peers[1].allowed[0].prefix_len, 16);
		CHECK_INT(s.state.peers[1].last_handshake, 0);
	}
}

TEST(the_key_is_forgotten)
{
	static const struct ovd_key none;
	_cleanup_(wg_dump_done) struct wg_dump s = { .peers = { .p = NULL } };

	CHECK_INT(read_get(view(DUMP), &s), 0);
	wg_dump_trim(&s);
	CHECK(!s.state.has_private_key);
	CHECK(key_eq(&s.state.private_key, &none));
	CHECK_INT(read_get(view("listen_port=1\nerrno=0\n\n"), &s), 0);
	CHECK(!s.state.has_private_key);
}

static const struct {
	const char *text;
	int r;
} broken[] = {
	{ "\n", -EBADMSG },
	{ "listen_port=1\n\n", -EBADMSG }, /* no errno */
	{ "errno=-22\n\n", -22 },
	{ "errno=x\n\n", -EBADMSG },
	{ "listen_port=70000\nerrno=0\n\n", -EBADMSG },
	{ "private_key=12\nerrno=0\n\n", -EBADMSG },
	{ "public_key=12\nerrno=0\n\n", -EBADMSG },
	{ "public_key=" KEY_A "\nallowed_ip=10.0.0.0\nerrno=0\n\n", -EBADMSG },
	{ "public_key=" KEY_A "\nrx_bytes=-1\nerrno=0\n\n", -EBADMSG },
	{ "public_key=" KEY_A "\nlast_handshake_time_sec=9223372036854775808\nerrno=0\n\n",
	  -EBADMSG },
};

TEST(broken_dumps)
{
	for (size_t i = 0; i < ARRAY_SIZE(broken); i++) {
		_cleanup_(wg_dump_done) struct wg_dump s = { .peers = { .p = NULL } };
		struct ovd_view text = check_edge(broken[i].text, strlen(broken[i].text), 0);

		CASE("%s", broken[i].text);
		CHECK_INT(read_get(text, &s), broken[i].r);
	}
}

/* An answer in any pieces: the same as at once, and what follows is left alone. */
TEST(an_answer_in_pieces)
{
	const char *text = DUMP "errno=-1\n\n";
	size_t n = strlen(DUMP);

	for (size_t piece = 1; piece <= n; piece++) {
		_cleanup_(wg_dump_done) struct wg_dump s = { .peers = { .p = NULL } };
		struct uapi_answer answer = { .ended = false };
		size_t at = 0;

		CASE("%zu bytes more at a time", piece);
		for (size_t have = 0; have < strlen(text); have += piece) {
			CHECK(!answer.ended || at == n);
			at += uapi_read(&answer,
					(struct ovd_view){ .p = text + at, .n = have - at }, &s);
			CHECK(at <= have);
		}
		if (!answer.ended)
			at += uapi_read(&answer, view(text + at), &s);
		CHECK_INT(at, n);
		CHECK_INT(uapi_result(&answer), 0);
		wg_dump_end(&s);
		CHECK_INT(s.state.n_peers, 2);
		CHECK_INT(s.state.peers[1].n_allowed, 1);
	}
}

TEST(a_sets_answer)
{
	static const struct {
		const char *text;
		int r;
	} sets[] = { { "errno=0\n\n", 0 }, { "errno=-1\n\n", -1 }, { "\n", -EBADMSG } };

	for (size_t i = 0; i < ARRAY_SIZE(sets); i++) {
		struct uapi_answer answer = { .ended = false };

		CASE("%s", sets[i].text);
		CHECK_INT(uapi_read(&answer, view(sets[i].text), NULL), strlen(sets[i].text));
		CHECK(answer.ended);
		CHECK_INT(uapi_result(&answer), sets[i].r);
	}
}
