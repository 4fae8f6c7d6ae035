/* Peers for the engine's tests. What asks the engine returns what it said; see node.h. */
#pragma once

#include "tests/server/engine/node.h"

/* What is wanted of a peer: its key's first byte, endpoint or host, keepalive, prefixes. */
struct want {
	uint8_t number;
	const char *endpoint, *host;
	uint16_t keepalive;
	const char *allowed[4];
};

int peer_set(struct node *n, const struct want *want);

#define SET(n, ...) peer_set(n, &(struct want){ __VA_ARGS__ })

int peer_allow(struct node *n, uint8_t number, const char *cidr, bool less);
int peer_unset(struct node *n, uint8_t number);
int peer_is_resolved(struct node *n, uint8_t number, const char *host, const char *endpoint);

/* All that are wanted: "1 [fd00::1]:7 10.200.5.0/24; ". */
void check_peers(struct node *n, const char *want);

/* A peer of a service's own tunnel; the second expects 0 and commits. */
int peer_of_service_set(struct node *n, const char *service, uint8_t key, const char *prefix);
void peer_of_service(struct node *n, const char *service, uint8_t key, const char *prefix);
