#include <stdio.h>

#include "runtime/protobuf.h"
#include "tests/check.h"
#include "tests/runtime/sample.h"

static const struct {
	struct ovd_view body;
	const char *said; /* NULL: it is taken */
} pictures[] = {
#define OK(bytes)                                                                                  \
	{                                                                                          \
		VIEW_LITERAL(bytes), NULL                                                          \
	}
#define BAD(bytes, text)                                                                           \
	{                                                                                          \
		VIEW_LITERAL(bytes), text                                                          \
	}
	/* all of it, in another order than a writer's */
	OK("\x50\x05\x4a\x04\x12\x02\x08\x09\x42\x07"
	   "fe80::1"
	   "\x3a\x00\x32\x02\x08\x05\x2a\x04\x08\x01\x10\x02"
	   "\x22\x01"
	   "a"
	   "\x18\x00\x10\x07\x0a\x03sea"),
	OK("\x0a\x00"),
	BAD("", "1: the field is missing (byte 0)"),
	BAD("\x18\x01", "1: the field is missing (byte 2)"),
	BAD("\x0a\x00\x0a\x00", "1: the field stands twice (byte 2)"),
	/* unknown fields of each type, a list's items apart from each other */
	OK("\x58\x01\x59"
	   "12345678"
	   "\x5a\x02\xff\xff\x5d"
	   "1234\x0a\x00\x22\x00\x58\x02\x22\x00\x82\x7d\x01\0"),
	BAD("\x0a\x00\x5b\x5c", "11: groups are not read (byte 3)"),
	BAD("\x0a\x00\x5a\x02\x01", "11: 2 bytes are announced and 1 are there (byte 3)"),
	BAD("\x0a\x00\x00", "not a field's number (byte 2)"),
	BAD("\x0a\x00\x80", "the message ends inside a number (byte 3)"),
	/* texts */
	OK("\x0a\x08"
	   "12345678"),
	OK("\x0a\x08"
	   "123456\xc3\xa9"),
	BAD("\x0a\x09"
	    "123456789",
	    "1: longer than 8 bytes (byte 1)"),
	BAD("\x0a\x03"
	    "12",
	    "1: 3 bytes are announced and 2 are there (byte 1)"),
	BAD("\x08\x03", "1: wire type 0 where 2 is expected (byte 0)"),
	BAD("\x0a\x03"
	    "a\0b",
	    "1: a string must not hold a NUL (byte 3)"),
	BAD("\x0a\x08"
	    "1234567\0",
	    "1: a string must not hold a NUL (byte 9)"),
	BAD("\x0a\x02"
	    "a\xff",
	    "1: a string is not UTF-8 (byte 3)"),
	BAD("\x0a\x02\xed\xa0\x22\x00", "1: a string is not UTF-8 (byte 2)"),
	/* the rest of the character would be in the next field */
	BAD("\x0a\x02"
	    "a\xc3\xa2\x01\x01"
	    "a",
	    "1: a string is not UTF-8 (byte 3)"),
	/* numbers */
	BAD("\x0a\x00\x10\x04", "2: not one of the values of Colour (byte 3)"),
	BAD("\x0a\x00\x10\x83\x80\x80\x80\x10", "2: not one of the values of Colour (byte 3)"),
	BAD("\x0a\x00\x12\x01\x03", "2: wire type 2 where 0 is expected (byte 2)"),
	BAD("\x0a\x00\x18\x02", "3: expected 0 or 1 (byte 3)"),
	OK("\x0a\x00\x32\x0b\x08\x80\x80\x80\x80\xf8\xff\xff\xff\xff\x01"),
	BAD("\x0a\x00\x32\x0b\x08\xff\xff\xff\xff\xf7\xff\xff\xff\xff\x01",
	    "6.1: expected an integer from -2147483648 to 2147483647 (byte 5)"),
	BAD("\x0a\x00\x32\x06\x08\x80\x80\x80\x80\x08",
	    "6.1: expected an integer from -2147483648 to 2147483647 (byte 5)"),
	OK("\x0a\x00\x32\x05\x08\x00\x10\xff\x01"),
	BAD("\x0a\x00\x32\x05\x08\x00\x10\x80\x02",
	    "6.2: expected an integer from 0 to 255 (byte 7)"),
	OK("\x0a\x00\x50\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
	BAD("\x0a\x00\x50\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f",
	    "10: a number of more than 64 bits (byte 3)"),
	/* lists */
	OK("\x0a\x00\x22\x00\x22\x00\x22\x04"
	   "1234"),
	BAD("\x0a\x00\x22\x00\x22\x00\x22\x00\x22\x00", "4[3]: more than 3 items (byte 9)"),
	BAD("\x0a\x00\x22\x00\x22\x05"
	    "12345",
	    "4[1]: longer than 4 bytes (byte 5)"),
	BAD("\x0a\x00\x2a\x02\x08\x01\x2a\x02\x10\x01", "5[1].1: the field is missing (byte 10)"),
	/* messages */
	BAD("\x0a\x00\x32\x02\x10\x01", "6.1: the field is missing (byte 6)"),
	BAD("\x0a\x00\x32\x02\x08\x01\x32\x02\x08\x01", "6: the field stands twice (byte 6)"),
	BAD("\x0a\x00\x32\x01\x08\x01", "6.1: the message ends inside a number (byte 5)"),
	BAD("\x0a\x00\x32\x02\x08\x81\x01", "6.1: the message ends inside a number (byte 6)"),
	BAD("\x0a\x00\x32\x7f", "6: 127 bytes are announced and 0 are there (byte 3)"),
	BAD("\x0a\x00\x30\x01", "6: wire type 0 where 2 is expected (byte 2)"),
	/* addresses */
	OK("\x0a\x00\x42\x08"
	   "10.0.0.1"),
	BAD("\x0a\x00\x42\x02"
	    "10",
	    "8: not an IP address (byte 4)"),
	BAD("\x0a\x00\x42\x00", "8: not an IP address (byte 4)"),
	/* unions */
	OK("\x0a\x00\x4a\x02\x0a\x00"),
	OK("\x0a\x00\x4a\x05\x0a\x03\x58\xff\x01"), /* a variant without fields that has some */
	OK("\x0a\x00\x4a\x06\x58\x01\x12\x02\x08\x01"),
	BAD("\x0a\x00\x4a\x00", "9: Shape holds no variant (byte 4)"),
	BAD("\x0a\x00\x4a\x02\x1a\x00", "9.3: unknown (byte 4)"),
	BAD("\x0a\x00\x4a\x04\x0a\x00\x12\x00", "9.2: a second variant (byte 6)"),
	BAD("\x0a\x00\x4a\x04\x0a\x00\x0a\x00", "9.1: a second variant (byte 6)"),
	BAD("\x0a\x00\x4a\x02\x12\x00", "9.2.1: the field is missing (byte 6)"),
	BAD("\x0a\x00\x4a\x02\x10\x00", "9.2: wire type 0 where 2 is expected (byte 4)"),
};

static void check_body(const struct ovd_table *table, struct ovd_view body, const char *said)
{
	struct ovd_view edge = check_edge(body.p, body.n, BUF_SLACK);
	char text[FAULT_LINE_MAX] = "it was taken";
	_cleanup_(arena_done) struct arena arena = { .chunk = NULL };
	union {
		struct sample_picture picture;
		struct sample_order order;
	} document;
	struct ovd_fault fault;
	int r = protobuf_decode(table, edge, &arena, &document, &fault);

	if (r == -EBADMSG)
		fault_text(&fault, text);
	CHECK_STR(text, said ? said : "it was taken");
	CHECK_BYTES(edge.p, body.p, body.n);
}

TEST(pictures)
{
	for (size_t i = 0; i < ARRAY_SIZE(pictures); i++) {
		CASE("picture %zu: %s", i, pictures[i].said ? pictures[i].said : "taken");
		check_body(&sample_picture_table, pictures[i].body, pictures[i].said);
	}
}

/* A union in a union is a message in a message. */
TEST(orders)
{
	check_body(&sample_order_table, VIEW_LITERAL("\x92\x01\x04\x12\x02\x08\x01"), NULL);
	check_body(&sample_order_table, VIEW_LITERAL("\x92\x01\x02\x12\x00"),
		   "18.2.1: the field is missing (byte 5)");
	check_body(&sample_order_table, VIEW_LITERAL("\x8a\x01\x02\x12\x00"),
		   "17.2: wire type 2 where 0 is expected (byte 3)");
	check_body(&sample_order_table, VIEW_LITERAL(""), "Order holds no variant (byte 0)");
	check_body(&sample_order_table, VIEW_LITERAL("\x9a\x01\x00"), "19: unknown (byte 0)");
	check_body(&sample_order_table, VIEW_LITERAL("{\"op\":\"clear\"}"),
		   "15: groups are not read (byte 1)");
}

/* The reader goes no deeper than the schema, whatever the bytes say. */
TEST(deep_nesting)
{
	enum { DEPTH = 400000 };
	struct buf b = { .p = NULL };

	for (int i = 0; i < DEPTH; i++) /* a group in a group */
		CHECK_INT(buf_append(&b, "\x5b", 1), 0);
	check_body(&sample_picture_table, buf_view(&b), "11: groups are not read (byte 1)");
	buf_done(&b);
	/* messages of an unknown field, each all of the one around it; nobody looks inside */
	CHECK_INT(buf_append(&b, "\x0a\x00\x5a\x80\x80\x08", 6), 0);
	for (int i = 0; i < 0x20000 / 2; i++)
		CHECK_INT(buf_append(&b, "\x5a\x7f", 2), 0);
	check_body(&sample_picture_table, buf_view(&b), NULL);
	buf_done(&b);
}

TEST(many_unknown_fields)
{
	struct buf b = { .p = NULL };

	CHECK_INT(buf_append(&b, "\x0a\x00", 2), 0);
	for (int i = 0; i < PROTOBUF_UNKNOWN_MAX; i++)
		CHECK_INT(buf_append(&b, "\x58\x00", 2), 0);
	check_body(&sample_picture_table, buf_view(&b), NULL);
	CHECK_INT(buf_append(&b, "\x58\x00", 2), 0);
	check_body(&sample_picture_table, buf_view(&b),
		   "more than 262144 unknown fields (byte 524291)");
	buf_done(&b);
}

/* Each body that is taken, cut short everywhere, is taken or refused, and nothing is read behind
 * it.
 */
TEST(cut_short)
{
	for (size_t i = 0; i < ARRAY_SIZE(pictures); i++)
		for (size_t n = 0; n < pictures[i].body.n; n++) {
			struct ovd_view edge = check_edge(pictures[i].body.p, n, BUF_SLACK);
			struct ovd_fault fault = { .offset = 0 };
			struct arena arena = { .chunk = NULL };
			struct sample_picture picture;
			int r = protobuf_decode(&sample_picture_table, edge, &arena, &picture,
						&fault);

			arena_done(&arena);
			CASE("picture %zu, %zu bytes", i, n);
			CHECK(r == 0 || (r == -EBADMSG && fault.offset <= n));
		}
}

static const struct {
	struct ovd_view body;
	int r;
	uint64_t value;
} peeks[] = {
	{ VIEW_LITERAL("\x8a\x01\x02\x50\x07"), 0, 7 },
	{ VIEW_LITERAL("\x58\x01\x8a\x01\x08\x0a\x01x\x30\x00\x50\x80\x01"), 0, 128 },
	{ VIEW_LITERAL("\x8a\x01\x7f\x50\x07\x50\x08"), 0, 7 }, /* the message is cut short */
	{ VIEW_LITERAL("\x8a\x01\x04\x50\x07\x0f\x0f"), 0, 7 },
	{ VIEW_LITERAL("\x8a\x01\x02\x0f\x0f\x50\x07"), -ENOENT, 0 },
	{ VIEW_LITERAL("\x8a\x01\xff\xff\xff\x7f\x0a\xff\xff\xff\x0f"), -ENOENT, 0 },
	{ VIEW_LITERAL("\x8a\x01\x01\x50\x07"), -ENOENT, 0 },
	{ VIEW_LITERAL("\x8a\x01\x03\x52\x01x"), -ENOENT, 0 }, /* another type */
	{ VIEW_LITERAL("\x9a\x01\x02\x50\x07"), -ENOENT, 0 },  /* another variant */
	{ VIEW_LITERAL("\x92\x01\x02\x50\x07"), -ENOENT, 0 },  /* whose variant is a union */
	{ VIEW_LITERAL("\x8a\x01"), -ENOENT, 0 },
	{ VIEW_LITERAL("\x8a"), -ENOENT, 0 },
	{ VIEW_LITERAL(""), -ENOENT, 0 },
};

TEST(peek)
{
	for (size_t i = 0; i < ARRAY_SIZE(peeks); i++) {
		struct ovd_view edge = check_edge(peeks[i].body.p, peeks[i].body.n, BUF_SLACK);
		uint64_t value = 0;

		CASE("body %zu", i);
		CHECK_INT(protobuf_peek_u64(&sample_order_table, edge, VIEW_LITERAL("weight"),
					    &value),
			  peeks[i].r);
		CHECK_U64(value, peeks[i].value);
	}
}
