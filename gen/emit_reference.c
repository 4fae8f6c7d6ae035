#include "gen/emit.h"

#include <string.h>

static const char *scalar_type(const struct field *f)
{
	static const char *const formats[] = { "text", "IP address", "CIDR", "host:port",
					       "key, base64" };

	switch (f->kind) {
	case OVD_KIND_BOOL:
		return "boolean";
	case OVD_KIND_UINT:
		return f->width == 1 ? "u8" : f->width == 2 ? "u16" : f->width == 4 ? "u32" : "u64";
	case OVD_KIND_INT:
		return f->width == 4 ? "i32" : "i64";
	case OVD_KIND_TEXT:
	case OVD_KIND_IP:
		return formats[f->format];
	case OVD_KIND_ENUM:
		return f->enumeration->name;
	case OVD_KIND_OBJECT:
	case OVD_KIND_UNION:
		return f->message->name;
	}
	return "";
}

static bool has_section(const struct field *f)
{
	return f->kind == OVD_KIND_ENUM || f->kind == OVD_KIND_OBJECT || f->kind == OVD_KIND_UNION;
}

static const char *type(struct model *m, const struct field *f)
{
	const char *name = scalar_type(f);

	if (has_section(f)) {
		char *anchor = arena_copy(&m->arena, name, strlen(name));

		for (char *p = anchor; *p; p++)
			*p = (char)(*p >= 'A' && *p <= 'Z' ? *p + 32 : *p);
		name = model_text(m, "[%s](#%s)", name, anchor);
	}
	return f->is_list ? model_text(m, "list of %s", name) : name;
}

static const char *presence(struct model *m, const struct field *f)
{
	if (f->is_list)
		return f->skip_empty  ? "may be missing; left out when empty"
		       : f->defaulted ? "may be missing"
				      : "required";
	if (f->is_required)
		return "required";
	if (f->default_variant)
		return model_text(m, "`%s` if missing", f->default_variant);
	if (f->has_default)
		return model_text(m, "`%s` if missing",
				  *f->default_text ? f->default_text : "\"\"");
	return "optional";
}

static const char *limits(struct model *m, const struct field *f)
{
	const char *text = f->kind == OVD_KIND_TEXT ? model_text(m, "%u bytes", f->max_bytes) : "";

	if (f->is_list)
		text = model_text(m, "%s%s%u items", text, *text ? ", " : "", f->max_items);
	return text;
}

static void field_rows(struct model *m, struct text *t, const struct message *message)
{
	for (size_t i = 0; i < message->fields.n; i++) {
		const struct field *f = &message->fields.items[i];

		if (f->flatten)
			field_rows(m, t, f->message);
		else
			text_put(t, "| `%s` | %s | %s | %s | %s%s%s%s |\n", f->key, type(m, f),
				 presence(m, f), limits(m, f), f->comment,
				 f->since ? " Since " : "", f->since ? f->since : "",
				 f->since ? "." : "");
	}
}

static void field_table(struct model *m, struct text *t, const struct message *message)
{
	if (message->fields.n == 0) {
		text_put(t, "No keys beside it.\n\n");
		return;
	}
	text_put(t, "| key | type | presence | limit | what it is |\n|---|---|---|---|---|\n");
	field_rows(m, t, message);
	text_put(t, "\n");
}

static void answers(struct text *t, const struct field *f)
{
	text_put(t, "Answer: ");
	for (size_t i = 0; i < f->answers.n; i++)
		text_put(t, "%s`%s`", i ? " or " : "", f->answers.items[i]);
	text_put(t, ", or `err`.%s%s%s\n\n", f->since ? " Since " : "", f->since ? f->since : "",
		 f->since ? "." : "");
}

static void variant_sections(struct model *m, struct text *t, const struct message *message)
{
	for (size_t i = 0; i < message->fields.n; i++) {
		const struct field *f = &message->fields.items[i];

		text_put(t, "### `%s`\n\n%s\n\n", f->key, f->comment);
		if (f->message->tag)
			text_put(t, "Its keys are those of %s, in the same object.\n\n",
				 f->message->name);
		else
			field_table(m, t, f->message);
		if (f->answers.n > 0)
			answers(t, f);
	}
}

static void variant_table(struct model *m, struct text *t, const struct message *message)
{
	text_put(t,
		 "One object; `%s` names the variant, whose keys stand beside it.\n\n| `%s` | keys "
		 "| what it is |\n|---|---|---|\n",
		 message->tag, message->tag);
	for (size_t i = 0; i < message->fields.n; i++) {
		const struct field *f = &message->fields.items[i];
		const char *keys = "";

		for (size_t k = 0; k < f->message->fields.n; k++)
			keys = model_text(m, "%s%s`%s` %s", keys, k ? ", " : "",
					  f->message->fields.items[k].key,
					  type(m, &f->message->fields.items[k]));
		text_put(t, "| `%s` | %s | %s%s%s%s |\n", f->key, keys, f->comment,
			 f->since ? " Since " : "", f->since ? f->since : "", f->since ? "." : "");
	}
	text_put(t, "\n");
}

/* Variants of a document's union are described where that union is. */
static bool is_variant_only(const struct model *m, const struct message *message)
{
	bool variant = false, member = false;

	for (size_t i = 0; i < m->messages.n; i++)
		for (size_t k = 0; k < m->messages.items[i].fields.n; k++) {
			const struct field *f = &m->messages.items[i].fields.items[k];

			if (f->message == message)
				*(m->messages.items[i].tag ? &variant : &member) = true;
		}
	return variant && !member;
}

static void structures(struct model *m, struct text *t)
{
	text_put(t, "## Structures\n\n");
	for (size_t i = 0; i < m->messages.n; i++) {
		const struct message *message = &m->messages.items[i];

		if ((message->tag && message->entry) || is_variant_only(m, message) ||
		    message_is_unit(message))
			continue;
		text_put(t, "### %s\n\n%s\n\n", message->name, message->comment);
		if (message->tag)
			variant_table(m, t, message);
		else
			field_table(m, t, message);
	}
	for (size_t i = 0; i < m->enumerations.n; i++) {
		const struct enumeration *e = &m->enumerations.items[i];

		text_put(t, "### %s\n\n%s\n\n| value | meaning |\n|---|---|\n", e->name,
			 e->comment);
		for (size_t k = 0; k < e->values.n; k++)
			text_put(t, "| `%s` | %s%s%s%s |\n", e->values.items[k].wire,
				 e->values.items[k].comment,
				 e->values.items[k].since ? " Since " : "",
				 e->values.items[k].since ? e->values.items[k].since : "",
				 e->values.items[k].since ? "." : "");
		text_put(t, "\n");
	}
}

void emit_reference(struct model *m, struct text *t)
{
	text_put(t,
		 "<!-- Generated by overlaygen from schema/%s. Change that, then run make. -->\n# "
		 "The %s protocol\n\n%s\n\n",
		 m->file, m->base, m->comment ? m->comment : "");
	text_put(t,
		 "How JSON is read and written is in [protocol-rules.md](protocol-rules.md).\n\n");
	for (size_t i = 0; i < m->messages.n; i++) {
		const struct message *message = &m->messages.items[i];

		if (!message->tag || !message->entry)
			continue;
		text_put(t,
			 "## %s\n\n%s The key `%s` names the variant; the variant's keys stand "
			 "beside it.\n\n",
			 message->name, message->comment, message->tag);
		variant_sections(m, t, message);
	}
	structures(m, t);
}
