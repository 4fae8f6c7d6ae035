/* The Go package: types, how each lies on the wire, a method per operation. What it stands on is
 * client/go/codec.go; the layout is gofmt's. */
#include "gen/emit.h"

#include <ctype.h>
#include <string.h>

#include "gen/words.h"

#define COMMENT_WIDTH 100

/* ---- names ---- */

/* Words that Go writes in capitals. */
static bool is_initialism(const char *word, size_t n)
{
	static const char *const words[] = { "acl",  "api",  "ascii", "cidr", "cpu",  "dns",
					     "guid", "html", "http",  "id",   "ip",   "json",
					     "mac",  "mtu",  "nat",   "tcp",  "tls",  "ttl",
					     "udp",  "uid",  "uri",   "url",  "utf8", "uuid" };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (strlen(words[i]) == n && strncmp(words[i], word, n) == 0)
			return true;
	return false;
}

/* "nat_status", "NatStatus" and "NAT_STATUS" to "NATStatus". */
static char *go_name(struct model *m, const char *name)
{
	bool has_lower = strpbrk(name, "abcdefghijklmnopqrstuvwxyz");
	const char *snake = has_lower ? name_snake(m, name) : name;
	char *words = arena_copy(&m->arena, snake, strlen(snake));
	char *out = arena_alloc(&m->arena, strlen(name) + 1);
	size_t n = 0;

	for (char *p = words; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	for (const char *p = words; *p; p += strspn(p, "_")) {
		size_t length = strcspn(p, "_");
		bool capitals = is_initialism(p, length);

		for (size_t i = 0; i < length; i++, p++)
			out[n++] = (char)(i == 0 || capitals ? toupper((unsigned char)*p) : *p);
	}
	return out;
}

/* The same for a name that stays in the package: "natStatus". */
static const char *local_name(struct model *m, const char *name)
{
	char *out = go_name(m, name);
	const char *snake = name_snake(m, name);

	for (size_t i = 0; snake[i] && snake[i] != '_'; i++)
		out[i] = snake[i];
	return out;
}

/* ---- comments ---- */

static void comment(struct text *t, const char *indent, const char *words)
{
	text_wrap(t, indent, "// ", "// ", COMMENT_WIDTH, words);
	text_put(t, "\n");
}

static void type_comment(struct model *m, struct text *t, const char *name, const char *words)
{
	text_put(t, "\n");
	comment(t, "", model_text(m, "%s: %s", name, words));
}

/* "Tells what runs." to "Status tells what runs." */
static const char *method_comment(struct model *m, const char *name, const struct field *op)
{
	const char *words = words_comment(m, op);
	size_t n = strcspn(words, " ");
	bool verb = isupper((unsigned char)words[0]) && n > 1 && words[n - 1] == 's';

	return verb ? model_text(m, "%s %c%s", name, tolower((unsigned char)words[0]), words + 1)
		    : model_text(m, "%s: %s", name, words);
}

/* ---- types ---- */

/* Variants that can't be told by their message alone get a type of their own. */
static bool is_wrapped(const struct message *u, const struct field *variant)
{
	size_t users = 0;

	for (size_t i = 0; i < u->fields.n; i++)
		users += u->fields.items[i].message == variant->message;
	return users > 1 || variant->message->tag || message_is_unit(variant->message);
}

static const char *variant_type(struct model *m, const struct message *u, const struct field *f)
{
	return is_wrapped(u, f) ? model_text(m, "%s%s", go_name(m, u->name), go_name(m, f->name))
				: go_name(m, f->message->name);
}

static const char *item_type(struct model *m, const struct field *f)
{
	switch (f->kind) {
	case OVD_KIND_BOOL:
		return "bool";
	case OVD_KIND_UINT:
		return model_text(m, "uint%u", f->width * 8);
	case OVD_KIND_INT:
		return model_text(m, "int%u", f->width * 8);
	case OVD_KIND_TEXT:
		return f->flags & OVD_SECRET ? "Secret" : "string";
	case OVD_KIND_IP:
		return "netip.Addr";
	case OVD_KIND_ENUM:
		return go_name(m, f->enumeration->name);
	case OVD_KIND_OBJECT:
	case OVD_KIND_UNION:
		return go_name(m, f->message->name);
	}
	return "";
}

/* A default that Go's zero value can't stand for. */
static bool is_assumed(const struct field *f)
{
	return f->has_default && f->fallback != 0 && f->kind != OVD_KIND_ENUM;
}

static const char *field_type(struct model *m, const struct field *f)
{
	const char *pointer =
		is_assumed(f) || (field_is_optional(f) && f->kind != OVD_KIND_IP) ? "*" : "";

	return model_text(m, "%s%s", f->is_list ? "[]" : pointer, item_type(m, f));
}

static void struct_type(struct model *m, struct text *t, const struct message *message)
{
	const char *name = go_name(m, message->name);

	type_comment(m, t, name, message->comment);
	text_put(t, "type %s struct {%s", name, message->fields.n ? "\n" : "");
	for (size_t i = 0; i < message->fields.n; i++) {
		const struct field *f = &message->fields.items[i];
		const char *words = words_comment(m, f);

		if (f->default_variant || is_assumed(f))
			words = model_text(m, "%s Nil is %s.", words,
					   f->default_variant ? f->default_variant
							      : f->default_text);
		else if (f->has_default && f->kind == OVD_KIND_ENUM)
			words = model_text(m, "%s Empty is %s.", words,
					   go_name(m, f->default_text));
		comment(t, "\t", words);
		text_put(t, "\t%s %s\n", go_name(m, f->name), field_type(m, f));
	}
	text_put(t, "}\n");
}

/* ---- on the wire ---- */

static const char *kind(struct model *m, const struct field *f)
{
	switch (f->kind) {
	case OVD_KIND_BOOL:
		return "boolean";
	case OVD_KIND_UINT:
		return model_text(m, "unsigned[%s]()", item_type(m, f));
	case OVD_KIND_INT:
		return model_text(m, "signed[%s]()", item_type(m, f));
	case OVD_KIND_TEXT:
		return model_text(m, "%s(%u)", f->flags & OVD_SECRET ? "secret" : "text",
				  f->max_bytes);
	case OVD_KIND_IP:
		return "address";
	case OVD_KIND_ENUM:
		return model_text(m, "%sKind", local_name(m, f->enumeration->name));
	case OVD_KIND_OBJECT:
		return model_text(m, "object((*%s).fields)", item_type(m, f));
	case OVD_KIND_UNION:
		return model_text(m, "object(%sFields)", local_name(m, f->message->name));
	}
	return "";
}

static const char *default_value(struct model *m, const struct field *f)
{
	if (f->default_variant)
		return model_text(
			m, "%s(&%s{})", item_type(m, f),
			variant_type(m, f->message, &f->message->fields.items[f->fallback]));
	if (f->kind == OVD_KIND_ENUM)
		return go_name(m, f->default_text);
	return f->kind == OVD_KIND_TEXT ? "\"\"" : f->default_text;
}

static void field_call(struct model *m, struct text *t, const struct field *f)
{
	const char *arguments = model_text(m, "(f, \"%s\", &m.%s", f->key, go_name(m, f->name));

	if (f->flatten)
		text_put(t, "\tm.%s.fields(f)\n", go_name(m, f->name));
	else if (f->is_list)
		text_put(t, "\tlist%s, %s, %s, %u)\n", arguments, kind(m, f),
			 f->skip_empty  ? "listSkipped"
			 : f->defaulted ? "listDefaulted"
					: "listRequired",
			 f->max_items);
	else if (f->is_required)
		text_put(t, "\trequired%s, %s)\n", arguments, kind(m, f));
	else if (!field_is_optional(f))
		text_put(t, "\t%s%s, %s, %s)\n", is_assumed(f) ? "assumed" : "defaulted", arguments,
			 kind(m, f), default_value(m, f));
	else if (f->kind == OVD_KIND_IP)
		text_put(t, "\toptionalAddr%s)\n", arguments);
	else
		text_put(t, "\toptional%s, %s)\n", arguments, kind(m, f));
}

static void struct_methods(struct model *m, struct text *t, const struct message *message)
{
	const char *name = go_name(m, message->name);

	text_put(t, "\nfunc (m *%s) fields(f *fields) {%s", name, message->fields.n ? "\n" : "");
	for (size_t i = 0; i < message->fields.n; i++)
		field_call(m, t, &message->fields.items[i]);
	text_put(t,
		 "}\n\n// MarshalJSON writes the contract's form.\n"
		 "func (m *%s) MarshalJSON() ([]byte, error) {\n"
		 "\treturn marshal(m, (*%s).fields)\n}\n\n"
		 "// UnmarshalJSON reads the contract's form.\n"
		 "func (m *%s) UnmarshalJSON(body []byte) error {\n"
		 "\t*m = %s{}\n\treturn unmarshal(body, m, (*%s).fields)\n}\n",
		 name, name, name, name, name);
}

/* ---- unions ---- */

static void variant_methods(struct model *m, struct text *t, const struct message *u,
			    const struct field *f)
{
	const char *type = variant_type(m, u, f);

	if (is_wrapped(u, f)) {
		const char *inner = f->message->tag ? go_name(m, f->message->name) : "";

		type_comment(m, t, type, words_comment(m, f));
		if (message_is_unit(f->message))
			text_put(t, "type %s struct{}\n\nfunc (*%s) fields(*fields) {}\n", type,
				 type);
		else if (*inner)
			text_put(t,
				 "type %s struct{ %s %s }\n\n"
				 "func (m *%s) fields(f *fields) { %sFields(&m.%s, f) }\n",
				 type, inner, inner, type, local_name(m, f->message->name), inner);
		else
			text_put(t, "type %s struct{ %s }\n", type, go_name(m, f->message->name));
	}
	text_put(t, "\nfunc (*%s) %sName() string { return \"%s\" }\n", type,
		 local_name(m, u->name), f->key);
}

static void union_documents(struct text *t, const char *name, const char *local)
{
	text_put(t,
		 "\n// Marshal%s writes the contract's form, canonically.\n"
		 "func Marshal%s(v %s) ([]byte, error) { return marshal(&v, %sFields) }\n\n"
		 "// Unmarshal%s reads the contract's form. With an error, what could be read "
		 "before "
		 "it.\n"
		 "func Unmarshal%s(body []byte) (v %s, err error) {\n"
		 "\terr = unmarshal(body, &v, %sFields)\n\treturn v, err\n}\n",
		 name, name, name, local, name, name, name, local);
}

static void union_type(struct model *m, struct text *t, const struct message *u)
{
	const char *name = go_name(m, u->name), *local = local_name(m, u->name);

	type_comment(m, t, name, model_text(m, "%s One of:", u->comment));
	text_put(t, "//\n");
	for (size_t i = 0; i < u->fields.n; i++) {
		const struct field *f = &u->fields.items[i];

		text_wrap(t, "", "//   - ", "//     ", COMMENT_WIDTH,
			  model_text(m, "[*%s]: %s", variant_type(m, u, f), words_comment(m, f)));
		text_put(t, "\n");
	}
	text_put(t, "type %s interface {\n\t%sName() string // under %s\n\tfields(f *fields)\n}\n",
		 name, local, u->tag);
	text_put(t,
		 "\nfunc %sFields(p *%s, f *fields) {\n"
		 "\tvariant(f, \"%s\", p, %s.%sName, func(name string) %s {\n\t\tswitch name {\n",
		 local, name, u->tag, name, local, name);
	for (size_t i = 0; i < u->fields.n; i++)
		text_put(t, "\t\tcase \"%s\":\n\t\t\treturn &%s{}\n", u->fields.items[i].key,
			 variant_type(m, u, &u->fields.items[i]));
	text_put(t, "\t\t}\n\t\treturn nil\n\t})\n}\n");
	if (u->entry)
		union_documents(t, name, local);
	for (size_t i = 0; i < u->fields.n; i++)
		variant_methods(m, t, u, &u->fields.items[i]);
}

static void enumeration(struct model *m, struct text *t, const struct enumeration *e)
{
	const char *name = go_name(m, e->name);

	type_comment(m, t, name, e->comment);
	text_put(t, "type %s string\n\nconst (\n", name);
	for (size_t i = 0; i < e->values.n; i++) {
		const struct value *v = &e->values.items[i];

		comment(t, "\t", words_since(m, v->comment, v->since));
		text_put(t, "\t%s %s = \"%s\"\n", go_name(m, v->name), name, v->wire);
	}
	text_put(t, ")\n\nvar %sKind = choice(", local_name(m, e->name));
	for (size_t i = 0; i < e->values.n; i++)
		text_put(t, "%s%s", i ? ", " : "", go_name(m, e->values.items[i].name));
	text_put(t, ")\n");
}

/* ---- operations ---- */

/* The union whose variants operations answer with. */
static const struct message *find_answers(const struct model *m, const struct field *op)
{
	for (size_t i = 0; i < m->messages.n; i++) {
		const struct message *u = &m->messages.items[i];
		size_t found = 0;

		for (size_t k = 0; u->tag && !u->dispatch && k < op->answers.n; k++)
			found += emit_variant(u, op->answers.items[k]) != NULL;
		if (found == op->answers.n)
			return u;
	}
	return NULL;
}

/* An interface for the answers of one operation, where there are several. */
static const char *answer_type(struct model *m, struct text *t, const struct message *answers,
			       const struct field *op)
{
	const char *name = model_text(m, "%sAnswer", go_name(m, op->name)), *list = "";
	const char *method = model_text(m, "%sAnswer", local_name(m, op->name));

	if (op->answers.n == 1)
		return model_text(
			m, "*%s",
			variant_type(m, answers, emit_variant(answers, op->answers.items[0])));
	for (size_t i = 0; i < op->answers.n; i++)
		list = model_text(
			m, "%s%s[*%s]", list, i ? " or " : "",
			variant_type(m, answers, emit_variant(answers, op->answers.items[i])));
	text_put(t, "\n");
	comment(t, "",
		model_text(m, "%s is what [Client.%s] answers with: %s.", name,
			   go_name(m, op->name), list));
	text_put(t, "type %s interface {\n\t%s\n\t%s()\n}\n", name, go_name(m, answers->name),
		 method);
	for (size_t i = 0; i < op->answers.n; i++)
		text_put(t, "\nfunc (*%s) %s() {}\n",
			 variant_type(m, answers, emit_variant(answers, op->answers.items[i])),
			 method);
	return name;
}

static void operation(struct model *m, struct text *t, const struct message *operations,
		      const struct field *op)
{
	const struct message *answers = find_answers(m, op);
	const char *name = go_name(m, op->name), *request = variant_type(m, operations, op), *type;
	bool unit = message_is_unit(op->message), nothing;

	if (!answers)
		return;
	nothing = op->answers.n == 1 &&
		  message_is_unit(emit_variant(answers, op->answers.items[0])->message);
	type = answer_type(m, t, answers, op);
	text_put(t, "\n");
	comment(t, "", method_comment(m, name, op));
	text_put(t, "func (c *Client) %s(ctx context.Context%s) ", name,
		 unit ? "" : model_text(m, ", request *%s", request));
	text_put(t, nothing ? "error {\n\t_, err := " : "(%s, error) {\n\treturn ", type);
	text_put(t, "answer[%s](ctx, c, %s)\n", type,
		 unit ? model_text(m, "&%s{}", request) : "request");
	text_put(t, "%s}\n", nothing ? "\treturn err\n" : "");
}

/* ---- the file ---- */

static bool has_addresses(const struct model *m)
{
	for (size_t i = 0; i < m->messages.n; i++)
		for (size_t k = 0; k < m->messages.items[i].fields.n; k++)
			if (m->messages.items[i].fields.items[k].kind == OVD_KIND_IP)
				return true;
	return false;
}

/* Not only a variant, for which there is a type then. */
static bool is_member(const struct model *m, const struct message *message)
{
	for (size_t i = 0; i < m->messages.n; i++)
		for (size_t k = 0; k < m->messages.items[i].fields.n; k++)
			if (!m->messages.items[i].tag &&
			    m->messages.items[i].fields.items[k].message == message)
				return true;
	return false;
}

void emit_go(struct model *m, struct text *t)
{
	const struct message *operations = model_operations(m);

	text_put(t,
		 "// Generated by overlaygen from schema/%s. Change that, then run make.\n"
		 "// Code generated by overlaygen. DO NOT EDIT.\n\npackage %s\n",
		 m->file, m->base);
	if (operations && has_addresses(m))
		text_put(t, "\nimport (\n\t\"context\"\n\t\"net/netip\"\n)\n");
	else if (operations || has_addresses(m))
		text_put(t, "\nimport \"%s\"\n", operations ? "context" : "net/netip");
	for (size_t i = 0; operations && i < operations->fields.n; i++)
		operation(m, t, operations, &operations->fields.items[i]);
	for (size_t i = 0; i < m->messages.n; i++) {
		const struct message *message = &m->messages.items[i];

		if (message->tag) {
			union_type(m, t, message);
		} else if (!message_is_unit(message) || is_member(m, message)) {
			struct_type(m, t, message);
			struct_methods(m, t, message);
		}
	}
	for (size_t i = 0; i < m->enumerations.n; i++)
		enumeration(m, t, &m->enumerations.items[i]);
}
