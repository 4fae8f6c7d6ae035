#include "tests/server/linux/tunnel_step.h"

/* The rest of a step of which the device has a part. */
static void go_on(struct linux_net *l, struct step *step)
{
	char detail[PLAN_DETAIL_MAX] = "";
	size_t was = 0, parts = 0;
	int r;

	do {
		CHECK(peer_count_of(l) > was && peer_count_of(l) < step->tunnel.n_peers);
		was = peer_count_of(l);
		parts++;
		r = tunnel_create(l, step, detail);
	} while (r == NET_MORE);
	CHECK_INT(r, 0);
	CHECK(parts > 1);
	CHECK_INT(peer_count_of(l), step->tunnel.n_peers);
	CHECK(!step->tunnel.lacks);
}

static void take_peers(struct linux_net *l, const struct tunnel_peer *peers, size_t n)
{
	struct tunnel_peer gone[200];

	for (size_t i = 0; i < n; i++)
		gone[i] = (struct tunnel_peer){ .key = peers[i].key, .remove = true };
	CHECK_INT(wg_set(l->wg, NAME, &(struct tunnel_change){ .peers = gone, .n_peers = n }), 0);
	CHECK_INT(peer_count_of(l), 0);
}

/* Thousands of peers would keep the link thread from all else for a second. */
TEST(many_peers_are_told_in_parts)
{
	struct linux_net *l = host_with_platform();
	struct step step = step_of("10.200.4.1", 7003);
	struct tunnel_peer peers[200];
	_cleanup_(freep) char *before = NULL;
	char detail[PLAN_DETAIL_MAX] = "";

	memset(peers, 0, sizeof(peers));
	for (size_t i = 0; i < ARRAY_SIZE(peers); i++)
		peers[i].key.b[0] = (uint8_t)(i + 1);
	step.tunnel.peers = peers;
	step.tunnel.n_peers = ARRAY_SIZE(peers);
	for (int turn = 0; turn < 2; turn++) { /* the second after an end in the middle */
		before = before ?: look(NULL);
		CHECK_INT(tunnel_create(l, &step, detail), NET_MORE);
		run("ip -4 -o addr show " NAME " up | grep 10.200.4.1/16");
		if (turn == 1)
			break;
		CHECK_INT(wg_delete(l->wg, NAME), 0);
		CHECK_INT(tunnel_create(l, &step, detail), -ENODEV);
		CHECK_AS_BEFORE(NULL, before);
	}
	go_on(l, &step);
	CHECK_INT(tunnel_create(l, &step, detail), 0); /* all that is there already */
	take_peers(l, peers, ARRAY_SIZE(peers));
	CHECK_INT(tunnel_create(l, &step, detail), NET_MORE);
	CHECK(!step.tunnel.made);
	go_on(l, &step);
	take_peers(l, peers, ARRAY_SIZE(peers));
	step.tunnel.has_was = true;
	step.tunnel.was = step.tunnel.want;
	CHECK_INT(tunnel_create(l, &step, detail), NET_MORE);
	tunnel_undo(l, &step); /* peers aren't undone, and all of them are told */
	CHECK_INT(peer_count_of(l), ARRAY_SIZE(peers));
	CHECK(!step.tunnel.lacks);
	CHECK_INT(wg_delete(l->wg, NAME), 0);
	linux_net_free(&l->net);
}
