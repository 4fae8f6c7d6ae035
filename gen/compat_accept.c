#include <string.h>

#include "gen/compat.h"

struct entry {
	struct ovd_view rule, path, line, who, reason;
};

/* Up to the first of the bytes `ends`, and behind it; blanks before it are dropped. */
static struct ovd_view word(struct ovd_view *rest, const char *ends)
{
	struct ovd_view found;

	while (rest->n > 0 && *rest->p == ' ')
		*rest = (struct ovd_view){ rest->p + 1, rest->n - 1 };
	found = (struct ovd_view){ rest->p, 0 };
	while (found.n < rest->n && !strchr(ends, rest->p[found.n]))
		found.n++;
	*rest = (struct ovd_view){ rest->p + found.n, rest->n - found.n };
	if (rest->n > 0)
		*rest = (struct ovd_view){ rest->p + 1, rest->n - 1 };
	return found;
}

static struct entry read_entry(struct ovd_view text)
{
	struct entry entry = { .rule = word(&text, " ") };

	entry.path = word(&text, " ");
	entry.line = word(&text, " ");
	entry.who = word(&text, ":");
	entry.reason = word(&text, "\n");
	return entry;
}

static bool matches(const struct entry *entry, const struct compat_break *b)
{
	return view_eq(entry->rule, view(b->rule)) && view_eq(entry->path, view(b->path)) &&
	       view_eq(entry->line, view(b->line)) &&
	       view_eq(entry->who, view(b->daemons ? "daemons" : "clients"));
}

static const char *accept_entry(struct compat *c, const struct entry *entry)
{
	const char *fault = "nothing breaks so: take the entry out";

	if (entry->reason.n == 0)
		return "an entry is RULE PATH LINE clients|daemons: why";
	for (struct compat_break *b = c->first; b; b = b->next)
		if (matches(entry, b)) {
			b->reason = arena_copy(&c->arena, entry->reason.p, entry->reason.n);
			c->failed |= !b->reason;
			fault = NULL;
		}
	return fault;
}

void compat_accept(struct compat *c, const char *name, struct ovd_view text)
{
	for (int line = 1; text.n > 0; line++) {
		struct ovd_view whole = word(&text, "\n");
		struct entry entry = read_entry(whole);
		const char *fault = whole.n > 0 && *whole.p != '#' ? accept_entry(c, &entry) : NULL;

		if (fault && buf_printf(&c->faults, "%s:%d: %s\n", name, line, fault) < 0)
			c->failed = true;
	}
}
