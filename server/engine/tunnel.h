/* What a WireGuard device is told and tells: plain data. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/buf.h"
#include "runtime/ip.h"
#include "runtime/key.h"

/* One peer, in a change: what is to be so; in a state: what is. */
struct tunnel_peer {
	struct ovd_key key;
	bool remove; /* change: the peer goes; the rest doesn't count */
	bool has_endpoint;
	bool has_keepalive; /* change: keepalive counts */
	uint16_t keepalive; /* seconds, 0 for none */
	struct ovd_endpoint endpoint;
	const struct ovd_cidr *allowed; /* change: prefixes that it gets beside those it has, also
					   from another peer */
	size_t n_allowed;
	const struct ovd_cidr *removed; /* change: prefixes that it loses, without a moment in which
					   another one is missing */
	size_t n_removed;
	int64_t last_handshake;      /* state: seconds since 1970, 0 for never */
	uint64_t rx_bytes, tx_bytes; /* state */
};

/* What is to change; the rest stays as it is. */
struct tunnel_change {
	bool has_private_key;
	bool has_listen_port;
	uint16_t listen_port;
	struct ovd_key private_key; /* secret */
	const struct tunnel_peer *peers;
	size_t n_peers;
};

/* What is. */
struct tunnel_state {
	bool has_private_key;
	uint16_t listen_port;
	struct ovd_key private_key;      /* secret */
	const struct tunnel_peer *peers; /* in no order */
	size_t n_peers;
	struct buf memory[2]; /* of the peers and their lists, if it is the holder's */
};
