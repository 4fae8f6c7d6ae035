/* A change of a service, or of its tunnel, that no call asks for: tried until it stands. Each has a
 * time of its own, so that one that can't be done keeps no other from it. */
#pragma once

#include "server/ops/daemon.h"

/* How long after a failure it is tried again: twice as long each time, from the first to the last.
 */
#define CHORE_FIRST_MS 100
#define CHORE_LAST_MS  30000

struct chore {
	struct chore *next;
	struct daemon *daemon;
	const struct chore_kind *kind;
	char service[SERVICE_TEXT_MAX]; /* which, or whose tunnel */
	uv_timer_t timer;
	unsigned wait_ms; /* after the next failure: CHORE_FIRST_MS if there was none */
	struct plan plan;
	struct intent *intent;
	struct job job;
	bool busy;            /* the link thread has the job */
	struct call *waiting; /* the kind's own */
};

struct chore_kind {
	/* Asks the engine for plan and intent. -EALREADY: there is nothing to do any more; another
	 * errno: it has to wait for somebody who ends. */
	int (*ask)(struct chore *c);

	/* The plan was run, and r came of it, which plan.detail tells; the intent is committed or
	 * dropped. True: all is done. */
	bool (*ended)(struct chore *c, int r);
};

/* The one that is to be done; NULL: there is none. */
struct chore *chore_find(const struct daemon *d, const struct chore_kind *kind,
			 struct ovd_view service);

/* One more, which has to be tried. NULL: no memory. */
struct chore *chore_new(struct daemon *d, const struct chore_kind *kind, struct ovd_view service);

/* Tries one that is not busy, now or in so many milliseconds. The first may end it. */
void chore_try(struct chore *c);
void chore_try_in(struct chore *c, unsigned ms);

/* The link thread is just doing one: d->settled will be called. */
bool chores_busy(const struct daemon *d);

/* Gives up all that the link thread isn't just doing. */
void chores_end(struct daemon *d);
