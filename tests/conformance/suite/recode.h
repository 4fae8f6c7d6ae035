/* The C codec's own verdict. */
#pragma once

#include "runtime/buf.h"

/* Decodes and encodes as the type (frame, request, response, event); appends the canonical body and
 * returns 1, or the reason and returns 0. -ENOMEM, -EINVAL for another type. Same demand on body as
 * json_decode. */
int recode_body(const char *type, struct ovd_view body, struct buf *out);
