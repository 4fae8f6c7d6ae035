#include <string.h>

#include "gen/compat_walk.h"

static const struct field *find_variant(const struct message *message, const char *key)
{
	for (size_t i = 0; message && i < message->fields.n; i++)
		if (strcmp(message->fields.items[i].key, key) == 0)
			return &message->fields.items[i];
	return NULL;
}

/* ---- results ---- */

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

	if (!operations || !message_is_called(message, "Response"))
		return false;
	for (size_t i = 0; i < operations->fields.n; i++)
		if (answers_with(&operations->fields.items[i], result))
			return true;
	return false;
}

static void answers_are_expected(struct walk *w)
{
	const struct message *answering = model_operations(w->writer);
	const struct message *asking = model_operations(w->reader);

	w->rule = "answer";
	for (size_t i = 0; answering && i < answering->fields.n; i++) {
		const struct field *f = &answering->fields.items[i];
		const struct field *asked = find_variant(asking, f->key);

		for (size_t k = 0; asked && k < f->answers.n; k++) {
			const char *answer = f->answers.items[k];

			if (!answers_with(asked, answer))
				compat_note(w, compat_path(w, f->key, answer),
					    w->old_writes ? "%s: `%s`, which they may answer, is "
							    "no longer expected"
							  : "%s may be answered `%s` now, which "
							    "they don't expect",
					    f->key, answer);
		}
	}
}

/* ---- variants ---- */

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

static const int *find_name(const struct names *names, const char *name)
{
	for (size_t i = 0; i < names->n; i++)
		if (strcmp(names->items[i].name, name) == 0)
			return &names->items[i].number;
	return NULL;
}

static const char *find_number(const struct names *names, int number)
{
	for (size_t i = 0; i < names->n; i++)
		if (names->items[i].number == number)
			return names->items[i].name;
	return NULL;
}

void compat_numbers(struct walk *w, const char *parent, const struct names *writer,
		    const struct names *reader)
{
	const struct names *old = w->old_writes ? writer : reader;
	const struct names *now = w->old_writes ? reader : writer;

	w->rule = "number";
	for (size_t i = 0; i < old->n; i++) {
		const char *name = old->items[i].name, *path = compat_path(w, parent, name);
		const int *number = find_name(now, name);
		const char *heir = number ? NULL : find_number(now, old->items[i].number);

		if (number && *number != old->items[i].number)
			compat_note(w, path, "%s has number %d now, had %d (protobuf)", path,
				    *number, old->items[i].number);
		if (heir)
			compat_note(w, compat_path(w, parent, heir),
				    "%s: number %d was `%s`, is `%s` now (protobuf)",
				    compat_name(parent), old->items[i].number, name, heir);
	}
}

static struct names names_of(struct compat *c, const struct message *message)
{
	struct names names = { .n = 0 };

	names.items = compat_alloc(c, message->fields.n * sizeof(*names.items));
	for (; names.items && names.n < message->fields.n; names.n++) {
		names.items[names.n].name = message->fields.items[names.n].key;
		names.items[names.n].number = message->fields.items[names.n].number;
	}
	return names;
}

static enum way frame_way(const char *variant)
{
	if (strcmp(variant, "request") == 0)
		return WAY_REQUEST;
	return strcmp(variant, "response") == 0 ? WAY_RESPONSE : WAY_EVENT;
}

void compat_unions(struct walk *w, const char *path, const struct message *writer,
		   const struct message *reader)
{
	struct names written = names_of(w->c, writer), read = names_of(w->c, reader);
	enum way way = w->way;

	for (size_t i = 0; i < writer->fields.n; i++) {
		const struct field *f = &writer->fields.items[i];
		const struct field *same = find_variant(reader, f->key);

		if (message_is_called(writer, "Frame"))
			w->way = frame_way(f->key);
		if (!same)
			variant_is_unknown(w, path, writer, f->key);
		else if (f->message && same->message)
			compat_messages(w, compat_path(w, path, f->key), f->message, same->message);
		w->way = way;
	}
	compat_numbers(w, path, &written, &read);
	if (message_is_called(writer, "Response"))
		answers_are_expected(w);
}
