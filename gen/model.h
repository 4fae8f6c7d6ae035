/* A schema without protobuf: what every output is made from. All of it lives in the model's arena.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/arena.h"
#include "runtime/buf.h"
#include "runtime/table.h"

/* A list in the arena. */
#define LIST(type)                                                                                 \
	struct {                                                                                   \
		type *items;                                                                       \
		size_t n;                                                                          \
	}

struct message;
struct enumeration;

enum format { FORMAT_TEXT, FORMAT_IP, FORMAT_CIDR, FORMAT_ENDPOINT, FORMAT_KEY };

/* One key of an object, or one variant of a union. */
struct field {
	const char *name;    /* as in the schema; the member's name in C */
	const char *key;     /* on the wire */
	const char *comment; /* lines joined by blanks; NULL if there is none */
	int line;
	int number;
	enum ovd_kind kind;
	bool known_type; /* false: a type that the wire doesn't have; kind means nothing */
	unsigned flags;  /* OVD_REQUIRED, ... */
	unsigned width;
	uint32_t max_bytes, max_items;
	enum format format;
	bool flatten, defaulted, skip_empty;
	bool not_built; /* of a variant; comment says so */
	bool in_oneof, is_list, is_required, is_uint32;
	bool has_bits, has_max_bytes, has_max_items, has_default;
	uint32_t bits;
	const char *default_text; /* the schema's own default */
	uint64_t fallback;
	const char *default_variant;
	const char *since;
	const char *example; /* of a text or number; NULL: none was given */
	LIST(const char *) answers;
	struct message *message;         /* OBJECT, UNION */
	struct enumeration *enumeration; /* ENUM */
};

struct message {
	const char *name;   /* as in the schema */
	const char *c_name; /* "ovd_attach_container", without struct */
	const char *comment;
	int line;
	const char *tag; /* NULL: an object */
	bool entry, dispatch;
	size_t n_oneofs, n_nested;
	LIST(struct field) fields;
	LIST(int) reserved; /* numbers: first, last, first, last, ... */
	bool placed;        /* for who writes in order of dependency */
	bool seen;          /* for who looks for a way back */
};

struct value {
	const char *name; /* as in the schema */
	const char *c_name;
	const char *wire;
	const char *comment;
	const char *since;
	int line;
	int number;
};

struct enumeration {
	const char *name;
	const char *c_name;
	const char *comment;
	int line;
	LIST(struct value) values;
};

struct model {
	struct arena arena;
	const char *file;    /* "overlayd.proto" */
	const char *base;    /* "overlayd" */
	const char *package; /* "overlayd"; "" for none */
	const char *prefix;  /* "ovd" */
	const char *comment; /* above the syntax statement */
	const char *syntax;
	LIST(struct message) messages;
	LIST(struct enumeration) enumerations;
	bool recursive;              /* a message holds itself: nobody may go down into messages */
	struct ovd_view descriptors; /* the schema and what it imports: a FileDescriptorSet */
	struct buf faults;           /* "file:line:col: text" lines */
};

void model_done(struct model *m);

/* By the schema's name; NULL. */
struct message *model_message(const struct model *m, const char *name);

/* The message with `dispatch`; NULL. */
const struct message *model_operations(const struct model *m);

/* An empty message: a variant of it has nothing but its name. */
static inline bool message_is_unit(const struct message *message)
{
	return !message->tag && message->fields.n == 0;
}

static inline bool field_is_optional(const struct field *field)
{
	return field->flags & OVD_OPTIONAL;
}

/* "SetLocalNodeId" to "set_local_node_id"; "set_local" to "SET_LOCAL"; text as printf has it. In
 * the arena. */
const char *name_snake(struct model *m, const char *camel);
const char *name_upper(struct model *m, const char *lower);
const char *name_dashes(struct model *m, const char *lower);
const char *model_text(struct model *m, const char *format, ...) _printf_(2, 3);

/* Notes a fault of the schema at a line of its file. */
void model_fault(struct model *m, int line, const char *format, ...) _printf_(3, 4);
