/* What a daemon asks of the engine when it starts: records of an earlier life, and what that left
 * in the kernel; and what is made once more because it may be missing there. */
#pragma once

#include "server/engine/engine.h"

/* A record of an earlier life, before anything else is asked of the engine: nodes first, then in
 * the order of enum state_record_kind. What was up is taken to be up still. -ENOENT: what
 * it belongs to is gone, and so should it be. -EBADMSG, and engine_reason: it makes no sense.
 * -EPROTONOSUPPORT, and engine_reason: it is the node's, and says that the store has a newer form
 * than this program knows, which must leave it alone. Nothing has changed then. */
int engine_restore(struct engine *e, const struct state_record *record);

/* The node's record as it is now, with the form that this program writes. */
struct state_record engine_node(const struct engine *e);

/* What an earlier overlay daemon left has been read: identities of tunnels were restored. From now
 * on it has; the node's record, which says so. */
bool engine_has_imported(const struct engine *e);
struct state_record engine_imported(struct engine *e);

/* What an earlier life left in the kernel: links of ours, by their mark. */
enum found_kind {
	FOUND_CONTAINER, /* the host's end of a container's interface */
	FOUND_BRIDGE,
	FOUND_TUNNEL,
};

struct found_link {
	char name[LINK_NAME_MAX];
	enum found_kind kind;
	int index;  /* the platform's own */
	bool named; /* by engine_adopt: a record names it; false before */
};

struct found_links {
	struct found_link *links; /* from malloc, the caller frees it */
	size_t n;
};

/* After the last record: containers that are gone, or not connected as their records say, are
 * forgotten, and so, if no record is missing, are links that none names: the plan's steps don't
 * depend on each other, but for those before a FORGET, and a record that can't be forgotten can be
 * restored until engine_adopted. What is left is as it was, and its setups can be asked for again.
 * Sorts what was found. -ENOMEM. */
int engine_adopt(struct engine *e, struct found_links *found, bool complete,
		 bool (*gone)(const void *arg, const struct owner *owner), const void *arg,
		 struct plan *plan);

/* Where records are lost, between the last one and engine_adopt: what the kernel tells instead.
 *
 * What the alias of a link of ours (IFLA_IFALIAS) says: "MARK WORD NAME", a tab, and details with
 * commas between them, each KEY, KEY=VALUE, or KEY:VALUE, which is the last and may have commas.
 * An earlier version wrote neither tab nor details, and cut the name. Details that are not known
 * are skipped.
 *
 *   container SERVICE  pid=PID@START_TIME or at:HANDLE, its handle; join; ephemeral; mac=MAC, which
 *                      its user chose; request=DIGEST
 *   service SERVICE    its bridge: isolated
 *   bridge shared      that of all shared ones
 *   tunnel LINK        the node's: slice=CIDR; names:N:NAMES, the deployment's N bytes and the
 *                      instance's
 *   dedicated SERVICE  its own one
 *
 * False: it is none of ours. */
struct lost_mark {
	struct ovd_view word, name;
	bool is_cut; /* the name may be */
	bool told;   /* there are details, which may be none */
	struct ovd_view details;
};
bool engine_lost_mark(const struct engine *e, const char *alias, struct lost_mark *ret);

/* What a container's mark says beside its service; views are the mark's. A bridge's says the mode.
 */
void engine_lost_container(const struct lost_mark *mark, struct state_attachment *record);
enum state_mode engine_lost_mode(const struct lost_mark *mark);

/* The record of a tunnel of that mark, name, address and port: where the mark doesn't tell, only
 * the node's own block is known of its slice, and the deployment only if the name tells. False: it
 * is none of ours. What the addresses of a bridge say of its subnets, and of how many. Views in the
 * record are of the arguments. */
bool engine_lost_tunnel(const struct lost_mark *mark, struct ovd_view link,
			const struct ovd_cidr *address, uint16_t port, struct state_global *ret);
size_t engine_lost_subnets(const struct ovd_cidr *addresses, size_t n, struct state_prefix *ret);

/* A dedicated service may have these two: its tunnel's subnet, and the one of its bridge. */
bool engine_lost_is_beside(const struct ovd_cidr *tunnel, const struct state_prefix *bridge);

/* The service on that bridge, of several that whose name begins so; NULL: there is none, or it
 * can't be told. */
const char *engine_lost_service(const struct engine *e, struct ovd_view link, struct ovd_view name);
bool engine_service_is_known(const struct engine *e, struct ovd_view name);

/* It is of one of our subnets. Nobody is to get it, also of a subnet that is chosen later, as
 * somebody has it of whom no more is known; false: nobody would. */
bool engine_is_our_address(struct engine *e, const struct ovd_ip *ip);
bool engine_lost_address(struct engine *e, const struct ovd_ip *ip);

/* The same of one that the tunnel's link has beside its own, and keeps: it is of a process that
 * shares the host's network. */
bool engine_lost_alias(struct engine *e, const struct ovd_ip *ip);

/* That plan has ended, and its records are not looked at any more. */
void engine_adopted(struct engine *e);

/* From now on `changed` is told of every peer's record that a commit has changed; there: what it is
 * now, else it is gone. The record lives until it returns. */
void engine_watch_peers(struct engine *e,
			void (*changed)(void *arg, const struct state_record *record, bool there),
			void *arg);

/* Everything as it is once more, so that what is missing in the kernel is made: the tunnel,
 * -EALREADY if it is down; the i-th service, by name, -ENOENT behind the last. complete: the
 * records name all peers, so that others that the tunnel has go. */
int engine_global_again(struct engine *e, bool complete, struct plan *plan, struct intent **ret);
int engine_service_again(struct engine *e, size_t i, bool complete, struct plan *plan,
			 struct intent **ret);

/* The name of the i-th service; NULL behind the last. Lives until the next change. */
const char *engine_service_at(const struct engine *e, size_t i);

/* The same of one tunnel with what goes with it; -EALREADY if it is down, or there is none. */
int engine_tunnel_again(struct engine *e, struct ovd_view service, struct plan *plan,
			struct intent **ret);

/* Who was told -EINPROGRESS by that won't ask once more: its peers needn't wait for it. */
void engine_tunnel_not_again(struct engine *e, struct ovd_view service);
