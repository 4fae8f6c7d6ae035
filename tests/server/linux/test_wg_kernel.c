/* Devices of a kernel that has WireGuard, looked at with wireguard-tools. */
#include <errno.h>
#include <stdio.h>

#include "server/linux/wg_backend.h"
#include "tests/server/linux/host.h"

#define LINK   "zl-test-g"
#define ALIAS  "overlayd 01234567 tunnel " LINK
#define MANY   10000
#define OF_ONE 3000
#define WANT   "/run/want"
#define PREFIXES                                                                                   \
	"wg show " LINK " allowed-ips | grep -v none |"                                            \
	"awk '{ for (i = 2; i <= NF; i++) print $1, $i }'"

/* ---- hosts ---- */

static struct wg host(void)
{
	host_enter();
	if (!kernel_has_wireguard())
		SKIP("this kernel has no WireGuard");
	if (!succeeds("command -v wg"))
		SKIP("no wg here; make deps-all installs it");
	return (struct wg){ .control_dir = WG_CONTROL_DIR };
}

static struct wg device(void)
{
	struct wg wg = host();
	bool made = false;

	CHECK_INT(wg_kernel.make(&wg, LINK, "", &made), 0);
	CHECK(made);
	return wg;
}

/* What the kernel says of the device, keys and addresses shortened. */
static void expect_dump(const char *want)
{
	_cleanup_(freep) char *text =
		sh("wg show " LINK " dump | sed 's/A\\{9,\\}=/=/g; s/\\t/ /g; 1s/^[^ ]* [^ ]* //'");

	CHECK_STR(text, want);
}

/* ---- prefixes of peers, many ---- */

struct crowd {
	struct tunnel_peer peers[MANY];
	struct ovd_cidr allowed[2 * MANY];
};

/* Each with two prefixes, in the tens and in IPv6. */
static struct crowd *crowd_new(void)
{
	struct crowd *c = calloc(1, sizeof(*c));

	CHECK(c);
	for (size_t i = 0; i < MANY; i++) {
		const uint8_t high = (uint8_t)(i >> 8), low = (uint8_t)i;

		c->allowed[2 * i] = (struct ovd_cidr){ .ip = { .len = 4, .b = { 10, high, low } },
						       .prefix_len = 24 };
		c->allowed[2 * i + 1] =
			(struct ovd_cidr){ .ip = { .len = 16, .b = { 0xfd, 0, high, low } },
					   .prefix_len = 64 };
		c->peers[i] = (struct tunnel_peer){
			.key = { { high, low, 9 } },
			.has_endpoint = true,
			.endpoint = { .ip = { .len = 4, .b = { 192, 0, 2, 1 } }, .port = 7 },
			.has_keepalive = true,
			.keepalive = 25,
			.allowed = &c->allowed[2 * i],
			.n_allowed = 2,
		};
	}
	return c;
}

static FILE *open_list(void)
{
	FILE *out = fopen(WANT, "we");

	CHECK(out);
	return out;
}

static void list(FILE *out, const struct ovd_key *key, const struct ovd_cidr *allowed, size_t n)
{
	char text[KEY_TEXT_MAX], prefix[CIDR_TEXT_MAX];

	key_format(key, text);
	for (size_t i = 0; i < n; i++)
		fprintf(out, "%s %s\n", text, cidr_format(&allowed[i], prefix));
}

/* The kernel has just what is in the list; so says its dump, as the daemon reads it. */
static void expect_listed(struct wg *wg)
{
	struct tunnel_state state;
	FILE *out;

	run("sort " WANT " >" WANT ".1; " PREFIXES " | sort | diff " WANT ".1 -");
	CHECK_INT(wg_get(wg, LINK, &state), 0);
	out = open_list();
	for (size_t i = 0; i < state.n_peers; i++)
		list(out, &state.peers[i].key, state.peers[i].allowed, state.peers[i].n_allowed);
	fclose(out);
	tunnel_state_done(&state);
	run("sort " WANT " | diff " WANT ".1 -");
}

/* ---- tests ---- */

TEST(a_device_comes_and_goes)
{
	_cleanup_(freep) char *before = NULL;
	struct wg wg = host();
	bool made = false;

	before = look(NULL);
	CHECK(!wg_kernel.is(&wg, LINK));
	CHECK_INT(wg_kernel.delete(&wg, LINK), 0); /* none is ok */
	CHECK_INT(wg_make(&wg, LINK, ALIAS, &made), 0);
	CHECK(made && wg_kernel.is(&wg, LINK) && !wg_user.is(&wg, LINK));
	run("ip link show " LINK " | grep -v ',UP'; ! pgrep wireguard-go");
	CHECK_INT(wg_make(&wg, LINK, ALIAS, &made), 0); /* of an earlier daemon */
	CHECK(!made);
	CHECK_INT(wg_delete(&wg, LINK), 0);
	CHECK_AS_BEFORE(NULL, before);
}

TEST(a_strangers_link_is_no_device)
{
	struct wg wg = host();
	bool made = false;

	run("ip link add " LINK " type bridge");
	CHECK_INT(wg_kernel.make(&wg, LINK, ALIAS, &made), -EEXIST);
	CHECK(!made && !wg_kernel.is(&wg, LINK));
	run("ip link show " LINK);
}

TEST(only_what_is_said_changes)
{
	struct wg wg = device();
	const struct ovd_cidr two[] = { cidr_of("10.1.0.0/16"), cidr_of("fd00::/64") },
			      more[] = { cidr_of("10.2.0.0/16") };
	struct tunnel_peer peers[] = {
		{ .key = { { 1 } },
		  .has_keepalive = true,
		  .keepalive = 25,
		  .has_endpoint = true,
		  .endpoint = { .ip = ip_of("192.0.2.7"), .port = 777 },
		  .allowed = two,
		  .n_allowed = 2 },
		{ .key = { { 2 } },
		  .has_endpoint = true,
		  .endpoint = { .ip = ip_of("2001:db8::7"), .port = 778 },
		  .allowed = more,
		  .n_allowed = 1 },
	};
	struct tunnel_change change = { .has_private_key = true,
					.private_key = { { 8 } },
					.has_listen_port = true,
					.listen_port = 7001,
					.peers = peers,
					.n_peers = 2 };

	CHECK_INT(wg_set(&wg, LINK, &change), 0);
	expect_dump("7001 off\n"
		    "AQ= (none) 192.0.2.7:777 10.1.0.0/16,fd00::/64 0 0 0 25\n"
		    "Ag= (none) [2001:db8::7]:778 10.2.0.0/16 0 0 0 off\n");

	/* another prefix for the first, which the second has; one less; then the second goes */
	peers[0] = (struct tunnel_peer){
		.key = { { 1 } }, .allowed = more, .n_allowed = 1, .removed = two, .n_removed = 1
	};
	change = (struct tunnel_change){ .peers = peers, .n_peers = 1 };
	CHECK_INT(wg_set(&wg, LINK, &change), 0);
	expect_dump("7001 off\n"
		    "AQ= (none) 192.0.2.7:777 fd00::/64,10.2.0.0/16 0 0 0 25\n"
		    "Ag= (none) [2001:db8::7]:778 (none) 0 0 0 off\n");
	peers[1] = (struct tunnel_peer){ .key = { { 2 } }, .remove = true };
	change = (struct tunnel_change){ .peers = &peers[1], .n_peers = 1 };
	CHECK_INT(wg_set(&wg, LINK, &change), 0);
	expect_dump("7001 off\n"
		    "AQ= (none) 192.0.2.7:777 fd00::/64,10.2.0.0/16 0 0 0 25\n");
	CHECK_INT(wg_delete(&wg, LINK), 0);
	CHECK_INT(wg_get(&wg, LINK, &(struct tunnel_state){ .n_peers = 0 }), -ENODEV);
}

/* Many messages there, many back; then they all go but one. */
TEST(ten_thousand_peers)
{
	_cleanup_(freep) struct crowd *c = crowd_new();
	struct wg wg = device();
	struct tunnel_change change = { .has_private_key = true,
					.private_key = { { 8 } },
					.peers = c->peers,
					.n_peers = MANY };
	FILE *out = open_list();

	CHECK_INT(wg_set(&wg, LINK, &change), 0);
	for (size_t i = 0; i < MANY; i++)
		list(out, &c->peers[i].key, c->peers[i].allowed, c->peers[i].n_allowed);
	fclose(out);
	expect_listed(&wg);
	for (size_t i = 0; i < MANY; i++)
		c->peers[i].remove = i != 77;
	CHECK_INT(wg_set(&wg, LINK, &change), 0);
	out = open_list();
	list(out, &c->peers[77].key, c->peers[77].allowed, 2);
	fclose(out);
	expect_listed(&wg);
}

/* More than a message holds: of one peer, to another one, back in part, and away in part. */
TEST(a_peer_with_many_prefixes)
{
	_cleanup_(freep) struct crowd *c = crowd_new();
	struct wg wg = device();
	const struct ovd_key one = { { 1 } }, two = { { 2 } };
	const struct ovd_cidr *all = c->allowed, *back = all + OF_ONE / 3;
	struct tunnel_peer peer = { .key = one, .allowed = all, .n_allowed = OF_ONE };
	const struct tunnel_change change = { .peers = &peer, .n_peers = 1 };
	FILE *out = open_list();

	CHECK_INT(wg_set(&wg, LINK, &change), 0);
	list(out, &one, all, OF_ONE);
	fclose(out);
	expect_listed(&wg);
	peer.key = two;
	CHECK_INT(wg_set(&wg, LINK, &change), 0);
	out = open_list();
	list(out, &two, all, OF_ONE);
	fclose(out);
	expect_listed(&wg);
	peer = (struct tunnel_peer){ .key = one, .allowed = back, .n_allowed = OF_ONE / 3 };
	CHECK_INT(wg_set(&wg, LINK, &change), 0);
	peer = (struct tunnel_peer){ .key = two, .removed = all, .n_removed = OF_ONE / 3 };
	CHECK_INT(wg_set(&wg, LINK, &change), 0);
	out = open_list();
	list(out, &one, back, OF_ONE / 3);
	list(out, &two, back + OF_ONE / 3, OF_ONE / 3);
	fclose(out);
	expect_listed(&wg);
	run("wg show " LINK " peers | wc -l | grep -x 2"); /* who took them has gone */
}
