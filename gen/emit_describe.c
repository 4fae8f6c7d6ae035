/* The schema as a document that the daemon hands out: docs/describe.md tells its form. */
#include <string.h>

#include "gen/emit.h"

#define LITERAL_MAX 88

/* ---- the document ---- */

static void put_text(struct model *m, struct text *t, const char *key, const char *value)
{
	if (value)
		text_put(t, ",\"%s\":%s", key, emit_quoted(m, value));
}

static const char *type_name(struct model *m, const struct field *f)
{
	static const char *const formats[] = { "text", "ip", "cidr", "endpoint", "key" };

	switch (f->kind) {
	case OVD_KIND_BOOL:
		return "bool";
	case OVD_KIND_UINT:
		return model_text(m, "u%u", f->width * 8);
	case OVD_KIND_INT:
		return model_text(m, "i%u", f->width * 8);
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

static const char *presence(const struct field *f)
{
	if (f->is_required || (f->is_list && !f->defaulted))
		return "required";
	return f->has_default || f->default_variant || f->defaulted ? "default" : "optional";
}

static void default_value(struct model *m, struct text *t, const struct field *f)
{
	if (f->default_variant)
		put_text(m, t, "default", f->default_variant);
	else if (f->has_default && f->kind == OVD_KIND_ENUM)
		put_text(m, t, "default", emit_default_value(f)->wire);
	else if (f->has_default && f->kind == OVD_KIND_TEXT)
		put_text(m, t, "default", f->default_text);
	else if (f->has_default)
		text_put(t, ",\"default\":%s", f->default_text);
}

static void field(struct model *m, struct text *t, const struct field *f)
{
	text_put(t, "{\"key\":\"%s\",\"number\":%d,\"type\":\"%s\"", f->key, f->number,
		 type_name(m, f));
	if (f->is_list)
		text_put(t, ",\"list\":true,\"max_items\":%u", f->max_items);
	if (f->kind == OVD_KIND_TEXT)
		text_put(t, ",\"max_bytes\":%u", f->max_bytes);
	text_put(t, ",\"presence\":\"%s\"", presence(f));
	default_value(m, t, f);
	if (f->flatten)
		text_put(t, ",\"flatten\":true");
	if (f->flags & OVD_SECRET)
		text_put(t, ",\"sensitive\":true");
	put_text(m, t, "since", f->since);
	put_text(m, t, "example", f->example);
	put_text(m, t, "doc", f->comment);
	text_put(t, "}");
}

static void variant(struct model *m, struct text *t, const struct field *f)
{
	text_put(t, "{\"name\":\"%s\",\"number\":%d,\"message\":\"%s\"", f->key, f->number,
		 f->message->name);
	for (size_t i = 0; i < f->answers.n; i++)
		text_put(t, "%s\"%s\"%s", i ? "," : ",\"answers\":[", f->answers.items[i],
			 i + 1 == f->answers.n ? "]" : "");
	if (f->not_built)
		text_put(t, ",\"not_built\":true");
	put_text(m, t, "since", f->since);
	put_text(m, t, "doc", f->comment);
	text_put(t, "}");
}

static void message(struct model *m, struct text *t, const struct message *message)
{
	text_put(t, "\"%s\":{", message->name);
	if (message->tag)
		text_put(t, "\"tag\":\"%s\",", message->tag);
	text_put(t, "\"doc\":%s", emit_quoted(m, message->comment));
	if (message->entry)
		text_put(t, ",\"document\":true");
	if (message->dispatch)
		text_put(t, ",\"operations\":true");
	text_put(t, ",\"%s\":[", message->tag ? "variants" : "fields");
	for (size_t i = 0; i < message->fields.n; i++) {
		text_put(t, "%s", i ? "," : "");
		(message->tag ? variant : field)(m, t, &message->fields.items[i]);
	}
	text_put(t, "]}");
}

static void enumeration(struct model *m, struct text *t, const struct enumeration *e)
{
	text_put(t, "\"%s\":{\"doc\":%s,\"values\":[", e->name, emit_quoted(m, e->comment));
	for (size_t i = 0; i < e->values.n; i++) {
		const struct value *v = &e->values.items[i];

		text_put(t, "%s{\"name\":\"%s\",\"number\":%d", i ? "," : "", v->wire, v->number);
		put_text(m, t, "since", v->since);
		put_text(m, t, "doc", v->comment);
		text_put(t, "}");
	}
	text_put(t, "]}");
}

static void document(struct model *m, struct text *t)
{
	text_put(t, "{\"schema\":\"%s\"", m->base);
	put_text(m, t, "doc", m->comment);
	text_put(t, ",\"messages\":{");
	for (size_t i = 0; i < m->messages.n; i++) {
		text_put(t, "%s", i ? "," : "");
		message(m, t, &m->messages.items[i]);
	}
	text_put(t, "},\"enumerations\":{");
	for (size_t i = 0; i < m->enumerations.n; i++) {
		text_put(t, "%s", i ? "," : "");
		enumeration(m, t, &m->enumerations.items[i]);
	}
	text_put(t, "}}");
}

/* ---- as C ---- */

static void literal(struct model *m, struct text *t, const char *name, struct ovd_view bytes)
{
	char line[LITERAL_MAX + 1];

	text_put(t, "\nconst struct ovd_view %s_%s = VIEW_LITERAL(", m->prefix, name);
	for (size_t n; bytes.n > 0; bytes.p += n, bytes.n -= n) {
		n = MIN(bytes.n, LITERAL_MAX);
		memcpy(line, bytes.p, n);
		line[n] = '\0';
		text_put(t, "\n\t%s", emit_quoted(m, line));
	}
	text_put(t, ");\n");
}

/* RFC 4648 section 4. */
static void base64(struct text *t, struct ovd_view bytes)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const unsigned char *p = (const unsigned char *)bytes.p;

	for (size_t i = 0; i < bytes.n; i += 3) {
		size_t n = MIN(bytes.n - i, 3u);
		unsigned bits = p[i] << 16u | (n > 1 ? p[i + 1] << 8u : 0) | (n > 2 ? p[i + 2] : 0);

		text_put(t, "%c%c%c%c", digits[bits >> 18u], digits[bits >> 12u & 63u],
			 n > 1 ? digits[bits >> 6u & 63u] : '=', n > 2 ? digits[bits & 63u] : '=');
	}
}

void emit_describe_header(struct model *m, struct text *t)
{
	emit_banner(m, t);
	text_put(t,
		 "#pragma once\n\n#include \"runtime/view.h\"\n\n"
		 "/* The schema as JSON. */\nextern const struct ovd_view %s_describe_json;\n\n"
		 "/* The schema and what it imports as a FileDescriptorSet, in base64. */\n"
		 "extern const struct ovd_view %s_describe_descriptors;\n",
		 m->prefix, m->prefix);
}

void emit_describe(struct model *m, struct text *t)
{
	struct text json = { .failed = false }, descriptors = json;

	document(m, &json);
	base64(&descriptors, m->descriptors);
	t->failed |= json.failed || descriptors.failed;
	emit_banner(m, t);
	text_put(t, "#include \"schema/%s_describe.h\"\n", m->base);
	literal(m, t, "describe_json", buf_view(&json.buf));
	literal(m, t, "describe_descriptors", buf_view(&descriptors.buf));
	text_done(&json);
	text_done(&descriptors);
}
