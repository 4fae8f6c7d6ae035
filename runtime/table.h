/* The tables that overlaygen writes and the codecs read: what each message looks like in memory and
 * on the wire. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Bumped when a table changes its shape; generated files name the one they were written for. */
#define OVD_TABLE_FORMAT 2

/* Longest key, and longest tag value, in bytes. */
#define OVD_KEY_MAX 32

enum ovd_kind {
	OVD_KIND_BOOL,   /* bool */
	OVD_KIND_UINT,   /* uint8_t, uint16_t, uint32_t, uint64_t by width */
	OVD_KIND_INT,    /* int32_t, int64_t by width */
	OVD_KIND_TEXT,   /* struct ovd_view */
	OVD_KIND_IP,     /* struct ovd_ip */
	OVD_KIND_ENUM,   /* int: the value's number */
	OVD_KIND_OBJECT, /* the message's struct */
	OVD_KIND_UNION,  /* the union's struct */
};

enum {
	OVD_REQUIRED = 1 << 0,   /* a missing key is an error */
	OVD_LIST = 1 << 1,       /* struct ovd_list */
	OVD_OPTIONAL = 1 << 2,   /* missing or null: absent; left out when absent */
	OVD_DEFAULTED = 1 << 3,  /* missing: the fallback, or the empty list; null is an error */
	OVD_SKIP_EMPTY = 1 << 4, /* an empty list is left out */
	OVD_SECRET = 1 << 5,     /* shown as JSON only, never logged */
};

/* A list in memory; generated structs hold {const T *items; size_t n;}, which has the same layout,
 * and is another type to the compiler. */
struct __attribute__((may_alias)) ovd_list {
	const void *items;
	size_t n;
};

/* One key of an object. A flattened message's keys are rows of the object it lies in. */
struct ovd_row {
	char literal[48];    /* "key": with its quotes and colon, zeros behind */
	uint8_t literal_len; /* without the zeros */
	uint8_t kind;        /* enum ovd_kind */
	uint8_t flags;
	uint8_t width;       /* bytes of one item in memory for BOOL, UINT, INT, ENUM */
	uint16_t offset;     /* of the value in the object's struct */
	uint16_t has_offset; /* of its presence, a bool; OPTIONAL and not TEXT (a TEXT's p is NULL
				when absent) */
	uint32_t max_bytes;  /* TEXT: longest */
	uint32_t max_items;  /* LIST: longest */
	uint32_t item_size;  /* LIST: bytes of one item */
	const void *type;    /* ENUM: struct ovd_enum; OBJECT: struct ovd_object; UNION: struct
				ovd_union */
	uint64_t fallback;   /* DEFAULTED: the number, or the union's variant; TEXT: always "" */
};

/* One field of a protobuf message. */
struct ovd_field {
	uint32_t number;
	uint16_t row;                  /* the object's row that it is, if not flat */
	const struct ovd_fields *flat; /* a flattened message: its fields, whose rows are the
					  object's too */
};

/* The fields of a protobuf message, by number. */
struct ovd_fields {
	const struct ovd_field *items;
	uint16_t n; /* 64 at most */
};

/* A message: its keys in writing order. */
struct ovd_object {
	const char *name; /* of the message, for people */
	const struct ovd_row *rows;
	uint64_t required; /* bit i: rows[i] is REQUIRED */
	uint32_t size;     /* of its struct */
	uint16_t n_rows;   /* 64 at most */
	struct ovd_fields fields;
};

/* One variant of a union. */
struct ovd_variant {
	char literal[80]; /* "tag":"name" with all quotes, zeros behind */
	uint8_t literal_len;
	uint8_t name_len;
	uint16_t offset;                 /* of the variant's struct in the union's */
	int value;                       /* what the union's `kind` holds */
	uint32_t number;                 /* of its field in protobuf */
	const char *name;                /* the tag's value */
	const struct ovd_object *object; /* its keys, beside the tag; NULL if `inner` is set */
	const struct ovd_union *inner;   /* it is a union itself, in the same JSON object */
};

/* A tagged union: `kind`, an int at offset 0, then the variants' structs on top of each other. */
struct ovd_union {
	const char *name;
	char tag[48]; /* "tag": with its quotes and colon, zeros behind */
	uint8_t tag_len;
	uint16_t n_variants;
	uint32_t size;
	const struct ovd_variant *variants; /* their values count up by one */
};

struct ovd_enum_value {
	const char *name; /* on the wire */
	uint8_t name_len;
	int value;
};

struct ovd_enum {
	const char *name;
	const struct ovd_enum_value *values;
	uint16_t n_values;
};

struct ProtobufCMessageDescriptor;

/* What a document is: exactly one of the first two. */
struct ovd_table {
	const struct ovd_object *object;
	const struct ovd_union *union_;
	const struct ProtobufCMessageDescriptor
		*protobuf; /* protoc-c's of the same message, with bytes for strings; NULL without
			      the protobuf codec */
};

/* What `protobuf` is set to: without the codec protoc-c's output is not linked. */
#if WITH_PROTOBUF
#define OVD_PROTOBUF(descriptor) &descriptor
#else
#define OVD_PROTOBUF(descriptor) NULL
#endif

/* The key without quotes and colon. */
#define OVD_ROW_KEY(row)                                                                           \
	((struct ovd_view){ .p = (row)->literal + 1, .n = (row)->literal_len - 3u })
