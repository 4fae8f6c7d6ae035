/* The four types of document that a body can be. */
#pragma once

#include "runtime/table.h"
#include "schema/overlayd.h"
#include "tests/fuzz/fuzz.h"

/* Large enough for a value of any of them. */
union document {
	struct ovd_frame frame;
	struct ovd_request request;
	struct ovd_response response;
	struct ovd_event event;
};

/* By the digit, or any other byte, that an input begins with: 0 a frame, 1 a request, 2 a response,
 * 3 an event. */
const struct ovd_table *document_type(struct fuzz_input *in);
