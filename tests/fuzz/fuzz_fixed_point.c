/* What is read can be written; what was written is read, and written the same. */
#include <stdlib.h>

#include "runtime/json.h"
#include "tests/fuzz/document.h"

static int recode(const struct ovd_table *table, struct ovd_view text, struct buf *out)
{
	_cleanup_(arena_done) struct arena arena = { .chunk = NULL };
	_cleanup_(freep) char *body = fuzz_body(text, '}');
	union document document;
	struct ovd_fault fault;
	int r = json_decode(table, (struct ovd_view){ .p = body, .n = text.n }, &arena, &document,
			    &fault);

	if (r == 0)
		MUST(json_encode(table, &document, out) == 0);
	return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	_cleanup_(buf_done) struct buf once = { .p = NULL }, twice = { .p = NULL };
	struct fuzz_input in = { data, n };
	const struct ovd_table *table = document_type(&in);

	if (recode(table, input_take(&in, in.n), &once) == 0) {
		MUST(recode(table, buf_view(&once), &twice) == 0);
		MUST(view_eq(buf_view(&once), buf_view(&twice)));
	}
	return 0;
}
