#include <stdio.h>

#include "runtime/json.h"
#include "tests/check.h"
#include "tests/runtime/sample.h"

/* ---- what is read ---- */

TEST(everything)
{
	static const char body[] = " { \"note\" : \"a\\nb\", \"x\": {\"name\":[1]}, "
				   "\"name\":\"sea\",\"colour\":\"blue\","
				   "\"framed\":false,\"tags\":[\"a\",\"b\\u0063\"],\"points\":[{"
				   "\"x\":-2},{\"y\":1,\"x\":3}],"
				   "\"centre\":{\"x\":5,\"y\":0},\"from\":\"fe80::1\",\"shape\":{"
				   "\"radius\":9,\"kind\":"
				   "\"circle\"},\"weight\":-9223372036854775808}\n";
	_cleanup_(arena_done) struct arena arena = { NULL, 0 };
	struct sample_picture p;
	char text[FAULT_LINE_MAX], ip[IP_TEXT_MAX];

	memset(&p, 0xa5, sizeof(p));
	CHECK_INT(sample_decode(&sample_picture_table, body, &arena, &p, text), 0);
	CHECK_VIEW(p.name, "sea");
	CHECK_VIEW(p.note, "a\nb");
	CHECK_INT(p.colour, SAMPLE_BLUE);
	CHECK(!p.framed);
	CHECK_INT(p.tags.n, 2);
	CHECK_VIEW(p.tags.items[0], "a");
	CHECK_VIEW(p.tags.items[1], "bc");
	CHECK_INT(p.points.n, 2);
	CHECK(p.points.items[0].x == -2 && p.points.items[0].y == 7);
	CHECK(p.points.items[1].x == 3 && p.points.items[1].y == 1);
	CHECK(p.has_centre && p.centre.x == 5 && p.centre.y == 0);
	CHECK(p.has_from);
	CHECK_STR(ip_format(&p.from, ip), "fe80::1");
	CHECK_INT(p.shape.kind, SAMPLE_CIRCLE);
	CHECK_U64(p.shape.circle.radius, 9);
	CHECK_INT(p.weight, INT64_MIN);
}

/* Into memory full of other bytes: what is missing is absent, empty or the default. */
TEST(least)
{
	_cleanup_(arena_done) struct arena arena = { NULL, 0 };
	struct sample_picture p;
	char text[FAULT_LINE_MAX];

	memset(&p, 0xa5, sizeof(p));
	CHECK_INT(sample_decode(&sample_picture_table, "{\"name\":\"\"}", &arena, &p, text), 0);
	CHECK(p.name.p && p.name.n == 0);
	CHECK_INT(p.colour, SAMPLE_RED);
	CHECK(p.framed);
	CHECK(p.tags.n == 0 && p.points.n == 0);
	CHECK(!p.has_centre && !p.has_from && !p.note.p);
	CHECK_INT(p.shape.kind, SAMPLE_DOT);
	CHECK_INT(p.weight, 0);
}

TEST(null_is_absent_where_optional)
{
	_cleanup_(arena_done) struct arena arena = { NULL, 0 };
	struct sample_picture p;
	char text[FAULT_LINE_MAX];

	CHECK_INT(sample_decode(&sample_picture_table,
				"{\"name\":\"\",\"note\":null,\"from\": null,\"centre\":null}",
				&arena, &p, text),
		  0);
	CHECK(!p.note.p && !p.has_from && !p.has_centre);
}

/* ---- what is refused, where and why ---- */

struct refusal {
	const struct ovd_table *table;
	const char *body;
	const char *said; /* NULL: it is accepted */
};

static void check_refusals(const struct refusal *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		_cleanup_(arena_done) struct arena arena = { NULL, 0 };
		struct sample_order order;
		struct sample_picture picture;
		void *out = rows[i].table->union_ ? (void *)&order : (void *)&picture;
		char text[FAULT_LINE_MAX];

		CASE("%s", rows[i].body);
		CHECK_INT(sample_decode(rows[i].table, rows[i].body, &arena, out, text),
			  rows[i].said ? -EBADMSG : 0);
		if (rows[i].said)
			CHECK_STR(text, rows[i].said);
	}
}

static const struct refusal objects[] = {
	{ &sample_picture_table, "", "expected an object (byte 0)" },
	{ &sample_picture_table, "  []", "expected an object (byte 2)" },
	{ &sample_picture_table, "{}", "name: the key is missing (byte 1)" },
	{ &sample_picture_table, "{\"name\":null}", "name: expected a string (byte 8)" },
	{ &sample_picture_table, "{\"name\":\"123456789\"}", "name: longer than 8 bytes (byte 8)" },
	{ &sample_picture_table, "{\"name\":\"\"} x",
	  "something stands behind the document (byte 12)" },
	{ &sample_picture_table, "{\"name\":\"\"", "expected , or } (byte 10)" },
	{ &sample_picture_table, "{\"name\":\"\"}\n\t\r ", NULL },
	{ &sample_picture_table, "{\"name\":\"\",}", "expected a key (byte 11)" },
	{ &sample_picture_table, "{\"name\":\"\",\"colour\":null}",
	  "colour: expected a name in a string (byte 20)" },
	{ &sample_picture_table, "{\"name\":\"\",\"colour\":\"green\"}",
	  "colour: not one of the values of Colour (byte 20)" },
	{ &sample_picture_table, "{\"name\":\"\",\"framed\":null}",
	  "framed: expected true or false (byte 20)" },
	{ &sample_picture_table, "{\"name\":\"\",\"framed\":1}",
	  "framed: expected true or false (byte 20)" },
	{ &sample_picture_table, "{\"name\":\"\",\"tags\":null}",
	  "tags: expected a list (byte 18)" },
	{ &sample_picture_table, "{\"name\":\"\",\"tags\":[\"a\",7]}",
	  "tags[1]: expected a string (byte 23)" },
	{ &sample_picture_table, "{\"name\":\"\",\"points\":[{\"x\":1},{\"x\":2,\"y\":256}]}",
	  "points[1].y: expected an integer from 0 to 255 (byte 40)" },
	{ &sample_picture_table, "{\"name\":\"\",\"points\":[{\"y\":1}]}",
	  "points[0].x: the key is missing (byte 27)" },
	{ &sample_picture_table, "{\"name\":\"\",\"centre\":{\"x\":2147483648}}",
	  "centre.x: expected an integer from -2147483648 to 2147483647 (byte 25)" },
	{ &sample_picture_table, "{\"name\":\"\",\"note\":nul}",
	  "note: expected a value (byte 18)" },
	{ &sample_picture_table, "{\"name\":\"\",\"from\":\"10.0.0.256\"}",
	  "from: not an IP address (byte 18)" },
	{ &sample_picture_table, "{\"name\":\"\",\"shape\":{\"kind\":\"circle\"}}",
	  "shape.radius: the key is missing (byte 35)" },
	{ &sample_picture_table, "{\"name\":\"\",\"shape\":{}}",
	  "shape.kind: the key is missing (byte 20)" },
	{ &sample_picture_table, "{\"name\":\"\",\"shape\":{\"kind\":\"square\"}}",
	  "shape.kind: unknown: square (byte 27)" },
	{ &sample_picture_table, "{\"name\":\"\",\"shape\":{\"kind\":1}}",
	  "shape.kind: expected a name in a string (byte 27)" },
	{ &sample_picture_table, "{\"name\":\"\",\"shape\":\"dot\"}",
	  "shape: expected an object (byte 19)" },
};

TEST(objects)
{
	check_refusals(objects, ARRAY_SIZE(objects));
}

/* The offset is the second key's first byte, however it is spelled and wherever the first stood. */
static const struct refusal twice[] = {
	{ &sample_picture_table, "{\"name\":\"\",\"name\":\"\"}",
	  "name: the key stands twice (byte 11)" },
	{ &sample_picture_table, "{\"name\":\"\",\"n\\u0061me\" : \"\"}",
	  "name: the key stands twice (byte 11)" },
	{ &sample_picture_table, "{\"colour\":\"red\",\"name\":\"\",\"colour\":\"red\"}",
	  "colour: the key stands twice (byte 26)" },
	{ &sample_picture_table, "{\"name\":\"\",\"note\":null,\"note\":null}",
	  "note: the key stands twice (byte 23)" },
	{ &sample_picture_table, "{\"name\":\"\",\"points\":[{\"x\":1,\"x\":1}]}",
	  "points[0].x: the key stands twice (byte 28)" },
	/* unknown keys may */
	{ &sample_picture_table, "{\"z\":1,\"z\":{\"name\":[]},\"name\":\"\",\"z\":1}", NULL },
	/* but what they hold is read as strictly as the rest */
	{ &sample_picture_table, "{\"z\":[tru],\"name\":\"\"}", "expected true or false (byte 6)" },
	{ &sample_picture_table, "{\"z\":1e309,\"name\":\"\"}",
	  "a number is too large for a double (byte 5)" },
	{ &sample_picture_table, "{\"z\":\"\\ud800\",\"name\":\"\"}",
	  "lone surrogate in a string (byte 6)" },
	{ &sample_picture_table, "{\"\\u0000\":1,\"name\":\"\"}",
	  "a string must not hold a NUL (byte 2)" },
};

TEST(twice)
{
	check_refusals(twice, ARRAY_SIZE(twice));
}

static const struct refusal unions[] = {
	{ &sample_order_table, "{\"op\":\"clear\"}", NULL },
	{ &sample_order_table, "{ \"op\" : \"clear\" , \"name\":7 }", NULL },
	{ &sample_order_table, "{\"z\":[{\"op\":\"x\"}],\"\\u006fp\":\"cle\\u0061r\"}", NULL },
	{ &sample_order_table, "{\"name\":\"\",\"op\":\"paint\"}", NULL },
	{ &sample_order_table, "{\"op\":\"draw\",\"kind\":\"circle\",\"radius\":1}", NULL },
	{ &sample_order_table, "{\"radius\":1,\"kind\":\"circle\",\"op\":\"draw\"}", NULL },
	{ &sample_order_table, "{\"op\":\"draw\",\"radius\":1,\"kind\":\"circle\"}", NULL },

	{ &sample_order_table, "{}", "op: the key is missing (byte 1)" },
	{ &sample_order_table, "{\"op\":\"draw\"}", "kind: the key is missing (byte 12)" },
	{ &sample_order_table, "{\"op\":10}", "op: expected a name in a string (byte 6)" },
	{ &sample_order_table, "{\"op\":\"Clear\"}", "op: unknown: Clear (byte 6)" },
	{ &sample_order_table, "{\"op\":\"clea\"}", "op: unknown: clea (byte 6)" },
	{ &sample_order_table, "{\"op\":\"clear",
	  "op: the document ends, or holds a NUL, inside a string (byte 12)" },
	{ &sample_order_table, "{\"op\":\"draw\",\"kind\":\"circle\",\"radius\":-1}",
	  "radius: expected an integer from 0 to 18446744073709551615 (byte 38)" },
	{ &sample_order_table,
	  "{\"op\":\"paint\",\"name\":\"\",\"shape\":{\"kind\":\"dot\",\"kind\":\"dot\"}}",
	  "shape: the key kind stands twice (byte 46)" },
	{ &sample_order_table, "{\"op\":\"clear\",\"op\":\"clear\"}",
	  "the key op stands twice (byte 14)" },
	{ &sample_order_table, "{\"op\":\"clear\",\"\\u006fp\":\"clear\"}",
	  "the key op stands twice (byte 14)" },
	{ &sample_order_table, "{\"z\":0,\"op\":\"clear\" , \"op\":\"clear\"}",
	  "the key op stands twice (byte 22)" },
	{ &sample_order_table, "{\"op\":\"draw\",\"kind\":\"dot\",\"op\":\"draw\"}",
	  "the key op stands twice (byte 26)" },
};

TEST(unions)
{
	check_refusals(unions, ARRAY_SIZE(unions));
}

TEST(long_unknown_names_are_cut)
{
	_cleanup_(arena_done) struct arena arena = { NULL, 0 };
	struct sample_order order;
	char body[400], text[FAULT_LINE_MAX], want[120];

	snprintf(body, sizeof(body), "{\"op\":\"%0300d\"}", 0);
	snprintf(want, sizeof(want), "op: unknown: %064d (byte 6)", 0);
	CHECK_INT(sample_decode(&sample_order_table, body, &arena, &order, text), -EBADMSG);
	CHECK_STR(text, want);
}

/* ---- limits ---- */

TEST(lists_at_their_limits)
{
	for (int n = 0; n <= 6; n++) {
		_cleanup_(arena_done) struct arena arena = { NULL, 0 };
		_cleanup_(buf_done) struct buf b = { .p = NULL };
		struct sample_picture p;
		char text[FAULT_LINE_MAX], want[FAULT_LINE_MAX];
		size_t last = 0;

		CASE("%d points", n);
		buf_text(&b, "{\"name\":\"\",\"points\":[");
		for (int i = 0; i < n; i++) {
			buf_text(&b, i ? "," : "");
			last = b.n;
			buf_printf(&b, "{\"x\":%d}", i);
		}
		buf_append(&b, "]}", 3);
		CHECK_INT(sample_decode(&sample_picture_table, b.p, &arena, &p, text),
			  n <= 5 ? 0 : -EBADMSG);
		if (n <= 5) {
			CHECK_INT(p.points.n, n);
			for (int i = 0; i < n; i++)
				CHECK(p.points.items[i].x == i && p.points.items[i].y == 7);
		} else {
			snprintf(want, sizeof(want), "points: more than 5 items (byte %zu)", last);
			CHECK_STR(text, want);
		}
	}
}

/* The levels of the document itself count too. */
TEST(depth)
{
	for (int levels = 125; levels <= 126; levels++) {
		_cleanup_(arena_done) struct arena arena = { NULL, 0 };
		_cleanup_(buf_done) struct buf b = { .p = NULL };
		struct sample_picture p;
		char text[FAULT_LINE_MAX];

		buf_text(&b, "{\"name\":\"\",\"shape\":{\"kind\":\"dot\",\"z\":");
		for (int i = 0; i < levels; i++)
			buf_text(&b, "[");
		for (int i = 0; i < levels; i++)
			buf_text(&b, "]");
		buf_append(&b, "}}", 3);
		CHECK_INT(sample_decode(&sample_picture_table, b.p, &arena, &p, text),
			  levels == 125 ? 0 : -EBADMSG);
	}
}

/* ---- a number out of what may be broken ---- */

TEST(peek)
{
	static const struct {
		const char *body;
		int r;
		uint64_t value;
	} rows[] = {
		{ "{\"frame\":\"request\",\"id\":7,\"request\":{broken", 0, 7 },
		{ "{\"id\":18446744073709551615", 0, UINT64_MAX },
		{ " { \"request\" : { \"id\" : 1 } , \"id\" : 8", 0, 8 },
		{ "{\"\\u0069d\":9}", 0, 9 },
		{ "{\"id\":18446744073709551616}", -ENOENT, 5 },
		{ "{\"id\":-1}", -ENOENT, 5 },
		{ "{\"id\":\"7\"}", -ENOENT, 5 },
		{ "{\"request\":{broken,\"id\":7}", -ENOENT, 5 },
		{ "{\"request\":{\"id\":7}}", -ENOENT, 5 },
		{ "[7]", -ENOENT, 5 },
		{ "{}", -ENOENT, 5 },
		{ "{", -ENOENT, 5 },
		{ "", -ENOENT, 5 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint64_t value = 5;

		CASE("%s", rows[i].body);
		CHECK_INT(json_peek_u64(check_edge(rows[i].body, strlen(rows[i].body), BUF_SLACK),
					VIEW_LITERAL("id"), &value),
			  rows[i].r);
		CHECK_U64(value, rows[i].value);
	}
}
