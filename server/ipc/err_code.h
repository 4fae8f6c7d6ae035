/* From errno to what an err says for programs. */
#pragma once

#include "schema/overlayd.h"

/* An err with this text. r, a negative errno, gives its code, and retryable where the code is so;
 * the schema says what the codes mean. */
struct ovd_err err_of(int r, struct ovd_view message);
