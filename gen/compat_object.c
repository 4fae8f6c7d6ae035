#include <string.h>

#include "gen/compat_walk.h"

#define ROWS_MAX 64

struct rows {
	struct row items[ROWS_MAX];
	size_t n;
};

/* An object at both ends. */
struct objects {
	const char *path;
	struct rows writer, reader;
};

static const struct row *find_key(const struct rows *rows, const char *key)
{
	for (size_t i = 0; i < rows->n; i++)
		if (strcmp(rows->items[i].field->key, key) == 0)
			return &rows->items[i];
	return NULL;
}

static const struct row *find_number(const struct rows *rows, const char *number)
{
	for (size_t i = 0; i < rows->n; i++)
		if (strcmp(rows->items[i].number, number) == 0)
			return &rows->items[i];
	return NULL;
}

/* ---- which keys are there ---- */

static const struct field *find_name(const struct message *message, const char *name)
{
	for (size_t i = 0; message && i < message->fields.n; i++)
		if (strcmp(message->fields.items[i].name, name) == 0)
			return &message->fields.items[i];
	return NULL;
}

static void flatten_changed(struct walk *w, const char *path, const struct field *writer)
{
	w->rule = "flatten";
	compat_note(w, compat_path(w, path, writer->name), "%s: the keys of `%s` stand in %s now",
		    path, writer->name,
		    writer->flatten == w->old_writes ? "an object of their own"
						     : "the object around it");
}

/* The keys that stand in an object, but for those of a message that is flattened at one end alone:
 * that is told as one thing, on the writer's turn. */
static void gather(struct walk *w, const char *path, const struct message *message,
		   const struct message *other, const char *number, struct rows *rows)
{
	const struct step step = { .message = message, .outer = w->inside };

	w->inside = &step;
	for (size_t i = 0; i < message->fields.n; i++) {
		const struct field *f = &message->fields.items[i],
				   *same = find_name(other, f->name);
		const char *whole = compat_text(w->c, "%s%d", number, f->number);

		if (same && same->flatten != f->flatten) {
			if (path)
				flatten_changed(w, path, f);
		} else if (f->flatten && f->message && !walk_is_inside(w, f->message)) {
			gather(w, path, f->message, same ? same->message : NULL,
			       compat_text(w->c, "%s.", whole), rows);
		} else if (f->known_type && rows->n < ROWS_MAX) {
			rows->items[rows->n++] = (struct row){ .field = f, .number = whole };
		}
	}
	w->inside = step.outer;
}

/* ---- keys that one end has ---- */

/* The key that has taken a row's number, where neither key is at both ends and they are of one
 * kind. */
static const struct row *renamed(const struct row *row, const struct rows *mine,
				 const struct rows *others)
{
	const struct row *other = find_number(others, row->number);

	if (!other || find_key(mine, other->field->key) || find_key(others, row->field->key))
		return NULL;
	return other->field->kind == row->field->kind &&
			       other->field->is_list == row->field->is_list
		       ? other
		       : NULL;
}

static void only_writer_has(struct walk *w, const struct objects *o, const struct row *row)
{
	const struct row *other = renamed(row, &o->writer, &o->reader);

	if (other) {
		const char *old = (w->old_writes ? row : other)->field->key;

		w->rule = "renamed";
		compat_note(w, compat_path(w, o->path, old), "%s: key `%s` is called `%s` now",
			    o->path, old, (w->old_writes ? other : row)->field->key);
	} else if (w->old_writes && w->way == WAY_REQUEST) {
		w->rule = "removed";
		compat_note(w, compat_path(w, o->path, row->field->key),
			    "%s: key `%s` is no longer heard", o->path, row->field->key);
	}
}

static void only_reader_has(struct walk *w, const struct objects *o, const struct row *row)
{
	const char *key = row->field->key, *path = compat_path(w, o->path, key);
	bool required = row->field->flags & OVD_REQUIRED;

	if (renamed(row, &o->reader, &o->writer))
		return;
	w->rule = required ? "required" : "removed";
	if (required && w->old_writes)
		compat_note(w, path, "%s now requires key `%s`", o->path, key);
	else if (required)
		compat_note(w, path, "%s: key `%s`, which they require, is gone", o->path, key);
	else if (!w->old_writes && w->way != WAY_REQUEST)
		compat_note(w, path, "%s: key `%s` is no longer told", o->path, key);
}

/* A key that went, whose number another key has taken. */
static void number_is_reused(struct walk *w, const struct objects *o)
{
	const struct rows *olds = w->old_writes ? &o->writer : &o->reader;
	const struct rows *nows = w->old_writes ? &o->reader : &o->writer;

	w->rule = "number";
	for (size_t i = 0; i < olds->n; i++) {
		const struct row *old = &olds->items[i], *now = find_number(nows, old->number);

		if (now && !find_key(nows, old->field->key) && !renamed(old, olds, nows))
			compat_note(w, compat_path(w, o->path, now->field->key),
				    "%s: number %s was `%s`, is `%s` now (protobuf)", o->path,
				    old->number, old->field->key, now->field->key);
	}
}

/* ---- keys of both ---- */

static void both_have(struct walk *w, const struct objects *o, const struct row *writer,
		      const struct row *reader)
{
	const struct pair pair = {
		.parent = o->path,
		.path = compat_path(w, o->path, writer->field->key),
		.writer = writer,
		.reader = reader,
	};

	for (size_t i = 0; pair_rules[i].name; i++) {
		w->rule = pair_rules[i].name;
		if (!pair_rules[i].choice || !walk_is_choice(w))
			pair_rules[i].check(w, &pair);
	}
	if (writer->field->message && reader->field->message)
		compat_messages(w, pair.path, writer->field->message, reader->field->message);
}

void compat_objects(struct walk *w, const char *path, const struct message *writer,
		    const struct message *reader)
{
	struct objects o = { .path = path };

	gather(w, path, writer, reader, "", &o.writer);
	gather(w, NULL, reader, writer, "", &o.reader);
	for (size_t i = 0; i < o.writer.n; i++) {
		const struct row *row = &o.writer.items[i];
		const struct row *same = find_key(&o.reader, row->field->key);

		if (same)
			both_have(w, &o, row, same);
		else
			only_writer_has(w, &o, row);
	}
	for (size_t i = 0; i < o.reader.n; i++)
		if (!find_key(&o.writer, o.reader.items[i].field->key))
			only_reader_has(w, &o, &o.reader.items[i]);
	number_is_reused(w, &o);
}
