/* Two schemas against each other: who can no longer talk to whom. A break is of somebody who speaks
 * a released line: its clients, to a daemon of the working schema, or its daemons, to a client of
 * the working schema. */
#pragma once

#include "gen/model.h"

/* One thing that no longer works for somebody. */
struct compat_break {
	struct compat_break *next;
	const char *line;   /* of the released schema: "0.13" */
	bool daemons;       /* its daemons; false: its clients */
	const char *rule;   /* "required" */
	const char *path;   /* "add_peer.x", "response.status.x", "event.x", "frame.request.id" */
	const char *text;   /* "add_peer now requires key `x`" */
	const char *reason; /* why it was accepted; NULL: it was not */
	bool told;          /* for whoever prints */
};

/* {0} is empty. All of it lives in the arena; a failed allocation sticks. */
struct compat {
	struct arena arena;
	struct compat_break *first, *last;
	struct buf faults; /* of the list of accepted breaks: "file:line: text" lines */
	bool failed;
};

void compat_done(struct compat *c);

/* Adds what breaks for those who speak `old`, in the order of the schema. `line` and both models
 * must live as long as c. */
void compat_compare(struct compat *c, const char *line, const struct model *old,
		    const struct model *now);

/* Marks the breaks that a list names as accepted. `text` is the file `name`, one entry a line,
 *blank lines and those that begin with # aside:
 *
 *	RULE PATH LINE clients|daemons: why
 *
 * An entry that can't be read, or that names nothing that breaks, is a fault. To be called after
 *all compat_compare. */
void compat_accept(struct compat *c, const char *name, struct ovd_view text);
