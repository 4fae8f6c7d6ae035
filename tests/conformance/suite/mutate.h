/* Bodies changed at random, the same for the same seed. */
#pragma once

#include <stdint.h>

#include "runtime/codec.h"

/* A body under change, and where the next random number comes from; `seed` may be any but 0. */
struct mutant {
	struct buf body;
	uint64_t seed;
	int r; /* -ENOMEM once a change had no memory */
};

/* Random: a number below n, 0 for 0. */
size_t mutant_below(struct mutant *m, size_t n);

/* Puts bytes in place of n at `at`. */
void mutant_replace(struct mutant *m, size_t at, size_t n, struct ovd_view bytes);

/* Takes a piece of the body and puts it elsewhere, in front of something or in its place. */
void mutant_copy_piece(struct mutant *m);

/* Puts the body, with one to three changes, into m->body, BUF_SLACK zeros behind it. -ENOMEM. The
 * caller ends the buffer. */
int mutant_make(struct mutant *m, enum ovd_codec codec, struct ovd_view body);

/* One change that is made for protobuf: of tags, lengths, numbers. */
void mutant_change_protobuf(struct mutant *m);
