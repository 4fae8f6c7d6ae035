/* The platform from the inside. All but `own` belongs to the link thread, or says otherwise. */
#pragma once

#include "server/linux/host_watch.h"
#include "server/engine/start.h"
#include "server/linux/linux.h"
#include "server/linux/nft.h"
#include "server/linux/reaper.h"
#include "server/linux/wg.h"

struct linux_net {
	struct net net;
	struct log *log;
	int own; /* our network namespace; read by anybody */
	int rtnl;
	uint32_t mtu;        /* of tunnel and new links: what goes with the uplink */
	unsigned next_index; /* of a container's end, in its own namespace */
	struct reaper *reaper;
	struct wg *wg;
	struct nft *nft;          /* NULL: no rules */
	struct host_watch *watch; /* the loop's */
	int links;                /* the same */
	char *control_dir;
};

/* The rows of steps.c, in their own files. See struct net_step. */
int veth_create(void *platform, struct step *step, char *detail);
void veth_undo(void *platform, struct step *step);
int join_create(void *platform, struct step *step, char *detail);
void join_undo(void *platform, struct step *step);
int cut_run(void *platform, struct step *step, char *detail);
int bridge_create(void *platform, struct step *step, char *detail);
void bridge_undo(void *platform, struct step *step);
int bridge_delete(void *platform, struct step *step, char *detail);
int bridge_list(void *platform, struct step *step, char *detail);
int tunnel_create(void *platform, struct step *step, char *detail);
void tunnel_undo(void *platform, struct step *step);
int tunnel_delete(void *platform, struct step *step, char *detail);
int route_add(void *platform, struct step *step, char *detail);
void route_add_undo(void *platform, struct step *step);
int route_delete(void *platform, struct step *step, char *detail);
void route_delete_undo(void *platform, struct step *step);
int alias_add(void *platform, struct step *step, char *detail);
void alias_undo(void *platform, struct step *step);
int alias_delete(void *platform, struct step *step, char *detail);
int proxy_add(void *platform, struct step *step, char *detail);
void proxy_undo(void *platform, struct step *step);
int proxy_delete(void *platform, struct step *step, char *detail);
int uplink_follow(void *platform, struct step *step, char *detail);
int clear_run(void *platform, struct step *step, char *detail);

/* See struct net. */
int survey_links(void *platform, const char *mark, struct found_links *ret);
int read_containers(void *platform, const char *mark,
		    void (*each)(void *arg, const struct net_container *container), void *arg);
int read_links(void *platform, const char *mark,
	       void (*each)(void *arg, const struct net_link *link), void *arg);
int read_tunnel(void *platform, const char *link,
		void (*each)(void *arg, const struct tunnel_state *state), void *arg);

extern const struct net_step linux_steps[STEP_MAX_];

/* Routes through the link that are as ROUTE makes them, and that none of these peers wants, go. */
int route_delete_unwanted(struct linux_net *l, const char *link, const struct tunnel_peer *peers,
			  size_t n_peers, char *detail);

/* What links of ours have in common: the MTU of the tunnel, or what it would be, looked up anew;
 * forwarding on this link and on the uplinks. */
uint32_t platform_mtu(struct linux_net *l);
int platform_forward(struct linux_net *l, const char *link);
