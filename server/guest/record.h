/* A guest's log, cut into records: a line, or a JSON object, which may be several lines and need
 * not be followed by any. */
#pragma once

#include "runtime/buf.h"
#include "server/guest/balance.h"

#define RECORD_MAX 65536 /* bytes of a record that are kept, its line end aside */

struct record {
	/* As they came, the newline of a line included. All records of a guest, one after the
	 * other, are what it sent, but for what was truncated. Lives for the call. */
	struct ovd_view bytes;
	bool truncated; /* the rest of a record that was too long is dropped, its line end too */
	bool gap;       /* nothing but the blanks behind an object, to the end of the line */
};

/* What takes them. */
struct record_taker {
	void (*take)(void *arg, const struct record *record);
	void *arg;
};

struct splitter {
	struct buf bytes; /* of a record that isn't whole yet */
	struct balance balance;
	int state;
	bool truncated, blank, after_object;
};

/* {0} is ready. Gives every record that these bytes complete. It does not matter how a stream is
 * cut into pieces. -ENOMEM: some were lost. */
int splitter_feed(struct splitter *s, const char *p, size_t n, const struct record_taker *taker);

/* The stream has ended: gives what is left as a record. Ready for another stream. */
void splitter_end(struct splitter *s, const struct record_taker *taker);

void splitter_done(struct splitter *s);
