#include "runtime/protobuf_wire.h"

#include "runtime/buf.h"
#include "tests/check.h"

/* A reader of these bytes alone: behind them the process dies. */
static struct wire wire_of(struct ovd_view bytes, struct ovd_fault *fault)
{
	struct ovd_view edge = check_edge(bytes.p, bytes.n, 0);

	return (struct wire){
		.start = edge.p, .p = edge.p, .end = edge.p + edge.n, .fault = fault
	};
}

static const struct {
	struct ovd_view bytes;
	const char *said; /* NULL: it is read */
	uint64_t value;
	size_t rest;
} varints[] = {
	{ VIEW_LITERAL("\0"), NULL, 0, 0 },
	{ VIEW_LITERAL("\x7fx"), NULL, 127, 1 },
	{ VIEW_LITERAL("\x80\x01"), NULL, 128, 0 },
	{ VIEW_LITERAL("\x81\x80\0"), NULL, 1, 0 }, /* longer than it need be */
	{ VIEW_LITERAL("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), NULL, UINT64_MAX, 0 },
	{ VIEW_LITERAL("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"),
	  "a number of more than 64 bits (byte 0)", 0, 0 },
	{ VIEW_LITERAL("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01"),
	  "a number of more than 64 bits (byte 0)", 0, 0 },
	{ VIEW_LITERAL(""), "the message ends inside a number (byte 0)", 0, 0 },
	{ VIEW_LITERAL("\x80\x80"), "the message ends inside a number (byte 2)", 0, 0 },
};

TEST(varint)
{
	for (size_t i = 0; i < ARRAY_SIZE(varints); i++) {
		char text[FAULT_LINE_MAX];
		struct ovd_fault fault;
		struct wire w = wire_of(varints[i].bytes, &fault);
		uint64_t value = 0;

		CASE("varint %zu", i);
		CHECK_INT(wire_varint(&w, WIRE_VARINT_MAX, &value), varints[i].said ? -EBADMSG : 0);
		CHECK_U64(value, varints[i].value);
		if (varints[i].said)
			CHECK_STR(fault_text(&fault, text), varints[i].said);
		else
			CHECK_INT(w.end - w.p, varints[i].rest);
	}
}

static const struct {
	struct ovd_view bytes;
	const char *said;
	uint32_t number;
	unsigned type;
} tags[] = {
	{ VIEW_LITERAL("\x08"), NULL, 1, WIRE_VARINT },
	{ VIEW_LITERAL("\x82\x01"), NULL, 16, WIRE_BYTES },
	{ VIEW_LITERAL("\xf7\xff\xff\xff\x0f"), NULL, 536870910, 7 },
	{ VIEW_LITERAL("\xfd\xff\xff\xff\x0f"), NULL, 536870911, WIRE_FIXED32 },
	{ VIEW_LITERAL("\xf8\xff\xff\xff\x1f"), "not a field's number (byte 0)", 0, 0 },
	{ VIEW_LITERAL("\x02"), "not a field's number (byte 0)", 0, 0 },
	{ VIEW_LITERAL("\x88\x80\x80\x80\x80\0"), "a number of more than 5 bytes (byte 0)", 0, 0 },
};

TEST(tag)
{
	for (size_t i = 0; i < ARRAY_SIZE(tags); i++) {
		char text[FAULT_LINE_MAX];
		struct ovd_fault fault;
		struct wire w = wire_of(tags[i].bytes, &fault);
		uint32_t number = 0;
		unsigned type = 0;

		CASE("tag %zu", i);
		CHECK_INT(wire_tag(&w, &number, &type), tags[i].said ? -EBADMSG : 0);
		CHECK_INT(number, tags[i].number);
		CHECK_INT(type, tags[i].type);
		if (tags[i].said)
			CHECK_STR(fault_text(&fault, text), tags[i].said);
	}
}

static const struct {
	unsigned type;
	struct ovd_view bytes;
	const char *said;
	size_t rest;
} skipped[] = {
	{ WIRE_VARINT, VIEW_LITERAL("\x80\x01x"), NULL, 1 },
	{ WIRE_VARINT, VIEW_LITERAL("\x80"), "the message ends inside a number (byte 1)", 0 },
	{ WIRE_FIXED64, VIEW_LITERAL("12345678x"), NULL, 1 },
	{ WIRE_FIXED64, VIEW_LITERAL("1234567"), "the message ends inside a number (byte 0)", 0 },
	{ WIRE_FIXED32, VIEW_LITERAL("1234"), NULL, 0 },
	{ WIRE_FIXED32, VIEW_LITERAL("123"), "the message ends inside a number (byte 0)", 0 },
	{ WIRE_BYTES, VIEW_LITERAL("\x02\xff\xffx"), NULL, 1 },
	{ WIRE_BYTES, VIEW_LITERAL("\0"), NULL, 0 },
	{ WIRE_BYTES, VIEW_LITERAL("\x03xx"), "3 bytes are announced and 2 are there (byte 0)", 0 },
	{ WIRE_BYTES, VIEW_LITERAL("\xff\xff\xff\xff\x7fx"),
	  "34359738367 bytes are announced and 1 are there (byte 0)", 0 },
	{ 3, VIEW_LITERAL("\x0c"), "groups are not read (byte 0)", 0 },
	{ 4, VIEW_LITERAL(""), "groups are not read (byte 0)", 0 },
	{ 7, VIEW_LITERAL("x"), "wire type 7: there is none (byte 0)", 0 },
};

TEST(skip)
{
	for (size_t i = 0; i < ARRAY_SIZE(skipped); i++) {
		char text[FAULT_LINE_MAX];
		struct ovd_fault fault;
		struct wire w = wire_of(skipped[i].bytes, &fault);

		CASE("row %zu", i);
		CHECK_INT(wire_skip(&w, skipped[i].type), skipped[i].said ? -EBADMSG : 0);
		if (skipped[i].said)
			CHECK_STR(fault_text(&fault, text), skipped[i].said);
		else
			CHECK_INT(w.end - w.p, skipped[i].rest);
	}
}
