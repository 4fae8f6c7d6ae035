/* What pages for people say of a field. Texts are the model's. */
#pragma once

#include "gen/model.h"

/* "u16", "host:port", "list of Peer". */
const char *words_type(struct model *m, const struct field *f);

/* "required", "`true` if missing", "optional". */
const char *words_presence(struct model *m, const struct field *f);

/* "63 bytes, 64 items"; "" for none. */
const char *words_limits(struct model *m, const struct field *f);

/* The field's or the variant's comment, and the line of the contract that it came with. */
const char *words_comment(struct model *m, const struct field *f);

/* A comment and that line, if it isn't NULL. */
const char *words_since(struct model *m, const char *comment, const char *since);

/* The message or enumeration that describes the field's values; NULL for a plain value. */
const char *words_section(const struct field *f);

/* Variants of a document's union are described where that union is, and need no section of their
 * own; neither do empty messages and documents. */
bool words_has_section(const struct model *m, const struct message *message);
