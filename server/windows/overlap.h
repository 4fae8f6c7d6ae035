/* What Windows does while we do something else: one read, write or wait for a client at a time,
 * whose end is told on the loop.
 *
 * libuv's loop waits on a completion port, and takes what arrives there for its own requests. A
 * uv_async_t is the one that is public and does nothing but call its function: it gets our
 * operations' ends too. While an operation is under way it counts as sent, so that uv_close waits
 * for that end. (Fields that uv.h declares for Windows; libuv 1.44, src/win/async.c.) */
#pragma once

#include <stdbool.h>

#include <uv.h>

#include <windows.h>

struct overlap {
	uv_async_t async;
	bool busy; /* an operation is under way */
	bool soon; /* overlap_soon was called, and done not yet */
	void (*done)(struct overlap *o);
	void (*closed)(struct overlap *o);
};

/* Makes the ends of a handle's operations come to this loop; once for each handle. Negative errno.
 */
int overlap_attach(uv_loop_t *loop, HANDLE handle);

/* done is called on the loop when an operation has ended, or overlap_soon was called. */
void overlap_init(struct overlap *o, uv_loop_t *loop, void (*done)(struct overlap *o));

/* Nothing is under way, so that an operation may begin. */
static inline bool overlap_idle(const struct overlap *o)
{
	return !o->busy && !o->soon;
}

/* For the operation that comes next: overlap_begun is told what its call returned. */
OVERLAPPED *overlap_begin(struct overlap *o);

/* The operation's error code: 0, it is done already and done won't be called; ERROR_IO_PENDING; or
 * it failed. */
DWORD overlap_begun(struct overlap *o, BOOL done);

/* In done: how the operation ended, its number of bytes in *ret_n; an error code. */
DWORD overlap_end(struct overlap *o, HANDLE handle, DWORD *ret_n);

/* Calls done soon. Not while an operation is under way; twice is once. */
void overlap_soon(struct overlap *o);

/* Ends it, whose operation, if any, was cancelled before; closed is called on the loop. */
void overlap_close(struct overlap *o, void (*closed)(struct overlap *o));
