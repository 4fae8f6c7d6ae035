/* The engine from the inside. */
#pragma once

#include "runtime/spare.h"
#include "runtime/tree.h"
#include "runtime/util.h"
#include "server/engine/engine.h"
#include "server/engine/pool.h"
#include "server/engine/prefix.h"
#include "server/engine/start.h"

#define NAME_MAX_BYTES 63
#define REASON_MAX     256

/* A reservation. Each kind embeds this and knows how to end. */
struct intent {
	void (*commit)(struct engine *e, struct intent *intent);
	void (*drop)(struct engine *e, struct intent *intent);
};

/* The tunnel, up or not. The block and its pool outlive a teardown, as containers may hold
 * addresses of it. */
struct global {
	bool up, busy;
	bool has_block;
	char deployment[NAME_MAX_BYTES + 1];
	char instance[NAME_MAX_BYTES + 1];
	char link[LINK_NAME_MAX];
	bool has_slice;
	struct ovd_cidr cluster, slice;
	uint16_t port;
	struct pool pool; /* of the node's own block */
};

/* One more subnet of a bridge whose others were full. */
struct more_block {
	struct more_block *next;
	struct pool pool;
	struct prefix block; /* the pool's */
};

/* Most subnets of a bridge: with IPv4's it has as many addresses as the kernel lets it have ports,
 * 1,023. */
#define SEGMENT_BLOCKS_MAX 16

/* A bridge and its addresses. */
struct segment {
	char link[LINK_NAME_MAX];
	struct pool pool;
	struct prefix block;         /* the pool's, in the engine's blocks */
	struct more_block *more;     /* in the order in which they came */
	struct attachment *attached; /* those on it; n_attached of them */
	unsigned n_services;
	uint16_t n_attached;
	bool busy; /* being made, looked after or removed */
	bool held; /* it has been to move, and somebody whom we don't know is on its bridge */
};

struct service {
	struct tree_node node;
	char name[NAME_MAX_BYTES + 1];
	enum service_mode mode;
	uint16_t n_attached, n_detaching; /* the latter of the former */
	struct segment *segment;
	struct dedicated *dedicated; /* its tunnel; NULL: it has none of its own */
	bool leaving; /* torn down while containers were attached: goes with the last of them */
	bool reaped;  /* the same, and somebody sees to it */
};

/* How packets get to a tunnel's peers. */
struct tunnel_way {
	bool up; /* else the rest doesn't count */
	char link[LINK_NAME_MAX];
	struct ovd_cidr on_link; /* what needs no route of its own */
	struct ovd_ip source;    /* that the host's own packets bear */
};

/* What few containers have. */
struct extras {
	uint64_t request;
	bool has_mac;
	uint8_t mac[MAC_BYTES];
	char interface[LINK_NAME_MAX];
	char private_key[KEY_TEXT_MAX], public_key[KEY_TEXT_MAX]; /* of a guest */
	char id[HANDLE_ID_MAX + 1]; /* owner.id; only as many bytes as it takes */
};

struct attachment {
	struct tree_node by_handle, by_netns; /* the latter only if it has one */
	struct attachment *next, **at;        /* on the segment */
	struct owner owner;                   /* without a descriptor: -1 */
	struct extras *extras;                /* NULL: none */
	struct service *service;
	struct segment *segment;
	struct ovd_ip ip;
	bool asked_join, joined, ephemeral, busy; /* joined: asked for, and there was a tunnel */
	bool unfinished;                          /* by an earlier life: it goes */
	bool half_gone; /* a detach failed, or its interface went: it may be cut off */
	struct ovd_ip joined_ip;
	char host[2][LINK_NAME_MAX]; /* host ends of eth0 and eth1 */
};

struct peer {
	struct tree_node node;
	struct ovd_key key;
	char *host; /* endpoint as a name to be resolved; NULL if it was numeric */
	bool has_endpoint, busy;
	bool unsure;  /* the tunnel may have it otherwise */
	bool guest;   /* a container's: it has no record of its own, and always routes */
	bool differs; /* in what a sync has built: from what is */
	struct ovd_endpoint endpoint;
	uint16_t keepalive;
	uint16_t n_allowed, room; /* room: for so many prefixes */
	struct ovd_cidr allowed[];
};

/* The peers of a tunnel. {0} is empty, and the node's. */
struct peer_set {
	struct dedicated *dedicated; /* whose they are; NULL: the node's */
	struct tree_node *root;      /* struct peer by key */
	struct prefix_set allowed;   /* of peers, which own them; one that a peer is to get is its
					own before the intent ends, if nobody has it */
	size_t n, n_busy, n_guests;
	bool waits;              /* a change of the tunnel, for the peers that are busy */
	bool syncing;            /* all of it is changed at once, which counts as a busy peer */
	struct ovd_key *doubted; /* see doubt.h */
	size_t n_doubted;
};

/* There are thousands of them: each is just below a size of the spare memory. A container takes 256
 * bytes, a peer with one prefix 192, with two 320. */
_Static_assert(sizeof(struct service) <= 120 && sizeof(struct segment) <= 248, "a size more");
_Static_assert(sizeof(struct attachment) <= 248, "a size more");
_Static_assert(sizeof(struct peer) + sizeof(struct ovd_cidr) <= 120 && sizeof(struct prefix) <= 56,
	       "a size more");

/* Subnets of a service, for a record of engine_adopt. */
struct adopt_note {
	struct adopt_note *next;
	struct state_prefix subnets[SEGMENT_BLOCKS_MAX];
};

struct lost {
	struct ovd_ip ip;
	bool is_alias; /* of the tunnel's link: a process that shares the host's network has it */
};

struct engine {
	char mark[LINK_MARK_MAX];
	char reason[REASON_MAX];
	struct ovd_key private_key, public_key;
	char public_text[KEY_TEXT_MAX];
	uint64_t node_id;
	bool imported;               /* what an earlier overlay daemon left was read */
	struct imported *identities; /* see imported.h */
	struct global global;
	struct segment *shared; /* the bridge of all shared services; NULL while there is none */
	struct tree_node *services; /* struct service by name, ... */
	struct tree_node *attachments_by_handle, *attachments_by_netns;
	struct dedicated *dedicated; /* by the names of their services */
	uint64_t ports_occupied[4];  /* that others have: a bit for each, modulo 256 */
	struct peer_set peers;       /* of the node's tunnel */
	struct prefix_set blocks;    /* of segments, which own them */
	struct spare spare;          /* where records, intents and their lists come from */
	size_t n_services, n_attachments;
	size_t n_leaving; /* services that nobody sees to yet */
	void (*peer_changed)(void *arg, const struct state_record *record, bool there);
	void *peer_changed_arg;
	struct ovd_cidr *occupied; /* blocks in which the host has addresses that aren't ours */
	size_t n_occupied;
	struct lost *lost; /* addresses of those whose records are lost, for subnets to come */
	size_t n_lost;
	struct adopt_note *notes; /* until engine_adopted */
	struct attachment *gone;  /* the same: what records of its plan are of */
};

/* Notes the words for a refusal; returns r. */
int engine_refuse(struct engine *e, int r, const char *format, ...) _printf_(3, 4);

/* Appends a step, or returns -ENOMEM from the caller's function. */
#define PLAN_ADD(plan, kind)                                                                       \
	({                                                                                         \
		struct step *added_ = plan_add(plan, kind);                                        \
		if (!added_)                                                                       \
			return -ENOMEM;                                                            \
		added_;                                                                            \
	})

struct service *service_find(const struct engine *e, struct ovd_view name);

/* The i-th, by name; NULL behind the last. */
struct service *service_at(const struct engine *e, size_t i);

/* "overlayd XXXXXXXX what name", which says whose a link is. */
void alias_format(const struct engine *e, const char *what, const char *name,
		  char ret[LINK_ALIAS_MAX]);
void alias_of_bridge(const struct engine *e, const struct service *service,
		     char ret[LINK_ALIAS_MAX]);

/* The same with all that is told of it; see engine_lost_mark. */
void alias_of_attachment(const struct engine *e, const struct attachment *a,
			 char ret[LINK_ALIAS_MAX]);
void alias_of_service(const struct engine *e, const struct service *service, enum service_mode mode,
		      char ret[LINK_ALIAS_MAX]);
void alias_of_tunnel(const struct engine *e, const struct global *global, char ret[LINK_ALIAS_MAX]);

/* Copies text, which fits as the caller has checked, with its NUL. */
void text_copy(char *to, size_t size, struct ovd_view text);

/* The node's own block for a range; see block_first. */
struct ovd_cidr global_block(bool has_slice, const struct ovd_cidr *cluster,
			     const struct ovd_cidr *slice);

/* How the peers of the node's tunnel are reached. */
struct tunnel_way global_way(const struct global *global);

/* engine_global_teardown; remembered: the store is told, too. */
int global_down(struct engine *e, bool remembered, struct plan *plan, struct intent **ret);

/* It goes with its last container, or not. */
void service_leave(struct engine *e, struct service *service, bool leaving);

/* Somebody sees to it that one that is leaving goes. */
void service_reaped(struct engine *e, struct service *service);

/* Removes a service nobody uses, and its segment if it was the last one's; frees both. */
void service_forget(struct engine *e, struct service *service);

/* The host's ends of the containers on it, n_attached at most, the newest first; returns how many.
 */
size_t segment_ports(const struct segment *segment, char (*ports)[LINK_NAME_MAX]);
bool segment_has_ports(const struct segment *segment);

/* The addresses of processes that share the host's network, also of those whose records are lost;
 * how many, also if ips is NULL. */
size_t hosts_aliases(const struct engine *e, struct ovd_ip *ips);

/* Where the blocks of services are chosen: the slice, or what stands for it. */
struct ovd_cidr services_range(const struct engine *e);

/* Its block is not in that range, and nobody has an address of it. */
bool segment_can_move(const struct engine *e, const struct segment *segment);

/* Steps that take a segment away; PREFIX or PREFIX_DELETE for each of its subnets. */
int segment_plan_removal(const struct engine *e, const struct service *service, struct plan *plan);
int segment_plan_prefixes(struct segment *segment, enum step_kind kind, struct plan *plan);

/* All set->n peers as their tunnel is to have them: from the engine's spare memory, and the lists
 * are the peers' own. */
int peers_for_tunnel(struct engine *e, const struct peer_set *set, struct tunnel_peer **ret);

/* ROUTE or ROUTE_DELETE steps for all peers. A route that can't be is a peer's trouble, not the
 * tunnel's. */
int peers_plan_routes(const struct peer_set *set, const struct tunnel_way *way, enum step_kind kind,
		      struct plan *plan);

/* The pool of the block that holds the address; NULL. */
struct pool *pool_of(struct engine *e, const struct ovd_ip *ip);

/* pool_init, without the addresses that engine_lost_address was told of. */
int pool_begin(const struct engine *e, struct pool *pool, const struct ovd_cidr *block);

/* A record of the service on its segment; the segment is the service's if it has no other. */
int service_new(struct engine *e, struct ovd_view name, enum service_mode mode,
		struct segment *segment, struct service **ret);

/* It, or a peer of its tunnel, is being changed; no other peer begins to be then. */
bool service_must_wait(const struct service *service);

void engine_free_services(struct engine *e);
void engine_free_attachments(struct engine *e);

/* What the set holds, not the set itself. */
void peers_free(struct engine *e, struct peer_set *set);
