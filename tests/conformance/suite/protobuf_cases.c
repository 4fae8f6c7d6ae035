#include "tests/conformance/suite/protobuf_cases.h"

#include "runtime/util.h"

/* Literals are fields: a tag, then a number, or a length and as many bytes. */
#define BODY(literal)                                                                              \
	{                                                                                          \
		literal, sizeof(literal) - 1                                                       \
	}
#define FRAME(length) "\x82\x01" length /* Frame.request */
#define ID            "\x08\x07"        /* RequestFrame.id: 7 */
#define REQUEST       "\x12"            /* RequestFrame.request */
#define STATUS        "\xba\x01\0"      /* Request.status: {} */
#define TEARDOWN      "\x32"            /* Request.teardown_service_overlay; its field 1: service */
#define WHOLE         FRAME("\x07") ID REQUEST "\x03" STATUS

#define READ(name, sentence, literal, written)                                                     \
	{                                                                                          \
		.id = "protobuf." name, .says = sentence, .body = BODY(literal),                   \
		.canonical = { written, sizeof(written) - 1 }, .id_read = 7                        \
	}
#define REFUSED(name, sentence, literal, id_, path)                                                \
	{                                                                                          \
		.id = "protobuf." name, .says = sentence, .body = BODY(literal), .id_read = id_,   \
		.field = path                                                                      \
	}

const struct protobuf_case protobuf_cases[] = {
	READ("plain", "A request is read, and written as the same bytes.", WHOLE, WHOLE),
	READ("field-order", "Fields may come in any order.", FRAME("\x07") REQUEST "\x03" STATUS ID,
	     WHOLE),
	READ("long-number", "A number may be longer than it need be, up to 10 bytes.",
	     FRAME("\x10") "\x08\x87\x80\x80\x80\x80\x80\x80\x80\x80\0" REQUEST "\x03" STATUS,
	     WHOLE),
	READ("long-tag", "A tag or a length may be longer than it need be, up to 5 bytes.",
	     "\x82\x81\x80\x80\0\x8b\x80\x80\x80\0"
	     "\x88\x80\x80\x80\0\x07" REQUEST "\x03" STATUS,
	     WHOLE),
	READ("unknown-varint", "An unknown field that is a number is skipped.",
	     FRAME("\x0a") "\xc0\x3e\x01" ID REQUEST "\x03" STATUS, WHOLE),
	READ("unknown-fixed", "Unknown fields of 4 and 8 bytes are skipped.",
	     FRAME("\x17") ID "\xc1\x3e\1\2\3\4\5\6\7\x8\xc5\x3e\1\2\3\4" REQUEST "\x03" STATUS,
	     WHOLE),
	READ("unknown-bytes", "An unknown field's bytes are not looked into.",
	     FRAME("\x0c") ID "\xc2\x3e\2\xc0\xaf" REQUEST "\x03" STATUS, WHOLE),
	READ("default", "A field with a default may be missing.",
	     FRAME("\x09") ID REQUEST "\5\x62\3\x0a\1k",
	     FRAME("\x0d") ID REQUEST "\x09\x62\x07\x0a\1k\x12\2\x0a\0"),
	REFUSED("truncated", "A message that ends too early is refused.",
		FRAME("\x07") ID REQUEST "\x03\xba\x01", 7, "16"),
	REFUSED("length", "A length beyond the message around it is refused.",
		FRAME("\x07") ID REQUEST "\x04" STATUS, 7, "16.2"),
	REFUSED("trailing", "A byte behind the message is refused.", WHOLE "\0", 7, ""),
	REFUSED("tag-zero", "A field of the number 0 is refused.",
		FRAME("\x09") ID "\0\1" REQUEST "\x03" STATUS, 7, "16"),
	REFUSED("wire-type", "A known field of another wire type is refused.",
		FRAME("\x08") "\x0a\1\7" REQUEST "\x03" STATUS, 0, "16.1"),
	REFUSED("wire-type-none", "A wire type that is none is refused.",
		FRAME("\x0a") ID "\xc7\x3e\1" REQUEST "\x03" STATUS, 7, "16.1000"),
	REFUSED("group-known", "A known field that is a group is refused.",
		FRAME("\x07") ID "\x13" STATUS "\x14", 7, "16.2"),
	REFUSED("group-unknown", "A group is refused, also where nobody asked.",
		FRAME("\x0b") ID "\xc3\x3e\xc4\x3e" REQUEST "\x03" STATUS, 7, "16.1000"),
	REFUSED("group-deep", "Groups in groups are refused at the first.",
		FRAME("\x2a") ID
		"\xc3\x3e\xc3\x3e\xc3\x3e\xc3\x3e\xc3\x3e\xc3\x3e\xc3\x3e\xc3\x3e\xc3\x3e\xc3\x3e"
		"\xc3\x3e\xc3\x3e\xc3\x3e\xc3\x3e\xc3\x3e\xc3\x3e\xc3\x3e\xc3\x3e\xc3\x3e\xc3\x3e",
		7, "16.1000"),
	REFUSED("field-twice", "A field that stands twice is refused.",
		FRAME("\x09") ID ID REQUEST "\x03" STATUS, 7, "16.1"),
	REFUSED("variant-twice", "A variant that stands twice is refused.",
		FRAME("\x0a") ID REQUEST "\x06" STATUS STATUS, 7, "16.2.23"),
	REFUSED("variants", "Two variants are refused.",
		FRAME("\x0a") ID REQUEST "\x06" STATUS "\xca\1\0", 7, "16.2.25"),
	REFUSED("no-variant", "A union without a variant is refused.", FRAME("\4") ID REQUEST "\0",
		7, "16.2"),
	REFUSED("unknown-op", "An unknown operation is refused, and the connection goes on.",
		FRAME("\7") ID REQUEST "\3\xc2\x3e\0", 7, "16.2.1000"),
	REFUSED("unknown-frame", "An unknown kind of frame is refused.", "\x9a\x01\x02" ID, 0,
		"19"),
	REFUSED("required", "A missing field that must be there is refused.",
		FRAME("\6") ID REQUEST "\2" TEARDOWN "\0", 7, "16.2.6.1"),
	REFUSED("number-length", "A number of 11 bytes is refused.",
		FRAME("\x11") "\x08\x87\x80\x80\x80\x80\x80\x80\x80\x80\x80\0" REQUEST
			      "\x03" STATUS,
		0, "16.1"),
	REFUSED("number-width", "A number outside its width is refused.",
		FRAME("\x14") ID REQUEST "\x10\x1a\x0e\x0a\1d\x12\1i\x1a\1c\x28\x80\x80\4\x30\0", 7,
		"16.2.3.5"),
	REFUSED("boolean", "A boolean above 1 is refused.",
		FRAME("\x0b") ID REQUEST "\7\x3a\5\x0a\1s\x10\2", 7, "16.2.7.2"),
	REFUSED("enum", "An enumeration's number that is no value of it is refused.",
		FRAME("\x0b") ID REQUEST "\7\x2a\5\x0a\1s\x10\x63", 7, "16.2.5.2"),
	REFUSED("utf8", "A text that is not UTF-8 is refused.",
		FRAME("\x0a") ID REQUEST "\6" TEARDOWN "\4\x0a\2\xc0\xaf", 7, "16.2.6.1"),
	REFUSED("nul", "A text that holds a NUL is refused.",
		FRAME("\x0a") ID REQUEST "\6" TEARDOWN "\4\x0a\2s\0", 7, "16.2.6.1"),
	REFUSED("limit", "A text above its limit is refused.",
		FRAME("\x48") ID REQUEST
		"\x44" TEARDOWN "\x42\x0a\x40"
		"ssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssss",
		7, "16.2.6.1"),
	REFUSED("address", "A text that is no address, where one must be, is refused.",
		FRAME("\x12") ID REQUEST "\x0e\x42\x0c\x0a\x0a"
					 "10.0.0.256",
		7, "16.2.8.1"),
};
const size_t protobuf_n_cases = ARRAY_SIZE(protobuf_cases);
