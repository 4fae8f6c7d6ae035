#include "client/limit.h"

#include <errno.h>
#include <limits.h>
#include <time.h>

#include "runtime/util.h"

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

struct limit limit_in(unsigned ms)
{
	return (struct limit){ .at = ms == UINT_MAX ? INT64_MAX : now_ms() + ms };
}

int limit_wait(struct stream *stream, int what, struct limit *limit)
{
	while (!limit->spent) {
		int64_t left = MAX(limit->at - now_ms(), (int64_t)0);
		int r = stream_wait(stream, what, (int)MIN(left, (int64_t)INT_MAX));

		limit->spent = left == 0;
		if (r != 0)
			return r;
	}
	return -ETIMEDOUT;
}
