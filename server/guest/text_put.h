/* Text of a guest's where a person or a program reads it. */
#pragma once

#include "runtime/buf.h"

/* Appends it with control characters (C0, DEL, C1) escaped as JSON does, quotes and backslashes
 * too, and with U+FFFD for every byte that is no UTF-8. -ENOMEM, and some of it may be there. */
int text_put_json(struct buf *to, struct ovd_view text);
