#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "gen/compat_walk.h"

void compat_done(struct compat *c)
{
	arena_done(&c->arena);
	buf_done(&c->faults);
}

/* ---- what is found ---- */

void *compat_alloc(struct compat *c, size_t n)
{
	void *p = arena_alloc(&c->arena, n);

	c->failed |= !p;
	return p;
}

static const char *format_text(struct compat *c, const char *format, va_list args)
{
	va_list again;
	char *text;
	int n;

	va_copy(again, args);
	n = vsnprintf(NULL, 0, format, again);
	va_end(again);
	text = compat_alloc(c, (size_t)n + 1);
	if (!text)
		return "";
	vsnprintf(text, (size_t)n + 1, format, args);
	return text;
}

const char *compat_text(struct compat *c, const char *format, ...)
{
	const char *text;
	va_list args;

	va_start(args, format);
	text = format_text(c, format, args);
	va_end(args);
	return text;
}

const char *compat_path(struct walk *w, const char *parent, const char *key)
{
	return *parent ? compat_text(w->c, "%s.%s", parent, key) : key;
}

void compat_note(struct walk *w, const char *path, const char *format, ...)
{
	struct compat_break *found = compat_alloc(w->c, sizeof(*found));
	va_list args;

	if (!found)
		return;
	*found = (struct compat_break){
		.line = w->line,
		.daemons = (w->way == WAY_REQUEST) != w->old_writes,
		.rule = w->rule,
		.path = path,
	};
	va_start(args, format);
	found->text = format_text(w->c, format, args);
	va_end(args);
	*(w->c->first ? &w->c->last->next : &w->c->first) = found;
	w->c->last = found;
}

bool walk_is_inside(const struct walk *w, const struct message *message)
{
	for (const struct step *step = w->inside; step; step = step->outer)
		if (step->message == message)
			return true;
	return false;
}

/* ---- messages, from the top ---- */

/* Each is looked at from its own top alone, also where it stands in a frame. */
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
		if (message_is_called(message, roots[i].message))
			return true;
	return false;
}

static bool same_tag(struct walk *w, const char *path, const char *old, const char *now)
{
	if (!old == !now && (!now || strcmp(old, now) == 0))
		return true;
	w->rule = "tag";
	compat_note(w, compat_name(path), "%s: the tag is %s now, was %s", compat_name(path),
		    now ? now : "none", old ? old : "none");
	return false;
}

void compat_messages(struct walk *w, const char *path, const struct message *writer,
		     const struct message *reader)
{
	const struct step step = { .message = writer, .outer = w->inside };

	if (walk_is_inside(w, writer) || (w->inside && is_root(writer) && is_root(reader)))
		return;
	if (!same_tag(w, path, (w->old_writes ? writer : reader)->tag,
		      (w->old_writes ? reader : writer)->tag))
		return;
	w->inside = &step;
	(writer->tag ? compat_unions : compat_objects)(w, path, writer, reader);
	w->inside = step.outer;
}

static void walk_root(struct walk *w, const struct root *root)
{
	const struct message *writer = model_message(w->writer, root->message);
	const struct message *reader = model_message(w->reader, root->message);

	w->way = root->way;
	w->rule = "document";
	if (writer && reader)
		compat_messages(w, root->path, writer, reader);
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
