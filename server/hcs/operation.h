/* One operation of the service, from its begin to its result. */
#pragma once

#include <stdint.h>

#include "runtime/buf.h"
#include "server/hcs/error.h"
#include "server/hcs/hcs.h"

/* What begins an operation: begin is called with this, once. */
struct hcs_request {
	const struct hcs_api *api;
	const char *verb; /* for people */
	const char *id;   /* NULL: no one system is meant */
	struct hcs_system *system;
	const char *text; /* document, query or options; NULL: none */
	uint32_t timeout_ms;
	int32_t (*begin)(struct hcs_request *request, struct hcs_operation *operation);
};

/* Begins it, waits for its end, appends its document to out unless that is NULL. Gives back the
 * operation and all documents, whatever comes. A negative errno, and why. */
int hcs_request_run(struct hcs_request *request, struct buf *out, struct hcs_error *error);
