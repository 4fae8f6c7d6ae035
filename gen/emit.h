/* The outputs. Each only reads the model. */
#pragma once

#include "gen/model.h"
#include "gen/text.h"

struct output {
	const char *path; /* % stands for the schema's base name */
	void (*emit)(struct model *m, struct text *t);
};

/* All of them, ended by one without path. */
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

/* What stands for a flag's value in help: "N", "auto|shared". */
const char *emit_placeholder(struct model *m, const struct field *field);

/* A string as a C literal, with its quotes. */
const char *emit_quoted(struct model *m, const char *text);
