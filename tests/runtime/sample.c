#include "tests/runtime/sample.h"

#include "runtime/json.h"
#include "tests/check.h"

#define KEY(key, member_of, member)                                                                \
	.literal = "\"" key "\":", .literal_len = sizeof("\"" key "\":") - 1,                      \
	.offset = offsetof(struct member_of, member)

static const struct ovd_enum_value colour_values[] = {
	{ "red", 3, SAMPLE_RED },
	{ "blue", 4, SAMPLE_BLUE },
};
const struct ovd_enum sample_colours = { .name = "Colour",
					 .values = colour_values,
					 .n_values = ARRAY_SIZE(colour_values) };

/* The field of that number is the row; they are in one order here. */
#define FIELDS(...)                                                                                \
	.fields = { (const struct ovd_field[]){ __VA_ARGS__ },                                     \
		    ARRAY_SIZE(((const struct ovd_field[]){ __VA_ARGS__ })) }

static const struct ovd_row point_rows[] = {
	{ KEY("x", sample_point, x), .kind = OVD_KIND_INT, .width = 4, .flags = OVD_REQUIRED },
	{ KEY("y", sample_point, y), .kind = OVD_KIND_UINT, .width = 1, .flags = OVD_DEFAULTED,
	  .fallback = 7 },
};
static const struct ovd_object point_object = { .name = "Point",
						.rows = point_rows,
						.n_rows = ARRAY_SIZE(point_rows),
						.required = 1,
						.size = sizeof(struct sample_point),
						FIELDS({ 1, 0, NULL }, { 2, 1, NULL }) };

static const struct ovd_object dot_object = { .name = "Dot" };
static const struct ovd_row circle_rows[] = {
	{ KEY("radius", sample_circle, radius), .kind = OVD_KIND_UINT, .width = 8,
	  .flags = OVD_REQUIRED },
};
static const struct ovd_object circle_object = { .name = "Circle",
						 .rows = circle_rows,
						 .n_rows = ARRAY_SIZE(circle_rows),
						 .required = 1,
						 .size = sizeof(struct sample_circle),
						 FIELDS({ 1, 0, NULL }) };

#define VARIANT(tag, name_, kind_, number_, member_of, member)                                     \
	.literal = "\"" tag "\":\"" name_ "\"",                                                    \
	.literal_len = sizeof("\"" tag "\":\"" name_ "\"") - 1, .name = name_,                     \
	.name_len = sizeof(name_) - 1, .value = kind_, .number = number_,                          \
	.offset = offsetof(struct member_of, member)

static const struct ovd_variant shape_variants[] = {
	{ VARIANT("kind", "dot", SAMPLE_DOT, 1, sample_shape, dot), .object = &dot_object },
	{ VARIANT("kind", "circle", SAMPLE_CIRCLE, 2, sample_shape, circle),
	  .object = &circle_object },
};
static const struct ovd_union shape_union = { .name = "Shape",
					      .tag = "\"kind\":",
					      .tag_len = 7,
					      .variants = shape_variants,
					      .n_variants = ARRAY_SIZE(shape_variants),
					      .size = sizeof(struct sample_shape) };

static const struct ovd_row picture_rows[] = {
	{ KEY("name", sample_picture, name), .kind = OVD_KIND_TEXT, .flags = OVD_REQUIRED,
	  .max_bytes = 8 },
	{ KEY("colour", sample_picture, colour), .kind = OVD_KIND_ENUM, .width = 4,
	  .flags = OVD_DEFAULTED, .type = &sample_colours, .fallback = SAMPLE_RED },
	{ KEY("framed", sample_picture, framed), .kind = OVD_KIND_BOOL, .width = 1,
	  .flags = OVD_DEFAULTED, .fallback = 1 },
	{ KEY("tags", sample_picture, tags), .kind = OVD_KIND_TEXT,
	  .flags = OVD_LIST | OVD_DEFAULTED | OVD_SKIP_EMPTY, .max_bytes = 4, .max_items = 3,
	  .item_size = sizeof(struct ovd_view) },
	{ KEY("points", sample_picture, points), .kind = OVD_KIND_OBJECT,
	  .flags = OVD_LIST | OVD_DEFAULTED, .max_items = 5,
	  .item_size = sizeof(struct sample_point), .type = &point_object },
	{ KEY("centre", sample_picture, centre), .kind = OVD_KIND_OBJECT, .flags = OVD_OPTIONAL,
	  .has_offset = offsetof(struct sample_picture, has_centre), .type = &point_object },
	{ KEY("note", sample_picture, note), .kind = OVD_KIND_TEXT, .flags = OVD_OPTIONAL,
	  .max_bytes = 1024 },
	{ KEY("from", sample_picture, from), .kind = OVD_KIND_IP, .flags = OVD_OPTIONAL,
	  .has_offset = offsetof(struct sample_picture, has_from) },
	{ KEY("shape", sample_picture, shape), .kind = OVD_KIND_UNION, .flags = OVD_DEFAULTED,
	  .type = &shape_union, .fallback = SAMPLE_DOT },
	{ KEY("weight", sample_picture, weight), .kind = OVD_KIND_INT, .width = 8,
	  .flags = OVD_DEFAULTED },
};
static const struct ovd_object picture_object = {
	.name = "Picture",
	.rows = picture_rows,
	.n_rows = ARRAY_SIZE(picture_rows),
	.required = 1,
	.size = sizeof(struct sample_picture),
	FIELDS({ 1, 0, NULL }, { 2, 1, NULL }, { 3, 2, NULL }, { 4, 3, NULL }, { 5, 4, NULL },
	       { 6, 5, NULL }, { 7, 6, NULL }, { 8, 7, NULL }, { 9, 8, NULL }, { 10, 9, NULL })
};

static const struct ovd_variant order_variants[] = {
	{ VARIANT("op", "clear", SAMPLE_CLEAR, 16, sample_order, clear), .object = &dot_object },
	{ VARIANT("op", "paint", SAMPLE_PAINT, 17, sample_order, paint),
	  .object = &picture_object },
	{ VARIANT("op", "draw", SAMPLE_DRAW, 18, sample_order, draw), .inner = &shape_union },
};
static const struct ovd_union order_union = { .name = "Order",
					      .tag = "\"op\":",
					      .tag_len = 5,
					      .variants = order_variants,
					      .n_variants = ARRAY_SIZE(order_variants),
					      .size = sizeof(struct sample_order) };

const struct ovd_table sample_picture_table = { .object = &picture_object };
const struct ovd_table sample_order_table = { .union_ = &order_union };

struct json_scan sample_scan(struct ovd_view text, struct arena *arena, struct ovd_fault *fault)
{
	struct ovd_view edge = check_edge(text.p, text.n, BUF_SLACK);

	return (struct json_scan){ .start = edge.p, .p = edge.p, .arena = arena, .fault = fault };
}

int sample_decode(const struct ovd_table *table, const char *body, struct arena *arena, void *out,
		  char text[FAULT_LINE_MAX])
{
	struct ovd_view edge = check_edge(body, strlen(body), BUF_SLACK);
	struct ovd_fault fault = { .offset = 0 };
	int r = json_decode(table, edge, arena, out, &fault);

	fault_text(&fault, text);
	CHECK_BYTES(edge.p, body, edge.n); /* the body is not changed */
	return r;
}
