#include "gen/emit.h"

#include <string.h>

#include "gen/words.h"

/* As the package's pyproject.toml has it: what is written here is formatted by ruff's rules. */
#define WIDTH_MAX 100

/* ---- names ---- */

/* Keywords, and the names that members are declared with. */
static const char *member_name(struct model *m, const char *name)
{
	static const char words[] =
		" and as assert async await class dataclasses def del elif except finally "
		"from global import in is lambda nonlocal not or pass raise "
		"str try tuple with yield ";

	return strstr(words, model_text(m, " %s ", name)) ? model_text(m, "%s_", name) : name;
}

/* A value is known by its class: an empty variant, or one of two with the same message, needs one
 * of its own. */
static bool has_own_class(const struct message *holder, const struct field *variant)
{
	size_t n = 0;

	for (size_t i = 0; i < holder->fields.n; i++)
		n += holder->fields.items[i].message == variant->message;
	return !variant->message->tag && (message_is_unit(variant->message) || n > 1);
}

static const char *variant_class(struct model *m, const struct message *holder,
				 const struct field *variant)
{
	if (has_own_class(holder, variant))
		return model_text(m, "%s%s", holder->name, emit_camel(m, variant->name));
	return variant->message->name;
}

/* An empty message that only serves as a variant has no class: each variant has. */
static bool has_class(const struct model *m, const struct message *message)
{
	bool used = !message_is_unit(message) || message->entry;

	for (size_t i = 0; i < m->messages.n; i++)
		for (size_t k = 0; k < m->messages.items[i].fields.n; k++)
			used |= m->messages.items[i].fields.items[k].message == message &&
				!m->messages.items[i].tag;
	return used;
}

static const char *table_name(struct model *m, const struct message *message)
{
	return model_text(m, "_%s", name_upper(m, name_snake(m, message->name)));
}

/* ---- text ---- */

/* The one line if it fits the width, else the several. */
static void fit(struct text *t, const char *one, const char *several)
{
	text_put(t, "%s\n", strlen(one) <= WIDTH_MAX ? one : several);
}

static const char *escaped(struct model *m, const char *text)
{
	_cleanup_(text_done) struct text out = { .failed = false };

	for (; *text; text++)
		text_put(&out,
			 *text == '\\' || (*text == '"' && strchr("\"", text[1])) ? "\\%c" : "%c",
			 *text);
	return arena_copy(&m->arena, buf_view(&out.buf).p, out.buf.n);
}

/* A docstring; on lines of its own it leaves room for the quotes, which ruff would pull up. */
static void doc(struct model *m, struct text *t, const char *indent, const char *comment)
{
	const char *text = escaped(m, comment),
		   *one = model_text(m, "%s\"\"\"%s\"\"\"", indent, text);

	if (strlen(one) <= WIDTH_MAX) {
		text_put(t, "%s\n", one);
		return;
	}
	text_wrap(t, indent, "\"\"\"", "", WIDTH_MAX - 3, text);
	text_put(t, "\n%s\"\"\"\n", indent);
}

/* ---- types ---- */

static const char *item_type(const struct field *f)
{
	switch (f->kind) {
	case OVD_KIND_BOOL:
		return "bool";
	case OVD_KIND_UINT:
	case OVD_KIND_INT:
		return "int";
	case OVD_KIND_TEXT:
		return "str";
	case OVD_KIND_IP:
		return "_codec.IPAddress";
	case OVD_KIND_ENUM:
		return f->enumeration->name;
	case OVD_KIND_OBJECT:
	case OVD_KIND_UNION:
		return f->message->name;
	}
	return "";
}

static const char *member_type(struct model *m, const struct field *f)
{
	if (f->is_list)
		return model_text(m, "tuple[%s, ...]", item_type(f));
	return field_is_optional(f) ? model_text(m, "%s | None", item_type(f)) : item_type(f);
}

/* NULL: the member has none. */
static const char *default_value(struct model *m, const struct field *f)
{
	if (field_is_optional(f))
		return "None";
	if (!(f->flags & OVD_DEFAULTED))
		return NULL;
	if (f->is_list)
		return "()";
	switch (f->kind) {
	case OVD_KIND_BOOL:
		return f->fallback ? "True" : "False";
	case OVD_KIND_UINT:
		return model_text(m, "%llu", (unsigned long long)f->fallback);
	case OVD_KIND_INT:
		return model_text(m, "%lld", (long long)f->fallback);
	case OVD_KIND_TEXT:
	case OVD_KIND_IP:
		return "\"\"";
	case OVD_KIND_ENUM:
		return model_text(m, "%s.%s", f->enumeration->name,
				  emit_value_name(m, f->enumeration, emit_default_value(f)));
	case OVD_KIND_OBJECT:
	case OVD_KIND_UNION:
		return model_text(
			m, "%s()",
			variant_class(m, f->message, &f->message->fields.items[f->fallback]));
	}
	return NULL;
}

static void enumeration(struct model *m, struct text *t, const struct enumeration *e)
{
	text_put(t, "\n\nclass %s(enum.StrEnum):\n", e->name);
	doc(m, t, "    ", e->comment);
	text_put(t, "\n");
	for (size_t i = 0; i < e->values.n; i++) {
		const struct value *value = &e->values.items[i];

		text_put(t, "    %s = %s\n", emit_value_name(m, e, value),
			 emit_quoted(m, value->wire));
		doc(m, t, "    ", words_since(m, value->comment, value->since));
	}
}

static void class_head(struct model *m, struct text *t, const char *name, const char *base,
		       const char *comment)
{
	text_put(t,
		 "\n\n@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)\nclass %s%s:\n",
		 name, base);
	doc(m, t, "    ", comment);
}

static void member(struct model *m, struct text *t, const struct field *f)
{
	const char *value = default_value(m, f), *right = value ? value : "";

	if (f->flags & OVD_SECRET)
		right = model_text(m, "dataclasses.field(%s%s%srepr=False)",
				   value ? "default=" : "", right, value ? ", " : "");
	text_put(t, "    %s: %s%s%s\n", member_name(m, f->name), member_type(m, f),
		 *right ? " = " : "", right);
	doc(m, t, "    ", words_comment(m, f));
}

static void own_class(struct model *m, struct text *t, const struct message *holder,
		      const struct field *variant)
{
	const char *base = message_is_unit(variant->message)
				   ? ""
				   : model_text(m, "(%s)", variant->message->name);

	class_head(m, t, variant_class(m, holder, variant), base, words_comment(m, variant));
}

static void union_types(struct model *m, struct text *t, const struct message *message)
{
	const char *one = "", *several = "";

	for (size_t i = 0; i < message->fields.n; i++) {
		const struct field *f = &message->fields.items[i];

		if (has_own_class(message, f))
			own_class(m, t, message, f);
		one = model_text(m, "%s%s%s", one, i ? " | " : "", variant_class(m, message, f));
		several = model_text(m, "%s\n    %s%s", several, i ? "| " : "",
				     variant_class(m, message, f));
	}
	text_put(t, "\n\n");
	if (strlen(one) + strlen("    ") <= WIDTH_MAX)
		several = model_text(m, "\n    %s", one);
	fit(t, model_text(m, "%s: typing.TypeAlias = %s", message->name, one),
	    model_text(m, "%s: typing.TypeAlias = (%s\n)", message->name, several));
	doc(m, t, "", message->comment);
}

static void types(struct model *m, struct text *t, const struct message *message)
{
	if (message->tag) {
		union_types(m, t, message);
		return;
	}
	if (!has_class(m, message))
		return;
	class_head(m, t, message->name, "", message->comment);
	text_put(t, message->fields.n ? "\n" : "");
	for (size_t i = 0; i < message->fields.n; i++)
		member(m, t, &message->fields.items[i]);
}

/* ---- tables ---- */

static const char *item_codec(struct model *m, const struct field *f)
{
	switch (f->kind) {
	case OVD_KIND_BOOL:
		return "_codec.BOOLEAN";
	case OVD_KIND_UINT:
		return model_text(m, "_codec.U%u", f->width * 8);
	case OVD_KIND_INT:
		return model_text(m, "_codec.I%u", f->width * 8);
	case OVD_KIND_TEXT:
		return model_text(m, "_codec.Text(%u)", f->max_bytes);
	case OVD_KIND_IP:
		return "_codec.ADDRESS";
	case OVD_KIND_ENUM:
		return model_text(m, "_codec.Enumeration(%s)", f->enumeration->name);
	case OVD_KIND_OBJECT:
	case OVD_KIND_UNION:
		return table_name(m, f->message);
	}
	return "";
}

static void row(struct model *m, struct text *t, const struct field *f)
{
	const char *name = member_name(m, f->name), *value = default_value(m, f),
		   *arguments[6] = { model_text(m, "\"%s\"", f->key), item_codec(m, f) },
		   *one = "    _codec.Field(", *several = one;
	size_t n = 2;

	if (f->is_list)
		arguments[1] = model_text(m, "_codec.List(%s, %u)", arguments[1], f->max_items);
	if (strcmp(name, f->key) != 0)
		arguments[n++] = model_text(m, "attribute=\"%s\"", name);
	if (field_is_optional(f))
		arguments[n++] = "optional=True";
	else if (value)
		arguments[n++] = model_text(m, "default=%s", value);
	if (f->skip_empty)
		arguments[n++] = "skip_empty=True";
	if (f->flatten)
		arguments[n++] = "flatten=True";
	for (size_t i = 0; i < n; i++) {
		one = model_text(m, "%s%s%s", one, i ? ", " : "", arguments[i]);
		several = model_text(m, "%s\n        %s,", several, arguments[i]);
	}
	fit(t, model_text(m, "%s),", one), model_text(m, "%s\n    ),", several));
}

static void variant_row(struct model *m, struct text *t, const struct message *message,
			const struct field *f)
{
	const char *table = table_name(m, f->message);

	if (has_own_class(message, f))
		table = model_text(
			m, "_codec.Record(%s%s)", variant_class(m, message, f),
			message_is_unit(f->message) ? "" : model_text(m, ", *%s.fields", table));
	text_put(t, "        \"%s\": %s,\n", f->key, table);
}

static void table(struct model *m, struct text *t, const struct message *message)
{
	const char *name = table_name(m, message);

	if (message->tag) {
		text_put(t, "\n%s: _codec.Object[%s] = _codec.Union(\n    \"%s\",\n    {\n", name,
			 message->name, message->tag);
		for (size_t i = 0; i < message->fields.n; i++)
			variant_row(m, t, message, &message->fields.items[i]);
		text_put(t, "    },\n)\n");
	} else if (has_class(m, message)) {
		text_put(t, "\n%s = _codec.Record(\n    %s,\n", name, message->name);
		for (size_t i = 0; i < message->fields.n; i++)
			row(m, t, &message->fields.items[i]);
		text_put(t, ")\n");
	}
}

static void entry(struct model *m, struct text *t, const struct message *message)
{
	const char *snake = name_snake(m, message->name), *name = message->name,
		   *of = table_name(m, message);

	text_put(t, "\n\ndef decode_%s(body: bytes) -> %s:\n", snake, name);
	text_put(t, "    \"\"\"Reads one %s. Raises DecodeError.\"\"\"\n", name);
	text_put(t, "    return _codec.decode(%s, body)\n", of);
	text_put(t, "\n\ndef encode_%s(value: %s) -> bytes:\n", snake, name);
	text_put(t, "    \"\"\"Writes it in its one canonical form. Raises EncodeError.\"\"\"\n");
	text_put(t, "    return _codec.encode(%s, value)\n", of);
}

/* ---- operations ---- */

/* The classes of an operation's answers; an empty one alone is none. */
static const char *answer_classes(struct model *m, const struct field *f, bool *ret_unit)
{
	const struct message *response = model_message(m, "Response");
	const char *out = "";

	for (size_t i = 0; i < f->answers.n; i++) {
		const struct field *variant = emit_variant(response, f->answers.items[i]);

		out = model_text(m, "%s%s%s", out, *out ? " | " : "",
				 variant_class(m, response, variant));
		*ret_unit = f->answers.n == 1 && message_is_unit(variant->message);
	}
	return out;
}

static void operation(struct model *m, struct text *t, const struct message *ops,
		      const struct field *f, const char *async)
{
	bool unit = false, own = message_is_unit(f->message);
	const char *answers = answer_classes(m, f, &unit), *class = variant_class(m, ops, f),
		   *head = model_text(m, "    %sdef %s(", async, member_name(m, f->name)),
		   *tail = model_text(m, ") -> %s:", unit ? "None" : answers),
		   *timeout = "timeout: float | None = None",
		   *request = own ? "" : model_text(m, "request: %s, /, ", class),
		   *split = own ? "" : model_text(m, "        request: %s,\n        /,\n", class);

	text_put(t, "\n");
	fit(t, model_text(m, "%sself, %s*, %s%s", head, request, timeout, tail),
	    model_text(m, "%s\n        self,\n%s        *,\n        %s,\n    %s", head, split,
		       timeout, tail));
	doc(m, t, "        ", words_comment(m, f));
	text_put(t,
		 "        answer = %sself.call(%s%s, timeout=timeout)\n"
		 "        if isinstance(answer, %s):\n            return%s\n"
		 "        raise _errors.UnexpectedAnswerError(answer)\n",
		 *async ? "await " : "", own ? class : "request", own ? "()" : "", answers,
		 unit ? "" : " answer");
}

static void operations(struct model *m, struct text *t, const struct message *ops, bool blocking)
{
	const char *async = blocking ? "" : "async ";

	text_put(t, "\n\nclass %sOperations(abc.ABC):\n", blocking ? "" : "Async");
	text_put(t, "    \"\"\"One %smethod per operation.\"\"\"\n\n    @abc.abstractmethod\n",
		 async);
	text_put(t,
		 "    %sdef call(self, request: %s, /, *, timeout: float | None = None) -> "
		 "Response:\n",
		 async, ops->name);
	doc(m, t, "        ", "Sends a request and waits for its answer.");
	for (size_t i = 0; i < ops->fields.n; i++)
		operation(m, t, ops, &ops->fields.items[i], async);
}

/* ---- the module ---- */

static void export(struct text *t, const char *prefix, const char *name)
{
	text_put(t, "    \"%s%s\",\n", prefix, name);
}

static void exports(struct model *m, struct text *t)
{
	text_put(t, "\n__all__ = [\n");
	for (size_t i = 0; i < m->enumerations.n; i++)
		export(t, "", m->enumerations.items[i].name);
	for (size_t i = 0; i < m->messages.n; i++) {
		const struct message *message = &m->messages.items[i];

		if (has_class(m, message))
			export(t, "", message->name);
		for (size_t k = 0; message->tag && k < message->fields.n; k++)
			if (has_own_class(message, &message->fields.items[k]))
				export(t, "", variant_class(m, message, &message->fields.items[k]));
		if (message->entry) {
			export(t, "decode_", name_snake(m, message->name));
			export(t, "encode_", name_snake(m, message->name));
		}
	}
	if (model_operations(m)) {
		export(t, "", "AsyncOperations");
		export(t, "", "Operations");
	}
	text_put(t, "]\n");
}

void emit_python(struct model *m, struct text *t)
{
	const struct message *ops = model_operations(m);

	text_put(t, "# Generated by overlaygen from schema/%s. Change that, then run make.\n",
		 m->file);
	doc(m, t, "", m->comment ? m->comment : m->base);
	text_put(t, "\nfrom __future__ import annotations\n\nimport abc\nimport dataclasses\n"
		    "import enum\nimport typing\n\nfrom overlayd import _codec, _errors\n");
	exports(m, t);
	for (size_t i = 0; i < m->enumerations.n; i++)
		enumeration(m, t, &m->enumerations.items[i]);
	emit_in_order(m, t, types);
	text_put(t, "\n\n# How they lie on the wire.\n");
	emit_in_order(m, t, table);
	for (size_t i = 0; i < m->messages.n; i++)
		if (m->messages.items[i].entry)
			entry(m, t, &m->messages.items[i]);
	if (ops) {
		operations(m, t, ops, false);
		operations(m, t, ops, true);
	}
}
