/* What a daemon sends, made safe to be shown: nothing in it steers a terminal. */
#pragma once

#include "runtime/buf.h"

/* Both append: what is UTF-8 as it is, but control characters (U+0000 to U+001F, U+007F to U+009F)
 * and bytes that are no UTF-8 by their number. -ENOMEM. */

/* As \x1b. */
int safe_text(struct buf *out, struct ovd_view text);

/* As \u001b, but line ends and tabs as they are: a JSON text keeps what it means. */
int safe_json(struct buf *out, struct ovd_view json);
