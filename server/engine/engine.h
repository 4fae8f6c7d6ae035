/* What the node has and wants: tunnel, services, containers, peers. Decides; touches nothing.
 *
 * A function that changes something reserves at once what the change needs, fills a plan for the
 * platform, and returns an intent. When the plan stands the caller commits the intent, else it
 * drops it: the engine is then as before. While an intent is out, its things are busy, and whoever
 * wants to change them gets -EINPROGRESS and asks again later.
 *
 * All of them return 0 with an intent; -EALREADY when it is so already, without an intent; or
 * another negative errno for a refusal, which engine_reason puts into words that name the thing and
 * the value. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "runtime/ip.h"
#include "runtime/key.h"
#include "runtime/view.h"
#include "schema/state.h"
#include "server/engine/plan.h"
#include "server/engine/tunnel.h"

struct engine;
struct intent;

/* A node without anything. The keys are copied; the mark, which every link of ours bears in its
 * alias, is made of the public one. NULL: no memory. */
struct engine *engine_new(const struct ovd_key *private_key, const struct ovd_key *public_key);

/* Wipes the key. Accepts NULL. */
void engine_free(struct engine *e);

/* The words for the last refusal; lives until the next call. */
const char *engine_reason(const struct engine *e);

/* The intent's plan stands, or it doesn't. The intent is gone afterwards. Both accept NULL. */
void engine_commit(struct engine *e, struct intent *intent);
void engine_drop(struct engine *e, struct intent *intent);

/* The node's number in the cluster; the key that the cluster knows it by. */
int engine_set_node_id(struct engine *e, uint64_t node_id, struct plan *plan, struct intent **ret);
const struct ovd_key *engine_public_key(const struct engine *e);
const char *engine_public_text(const struct engine *e);

/* What all our links' aliases begin with: "overlayd XXXXXXXX". */
const char *engine_mark(const struct engine *e);

/* Whose tunnel a function is about: a service's, by its name, -ENOENT if it has none of its own; or
 * the node's. */
#define NODES_TUNNEL ((struct ovd_view){ .p = NULL })

/* A service's name with its NUL; and such a text, empty for the node's tunnel, as a view. */
#define SERVICE_TEXT_MAX 64
static inline struct ovd_view service_tunnel(const char *service)
{
	return service[0] ? view(service) : NODES_TUNNEL;
}

/* The reverse; the name has not more bytes. */
static inline void tunnel_name(struct ovd_view service, char ret[SERVICE_TEXT_MAX])
{
	memcpy(ret, service.p ? service.p : "", service.n);
	ret[service.n] = '\0';
}

/* The device of a tunnel that is up, else "". */
const char *engine_tunnel_link(const struct engine *e, struct ovd_view service);

/* ---- the node's tunnel ---- */

struct global_spec {
	struct ovd_view deployment;
	struct ovd_view instance;
	struct ovd_cidr cluster;
	bool has_slice;
	struct ovd_cidr slice;
	uint16_t port;
};

/* Brings the tunnel up, or changes what differs. Peers that are known go with it. */
int engine_global_setup(struct engine *e, const struct global_spec *spec, struct plan *plan,
			struct intent **ret);

/* Takes it down; services, containers and peers stay known. */
int engine_global_teardown(struct engine *e, struct plan *plan, struct intent **ret);

/* What is up. link is "" while nothing is. Texts live until the next change. */
struct global_view {
	const char *link;
	struct ovd_ip node_ip;
	uint16_t port;
	bool has_cluster, has_slice;
	struct ovd_cidr cluster, slice;
};
struct global_view engine_global(const struct engine *e);

/* ---- services ---- */

enum service_mode {
	SERVICE_AUTO,
	SERVICE_SHARED,
	SERVICE_ISOLATED,
	SERVICE_DEDICATED,
};

/* Makes the service's bridge, or for SHARED the node's one for all such services; one that is there
 * is looked after. A subnet that was chosen before the node's slice was known, or under another
 * one, is chosen anew if nobody has an address of it. */
int engine_service_setup(struct engine *e, struct ovd_view name, enum service_mode mode,
			 struct plan *plan, struct intent **ret);

/* The same in mode SERVICE_DEDICATED, which needs the node's ranges: a bridge, and a tunnel of the
 * service's own to the peers that are named with it. Its block of addresses is halved: the lower
 * half is the tunnel's, the upper one the bridge's. It stays where it was made, and gets no second
 * one: others know it by that. The keys are for a tunnel that has none yet. */
int engine_service_setup_dedicated(struct engine *e, struct ovd_view name,
				   const struct ovd_key *private_key,
				   const struct ovd_key *public_key, struct plan *plan,
				   struct intent **ret);

/* A service's own tunnel. Views live until the next change. */
struct dedicated_view {
	struct ovd_view service;
	const char *link;
	const char *public_key;
	uint16_t port;
	struct ovd_ip ip;       /* the tunnel's */
	struct ovd_cidr subnet; /* the whole block */
	size_t n_peers;
};

/* False: there is no such service, or it has none. */
bool engine_dedicated(const struct engine *e, struct ovd_view name, struct dedicated_view *ret);

/* Each, by name; how many. */
void engine_each_dedicated(const struct engine *e,
			   void (*each)(void *arg, const struct dedicated_view *dedicated),
			   void *arg);
size_t engine_dedicated_count(const struct engine *e);

/* A setup's plan failed with -EADDRINUSE, because of its subnet; because of its tunnel's port: that
 * is not chosen again, and the intent is dropped, to be asked for anew. False, and nothing has
 * changed: the service has no other choice. */
bool engine_service_elsewhere(struct engine *e, struct intent *intent);
bool engine_service_other_port(struct engine *e, struct intent *intent);

/* A setup's plan failed with -EBUSY: if it was to move the service, that stays where it is, and the
 * intent is dropped, to be asked for anew. */
bool engine_service_stay(struct engine *e, struct intent *intent);

/* A service whose subnets are full gets another one on the same bridge. -EALREADY: they aren't, or
 * it is not known. */
int engine_service_grow(struct engine *e, struct ovd_view name, struct plan *plan,
			struct intent **ret);

/* Moves, as a setup does, a service that ought to be elsewhere; -EALREADY if none can. */
int engine_service_move(struct engine *e, struct plan *plan, struct intent **ret);

/* How many services have a subnet that is not in the node's slice, or cluster if it has none, so
 * that other nodes don't know the way to it; and the name of one of them. */
size_t engine_services_outside(const struct engine *e, const char **ret_name);
bool engine_service_is_outside(const struct engine *e, struct ovd_view name);

/* Removes it; while containers are attached it stays for them and goes with the last. An unknown
 * service, or one with nothing to do for the platform, is -EALREADY. */
int engine_service_teardown(struct engine *e, struct ovd_view name, struct plan *plan,
			    struct intent **ret);

/* A service that was to go with its last container, which has gone: its name, which lives until the
 * next change. NULL: there is none but those that engine_service_reap was asked for. */
const char *engine_service_leaver(const struct engine *e);

/* Removes it. Whoever asks sees to it from then on, and asks again until it has gone: -EALREADY,
 * also if it is not to go any more. */
int engine_service_reap(struct engine *e, struct ovd_view name, struct plan *plan,
			struct intent **ret);

/* The service's bridge, "" if it is not known. */
const char *engine_service_link(const struct engine *e, struct ovd_view name);

size_t engine_service_count(const struct engine *e);

/* Some service, or the tunnel, is served by this link. */
bool engine_owns_link(const struct engine *e, struct ovd_view link);

/* ---- addresses ---- */

/* Lends an address of the service's pool, of the node's own if there is no such service. -EALREADY
 * is never returned; there is no plan and no intent. */
int engine_lend(struct engine *e, struct ovd_view service, struct ovd_ip *ret);

/* Takes it back. -EALREADY: nobody has it. -EBUSY: it is not lent but used. */
int engine_return(struct engine *e, const struct ovd_ip *ip);

/* ---- containers ---- */

/* How its user calls a container. */
enum handle_kind {
	HANDLE_PID,   /* by a process in its network namespace */
	HANDLE_NETNS, /* by the file of that */
	HANDLE_GUEST, /* by an id: it runs WireGuard itself */
	HANDLE_HOST,  /* by an id: it shares the host's network */
};

/* Most bytes of an id, or of a file's path. */
#define HANDLE_ID_MAX 255

/* Whose a container is; see struct net_owner. */
struct owner {
	uint64_t netns_dev, netns_ino; /* 0 for GUEST and HOST */
	uint64_t start_time;           /* 0 but for PID */
	uint32_t pid;                  /* the same */
	int netns;                     /* descriptor, for the plan; or what it was named by */
	enum handle_kind kind;
	struct ovd_view id; /* path or id; absent for PID */
};

struct attach_spec {
	struct owner owner;
	struct ovd_view service;
	bool join_global;
	bool ephemeral;   /* the service goes with it, when it is the last */
	struct ovd_ip ip; /* the address that it is to have; {0}: any */
	bool has_mac;
	uint8_t mac[MAC_BYTES];
	struct ovd_view interface; /* absent: eth0 */
	uint64_t request;          /* of its request's own id; 0: it has none */
	struct ovd_key private_key,
		public_key; /* GUEST: its tunnel's, unless it has some already */
};

/* Connects a container: PID and NETNS by an interface in their namespace; a GUEST is a peer of the
 * tunnel, and a HOST process has an address of it. -EALREADY and its address: it is connected so
 * already, and has what is asked for. -EEXIST: it is, but otherwise. Records of the same handle or
 * namespace whose owner is gone, as `gone` says, make way. */
int engine_attach(struct engine *e, const struct attach_spec *spec,
		  bool (*gone)(const void *arg, const struct owner *owner), const void *arg,
		  struct plan *plan, struct intent **ret, struct ovd_ip *ret_ip);

/* What the tunnel is to be told for an intent of engine_attach, when the plan stands, or of
 * engine_detach, before the plan is run; n_peers is 0 but for a GUEST. It lives as long as the
 * intent. The intent of that peer, for engine_peer_doubt; NULL. */
struct tunnel_change engine_attachment_change(const struct intent *intent,
					      struct intent **ret_peer);

/* The tunnel refused that peer, whose intent is dropped; the other one, when its plan is undone. */
void engine_attachment_drop_peer(struct engine *e, struct intent *intent);

/* Disconnects the container that was attached by this handle: kind, and pid or id; a start_time
 * other than 0 must be its own. -EALREADY: there is none. */
int engine_detach(struct engine *e, const struct owner *who, struct plan *plan,
		  struct intent **ret);

/* One that is connected. Views live until the next change. */
struct attachment_view {
	struct owner owner; /* without a descriptor */
	struct ovd_view service;
	struct ovd_view host, interface; /* its interface's host's end, and its own name of it */
	struct ovd_ip ip;
	uint8_t prefix_len;
	bool ephemeral, joined;
	struct ovd_ip joined_ip;
	bool has_mac;
	uint8_t mac[MAC_BYTES];
	struct ovd_view private_key, public_key; /* of a guest's tunnel; secret */
};

/* By its handle, as in engine_detach; false: there is none, or it is just changed. */
bool engine_attachment(const struct engine *e, const struct owner *who,
		       struct attachment_view *ret);

/* By the namespace that it has, or the host's end of its interface in that. */
bool engine_attachment_in(const struct engine *e, uint64_t netns_dev, uint64_t netns_ino,
			  struct attachment_view *ret);
bool engine_attachment_behind(const struct engine *e, struct ovd_view host,
			      struct attachment_view *ret);

/* Its interface is gone, and nobody here took it: it can be attached once more when it is detached.
 * False: that is known, or it is just changed. */
bool engine_attachment_lost(struct engine *e, const struct owner *who);

/* Every one that is connected, but for those that are just changed. */
void engine_each_attachment(const struct engine *e,
			    void (*each)(void *arg, const struct attachment_view *attachment),
			    void *arg);

size_t engine_attachment_count(const struct engine *e);

/* ---- peers ---- */

/* Most peers: what is told of so many fits a frame of 8 MiB, 256 bytes for each. */
#define PEERS_MAX 32768

/* Most prefixes of a peer. */
#define PEER_ALLOWED_MAX 1024

struct peer_spec {
	struct ovd_view service; /* whose tunnel's */
	struct ovd_key key;
	struct ovd_view host; /* the endpoint as it was given, to be resolved; absent if `endpoint`
				 is set */
	bool has_endpoint;
	struct ovd_endpoint endpoint;
	uint16_t keepalive;
	const struct ovd_cidr *allowed;
	size_t n_allowed;
	bool guest;    /* the engine's own: it is a container's; false */
	bool restored; /* the same: an earlier life had it, whatever is refused now */
};

/* A peer is wanted so. change is what the tunnel must be told, and lives as long as the intent;
 * change->n_peers is 0 while there is no tunnel, or nothing to tell. The plan holds routes, mostly
 * none. */
int engine_peer_set(struct engine *e, const struct peer_spec *spec, struct plan *plan,
		    struct tunnel_change *change, struct intent **ret);
int engine_peer_remove(struct engine *e, struct ovd_view service, const struct ovd_key *key,
		       struct plan *plan, struct tunnel_change *change, struct intent **ret);

/* One prefix more or less. -ENOENT: add to an unknown peer. */
int engine_peer_allow(struct engine *e, struct ovd_view service, const struct ovd_key *key,
		      const struct ovd_cidr *cidr, struct plan *plan, struct tunnel_change *change,
		      struct intent **ret);
int engine_peer_disallow(struct engine *e, struct ovd_view service, const struct ovd_key *key,
			 const struct ovd_cidr *cidr, struct plan *plan,
			 struct tunnel_change *change, struct intent **ret);

/* The tunnel may have carried out what such an intent is about, or not: the peers of it are in
 * doubt, and told in full by the next change of them, also one to what they are. Before the commit
 * or the drop. */
void engine_peer_doubt(struct engine *e, struct intent *intent);

/* What the tunnel is to be told first when it is heard again: the peers in doubt as they are
 * wanted, which may be that they go. Mostly -EALREADY. A setup of the tunnel tells what is wanted
 * too. */
int engine_peers_doubted(struct engine *e, struct ovd_view service, struct tunnel_change *change,
			 struct intent **ret);

/* A host name was resolved: if the peer still wants that host, its endpoint is this. */
int engine_peer_resolved(struct engine *e, struct ovd_view service, const struct ovd_key *key,
			 struct ovd_view host, const struct ovd_endpoint *endpoint,
			 struct tunnel_change *change, struct intent **ret);

/* ---- all peers of a tunnel at once, in slices ----
 *
 * What is to be is built beside what is; from begin to end nobody else changes these peers, or
 * their tunnel. Guests stay, and are not counted. In this order: begin, want for each, plan until
 * it returns 0, tell until it returns 0, end until it returns false. `most` is how many
 * peers a slice looks at. engine_commit and engine_drop end it in one go. */

int engine_sync_begin(struct engine *e, struct ovd_view service, struct intent **ret);

/* One of the peers. -EINVAL, -E2BIG, -ENOSPC; -EEXIST: its key or a prefix is listed twice, or is a
 * guest's, or a prefix is routed to another tunnel. The sync is to be dropped then. */
int engine_sync_want(struct engine *e, struct intent *sync, const struct peer_spec *spec);

/* What differs is counted, and its routes are planned. 1: there is more. -ENOMEM. */
int engine_sync_plan(struct engine *e, struct intent *sync, size_t most, struct plan *plan);

struct sync_counts {
	size_t added, changed, removed, kept;
};
struct sync_counts engine_sync_counts(const struct intent *sync);

/* The next part that the tunnel is to be told; change lives until the next call, and may be about
 * no peer. 1: there is more. No prefix and no peer that stays is missing for a moment, but those in
 * doubt. -ENOMEM. */
int engine_sync_tell(struct engine *e, struct intent *sync, size_t most,
		     struct tunnel_change *change);

/* The tunnel may have been told or not: when the sync ends all that differ are in doubt. */
void engine_sync_doubt(struct intent *sync);

/* The sync stands, or what was is kept. True: there is more; else the intent is gone. */
bool engine_sync_end(struct engine *e, struct intent *sync, bool stands, size_t most);

/* There is such a peer, and its endpoint is this host:port, to be resolved. */
bool engine_peer_wants(struct engine *e, struct ovd_view service, const struct ovd_key *key,
		       struct ovd_view host);

/* A wanted peer. Views live until the next change. */
struct peer_view {
	struct ovd_view service; /* whose tunnel's */
	struct ovd_key key;
	struct ovd_view host; /* absent if the endpoint was numeric */
	bool has_endpoint;
	struct ovd_endpoint endpoint;
	const struct ovd_cidr *allowed;
	size_t n_allowed;
};

size_t engine_peer_count(const struct engine *e); /* of the node's tunnel */

/* Every wanted peer of the tunnel, by key. */
void engine_each_peer(struct engine *e, struct ovd_view service,
		      void (*each)(void *arg, const struct peer_view *peer), void *arg);

/* The same for so many at most whose key comes after this one; NULL: from the first on. */
void engine_some_peers(struct engine *e, struct ovd_view service, const struct ovd_key *after,
		       size_t most, void (*each)(void *arg, const struct peer_view *peer),
		       void *arg);

/* ---- the end ---- */

/* Tunnel, rules, and bridges without containers go, and settings of the host go back. The engine
 * counts all of that as down when it is committed. */
int engine_stop(struct engine *e, struct plan *plan, struct intent **ret);

/* All that is ours goes from the kernel: the last plan, and the engine is of no more use. None of
 * the steps depends on another. */
int engine_remove_all(struct engine *e, struct plan *plan);

/* Our links in the plan of a prune: bridges named there that are neither known nor in `live` are
 * removed if idle. */
int engine_prune(struct engine *e, const struct ovd_view *live, size_t n_live,
		 const struct step_bridge_list *found, struct plan *plan);

/* The steps that follow somebody else's changes: of the way out of the host, of the firewall. None
 * depends on another. */
int engine_repair(struct engine *e, struct plan *plan);
