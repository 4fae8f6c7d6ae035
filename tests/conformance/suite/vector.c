#include "tests/conformance/suite/vector.h"

#include "runtime/json.h"
#include "tests/conformance/suite/file.h"

/* A line as it stands in a file. */
struct line {
	struct ovd_view type, name, mutation, body, canonical;
	bool accepted, strict;
	struct ovd_list classes; /* of views */
};

#define LITERAL(key) .literal = "\"" #key "\":", .literal_len = sizeof("\"" #key "\":") - 1
#define TEXT(key, presence)                                                                        \
	{                                                                                          \
		LITERAL(key), .kind = OVD_KIND_TEXT, .flags = presence,                            \
			      .offset = offsetof(struct line, key), .max_bytes = 1 << 24           \
	}
#define FLAG(key)                                                                                  \
	{                                                                                          \
		LITERAL(key), .kind = OVD_KIND_BOOL, .flags = OVD_DEFAULTED, .width = 1,           \
			      .offset = offsetof(struct line, key)                                 \
	}

static const struct ovd_row rows[] = {
	TEXT(type, OVD_REQUIRED),
	TEXT(name, OVD_OPTIONAL),
	TEXT(mutation, OVD_OPTIONAL),
	TEXT(body, OVD_REQUIRED),
	TEXT(canonical, OVD_OPTIONAL),
	FLAG(accepted),
	FLAG(strict),
	{ LITERAL(classes), .kind = OVD_KIND_TEXT, .flags = OVD_LIST | OVD_DEFAULTED,
	  .offset = offsetof(struct line, classes), .max_bytes = 1024, .max_items = 64,
	  .item_size = sizeof(struct ovd_view) },
};
static const struct ovd_object object = { .name = "record",
					  .rows = rows,
					  .required = 1 << 0 | 1 << 3,
					  .size = sizeof(struct line),
					  .n_rows = ARRAY_SIZE(rows) };
static const struct ovd_table table = { .object = &object };

/* What the decoder gives as a view into the line ends in a quote there. */
static int end_in_nul(struct arena *arena, struct ovd_view *text)
{
	if (text->p)
		text->p = arena_copy(arena, text->p, text->n);
	return text->p || text->n == 0 ? 0 : -ENOMEM;
}

static int base64_value(char c)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *found = c ? strchr(digits, c) : NULL;

	return found ? (int)(found - digits) : -1;
}

static int from_base64(struct ovd_view text, struct buf *out)
{
	unsigned bits = 0, have = 0;

	if (buf_reserve(out, text.n) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < text.n && base64_value(text.p[i]) >= 0; i++) {
		bits = bits << 6 | (unsigned)base64_value(text.p[i]);
		have += 6;
		if (have >= 8)
			out->p[out->n++] = (char)(bits >> (have -= 8));
	}
	return 0;
}

/* The body with what decoders want behind it. */
static int copy_body(struct ovd_view body, bool base64, struct buf *out)
{
	static const char slack[BUF_SLACK];
	int r;

	out->n = 0;
	r = base64 ? from_base64(body, out) : buf_append(out, body.p, body.n);
	if (r == 0)
		r = buf_append(out, slack, sizeof(slack));
	if (r == 0)
		out->n -= sizeof(slack);
	return r;
}

static int read_line(struct ovd_view text, struct arena *arena, struct buf *body,
		     struct vector *ret)
{
	struct line line = { .accepted = false };
	struct ovd_fault fault;
	int r = json_decode(&table, text, arena, &line, &fault);

	if (r == 0 && !line.name.p && !line.mutation.p)
		r = -EBADMSG;
	if (r == 0)
		r = copy_body(line.body, line.mutation.p, body);
	if (r < 0)
		return r;
	*ret = (struct vector){ .type = line.type,
				.name = line.mutation.p ? line.mutation : line.name,
				.body = buf_view(body),
				.canonical = line.canonical,
				.verdict = line.mutation.p,
				.accepted = line.accepted || !line.mutation.p,
				.strict = line.strict };
	if (line.classes.n > 0)
		ret->class = *(const struct ovd_view *)line.classes.items;
	if (end_in_nul(arena, &ret->type) < 0 || end_in_nul(arena, &ret->name) < 0 ||
	    end_in_nul(arena, &ret->class) < 0 || end_in_nul(arena, &ret->canonical) < 0)
		return -ENOMEM;
	return 0;
}

int vectors_each(const char *path, int (*each)(void *arg, const struct vector *vector), void *arg)
{
	_cleanup_(buf_done) struct buf file = { .p = NULL }, body = { .p = NULL };
	_cleanup_(arena_done) struct arena arena = { .chunk = NULL };
	struct ovd_view rest, text;
	int r = file_read(path, &file);

	if (r == 0 && buf_reserve(&file, BUF_SLACK) < 0)
		r = -ENOMEM;
	for (rest = buf_view(&file); r == 0 && file_line(&rest, &text);) {
		struct vector vector;

		file.p[text.p + text.n - file.p] = '\0';
		r = read_line(text, &arena, &body, &vector);
		if (r == 0)
			r = each(arg, &vector);
		arena_reset(&arena);
	}
	return r;
}
