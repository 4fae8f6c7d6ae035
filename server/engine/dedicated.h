/* Tunnels of services' own, for the engine's own files. */
#pragma once

#include "server/engine/state.h"

/* Others know it by its port, key and subnet: it keeps them for as long as the service is there. */
struct dedicated {
	struct dedicated *next;
	const struct service *service;
	char link[LINK_NAME_MAX];
	bool up;
	uint16_t port;
	struct prefix block; /* the half that its address is of, in the engine's blocks */
	struct peer_set peers;
	struct ovd_key private_key, public_key;
	char private_text[KEY_TEXT_MAX], public_text[KEY_TEXT_MAX]; /* for records */
};

/* -ENOENT, and the words: the node's ranges are not known, on which a tunnel's port and subnet
 * depend. */
int dedicated_check(struct engine *e);

/* The tunnel of a service that is new and whose bridge has a block's upper half; the lower one is
 * free. -ENOSPC, and the words: there is no port. */
int dedicated_new(struct engine *e, struct service *service, const struct ovd_key *private_key,
		  const struct ovd_key *public_key);

/* The same as the record says. -EBADMSG, and the words. */
int dedicated_restore(struct engine *e, struct service *service,
		      const struct state_service *record);

/* Its peers are forgotten, too: who watches them is told if the service is. Accepts a service
 * without one. */
void dedicated_free(struct engine *e, struct service *service, bool tell);

/* What it adds to its service's record. */
void dedicated_put_record(const struct dedicated *d, struct state_service *record);

/* Steps that make it with its peers, which it is given as they are in *ret_peers: d->peers.n of the
 * engine's spare memory; complete: it has no others. Steps that take it away. */
int dedicated_plan_setup(struct engine *e, const struct dedicated *d, bool complete,
			 struct tunnel_peer **ret_peers, struct plan *plan);
int dedicated_plan_removal(const struct engine *e, const struct dedicated *d, struct plan *plan);

/* TUNNEL_DELETE for each that is up; all of them are down. */
int dedicated_plan_stop(const struct engine *e, struct plan *plan);
void dedicated_stopped(struct engine *e);

/* PREFIX for each that isn't just being changed. */
int dedicated_plan_prefixes(const struct engine *e, struct plan *plan);

/* Its setup stands. */
void dedicated_made(struct dedicated *d);

struct tunnel_way dedicated_way(const struct dedicated *d);

/* The service whose tunnel has the port; NULL. */
const struct service *dedicated_at(const struct engine *e, uint16_t port);

/* That port, modulo 256, is chosen no more. */
void dedicated_port_occupied(struct engine *e, const struct dedicated *d);
