#include <ctype.h>
#include <string.h>

#include "gen/emit.h"

#define WIDTH_MAX 100

/* ---- names and comments ---- */

/* "attach_container" to "attachContainer". */
static const char *method_name(struct model *m, const char *name)
{
	const char *camel = emit_camel(m, name);

	return model_text(m, "%c%s", tolower((unsigned char)*camel), camel + 1);
}

/* What TSDoc would take for a tag or the comment's end. */
static const char *escaped(struct model *m, const char *text)
{
	char *out = arena_alloc(&m->arena, 2 * strlen(text) + 1);
	size_t n = 0;

	for (const char *p = text; *p; p++) {
		if (strchr("@{}", *p) || (*p == '/' && p > text && p[-1] == '*'))
			out[n++] = '\\';
		out[n++] = *p;
	}
	out[n] = '\0';
	return out;
}

/* A comment and, each on its line, its tags: "@since 0.13.0", separated by newlines. */
static void doc(struct model *m, struct text *t, const char *indent, const char *comment,
		const char *tags)
{
	const char *text = escaped(m, comment ? comment : "");

	if (!*tags && strlen(indent) + strlen(text) + 7 <= WIDTH_MAX) {
		text_put(t, "%s/** %s */\n", indent, text);
		return;
	}
	text_put(t, "%s/**%s", indent, *text ? "\n" : "");
	if (*text)
		text_wrap(t, indent, " * ", " * ", WIDTH_MAX, text);
	if (*tags)
		text_put(t, "\n%s *", indent);
	for (const char *p = tags; *p;) {
		size_t n = strcspn(p, "\n");

		text_put(t, "\n%s * %.*s", indent, (int)n, p);
		p += n;
		p += *p == '\n';
	}
	text_put(t, "\n%s */\n", indent);
}

static const char *since(struct model *m, const char *line)
{
	return line ? model_text(m, "@since %s\n", line) : "";
}

/* What the comment doesn't say. */
static const char *remarks(struct model *m, const struct field *f)
{
	const char *text =
		f->has_max_items ? model_text(m, " At most %u items.", f->max_items) : "";

	if (f->flags & OVD_SECRET)
		return model_text(m, "%s Keep it out of logs.", text);
	return f->example ? model_text(m, "%s Example: `%s`.", text, f->example) : text;
}

/* ---- values ---- */

static bool reaches(const struct message *from, const struct message *wanted)
{
	for (size_t i = 0; i < from->fields.n; i++) {
		const struct message *inner = from->fields.items[i].message;

		if (inner && (inner == wanted || reaches(inner, wanted)))
			return true;
	}
	return false;
}

/* Callers make values of it, and may leave out what has a default. */
static bool is_asked(const struct model *m, const struct message *message)
{
	const struct message *ops = model_operations(m);

	return ops && reaches(ops, message);
}

static const char *message_type(const struct message *message)
{
	return message_is_unit(message) ? "object" : message->name;
}

static const char *item_type(const struct field *f)
{
	switch (f->kind) {
	case OVD_KIND_BOOL:
		return "boolean";
	case OVD_KIND_UINT:
	case OVD_KIND_INT:
		return f->width == 8 ? "bigint" : "number";
	case OVD_KIND_TEXT:
	case OVD_KIND_IP:
		return "string";
	case OVD_KIND_ENUM:
		return f->enumeration->name;
	case OVD_KIND_OBJECT:
	case OVD_KIND_UNION:
		return message_type(f->message);
	}
	return "";
}

static const char *message_codec(const struct message *message)
{
	return message_is_unit(message) ? "wire.unit" : message->name;
}

static const char *item_codec(struct model *m, const struct field *f)
{
	switch (f->kind) {
	case OVD_KIND_BOOL:
		return "wire.bool";
	case OVD_KIND_UINT:
		return model_text(m, "wire.u%u", f->width * 8);
	case OVD_KIND_INT:
		return model_text(m, "wire.i%u", f->width * 8);
	case OVD_KIND_TEXT:
		return "wire.text";
	case OVD_KIND_IP:
		return "wire.ip";
	case OVD_KIND_ENUM:
		return model_text(m, "wire.enumeration(%s)", f->enumeration->name);
	case OVD_KIND_OBJECT:
	case OVD_KIND_UNION:
		return message_codec(f->message);
	}
	return "";
}

/* What a missing key means, as an expression. */
static const char *fallback(struct model *m, const struct field *f)
{
	if (f->is_list)
		return "[]";
	if (f->default_variant)
		return model_text(m, "{ %s: \"%s\" }", f->message->tag,
				  f->message->fields.items[f->fallback].key);
	if (f->kind == OVD_KIND_ENUM)
		return emit_quoted(m, emit_default_value(f)->wire);
	if (f->kind == OVD_KIND_TEXT)
		return "\"\"";
	return model_text(m, "%s%s", f->default_text, f->width == 8 ? "n" : "");
}

static const char *field_codec(struct model *m, const struct field *f)
{
	const char *codec = item_codec(m, f);

	if (f->is_list)
		codec = model_text(m, "wire.list(%s)", codec);
	if (f->skip_empty)
		return model_text(m, "wire.skipEmpty(%s)", codec);
	if (f->flags & OVD_REQUIRED)
		return model_text(m, "wire.required(%s)", codec);
	if (field_is_optional(f))
		return model_text(m, "wire.optional(%s)", codec);
	return model_text(m,
			  *fallback(m, f) == '{' ? "wire.defaulted(%s, () => (%s))"
						 : "wire.defaulted(%s, () => %s)",
			  codec, fallback(m, f));
}

/* ---- types ---- */

static void enumeration(struct model *m, struct text *t, const struct enumeration *e)
{
	text_put(t, "\n");
	doc(m, t, "", e->comment, "");
	text_put(t, "export const %s = {\n", e->name);
	for (size_t i = 0; i < e->values.n; i++) {
		const struct value *v = &e->values.items[i];

		doc(m, t, "  ", v->comment, since(m, v->since));
		text_put(t, "  %s: %s,\n", emit_camel(m, emit_value_name(m, e, v)),
			 emit_quoted(m, v->wire));
	}
	text_put(t, "} as const;\n");
	text_put(t, "export type %s = (typeof %s)[keyof typeof %s];\n", e->name, e->name, e->name);
}

static void property(struct model *m, struct text *t, const struct field *f, bool asked)
{
	bool defaulted = f->flags & OVD_DEFAULTED;
	bool absent = field_is_optional(f) || (asked && defaulted);
	const char *type = item_type(f), *tags = since(m, f->since);

	if (defaulted && !f->skip_empty)
		tags = model_text(m, "@defaultValue `%s`\n%s", fallback(m, f), tags);
	doc(m, t, "  ", model_text(m, "%s%s", f->comment, remarks(m, f)), tags);
	text_put(t, "  %s%s: %s%s%s%s;\n", f->key, absent ? "?" : "", f->is_list ? "readonly " : "",
		 type, f->is_list ? "[]" : "", absent ? " | undefined" : "");
}

static void struct_type(struct model *m, struct text *t, const struct message *message)
{
	const char *separator = " extends";
	bool asked = is_asked(m, message);

	text_put(t, "export interface %s", message->name);
	for (size_t i = 0; i < message->fields.n; i++)
		if (message->fields.items[i].flatten) {
			text_put(t, "%s %s", separator, message->fields.items[i].message->name);
			separator = ",";
		}
	text_put(t, " {\n");
	for (size_t i = 0; i < message->fields.n; i++)
		if (!message->fields.items[i].flatten)
			property(m, t, &message->fields.items[i], asked);
	text_put(t, "}\nexport const %s = new wire.Struct<%s>({\n", message->name, message->name);
	for (size_t i = 0; i < message->fields.n; i++) {
		const struct field *f = &message->fields.items[i];

		if (f->flatten)
			text_put(t, "  ...%s.fields,\n", f->message->name);
		else
			text_put(t, "  %s: %s,\n", f->key, field_codec(m, f));
	}
	text_put(t, "});\n");
}

static void union_type(struct model *m, struct text *t, const struct message *message)
{
	text_put(t, "export type %s =", message->name);
	for (size_t i = 0; i < message->fields.n; i++) {
		const struct field *f = &message->fields.items[i];

		text_put(t, "\n");
		doc(m, t, "  ", f->comment, since(m, f->since));
		text_put(t,
			 message_is_unit(f->message) ? "  | { %s: \"%s\" }"
						     : "  | ({ %s: \"%s\" } & %s)",
			 message->tag, f->key, f->message->name);
	}
	text_put(t, ";\nexport const %s = new wire.Union<%s, \"%s\">(\"%s\", {\n", message->name,
		 message->name, message->tag, message->tag);
	for (size_t i = 0; i < message->fields.n; i++)
		text_put(t, "  %s: %s,\n", message->fields.items[i].key,
			 message_codec(message->fields.items[i].message));
	text_put(t, "});\n");
}

static void type(struct model *m, struct text *t, const struct message *message)
{
	if (message_is_unit(message))
		return;
	text_put(t, "\n");
	doc(m, t, "", message->comment, "");
	if (message->tag)
		union_type(m, t, message);
	else
		struct_type(m, t, message);
}

/* ---- operations ---- */

static const char *answers(struct model *m, const struct field *f, const char *separator)
{
	const char *text = "";

	for (size_t i = 0; i < f->answers.n; i++)
		text = model_text(m, "%s%s\"%s\"", text, i ? separator : "", f->answers.items[i]);
	return text;
}

static void method(struct model *m, struct text *t, const struct message *ops,
		   const struct field *f)
{
	bool unit = message_is_unit(f->message);
	const char *name = method_name(m, f->name);
	const char *request = unit ? "" : model_text(m, "request: %s", f->message->name);
	const char *result = model_text(m, "Promise<Answer<%s>> {", answers(m, f, " | "));

	text_put(t, "\n");
	doc(m, t, "  ", f->comment, since(m, f->since));
	if (strlen(name) + strlen(request) + strlen(result) + 30 <= WIDTH_MAX)
		text_put(t, "  %s(%s%soptions?: CallOptions): %s\n", name, request,
			 unit ? "" : ", ", result);
	else
		text_put(t, "  %s(%s%s%s\n    options?: CallOptions,\n  ): %s\n", name,
			 unit ? "" : "\n    ", request, unit ? "" : ",", result);
	text_put(t, "    return this.ask({ %s%s: \"%s\" }, [%s], options);\n  }\n",
		 unit ? "" : "...request, ", ops->tag, f->key, answers(m, f, ", "));
}

/* The schema's unions have these names: see gen/lint.c. */
static void operations(struct model *m, struct text *t, const struct message *ops,
		       const struct message *response)
{
	text_put(t,
		 "\n/** The answers with one of these results. */\n"
		 "export type Answer<R extends %s[\"%s\"]> = Extract<%s, { %s: R }>;\n",
		 response->name, response->tag, response->name, response->tag);
	text_put(t,
		 "\n/** A method per operation; how a request gets there is the heir's. */\n"
		 "export abstract class Operations {\n"
		 "  /** Sends a request and resolves with its answer, which must be one of these "
		 "results. */\n");
	text_put(t,
		 "  protected abstract ask<R extends %s[\"%s\"]>(\n    request: %s,\n"
		 "    results: readonly R[],\n    options?: CallOptions,\n  ): "
		 "Promise<Answer<R>>;\n",
		 response->name, response->tag, ops->name);
	for (size_t i = 0; i < ops->fields.n; i++)
		method(m, t, ops, &ops->fields.items[i]);
	text_put(t, "}\n");
}

void emit_typescript(struct model *m, struct text *t)
{
	const struct message *ops = model_operations(m), *response = model_message(m, "Response");
	bool has_operations = ops && response && response->tag;

	text_put(t, "// Generated by overlaygen from schema/%s. Change that, then run make.\n",
		 m->file);
	text_put(t, "import * as wire from \"./codec.js\";\n");
	if (has_operations)
		text_put(t, "import type { CallOptions } from \"./options.js\";\n");
	for (size_t i = 0; i < m->enumerations.n; i++)
		enumeration(m, t, &m->enumerations.items[i]);
	emit_in_order(m, t, type);
	if (has_operations)
		operations(m, t, ops, response);
}
