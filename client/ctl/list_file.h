/* Items of a flag that come as a list in JSON. */
#pragma once

#include "runtime/buf.h"

/* Appends the items of a list, without the brackets. -EBADMSG: it is none; -ENOMEM. */
int list_text_put(struct buf *out, const char *text);

/* Appends the items of the list in JSON that the file holds, without the brackets; "-" is standard
 * input. Up to as many bytes as fit a frame. -EBADMSG: it holds no such list; -EFBIG, -ENOMEM,
 * errno of fopen(3) and fread(3). */
int list_file_put(struct buf *out, const char *path);
