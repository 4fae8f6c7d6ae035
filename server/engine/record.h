/* What is written down of the engine's things, for the engine's own files. Views in a record point
 * into the thing, which stays as it is while it is busy. */
#pragma once

#include "server/engine/state.h"

/* The version of the store's form: a program whose form is older reads it wrongly. 2: a service has
 * a tunnel of its own. */
#define RECORD_FORM 2

struct state_record record_of_node(const struct engine *e);
struct state_record record_of_global(const struct global *global);
struct state_record record_of_attachment(const struct attachment *a, bool unfinished);

/* Fills subnets, which are a part of the record. */
struct state_record record_of_service(const struct service *service,
				      struct state_prefix subnets[SEGMENT_BLOCKS_MAX]);
enum state_mode record_mode(enum service_mode mode);

/* Tells who watches peers of this one: as it is, or that it is gone; that all are gone. */
void record_tell_peer(struct engine *e, const struct peer_set *set, const struct peer *peer,
		      bool there);
void record_tell_peers_gone(struct engine *e, const struct peer_set *set);

/* Steps: it is in the store; it is there instead of what it was; it is not there. */
int plan_remember(struct plan *plan, struct state_record record);
int plan_remember_instead(struct plan *plan, struct state_record record, struct state_record was);
int plan_forget(struct plan *plan, struct state_record record);

struct state_prefix record_prefix(const struct ovd_cidr *cidr);

/* A prefix that was read: false if it is none. */
bool record_cidr(const struct state_prefix *prefix, struct ovd_cidr *ret);
