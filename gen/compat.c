#include "gen/compat_rules.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define ROWS_MAX 64

/* A schema that recurses is refused by lint, later. */
#define DEPTH_MAX 32

void compat_done(struct compat *c)
{
	arena_done(&c->arena);
	buf_done(&c->faults);
}

/* ---- what is found ---- */

static const char *text_in_arena(struct compat *c, const char *format, va_list args)
{
	va_list again;
	char *text;
	int n;

	va_copy(again, args);
	n = vsnprintf(NULL, 0, format, again);
	va_end(again);
	text = arena_alloc(&c->arena, (size_t)n + 1);
	if (!text) {
		c->failed = true;
		return "";
	}
	vsnprintf(text, (size_t)n + 1, format, args);
	return text;
}

const char *compat_text(struct compat *c, const char *format, ...)
{
	const char *text;
	va_list args;

	va_start(args, format);
	text = text_in_arena(c, format, args);
	va_end(args);
	return text;
}

const char *compat_path(struct walk *w, const char *parent, const char *key)
{
	return *parent ? compat_text(w->c, "%s.%s", parent, key) : key;
}

void compat_note(struct walk *w, const char *path, const char *format, ...)
{
	struct compat_break *found = arena_alloc(&w->c->arena, sizeof(*found));
	va_list args;

	if (!found) {
		w->c->failed = true;
		return;
	}
	*found = (struct compat_break){
		.line = w->line,
		.daemons = (w->way == WAY_REQUEST) != w->old_writes,
		.rule = w->rule,
		.path = path,
	};
	va_start(args, format);
	found->text = text_in_arena(w->c, format, args);
	va_end(args);
	*(w->c->first ? &w->c->last->next : &w->c->first) = found;
	w->c->last = found;
}

/* ---- objects ---- */

struct rows {
	struct row items[ROWS_MAX];
	size_t n;
};

static const struct field *find_name(const struct message *message, const char *name)
{
	for (size_t i = 0; message && i < message->fields.n; i++)
		if (strcmp(message->fields.items[i].name, name) == 0)
			return &message->fields.items[i];
	return NULL;
}

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

static bool changed_flatten(const struct field *f, const struct field *same)
{
	return same && same->flatten != f->flatten;
}

/* The keys that stand in an object, but for those of a message that is flattened at one end alone:
 * as one thing they are told by `flattened`. */
static void gather(struct walk *w, const struct message *message, const struct message *other,
		   const char *number, struct rows *rows)
{
	for (size_t i = 0; i < message->fields.n; i++) {
		const struct field *f = &message->fields.items[i];
		const struct field *same = find_name(other, f->name);
		const char *path = compat_text(w->c, "%s%d", number, f->number);

		if (changed_flatten(f, same) || !f->known_type)
			continue;
		if (f->flatten && f->message)
			gather(w, f->message, same ? same->message : NULL,
			       compat_text(w->c, "%s.", path), rows);
		else if (rows->n < ROWS_MAX)
			rows->items[rows->n++] = (struct row){ .field = f, .number = path };
	}
}

static void flattened(struct walk *w, const char *parent, const struct message *writer,
		      const struct message *reader)
{
	w->rule = "flatten";
	for (size_t i = 0; i < writer->fields.n; i++) {
		const struct field *f = &writer->fields.items[i];
		const struct field *same = find_name(reader, f->name);

		if (changed_flatten(f, same))
			compat_note(w, compat_path(w, parent, f->name),
				    "%s: the keys of `%s` stand in %s now", parent, f->name,
				    f->flatten == w->old_writes ? "an object of their own"
								: "the object around it");
		else if (same && f->flatten && f->message && same->message)
			flattened(w, parent, f->message, same->message);
	}
}

/* What reads the key that the writer writes under another name. */
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

static void only_writer_has(struct walk *w, const char *parent, const struct row *row,
			    const struct rows *writer, const struct rows *reader)
{
	const struct row *now = renamed(row, writer, reader);
	const char *mine = row->field->key;

	if (now) {
		const char *before = w->old_writes ? mine : now->field->key;

		w->rule = "renamed";
		compat_note(w, compat_path(w, parent, before), "%s: key `%s` is called `%s` now",
			    parent, before, w->old_writes ? now->field->key : mine);
	} else if (w->old_writes && w->way == WAY_REQUEST) {
		w->rule = "removed";
		compat_note(w, compat_path(w, parent, mine), "%s: key `%s` is no longer heard",
			    parent, mine);
	}
}

static void only_reader_has(struct walk *w, const char *parent, const struct row *row,
			    const struct rows *writer, const struct rows *reader)
{
	const char *key = row->field->key, *path = compat_path(w, parent, key);
	bool required = row->field->flags & OVD_REQUIRED;

	if (renamed(row, reader, writer))
		return;
	w->rule = required ? "required" : "removed";
	if (required && w->old_writes)
		compat_note(w, path, "%s now requires key `%s`", parent, key);
	else if (required)
		compat_note(w, path, "%s: key `%s`, which they require, is gone", parent, key);
	else if (!w->old_writes && w->way != WAY_REQUEST)
		compat_note(w, path, "%s: key `%s` is no longer told", parent, key);
}

/* A number that means another key to the reader, and is no renamed key's. */
static void number_is_reused(struct walk *w, const char *parent, const struct row *row,
			     const struct rows *writer, const struct rows *reader)
{
	const struct row *other = find_number(reader, row->number);
	const struct row *before = w->old_writes ? row : other, *now = w->old_writes ? other : row;

	if (!other || strcmp(other->field->key, row->field->key) == 0 ||
	    renamed(row, writer, reader))
		return;
	w->rule = "number";
	compat_note(w, compat_path(w, parent, now->field->key),
		    "%s: number %s was `%s`, is `%s` now (protobuf)", parent, row->number,
		    before->field->key, now->field->key);
}

static void walk_messages(struct walk *w, const char *path, const struct message *writer,
			  const struct message *reader);

static void both_have(struct walk *w, const char *parent, const struct row *writer,
		      const struct row *reader)
{
	const struct pair pair = {
		.parent = parent,
		.path = compat_path(w, parent, writer->field->key),
		.writer = writer,
		.reader = reader,
	};

	for (size_t i = 0; pair_rules[i].name; i++) {
		w->rule = pair_rules[i].name;
		if (!pair_rules[i].choice || !walk_is_choice(w))
			pair_rules[i].check(w, &pair);
	}
	if (writer->field->message && reader->field->message)
		walk_messages(w, pair.path, writer->field->message, reader->field->message);
}

static void walk_objects(struct walk *w, const char *path, const struct message *writer,
			 const struct message *reader)
{
	struct rows written = { .n = 0 }, read = { .n = 0 };

	gather(w, writer, reader, "", &written);
	gather(w, reader, writer, "", &read);
	flattened(w, path, writer, reader);
	for (size_t i = 0; i < written.n; i++) {
		const struct row *row = &written.items[i], *same = find_key(&read, row->field->key);

		if (same)
			both_have(w, path, row, same);
		else
			only_writer_has(w, path, row, &written, &read);
		number_is_reused(w, path, row, &written, &read);
	}
	for (size_t i = 0; i < read.n; i++)
		if (!find_key(&written, read.items[i].field->key))
			only_reader_has(w, path, &read.items[i], &written, &read);
}

/* ---- unions ---- */

static const struct field *find_variant(const struct message *message, const char *key)
{
	for (size_t i = 0; message && i < message->fields.n; i++)
		if (strcmp(message->fields.items[i].key, key) == 0)
			return &message->fields.items[i];
	return NULL;
}

static bool is_called(const struct message *message, const char *name)
{
	return strcmp(message->name, name) == 0;
}

static bool answers_with(const struct field *operation, const char *result)
{
	for (size_t i = 0; i < operation->answers.n; i++)
		if (strcmp(operation->answers.items[i], result) == 0)
			return true;
	return false;
}

/* A result that operations name comes to nobody who did not ask for one of them. */
static bool comes_if_asked(const struct walk *w, const struct message *message, const char *result)
{
	const struct message *operations = model_operations(w->writer);

	for (size_t i = 0; is_called(message, "Response") && operations && i < operations->fields.n;
	     i++)
		if (answers_with(&operations->fields.items[i], result))
			return true;
	return false;
}

static void variant_is_unknown(struct walk *w, const char *parent, const struct message *message,
			       const char *variant)
{
	const char *path = compat_path(w, parent, variant);

	if (walk_is_choice(w) || comes_if_asked(w, message, variant))
		return;
	w->rule = message->dispatch ? "operation" : "variant";
	if (message->dispatch)
		compat_note(w, path, "operation `%s` is gone", variant);
	else if (w->old_writes)
		compat_note(w, path, "%s: `%s` is no longer known", parent, variant);
	else
		compat_note(w, path, "%s may be `%s` now, which they don't know", parent, variant);
}

static void answers_are_expected(struct walk *w)
{
	const struct message *writer = model_operations(w->writer);
	const struct message *reader = model_operations(w->reader);

	w->rule = "answer";
	for (size_t i = 0; writer && i < writer->fields.n; i++) {
		const struct field *f = &writer->fields.items[i];
		const struct field *asked = find_variant(reader, f->key);

		for (size_t k = 0; asked && k < f->answers.n; k++) {
			const char *answer = f->answers.items[k];

			if (!answers_with(asked, answer))
				compat_note(w, compat_path(w, f->key, answer),
					    w->old_writes
						    ? "%s is no longer answered `%s`, as they do"
						    : "%s may be answered `%s` now, which "
						      "they don't expect",
					    f->key, answer);
		}
	}
}

void compat_numbers(struct walk *w, const char *parent, struct named writer, struct named reader)
{
	struct named before = w->old_writes ? writer : reader;
	struct named now = w->old_writes ? reader : writer;
	const char *path = compat_path(w, parent, now.name);
	bool same = strcmp(before.name, now.name) == 0;

	w->rule = "number";
	if (same && before.number != now.number)
		compat_note(w, path, "%s has number %d now, had %d (protobuf)", path, now.number,
			    before.number);
	else if (!same && before.number == now.number)
		compat_note(w, path, "%s: number %d was `%s`, is `%s` now (protobuf)",
			    *parent ? parent : "operations", now.number, before.name, now.name);
}

static enum way frame_way(const char *variant)
{
	if (strcmp(variant, "request") == 0)
		return WAY_REQUEST;
	return strcmp(variant, "response") == 0 ? WAY_RESPONSE : WAY_EVENT;
}

static void walk_unions(struct walk *w, const char *path, const struct message *writer,
			const struct message *reader)
{
	for (size_t i = 0; i < writer->fields.n; i++) {
		const struct field *f = &writer->fields.items[i];
		const struct field *same = find_variant(reader, f->key);
		enum way way = w->way;

		for (size_t k = 0; k < reader->fields.n; k++)
			compat_numbers(w, path, (struct named){ f->key, f->number },
				       (struct named){ reader->fields.items[k].key,
						       reader->fields.items[k].number });
		if (!same)
			variant_is_unknown(w, path, writer, f->key);
		if (!same || !f->message || !same->message)
			continue;
		if (is_called(writer, "Frame"))
			w->way = frame_way(f->key);
		walk_messages(w, compat_path(w, path, f->key), f->message, same->message);
		w->way = way;
	}
	if (is_called(writer, "Response"))
		answers_are_expected(w);
}

/* ---- messages, from the top ---- */

static const struct root {
	const char *message, *path;
	enum way way;
} roots[] = {
	{ "Frame", "frame", WAY_EVENT },
	{ "Request", "", WAY_REQUEST },
	{ "Response", "response", WAY_RESPONSE },
	{ "Event", "event", WAY_EVENT },
};

static bool is_root(const struct message *message)
{
	for (size_t i = 0; i < ARRAY_SIZE(roots); i++)
		if (is_called(message, roots[i].message))
			return true;
	return false;
}

static void walk_messages(struct walk *w, const char *path, const struct message *writer,
			  const struct message *reader)
{
	const char *before = w->old_writes ? writer->tag : reader->tag;
	const char *now = w->old_writes ? reader->tag : writer->tag;

	if (w->depth == DEPTH_MAX || (w->depth > 0 && is_root(writer) && is_root(reader)))
		return;
	w->rule = "tag";
	if (!before != !now || (now && strcmp(before, now) != 0)) {
		compat_note(w, *path ? path : "operations", "%s: the tag is %s now, was %s",
			    *path ? path : "operations", now ? now : "none",
			    before ? before : "none");
		return;
	}
	w->depth++;
	(now ? walk_unions : walk_objects)(w, path, writer, reader);
	w->depth--;
}

static void walk_root(struct walk *w, const struct root *root)
{
	const struct message *writer = model_message(w->writer, root->message);
	const struct message *reader = model_message(w->reader, root->message);

	w->way = root->way;
	w->rule = "document";
	if (writer && reader)
		walk_messages(w, root->path, writer, reader);
	else if (w->old_writes ? writer : reader)
		compat_note(w, root->message, "there is no %s any more", root->message);
}

void compat_compare(struct compat *c, const char *line, const struct model *old,
		    const struct model *now)
{
	struct walk old_writes = {
		.c = c, .line = line, .writer = old, .reader = now, .old_writes = true
	};
	struct walk new_writes = { .c = c, .line = line, .writer = now, .reader = old };

	for (size_t i = 0; i < ARRAY_SIZE(roots); i++) {
		walk_root(&old_writes, &roots[i]);
		walk_root(&new_writes, &roots[i]);
	}
}
