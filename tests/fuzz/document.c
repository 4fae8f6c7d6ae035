#include "tests/fuzz/document.h"

#include "runtime/util.h"

const struct ovd_table *document_type(struct fuzz_input *in)
{
	static const struct ovd_table *const types[] = { &ovd_frame_table, &ovd_request_table,
							 &ovd_response_table, &ovd_event_table };

	return types[input_byte(in) % ARRAY_SIZE(types)];
}
