/* Documents with one of each kind of value and small limits; their tables are written by hand. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "runtime/arena.h"
#include "runtime/buf.h"
#include "runtime/fault.h"
#include "runtime/ip.h"
#include "runtime/json_scan.h"
#include "runtime/table.h"
#include "runtime/view.h"

enum sample_colour {
	SAMPLE_RED = 3,
	SAMPLE_BLUE = 7,
};

struct sample_point {
	int32_t x; /* required */
	uint8_t y; /* 7 when missing */
};

struct sample_dot {
	char unused;
};

/* Tag "kind". */
struct sample_shape {
	int kind;
	union {
		struct sample_dot dot;
		struct sample_circle {
			uint64_t radius; /* required */
		} circle;
	};
};

enum {
	SAMPLE_DOT = 1,
	SAMPLE_CIRCLE = 2,
};

struct sample_picture {
	struct ovd_view name; /* required, 8 bytes at most */
	int colour;           /* red when missing */
	bool framed;          /* true when missing */
	struct {              /* 3 items of 4 bytes at most; left out when empty */
		const struct ovd_view *items;
		size_t n;
	} tags;
	struct { /* 5 at most; always written */
		const struct sample_point *items;
		size_t n;
	} points;
	bool has_centre;
	struct sample_point centre; /* optional */
	struct ovd_view note;       /* optional, 1024 bytes */
	bool has_from;
	struct ovd_ip from;        /* optional */
	struct sample_shape shape; /* a dot when missing */
	int64_t weight;            /* 0 when missing */
};

/* Tag "op": clear has no keys; paint is a picture; draw is a shape in the same object. */
struct sample_order {
	int kind;
	union {
		struct sample_dot clear;
		struct sample_picture paint;
		struct sample_shape draw;
	};
};

enum {
	SAMPLE_CLEAR = 10,
	SAMPLE_PAINT = 11,
	SAMPLE_DRAW = 12,
};

extern const struct ovd_enum sample_colours;
extern const struct ovd_table sample_picture_table, sample_order_table;

/* A lexer at the start of text, which lies at the edge of a page with just BUF_SLACK behind it.
 * Without an arena none may be needed. */
struct json_scan sample_scan(struct ovd_view text, struct arena *arena, struct ovd_fault *fault);

/* Decodes a text that lies at such an edge; the fault's line is in `text` after a refusal. */
int sample_decode(const struct ovd_table *table, const char *body, struct arena *arena, void *out,
		  char text[FAULT_LINE_MAX]);
