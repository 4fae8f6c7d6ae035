/* The outputs. Each only reads the model. */
#pragma once

#include "gen/model.h"
#include "gen/text.h"

struct output {
	const char *path; /* % stands for the schema's base name */
	void (*emit)(struct model *m, struct text *t);
};

/* All of them, ended by one without path. Alone in its object file: a program that has a table of
 * its own is a generator with those outputs. */
extern const struct output outputs[];

void emit_types(struct model *m, struct text *t);
void emit_tables(struct model *m, struct text *t);
void emit_ops_header(struct model *m, struct text *t);
void emit_ops(struct model *m, struct text *t);
void emit_ctl_header(struct model *m, struct text *t);
void emit_ctl(struct model *m, struct text *t);
void emit_describe_header(struct model *m, struct text *t);
void emit_describe(struct model *m, struct text *t);
void emit_completion_bash(struct model *m, struct text *t);
void emit_completion_zsh(struct model *m, struct text *t);
void emit_completion_fish(struct model *m, struct text *t);
void emit_man_protocol(struct model *m, struct text *t);
void emit_man_commands(struct model *m, struct text *t);

/* With lines "@example MESSAGE VARIANT@" where a frame is to be shown. */
void emit_reference(struct model *m, struct text *t);
void emit_dictionary(struct model *m, struct text *t);
void emit_html(struct model *m, struct text *t);
void emit_python(struct model *m, struct text *t);
void emit_go(struct model *m, struct text *t);
void emit_rust(struct model *m, struct text *t);
void emit_typescript(struct model *m, struct text *t);

/* The first line of every output in C. */
void emit_banner(const struct model *m, struct text *t);

/* Calls each for every message after those that it holds. */
void emit_in_order(struct model *m, struct text *t,
		   void (*each)(struct model *m, struct text *t, const struct message *message));

/* The type of one item of a field in C: "struct ovd_view", "uint16_t". */
const char *emit_c_type(struct model *m, const struct field *field);

/* The enumerator of a union's variant: "OVD_REQUEST_STATUS". */
const char *emit_variant_name(struct model *m, const struct message *message,
			      const struct field *field);

/* A command's flag for this field is wanted: a list too, which may be empty. */
bool emit_is_wanted(const struct field *field);

/* What stands for a flag's value in help: "N", "auto|shared". */
const char *emit_placeholder(struct model *m, const struct field *field);

/* A string as a C literal, with its quotes. */
const char *emit_quoted(struct model *m, const char *text);

/* "nat_status" and "NAT_STATUS" to "NatStatus". */
const char *emit_camel(struct model *m, const char *name);

/* An enum's value without the enum's name, which protobuf wants before it: "AUTO" of
 * "OVERLAY_MODE_AUTO". */
const char *emit_value_name(struct model *m, const struct enumeration *e,
			    const struct value *value);

/* What a missing key of an ENUM with a default means. */
const struct value *emit_default_value(const struct field *field);

/* What a missing key of a field with a default means, as it would stand on the wire:
 * "{"scope":"global"}", "[]". */
const char *emit_default_json(struct model *m, const struct field *field);

/* A union's variant by its name on the wire; NULL. */
const struct field *emit_variant(const struct message *message, const char *key);
