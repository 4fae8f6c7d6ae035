/* A record as key and value. Keys read "2 service web": its kind's number, its kind, its name. */
#pragma once

#include "runtime/buf.h"
#include "schema/state.h"

#define RECORD_KEY_MAX 512 /* with the NUL; see ENVIRONMENT_KEY_MAX */

/* True: it lies under the data directory. */
bool record_is_durable(enum state_record_kind kind);

/* What the keys of a kind begin with. */
struct ovd_view record_kind_prefix(enum state_record_kind kind, char text[RECORD_KEY_MAX]);

/* What the keys begin with of records of the run directory that the kernel couldn't tell if they
 * were lost; the i-th of RECORD_UNTOLD. */
#define RECORD_UNTOLD 4
struct ovd_view record_untold_prefix(size_t i, char text[RECORD_KEY_MAX]);

/* Its key; "" if its name is longer than the schema allows. */
struct ovd_view record_key(const struct state_record *record, char text[RECORD_KEY_MAX]);

/* Appends the value. -ENOMEM, -EINVAL. */
int record_encode(const struct state_record *record, struct buf *out);

/* Copies the value into body, decodes it there. -EBADMSG and the fault, -ENOMEM. */
int record_decode(struct ovd_view value, struct buf *body, struct arena *arena,
		  struct state_record *ret, struct ovd_fault *fault);
