#include "tests/conformance/vectors.h"

#include "runtime/json.h"
#include "tests/conformance/suite/vector.h"

struct reading {
	void (*each)(const struct record *record);
	size_t n;
};

static int one_record(void *arg, const struct vector *vector)
{
	struct reading *reading = arg;
	struct record record = {
		.type = vector->type.p,
		.name = vector->name.p,
		.body = check_edge(vector->body.p, vector->body.n, BUF_SLACK),
		.accepted = vector->accepted && !vector->strict,
		.canonical = vector->canonical.p ? vector->canonical : vector->body,
		.has_canonical = vector->canonical.p,
	};

	reading->each(&record);
	reading->n++;
	check_edge_free(record.body, BUF_SLACK);
	return 0;
}

size_t each_record(const char *path, void (*each)(const struct record *record))
{
	struct reading reading = { .each = each };

	CHECK_INT(vectors_each(path, one_record, &reading), 0);
	return reading.n;
}

const struct ovd_table *record_table(const struct record *record)
{
	const char *type = record->type;

	if (strcmp(type, "frame") == 0)
		return &ovd_frame_table;
	if (strcmp(type, "request") == 0)
		return &ovd_request_table;
	return strcmp(type, "response") == 0 ? &ovd_response_table : &ovd_event_table;
}

bool recode(const struct record *record, struct ovd_view body, struct buf *out)
{
	_cleanup_(arena_done) struct arena arena = { .chunk = NULL };
	const struct ovd_table *table = record_table(record);
	union document document;
	struct ovd_fault fault;
	char reason[FAULT_LINE_MAX];

	out->n = 0;
	if (json_decode(table, body, &arena, &document, &fault) < 0) {
		CHECK(fault.offset <= body.n);
		buf_text(out, fault_text(&fault, reason));
		return false;
	}
	CHECK_INT(json_encode(table, &document, out), 0);
	return true;
}
