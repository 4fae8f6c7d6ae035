/* How a compute system ended: the SDK's SystemExitStatus document. */
#pragma once

#include <stdbool.h>

#include "runtime/arena.h"
#include "runtime/view.h"
#include "schema/hcs.h"

/* Reads the document of a SystemExited event: Status, an HRESULT, and ExitType. Success is only
 * what says of itself that it is, all of it: ended gracefully, with a status that is no failure,
 * and not `crashed` before. A document that is absent or can't be read is a failure of type
 * unknown. The reason lies in the arena; without memory for it, it is "". */
void exit_status_read(struct ovd_view document, bool crashed, struct arena *arena,
		      struct hcs_exit *ret);
