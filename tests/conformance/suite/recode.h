/* The C codec's own verdict. */
#pragma once

#include "runtime/codec.h"

/* Decodes as the type (frame, request, response, event) and encodes in a form that may be another;
 * appends the canonical body and returns 1, or the reason and returns 0. -ENOMEM, -EINVAL for
 * another type. Same demand on body as json_decode. */
int recode_body(const char *type, enum ovd_codec from, enum ovd_codec to, struct ovd_view body,
		struct buf *out);
