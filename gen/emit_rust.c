#include "gen/emit.h"

#include <string.h>

#include "gen/words.h"

#define WIDTH_MAX 100

/* ---- names ---- */

/* A word of the language's own gets an underscore behind it. */
static const char *plain(struct model *m, const char *name)
{
	static const char *const words[] = {
		"Self",    "abstract", "as",    "async",  "await",  "become", "box",     "break",
		"const",   "continue", "crate", "do",     "dyn",    "else",   "enum",    "extern",
		"false",   "final",    "fn",    "for",    "gen",    "if",     "impl",    "in",
		"let",     "loop",     "macro", "match",  "mod",    "move",   "mut",     "override",
		"priv",    "pub",      "ref",   "return", "self",   "static", "struct",  "super",
		"trait",   "true",     "try",   "type",   "typeof", "unsafe", "unsized", "use",
		"virtual", "where",    "while", "yield"
	};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (strcmp(name, words[i]) == 0)
			return model_text(m, "%s_", name);
	return name;
}

/* "linux_pid" and "LINUX_PID" to "LinuxPid". */
static const char *camel(struct model *m, const char *name)
{
	return plain(m, emit_camel(m, name));
}

/* An enum's value without the enum's name before it: "OVERLAY_MODE_AUTO" to "Auto". */
static const char *value_name(struct model *m, const struct enumeration *e,
			      const struct value *value)
{
	return camel(m, emit_value_name(m, e, value));
}

/* Needs a function for its default: one that the type itself hasn't got. */
static bool has_own_default(const struct field *f)
{
	return f->default_variant || (f->has_default && (f->fallback || f->kind == OVD_KIND_ENUM));
}

static const char *default_name(struct model *m, const struct message *message,
				const struct field *f)
{
	return model_text(m, "default_%s_%s", name_snake(m, message->name), f->name);
}

/* ---- comments ---- */

/* Words of a comment as documentation, with what Markdown would take for its own escaped. */
static void doc(struct text *t, const char *indent, const char *mark, const char *comment)
{
	_cleanup_(text_done) struct text words = { .failed = false };

	for (const char *p = comment; *p; p++)
		text_put(&words, "%s%c", strchr("[]<>*\\", *p) ? "\\" : "", *p);
	t->failed |= words.failed;
	text_wrap(t, indent, mark, mark, WIDTH_MAX, words.failed ? "" : words.buf.p);
	text_put(t, "\n");
}

static void item_doc(struct model *m, struct text *t, const char *indent, const char *comment,
		     const char *since)
{
	doc(t, indent, "/// ", words_since(m, comment, since));
}

/* ---- types ---- */

static const char *item_type(struct model *m, const struct field *f)
{
	switch (f->kind) {
	case OVD_KIND_BOOL:
		return "bool";
	case OVD_KIND_UINT:
		return model_text(m, "u%u", f->width * 8);
	case OVD_KIND_INT:
		return model_text(m, "i%u", f->width * 8);
	case OVD_KIND_TEXT:
		return f->flags & OVD_SECRET ? "crate::wire::Secret" : "String";
	case OVD_KIND_IP:
		return "std::net::IpAddr";
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
	const char *type = item_type(m, f);

	if (f->is_list)
		return model_text(m, "Vec<%s>", type);
	return field_is_optional(f) ? model_text(m, "Option<%s>", type) : type;
}

static bool is_argument(const struct field *f)
{
	return f->flags & OVD_REQUIRED;
}

/* ---- structs ---- */

static const char *list_put(struct model *m, const char *list, const char *item)
{
	return model_text(m, "%s%s%s", list, *list ? ", " : "", item);
}

/* How the member lies on the wire, as far as its type doesn't say it. */
static void attributes(struct model *m, struct text *t, const struct message *message,
		       const struct field *f)
{
	const char *name = plain(m, f->name), *list = "";

	if (f->flatten)
		list = "flatten";
	else if (strcmp(name, f->key) != 0)
		list = model_text(m, "rename = \"%s\"", f->key);
	if (has_own_default(f))
		list = list_put(m, list,
				model_text(m, "default = \"%s\"", default_name(m, message, f)));
	else if (f->flags & OVD_DEFAULTED)
		list = list_put(m, list, "default");
	if (f->skip_empty)
		list = list_put(m, list, "skip_serializing_if = \"Vec::is_empty\"");
	if (field_is_optional(f))
		list = list_put(m, list, "skip_serializing_if = \"Option::is_none\"");
	if (*list)
		text_put(t, "    #[serde(%s)]\n", list);
	if (f->kind == OVD_KIND_IP)
		text_put(t, "    #[serde(serialize_with = \"crate::wire::canonical\")]\n");
}

static void members(struct model *m, struct text *t, const struct message *message)
{
	text_put(t, "pub struct %s {\n", message->name);
	for (size_t i = 0; i < message->fields.n; i++) {
		const struct field *f = &message->fields.items[i];

		item_doc(m, t, "    ", f->comment, f->since);
		attributes(m, t, message, f);
		text_put(t, "    pub %s: %s,\n", plain(m, f->name), member_type(m, f));
	}
	text_put(t, "}\n");
}

static const char *default_value(struct model *m, const struct field *f)
{
	if (f->default_variant)
		return model_text(m, "%s::%s", f->message->name, camel(m, f->default_variant));
	if (f->kind == OVD_KIND_ENUM)
		return model_text(m, "%s::%s", f->enumeration->name,
				  value_name(m, f->enumeration, emit_default_value(f)));
	return f->kind == OVD_KIND_BOOL ? "true" : f->default_text;
}

static void default_functions(struct model *m, struct text *t, const struct message *message)
{
	for (size_t i = 0; i < message->fields.n; i++) {
		const struct field *f = &message->fields.items[i];

		if (has_own_default(f))
			text_put(t, "\nfn %s() -> %s {\n    %s\n}\n", default_name(m, message, f),
				 member_type(m, f), default_value(m, f));
	}
}

static void assignment(struct model *m, struct text *t, const struct message *message,
		       const struct field *f)
{
	const char *name = plain(m, f->name);

	if (has_own_default(f))
		text_put(t, "            %s: %s(),\n", name, default_name(m, message, f));
	else if (!is_argument(f))
		text_put(t, "            %s: Default::default(),\n", name);
	else if (f->kind == OVD_KIND_TEXT && !f->is_list)
		text_put(t, "            %s: %s.into(),\n", name, name);
	else
		text_put(t, "            %s,\n", name);
}

/* Arguments are what it can't do without; one without any is its own default. */
static void constructor_head(struct model *m, struct text *t, const struct message *message)
{
	size_t n = 0;

	for (size_t i = 0; i < message->fields.n; i++)
		n += is_argument(&message->fields.items[i]);
	if (n == 0) {
		text_put(t, "\nimpl Default for %s {\n    fn default(", message->name);
		return;
	}
	text_put(t,
		 "\nimpl %s {\n    /// With what it can't do without; all else is absent, or has "
		 "its default.\n%s    pub fn new(",
		 message->name, n > 7 ? "    #[allow(clippy::too_many_arguments)]\n" : "");
	for (size_t i = 0; i < message->fields.n; i++) {
		const struct field *f = &message->fields.items[i];
		bool text = f->kind == OVD_KIND_TEXT && !f->is_list;

		if (is_argument(f))
			text_put(t, "\n        %s: %s%s%s,", plain(m, f->name),
				 text ? "impl Into<" : "", member_type(m, f), text ? ">" : "");
	}
	text_put(t, "\n    ");
}

static void object(struct model *m, struct text *t, const struct message *message)
{
	text_put(t, "#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]\n");
	members(m, t, message);
	constructor_head(m, t, message);
	text_put(t, ") -> Self {\n        Self {\n");
	for (size_t i = 0; i < message->fields.n; i++)
		assignment(m, t, message, &message->fields.items[i]);
	text_put(t, "        }\n    }\n}\n");
	default_functions(m, t, message);
}

/* ---- unions and enums ---- */

/* The names on the wire, all of them and one value's. */
struct name_row {
	const char *pattern, *wire;
};

static void names(struct text *t, const char *type, const char *what, const struct name_row *rows,
		  size_t n)
{
	text_put(t,
		 "\nimpl %s {\n    /// The %ss' names on the wire, in the schema's order.\n"
		 "    pub const NAMES: &'static [&'static str] = &[\n",
		 type, what);
	for (size_t i = 0; i < n; i++)
		text_put(t, "        \"%s\",\n", rows[i].wire);
	text_put(t,
		 "    ];\n\n    /// This %s's name on the wire.\n"
		 "    pub fn name(&self) -> &'static str {\n        match self {\n",
		 what);
	for (size_t i = 0; i < n; i++)
		text_put(t, "            Self::%s => \"%s\",\n", rows[i].pattern, rows[i].wire);
	text_put(t, "        }\n    }\n}\n");
}

static void variant(struct text *t, const char *name, const struct message *body)
{
	if (message_is_unit(body))
		text_put(t, "    %s,\n", name);
	else
		text_put(t, "    %s(%s),\n", name, body->name);
}

/* serde makes the name on the wire from the variant's; where it can't, it is told. */
static void rename(struct model *m, struct text *t, const char *name, const char *wire)
{
	if (strcmp(name_snake(m, name), wire) != 0)
		text_put(t, "    #[serde(rename = \"%s\")]\n", wire);
}

static void tagged_union(struct model *m, struct text *t, const struct message *message)
{
	struct name_row *rows = arena_alloc(&m->arena, message->fields.n * sizeof(*rows));

	text_put(t,
		 "#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]\n"
		 "#[serde(tag = \"%s\", rename_all = \"snake_case\")]\n#[non_exhaustive]\n"
		 "pub enum %s {\n",
		 message->tag, message->name);
	for (size_t i = 0; i < message->fields.n; i++) {
		const struct field *f = &message->fields.items[i];
		const char *name = camel(m, f->name);

		item_doc(m, t, "    ", f->comment, f->since);
		rename(m, t, name, f->key);
		variant(t, name, f->message);
		rows[i].pattern = message_is_unit(f->message) ? name : model_text(m, "%s(_)", name);
		rows[i].wire = f->key;
	}
	text_put(t, "}\n");
	names(t, message->name, "variant", rows, message->fields.n);
}

static void enumeration(struct model *m, struct text *t, const struct enumeration *e)
{
	struct name_row *rows = arena_alloc(&m->arena, e->values.n * sizeof(*rows));

	text_put(t, "\n");
	item_doc(m, t, "", e->comment, NULL);
	text_put(t,
		 "#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, Serialize, Deserialize)]\n"
		 "#[serde(rename_all = \"snake_case\")]\n#[non_exhaustive]\npub enum %s {\n",
		 e->name);
	for (size_t i = 0; i < e->values.n; i++) {
		const struct value *value = &e->values.items[i];

		rows[i].pattern = value_name(m, e, value);
		rows[i].wire = value->wire;
		item_doc(m, t, "    ", value->comment, value->since);
		rename(m, t, rows[i].pattern, value->wire);
		text_put(t, "    %s,\n", rows[i].pattern);
	}
	text_put(t, "}\n");
	names(t, e->name, "value", rows, e->values.n);
}

static void message_type(struct model *m, struct text *t, const struct message *message)
{
	if (message_is_unit(message))
		return;
	text_put(t, "\n");
	item_doc(m, t, "", message->comment, NULL);
	if (message->tag)
		tagged_union(m, t, message);
	else
		object(m, t, message);
}

/* ---- operations ---- */

/* The union that has what operations answer: a document, as they are. */
static const struct message *results_of(const struct model *m, const struct message *ops)
{
	for (size_t i = 0; ops && i < m->messages.n; i++) {
		const struct message *message = &m->messages.items[i];

		if (message != ops && message->tag && message->entry && ops->fields.n > 0 &&
		    emit_variant(message, ops->fields.items[0].answers.items[0]))
			return message;
	}
	return NULL;
}

static const char *answer_type(struct model *m, const struct message *results,
			       const struct field *op)
{
	const struct field *answer = emit_variant(results, op->answers.items[0]);

	if (op->answers.n > 1)
		return model_text(m, "%sAnswer", camel(m, op->name));
	return message_is_unit(answer->message) ? "()" : answer->message->name;
}

/* An operation with several results has a type for them. */
static void answer_union(struct model *m, struct text *t, const struct message *results,
			 const struct field *op)
{
	if (op->answers.n < 2)
		return;
	text_put(t,
		 "\n/// What `%s` answers.\n#[derive(Clone, Debug, Eq, "
		 "PartialEq)]\n#[non_exhaustive]\n"
		 "pub enum %s {\n",
		 op->key, answer_type(m, results, op));
	for (size_t i = 0; i < op->answers.n; i++) {
		const struct field *answer = emit_variant(results, op->answers.items[i]);

		item_doc(m, t, "    ", answer->comment, answer->since);
		variant(t, camel(m, answer->name), answer->message);
	}
	text_put(t, "}\n");
}

static void call_arms(struct model *m, struct text *t, const struct message *results,
		      const struct field *op)
{
	for (size_t i = 0; i < op->answers.n; i++) {
		const struct field *answer = emit_variant(results, op->answers.items[i]);
		const char *name = camel(m, answer->name), *value;
		const char *held = message_is_unit(answer->message) ? "" : "(answer)";

		value = *held ? "answer" : "()";
		if (op->answers.n > 1)
			value = model_text(m, "%s::%s%s", answer_type(m, results, op), name, held);
		text_put(t, "            %s::%s%s => Ok(%s),\n", results->name, name, held, value);
	}
}

static void call_function(struct model *m, struct text *t, const struct message *ops,
			  const struct message *results, const struct field *op)
{
	bool unit = message_is_unit(op->message);

	text_put(t, "\n");
	item_doc(m, t, "    ", op->comment, op->since);
	text_put(t,
		 "    pub fn %s(%s%s) -> Call<%s> {\n        Call::new(%s::%s%s, |result| match "
		 "result {\n",
		 plain(m, op->name), unit ? "" : "request: ", unit ? "" : op->message->name,
		 answer_type(m, results, op), ops->name, camel(m, op->name),
		 unit ? "" : "(request)");
	call_arms(m, t, results, op);
	text_put(t, "            other => Err(Box::new(other)),\n        })\n    }\n");
}

/* A client's methods, which wait for the answer. */
static void methods(struct model *m, struct text *t, const struct message *ops,
		    const struct message *results, bool async)
{
	text_put(t,
		 "\n/// The operations, each a method that waits for its answer.\n%simpl "
		 "crate::%s::Client {",
		 async ? "#[cfg(feature = \"tokio\")]\n" : "", async ? "tokio" : "blocking");
	for (size_t i = 0; i < ops->fields.n; i++) {
		const struct field *op = &ops->fields.items[i];
		const char *name = plain(m, op->name);
		bool unit = message_is_unit(op->message);

		text_put(t, "\n");
		item_doc(m, t, "    ", op->comment, op->since);
		text_put(t,
			 "    pub %sfn %s(&self%s%s) -> Result<%s, crate::Error> {\n"
			 "        self.call(call::%s(%s))%s\n    }\n",
			 async ? "async " : "", name,
			 unit ? "" : ", request: ", unit ? "" : op->message->name,
			 answer_type(m, results, op), name, unit ? "" : "request",
			 async ? ".await" : "");
	}
	text_put(t, "}\n");
}

static void operations(struct model *m, struct text *t)
{
	const struct message *ops = model_operations(m), *results = results_of(m, ops);

	if (!results)
		return;
	for (size_t i = 0; i < ops->fields.n; i++)
		answer_union(m, t, results, &ops->fields.items[i]);
	text_put(t, "\n/// The operations, each a function that makes a call to be sent.\npub mod "
		    "call {\n"
		    "    use super::*;\n    use crate::wire::Call;\n");
	for (size_t i = 0; i < ops->fields.n; i++)
		call_function(m, t, ops, results, &ops->fields.items[i]);
	text_put(t, "}\n");
	methods(m, t, ops, results, false);
	methods(m, t, ops, results, true);
}

void emit_rust(struct model *m, struct text *t)
{
	text_put(t, "// Generated by overlaygen from schema/%s. Change that, then run make.\n",
		 m->file);
	doc(t, "", "//! ", m->comment ? m->comment : "The protocol's types.");
	text_put(t, "\n// As large as what they hold, and every message without arguments in one "
		    "form.\n"
		    "#![allow(clippy::large_enum_variant, clippy::derivable_impls)]\n\n"
		    "use serde::{Deserialize, Serialize};\n");
	for (size_t i = 0; i < m->enumerations.n; i++)
		enumeration(m, t, &m->enumerations.items[i]);
	for (size_t i = 0; i < m->messages.n; i++)
		message_type(m, t, &m->messages.items[i]);
	operations(m, t);
}
