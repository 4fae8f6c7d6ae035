/* Compute systems: what is done with them, each with a deadline, and how they are watched.
 *
 * A function with timeout_ms waits for the service for so long at most, and -ETIMEDOUT is what it
 * says then: what was begun goes on, and its late end is nobody's. The calls that begin an
 * operation have no deadline in the SDK: run all of this on a thread that may wait.
 *
 * Where a function fails, *error says why; its return value is hcs_class_errno() of the class. All
 * functions may be called from several threads at a time. */
#pragma once

#include <stdint.h>

#include "runtime/buf.h"
#include "server/hcs/error.h"
#include "server/hcs/event_stream.h"
#include "server/hcs/hcs.h"

struct compute_system;

/* Who reads the events, as event_stream_new has it; ready may be NULL. It may be called before the
 * function that it is given to has returned. */
struct compute_system_reader {
	void (*ready)(void *user);
	void *user;
};

/* Makes a compute system of a document and watches it: no event from its start on is missed. One
 * that was made, but then failed or could not be watched, is terminated, which may take 10 s more.
 * The api must outlive it. */
int compute_system_create(const struct hcs_api *api, const char *id, const char *document,
			  const struct compute_system_reader *reader, uint32_t timeout_ms,
			  struct compute_system **ret, struct hcs_error *error);

/* Opens one that is there, without events. */
int compute_system_open(const struct hcs_api *api, const char *id, struct compute_system **ret,
			struct hcs_error *error);

/* Opens one that is there and watches it. If it had ended before it was watched, its events are one
 * `exited` of unknown type. */
int compute_system_watch(const struct hcs_api *api, const char *id,
			 const struct compute_system_reader *reader, uint32_t timeout_ms,
			 struct compute_system **ret, struct hcs_error *error);

/* Its events, NULL if it was opened without. The caller's reference is the system's: take one of
 * your own (event_stream_ref) to read on when it is closed. */
struct event_stream *compute_system_events(struct compute_system *system);

/* Starts it. */
int compute_system_start(struct compute_system *system, uint32_t timeout_ms,
			 struct hcs_error *error);

/* Asks it to end. */
int compute_system_shut_down(struct compute_system *system, uint32_t timeout_ms,
			     struct hcs_error *error);

/* Ends it. */
int compute_system_terminate(struct compute_system *system, uint32_t timeout_ms,
			     struct hcs_error *error);

/* Appends the document of its properties, which the query (NULL: the basic ones) chooses. */
int compute_system_properties(struct compute_system *system, const char *query, uint32_t timeout_ms,
			      struct buf *out, struct hcs_error *error);

/* Changes it as a document says. */
int compute_system_modify(struct compute_system *system, const char *document, uint32_t timeout_ms,
			  struct hcs_error *error);

/* Gives back the caller's hold of it; NULL is accepted. Its events end at once, with `closed` if
 * nothing else ended them. May be called from within reader->ready, and while other threads are in
 * functions of this system: the handle is closed when they have left, and on a thread of its own
 * where this one is the service's. */
void compute_system_close(struct compute_system *system);

/* Appends the array of systems that the query (NULL: all) chooses; document_systems() reads it. */
int compute_systems_enumerate(const struct hcs_api *api, const char *query, uint32_t timeout_ms,
			      struct buf *out, struct hcs_error *error);
