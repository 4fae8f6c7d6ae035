#include <stdio.h>

#include "runtime/json.h"
#include "tests/check.h"
#include "tests/runtime/sample.h"

static void check_text(const struct ovd_table *table, const void *in, const char *want)
{
	_cleanup_(buf_done) struct buf out = { .p = NULL };

	CHECK_INT(json_encode(table, in, &out), 0);
	CHECK_VIEW(buf_view(&out), want);
}

TEST(objects)
{
	const struct ovd_view tags[] = { VIEW_LITERAL("a"), VIEW_LITERAL("") };
	const struct sample_point points[] = { { INT32_MIN, 0 }, { INT32_MAX, 255 } };
	struct sample_picture p = { .name = VIEW_LITERAL("sea"),
				    .colour = SAMPLE_RED,
				    .shape = { .kind = SAMPLE_DOT } };

	/* what is optional or left out when empty is not there, what has a default is */
	check_text(&sample_picture_table, &p,
		   "{\"name\":\"sea\",\"colour\":\"red\",\"framed\":false,\"points\":[],"
		   "\"shape\":{\"kind\":\"dot\"},\"weight\":0}");
	p = (struct sample_picture){
		.name = VIEW_LITERAL(""),
		.colour = SAMPLE_BLUE,
		.framed = true,
		.tags = { tags, 2 },
		.points = { points, 2 },
		.has_centre = true,
		.centre = { -1, 1 },
		.note = VIEW_LITERAL(""), /* there, and empty */
		.has_from = true,
		.from = { .len = 4, .b = { 192, 0, 2, 255 } },
		.shape = { .kind = SAMPLE_CIRCLE, .circle = { UINT64_MAX } },
		.weight = INT64_MIN,
	};
	check_text(&sample_picture_table, &p,
		   "{\"name\":\"\",\"colour\":\"blue\",\"framed\":true,\"tags\":[\"a\",\"\"],"
		   "\"points\":[{\"x\":-2147483648,\"y\":0},{\"x\":2147483647,\"y\":255}],"
		   "\"centre\":{\"x\":-1,\"y\":1},\"note\":\"\",\"from\":\"192.0.2.255\","
		   "\"shape\":{\"kind\":\"circle\",\"radius\":18446744073709551615},"
		   "\"weight\":-9223372036854775808}");
}

TEST(unions)
{
	const struct sample_order clear = { .kind = SAMPLE_CLEAR },
				  draw = { .kind = SAMPLE_DRAW,
					   .draw = { .kind = SAMPLE_CIRCLE, .circle = { 4 } } };

	check_text(&sample_order_table, &clear, "{\"op\":\"clear\"}");
	check_text(&sample_order_table, &draw,
		   "{\"op\":\"draw\",\"kind\":\"circle\",\"radius\":4}");
}

/* Numbers that are none of the type's: refused, and nothing is written. */
TEST(no_value_of_its_own)
{
	static const struct sample_order orders[] = {
		{ .kind = 0 },
		{ .kind = SAMPLE_DRAW, .draw = { .kind = 9 } },
		{ .kind = SAMPLE_PAINT,
		  .paint = { .name = VIEW_LITERAL("x"),
			     .colour = SAMPLE_RED,
			     .shape = { .kind = 0 } } },
		{ .kind = SAMPLE_PAINT,
		  .paint = { .name = VIEW_LITERAL("x"),
			     .colour = 4,
			     .shape = { .kind = SAMPLE_DOT } } },
	};

	for (size_t i = 0; i < ARRAY_SIZE(orders); i++) {
		_cleanup_(buf_done) struct buf out = { .p = NULL };

		CASE("%zu", i);
		buf_text(&out, "before");
		CHECK_INT(json_encode(&sample_order_table, &orders[i], &out), -EINVAL);
		CHECK_VIEW(buf_view(&out), "before");
	}
}

/* ---- texts ---- */

static void check_name(struct ovd_view name, const char *written)
{
	const struct ovd_table *table = &sample_picture_table;
	struct sample_picture p = { .name = name,
				    .colour = SAMPLE_RED,
				    .shape = { .kind = SAMPLE_DOT } };
	_cleanup_(buf_done) struct buf out = { .p = NULL };
	_cleanup_(buf_done) struct buf want = { .p = NULL };

	CHECK_INT(buf_printf(&want, "{\"name\":\"%s\",", written), 0);
	CHECK_INT(json_encode(table, &p, &out), 0);
	CHECK_VIEW(((struct ovd_view){ .p = out.p, .n = MIN(out.n, want.n) }), want.p);
}

TEST(escapes)
{
	for (unsigned c = 1; c < 0x100; c++) {
		static const char letters[] = "\b\t\n\f\r\"\\", names[] = "btnfr\"\\";
		char text[2] = { (char)c, '\0' }, written[8];
		const char *letter = strchr(letters, (int)c);

		CASE("byte %02x", c);
		if (letter)
			snprintf(written, sizeof(written), "\\%c", names[letter - letters]);
		else
			snprintf(written, sizeof(written), c < 0x20 ? "\\u%04x" : "%c", c);
		check_name(view(text), written);
	}
}

/* An odd byte at each place of the writer's blocks; texts are read no further than they
 * go. */
TEST(each_offset)
{
	for (int before = 0; before < 36; before++)
		for (int behind = 0; behind < 36; behind++) {
			char text[96], written[96];

			CASE("%d before, %d behind", before, behind);
			snprintf(text, sizeof(text), "%.*s\n%.*s", before,
				 "abcdefghijklmnopqrstuvwxyz0123456789", behind,
				 "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789");
			snprintf(written, sizeof(written), "%.*s\\n%.*s", before,
				 "abcdefghijklmnopqrstuvwxyz0123456789", behind,
				 "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789");
			check_name(check_edge(text, strlen(text), 0), written);
			text[before] = '\x7f';
			check_name(check_edge(text, strlen(text), 0), text);
		}
}

/* ---- room ---- */

/* Whatever stands before it, a document comes out the same, and no byte before it changes: the
 * buffer grows at each of its places. */
TEST(growth)
{
	static char filler[1200];
	const struct ovd_view tags[] = { VIEW_LITERAL("\x01\x01\x01\x01"), VIEW_LITERAL("b") };
	const struct sample_point points[] = { { -1, 1 }, { 2, 2 }, { 3, 3 }, { 4, 4 }, { 5, 5 } };
	const struct sample_picture p = {
		.name = VIEW_LITERAL("\x02\x02\x02\x02\x02\x02\x02\x02"),
		.colour = SAMPLE_BLUE,
		.framed = true,
		.tags = { tags, 2 },
		.points = { points, 5 },
		.has_centre = true,
		.note = VIEW_LITERAL("0123456789abcdef0123456789abcdef\n"),
		.has_from = true,
		.from = { .len = 16,
			  .b = { 0xfe, 0x80, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13 } },
		.shape = { .kind = SAMPLE_CIRCLE, .circle = { UINT64_MAX } },
		.weight = INT64_MIN,
	};
	_cleanup_(buf_done) struct buf first = { .p = NULL };

	memset(filler, 'f', sizeof(filler));
	CHECK_INT(json_encode(&sample_picture_table, &p, &first), 0);
	CHECK(first.n > 300);
	for (size_t before = 0; before < sizeof(filler); before++) {
		_cleanup_(buf_done) struct buf out = { .p = NULL };

		CASE("%zu bytes before", before);
		CHECK_INT(buf_append(&out, filler, before), 0);
		CHECK_INT(json_encode(&sample_picture_table, &p, &out), 0);
		CHECK_INT(out.n, before + first.n);
		CHECK_BYTES(out.p, filler, before);
		CHECK_BYTES(out.p + before, first.p, first.n);
		CHECK(out.n <= out.cap);
	}
}

/* What is written is read back as the same text. */
TEST(back_again)
{
	_cleanup_(arena_done) struct arena arena = { NULL, 0 };
	_cleanup_(buf_done) struct buf out = { .p = NULL };
	struct sample_order order;
	char text[FAULT_LINE_MAX];
	const char *body = "{\"op\":\"paint\",\"name\":\"\\u001f\\\"\",\"colour\":\"blue\","
			   "\"framed\":true,\"tags\":[\"\\\\\"],\"points\":[{\"x\":0,\"y\":9}],"
			   "\"note\":\"\xf0\x9f\x98\x80\",\"from\":\"::ffff:1.2.3.4\","
			   "\"shape\":{\"kind\":\"dot\"},\"weight\":-1}";

	CHECK_INT(sample_decode(&sample_order_table, body, &arena, &order, text), 0);
	CHECK_INT(json_encode(&sample_order_table, &order, &out), 0);
	CHECK_VIEW(buf_view(&out), body);
}
