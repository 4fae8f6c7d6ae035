/* JSON decode of the four types of document: it reads no byte beyond the body, nor does its verdict
 * hang on one; it leaves the body as it is; what it finds fault with lies inside, and can be shown
 * to a person. */
#include "runtime/json.h"

#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/document.h"

/* What one reading gave. */
struct reading {
	int r;
	struct ovd_fault fault;
	struct buf text; /* the document, written again */
	bool has_id;
	uint64_t id;
};

static void check_fault(const struct ovd_fault *fault, size_t n)
{
	char line[FAULT_LINE_MAX];

	MUST(fault->offset <= n);
	for (const char *p = fault_text(fault, line); *p; p++)
		MUST((unsigned char)*p >= ' ' && *p != 0x7f);
}

static void read_once(const struct ovd_table *table, struct ovd_view text, char fill,
		      struct reading *ret)
{
	_cleanup_(arena_done) struct arena arena = { .chunk = NULL };
	_cleanup_(freep) char *copy = fuzz_body(text, fill);
	struct ovd_view body = { .p = copy, .n = text.n };
	union document document;

	ret->r = json_decode(table, body, &arena, &document, &ret->fault);
	MUST(ret->r == 0 || ret->r == -EBADMSG);
	MUST(text.n == 0 || memcmp(copy, text.p, text.n) == 0);
	if (ret->r < 0)
		check_fault(&ret->fault, text.n);
	else
		MUST(json_encode(table, &document, &ret->text) == 0);
	ret->has_id = json_peek_u64(body, VIEW_LITERAL("id"), &ret->id) == 0;
	if (ret->r == 0 && table == &ovd_frame_table && document.frame.kind == OVD_FRAME_REQUEST)
		MUST(ret->has_id && ret->id == document.frame.request.id);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct fuzz_input in = { data, n };
	const struct ovd_table *table = document_type(&in);
	struct ovd_view text = input_take(&in, in.n);
	struct reading one = { .r = 0 }, other = { .r = 0 };

	read_once(table, text, '\0', &one);
	read_once(table, text, '"', &other);
	MUST(one.r == other.r && one.has_id == other.has_id && one.id == other.id);
	MUST(one.r == 0 || (one.fault.offset == other.fault.offset &&
			    strcmp(one.fault.text, other.fault.text) == 0 &&
			    strcmp(one.fault.path, other.fault.path) == 0));
	MUST(view_eq(buf_view(&one.text), buf_view(&other.text)));
	buf_done(&one.text);
	buf_done(&other.text);
	return 0;
}
