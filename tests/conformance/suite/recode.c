#include "tests/conformance/suite/recode.h"

#include "schema/overlayd.h"

/* Large enough for a value of any of them. */
union document {
	struct ovd_frame frame;
	struct ovd_request request;
	struct ovd_response response;
	struct ovd_event event;
};

static const struct {
	const char *name;
	const struct ovd_table *table;
} types[] = {
	{ "frame", &ovd_frame_table },
	{ "request", &ovd_request_table },
	{ "response", &ovd_response_table },
	{ "event", &ovd_event_table },
};

static const struct ovd_table *find_table(const char *type)
{
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (strcmp(types[i].name, type) == 0)
			return types[i].table;
	return NULL;
}

int recode_body(const char *type, enum ovd_codec from, enum ovd_codec to, struct ovd_view body,
		struct buf *out)
{
	_cleanup_(arena_done) struct arena arena = { .chunk = NULL };
	const struct ovd_table *table = find_table(type);
	union document document;
	struct ovd_fault fault;
	char reason[FAULT_LINE_MAX];
	int r;

	if (!table)
		return -EINVAL;
	r = codec_decode(from, table, body, &arena, &document, &fault);
	if (r == -EBADMSG)
		return buf_text(out, fault_text(&fault, reason));
	if (r == 0)
		r = codec_encode(to, table, &document, &arena, out);
	return r < 0 ? r : 1;
}
