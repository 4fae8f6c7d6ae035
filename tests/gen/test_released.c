/* The released schemas of the contract's lines against what the published types of each write:
 * tests/data/vectors. A body is read key by key, in writing order. */
#include <stdio.h>

#include "gen/load.h"
#include "runtime/ip.h"
#include "runtime/json.h"
#include "runtime/json_scan.h"
#include "tests/check.h"

#define KEYS_MAX 64
#define SEEN_MAX 1024

/* ---- a released schema ---- */

struct line {
	struct model model;
	const void *seen[SEEN_MAX]; /* fields and enum values that a body had */
	size_t n_seen;
};

static void line_open(struct line *line, const char *name)
{
	Google__Protobuf__FileDescriptorSet *set;
	struct ovd_view bytes;
	char path[64];

	snprintf(path, sizeof(path), "schema/released/%s.binpb", name);
	bytes = check_file(path);
	set = google__protobuf__file_descriptor_set__unpack(NULL, bytes.n,
							    (const uint8_t *)bytes.p);
	CHECK(set && set->n_file > 0);
	memset(line, 0, sizeof(*line));
	CHECK_INT(model_load(&line->model, set->file[set->n_file - 1]), 0);
}

static bool was_seen(const struct line *line, const void *what)
{
	for (size_t i = 0; i < line->n_seen; i++)
		if (line->seen[i] == what)
			return true;
	return false;
}

static void see(struct line *line, const void *what)
{
	if (was_seen(line, what))
		return;
	CHECK(line->n_seen < SEEN_MAX);
	line->seen[line->n_seen++] = what;
}

/* ---- reading a body; each returns whether it is the line's ---- */

static bool read_message(struct line *line, struct json_scan *s, const struct message *message);

static bool read_text(struct json_scan *s, const struct field *f)
{
	struct ovd_view text;
	struct ovd_ip ip;

	return scan_string(s, "a text", &text) == 0 &&
	       (f->kind == OVD_KIND_IP ? ip_parse(text, &ip) == 0 : text.n <= f->max_bytes);
}

static bool read_enum(struct line *line, struct json_scan *s, const struct enumeration *e)
{
	struct ovd_view text;

	if (scan_string(s, "a text", &text) < 0)
		return false;
	for (size_t i = 0; i < e->values.n; i++)
		if (view_eq(text, view(e->values.items[i].wire))) {
			see(line, &e->values.items[i]);
			return true;
		}
	return false;
}

static bool read_number(struct json_scan *s, const struct field *f)
{
	unsigned bits = f->width * 8;
	int64_t most = (int64_t)((UINT64_C(1) << (bits - 1)) - 1);
	uint64_t number;
	int64_t integer;

	if (f->kind == OVD_KIND_INT)
		return scan_int(s, -most - 1, most, &integer) == 0;
	return scan_uint(s, bits < 64 ? (UINT64_C(1) << bits) - 1 : UINT64_MAX, &number) == 0;
}

static bool read_item(struct line *line, struct json_scan *s, const struct field *f)
{
	bool boolean;

	switch (f->kind) {
	case OVD_KIND_BOOL:
		return scan_bool(s, &boolean) == 0;
	case OVD_KIND_UINT:
	case OVD_KIND_INT:
		return read_number(s, f);
	case OVD_KIND_TEXT:
	case OVD_KIND_IP:
		return read_text(s, f);
	case OVD_KIND_ENUM:
		return read_enum(line, s, f->enumeration);
	case OVD_KIND_OBJECT:
	case OVD_KIND_UNION:
		return read_message(line, s, f->message);
	}
	return false;
}

static bool read_list(struct line *line, struct json_scan *s, const struct field *f)
{
	bool more;

	if (scan_open(s, '[', "a list") < 0)
		return false;
	for (uint32_t n = 0; scan_item(s, n == 0, &more) == 0; n++) {
		if (!more) {
			s->depth--;
			return n <= f->max_items && (n > 0 || !f->skip_empty);
		}
		if (!read_item(line, s, f))
			return false;
	}
	return false;
}

struct keys {
	const struct field *items[KEYS_MAX];
	size_t n;
};

static void gather(struct line *line, const struct message *message, struct keys *keys)
{
	for (size_t i = 0; i < message->fields.n; i++) {
		const struct field *f = &message->fields.items[i];

		if (f->flatten) {
			see(line, f);
			gather(line, f->message, keys);
			continue;
		}
		CHECK(keys->n < KEYS_MAX);
		keys->items[keys->n++] = f;
	}
}

/* As it is written: what has a default is there. */
static bool may_be_missing(const struct field *f)
{
	return f->is_list ? f->skip_empty : field_is_optional(f);
}

static bool read_keys(struct line *line, struct json_scan *s, const struct message *message,
		      bool first)
{
	struct keys keys = { .n = 0 };
	struct ovd_view key;
	size_t at = 0;
	bool more;

	gather(line, message, &keys);
	for (; scan_key(s, first, &key, &more) == 0; first = false, at++) {
		while (at < keys.n && !(more && view_eq(key, view(keys.items[at]->key))) &&
		       may_be_missing(keys.items[at]))
			at++;
		if (!more)
			return at == keys.n;
		if (at == keys.n || !view_eq(key, view(keys.items[at]->key)))
			return false;
		see(line, keys.items[at]);
		if (!(keys.items[at]->is_list ? read_list : read_item)(line, s, keys.items[at]))
			return false;
	}
	return false;
}

static bool read_variant(struct line *line, struct json_scan *s, const struct message *message,
			 bool first)
{
	struct ovd_view text;
	bool more;

	if (!message->tag)
		return read_keys(line, s, message, first);
	if (scan_key(s, first, &text, &more) < 0 || !more || !view_eq(text, view(message->tag)) ||
	    scan_string(s, "a tag", &text) < 0)
		return false;
	for (size_t i = 0; i < message->fields.n; i++)
		if (view_eq(text, view(message->fields.items[i].key))) {
			see(line, &message->fields.items[i]);
			return read_variant(line, s, message->fields.items[i].message, false);
		}
	return false;
}

static bool read_message(struct line *line, struct json_scan *s, const struct message *message)
{
	if (scan_open(s, '{', "an object") < 0 || !read_variant(line, s, message, true))
		return false;
	s->depth--;
	return true;
}

/* ---- the vectors ---- */

struct vector {
	struct ovd_view type, name, body;
};

#define ROW(key)                                                                                   \
	{                                                                                          \
		.literal = "\"" #key "\":", .literal_len = sizeof("\"" #key "\":") - 1,            \
		.kind = OVD_KIND_TEXT, .flags = OVD_REQUIRED,                                      \
		.offset = offsetof(struct vector, key), .max_bytes = 1 << 20                       \
	}

static const struct ovd_row vector_rows[] = { ROW(type), ROW(name), ROW(body) };
static const struct ovd_object vector_object = { .name = "vector",
						 .rows = vector_rows,
						 .required = 7,
						 .size = sizeof(struct vector),
						 .n_rows = 3 };
static const struct ovd_table vector_table = { .object = &vector_object };

static bool is_of_line(struct line *line, const struct vector *vector)
{
	static const char *const roots[] = { "Frame", "Request", "Response", "Event" };
	static const char *const types[] = { "frame", "request", "response", "event" };
	_cleanup_(arena_done) struct arena arena = { .chunk = NULL };
	struct ovd_view body = check_edge(vector->body.p, vector->body.n, BUF_SLACK);
	struct ovd_fault fault;
	struct json_scan s = { .start = body.p, .p = body.p, .arena = &arena, .fault = &fault };

	for (size_t i = 0; i < ARRAY_SIZE(roots); i++)
		if (view_eq(vector->type, view(types[i])))
			return read_message(line, &s, model_message(&line->model, roots[i])) &&
			       s.p == body.p + body.n;
	check_fail(__FILE__, __LINE__, "no type %.*s", VIEW(vector->type));
}

/* Calls each for all bodies that a line's types write; how many. */
static size_t each_body(const char *name, struct line *line,
			void (*each)(struct line *line, const struct vector *vector))
{
	struct ovd_view file;
	char path[64];
	size_t n = 0;

	snprintf(path, sizeof(path), "tests/data/vectors/contract-%s.jsonl", name);
	for (file = check_file(path); file.n > 0; n++) {
		_cleanup_(arena_done) struct arena arena = { .chunk = NULL };
		size_t length = (size_t)((char *)memchr(file.p, '\n', file.n) - file.p);
		struct ovd_view text = check_edge(file.p, length, BUF_SLACK);
		struct vector vector;
		struct ovd_fault fault;

		CHECK_INT(json_decode(&vector_table, text, &arena, &vector, &fault), 0);
		CASE("%.*s", VIEW(vector.body));
		each(line, &vector);
		file = (struct ovd_view){ file.p + length + 1, file.n - length - 1 };
	}
	return n;
}

static void is_read(struct line *line, const struct vector *vector)
{
	CHECK(is_of_line(line, vector));
}

/* ---- tests ---- */

static void message_was_seen(const struct line *line, const struct message *message)
{
	for (size_t i = 0; i < message->fields.n; i++) {
		CASE("%s.%s", message->name, message->fields.items[i].name);
		CHECK(was_seen(line, &message->fields.items[i]));
	}
}

/* Every body is the line's, and the set has nothing that no body has. */
static void check_line(const char *name, size_t bodies)
{
	struct line line;

	line_open(&line, name);
	CHECK_INT(each_body(name, &line, is_read), bodies);
	for (size_t i = 0; i < line.model.messages.n; i++)
		message_was_seen(&line, &line.model.messages.items[i]);
	for (size_t i = 0; i < line.model.enumerations.n; i++)
		for (size_t k = 0; k < line.model.enumerations.items[i].values.n; k++) {
			CASE("%s", line.model.enumerations.items[i].values.items[k].name);
			CHECK(was_seen(&line, &line.model.enumerations.items[i].values.items[k]));
		}
	model_done(&line.model);
}

TEST(set_0_12)
{
	check_line("0.12", 655);
}

TEST(set_0_13)
{
	check_line("0.13", 757);
}

TEST(set_0_14)
{
	check_line("0.14", 818);
}

static bool has(const struct vector *vector, const char *text)
{
	return memmem(vector->body.p, vector->body.n, text, strlen(text));
}

/* What 0.13 changed, as it shows in a body. */
static void is_read_but_for_0_13(struct line *line, const struct vector *vector)
{
	static const char *const changed[] = {
		"\"op\":\"setup_global_overlay\"",
		"\"ephemeral\":",
		"\"platform\":\"host_shared\"",
		"\"mode\":\"isolated\"",
		"\"candidates\":",
		"_scoped_resolver\"",
		"prune_orphan_bridges\"",
		"\"pruned_bridges\"",
		"\"nat_status\"",
	};
	bool new = false;

	for (size_t i = 0; i < ARRAY_SIZE(changed); i++)
		new |= has(vector, changed[i]);
	CHECK_INT(is_of_line(line, vector), !new);
}

TEST(set_0_12_refuses_what_came_later)
{
	struct line line;

	line_open(&line, "0.12");
	CHECK_INT(each_body("0.13", &line, is_read_but_for_0_13), 757);
	model_done(&line.model);
}

static void is_read_but_for_0_14(struct line *line, const struct vector *vector)
{
	CHECK_INT(is_of_line(line, vector),
		  !has(vector, "_edge_peer") && !has(vector, "\"result\":\"edge_"));
}

TEST(set_0_13_refuses_what_came_later)
{
	struct line line;

	line_open(&line, "0.13");
	CHECK_INT(each_body("0.14", &line, is_read_but_for_0_14), 818);
	model_done(&line.model);
}
