#include <inttypes.h>
#include <string.h>

#include "gen/compat_walk.h"

/* The longest text of an address: INET6_ADDRSTRLEN without its NUL. */
#define IP_TEXT_MAX 45

/* A schema's word for a kind of value, one and many; kinds with the same words read each other. */
static const char *const kind_words[][2] = {
	[OVD_KIND_BOOL] = { "a bool", "bools" },
	[OVD_KIND_UINT] = { "a number", "numbers" },
	[OVD_KIND_INT] = { "a number", "numbers" },
	[OVD_KIND_TEXT] = { "a text", "texts" },
	[OVD_KIND_IP] = { "a text", "texts" },
	[OVD_KIND_ENUM] = { "an enum", "enums" },
	[OVD_KIND_OBJECT] = { "an object", "objects" },
	[OVD_KIND_UNION] = { "an object", "objects" }, /* told apart by their tag */
};

static bool same_type(const struct field *a, const struct field *b)
{
	return a->is_list == b->is_list &&
	       strcmp(kind_words[a->kind][0], kind_words[b->kind][0]) == 0;
}

static const struct field *old_field(const struct walk *w, const struct pair *pair)
{
	return (w->old_writes ? pair->writer : pair->reader)->field;
}

static const struct field *now_field(const struct walk *w, const struct pair *pair)
{
	return (w->old_writes ? pair->reader : pair->writer)->field;
}

/* ---- is it there ---- */

static void required(struct walk *w, const struct pair *pair)
{
	const char *key = pair->writer->field->key;

	if (!(pair->reader->field->flags & OVD_REQUIRED) ||
	    pair->writer->field->flags & OVD_REQUIRED)
		return;
	compat_note(w, pair->path,
		    w->old_writes ? "%s now requires key `%s`"
				  : "%s: key `%s`, which they require, may be left out now",
		    pair->parent, key);
}

/* null stands for absent, where absent is a value of its own. */
static void null(struct walk *w, const struct pair *pair)
{
	if (pair->writer->field->flags & OVD_OPTIONAL && pair->reader->field->flags & OVD_DEFAULTED)
		compat_note(w, pair->path,
			    w->old_writes ? "%s: null is refused now"
					  : "%s: may be null now, which they refuse",
			    pair->path);
}

static const char *enum_default(const struct field *f)
{
	for (size_t i = 0; f->enumeration && i < f->enumeration->values.n; i++)
		if (f->enumeration->values.items[i].number == (int)f->fallback &&
		    f->enumeration->values.items[i].wire)
			return f->enumeration->values.items[i].wire;
	return f->default_text;
}

/* What a key that is left out means, for people. */
static const char *absent(struct compat *c, const struct field *f)
{
	if (f->is_list)
		return "an empty list";
	if (f->flags & OVD_OPTIONAL)
		return "nothing";
	if (f->kind == OVD_KIND_TEXT)
		return "an empty text";
	if (f->default_variant)
		return compat_text(c, "`%s`", f->default_variant);
	return compat_text(c, "`%s`", f->kind == OVD_KIND_ENUM ? enum_default(f) : f->default_text);
}

static void default_value(struct walk *w, const struct pair *pair)
{
	const struct field *old = old_field(w, pair), *now = now_field(w, pair);
	const char *meant = absent(w->c, old), *means = absent(w->c, now);

	if (!same_type(old, now) || (old->flags | now->flags) & OVD_REQUIRED)
		return;
	if (strcmp(meant, means) != 0)
		compat_note(w, pair->path, "%s: left out, it means %s now, meant %s", pair->path,
			    means, meant);
}

/* ---- what is it ---- */

static void type(struct walk *w, const struct pair *pair)
{
	const struct field *old = old_field(w, pair), *now = now_field(w, pair);

	if (!same_type(old, now))
		compat_note(w, pair->path, "%s is %s%s now, was %s%s", pair->path,
			    now->is_list ? "a list of " : "", kind_words[now->kind][now->is_list],
			    old->is_list ? "a list of " : "", kind_words[old->kind][old->is_list]);
}

/* Only IP changes how a text is read; a text that turns into something finer says more, not less.
 */
static void format(struct walk *w, const struct pair *pair)
{
	static const char *const words[] = { "any text", "an address", "a prefix", "an endpoint",
					     "a key" };
	const struct field *wf = pair->writer->field, *rf = pair->reader->field;

	if (!same_type(wf, rf) || wf->format == rf->format || rf->format == FORMAT_TEXT)
		return;
	if (wf->format == FORMAT_TEXT && (rf->format != FORMAT_IP || walk_is_choice(w)))
		return;
	compat_note(w, pair->path, "%s is %s now, was %s", pair->path,
		    words[now_field(w, pair)->format], words[old_field(w, pair)->format]);
}

/* ---- how large ---- */

struct range {
	int64_t least;
	uint64_t most;
};

static struct range range_of(const struct field *f)
{
	unsigned bits = f->width * 8;

	if (f->kind == OVD_KIND_INT)
		return (struct range){ .least = -(int64_t)((UINT64_C(1) << (bits - 1)) - 1) - 1,
				       .most = (UINT64_C(1) << (bits - 1)) - 1 };
	return (struct range){ .most = bits < 64 ? (UINT64_C(1) << bits) - 1 : UINT64_MAX };
}

static void width(struct walk *w, const struct pair *pair)
{
	const struct field *wf = pair->writer->field, *rf = pair->reader->field;
	struct range written, read;

	if (!same_type(wf, rf) || (wf->kind != OVD_KIND_UINT && wf->kind != OVD_KIND_INT))
		return;
	written = range_of(wf);
	read = range_of(rf);
	if (written.least >= read.least && written.most <= read.most)
		return;
	compat_note(w, pair->path,
		    w->old_writes ? "%s takes %" PRId64 " to %" PRIu64 " now, took %" PRId64
				    " to %" PRIu64
				  : "%s: they take %" PRId64 " to %" PRIu64 ", it may be %" PRId64
				    " to %" PRIu64 " now",
		    pair->path, read.least, read.most, written.least, written.most);
}

static void limit(struct walk *w, const struct pair *pair, uint32_t written, uint32_t read,
		  const char *unit)
{
	if (written > read)
		compat_note(w, pair->path,
			    w->old_writes ? "%s takes %u %s now, took %u"
					  : "%s: they take %u %s, it may have %u now",
			    pair->path, read, unit, written);
}

static void max_bytes(struct walk *w, const struct pair *pair)
{
	const struct field *wf = pair->writer->field, *rf = pair->reader->field;

	if (same_type(wf, rf) && rf->kind == OVD_KIND_TEXT)
		limit(w, pair, wf->kind == OVD_KIND_IP ? IP_TEXT_MAX : wf->max_bytes, rf->max_bytes,
		      "bytes");
}

static void max_items(struct walk *w, const struct pair *pair)
{
	const struct field *wf = pair->writer->field, *rf = pair->reader->field;

	if (same_type(wf, rf) && rf->is_list)
		limit(w, pair, wf->max_items, rf->max_items, "items");
}

/* ---- enums ---- */

static bool knows_value(const struct enumeration *e, const char *wire)
{
	for (size_t i = 0; i < e->values.n; i++)
		if (e->values.items[i].wire && strcmp(e->values.items[i].wire, wire) == 0)
			return true;
	return false;
}

static void value(struct walk *w, const struct pair *pair)
{
	const struct enumeration *written = pair->writer->field->enumeration;
	const struct enumeration *read = pair->reader->field->enumeration;

	for (size_t i = 0; written && read && i < written->values.n; i++) {
		const char *wire = written->values.items[i].wire;

		if (wire && !knows_value(read, wire))
			compat_note(w, compat_path(w, pair->path, wire),
				    w->old_writes ? "%s: `%s` is no longer known"
						  : "%s may be `%s` now, which they don't know",
				    pair->path, wire);
	}
}

/* ---- protobuf ---- */

static struct names names_of(struct compat *c, const struct enumeration *e)
{
	struct names names = { .n = 0 };

	names.items = compat_alloc(c, e->values.n * sizeof(*names.items));
	for (size_t i = 0; names.items && i < e->values.n; i++)
		if (e->values.items[i].wire) {
			names.items[names.n].name = e->values.items[i].wire;
			names.items[names.n++].number = e->values.items[i].number;
		}
	return names;
}

static void number(struct walk *w, const struct pair *pair)
{
	const struct enumeration *written = pair->writer->field->enumeration;
	const struct enumeration *read = pair->reader->field->enumeration;
	const struct row *old = w->old_writes ? pair->writer : pair->reader;
	const struct row *now = w->old_writes ? pair->reader : pair->writer;

	if (strcmp(old->number, now->number) != 0)
		compat_note(w, pair->path, "%s has number %s now, had %s (protobuf)", pair->path,
			    now->number, old->number);
	if (written && read) {
		struct names writer = names_of(w->c, written), reader = names_of(w->c, read);

		compat_numbers(w, pair->path, &writer, &reader);
	}
}

const struct pair_rule pair_rules[] = {
	{ "required", required, false },
	{ "null", null, true },
	{ "default", default_value, false },
	{ "type", type, false },
	{ "format", format, false },
	{ "width", width, true },
	{ "max_bytes", max_bytes, true },
	{ "max_items", max_items, true },
	{ "value", value, true },
	{ "number", number, false },
	{ NULL, NULL, false },
};
