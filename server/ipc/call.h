/* The life of one request: decoded, handled at once or parked, answered once.
 *
 * A handler, ovd_op_X, gets the call and either answers it before it returns, or parks it with one
 * of call_run, call_undo, call_park and answers it later. It returns what these functions return.
 * -EINPROGRESS from a handler means that the thing it is about is just being changed: it is called
 * again when another parked call has been answered. */
#pragma once

#include <stdint.h>

#include "runtime/arena.h"
#include "schema/overlayd.h"
#include "server/engine/plan.h"
#include "server/net/worker.h"

struct conn;
struct daemon;
struct intent;
struct call;

/* What happens after a plan: r is what plan_run said, and call->plan tells more. */
typedef void call_done_fn(struct call *call, int r);

/* All of it lives until the call is answered. */
struct call {
	struct daemon *daemon; /* the handlers' world; ipc doesn't look inside */
	uint64_t id;
	const struct ovd_request *request;
	struct arena *arena;   /* for what the answer is made of */
	struct plan plan;      /* for the handler to fill */
	struct intent *intent; /* the handler's own */
	void *state;           /* the handler's own, in the arena */
	const char *list;      /* of the request's, whose item is looked at; NULL: none */
	size_t item;           /* which one */

	struct conn *conn; /* from here on ipc's own */
	struct job job;
	call_done_fn *done;
	struct call *next_waiting;
	bool parked, waited;
};

/* Answers the call. Always 0. The client may be gone: nobody need care. */
int call_reply(struct call *call, const struct ovd_response *response);
int call_ok(struct call *call);

/* The same, without delaying others: another thread writes it. What it points to lies in the call's
 * arena, or never changes. */
int call_reply_large(struct call *call, const struct ovd_response *response);

/* Answers with err. r is the negative errno behind it, which gives the code. The text names the
 * thing and the value. Always 0. */
int call_fail(struct call *call, int r, const char *format, ...) _printf_(3, 4);

/* The same for one field that is at fault, "wg_port", of call->list's item if there is one; its
 * name is put before the text. NULL: the item as a whole is. */
int call_refuse(struct call *call, int r, const char *field, const char *format, ...)
	_printf_(4, 5);

/* Runs call->plan on the link thread, undoes what stands of it; then calls done on the loop. Always
 * 0. */
int call_run(struct call *call, call_done_fn *done);
int call_undo(struct call *call, call_done_fn *done);

/* The i-th of the descriptors that came with the request, open until the call is answered; -EBADF.
 */
int call_fd(struct call *call, uint32_t i);

/* The call's connection hears what server_tell tells from now on. */
void call_listen(struct call *call);

/* A call that was parked, and is not answered: its handler is called anew, with an empty plan. */
void call_again(struct call *call);

/* The handler answers later, on the loop, from elsewhere. Always 0. */
int call_park(struct call *call);

/* For ipc's own files: the call is answered; the call is to be handled again when another is
 * answered. */
void call_end(struct call *call);
void call_wait(struct call *call);
