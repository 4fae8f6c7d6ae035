/* Freed memory goes back to the kernel a while after a change: libc keeps it else, and a start or a
 * sync of thousands of peers needs many times what it leaves. */
#pragma once

#include <stdbool.h>

#include <uv.h>

/* {0} before it is started. */
struct trim {
	uv_timer_t timer;
	bool running, again; /* again: something was freed while the timer ran */
};

/* From now on a block of LARGE_BYTES or more goes back when it is freed, and so does the end of the
 * heap: libc keeps more and more of both, the larger the blocks were that it saw, and fills a large
 * one from its heap with zeros, mallopt(3). Small pieces are put together when each is freed, not
 * all of them when somebody frees a large one and others wait. And there are no huge pages: of
 * LMDB's lists of 2 MiB a page or two are used. */
#define LARGE_BYTES (128 * 1024)
void trim_prepare(void);

/* Begins, with what was freed so far. */
void trim_start(struct trim *trim, uv_loop_t *loop);

/* Something was freed, or will be at once. Does nothing before the start and after the end. */
void trim_later(struct trim *trim);

/* Accepts one that was not started. Its handle is closed when the loop has run once more. */
void trim_stop(struct trim *trim);
