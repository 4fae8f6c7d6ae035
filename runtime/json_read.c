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

/* Every function here reads at p and returns where it ended: NULL, and s->r, if it failed. */

static const char *read_value(struct json_scan *s, const char *p, const struct ovd_row *row,
			      void *at);

/* The fault at `at`. */
#define FAULT(s, at, ...) scan_end(s, SCAN_FAULT(s, at, __VA_ARGS__))

/* ---- members of an object ---- */

static int tag_index(const struct tags *tags, struct ovd_view key)
{
	for (int i = 0; i < tags->n; i++)
		if (key.n == tags->unions[i]->tag_len - 3u &&
		    memcmp(tags->unions[i]->tag + 1, key.p, key.n) == 0)
			return i;
	return -1;
}

/* The value of a key that is no row's: of a tag that was read already, or of one that nobody knows.
 */
static _cold_ const char *read_other(struct json_scan *s, struct tags *tags, struct ovd_view key)
{
	int i = tag_index(tags, key);

	if (i >= 0 && tags->seen[i])
		return FAULT(s, s->key, "the key %.*s stands twice", VIEW(key));
	if (i >= 0)
		tags->seen[i] = true;
	return scan_end(s, scan_skip(s));
}

/* The row of that key, looked for from one on; n_rows if there is none. */
static unsigned find_row(const struct ovd_object *o, unsigned from, struct ovd_view key)
{
	for (unsigned n = 0; n < o->n_rows; n++) {
		unsigned i = from + n < o->n_rows ? from + n : from + n - o->n_rows;

		if (o->rows[i].literal_len == key.n + 3 &&
		    memcmp(o->rows[i].literal + 1, key.p, key.n) == 0)
			return i;
	}
	return o->n_rows;
}

static _cold_ const char *fault_at_row(struct json_scan *s, const struct ovd_row *row)
{
	if (s->r == -EBADMSG)
		fault_in_key(s->fault, OVD_ROW_KEY(row));
	return NULL;
}

static const char *read_null(struct json_scan *s, const char *p)
{
	bool null;

	s->p = p;
	return scan_end(s, scan_null(s, &null));
}

static inline const char *read_row(struct json_scan *s, const char *p, const struct ovd_row *row,
				   void *object)
{
	p = scan_past_blanks(p);
	if (row->flags & OVD_OPTIONAL && *p == 'n') {
		p = read_null(s, p);
	} else {
		if (row->flags & OVD_OPTIONAL && row->kind != OVD_KIND_TEXT)
			*row_presence(row, object) = true;
		p = row->kind == OVD_KIND_TEXT && !(row->flags & OVD_LIST)
			    ? scalar_text(s, p, row, row_place(row, object))
			    : read_value(s, p, row, row_place(row, object));
	}
	return p ? p : fault_at_row(s, row);
}

static uint64_t all_rows(const struct ovd_object *o)
{
	return o->n_rows < 64 ? (UINT64_C(1) << o->n_rows) - 1 : UINT64_MAX;
}

/* Behind the closing bracket, where p is. */
static const char *check_rows(struct json_scan *s, const char *p, const struct ovd_object *o,
			      uint64_t seen, void *object)
{
	for (unsigned i = 0; i < o->n_rows; i++) {
		if (seen >> i & 1)
			continue;
		if (o->rows[i].flags & OVD_REQUIRED) {
			FAULT(s, p - 1, "the key is missing");
			return fault_at_row(s, &o->rows[i]);
		}
		if (o->rows[i].flags & OVD_DEFAULTED)
			row_set_default(&o->rows[i], object);
	}
	return p;
}

static _cold_ const char *fault_twice(struct json_scan *s, const struct ovd_row *row)
{
	FAULT(s, s->key, "the key stands twice");
	return fault_at_row(s, row);
}

/* The row whose key a writer would put at p, which leaves out what is absent; n_rows if the next
 * key is another. */
static inline unsigned key_predicted(const char *p, const struct ovd_object *o, unsigned next)
{
	for (unsigned i = next; i < o->n_rows; i++) {
		const struct ovd_row *row = &o->rows[i];

		if (block_same(p, row->literal, row->literal_len))
			return i;
		if (!(row->flags & (OVD_OPTIONAL | OVD_SKIP_EMPTY)))
			break;
	}
	return o->n_rows;
}

/* Behind the next key and its colon, or behind the closing bracket. */
static inline const char *read_key(struct json_scan *s, const char *p, bool first,
				   struct ovd_view *ret, bool *ret_more)
{
	*ret_more = *p != '}';
	if (!*ret_more) {
		s->depth--;
		return p + 1;
	}
	s->p = p;
	return scan_end(s, scan_key(s, first, ret, ret_more));
}

/* The rows of an object and its closing bracket. */
static const char *read_members(struct json_scan *s, const char *p, const struct ovd_object *o,
				struct tags *tags, void *object)
{
	const uint64_t all = all_rows(o);
	uint64_t seen = 0;
	unsigned next = 0;

	if (o->required != all) /* otherwise every member will be written */
		memset(object, 0, o->size);
	for (bool first = !tags->behind;; first = false) {
		const char *key = p + !first;
		unsigned i = first || *p == ',' ? key_predicted(key, o, next) : o->n_rows;

		if (i < o->n_rows) {
			s->key = key;
			p = key + o->rows[i].literal_len;
		} else {
			struct ovd_view name;
			bool more;

			p = read_key(s, p, first, &name, &more);
			if (!p)
				return NULL;
			if (!more)
				return seen == all ? p : check_rows(s, p, o, seen, object);
			i = find_row(o, next, name);
			if (i == o->n_rows) {
				p = read_other(s, tags, name);
				if (!p)
					return NULL;
				continue;
			}
		}
		if (seen >> i & 1)
			return fault_twice(s, &o->rows[i]);
		seen |= UINT64_C(1) << i;
		next = i + 1;
		p = read_row(s, p, &o->rows[i], object);
		if (!p)
			return NULL;
	}
}

/* Behind the opening bracket, or NULL. */
static inline const char *read_open(struct json_scan *s, const char *p, char bracket,
				    const char *what)
{
	if (*p == bracket && s->depth < JSON_DEPTH_MAX) {
		s->depth++;
		return p + 1;
	}
	s->p = p;
	return scan_end(s, scan_open(s, bracket, what));
}

static const char *read_object(struct json_scan *s, const char *p, const struct ovd_object *o,
			       void *at)
{
	struct tags none;

	none.n = 0;
	none.behind = false;
	p = read_open(s, p, '{', "an object");
	return p ? read_members(s, p, o, &none, at) : NULL;
}

/* ---- unions ---- */

static const struct ovd_variant *find_variant(const struct ovd_union *u, struct ovd_view name)
{
	const struct ovd_variant *v = u->variants, *end = v + u->n_variants;

	if (name.n > OVD_KEY_MAX)
		return NULL;
	for (; v < end; v++)
		if (v->name_len == (uint8_t)name.n &&
		    block_same(name.p, v->literal + u->tag_len + 1, name.n))
			return v;
	return NULL;
}

static _cold_ const char *fault_at_tag(struct json_scan *s, const struct ovd_union *u)
{
	if (s->r == -EBADMSG)
		fault_in_key(s->fault, (struct ovd_view){ .p = u->tag + 1, .n = u->tag_len - 3u });
	return NULL;
}

static const char *read_tag_value(struct json_scan *s, const char *p, const struct ovd_union *u,
				  const struct ovd_variant **ret)
{
	struct ovd_view name;
	const char *end = scalar_string(s, p, "a name in a string", &name);

	if (!end)
		return fault_at_tag(s, u);
	*ret = find_variant(u, name);
	if (*ret && name.p == p + 1) /* the table's length is there before the quote is found */
		return p + (*ret)->name_len + 2;
	if (*ret)
		return end;
	FAULT(s, p, "unknown: %.*s", (int)MIN(name.n, (size_t)64), name.p);
	return fault_at_tag(s, u);
}

/* Looks the whole object through, from behind its {, for the tag. */
static _cold_ const struct ovd_variant *look_ahead(struct json_scan *from, const char *p,
						   const struct ovd_union *u)
{
	struct ovd_view tag = { .p = u->tag + 1, .n = u->tag_len - 3u }, key;
	const struct ovd_variant *found = NULL;
	struct json_scan s = *from;
	bool more = true;

	s.p = p;
	for (bool first = true; p; first = false) {
		p = scan_end(&s, scan_key(&s, first, &key, &more));
		if (!p || !more)
			break;
		if (!view_eq(key, tag))
			p = scan_end(&s, scan_skip(&s));
		else if (found)
			p = FAULT(&s, s.key, "the key %.*s stands twice", VIEW(tag));
		else
			p = s.p = read_tag_value(&s, p, u, &found);
	}
	if (p && !found) {
		FAULT(&s, p - 1, "the key is missing");
		fault_at_tag(&s, u);
	}
	from->r = s.r;
	return p ? found : NULL;
}

/* The tag is the object's next key, as every known writer has it: behind it, or NULL. */
static const char *tag_is_next(const char *p, const struct ovd_union *u, bool first)
{
	if (!first && *p++ != ',')
		return NULL;
	p = scan_past_blanks(p);
	return block_same(p, u->tag, u->tag_len) ? scan_past_blanks(p + u->tag_len) : NULL;
}

/* `inside` is where the object's first key may stand. */
static const char *read_tag(struct json_scan *s, const char *p, const char *inside,
			    const struct ovd_union *u, struct tags *tags,
			    const struct ovd_variant **ret)
{
	const char *value = tags->behind ? tag_is_next(p, u, tags->n == 0) : NULL;

	tags->unions[tags->n] = u;
	if (value) {
		tags->seen[tags->n] = true;
		return read_tag_value(s, value, u, ret);
	}
	tags->behind = false;
	memset(tags->seen, 0, sizeof(tags->seen));
	*ret = look_ahead(s, inside, u);
	return *ret ? inside : NULL;
}

static const char *read_union(struct json_scan *s, const char *p, const struct ovd_union *u,
			      void *at)
{
	const char *inside = p = read_open(s, p, '{', "an object");
	struct tags tags = { .behind = true };

	const struct ovd_variant *variant = NULL;

	for (;; u = variant->inner) {
		p = p ? read_tag(s, p, inside, u, &tags, &variant) : NULL;
		if (!p)
			return NULL;
		tags.n++;
		*(int *)at = variant->value;
		at = (char *)at + variant->offset;
		if (!variant->inner)
			return read_members(s, p, variant->object, &tags, at);
	}
}

/* ---- lists and values ---- */

static inline const char *read_one(struct json_scan *s, const char *p, const struct ovd_row *row,
				   void *at)
{
	switch ((enum ovd_kind)row->kind) {
	case OVD_KIND_BOOL:
		return scalar_bool(s, p, at);
	case OVD_KIND_UINT:
		return scalar_uint(s, p, row, at);
	case OVD_KIND_INT:
		return scalar_int(s, p, row, at);
	case OVD_KIND_TEXT:
		return scalar_text(s, p, row, at);
	case OVD_KIND_IP:
		return scalar_ip(s, p, at);
	case OVD_KIND_ENUM:
		return scalar_enum(s, p, row->type, at);
	case OVD_KIND_OBJECT:
		return read_object(s, p, row->type, at);
	case OVD_KIND_UNION:
		return read_union(s, p, row->type, at);
	}
	return scan_end(s, -EINVAL);
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

static inline const char *read_item(struct json_scan *s, const char *p, const struct ovd_row *row,
				    char **items, size_t n, size_t *cap)
{
	if (n >= row->max_items)
		return FAULT(s, p, "more than %u items", row->max_items);
	s->r = grow(s, row, items, n, cap);
	if (s->r < 0)
		return NULL;
	p = read_one(s, p, row, *items + n * row->item_size);
	if (!p && s->r == -EBADMSG)
		fault_in_item(s->fault, n);
	return p;
}

/* In front of the next item, or behind the closing bracket. */
static inline const char *read_more(struct json_scan *s, const char *p, bool first, bool *ret_more)
{
	if (!first && p[0] == ',' && (unsigned char)p[1] > ' ')
		return p + 1;
	s->p = p;
	return scan_end(s, scan_item(s, first, ret_more));
}

static const char *read_list(struct json_scan *s, const char *p, const struct ovd_row *row,
			     struct ovd_list *list)
{
	size_t n = 0, cap = 0;
	char *items = NULL;
	bool more = true;

	p = read_open(s, p, '[', "a list");
	while (p) {
		p = read_more(s, p, n == 0, &more);
		if (!p || !more)
			break;
		p = read_item(s, p, row, &items, n++, &cap);
	}
	*list = (struct ovd_list){ .items = items, .n = n };
	return p;
}

static const char *read_value(struct json_scan *s, const char *p, const struct ovd_row *row,
			      void *at)
{
	return row->flags & OVD_LIST ? read_list(s, p, row, at) : read_one(s, p, row, at);
}

/* ---- documents ---- */

int json_decode(const struct ovd_table *table, struct ovd_view body, struct arena *arena, void *out,
		struct ovd_fault *fault)
{
	struct json_scan s = { .start = body.p, .arena = arena, .fault = fault };
	const char *p = scan_past_blanks(body.p);

	p = table->union_ ? read_union(&s, p, table->union_, out)
			  : read_object(&s, p, table->object, out);
	if (!p)
		return s.r;
	p = scan_past_blanks(p);
	if (p != body.p + body.n)
		return SCAN_FAULT(&s, p, "something stands behind the document");
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
