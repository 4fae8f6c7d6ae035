#include <errno.h>

#include "runtime/json.h"
#include "runtime/json_scalar.h"
#include "runtime/json_scan.h"
#include "runtime/json_word.h"
#include "runtime/row.h"

#define LAYERS_MAX 4

/* The tags that stand in one JSON object beside its keys: a union's, and those of unions that share
 * its object. */
struct tags {
	const struct ovd_union *unions[LAYERS_MAX];
	int n;
	bool behind; /* p is behind the last tag's value; otherwise p is behind {, and the tags were
			found by looking ahead */
	bool seen[LAYERS_MAX];
};

static int read_value(struct json_scan *s, const struct ovd_row *row, void *at);

/* ---- members of an object ---- */

static int tag_index(const struct tags *tags, struct ovd_view key)
{
	for (int i = 0; i < tags->n; i++)
		if (key.n == tags->unions[i]->tag_len - 3u &&
		    memcmp(tags->unions[i]->tag + 1, key.p, key.n) == 0)
			return i;
	return -1;
}

/* A key that is no row's: a tag that was read already, or one that nobody knows. */
static _cold_ int read_other(struct json_scan *s, struct tags *tags, struct ovd_view key)
{
	int i = tag_index(tags, key);

	if (i >= 0 && tags->seen[i])
		return SCAN_FAULT(s, s->key, "the key %.*s stands twice", VIEW(key));
	if (i >= 0)
		tags->seen[i] = true;
	return scan_skip(s);
}

static const struct ovd_row *find_row(const struct ovd_object *o, unsigned from,
				      struct ovd_view key)
{
	for (unsigned n = 0; n < o->n_rows; n++) {
		unsigned i = from + n < o->n_rows ? from + n : from + n - o->n_rows;

		if (o->rows[i].literal_len == key.n + 3 &&
		    memcmp(o->rows[i].literal + 1, key.p, key.n) == 0)
			return &o->rows[i];
	}
	return NULL;
}

static int fault_at_row(struct json_scan *s, const struct ovd_row *row, int r)
{
	if (r == -EBADMSG)
		fault_in_key(s->fault, OVD_ROW_KEY(row));
	return r;
}

static int read_row(struct json_scan *s, const struct ovd_row *row, void *object)
{
	int r;

	scan_blanks(s);
	if (row->flags & OVD_OPTIONAL) {
		bool null;

		if (*s->p == 'n')
			return fault_at_row(s, row, scan_null(s, &null));
		if (row->kind != OVD_KIND_TEXT)
			*row_presence(row, object) = true;
	}
	r = read_value(s, row, row_place(row, object));
	return r < 0 ? fault_at_row(s, row, r) : 0;
}

static int check_rows(struct json_scan *s, const struct ovd_object *o, uint64_t seen, void *object)
{
	uint64_t all = o->n_rows < 64 ? (UINT64_C(1) << o->n_rows) - 1 : UINT64_MAX;

	if (seen == all)
		return 0;
	for (unsigned i = 0; i < o->n_rows; i++) {
		if (seen >> i & 1)
			continue;
		if (o->rows[i].flags & OVD_REQUIRED)
			return fault_at_row(s, &o->rows[i],
					    SCAN_FAULT(s, s->p - 1, "the key is missing"));
		if (o->rows[i].flags & OVD_DEFAULTED)
			row_set_default(&o->rows[i], object);
	}
	return 0;
}

/* The row whose key a writer would put here, which leaves out what is absent: then p is behind the
 * colon. NULL if the next key is another. */
static inline const struct ovd_row *key_predicted(struct json_scan *s, const struct ovd_object *o,
						  unsigned next, bool first)
{
	const char *p = s->p;

	if (!first && *p++ != ',')
		return NULL;
	for (unsigned i = next; i < o->n_rows; i++) { /* without rows, rows is NULL */
		const struct ovd_row *row = &o->rows[i];

		if (word_same(p, row->literal, row->literal_len)) {
			s->key = p;
			s->p = p + row->literal_len;
			return row;
		}
		if (!(row->flags & (OVD_OPTIONAL | OVD_SKIP_EMPTY)))
			return NULL;
	}
	return NULL;
}

/* The rows of an object up to its closing bracket. */
static int read_members(struct json_scan *s, const struct ovd_object *o, struct tags *tags,
			void *object)
{
	uint64_t seen = 0;
	unsigned next = 0;
	int r;

	memset(object, 0, o->size);
	for (bool first = !tags->behind;; first = false) {
		const struct ovd_row *row = key_predicted(s, o, next, first);

		if (!row) {
			struct ovd_view key;
			bool more;

			r = scan_key(s, first, &key, &more);
			if (r < 0)
				return r;
			if (!more)
				return check_rows(s, o, seen, object);
			row = find_row(o, next, key);
			if (!row) {
				r = read_other(s, tags, key);
				if (r < 0)
					return r;
				continue;
			}
		}
		next = (unsigned)(row - o->rows);
		if (seen >> next & 1)
			return fault_at_row(s, row, SCAN_FAULT(s, s->key, "the key stands twice"));
		seen |= UINT64_C(1) << next++;
		r = read_row(s, row, object);
		if (r < 0)
			return r;
	}
}

static int read_object(struct json_scan *s, const struct ovd_object *o, void *at)
{
	struct tags none = { .n = 0 };
	int r = scan_open(s, '{', "an object");

	return r < 0 ? r : read_members(s, o, &none, at);
}

/* ---- unions ---- */

static int find_variant(struct json_scan *s, const struct ovd_union *u, const char *at,
			struct ovd_view name, const struct ovd_variant **ret)
{
	const struct ovd_variant *v = u->variants;

	for (; v < u->variants + u->n_variants; v++)
		if (name.n == v->name_len &&
		    word_same(name.p, v->literal + u->tag_len + 1, name.n)) {
			*ret = v;
			return 0;
		}
	SCAN_FAULT(s, at, "unknown: %.*s", (int)MIN(name.n, (size_t)64), name.p);
	fault_in_key(s->fault, (struct ovd_view){ .p = u->tag + 1, .n = u->tag_len - 3u });
	return -EBADMSG;
}

static int read_tag_value(struct json_scan *s, const struct ovd_union *u,
			  const struct ovd_variant **ret)
{
	const char *at = s->p;
	struct ovd_view name;
	int r = scan_string(s, "a name in a string", &name);

	if (r == -EBADMSG)
		fault_in_key(s->fault, (struct ovd_view){ .p = u->tag + 1, .n = u->tag_len - 3u });
	return r < 0 ? r : find_variant(s, u, at, name, ret);
}

/* Looks the whole object through, from behind its {, for the tag. p and depth stay. */
static _cold_ int look_ahead(const struct json_scan *from, const struct ovd_union *u,
			     const struct ovd_variant **ret)
{
	struct ovd_view tag = { .p = u->tag + 1, .n = u->tag_len - 3u }, key;
	const struct ovd_variant *found = NULL;
	struct json_scan s = *from;
	bool more;
	int r;

	for (bool first = true;; first = false) {
		r = scan_key(&s, first, &key, &more);
		if (r < 0)
			return r;
		if (!more)
			break;
		if (!view_eq(key, tag)) {
			r = scan_skip(&s);
		} else if (found) {
			r = SCAN_FAULT(&s, s.key, "the key %.*s stands twice", VIEW(tag));
		} else {
			r = read_tag_value(&s, u, &found);
		}
		if (r < 0)
			return r;
	}
	if (!found) {
		SCAN_FAULT(&s, s.p - 1, "the key is missing");
		fault_in_key(s.fault, tag);
		return -EBADMSG;
	}
	*ret = found;
	return 0;
}

/* The tag is the object's next key, as every known writer has it. */
static bool tag_is_next(struct json_scan *s, const struct ovd_union *u, bool first)
{
	const char *p = s->p;

	if (!first && *p++ != ',')
		return false;
	while (*p == ' ' || *p == '\n' || *p == '\t' || *p == '\r')
		p++;
	if (!word_same(p, u->tag, u->tag_len))
		return false;
	s->p = p + u->tag_len;
	scan_blanks(s);
	return true;
}

/* `inside` is where the object's first key may stand. */
static int read_tag(struct json_scan *s, const char *inside, const struct ovd_union *u,
		    struct tags *tags, const struct ovd_variant **ret)
{
	bool first = tags->n == 0;

	tags->unions[tags->n] = u;
	if (tags->behind && tag_is_next(s, u, first)) {
		tags->seen[tags->n] = true;
		return read_tag_value(s, u, ret);
	}
	tags->behind = false;
	s->p = inside;
	memset(tags->seen, 0, sizeof(tags->seen));
	return look_ahead(s, u, ret);
}

/* One union after another that share the object. */
static int read_tags(struct json_scan *s, const char *inside, const struct ovd_union *u,
		     struct tags *tags, void **at, const struct ovd_variant **ret)
{
	const struct ovd_variant *variant = NULL;
	int r;

	for (tags->behind = true;; u = variant->inner) {
		r = read_tag(s, inside, u, tags, &variant);
		if (r < 0)
			return r;
		tags->n++;
		*(int *)*at = variant->value;
		*at = (char *)*at + variant->offset;
		if (!variant->inner)
			break;
	}
	*ret = variant;
	return 0;
}

static int read_union(struct json_scan *s, const struct ovd_union *u, void *at)
{
	struct tags tags = { .n = 0 };
	const struct ovd_variant *variant = NULL;
	int r = scan_open(s, '{', "an object");

	if (r == 0)
		r = read_tags(s, s->p, u, &tags, &at, &variant);
	return r < 0 ? r : read_members(s, variant->object, &tags, at);
}

/* ---- lists and values ---- */

static int read_one(struct json_scan *s, const struct ovd_row *row, void *at)
{
	switch ((enum ovd_kind)row->kind) {
	case OVD_KIND_BOOL:
		return scan_bool(s, at);
	case OVD_KIND_UINT:
		return scalar_uint(s, row, at);
	case OVD_KIND_INT:
		return scalar_int(s, row, at);
	case OVD_KIND_TEXT:
		return scalar_text(s, row, at);
	case OVD_KIND_IP:
		return scalar_ip(s, at);
	case OVD_KIND_ENUM:
		return scalar_enum(s, row->type, at);
	case OVD_KIND_OBJECT:
		return read_object(s, row->type, at);
	case OVD_KIND_UNION:
		return read_union(s, row->type, at);
	}
	return -EINVAL;
}

static int grow(struct json_scan *s, const struct ovd_row *row, char **items, size_t n, size_t *cap)
{
	size_t more = *cap ? *cap * 2 : 4;
	char *moved;

	if (n < *cap)
		return 0;
	moved = arena_alloc(s->arena, more * row->item_size);
	if (!moved)
		return -ENOMEM;
	if (n > 0)
		memcpy(moved, *items, n * row->item_size);
	*items = moved;
	*cap = more;
	return 0;
}

static int read_item(struct json_scan *s, const struct ovd_row *row, char **items, size_t n,
		     size_t *cap)
{
	int r;

	if (n >= row->max_items)
		return SCAN_FAULT(s, s->p, "more than %u items", row->max_items);
	r = grow(s, row, items, n, cap);
	if (r == 0)
		r = read_one(s, row, *items + n * row->item_size);
	if (r == -EBADMSG)
		fault_in_item(s->fault, n);
	return r;
}

static int read_list(struct json_scan *s, const struct ovd_row *row, struct ovd_list *list)
{
	size_t n = 0, cap = 0;
	char *items = NULL;
	bool more;
	int r = scan_open(s, '[', "a list");

	while (r == 0) {
		r = scan_item(s, n == 0, &more);
		if (r < 0 || !more)
			break;
		r = read_item(s, row, &items, n++, &cap);
	}
	*list = (struct ovd_list){ .items = items, .n = n };
	return r;
}

static int read_value(struct json_scan *s, const struct ovd_row *row, void *at)
{
	return row->flags & OVD_LIST ? read_list(s, row, at) : read_one(s, row, at);
}

/* ---- documents ---- */

int json_decode(const struct ovd_table *table, struct ovd_view body, struct arena *arena, void *out,
		struct ovd_fault *fault)
{
	struct json_scan s = { .start = body.p, .p = body.p, .arena = arena, .fault = fault };
	int r;

	scan_blanks(&s);
	r = table->union_ ? read_union(&s, table->union_, out)
			  : read_object(&s, table->object, out);
	if (r < 0)
		return r;
	scan_blanks(&s);
	if (s.p != body.p + body.n)
		return SCAN_FAULT(&s, s.p, "something stands behind the document");
	return 0;
}

int json_peek_u64(struct ovd_view body, struct ovd_view key, uint64_t *ret)
{
	_cleanup_(arena_done) struct arena arena = { NULL, 0 };
	struct ovd_fault fault;
	struct json_scan s = { .start = body.p, .p = body.p, .arena = &arena, .fault = &fault };
	struct ovd_view found;
	bool more = true;

	scan_blanks(&s);
	if (scan_open(&s, '{', "an object") < 0)
		return -ENOENT;
	for (bool first = true;; first = false) {
		if (scan_key(&s, first, &found, &more) < 0 || !more)
			return -ENOENT;
		if (view_eq(found, key))
			return scan_uint(&s, UINT64_MAX, ret) < 0 ? -ENOENT : 0;
		if (scan_skip(&s) < 0)
			return -ENOENT;
	}
}
