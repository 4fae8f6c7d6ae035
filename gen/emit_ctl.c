#include "gen/emit.h"

#include <string.h>

static const char *kind_name(const struct field *f)
{
	switch (f->kind) {
	case OVD_KIND_BOOL:
		return "CTL_BOOL";
	case OVD_KIND_UINT:
	case OVD_KIND_INT:
		return "CTL_NUMBER";
	case OVD_KIND_TEXT:
	case OVD_KIND_IP:
		return "CTL_TEXT";
	case OVD_KIND_ENUM:
		return "CTL_ENUM";
	case OVD_KIND_OBJECT:
		return "CTL_JSON";
	case OVD_KIND_UNION:
		return "CTL_UNION";
	}
	return "";
}

static const char *text_placeholder(const struct field *f)
{
	switch (f->format) {
	case FORMAT_TEXT:
		return "TEXT";
	case FORMAT_IP:
		return "IP";
	case FORMAT_CIDR:
		return "CIDR";
	case FORMAT_ENDPOINT:
		return "HOST:PORT";
	case FORMAT_KEY:
		return "KEY";
	}
	return "";
}

/* The first key that a variant can't do without: what stands behind its name and a colon. */
static const struct field *variant_value(const struct field *variant)
{
	for (size_t i = 0; i < variant->message->fields.n; i++)
		if (variant->message->fields.items[i].is_required)
			return &variant->message->fields.items[i];
	return NULL;
}

const char *emit_placeholder(struct model *m, const struct field *f)
{
	const char *text = "";

	switch (f->kind) {
	case OVD_KIND_BOOL:
		return "true|false";
	case OVD_KIND_UINT:
	case OVD_KIND_INT:
		return "N";
	case OVD_KIND_TEXT:
	case OVD_KIND_IP:
		return text_placeholder(f);
	case OVD_KIND_ENUM:
		for (size_t i = 0; i < f->enumeration->values.n; i++)
			text = model_text(m, "%s%s%s", text, *text ? "|" : "",
					  f->enumeration->values.items[i].wire);
		return text;
	case OVD_KIND_UNION:
		for (size_t i = 0; i < f->message->fields.n; i++) {
			const struct field *variant = &f->message->fields.items[i],
					   *value = variant_value(variant);

			text = model_text(m, "%s%s%s%s%s", text, *text ? "|" : "", variant->key,
					  value ? ":" : "", value ? name_upper(m, value->key) : "");
		}
		return text;
	case OVD_KIND_OBJECT:
		return "JSON";
	}
	return "";
}

bool emit_is_wanted(const struct field *f)
{
	return f->is_required || (f->is_list && !f->defaulted);
}

static void variants(struct model *m, struct text *t, const struct field *f)
{
	text_put(t, "\nstatic const struct ctl_variant %s_variants[] = {\n", f->message->c_name);
	for (size_t i = 0; i < f->message->fields.n; i++) {
		const struct field *variant = &f->message->fields.items[i],
				   *value = variant_value(variant);

		text_put(t, "\t{ .name = \"%s\", .key = %s, .number = %s },\n", variant->key,
			 value ? emit_quoted(m, value->key) : "NULL",
			 value && (value->kind == OVD_KIND_UINT || value->kind == OVD_KIND_INT)
				 ? "true"
				 : "false");
	}
	text_put(t, "};\n");
}

/* The unions that some operation has for a flag, each once. */
static void all_variants(struct model *m, struct text *t, const struct message *message)
{
	for (size_t i = 0; i < message->fields.n; i++) {
		const struct field *f = &message->fields.items[i];

		if (f->flatten)
			all_variants(m, t, f->message);
		else if (f->kind == OVD_KIND_UNION && !f->message->placed) {
			f->message->placed = true;
			variants(m, t, f);
		}
	}
}

static size_t flags(struct model *m, struct text *t, const struct message *message)
{
	size_t n = 0;

	for (size_t i = 0; i < message->fields.n; i++) {
		const struct field *f = &message->fields.items[i];

		if (f->flatten) {
			n += flags(m, t, f->message);
			continue;
		}
		text_put(t,
			 "\t{\n\t\t.name = \"%s\", .key = \"%s\", .kind = %s, .required = %s, "
			 ".repeated = %s,\n",
			 name_dashes(m, f->key), f->key, kind_name(f),
			 emit_is_wanted(f) ? "true" : "false", f->is_list ? "true" : "false");
		text_put(t, "\t\t.placeholder = \"%s\",\n\t\t.help = %s,\n", emit_placeholder(m, f),
			 emit_quoted(m, f->comment));
		if (f->kind == OVD_KIND_UNION)
			text_put(t,
				 "\t\t.tag = \"%s\", .variants = %s_variants, .n_variants = %zu,\n",
				 f->message->tag, f->message->c_name, f->message->fields.n);
		text_put(t, "\t},\n");
		n++;
	}
	return n;
}

static const char *answers(struct model *m, const struct field *f)
{
	const char *text = "";

	for (size_t i = 0; i < f->answers.n; i++)
		text = model_text(m, "%s%s%s", text, i ? ", " : "", f->answers.items[i]);
	return text;
}

static size_t count_flags(const struct message *message)
{
	size_t n = 0;

	for (size_t i = 0; i < message->fields.n; i++)
		n += message->fields.items[i].flatten
			     ? count_flags(message->fields.items[i].message)
			     : 1;
	return n;
}

static void command(struct model *m, struct text *t, const struct field *f)
{
	size_t n = count_flags(f->message);

	text_put(t,
		 "\t{\n\t\t.name = \"%s\", .op = \"%s\", .since = \"%s\",\n\t\t.answers = "
		 "\"%s\",\n\t\t.summary = %s,\n",
		 name_dashes(m, f->key), f->key, f->since ? f->since : "the first line",
		 answers(m, f), emit_quoted(m, f->comment));
	if (n > 0)
		text_put(t, "\t\t.flags = %s_flags, .n_flags = %zu,\n", f->name, n);
	text_put(t, "\t},\n");
}

void emit_ctl_header(struct model *m, struct text *t)
{
	emit_banner(m, t);
	text_put(t,
		 "#pragma once\n\n#include \"client/ctl/command.h\"\n\n"
		 "/* One command per operation, in the schema's order; the last has no name. */\n"
		 "extern const struct ctl_command %s_commands[];\n",
		 m->prefix);
}

void emit_ctl(struct model *m, struct text *t)
{
	const struct message *ops = model_operations(m);

	emit_banner(m, t);
	text_put(t, "#include \"schema/%s_ctl.h\"\n", m->base);
	for (size_t i = 0; i < m->messages.n; i++)
		m->messages.items[i].placed = false;
	for (size_t i = 0; ops && i < ops->fields.n; i++) {
		const struct field *f = &ops->fields.items[i];

		all_variants(m, t, f->message);
		if (count_flags(f->message) == 0)
			continue;
		text_put(t, "\nstatic const struct ctl_flag %s_flags[] = {\n", f->name);
		flags(m, t, f->message);
		text_put(t, "};\n");
	}
	text_put(t, "\nconst struct ctl_command %s_commands[] = {\n", m->prefix);
	for (size_t i = 0; ops && i < ops->fields.n; i++)
		command(m, t, &ops->fields.items[i]);
	text_put(t, "\t{ .name = NULL },\n};\n");
}
