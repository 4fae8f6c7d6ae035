/* Frames on a stream: u32 little-endian length, then a body of 1 byte to 8 MiB. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "runtime/buf.h"
#include "runtime/view.h"

#define FRAME_HEAD     4u
#define FRAME_BODY_MAX (8u * 1024 * 1024)

/* What has come of a stream. {0} is a new stream and owns nothing.
 *
 * Bytes are read into frame_room and told by frame_filled; frame_next then gives the frames that
 * are whole. The buffer grows with what has arrived, never with what is announced. Any body may
 * hold a secret, a broken one too: none outlives its use in memory. */
struct frame_reader {
	struct buf in;
	size_t start;  /* of what frame_next has not given yet */
	size_t lent;   /* end of the body that frame_next gave last; 0 for none */
	size_t lent_n; /* its length, or 0 */
	char kept;     /* the byte behind that body, where a NUL stands meanwhile */
};

/* Where to read to: at least 1 byte, *ret_n in all, 4 KiB or more when the stream is young. NULL if
 * there is no memory. Ends the view that frame_next gave. */
char *frame_room(struct frame_reader *r, size_t *ret_n);

/* n bytes were put there. */
void frame_filled(struct frame_reader *r, size_t n);

/* The next body that is whole. 1 and the body; 0 for not yet, and the caller reads more; -EBADMSG
 * for a length of 0, which is skipped, so that the stream goes on; -EMSGSIZE for one above
 * FRAME_BODY_MAX, after which the stream is lost; *ret_n, if not NULL, is the announced length. The
 * body ends in a NUL that is not part of it and may be read BUF_SLACK bytes beyond; it lives until
 * the next call, which wipes it. */
int frame_next(struct frame_reader *r, struct ovd_view *ret_body, uint32_t *ret_n);

/* Some of the next frame is there, not all. */
bool frame_pending(const struct frame_reader *r);

/* Wipes the body that frame_next gave; gives back memory beyond 64 KiB while nothing is pending. */
void frame_trim(struct frame_reader *r);

/* Wipes and frees. */
void frame_reader_done(struct frame_reader *r);

/* Begins a frame at the end of b; returns where, for frame_end; -ENOMEM. */
int frame_begin(struct buf *b, size_t *ret_at);

/* Ends the frame that began at `at`. -EMSGSIZE if its body is empty or above FRAME_BODY_MAX; b is
 * then as before frame_begin. */
int frame_end(struct buf *b, size_t at);
