/* Points in time that don't move when somebody sets the clock. */
#pragma once

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

static inline uint64_t clock_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* A time in milliseconds of clock_ms; 0, as of a negative ms: never. */
static inline uint64_t deadline_in(int ms)
{
	return ms < 0 ? 0 : clock_ms() + (uint64_t)ms + 1;
}

/* How long until then, for calls that take -1 as for ever. */
static inline int deadline_left(uint64_t deadline)
{
	uint64_t now = clock_ms();

	if (deadline == 0)
		return -1;
	return deadline <= now ? 0 : deadline - now > 3600000 ? 3600000 : (int)(deadline - now);
}

static inline bool deadline_over(uint64_t deadline)
{
	return deadline_left(deadline) == 0;
}

/* pthread_cond_wait that ends then: -ETIMEDOUT. */
static inline int deadline_wait(pthread_cond_t *changed, pthread_mutex_t *lock, uint64_t deadline)
{
	int left = deadline_left(deadline);

	if (left < 0)
		return -pthread_cond_wait(changed, lock);
	if (left == 0)
		return -ETIMEDOUT;
#ifdef _WIN32
	const struct timespec for_ms = { left / 1000, left % 1000 * 1000000 };

	return -pthread_cond_timedwait_relative_np(changed, lock, &for_ms);
#else
	const struct timespec until = { (time_t)(deadline / 1000),
					(long)(deadline % 1000 * 1000000) };

	return -pthread_cond_clockwait(changed, lock, CLOCK_MONOTONIC, &until);
#endif
}
