#include "server/linux/wg_dump.h"

#include <stddef.h>
#include <string.h>

void wg_dump_begin(struct wg_dump *d)
{
	d->state = (struct tunnel_state){ .listen_port = 0 };
	d->peers.n = d->allowed.n = 0;
}

struct tunnel_peer *wg_dump_last(const struct wg_dump *d)
{
	return d->peers.n > 0 ? (struct tunnel_peer *)(void *)(d->peers.p + d->peers.n) - 1 : NULL;
}

struct tunnel_peer *wg_dump_add(struct wg_dump *d, const struct ovd_key *key)
{
	const struct tunnel_peer peer = { .key = *key };

	return buf_append(&d->peers, &peer, sizeof(peer)) < 0 ? NULL : wg_dump_last(d);
}

int wg_dump_allow(struct wg_dump *d, const struct ovd_cidr *cidr)
{
	int r = buf_append(&d->allowed, cidr, sizeof(*cidr));

	if (r == 0)
		wg_dump_last(d)->n_allowed++;
	return r;
}

/* The lists may have moved while they grew: the peers' views of them are made at the end. */
void wg_dump_end(struct wg_dump *d)
{
	struct tunnel_peer *peers = (void *)d->peers.p;
	const struct ovd_cidr *allowed = (const void *)d->allowed.p;

	d->state.peers = peers;
	d->state.n_peers = d->peers.n / sizeof(*peers);
	for (size_t i = 0; i < d->state.n_peers; i++) {
		peers[i].allowed = allowed;
		if (peers[i].n_allowed > 0)
			allowed += peers[i].n_allowed;
	}
}

void wg_dump_keep(struct wg_dump *d, struct tunnel_state *ret)
{
	*ret = d->state;
	ret->memory[0] = d->peers;
	ret->memory[1] = d->allowed;
	d->peers = d->allowed = (struct buf){ .p = NULL };
}

void wg_dump_trim(struct wg_dump *d)
{
	wg_dump_begin(d);
	buf_trim(&d->peers);
	buf_trim(&d->allowed);
}

void wg_dump_done(struct wg_dump *d)
{
	explicit_bzero(&d->state, sizeof(d->state));
	buf_done(&d->peers);
	buf_done(&d->allowed);
}
