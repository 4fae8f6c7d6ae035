/* The walk over two schemas, and what its parts share: a writer of one, a reader of the other. Each
 * part notes whatever the writer may write and the reader refuses or takes for something else. */
#pragma once

#include <string.h>

#include "gen/compat.h"

/* What is written: a request by a client, all else by a daemon; an event unasked. */
enum way { WAY_REQUEST, WAY_RESPONSE, WAY_EVENT };

/* A message around the one that the walk has come to. */
struct step {
	const struct message *message;
	const struct step *outer;
};

struct walk {
	struct compat *c;
	const char *line;
	const struct model *writer, *reader;
	bool old_writes; /* the released schema's side; false: it reads */
	enum way way;
	const char *rule; /* the one that looks */
	const struct step *inside;
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

/* The protobuf numbers of variants or of an enum's values. */
struct names {
	struct {
		const char *name;
		int number;
	} * items;
	size_t n;
};

/* Two messages of one place; two of those without a tag, two with. The path is "" for the union of
 * the operations. */
void compat_messages(struct walk *w, const char *path, const struct message *writer,
		     const struct message *reader);
void compat_objects(struct walk *w, const char *path, const struct message *writer,
		    const struct message *reader);
void compat_unions(struct walk *w, const char *path, const struct message *writer,
		   const struct message *reader);

/* Notes names that have another number now, and numbers another name. */
void compat_numbers(struct walk *w, const char *parent, const struct names *writer,
		    const struct names *reader);

/* Notes a break of those who speak the released line, under w->rule. */
void compat_note(struct walk *w, const char *path, const char *format, ...) _printf_(3, 4);

/* Memory in the arena; zeros, and text as printf has it. NULL and "" if there is none, which sticks
 * in c. */
void *compat_alloc(struct compat *c, size_t n);
const char *compat_text(struct compat *c, const char *format, ...) _printf_(2, 3);

/* "parent.key", or "key" if there is no parent. */
const char *compat_path(struct walk *w, const char *parent, const char *key);

/* A path for people. */
static inline const char *compat_name(const char *path)
{
	return *path ? path : "operations";
}

/* Whether the walk is within a message. A schema that recurses is refused later, by lint. */
bool walk_is_inside(const struct walk *w, const struct message *message);

/* A new client says what an old daemon can't know. */
static inline bool walk_is_choice(const struct walk *w)
{
	return w->way == WAY_REQUEST && !w->old_writes;
}

static inline bool message_is_called(const struct message *message, const char *name)
{
	return strcmp(message->name, name) == 0;
}
