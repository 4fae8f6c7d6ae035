/* Records of containers, for the engine's own files. */
#pragma once

#include "server/engine/state.h"

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

/* Counts it; gives back what it holds, and its memory. */
void attachment_count(struct attachment *a);
void attachment_release(struct engine *e, struct attachment *a);

/* The name of its interface; "eth0" mostly. */
const char *attachment_interface(const struct attachment *a);

/* Steps that cut it off and forget it. */
int attachment_plan_goodbye(const struct engine *e, const struct attachment *a, struct plan *plan);

/* Steps that take a container away; its record is gone then. */
int attachment_drop(struct engine *e, struct attachment *a, struct plan *plan);
