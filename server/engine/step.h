/* What a platform can be asked for, one step at a time: plain data. Steps of a plan run in order on
 * the link thread; when one fails, those before it are undone backwards. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "runtime/ip.h"
#include "runtime/mac.h"
#include "schema/state.h"
#include "server/engine/tunnel.h"

/* IFNAMSIZ and IFALIASZ, linux/if.h: with the NUL; "overlayd " and 8 digits, with which aliases
 * begin. What follows a tab in an alias only tells more of the link, and not whose it is. */
#define LINK_NAME_MAX  16
#define LINK_ALIAS_MAX 256
#define LINK_MARK_MAX  20

/* Without a NUL, as earlier versions cut them. */
#define LINK_ALIAS_CUT 63

enum step_kind {
	STEP_FIREWALL,      /* our packets are forwarded, and masqueraded where they leave us */
	STEP_PREFIX,        /* a prefix is one of ours to the firewall */
	STEP_PREFIX_DELETE, /* it isn't any more; unknown is ok */
	STEP_TUNNEL,        /* a WireGuard device is there and so */
	STEP_TUNNEL_DELETE, /* it is not there */
	STEP_BRIDGE,        /* a bridge is there and so */
	STEP_BRIDGE_DELETE, /* it is not there */
	STEP_BRIDGE_LIST,   /* which bridges of ours are there */
	STEP_VETH,          /* a container is a port of a bridge */
	STEP_JOIN,          /* a container has a second interface, routed by the host */
	STEP_CUT, /* a container's interface carries nothing from now on, and goes soon; unknown is
		     ok */
	STEP_ROUTE,           /* a prefix is reached through a link */
	STEP_ROUTE_DELETE,    /* it isn't any more; unknown is ok */
	STEP_FIREWALL_DELETE, /* nothing of our firewall is left */
	STEP_UPLINK,          /* the way out of the host may be another one */
	STEP_SETTINGS_BACK,   /* what we changed of the host's settings is as it was */
	STEP_CLEAR,           /* no link of ours is left */
	STEP_GONE,            /* what was cut or taken away before is there no more */
	STEP_ALIAS,           /* a link has one address more */
	STEP_ALIAS_DELETE,    /* it hasn't; unknown is ok */
	STEP_PROXY,           /* the host answers on a bridge for an address that is elsewhere */
	STEP_PROXY_DELETE,    /* it doesn't any more; unknown is ok */
	STEP_REMEMBER,        /* a record is in the store */
	STEP_FORGET,          /* it is not there */
	STEP_MAX_,
};

/* PREFIX, PREFIX_DELETE. */
struct step_prefix {
	struct ovd_cidr cidr;
	bool changed; /* filled: it was not so before */
};

/* How a tunnel is to be. */
struct tunnel_want {
	struct ovd_ip ip;      /* its address */
	uint8_t prefix_len;    /* of the cluster: what is on its link */
	struct ovd_cidr block; /* the node's: the address is of it, and those of containers are */
	uint16_t listen_port;  /* 0: the platform chooses */
	struct ovd_key private_key;
};

/* TUNNEL. Makes the device if it is not there; a device of that name without our alias is -EEXIST.
 * On one that is there only what differs is changed: peers that it has and `peers` doesn't name
 * stay, unless there may be `only` those, and so does an endpoint with which there are handshakes.
 * Before the address is given, no link has one in the block but those that aren't bridges and whose
 * alias begins with mark: -EADDRINUSE. Of a device that a daemon left that died, one that is there
 * without `was` or with `only`, the routes that no peer in `peers` wants go. Undo deletes what it
 * made, else puts back `was`. */
struct step_tunnel {
	char link[LINK_NAME_MAX];
	char alias[LINK_ALIAS_MAX];
	char mark[LINK_MARK_MAX];
	struct tunnel_want want;
	bool has_was;
	struct tunnel_want was;
	const char *was_alias; /* the engine's, until the plan has ended; NULL: it was the same */
	const struct tunnel_peer *peers; /* the engine's, until the plan has ended */
	size_t n_peers;
	bool only;
	const struct ovd_ip
		*aliases; /* the same: what it has beside its address, POOL_MAX at most */
	size_t n_aliases;
	struct tunnel_difference *lacks; /* the platform's, while it runs: what one that is there
					    has to be told; NULL: all peers */
	size_t n_told;                   /* the same: how many were told */
	bool made;                       /* filled: by run */
	bool port_taken; /* filled: it failed with -EADDRINUSE because of the port */
	uint32_t mtu;    /* filled */
};

/* TUNNEL_DELETE, with the process behind it, if there is one. A device that doesn't bear the alias
 * stays: -EPERM. */
struct step_tunnel_delete {
	char link[LINK_NAME_MAX];
	char alias[LINK_ALIAS_MAX];
};

/* BRIDGE. A bridge of that name that bears the alias is taken over, with all its ports, and then
 * with its MTU; any other link of that name is -EEXIST. One that has to be made gets `ports`, those
 * that exist; -EADDRINUSE if another link of the host has an address in its subnet. One that moves
 * must not have ports, -EBUSY, and -EADDRINUSE is about the new subnet. One that grows likewise.
 * Undo deletes what it made, or gives it the addresses that it had. IPv4 and IPv6 are forwarded on
 * it and on the uplinks. */
struct step_bridge {
	char link[LINK_NAME_MAX];
	char alias[LINK_ALIAS_MAX];
	struct ovd_ip gateway; /* its address */
	uint8_t prefix_len;
	const struct ovd_cidr *more; /* more addresses, not networks; the engine's, as ports are */
	size_t n_more;               /* SEGMENT_BLOCKS_MAX - 1 at most */
	bool grows;                  /* the last of them is new */
	struct ovd_ip was;           /* one that moves: its address so far; {0}: it doesn't */
	uint8_t was_len;
	char (*ports)[LINK_NAME_MAX]; /* the engine's, until the plan has ended */
	size_t n_ports;
	bool made; /* filled */
};

/* BRIDGE_DELETE. One whose alias doesn't begin with this stays: -EPERM. One with ports stays if
 * idle_only, which is no failure. Unknown is ok. Its addresses are free, it carries nothing from
 * now on, and goes soon. */
struct step_bridge_delete {
	char link[LINK_NAME_MAX];
	char alias[LINK_ALIAS_MAX];
	bool idle_only;
	bool gone; /* filled: it was there and isn't any more */
};

/* BRIDGE_LIST: names of bridges whose alias begins with mark and that have no port. */
struct step_bridge_list {
	char mark[LINK_MARK_MAX];
	char (*names)[LINK_NAME_MAX]; /* filled; from malloc, the caller frees it */
	size_t n_names;               /* filled */
};

/* VETH. The container's end has the address, and its default route goes through the gateway; its lo
 * is up. Done when packets pass. A left-over link of the host's name that bears our alias is
 * replaced. Undo deletes it. */
struct step_veth {
	int netns; /* descriptor of the container's namespace; the caller's, open until the plan has
		      ended */
	char host[LINK_NAME_MAX];  /* the host's end */
	char guest[LINK_NAME_MAX]; /* the container's end: eth0 */
	char alias[LINK_ALIAS_MAX];
	char bridge[LINK_NAME_MAX];
	bool has_mac; /* of the container's end; else the kernel makes one up */
	uint8_t mac[MAC_BYTES];
	struct ovd_ip ip;
	uint8_t prefix_len;
	struct ovd_ip gateway;
	int index; /* filled: of both ends */
};

/* JOIN. The container's end has the address alone, reaches `block` and answers what was sent to
 * that address through the node; the host routes the address to it. Undo deletes it. */
struct step_join {
	int netns;
	char host[LINK_NAME_MAX];
	char guest[LINK_NAME_MAX]; /* eth1 */
	char alias[LINK_ALIAS_MAX];
	struct ovd_ip ip;
	struct ovd_ip node_ip; /* the node's address, on its tunnel */
	struct ovd_cidr block; /* the node's own block */
	int index;             /* filled: of both ends */
};

/* CUT: the host's ends of all interfaces of a container, "" for none. One whose alias doesn't begin
 * with the mark counts as unknown. */
struct step_cut {
	char host[2][LINK_NAME_MAX];
	char mark[LINK_MARK_MAX];
};

/* ROUTE, ROUTE_DELETE. */
struct step_route {
	struct ovd_cidr cidr;
	bool optional; /* ROUTE: a failure that will last is logged, and the plan goes on */
	char link[LINK_NAME_MAX];
	struct ovd_ip source; /* that the host's own packets bear */
	bool made;            /* filled */
};

/* ALIAS, ALIAS_DELETE, PROXY, PROXY_DELETE: of the address alone. */
struct step_alias {
	struct ovd_ip ip;
	char link[LINK_NAME_MAX];
	bool made; /* filled */
};

/* UPLINK: packets are forwarded on the links that lead out now; links of ours, whose alias begins
 * with mark, get the MTU that goes with them. A bridge with ports keeps its own, and so do they:
 * only all of them could change it together. */
struct step_uplink {
	char mark[LINK_MARK_MAX];
};

/* CLEAR: links whose alias begins with mark go, containers' with the bridges that they are on.
 * -EBUSY and the names of those that are left, when all has been tried. */
struct step_clear {
	char mark[LINK_MARK_MAX];
};

/* REMEMBER, FORGET: done by the plan's runner itself, in the store, if there is one. What views and
 * lists of a record point to is the engine's, until the plan has ended. */
struct step_remember {
	struct state_record record;
	bool has_was;
	struct state_record was; /* what undo puts back; without one, undo deletes the record */
	bool more; /* the next step is another REMEMBER, of the data directory as this one, and both
		      are one change: written by the last of such a row, and put back by it */
};

struct step_forget {
	struct state_record record; /* all of it: undo puts it back */
};

struct step {
	enum step_kind kind;
	union {
		struct step_prefix prefix;
		struct step_tunnel tunnel;
		struct step_tunnel_delete tunnel_delete;
		struct step_bridge bridge;
		struct step_bridge_delete bridge_delete;
		struct step_bridge_list bridge_list;
		struct step_veth veth;
		struct step_join join;
		struct step_cut cut;
		struct step_route route;
		struct step_alias alias;
		struct step_uplink uplink;
		struct step_clear clear;
		struct step_remember remember;
		struct step_forget forget;
	};
};
