#include "gen/words.h"

static const char *plain_type(struct model *m, const struct field *f)
{
	static const char *const formats[] = { "text", "IP address", "CIDR", "host:port",
					       "key, base64" };

	switch (f->kind) {
	case OVD_KIND_BOOL:
		return "boolean";
	case OVD_KIND_UINT:
		return model_text(m, "u%u", f->width * 8);
	case OVD_KIND_INT:
		return model_text(m, "i%u", f->width * 8);
	case OVD_KIND_TEXT:
	case OVD_KIND_IP:
		return formats[f->format];
	case OVD_KIND_ENUM:
	case OVD_KIND_OBJECT:
	case OVD_KIND_UNION:
		return words_section(f);
	}
	return "";
}

const char *words_type(struct model *m, const struct field *f)
{
	const char *type = plain_type(m, f);

	return f->is_list ? model_text(m, "list of %s", type) : type;
}

const char *words_presence(struct model *m, const struct field *f)
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

const char *words_limits(struct model *m, const struct field *f)
{
	const char *text = f->kind == OVD_KIND_TEXT ? model_text(m, "%u bytes", f->max_bytes) : "";

	if (f->is_list)
		text = model_text(m, "%s%s%u items", text, *text ? ", " : "", f->max_items);
	return text;
}

const char *words_comment(struct model *m, const struct field *f)
{
	return words_since(m, f->comment, f->since);
}

const char *words_since(struct model *m, const char *comment, const char *since)
{
	return since ? model_text(m, "%s Since %s.", comment, since) : comment;
}

const char *words_section(const struct field *f)
{
	if (f->kind == OVD_KIND_ENUM)
		return f->enumeration->name;
	return f->kind == OVD_KIND_OBJECT || f->kind == OVD_KIND_UNION ? f->message->name : NULL;
}

static bool is_variant_only(const struct model *m, const struct message *message)
{
	bool variant = false, member = false;

	for (size_t i = 0; i < m->messages.n; i++)
		for (size_t k = 0; k < m->messages.items[i].fields.n; k++)
			if (m->messages.items[i].fields.items[k].message == message)
				*(m->messages.items[i].tag ? &variant : &member) = true;
	return variant && !member;
}

bool words_has_section(const struct model *m, const struct message *message)
{
	return !(message->tag && message->entry) && !is_variant_only(m, message) &&
	       !message_is_unit(message);
}
