/* The walk over two schemas, for its rules: a writer of one and a reader of the other. */
#pragma once

#include "gen/compat.h"

/* What is written: a request by a client, all else by a daemon; an event unasked. */
enum way { WAY_REQUEST, WAY_RESPONSE, WAY_EVENT };

struct walk {
	struct compat *c;
	const char *line;
	const struct model *writer, *reader;
	bool old_writes; /* the released schema's side; false: it reads */
	enum way way;
	const char *rule; /* the one that looks */
	int depth;
};

/* A key of an object as it stands on the wire. */
struct row {
	const struct field *field;
	const char *number; /* in protobuf: "4", or "1.4" within a flattened message */
};

/* The same key at both ends. */
struct pair {
	const char *parent; /* path of the object; "" for none */
	const char *path;   /* of the key */
	const struct row *writer, *reader;
};

/* A rule looks at one key. `choice`: what it finds a new client does by its own choice, and an old
 * daemon answers err: nothing breaks. */
struct pair_rule {
	const char *name;
	void (*check)(struct walk *w, const struct pair *pair);
	bool choice;
};

/* All rules for a key that both ends have, ended by one without name. */
extern const struct pair_rule pair_rules[];

/* Notes a break of those who speak the released line, under w->rule. */
void compat_note(struct walk *w, const char *path, const char *format, ...) _printf_(3, 4);

/* Text in the arena, as printf has it; "" and a failure noted if there is no memory. */
const char *compat_text(struct compat *c, const char *format, ...) _printf_(2, 3);

/* "parent.key", or "key" if there is no parent. */
const char *compat_path(struct walk *w, const char *parent, const char *key);

/* A new client says what an old daemon can't know. */
static inline bool walk_is_choice(const struct walk *w)
{
	return w->way == WAY_REQUEST && !w->old_writes;
}

/* Checks that a name has kept its number and a number its name, among variants or enum values. */
struct named {
	const char *name;
	int number;
};
void compat_numbers(struct walk *w, const char *parent, struct named writer, struct named reader);
