/* How often something may happen: a bucket that fills again with time. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct rate {
	uint32_t per_second; /* 0: as often as it likes */
	uint32_t burst;      /* what a full bucket allows at once */
	uint64_t tokens;     /* thousandths */
	uint64_t at_ms;
	uint64_t suppressed; /* how many were not allowed since rate_take_suppressed */
};

/* A full bucket. Times are of any clock that never goes back. */
static inline struct rate rate_of(uint32_t per_second, uint32_t burst, uint64_t now_ms)
{
	return (struct rate){ .per_second = per_second,
			      .burst = burst,
			      .tokens = (uint64_t)burst * 1000,
			      .at_ms = now_ms };
}

/* Whether one more is allowed now; one that isn't is counted. */
static inline bool rate_allows(struct rate *r, uint64_t now_ms)
{
	uint64_t passed = now_ms - r->at_ms, full = (uint64_t)r->burst * 1000;

	if (r->per_second == 0)
		return true;
	r->at_ms = now_ms;
	if (passed > full / r->per_second)
		r->tokens = full;
	else
		r->tokens += passed * r->per_second;
	if (r->tokens > full)
		r->tokens = full;
	if (r->tokens < 1000) {
		r->suppressed++;
		return false;
	}
	r->tokens -= 1000;
	return true;
}

static inline uint64_t rate_take_suppressed(struct rate *r)
{
	uint64_t n = r->suppressed;

	r->suppressed = 0;
	return n;
}
