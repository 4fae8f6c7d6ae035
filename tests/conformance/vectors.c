#include "tests/conformance/vectors.h"

#include <json-c/json.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "runtime/json.h"

static int base64_value(char c)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *found = c ? strchr(digits, c) : NULL;

	return found ? (int)(found - digits) : -1;
}

static struct ovd_view from_base64(const char *text)
{
	char *out = malloc(strlen(text) + 1);
	size_t n = 0;
	unsigned bits = 0, have = 0;

	for (; base64_value(*text) >= 0; text++) {
		bits = bits << 6 | (unsigned)base64_value(*text);
		have += 6;
		if (have >= 8)
			out[n++] = (char)(bits >> (have -= 8));
	}
	return (struct ovd_view){ .p = out, .n = n };
}

static struct ovd_view text_of(struct json_object *object, const char *key)
{
	struct json_object *value = json_object_object_get(object, key);

	if (!value)
		return (struct ovd_view){ .p = NULL, .n = 0 };
	return (struct ovd_view){ .p = json_object_get_string(value),
				  .n = (size_t)json_object_get_string_len(value) };
}

static bool flag_of(struct json_object *object, const char *key)
{
	return json_object_get_boolean(json_object_object_get(object, key));
}

static void one_record(struct json_object *object, void (*each)(const struct record *record))
{
	bool verdict = json_object_object_get(object, "mutation");
	struct ovd_view body =
		verdict ? from_base64(text_of(object, "body").p) : text_of(object, "body");
	struct record record = {
		.type = text_of(object, "type").p,
		.name = text_of(object, verdict ? "mutation" : "name").p,
		.body = check_edge(body.p, body.n, BUF_SLACK),
		.accepted = !verdict || (flag_of(object, "accepted") && !flag_of(object, "strict")),
		.canonical = text_of(object, "canonical"),
	};
	size_t page = 4096, start = (size_t)record.body.p / page * page;

	record.has_canonical = record.canonical.p;
	if (!record.has_canonical)
		record.canonical = body;
	each(&record);
	munmap((void *)start, (size_t)record.body.p + record.body.n + BUF_SLACK + page - start);
	if (verdict)
		free((void *)body.p);
}

size_t each_record(const char *path, void (*each)(const struct record *record))
{
	struct ovd_view file = check_file(path);
	size_t n = 0;

	while (file.n > 0) {
		const char *end = memchr(file.p, '\n', file.n);
		size_t length = end ? (size_t)(end - file.p) : file.n;
		struct json_tokener *tokener = json_tokener_new();
		struct json_object *object =
			json_tokener_parse_ex(tokener, file.p, (int)length + 1);

		CHECK(object);
		one_record(object, each);
		json_object_put(object);
		json_tokener_free(tokener);
		n++;
		file = (struct ovd_view){ .p = file.p + length + 1,
					  .n = file.n > length ? file.n - length - 1 : 0 };
	}
	return n;
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
