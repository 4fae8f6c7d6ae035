/* What a daemon is checked with, from outside. */
#pragma once

#include "tests/conformance/suite/options.h"
#include "tests/conformance/suite/trial.h"

/* What a check needs that is not always there. */
enum server_needs {
	NEEDS_NOTHING,
	NEEDS_SLOW,     /* --slow */
	NEEDS_SHUTDOWN, /* --shutdown */
};

/* One check. */
struct server_check {
	const char *id, *says, *section;
	void (*run)(struct trial *t, const struct server_check *check);
	const char *body; /* for rows that differ in what is sent */
	uint32_t answers; /* for those that differ in what comes back: a bit for each kind */
	const char *code; /* for those that are refused: the err's */
	enum server_needs needs;
};

/* Which forms a family is about. */
enum server_family_of {
	OF_ALL_CODECS,
	OF_JSON,
	OF_PROTOBUF,
};

/* A family of them, in the order in which they are run. */
struct server_family {
	const struct server_check *checks;
	size_t n;
	enum server_family_of of;
};

extern const struct server_family server_framing, server_order, server_reading, server_protobuf,
	server_errors, server_shapes, server_global, server_services, server_peers, server_lines,
	server_last;

#define ANSWER(kind) (UINT32_C(1) << OVD_RESPONSE_##kind)

/* Brings the node's overlay up, the same each time; the check is skipped where that can't be. */
void server_global_up(struct trial *t);

/* Adds a result for each check of a daemon that is spoken to in that codec. -ENOMEM. */
int server_add(enum ovd_codec codec, struct results *results);

/* Runs what is selected. `vectors` is their folder, NULL for none. 0; -ENOTCONN, and the reason in
 * `fault`: nobody listens; -EBUSY: the overlay is up already. */
int server_run(struct results *results, const struct options *options, const char *vectors,
	       struct buf *fault);
