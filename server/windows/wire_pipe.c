#include "server/ipc/wire.h"

#include "runtime/util.h"
#include "runtime/wide.h"

/* The client has closed its end: what it wrote before has been read. */
static int end_of(DWORD error)
{
	return error == ERROR_BROKEN_PIPE || error == ERROR_PIPE_NOT_CONNECTED ||
			       error == ERROR_NO_DATA
		       ? 0
		       : wide_error(error);
}

static bool readable(const struct wire *w)
{
	return w->at < w->n || w->ended != 1;
}

static void took(struct wire *w, DWORD error, DWORD n)
{
	w->at = 0;
	w->n = n;
	if (error)
		w->ended = end_of(error);
}

/* Until something is there or under way: a client may write no bytes at all. */
static void begin_read(struct wire *w)
{
	while (!readable(w)) {
		DWORD n = 0;
		BOOL done = ReadFile(w->pipe, w->in_bytes, WIRE_PIECE, &n, overlap_begin(&w->in));
		DWORD error = overlap_begun(&w->in, done);

		if (error == ERROR_IO_PENDING)
			return;
		took(w, error, n);
	}
	overlap_soon(&w->in);
}

static void read_done(struct overlap *o)
{
	struct wire *w = CONTAINER_OF(o, struct wire, in);

	if (o->busy) {
		DWORD n = 0, error = overlap_end(o, w->pipe, &n);

		took(w, error, n);
	}
	if (!(w->watched & UV_READABLE))
		return;
	if (readable(w))
		w->ready(w, 0, UV_READABLE);
	else
		begin_read(w);
}

static void write_done(struct overlap *o)
{
	struct wire *w = CONTAINER_OF(o, struct wire, out);
	DWORD n = 0;

	if (o->busy) {
		w->broken = overlap_end(o, w->pipe, &n) != 0;
		w->written = n;
	}
	if (w->broken)
		w->ready(w, -EPIPE, 0);
	else if (w->watched & UV_WRITABLE)
		w->ready(w, 0, UV_WRITABLE);
}

int wire_open(struct wire *w, uv_loop_t *loop, wire_end end,
	      void (*ready)(struct wire *w, int status, int events))
{
	w->pipe = end;
	w->watched = 0;
	w->ended = 1;
	w->broken = false;
	w->at = w->n = w->written = 0;
	w->ready = ready;
	overlap_init(&w->in, loop, read_done);
	overlap_init(&w->out, loop, write_done);
	w->n_open = 2;
	return 0;
}

void wire_watch(struct wire *w, int events)
{
	w->watched = events;
	if (events & UV_READABLE && overlap_idle(&w->in))
		begin_read(w);
	if (events & UV_WRITABLE && overlap_idle(&w->out))
		overlap_soon(&w->out);
}

ssize_t wire_read(struct wire *w, void *p, size_t n, struct wire_fds *ret)
{
	*ret = (struct wire_fds){ .n = 0 };
	if (w->at == w->n)
		return w->ended == 1 ? -EAGAIN : w->ended;
	n = MIN(n, w->n - w->at);
	memcpy(p, w->in_bytes + w->at, n);
	SecureZeroMemory(w->in_bytes + w->at, n);
	w->at += n;
	return (ssize_t)n;
}

static ssize_t told(struct wire *w, size_t n)
{
	SecureZeroMemory(w->out_bytes, n);
	w->written = 0;
	return (ssize_t)n;
}

ssize_t wire_write(struct wire *w, const void *p, size_t n)
{
	DWORD put = 0, error;

	if (w->broken)
		return -EPIPE;
	if (!overlap_idle(&w->out))
		return -EAGAIN;
	if (w->written > 0) /* the bytes that the writer offers again */
		return told(w, w->written);
	n = MIN(n, (size_t)WIRE_PIECE);
	memcpy(w->out_bytes, p, n);
	error = overlap_begun(
		&w->out, WriteFile(w->pipe, w->out_bytes, (DWORD)n, &put, overlap_begin(&w->out)));
	if (error == 0)
		return told(w, put);
	w->broken = error != ERROR_IO_PENDING;
	return w->broken ? -EPIPE : -EAGAIN;
}

static void half_closed(struct wire *w)
{
	if (--w->n_open > 0)
		return;
	SecureZeroMemory(w->in_bytes, sizeof(w->in_bytes));
	SecureZeroMemory(w->out_bytes, sizeof(w->out_bytes));
	CloseHandle(w->pipe);
	w->closed(w);
}

static void in_closed(struct overlap *o)
{
	half_closed(CONTAINER_OF(o, struct wire, in));
}

static void out_closed(struct overlap *o)
{
	half_closed(CONTAINER_OF(o, struct wire, out));
}

void wire_close(struct wire *w, void (*closed)(struct wire *w))
{
	w->closed = closed;
	CancelIoEx(w->pipe, NULL);
	overlap_close(&w->in, in_closed);
	overlap_close(&w->out, out_closed);
}
