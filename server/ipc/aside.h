/* Long work of a connection, on a thread of the loop's pool, so that the loop serves others
 * meanwhile. */
#pragma once

#include <uv.h>

/* From so many bytes on something is worth another thread. */
#define ASIDE_LEAST (64 * 1024)

/* One piece of work: a part of its owner's memory, until done is called; its fields are aside.c's.
 */
struct aside {
	uv_work_t work;
	void (*run)(struct aside *a);
	void (*done)(struct aside *a);
};

/* Calls run on another thread, which has all that it touches to itself, and then done on the loop,
 * never before this returns. */
void aside_begin(struct aside *a, uv_loop_t *loop, void (*run)(struct aside *a),
		 void (*done)(struct aside *a));
