/* The events of one compute system, from the threads that the Host Compute Service calls on to
 * whoever reads them.
 *
 * The service is given a number, never an address: an event that comes late, or with a number that
 * never was, finds no stream. What waits to be read is bounded; what is missing is told. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "runtime/arena.h"
#include "runtime/view.h"
#include "schema/hcs.h"

struct event_stream;

/* Events that wait to be read; the ends of guest connection and system have places of their own. */
#define EVENT_STREAM_ROOM 16

/* Longest document of an event that is kept, in bytes: schema/hcs.proto. */
#define EVENT_DATA_MAX 65536

#define EVENT_WAIT_FOREVER UINT32_MAX

/* A stream with a reference for the caller; it can be found by its id until event_stream_end.
 *
 * ready, unless it is NULL, is called without a lock whenever there is something to read, on any
 * thread, mostly one of the service's: it must not block, and may end the stream. It is called no
 * more once event_stream_end has returned, except where that was called from within a ready: other
 * threads may then be in theirs still. -ENOMEM, or what a lock failed with. */
int event_stream_new(const char *system, void (*ready)(void *user), void *user,
		     struct event_stream **ret);

struct event_stream *event_stream_ref(struct event_stream *stream);

/* NULL is accepted. A stream that was not ended must not lose its last reference. */
void event_stream_unref(struct event_stream *stream);

/* What the service is given; never 0. */
uintptr_t event_stream_id(const struct event_stream *stream);

/* The next event, in the order that they came in; its texts lie in the arena, the system's id as
 * long as the stream. Waits up to timeout_ms. -ETIMEDOUT; -ENODATA when the last event has been
 * read; -ENOMEM, and the event is still there.
 *
 * The last event is the first of exited, service_disconnected and closed: nothing that comes later
 * is accepted. */
int event_stream_next(struct event_stream *stream, uint32_t timeout_ms, struct arena *arena,
		      struct hcs_event *ret);

/* Nothing is accepted from now on: if no last event came yet, closed is it. Once is enough. Waits
 * until no thread is within event_stream_arrived for it, but never from within a ready. */
void event_stream_end(struct event_stream *stream);

/* For the table's functions: an event of the system that was given this id. Copies data; absent if
 * the event has none. Does not wait for readers. */
void event_stream_arrived(uintptr_t id, uint32_t type, struct ovd_view data);

/* Whether this thread is within event_stream_arrived, and so within a call of the service's. */
bool event_stream_in_arrived(void);
