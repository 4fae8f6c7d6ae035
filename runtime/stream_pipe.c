#include <stdbool.h>

#include <windows.h>

#include "runtime/stream.h"
#include "runtime/util.h"
#include "runtime/wide.h"

#define PREFIX L"\\\\.\\pipe\\"

/* While all instances are taken: two seconds, in slices, as WaitNamedPipe may report one that
 * another client gets. */
#define BUSY_TRIES 20
#define BUSY_MS    100

/* Windows reads and writes while we do something else, so the bytes lie in memory that stays. */
#define PIECE 65536

struct flow {
	OVERLAPPED overlapped; /* its event is set while nothing is under way */
	bool busy;
	size_t at, n; /* of bytes: what was read and not taken; what is being written */
	char bytes[PIECE];
};

struct stream {
	HANDLE pipe;
	int ended; /* what reading gives from now on, 1 while it goes on */
	struct flow in, out;
};

static int open_pipe(const wchar_t *path, HANDLE *ret)
{
	for (int i = 0; i < BUSY_TRIES; i++) {
		/* the daemon may ask who we are, and may not act in our name */
		HANDLE pipe = CreateFileW(
			path, GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING,
			FILE_FLAG_OVERLAPPED | SECURITY_SQOS_PRESENT | SECURITY_IDENTIFICATION,
			NULL);

		if (pipe != INVALID_HANDLE_VALUE) {
			*ret = pipe;
			return 0;
		}
		if (GetLastError() != ERROR_PIPE_BUSY)
			return wide_error(GetLastError());
		WaitNamedPipeW(path, BUSY_MS);
	}
	return -EAGAIN;
}

static int flow_init(struct flow *f)
{
	f->overlapped.hEvent = CreateEventW(NULL, TRUE, TRUE, NULL);
	return f->overlapped.hEvent ? 0 : -ENOMEM;
}

static void flow_done(struct stream *s, struct flow *f)
{
	DWORD n;

	if (f->busy) {
		CancelIoEx(s->pipe, &f->overlapped);
		GetOverlappedResult(s->pipe, &f->overlapped, &n, TRUE);
	}
	SecureZeroMemory(f->bytes, sizeof(f->bytes));
	if (f->overlapped.hEvent)
		CloseHandle(f->overlapped.hEvent);
}

void stream_close(struct stream *s)
{
	if (!s)
		return;
	flow_done(s, &s->in);
	flow_done(s, &s->out);
	if (s->pipe)
		CloseHandle(s->pipe);
	free(s);
}

int stream_open(const char *path, struct stream **ret)
{
	_cleanup_(freep) wchar_t *wide = wide_of(path);
	struct stream *s;
	int r;

	if (!wide || wcsnicmp(wide, PREFIX, wcslen(PREFIX)) != 0 || !wide[wcslen(PREFIX)])
		return -EINVAL;
	s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->ended = 1;
	r = flow_init(&s->in);
	if (r == 0)
		r = flow_init(&s->out);
	if (r == 0)
		r = open_pipe(wide, &s->pipe);
	if (r < 0) {
		stream_close(s);
		return r;
	}
	*ret = s;
	return 0;
}

/* The other end has closed it: what it wrote before has been read. */
static int end_of(DWORD error)
{
	return error == ERROR_BROKEN_PIPE || error == ERROR_PIPE_NOT_CONNECTED ||
			       error == ERROR_NO_DATA
		       ? 0
		       : wide_error(error);
}

/* Something was begun. 1: it is done, *ret_n bytes; -EAGAIN: it goes on; 0 and others: the end. */
static int outcome(struct flow *f, bool done, DWORD n, size_t *ret_n)
{
	DWORD error = done ? 0 : GetLastError();

	f->busy = error == ERROR_IO_PENDING || error == ERROR_IO_INCOMPLETE;
	if (f->busy)
		return -EAGAIN;
	if (!done)
		return end_of(error);
	*ret_n = n;
	return 1;
}

static int poll_flow(struct stream *s, struct flow *f, size_t *ret_n)
{
	DWORD n = 0;
	bool done = GetOverlappedResult(s->pipe, &f->overlapped, &n, FALSE);

	return outcome(f, done, n, ret_n);
}

/* 1: there are bytes in s->in; -EAGAIN; 0 and others: the end. */
static int fill(struct stream *s)
{
	struct flow *in = &s->in;
	DWORD n = 0;
	int r;

	if (in->at < in->n)
		return 1;
	in->at = in->n = 0;
	while (s->ended == 1 && in->n == 0) { /* somebody may have written no bytes at all */
		if (in->busy) {
			r = poll_flow(s, in, &in->n);
		} else {
			bool done = ReadFile(s->pipe, in->bytes, PIECE, &n, &in->overlapped);

			r = outcome(in, done, n, &in->n);
		}
		if (r == -EAGAIN)
			return r;
		s->ended = r;
	}
	return s->ended;
}

ssize_t stream_read(struct stream *s, void *p, size_t n)
{
	int r = fill(s);

	if (r != 1)
		return r;
	n = MIN(n, s->in.n - s->in.at);
	memcpy(p, s->in.bytes + s->in.at, n);
	SecureZeroMemory(s->in.bytes + s->in.at, n);
	s->in.at += n;
	return (ssize_t)n;
}

/* 1: what was being written is written; else as a write. */
static int written(struct stream *s)
{
	size_t n;
	int r = s->out.busy ? poll_flow(s, &s->out, &n) : 1;

	if (r == 1)
		SecureZeroMemory(s->out.bytes, s->out.n);
	return r == 0 ? -EPIPE : r;
}

ssize_t stream_write(struct stream *s, const void *p, size_t n)
{
	struct flow *out = &s->out;
	DWORD done_n = 0;
	bool done;
	int r = written(s);
	size_t put;

	if (r < 0)
		return r;
	out->n = MIN(n, sizeof(out->bytes));
	memcpy(out->bytes, p, out->n);
	done = WriteFile(s->pipe, out->bytes, (DWORD)out->n, &done_n, &out->overlapped);
	r = outcome(out, done, done_n, &put);
	if (r == 1)
		written(s);
	/* what goes on is ours to write, and there is no room for more until it is written */
	return r == 1 || r == -EAGAIN ? (ssize_t)out->n : -EPIPE;
}

ssize_t stream_write_fds(struct stream *s _unused_, const void *p _unused_, size_t n _unused_,
			 const int *fds _unused_, size_t n_fds _unused_)
{
	return -ENOTSUP;
}

/* Begins to read for it, if need be. */
static int ready_now(struct stream *s, int what)
{
	int ready = 0;

	if (what & STREAM_READABLE && fill(s) != -EAGAIN)
		ready |= STREAM_READABLE;
	if (what & STREAM_WRITABLE && written(s) != -EAGAIN)
		ready |= STREAM_WRITABLE;
	return ready;
}

int stream_wait(struct stream *s, int what, int ms)
{
	HANDLE events[] = { s->in.overlapped.hEvent, s->out.overlapped.hEvent };
	DWORD first = what & STREAM_READABLE ? 0 : 1, end = what & STREAM_WRITABLE ? 2 : 1;
	int ready = ready_now(s, what);

	if (ready)
		return ready;
	WaitForMultipleObjects(end - first, events + first, FALSE, (DWORD)ms);
	return ready_now(s, what);
}

int stream_shut(struct stream *s _unused_)
{
	return -ENOTSUP;
}

int stream_fd(const struct stream *s _unused_)
{
	return -1;
}
