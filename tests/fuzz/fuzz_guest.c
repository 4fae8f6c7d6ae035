/* What a guest says. Its log: the records are the bytes that came, wherever the pieces end, and
 * each becomes one line that a JSON reader takes. Its answers: refused or read, and what is shown
 * of them is text. The first byte is the size of the pieces. */
#include <json-c/json.h>
#include <stdlib.h>

#include "server/guest/gcs_message.h"
#include "server/guest/log_record.h"
#include "tests/fuzz/fuzz.h"

/* The records of one way to cut the stream. */
struct records {
	struct buf bytes, ends; /* all of them; size_t: where each ends */
	bool truncated;
};

static void check_line(const struct record *record)
{
	_cleanup_(buf_done) struct buf line = { 0 };
	struct json_tokener *tokener = json_tokener_new();
	struct json_object *object;

	MUST(log_record_put(&line, view("guest"), record) == 0);
	if (line.n > 0) {
		MUST(line.p[line.n - 1] == '\n');
		for (size_t i = 0; i + 1 < line.n; i++)
			MUST((unsigned char)line.p[i] >= 0x20 && line.p[i] != 0x7f);
		json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
		object = json_tokener_parse_ex(tokener, line.p, (int)line.n - 1);
		MUST(json_object_is_type(object, json_type_object));
		json_object_put(object);
	}
	json_tokener_free(tokener);
}

static void take(void *arg, const struct record *record)
{
	struct records *r = arg;

	MUST(record->bytes.n > 0 && record->bytes.n <= RECORD_MAX + 1);
	MUST(buf_append(&r->bytes, record->bytes.p, record->bytes.n) == 0);
	MUST(buf_append(&r->ends, &r->bytes.n, sizeof(r->bytes.n)) == 0);
	r->truncated |= record->truncated;
	check_line(record);
}

static void split(struct ovd_view stream, size_t piece, struct records *ret)
{
	const struct record_taker taker = { take, ret };
	struct splitter s = { 0 };

	for (size_t i = 0; i < stream.n; i += piece)
		MUST(splitter_feed(&s, stream.p + i, MIN(piece, stream.n - i), &taker) == 0);
	splitter_end(&s, &taker);
	splitter_done(&s);
}

static void check_log(struct ovd_view stream, size_t piece)
{
	struct records whole = { .truncated = false }, pieces = { .truncated = false };

	split(stream, MAX(stream.n, 1), &whole);
	split(stream, piece, &pieces);
	MUST(view_eq(buf_view(&whole.bytes), buf_view(&pieces.bytes)));
	MUST(view_eq(buf_view(&whole.ends), buf_view(&pieces.ends)));
	MUST(whole.truncated || view_eq(buf_view(&whole.bytes), stream));
	buf_done(&whole.bytes);
	buf_done(&whole.ends);
	buf_done(&pieces.bytes);
	buf_done(&pieces.ends);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct fuzz_input in = { data, n };
	size_t piece = 1u + input_byte(&in);
	struct ovd_view stream = input_take(&in, in.n);
	struct gcs_capabilities capabilities;
	struct gcs_response response;

	check_log(stream, piece);
	if (gcs_response_parse(stream, &response) == 0)
		MUST(memchr(response.message, '\0', sizeof(response.message)));
	gcs_capabilities_parse(stream, &capabilities);
	return 0;
}
