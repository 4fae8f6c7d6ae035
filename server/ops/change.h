/* From what the engine says of a change to its end. */
#pragma once

#include <stdbool.h>

#include "server/ipc/call.h"

/* The engine refused, with this errno: its words are the answer. -EINPROGRESS is no refusal and
 * only returned: the call is handled again later. */
int change_refused(struct call *call, int r);

/* r is what the engine said when it filled call->plan and call->intent. 0: the plan is run, then
 * done is called; -EALREADY: `already` answers; else as change_refused. */
int change_run(struct call *call, int r, int (*already)(struct call *call), call_done_fn *done);

/* The plan of a service's setup, move or growth was run, and r says that it must be another one.
 * True: the intent is dropped, to be asked for anew. */
bool change_is_otherwise(struct call *call, int r);

/* The call holds nothing any more: who waited for it goes first, then it is handled anew. */
void change_again(struct call *call);

/* There is no address left: the service gets another subnet, and the call is handled anew; or it is
 * answered with the reason. As change_refused returns. */
int change_grow(struct call *call, struct ovd_view service);

/* The plan was run, and r came of it. True: the intent is committed, and the caller answers. False:
 * it is dropped, and the call is answered by the text, what failed, and why. */
bool change_stands(struct call *call, int r, const char *format, ...) _printf_(3, 4);
