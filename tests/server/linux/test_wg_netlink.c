#include "server/linux/wg_netlink.h"

#include <errno.h>
#include <linux/genetlink.h>
#include <linux/wireguard.h>
#include <netinet/in.h>
#include <stdio.h>

#include "server/linux/rtnl.h"
#include "tests/check.h"

#define FAMILY 0x1234

static const struct wg_device device = { .link = "zl-overlay0", .family = FAMILY };
static const struct wg_device newer = { .link = "zl-overlay0", .family = FAMILY, .removes = true };

static struct ovd_cidr cidr(const char *text)
{
	struct ovd_cidr value;

	CHECK_INT(cidr_parse(view(text), &value), 0);
	return value;
}

/* ---- what was written, as text ---- */

static void describe(struct buf *out, const struct rtattr *a, size_t n, int depth);

static const char *const names[][12] = {
	{ "", "", "ifname", "key", "", "flags", "port", "", "peers" },
	{ "peer" },
	{ "", "public", "", "flags", "endpoint", "keepalive", "", "", "", "allowed" },
	{ "prefix" },
	{ "", "family", "ip", "len", "flags" },
};

static void describe_one(struct buf *out, const struct rtattr *a, int depth)
{
	unsigned type = a->rta_type & NLA_TYPE_MASK;
	const unsigned char *data = RTA_DATA(a);

	CHECK(type < 12 && names[depth][type]);
	CHECK_INT(buf_printf(out, "%s", names[depth][type]), 0);
	if (depth % 2 == 1 || (depth == 0 && type == WGDEVICE_A_PEERS) ||
	    (depth == 2 && type == WGPEER_A_ALLOWEDIPS)) {
		CHECK(a->rta_type & NLA_F_NESTED);
		CHECK_INT(buf_text(out, "("), 0);
		describe(out, RTA_DATA(a), RTA_PAYLOAD(a), depth + 1);
		CHECK_INT(buf_text(out, ") "), 0);
		return;
	}
	CHECK_INT(buf_text(out, "="), 0);
	for (size_t i = 0; i < RTA_PAYLOAD(a); i++)
		CHECK_INT(buf_printf(out, "%02x", data[i]), 0);
	CHECK_INT(buf_text(out, " "), 0);
}

static void describe(struct buf *out, const struct rtattr *a, size_t n, int depth)
{
	for (; RTA_OK(a, n); a = RTA_NEXT(a, n))
		describe_one(out, a, depth);
	CHECK_INT(n, 0);
}

/* One line for each message. */
static const char *describe_all(const struct buf *b, struct buf *text)
{
	for (size_t at = 0; at < b->n;) {
		const struct nlmsghdr *m = (const void *)(b->p + at);
		const struct genlmsghdr *g = NLMSG_DATA(m);

		CHECK(m->nlmsg_len <= b->n - at && m->nlmsg_len <= RTNL_BATCH_MAX);
		CHECK_INT(m->nlmsg_type, FAMILY);
		CHECK_INT(g->version, 1);
		CHECK_INT(buf_printf(text, "%s%s ", g->cmd == WG_CMD_SET_DEVICE ? "set" : "get",
				     m->nlmsg_flags & NLM_F_ACK ? " ack" : ""),
			  0);
		describe(text, (const void *)((const char *)g + GENL_HDRLEN),
			 m->nlmsg_len - NLMSG_LENGTH(GENL_HDRLEN), 0);
		CHECK_INT(buf_text(text, "\n"), 0);
		at += m->nlmsg_len;
	}
	CHECK_INT(buf_append(text, "", 1), 0);
	return text->p;
}

#define HEAD   "set ack ifname=7a6c2d6f7665726c61793000 "
#define ZEROS  "00000000000000000000000000000000000000000000000000000000000000"
#define KEY(k) "public=" k ZEROS " "

TEST(set_says_only_what_changes)
{
	_cleanup_(buf_done) struct buf b = { .p = NULL }, text = { .p = NULL };
	const struct ovd_cidr added[] = { cidr("10.0.0.0/8"), cidr("fd00::/64") };
	const struct tunnel_peer peers[] = {
		{ .key = { { 1 } },
		  .has_endpoint = true,
		  .endpoint = { .ip = cidr("192.0.2.1/32").ip, .port = 0x1234 },
		  .has_keepalive = true,
		  .keepalive = 25,
		  .allowed = added,
		  .n_allowed = 2 },
		{ .key = { { 2 } }, .remove = true },
	};
	const struct tunnel_change change = { .has_listen_port = true,
					      .listen_port = 7,
					      .has_private_key = true,
					      .private_key = { { 9 } },
					      .peers = peers,
					      .n_peers = 2 };

	CHECK_INT(wg_netlink_put_set(&b, &device, &change), 0);
	CHECK_STR(
		describe_all(&b, &text), HEAD
		"key=09" ZEROS " port=0700 peers("
		"peer(" KEY(
			"01") "endpoint=02001234c00002010000000000000000 keepalive=1900 "
			      "allowed(prefix(family=0200 ip=0a000000 len=08 ) "
			      "prefix(family=0a00 ip=fd000000000000000000000000000000 len=40 ) ) ) "
			      "peer(" KEY("02") "flags=01000000 ) ) \n");
}

TEST(endpoint_of_ipv6)
{
	_cleanup_(buf_done) struct buf b = { .p = NULL }, text = { .p = NULL };
	const struct tunnel_peer peer = { .key = { { 1 } },
					  .has_endpoint = true,
					  .endpoint = { .ip = cidr("2001:db8::1/128").ip,
							.port = 51820 } };
	const struct tunnel_change change = { .peers = &peer, .n_peers = 1 };

	CHECK_INT(wg_netlink_put_set(&b, &device, &change), 0);
	CHECK_STR(describe_all(&b, &text),
		  HEAD "peers(peer(" KEY("01") "endpoint=0a00ca6c00000000"
					       "20010db8000000000000000000000001"
					       "00000000 ) ) \n");
}

/* Before Linux 6.16: never WGPEER_F_REPLACE_ALLOWEDIPS, which leaves a moment without any. */
TEST(a_prefix_goes_with_a_stranger)
{
	_cleanup_(buf_done) struct buf b = { .p = NULL }, text = { .p = NULL };
	const struct ovd_cidr gone[] = { cidr("10.0.0.0/8") };
	const struct tunnel_peer peer = { .key = { { 1 } }, .removed = gone, .n_removed = 1 };
	const struct tunnel_change change = { .peers = &peer, .n_peers = 1 };
	const char *said, *stranger;
	char want[1024];

	CHECK_INT(wg_netlink_put_set(&b, &device, &change), 0);
	said = describe_all(&b, &text);
	stranger = strstr(strstr(said, "public=") + 1, "public=") + 7;
	CHECK(strncmp(stranger, "01" ZEROS, 64) != 0);
	snprintf(want, sizeof(want),
		 HEAD "peers(peer(" KEY("01") ") "
					      "peer(public=%.64s allowed(prefix(family=0200 "
					      "ip=0a000000 len=08 ) ) ) "
					      "peer(public=%.64s flags=01000000 ) ) \n",
		 stranger, stranger);
	CHECK_STR(said, want);
}

TEST(a_newer_kernel_takes_a_prefix_away)
{
	_cleanup_(buf_done) struct buf b = { .p = NULL }, text = { .p = NULL };
	const struct ovd_cidr gone[] = { cidr("10.0.0.0/8") }, added[] = { cidr("10.1.0.0/16") };
	const struct tunnel_peer peer = {
		.key = { { 1 } }, .allowed = added, .n_allowed = 1, .removed = gone, .n_removed = 1
	};
	const struct tunnel_change change = { .peers = &peer, .n_peers = 1 };

	CHECK_INT(wg_netlink_put_set(&b, &newer, &change), 0);
	CHECK_STR(describe_all(&b, &text),
		  HEAD "peers(peer(" KEY(
			  "01") "allowed(prefix(family=0200 ip=0a010000 len=10 ) "
				"prefix(family=0200 ip=0a000000 len=08 flags=01000000 ) ) ) ) \n");
}

TEST(get_asks_for_a_dump)
{
	_cleanup_(buf_done) struct buf b = { .p = NULL }, text = { .p = NULL };

	CHECK_INT(wg_netlink_put_get(&b, &device), 0);
	CHECK_INT(((struct nlmsghdr *)(void *)b.p)->nlmsg_flags, NLM_F_REQUEST | NLM_F_DUMP);
	CHECK_STR(describe_all(&b, &text), "get ifname=7a6c2d6f7665726c61793000 \n");
}

static size_t count(const char *text, const char *word)
{
	size_t n = 0;

	for (; (text = strstr(text, word)); text += strlen(word))
		n++;
	return n;
}

/* What does not fit into a message goes on in the next one, which names the peer again. */
TEST(long_sets_are_split)
{
	_cleanup_(buf_done) struct buf b = { .p = NULL }, text = { .p = NULL };
	struct ovd_cidr many[300];
	struct tunnel_peer peers[200];
	const struct tunnel_change change = { .has_private_key = true,
					      .peers = peers,
					      .n_peers = ARRAY_SIZE(peers) };
	const char *said;

	for (size_t i = 0; i < ARRAY_SIZE(many); i++) {
		char prefix[32];

		snprintf(prefix, sizeof(prefix), "fd00:%zx::/64", i);
		many[i] = cidr(prefix);
	}
	for (size_t i = 0; i < ARRAY_SIZE(peers); i++)
		peers[i] = (struct tunnel_peer){ .key = { { (uint8_t)i, 1 } },
						 .has_endpoint = true,
						 .endpoint = { .ip = many[0].ip, .port = 1 },
						 .allowed = many,
						 .n_allowed = i == 7 ? ARRAY_SIZE(many) : 1 };
	CHECK_INT(wg_netlink_put_set(&b, &device, &change), 0);
	said = describe_all(&b, &text);
	CHECK(count(said, "\n") > 8);
	CHECK_INT(count(said, "key="), 1);
	CHECK_INT(count(said, "prefix("), ARRAY_SIZE(many) + ARRAY_SIZE(peers) - 1);
	CHECK_INT(count(said, "endpoint="), ARRAY_SIZE(peers));
	CHECK_INT(count(said, "ifname="), count(said, "\n"));
	CHECK(count(said, "public=0701") > 3);
}

/* ---- reading ---- */

static void put_dumped_prefix(struct rtnl_batch *b, const char *text)
{
	const struct ovd_cidr prefix = cidr(text);
	const uint16_t family = rtnl_family(&prefix.ip);
	size_t nest = rtnl_nest(b, NLA_F_NESTED);

	rtnl_put(b, WGALLOWEDIP_A_FAMILY, &family, sizeof(family));
	rtnl_put_ip(b, WGALLOWEDIP_A_IPADDR, &prefix.ip);
	rtnl_put_u8(b, WGALLOWEDIP_A_CIDR_MASK, prefix.prefix_len);
	rtnl_nest_end(b, nest);
}

static void begin_dumped(struct rtnl_batch *b)
{
	const struct genlmsghdr head = { .cmd = WG_CMD_GET_DEVICE, .version = 1 };
	const uint16_t port = 51820;

	rtnl_begin(b, FAMILY, NLM_F_MULTI, &head, sizeof(head));
	rtnl_put_u32(b, WGDEVICE_A_IFINDEX, 5);
	rtnl_put_text(b, WGDEVICE_A_IFNAME, "zl-overlay0");
	rtnl_put(b, WGDEVICE_A_LISTEN_PORT, &port, sizeof(port));
}

static const struct nlmsghdr *message_of(const struct rtnl_batch *b)
{
	return (const void *)b->bytes;
}

static size_t begin_peer(struct rtnl_batch *b, const struct ovd_key *key)
{
	size_t peer = rtnl_nest(b, NLA_F_NESTED);

	rtnl_put(b, WGPEER_A_PUBLIC_KEY, key->b, sizeof(key->b));
	return peer;
}

static void dump_first(struct rtnl_batch *b, const struct ovd_key *key)
{
	const struct sockaddr_in endpoint = { .sin_family = AF_INET,
					      .sin_port = htons(9),
					      .sin_addr.s_addr = htonl(0xc0000201) };
	const int64_t handshake[2] = { 1700000000, 5 };
	const uint64_t rx = 11, tx = 12;
	const struct ovd_key own = { { 7 } };
	const uint16_t keepalive = 25;
	size_t peers, peer, allowed;

	begin_dumped(b);
	rtnl_put(b, WGDEVICE_A_PRIVATE_KEY, own.b, sizeof(own.b));
	peers = rtnl_nest(b, WGDEVICE_A_PEERS | NLA_F_NESTED);
	peer = begin_peer(b, key);
	rtnl_put(b, WGPEER_A_ENDPOINT, &endpoint, sizeof(endpoint));
	rtnl_put(b, WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL, &keepalive, sizeof(keepalive));
	rtnl_put(b, WGPEER_A_LAST_HANDSHAKE_TIME, handshake, sizeof(handshake));
	rtnl_put(b, WGPEER_A_RX_BYTES, &rx, sizeof(rx));
	rtnl_put(b, WGPEER_A_TX_BYTES, &tx, sizeof(tx));
	allowed = rtnl_nest(b, WGPEER_A_ALLOWEDIPS | NLA_F_NESTED);
	put_dumped_prefix(b, "10.1.0.0/16");
	rtnl_nest_end(b, allowed);
	rtnl_nest_end(b, peer);
	rtnl_nest_end(b, peers);
}

static void dump_rest(struct rtnl_batch *b, const struct ovd_key *key, const struct ovd_key *other)
{
	size_t peers, peer, allowed;

	begin_dumped(b);
	peers = rtnl_nest(b, WGDEVICE_A_PEERS | NLA_F_NESTED);
	peer = begin_peer(b, key);
	allowed = rtnl_nest(b, WGPEER_A_ALLOWEDIPS | NLA_F_NESTED);
	put_dumped_prefix(b, "fd00::/64");
	rtnl_nest_end(b, allowed);
	rtnl_nest_end(b, peer);
	peer = begin_peer(b, other);
	rtnl_nest_end(b, peer);
	rtnl_nest_end(b, peers);
}

TEST(a_dump_goes_on_in_the_next_message)
{
	_cleanup_(wg_dump_done) struct wg_dump dump = { .peers = { .p = NULL } };
	const struct ovd_key key = { { 1 } }, other = { { 2 } };
	const struct ovd_cidr four = cidr("10.1.0.0/16"), six = cidr("fd00::/64");
	struct rtnl_batch first = { .n = 0 }, rest = { .n = 0 };
	const struct tunnel_peer *peer;
	char text[ENDPOINT_TEXT_MAX];

	dump_first(&first, &key);
	dump_rest(&rest, &key, &other);
	wg_dump_begin(&dump);
	CHECK_INT(wg_netlink_read(message_of(&first), &dump), 0);
	CHECK_INT(wg_netlink_read(message_of(&rest), &dump), 0);
	wg_dump_end(&dump);
	CHECK_INT(dump.state.listen_port, 51820);
	CHECK(dump.state.has_private_key);
	CHECK_INT(dump.state.private_key.b[0], 7);
	CHECK_INT(dump.state.n_peers, 2);
	peer = &dump.state.peers[0];
	CHECK(key_eq(&peer->key, &key) && peer->has_endpoint && peer->has_keepalive);
	CHECK_STR(endpoint_format(&peer->endpoint, text), "192.0.2.1:9");
	CHECK_INT(peer->keepalive, 25);
	CHECK_INT(peer->last_handshake, 1700000000);
	CHECK_U64(peer->rx_bytes, 11);
	CHECK_U64(peer->tx_bytes, 12);
	CHECK_INT(peer->n_allowed, 2);
	CHECK(cidr_eq(&peer->allowed[0], &four) && cidr_eq(&peer->allowed[1], &six));
	CHECK(key_eq(&dump.state.peers[1].key, &other));
	CHECK(!dump.state.peers[1].has_endpoint && dump.state.peers[1].n_allowed == 0);
}

/* Cut or changed anywhere, it is refused or read as something else, and never read past its end. */
TEST(broken_dumps_are_refused)
{
	const struct ovd_key key = { { 1 } };
	struct rtnl_batch whole = { .n = 0 };
	int refused = 0;

	dump_first(&whole, &key);
	for (size_t at = NLMSG_LENGTH(GENL_HDRLEN); at < whole.n; at++)
		for (int with = 0; with < 256; with += 51) {
			_cleanup_(wg_dump_done) struct wg_dump dump = { .peers = { .p = NULL } };
			struct ovd_view copy = check_edge(whole.bytes, whole.n, 0);

			CASE("byte %zu is %d", at, with);
			((char *)copy.p)[at] = (char)with;
			wg_dump_begin(&dump);
			refused += wg_netlink_read((const void *)copy.p, &dump) < 0;
			wg_dump_end(&dump);
		}
	CHECK(refused > 50);
}

TEST(a_peer_without_key_is_refused)
{
	_cleanup_(wg_dump_done) struct wg_dump dump = { .peers = { .p = NULL } };
	struct rtnl_batch b = { .n = 0 };
	size_t peers, peer;

	begin_dumped(&b);
	peers = rtnl_nest(&b, WGDEVICE_A_PEERS | NLA_F_NESTED);
	peer = rtnl_nest(&b, NLA_F_NESTED);
	rtnl_nest_end(&b, peer);
	rtnl_nest_end(&b, peers);
	wg_dump_begin(&dump);
	CHECK_INT(wg_netlink_read(message_of(&b), &dump), -EBADMSG);
}

static int read_one_prefix(struct wg_dump *dump, const struct ovd_cidr *prefix)
{
	const uint16_t family = rtnl_family(&prefix->ip);
	const struct ovd_key key = { { 1 } };
	struct rtnl_batch b = { .n = 0 };
	size_t peers, peer, allowed, nest;

	begin_dumped(&b);
	peers = rtnl_nest(&b, WGDEVICE_A_PEERS | NLA_F_NESTED);
	peer = begin_peer(&b, &key);
	allowed = rtnl_nest(&b, WGPEER_A_ALLOWEDIPS | NLA_F_NESTED);
	nest = rtnl_nest(&b, NLA_F_NESTED);
	rtnl_put(&b, WGALLOWEDIP_A_FAMILY, &family, sizeof(family));
	rtnl_put_ip(&b, WGALLOWEDIP_A_IPADDR, &prefix->ip);
	rtnl_put_u8(&b, WGALLOWEDIP_A_CIDR_MASK, prefix->prefix_len);
	rtnl_nest_end(&b, nest);
	rtnl_nest_end(&b, allowed);
	rtnl_nest_end(&b, peer);
	rtnl_nest_end(&b, peers);
	wg_dump_begin(dump);
	return wg_netlink_read(message_of(&b), dump);
}

TEST(prefixes_that_are_none)
{
	_cleanup_(wg_dump_done) struct wg_dump dump = { .peers = { .p = NULL } };
	struct ovd_cidr four = cidr("10.0.0.1/32"), six = cidr("fd00::1/128"), network;

	CHECK_INT(read_one_prefix(&dump, &four), 0);
	CHECK_INT(read_one_prefix(&dump, &six), 0);
	four.prefix_len = 8; /* host bits go */
	network = cidr("10.0.0.0/8");
	CHECK_INT(read_one_prefix(&dump, &four), 0);
	wg_dump_end(&dump);
	CHECK(cidr_eq(&dump.state.peers[0].allowed[0], &network));
	four.prefix_len = 33;
	CHECK_INT(read_one_prefix(&dump, &four), -EBADMSG);
	six.prefix_len = 129;
	CHECK_INT(read_one_prefix(&dump, &six), -EBADMSG);
}

TEST(an_endpoint_with_port_0_is_none)
{
	_cleanup_(wg_dump_done) struct wg_dump dump = { .peers = { .p = NULL } };
	struct sockaddr_in endpoint = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(1) };
	const struct ovd_key key = { { 1 } };

	wg_dump_begin(&dump);
	for (uint16_t port = 0; port < 2; port++) {
		struct rtnl_batch b = { .n = 0 };
		size_t peers, peer;

		endpoint.sin_port = htons(port);
		begin_dumped(&b);
		peers = rtnl_nest(&b, WGDEVICE_A_PEERS | NLA_F_NESTED);
		peer = begin_peer(&b, &key);
		rtnl_put(&b, WGPEER_A_ENDPOINT, &endpoint, sizeof(endpoint));
		rtnl_nest_end(&b, peer);
		rtnl_nest_end(&b, peers);
		CHECK_INT(wg_netlink_read(message_of(&b), &dump), 0);
		CHECK_INT(wg_dump_last(&dump)->has_endpoint, port > 0);
	}
}
