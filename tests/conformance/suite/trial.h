/* One check of a daemon: connections of its own, and words to talk with. The first thing that goes
 * wrong decides the check; all words do nothing from then on, so that a check reads straight down.
 */
#pragma once

#include <stdbool.h>

#include "runtime/codec.h"
#include "runtime/frame.h"
#include "runtime/stream.h"
#include "schema/overlayd.h"
#include "tests/conformance/suite/results.h"

#define TRIAL_LINKS 2

/* A connection; stream is NULL while there is none. */
struct trial_link {
	struct stream *stream;
	struct frame_reader in;
	enum ovd_codec codec; /* that it must answer in: of its last request; JSON before any */
};

struct trial {
	const char *socket;
	const char *vectors; /* their folder; NULL for none */
	unsigned timeout_ms;
	enum ovd_codec codec; /* that it is spoken to in */
	struct result *result;
	bool over; /* the result is decided */
	struct trial_link links[TRIAL_LINKS];
	size_t at;               /* which of them is spoken to */
	uint64_t id;             /* of the last request */
	struct ovd_frame answer; /* the last one; zeros once the trial is over */
	struct ovd_view body;    /* its bytes; of protobuf, as JSON */
	struct buf kept;         /* its bytes as they came */
	struct buf text;         /* of protobuf */
	struct arena arena;
	unsigned n_events;
};

/* What is set: socket, vectors, timeout_ms, codec, result. */
void trial_begin(struct trial *t);

/* Closes all, and says that the check has passed if nothing else was decided. */
void trial_end(struct trial *t);

/* Decide the check, unless it is decided already. */
void trial_fail(struct trial *t, const char *format, ...) _printf_(2, 3);
void trial_skip(struct trial *t, const char *format, ...) _printf_(2, 3);

/* Fails with the text unless the condition holds. */
void trial_must(struct trial *t, bool holds, const char *format, ...) _printf_(3, 4);

/* Speaks to this connection from now on; made by the first word that needs it. A daemon that nobody
 * listens for is waited for: something may start it again. */
void trial_use(struct trial *t, size_t link);

/* ---- to the daemon ---- */

/* Bytes as they are; the daemon may close before they are all written. */
void trial_bytes(struct trial *t, const void *p, size_t n);

/* A frame with this body in JSON, turned into the trial's codec. What is no document in JSON, or
 * none of the contract's, is sent as other bytes in protobuf that are none: as a request of no
 * known operation if it has an id at its beginning, else as a message that ends too early. */
void trial_body(struct trial *t, const char *format, ...) _printf_(2, 3);

/* The frame that trial_body would send, appended. -ENOMEM. */
int trial_frame(const struct trial *t, struct ovd_view json, struct buf *out);

/* A frame with this body as it is. */
void trial_body_bytes(struct trial *t, struct ovd_view body);

/* Says that what is sent by trial_bytes is a request in the trial's codec. */
void trial_spoke(struct trial *t);

/* A request, made by a format, as a frame with the next id. */
void trial_ask(struct trial *t, const char *format, ...) _printf_(2, 3);

/* Nothing more will be sent on this connection; the check is skipped where it has no such half. */
void trial_shut(struct trial *t);

void trial_close(struct trial *t);

/* ---- and back ---- */

/* The next answer must have this id; events before it are fine. An err must have a message; what
 * else it has must fit together. */
const struct ovd_response *trial_answer(struct trial *t, uint64_t id);

/* The answer to the last request must be of this kind. Zeros once the trial is over. */
const struct ovd_response *trial_want(struct trial *t, enum ovd_response_kind kind);

/* The same, but an err ends the check as skipped: the daemon can't, here. */
const struct ovd_response *trial_want_or_skip(struct trial *t, enum ovd_response_kind kind);

/* An err with this id, or with that of the last request. */
const struct ovd_err *trial_want_err_id(struct trial *t, uint64_t id);
const struct ovd_err *trial_want_err(struct trial *t);

/* An err with this code, if it has one: the reference's daemon gives none. */
const struct ovd_err *trial_want_code(struct trial *t, const char *code);

/* The connection ends now, without another answer. */
void trial_want_end(struct trial *t);

/* A request on this connection is answered. */
void trial_want_alive(struct trial *t);

/* For the message: the name of an answer's kind. */
const char *trial_kind(const struct ovd_response *response);
