#include "server/windows/overlap.h"

#include "runtime/util.h"
#include "runtime/wide.h"

int overlap_attach(uv_loop_t *loop, HANDLE handle)
{
	/* what ends at once need not come through the port as well */
	if (!CreateIoCompletionPort(handle, loop->iocp, 0, 0) ||
	    !SetFileCompletionNotificationModes(handle, FILE_SKIP_COMPLETION_PORT_ON_SUCCESS |
								FILE_SKIP_SET_EVENT_ON_HANDLE))
		return wide_error(GetLastError());
	return 0;
}

static void on_async(uv_async_t *async)
{
	struct overlap *o = CONTAINER_OF(async, struct overlap, async);

	o->soon = false;
	o->done(o);
}

void overlap_init(struct overlap *o, uv_loop_t *loop, void (*done)(struct overlap *o))
{
	uv_async_init(loop, &o->async, on_async);
	o->busy = o->soon = false;
	o->done = done;
}

OVERLAPPED *overlap_begin(struct overlap *o)
{
	OVERLAPPED *overlapped = &o->async.async_req.u.io.overlapped;

	*overlapped = (OVERLAPPED){ .hEvent = NULL };
	return overlapped;
}

DWORD overlap_begun(struct overlap *o, BOOL done)
{
	DWORD error = done ? 0 : GetLastError();

	o->busy = error == ERROR_IO_PENDING;
	if (o->busy)
		o->async.async_sent = 1;
	return error;
}

DWORD overlap_end(struct overlap *o, HANDLE handle, DWORD *ret_n)
{
	o->busy = false;
	if (GetOverlappedResult(handle, &o->async.async_req.u.io.overlapped, ret_n, FALSE))
		return 0;
	return GetLastError();
}

void overlap_soon(struct overlap *o)
{
	o->soon = true;
	uv_async_send(&o->async);
}

static void on_closed(uv_handle_t *handle)
{
	struct overlap *o = CONTAINER_OF((uv_async_t *)handle, struct overlap, async);

	o->closed(o);
}

void overlap_close(struct overlap *o, void (*closed)(struct overlap *o))
{
	o->closed = closed;
	uv_close((uv_handle_t *)&o->async, on_closed);
}
