/* Prefixes that come, move and go, on kernels before Linux 6.16 and since: what wg_netlink.c writes
 * is carried out by a device in memory. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "server/linux/rtnl.h"
#include "server/linux/wg_netlink.h"
#include "tests/check.h"
#include "tests/server/linux/fake_wireguard.h"

#define PREFIXES 200
#define PEERS    4
#define CHANGES  300
#define NOBODY   (-1)

/* Prefix i is 10.0.i.0/24, its owner the number of a peer. */
struct wants {
	int owner[PREFIXES], next[PREFIXES];
	struct ovd_cidr lists[PREFIXES];
	struct tunnel_peer peers[PEERS];
};

static struct ovd_cidr prefix_of(size_t i)
{
	return (struct ovd_cidr){ .ip = { .len = 4, .b = { 10, 0, (uint8_t)i } },
				  .prefix_len = 24 };
}

static struct ovd_key key_of(int number)
{
	return (struct ovd_key){ { (uint8_t)(number + 1), 7 } };
}

static bool has(const struct fake_wireguard *f, size_t prefix, int number)
{
	const struct ovd_cidr cidr = prefix_of(prefix);
	const struct ovd_key *owner = fake_wireguard_owner(f, &cidr), key = key_of(number);

	return number == NOBODY ? !owner : owner && key_eq(owner, &key);
}

/* One in `part` of the prefixes goes to somebody, or to nobody. */
static void want_others(struct wants *w, unsigned *seed, int part)
{
	for (size_t i = 0; i < PREFIXES; i++)
		w->next[i] = rand_r(seed) % part ? w->owner[i] : rand_r(seed) % (PEERS + 1) - 1;
}

static struct tunnel_change change_of(struct wants *w)
{
	struct ovd_cidr *at = w->lists;

	for (int p = 0; p < PEERS; p++) {
		struct tunnel_peer *peer = &w->peers[p];

		*peer = (struct tunnel_peer){ .key = key_of(p), .allowed = at };
		for (size_t i = 0; i < PREFIXES; i++)
			if (w->next[i] == p && w->owner[i] != p)
				at[peer->n_allowed++] = prefix_of(i);
		peer->removed = at += peer->n_allowed;
		for (size_t i = 0; i < PREFIXES; i++)
			if (w->owner[i] == p && w->next[i] == NOBODY)
				at[peer->n_removed++] = prefix_of(i);
		at += peer->n_removed;
	}
	return (struct tunnel_change){ .peers = w->peers, .n_peers = PEERS };
}

/* Message by message; in between, what isn't taken away is its owner's before or its next one's. */
static int carry_out(struct fake_wireguard *f, const struct buf *messages, const struct wants *w)
{
	int n = 0;

	for (size_t at = 0; at < messages->n; n++) {
		const struct nlmsghdr *m = (const void *)(messages->p + at);

		CHECK_INT(fake_wireguard_set(f, m), 0);
		for (size_t i = 0; i < PREFIXES; i++)
			CHECK(w->next[i] == NOBODY || has(f, i, w->owner[i]) ||
			      has(f, i, w->next[i]));
		at += m->nlmsg_len;
	}
	return n;
}

static void check_changes(bool removes)
{
	const struct wg_device device = { .link = "zl-overlay0", .removes = removes };
	struct fake_wireguard f = { .removes = removes };
	struct wants w;
	unsigned seed = 1;
	int most = 0;

	for (size_t i = 0; i < PREFIXES; i++)
		w.owner[i] = NOBODY;
	for (int n = 0; n < CHANGES; n++) {
		_cleanup_(buf_done) struct buf messages = { .p = NULL };
		struct tunnel_change change;

		CASE("change %d", n);
		want_others(&w, &seed, n % 10 + 1);
		change = change_of(&w);
		CHECK_INT(wg_netlink_put_set(&messages, &device, &change), 0);
		most = MAX(most, carry_out(&f, &messages, &w));
		CHECK_INT(f.n_peers, PEERS); /* no stranger stays */
		for (size_t i = 0; i < PREFIXES; i++)
			CHECK(has(&f, i, w.next[i]));
		memcpy(w.owner, w.next, sizeof(w.owner));
	}
	CHECK(most > 1);
}

TEST(before_6_16)
{
	check_changes(false);
}

TEST(since_6_16)
{
	check_changes(true);
}

/* The device in memory is as strict as the kernel: one that is older refuses the flag. */
TEST(the_flag_on_an_older_kernel)
{
	const struct wg_device device = { .link = "zl-overlay0", .removes = true };
	_cleanup_(buf_done) struct buf messages = { .p = NULL };
	struct fake_wireguard f = { .removes = false };
	const struct ovd_cidr gone = prefix_of(1);
	const struct tunnel_peer peer = { .key = key_of(1), .removed = &gone, .n_removed = 1 };
	const struct tunnel_change change = { .peers = &peer, .n_peers = 1 };

	CHECK_INT(wg_netlink_put_set(&messages, &device, &change), 0);
	CHECK_INT(fake_wireguard_set(&f, (const void *)messages.p), -EINVAL);
}
