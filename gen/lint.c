#include "gen/lint.h"

#include <string.h>

/* A rule looks at one thing and says what is wrong with it. */
typedef void message_rule(struct model *m, const struct message *message);
typedef void field_rule(struct model *m, const struct message *message, const struct field *f);

#define FAULT(m, at, ...) model_fault(m, (at)->line, __VA_ARGS__)

/* ---- fields ---- */

static void field_has_comment(struct model *m, const struct message *message, const struct field *f)
{
	if (!f->comment)
		FAULT(m, f, "%s.%s has no comment", message->name, f->name);
}

static void field_has_known_type(struct model *m, const struct message *message,
				 const struct field *f)
{
	if (!f->known_type)
		FAULT(m, f,
		      "%s.%s: the wire has booleans, integers, strings, enums and messages of this "
		      "file alone",
		      message->name, f->name);
}

static void field_key_is_plain(struct model *m, const struct message *message,
			       const struct field *f)
{
	if (strlen(f->key) > OVD_KEY_MAX ||
	    strspn(f->key, "abcdefghijklmnopqrstuvwxyz0123456789_") != strlen(f->key) || !*f->key)
		FAULT(m, f, "%s.%s: a key has 1 to %d of a-z, 0-9 and _", message->name, f->name,
		      OVD_KEY_MAX);
}

static void secret_is_sensitive(struct model *m, const struct message *message,
				const struct field *f)
{
	static const char *const words[] = { "private_key", "secret", "credential", "password" };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (strstr(f->name, words[i]) && f->kind == OVD_KIND_TEXT &&
		    !(f->flags & OVD_SECRET))
			FAULT(m, f, "%s.%s looks secret and is not sensitive", message->name,
			      f->name);
}

static void skipped_list_is_defaulted(struct model *m, const struct message *message,
				      const struct field *f)
{
	if (f->skip_empty && !f->defaulted)
		FAULT(m, f, "%s.%s: skip_empty without defaulted could not be read back",
		      message->name, f->name);
}

static void list_rules_on_lists(struct model *m, const struct message *message,
				const struct field *f)
{
	if ((f->skip_empty || f->defaulted || f->has_max_items) && !f->is_list)
		FAULT(m, f, "%s.%s: defaulted, skip_empty and max_items are for lists",
		      message->name, f->name);
}

static void text_rules_on_texts(struct model *m, const struct message *message,
				const struct field *f)
{
	if ((f->has_max_bytes || f->format != FORMAT_TEXT) && f->kind != OVD_KIND_TEXT &&
	    f->kind != OVD_KIND_IP)
		FAULT(m, f, "%s.%s: max_bytes and format are for strings", message->name, f->name);
}

static void bits_fit(struct model *m, const struct message *message, const struct field *f)
{
	if (f->has_bits && (!f->is_uint32 || (f->bits != 8 && f->bits != 16)))
		FAULT(m, f, "%s.%s: bits is 8 or 16, on a uint32", message->name, f->name);
}

static void flatten_fits(struct model *m, const struct message *message, const struct field *f)
{
	if (f->flatten && (f->kind != OVD_KIND_OBJECT || !f->is_required))
		FAULT(m, f, "%s.%s: only a required message that is no union can be flattened",
		      message->name, f->name);
}

static void required_has_no_default(struct model *m, const struct message *message,
				    const struct field *f)
{
	if ((f->is_required || f->is_list) && (f->has_default || f->default_variant))
		FAULT(m, f, "%s.%s: a default is for an optional field", message->name, f->name);
}

static void text_default_is_empty(struct model *m, const struct message *message,
				  const struct field *f)
{
	if (f->has_default &&
	    (f->kind == OVD_KIND_IP || (f->kind == OVD_KIND_TEXT && *f->default_text)))
		FAULT(m, f, "%s.%s: the default of a string is \"\", and an address has none",
		      message->name, f->name);
}

static void default_variant_is_unit(struct model *m, const struct message *message,
				    const struct field *f)
{
	const struct field *variant = NULL;

	if (!f->default_variant)
		return;
	for (size_t i = 0; f->kind == OVD_KIND_UNION && i < f->message->fields.n; i++)
		if (strcmp(f->message->fields.items[i].name, f->default_variant) == 0)
			variant = &f->message->fields.items[i];
	if (!variant || !variant->message || !message_is_unit(variant->message))
		FAULT(m, f, "%s.%s: default_variant is not an empty variant of its union",
		      message->name, f->name);
}

static void not_built_on_variants(struct model *m, const struct message *message,
				  const struct field *f)
{
	if (f->not_built && !message->tag)
		FAULT(m, f, "%s.%s: not_built is for variants", message->name, f->name);
}

static void name_is_free(struct model *m, const struct message *message, const struct field *f)
{
	static const char *const words[] = {
		"auto",     "bool",    "break",    "case",     "char",     "const",
		"continue", "default", "do",       "double",   "else",     "enum",
		"extern",   "float",   "for",      "goto",     "if",       "inline",
		"int",      "kind",    "long",     "register", "restrict", "return",
		"short",    "signed",  "sizeof",   "static",   "struct",   "switch",
		"typedef",  "union",   "unsigned", "void",     "volatile", "while"
	};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (strcmp(f->name, words[i]) == 0)
			FAULT(m, f, "%s.%s is a word that C or the generated code needs",
			      message->name, f->name);
}

static field_rule *const field_rules[] = {
	field_has_comment,
	field_has_known_type,
	field_key_is_plain,
	secret_is_sensitive,
	skipped_list_is_defaulted,
	list_rules_on_lists,
	text_rules_on_texts,
	bits_fit,
	flatten_fits,
	required_has_no_default,
	text_default_is_empty,
	default_variant_is_unit,
	not_built_on_variants,
	name_is_free,
};

/* ---- messages ---- */

static void message_has_comment(struct model *m, const struct message *message)
{
	if (!message->comment)
		FAULT(m, message, "%s has no comment", message->name);
}

static void message_name_is_free(struct model *m, const struct message *message)
{
	static const char *const types[] = { "ovd_view",     "ovd_ip",    "ovd_cidr",
					     "ovd_endpoint", "ovd_key",   "ovd_fault",
					     "ovd_list",     "ovd_row",   "ovd_enum",
					     "ovd_object",   "ovd_union", "ovd_table",
					     "ovd_variant" };

	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (strcmp(message->c_name, types[i]) == 0)
			FAULT(m, message, "%s: struct %s is a type of the runtime", message->name,
			      message->c_name);
}

static void message_is_flat(struct model *m, const struct message *message)
{
	if (message->n_nested > 0)
		FAULT(m, message, "%s holds declarations: put them on the file's own level",
		      message->name);
}

static void union_is_one_oneof(struct model *m, const struct message *message)
{
	if (!message->tag) {
		if (message->n_oneofs > 0)
			FAULT(m, message, "%s: a oneof needs a tag", message->name);
		return;
	}
	if (message->n_oneofs != 1)
		FAULT(m, message, "%s: a union is one oneof", message->name);
	for (size_t i = 0; i < message->fields.n; i++)
		if (!message->fields.items[i].in_oneof)
			FAULT(m, &message->fields.items[i],
			      "%s.%s stands outside the union's oneof", message->name,
			      message->fields.items[i].name);
}

static void variant_is_message(struct model *m, const struct message *message)
{
	for (size_t i = 0; message->tag && i < message->fields.n; i++)
		if (!message->fields.items[i].message)
			FAULT(m, &message->fields.items[i], "%s.%s: a variant is a message",
			      message->name, message->fields.items[i].name);
}

#define KEYS_MAX      64
#define FLATTENED_MAX 64 /* two in each of two in each ...: without a limit that takes for ever */

/* All keys that stand in one object, flattened ones too, as far as they are within the limits. */
struct keys {
	const char *names[KEYS_MAX];
	size_t n, n_flattened;
	bool too_many, too_flat;
	const char *twice;
};

static void gather_keys(struct keys *keys, const struct message *message)
{
	for (size_t i = 0; i < message->fields.n && !keys->too_many && !keys->too_flat; i++) {
		const struct field *f = &message->fields.items[i];

		if (f->flatten && f->message) {
			keys->too_flat = ++keys->n_flattened > FLATTENED_MAX;
			if (!keys->too_flat)
				gather_keys(keys, f->message);
			continue;
		}
		for (size_t k = 0; k < keys->n; k++)
			if (strcmp(keys->names[k], f->key) == 0)
				keys->twice = f->key;
		if (keys->n == KEYS_MAX)
			keys->too_many = true;
		else
			keys->names[keys->n++] = f->key;
	}
}

static bool reaches(const struct message *message, const struct message *wanted)
{
	for (size_t i = 0; i < message->fields.n; i++) {
		struct message *inner = message->fields.items[i].message;

		if (!inner || (inner->seen && inner != wanted))
			continue;
		inner->seen = true;
		if (inner == wanted || reaches(inner, wanted))
			return true;
	}
	return false;
}

static bool recurses(const struct model *m, const struct message *message)
{
	for (size_t i = 0; i < m->messages.n; i++)
		m->messages.items[i].seen = false;
	return reaches(message, message);
}

static void message_does_not_recurse(struct model *m, const struct message *message)
{
	if (recurses(m, message))
		FAULT(m, message, "%s holds itself: the wire must not recurse", message->name);
}

static void keys_are_unique(struct model *m, const struct message *message)
{
	struct keys keys = { .n = 0 };

	if (m->recursive)
		return;
	gather_keys(&keys, message);
	if (keys.twice)
		FAULT(m, message, "%s: the key %s stands twice in one object", message->name,
		      keys.twice);
	if (keys.too_many)
		FAULT(m, message, "%s: more than %d keys in one object", message->name, KEYS_MAX);
	if (keys.too_flat)
		FAULT(m, message, "%s: more than %d messages are flattened into one object",
		      message->name, FLATTENED_MAX);
}

static bool has_key(const struct message *message, const char *key)
{
	struct keys keys = { .n = 0 };

	gather_keys(&keys, message);
	for (size_t i = 0; i < keys.n; i++)
		if (strcmp(keys.names[i], key) == 0)
			return true;
	return false;
}

static void tag_is_no_key(struct model *m, const struct message *message)
{
	for (size_t i = 0; message->tag && !m->recursive && i < message->fields.n; i++) {
		const struct message *variant = message->fields.items[i].message;

		if (!variant)
			continue;
		if (variant->tag && strcmp(variant->tag, message->tag) == 0)
			FAULT(m, message, "%s: the tag %s is the tag of its variant %s too",
			      message->name, message->tag, variant->name);
		for (size_t k = 0; variant->tag && k < variant->fields.n; k++)
			if (variant->fields.items[k].message &&
			    has_key(variant->fields.items[k].message, message->tag))
				FAULT(m, message, "%s: the tag %s is a key of %s", message->name,
				      message->tag, variant->fields.items[k].message->name);
		if (!variant->tag && has_key(variant, message->tag))
			FAULT(m, message, "%s: the tag %s is a key of its variant %s",
			      message->name, message->tag, variant->name);
	}
}

static bool number_is_known(const struct message *message, int number)
{
	for (size_t i = 0; i < message->fields.n; i++)
		if (message->fields.items[i].number == number)
			return true;
	for (size_t i = 0; i + 1 < message->reserved.n; i += 2)
		if (number >= message->reserved.items[i] &&
		    number <= message->reserved.items[i + 1])
			return true;
	return false;
}

static void numbers_have_no_gap(struct model *m, const struct message *message)
{
	int first = 0, last = 0;

	for (size_t i = 0; i < message->fields.n; i++) {
		int number = message->fields.items[i].number;

		first = i == 0 || number < first ? number : first;
		last = number > last ? number : last;
	}
	for (int n = first == 16 && message->tag ? 16 : 1; n < last; n++)
		if (!number_is_known(message, n)) {
			FAULT(m, message, "%s: the number %d was dropped without reserved",
			      message->name, n);
			return;
		}
}

static void operations_have_answers(struct model *m, const struct message *message)
{
	const struct message *response = model_message(m, "Response");

	for (size_t i = 0; message->dispatch && !m->recursive && i < message->fields.n; i++) {
		const struct field *f = &message->fields.items[i];

		if (f->answers.n == 0)
			FAULT(m, f, "%s: an operation says what it answers", f->name);
		for (size_t k = 0; k < f->answers.n; k++)
			if (!response || !has_key(response, f->answers.items[k]))
				FAULT(m, f, "%s: %s is no variant of Response", f->name,
				      f->answers.items[k]);
	}
}

static message_rule *const message_rules[] = {
	message_has_comment, message_name_is_free,    message_is_flat, union_is_one_oneof,
	variant_is_message,  keys_are_unique,         tag_is_no_key,   message_does_not_recurse,
	numbers_have_no_gap, operations_have_answers,
};

/* ---- enums and the file ---- */

static void lint_enumeration(struct model *m, const struct enumeration *e)
{
	if (!e->comment)
		FAULT(m, e, "%s has no comment", e->name);
	if (e->values.n > 0 && e->values.items[0].number != 0)
		FAULT(m, e, "%s: the first value is 0", e->name);
	for (size_t i = 0; i < e->values.n; i++) {
		if (!e->values.items[i].comment)
			FAULT(m, &e->values.items[i], "%s has no comment", e->values.items[i].name);
		if (!e->values.items[i].wire)
			FAULT(m, &e->values.items[i], "%s has no name on the wire",
			      e->values.items[i].name);
	}
}

void model_lint(struct model *m)
{
	if (strcmp(m->syntax, "proto2") != 0 && *m->syntax)
		model_fault(m, 1,
			    "syntax is %s: overlaygen reads proto2, whose fields are required or "
			    "optional",
			    m->syntax);
	for (size_t i = 0; i < m->messages.n && !m->recursive; i++)
		m->recursive = recurses(m, &m->messages.items[i]);
	for (size_t i = 0; i < m->enumerations.n; i++)
		lint_enumeration(m, &m->enumerations.items[i]);
	for (size_t i = 0; i < m->messages.n; i++) {
		const struct message *message = &m->messages.items[i];

		for (size_t r = 0; r < ARRAY_SIZE(message_rules); r++)
			message_rules[r](m, message);
		for (size_t k = 0; k < message->fields.n; k++)
			for (size_t r = 0; r < ARRAY_SIZE(field_rules); r++)
				field_rules[r](m, message, &message->fields.items[k]);
	}
}
