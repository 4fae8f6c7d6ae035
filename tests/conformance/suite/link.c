#include "tests/conformance/suite/link.h"

#include <time.h>

#define PAUSE_MS 50

static void pause_ms(unsigned ms)
{
	const struct timespec t = { .tv_nsec = ms * 1000000L };

	nanosleep(&t, NULL);
}

int link_open(const char *path, unsigned ms, struct stream **ret)
{
	int r = stream_open(path, ret);

	for (unsigned waited = 0; r < 0 && waited < ms; waited += PAUSE_MS) {
		if (r != -ECONNREFUSED && r != -ENOENT && r != -EAGAIN)
			return r;
		pause_ms(PAUSE_MS);
		r = stream_open(path, ret);
	}
	return r;
}

int link_send(struct stream *s, const void *p, size_t n, unsigned ms)
{
	for (size_t done = 0; done < n;) {
		ssize_t w = stream_write(s, (const char *)p + done, n - done);

		if (w < 0 && w != -EAGAIN && w != -EINTR)
			return (int)w;
		if (w < 0 && stream_wait(s, STREAM_WRITABLE, (int)ms) == 0)
			return -ETIMEDOUT;
		done += w > 0 ? (size_t)w : 0;
	}
	return 0;
}

int link_receive(struct stream *s, struct frame_reader *in, unsigned ms, struct ovd_view *ret)
{
	for (;;) {
		int r = frame_next(in, ret, NULL);
		size_t room;
		ssize_t n;
		char *p;

		if (r != 0)
			return r == 1 ? 0 : -EBADMSG;
		p = frame_room(in, &room);
		if (!p)
			return -ENOMEM;
		if (stream_wait(s, STREAM_READABLE, (int)ms) == 0)
			return -ETIMEDOUT;
		n = stream_read(s, p, room);
		if (n == 0 || n == -ECONNRESET)
			return frame_pending(in) ? -ECONNRESET : -ENOTCONN;
		if (n < 0 && n != -EAGAIN && n != -EINTR)
			return (int)n;
		if (n > 0)
			frame_filled(in, (size_t)n);
	}
}
