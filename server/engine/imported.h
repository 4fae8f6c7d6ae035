/* How others know tunnels of services that are not set up yet, for the engine's own files. */
#pragma once

#include "server/engine/state.h"

struct imported {
	struct imported *next;
	char service[NAME_MAX_BYTES + 1];
	uint16_t port;
	struct ovd_key private_key, public_key;
	char private_text[KEY_TEXT_MAX], public_text[KEY_TEXT_MAX]; /* for records */
};

/* -ENOENT: the service has a tunnel by now; -EBADMSG. */
int imported_restore(struct engine *e, const struct state_identity *record);

/* NULL: there is none. */
const struct imported *imported_find(const struct engine *e, const char *service);

/* Some other service's tunnel is to have the port. */
bool imported_has_port(const struct engine *e, uint16_t port, const char *service);

/* The service is set up with it: a step that forgets the record, and when the plan stands, the
 * rest. Both accept a service that has none. */
int imported_plan_end(const struct engine *e, const char *service, struct plan *plan);
void imported_end(struct engine *e, const char *service);

void engine_free_imported(struct engine *e);
