#include "gen/emit.h"

#define COMMENT_COLUMN 56

static void head(struct model *m, struct text *t)
{
	emit_banner(m, t);
	text_put(
		t,
		"#pragma once\n\n#include <stdbool.h>\n#include <stddef.h>\n#include <stdint.h>\n\n"
		"#include \"runtime/arena.h\"\n#include \"runtime/buf.h\"\n#include "
		"\"runtime/fault.h\"\n"
		"#include \"runtime/ip.h\"\n#include \"runtime/table.h\"\n#include "
		"\"runtime/view.h\"\n\n"
		"#if OVD_TABLE_FORMAT != %d\n#error \"generated for table format %d: run "
		"make\"\n#endif\n",
		OVD_TABLE_FORMAT, OVD_TABLE_FORMAT);
}

static void enumeration(struct model *m, struct text *t, const struct enumeration *e)
{
	text_put(t, "\n");
	text_comment(t, "", model_text(m, "%s %s:%d", e->comment, m->file, e->line));
	text_put(t, "enum %s {\n", e->c_name);
	for (size_t i = 0; i < e->values.n; i++)
		text_row(t, COMMENT_COLUMN,
			 model_text(m, "%s = %d,", e->values.items[i].c_name,
				    e->values.items[i].number),
			 e->values.items[i].comment);
	text_put(t,
		 "};\n\n/* The value's text on the wire; NULL for a number that is none. */\nconst "
		 "char *%s_name(enum %s value);\n",
		 e->c_name, e->c_name);
}

/* What a reader has to know of a text or a list beside the schema's comment. */
static const char *member_comment(struct model *m, const struct field *f)
{
	if (f->kind == OVD_KIND_TEXT && field_is_optional(f))
		return model_text(m, "%s Absent: .p is NULL.", f->comment);
	return f->comment;
}

static void member(struct model *m, struct text *t, const struct field *f)
{
	const char *type = emit_c_type(m, f), *comment = member_comment(m, f);

	if (field_is_optional(f) && f->kind != OVD_KIND_TEXT)
		text_put(t, "\tbool has_%s;\n", f->name);
	if (f->is_list)
		text_row(t, COMMENT_COLUMN,
			 model_text(m, "struct { const %s *items; size_t n; } %s;", type, f->name),
			 comment);
	else
		text_row(t, COMMENT_COLUMN, model_text(m, "%s %s;", type, f->name), comment);
}

static void object(struct model *m, struct text *t, const struct message *message)
{
	text_put(t, "struct %s {\n", message->c_name);
	for (size_t i = 0; i < message->fields.n; i++)
		member(m, t, &message->fields.items[i]);
	text_put(t, "};\n");
}

static bool has_bodies(const struct message *message)
{
	for (size_t i = 0; i < message->fields.n; i++)
		if (!message_is_unit(message->fields.items[i].message))
			return true;
	return false;
}

static void tagged_union(struct model *m, struct text *t, const struct message *message)
{
	text_put(t, "enum %s_kind {\n", message->c_name);
	for (size_t i = 0; i < message->fields.n; i++)
		text_row(t, COMMENT_COLUMN,
			 model_text(m, "%s,",
				    emit_variant_name(m, message, &message->fields.items[i])),
			 message->fields.items[i].comment);
	text_put(t, "};\n\nstruct %s {\n\tenum %s_kind kind;\n", message->c_name, message->c_name);
	if (has_bodies(message)) {
		text_put(t, "\tunion {\n");
		for (size_t i = 0; i < message->fields.n; i++)
			if (!message_is_unit(message->fields.items[i].message))
				text_put(t, "\t\tstruct %s %s;\n",
					 message->fields.items[i].message->c_name,
					 message->fields.items[i].name);
		text_put(t, "\t};\n");
	}
	text_put(t,
		 "};\n\n/* The variant's name on the wire; NULL for a number that is none. */\n"
		 "const char *%s_kind_name(enum %s_kind kind);\n",
		 message->c_name, message->c_name);
}

static void message_type(struct model *m, struct text *t, const struct message *message)
{
	if (message_is_unit(message))
		return;
	text_put(t, "\n");
	text_comment(t, "", model_text(m, "%s %s:%d", message->comment, m->file, message->line));
	if (message->tag)
		tagged_union(m, t, message);
	else
		object(m, t, message);
}

static void entries(struct model *m, struct text *t)
{
	text_put(t,
		 "\n/* Documents between JSON and struct; see runtime/json.h.\n *\n"
		 " * decode: body.p[body.n] must be NUL and BUF_SLACK bytes from there readable. "
		 "Views in *ret point into the body\n"
		 " * or the arena and live as long as both. 0; -EBADMSG and the fault; -ENOMEM.\n"
		 " * encode: appends to out. 0; -ENOMEM, or -EINVAL for a kind or value that is "
		 "none: out is then as it was. */\n");
	for (size_t i = 0; i < m->messages.n; i++) {
		const struct message *message = &m->messages.items[i];

		if (message->entry)
			text_put(t,
				 "int %s_decode(struct ovd_view body, struct arena *arena, struct "
				 "%s *ret,\n"
				 "\t\tstruct ovd_fault *fault);\n"
				 "int %s_encode(const struct %s *in, struct buf *out);\n",
				 message->c_name, message->c_name, message->c_name,
				 message->c_name);
	}
	text_put(t, "\n/* Their tables, for who works on any document. */\n");
	for (size_t i = 0; i < m->messages.n; i++)
		if (m->messages.items[i].entry)
			text_put(t, "extern const struct ovd_table %s_table;\n",
				 m->messages.items[i].c_name);
}

void emit_types(struct model *m, struct text *t)
{
	head(m, t);
	for (size_t i = 0; i < m->enumerations.n; i++)
		enumeration(m, t, &m->enumerations.items[i]);
	emit_in_order(m, t, message_type);
	entries(m, t);
}
