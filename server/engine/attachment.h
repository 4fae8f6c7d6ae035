/* Records of containers, for the engine's own files. */
#pragma once

#include "server/engine/state.h"

/* What intents about containers have in common. */
struct attachment_intent {
	struct intent intent;
	struct intent *peer; /* of a guest; NULL */
	struct tunnel_change change;
};

/* A guest's peer, as its record says; it is gone. */
int guest_plan_peer(struct engine *e, const struct attachment *a, struct plan *plan,
		    struct attachment_intent *i);
int guest_plan_no_peer(struct engine *e, const struct attachment *a, struct plan *plan,
		       struct attachment_intent *i);

/* PROXY or PROXY_DELETE: those on a guest's bridge reach it by the host. */
int guest_plan_proxy(const struct attachment *a, enum step_kind kind, struct plan *plan);

/* ALIAS or ALIAS_DELETE: the tunnel has the address of a process of the host. */
int host_plan_alias(const struct engine *e, const struct attachment *a, enum step_kind kind,
		    struct plan *plan);

/* It is being changed, or isn't any more; a process of the host with the tunnel, whose setup waits
 * for it. */
void attachment_busy(struct engine *e, struct attachment *a);
void attachment_rest(struct engine *e, struct attachment *a);

/* Where its address is from. */
struct pool *attachment_pool(struct engine *e, const struct attachment *a);

/* "pid 7", "netns /run/netns/a", for messages; long ones are cut. */
#define HANDLE_TEXT_MAX 96
const char *handle_text(const struct owner *owner, char text[HANDLE_TEXT_MAX]);

/* It has a network namespace of its own. */
bool owner_has_netns(const struct owner *owner);

struct attachment *attachment_by_handle(const struct engine *e, const struct owner *owner);
struct attachment *attachment_by_netns(const struct engine *e, const struct owner *owner);

/* A record without addresses, in no tree, and not counted; NULL if there is no memory. What few
 * have is as the arguments say. */
struct attachment *attachment_new(struct engine *e, const struct owner *owner,
				  const struct extras *extras, struct service *service);

/* Gives back the memory alone. */
void attachment_free(struct engine *e, struct attachment *a);

/* Puts a record in; no other may have its handle or its namespace, as is_known tells. Takes it out.
 */
void attachment_insert(struct engine *e, struct attachment *a);
void attachment_remove(struct engine *e, struct attachment *a);
bool attachment_is_known(const struct engine *e, const struct owner *owner);

/* Counts it; gives back what it holds, and with release its memory too. */
void attachment_count(struct attachment *a);
void attachment_give_back(struct engine *e, struct attachment *a);
void attachment_release(struct engine *e, struct attachment *a);

/* The name of its interface; "eth0" mostly. */
const char *attachment_interface(const struct attachment *a);

/* Steps that cut it off and forget it. */
int attachment_plan_goodbye(const struct engine *e, const struct attachment *a, struct plan *plan);

/* Steps that take a container away; its record is gone then, but for its memory, which the plan
 * needs until engine_adopted. */
int attachment_drop(struct engine *e, struct attachment *a, struct plan *plan);
