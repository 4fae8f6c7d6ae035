/* One connection: frames in, answers out, in order, one call at a time. */
#pragma once

#include "runtime/arena.h"
#include "runtime/codec.h"
#include "runtime/fault.h"
#include "runtime/frame.h"
#include "server/ipc/call.h"
#include "server/ipc/passed.h"
#include "server/ipc/wire.h"

struct server;

struct conn {
	struct conn *next, **at; /* in the server's list */
	struct server *server;
	struct wire wire;
	struct frame_reader in;
	struct passed passed; /* with what is in there */
	struct buf out;
	size_t written;         /* of out */
	uint64_t frame_since;   /* uv_now when the frame that is pending began; 0 for none */
	unsigned n_ignored;     /* frames that were responses or events */
	unsigned n_unasked;     /* descriptors that no request was about */
	bool ended;             /* no more bytes come, or none is wanted any more */
	bool broken;            /* nothing can be written: answers are dropped */
	bool handling;          /* its frames are just being handled, further up the stack */
	bool busy;              /* the request isn't read, or the call not answered yet */
	bool paused;            /* and there is more to read already: it waits */
	bool closing, closed;   /* its wire is being closed, is closed */
	bool listens;           /* hears events */
	enum ovd_codec codec;   /* of the last request: what is written is in it too */
	struct ovd_frame frame; /* the request of the call; its answer, when that is large */
	struct body {
		struct ovd_view bytes;
		int r; /* what decode said of it */
		uint64_t id;
		struct ovd_fault fault;
	} body; /* of the last request */
	struct arena arena;
	struct call call;
	struct job aside; /* while it is under way, in, body, frame and arena are its own */
	struct buf large; /* the answer that it writes */
};

/* Takes the end over; -ENOMEM or what wire_open said, and the end is the caller's still. */
int conn_new(struct server *s, wire_end end);

/* The call is answered: its answer stands in out. Goes on with the next frame. */
void conn_answered(struct conn *c);

/* Puts a frame behind what is to be written; what it takes to make it lies in the arena. -EMSGSIZE:
 * it fits no frame, and nothing was put. All else that goes wrong breaks the connection. */
int conn_put(struct conn *c, const struct ovd_frame *frame, struct arena *arena);
size_t conn_unwritten(const struct conn *c);

/* Writes as much as goes at once, a part of it, so that others have their turn; all that goes. */
void conn_flush(struct conn *c);
void conn_flush_all(struct conn *c);

/* From so many bytes on something is worth another thread. */
#define CONN_LARGE (64 * 1024)

/* Calls run on the helper's thread, and then done on the loop; both at once where there is no
 * helper. The connection is busy, or closed, until then. */
void conn_aside(struct conn *c, void (*run)(struct job *job), void (*done)(struct job *job));
static inline struct conn *conn_of(struct job *job)
{
	return CONTAINER_OF(job, struct conn, aside);
}

/* A run: wipes the request and what its answer was made of. */
void conn_wipe(struct job *job);

/* Writes an event. */
void conn_tell(struct conn *c, const struct ovd_event *event);

/* Closes it; it is freed when the loop has run once more, or when its call is answered. */
void conn_close(struct conn *c);

/* Closes it if a frame has been on its way for too long. */
void conn_check_time(struct conn *c, uint64_t now);

/* Takes no more requests. */
void conn_drain(struct conn *c);
