#include "gen/emit.h"

#include <stdio.h>
#include <string.h>

static void enumeration(struct model *m, struct text *t, const struct enumeration *e)
{
	text_put(t, "\nstatic const struct ovd_enum_value %s_values[] = {\n", e->c_name);
	for (size_t i = 0; i < e->values.n; i++)
		text_put(t, "\t{ %s, %zu, %s },\n", emit_quoted(m, e->values.items[i].wire),
			 strlen(e->values.items[i].wire), e->values.items[i].c_name);
	text_put(t,
		 "};\n\nstatic const struct ovd_enum %s_enum = {\n\t.name = \"%s\", .values = "
		 "%s_values, .n_values = %zu,\n};\n",
		 e->c_name, e->name, e->c_name, e->values.n);
	text_put(t, "\nconst char *%s_name(enum %s value)\n{\n\tswitch (value) {\n", e->c_name,
		 e->c_name);
	for (size_t i = 0; i < e->values.n; i++)
		text_put(t, "\tcase %s:\n\t\treturn %s;\n", e->values.items[i].c_name,
			 emit_quoted(m, e->values.items[i].wire));
	text_put(t, "\t}\n\treturn NULL;\n}\n");
}

static const char *kind_name(const struct field *f)
{
	switch (f->kind) {
	case OVD_KIND_BOOL:
		return "OVD_KIND_BOOL";
	case OVD_KIND_UINT:
		return "OVD_KIND_UINT";
	case OVD_KIND_INT:
		return "OVD_KIND_INT";
	case OVD_KIND_TEXT:
		return "OVD_KIND_TEXT";
	case OVD_KIND_IP:
		return "OVD_KIND_IP";
	case OVD_KIND_ENUM:
		return "OVD_KIND_ENUM";
	case OVD_KIND_OBJECT:
		return "OVD_KIND_OBJECT";
	case OVD_KIND_UNION:
		return "OVD_KIND_UNION";
	}
	return "";
}

static const char *flag_names(struct model *m, unsigned flags)
{
	static const char *const names[] = { "OVD_REQUIRED",  "OVD_LIST",       "OVD_OPTIONAL",
					     "OVD_DEFAULTED", "OVD_SKIP_EMPTY", "OVD_SECRET" };
	const char *text = "";

	for (unsigned i = 0; i < ARRAY_SIZE(names); i++)
		if (flags >> i & 1)
			text = model_text(m, "%s%s%s", text, *text ? " | " : "", names[i]);
	return *text ? text : "0";
}

static void type_reference(struct text *t, const struct field *f)
{
	if (f->kind == OVD_KIND_ENUM)
		text_put(t, "\t\t.type = &%s_enum,\n", f->enumeration->c_name);
	else if (f->kind == OVD_KIND_OBJECT)
		text_put(t, "\t\t.type = &%s_object,\n", f->message->c_name);
	else if (f->kind == OVD_KIND_UNION)
		text_put(t, "\t\t.type = &%s_union,\n", f->message->c_name);
}

/* path: the members that lead to the object that holds the field, each followed by a dot. */
static void row(struct model *m, struct text *t, const struct message *holder, const char *path,
		const struct field *f)
{
	const char *prefix = holder->c_name;

	text_put(t,
		 "\t{\n\t\t.literal = \"\\\"%s\\\":\", .literal_len = %zu, .kind = %s, .width = "
		 "%u,\n",
		 f->key, strlen(f->key) + 3, kind_name(f), f->width);
	text_put(t, "\t\t.flags = %s, .offset = offsetof(struct %s, %s%s),\n",
		 flag_names(m, f->flags), prefix, path, f->name);
	if (field_is_optional(f) && f->kind != OVD_KIND_TEXT)
		text_put(t, "\t\t.has_offset = offsetof(struct %s, %shas_%s),\n", prefix, path,
			 f->name);
	if (f->kind == OVD_KIND_TEXT)
		text_put(t, "\t\t.max_bytes = %u,\n", f->max_bytes);
	if (f->is_list)
		text_put(t, "\t\t.max_items = %u, .item_size = sizeof(%s),\n", f->max_items,
			 emit_c_type(m, f));
	type_reference(t, f);
	if (f->flags & OVD_DEFAULTED && f->fallback)
		text_put(t, "\t\t.fallback = %llu,\n", (unsigned long long)f->fallback);
	text_put(t, "\t},\n");
}

/* The rows of a message with those that are flattened into it; counts them, and which are required.
 */
static void rows(struct model *m, struct text *t, const struct message *holder, const char *path,
		 const struct message *message, unsigned *n, uint64_t *required)
{
	for (size_t i = 0; i < message->fields.n; i++) {
		const struct field *f = &message->fields.items[i];

		if (f->flatten) {
			rows(m, t, holder, model_text(m, "%s%s.", path, f->name), f->message, n,
			     required);
			continue;
		}
		row(m, t, holder, path, f);
		*required |= f->flags & OVD_REQUIRED ? UINT64_C(1) << *n : 0;
		++*n;
	}
}

static uint16_t count_rows(const struct message *message, size_t n_fields)
{
	uint16_t n = 0;

	for (size_t i = 0; i < n_fields; i++) {
		const struct field *f = &message->fields.items[i];

		n += f->flatten ? count_rows(f->message, f->message->fields.n) : 1;
	}
	return n;
}

/* The field with the next greater number; NULL behind the last. */
static const struct field *next_field(const struct message *message, int number)
{
	const struct field *next = NULL;

	for (size_t i = 0; i < message->fields.n; i++) {
		const struct field *f = &message->fields.items[i];

		if (f->number > number && (!next || f->number < next->number))
			next = f;
	}
	return next;
}

/* The protobuf fields of a message whose rows begin at that one of its holder's. */
static void fields(struct text *t, const struct message *message, unsigned first_row,
		   const char *indent)
{
	text_put(t, "{ (const struct ovd_field[]){\n");
	for (const struct field *f = next_field(message, 0); f;
	     f = next_field(message, f->number)) {
		size_t index = (size_t)(f - message->fields.items);
		unsigned at = first_row + count_rows(message, index);

		text_put(t, "%s\t{ .number = %d, ", indent, f->number);
		if (f->flatten) {
			text_put(t, ".flat = &(const struct ovd_fields)");
			fields(t, f->message, at, "\t\t");
		} else {
			text_put(t, ".row = %u", at);
		}
		text_put(t, " },\n");
	}
	text_put(t, "%s}, %zu }", indent, message->fields.n);
}

static void object(struct model *m, struct text *t, const struct message *message)
{
	uint64_t required = 0;
	unsigned n = 0;

	if (message_is_unit(message)) {
		text_put(t,
			 "\nstatic const struct ovd_object %s_object = {\n\t.name = \"%s\",\n};\n",
			 message->c_name, message->name);
		return;
	}
	text_put(t, "\nstatic const struct ovd_row %s_rows[] = {\n", message->c_name);
	rows(m, t, message, "", message, &n, &required);
	text_put(t,
		 "};\n\nstatic const struct ovd_object %s_object = {\n\t.name = \"%s\", .rows = "
		 "%s_rows, .n_rows = %u,\n"
		 "\t.required = 0x%llx, .size = sizeof(struct %s),\n\t.fields = ",
		 message->c_name, message->name, message->c_name, n, (unsigned long long)required,
		 message->c_name);
	fields(t, message, 0, "\t");
	text_put(t, ",\n};\n");
}

static void variant(struct model *m, struct text *t, const struct message *message,
		    const struct field *f)
{
	text_put(t, "\t{\n\t\t.literal = \"\\\"%s\\\":\\\"%s\\\"\", .literal_len = %zu,\n",
		 message->tag, f->key, strlen(message->tag) + strlen(f->key) + 5);
	text_put(t, "\t\t.name = \"%s\", .name_len = %zu, .value = %s,\n", f->key, strlen(f->key),
		 emit_variant_name(m, message, f));
	text_put(t, "\t\t.number = %d,\n", f->number);
	if (!message_is_unit(f->message))
		text_put(t, "\t\t.offset = offsetof(struct %s, %s),\n", message->c_name, f->name);
	text_put(t,
		 f->message->tag ? "\t\t.inner = &%s_union,\n\t},\n"
				 : "\t\t.object = &%s_object,\n\t},\n",
		 f->message->c_name);
}

static void tagged_union(struct model *m, struct text *t, const struct message *message)
{
	const char *name = message->c_name;

	text_put(t, "\nstatic const struct ovd_variant %s_variants[] = {\n", name);
	for (size_t i = 0; i < message->fields.n; i++)
		variant(m, t, message, &message->fields.items[i]);
	text_put(t,
		 "};\n\nstatic const struct ovd_union %s_union = {\n\t.name = \"%s\", .tag = "
		 "\"\\\"%s\\\":\", .tag_len = %zu,\n"
		 "\t.variants = %s_variants, .n_variants = %zu, .size = sizeof(struct %s),\n};\n",
		 name, message->name, message->tag, strlen(message->tag) + 3, name,
		 message->fields.n, name);
	text_put(t,
		 "\n_Static_assert(offsetof(struct %s, kind) == 0 && sizeof(enum %s_kind) == "
		 "sizeof(int), \"the codecs' view of a union\");\n",
		 name, name);
	text_put(t, "\nconst char *%s_kind_name(enum %s_kind kind)\n{\n\tswitch (kind) {\n", name,
		 name);
	for (size_t i = 0; i < message->fields.n; i++)
		text_put(t, "\tcase %s:\n\t\treturn \"%s\";\n",
			 emit_variant_name(m, message, &message->fields.items[i]),
			 message->fields.items[i].key);
	text_put(t, "\t}\n\treturn NULL;\n}\n");
}

static void message_table(struct model *m, struct text *t, const struct message *message)
{
	if (message->tag)
		tagged_union(m, t, message);
	else
		object(m, t, message);
}

/* The name that protoc-c gives to the descriptor of a message. */
static const char *descriptor_name(struct model *m, const struct message *message)
{
	return model_text(m, "%s%s%s__descriptor", m->package, *m->package ? "__" : "",
			  name_snake(m, message->name));
}

static void entry(struct model *m, struct text *t, const struct message *message)
{
	const char *name = message->c_name, *descriptor = descriptor_name(m, message);

	text_put(t,
		 "\nextern const struct ProtobufCMessageDescriptor %s;\n"
		 "const struct ovd_table %s_table = {\n\t.%s = &%s_%s, .protobuf = "
		 "OVD_PROTOBUF(%s),\n};\n",
		 descriptor, name, message->tag ? "union_" : "object", name,
		 message->tag ? "union" : "object", descriptor);
	text_put(t,
		 "\nint %s_decode(struct ovd_view body, struct arena *arena, struct %s "
		 "*ret,\n\t\tstruct ovd_fault *fault)\n"
		 "{\n\treturn json_decode(&%s_table, body, arena, ret, fault);\n}\n",
		 name, name, name);
	text_put(t,
		 "\nint %s_encode(const struct %s *in, struct buf *out)\n{\n\treturn "
		 "json_encode(&%s_table, in, out);\n}\n",
		 name, name, name);
}

/* Messages that only serve to be flattened have no table of their own. */
static bool has_table(const struct model *m, const struct message *message)
{
	bool used = message->entry;

	for (size_t i = 0; i < m->messages.n; i++)
		for (size_t k = 0; k < m->messages.items[i].fields.n; k++) {
			const struct field *f = &m->messages.items[i].fields.items[k];

			used |= f->message == message && !f->flatten;
		}
	return used;
}

static void used_message_table(struct model *m, struct text *t, const struct message *message)
{
	if (has_table(m, message))
		message_table(m, t, message);
}

void emit_tables(struct model *m, struct text *t)
{
	emit_banner(m, t);
	text_put(t, "#include \"schema/%s.h\"\n\n#include \"runtime/json.h\"\n", m->base);
	for (size_t i = 0; i < m->enumerations.n; i++)
		enumeration(m, t, &m->enumerations.items[i]);
	emit_in_order(m, t, used_message_table);
	for (size_t i = 0; i < m->messages.n; i++)
		if (m->messages.items[i].entry)
			entry(m, t, &m->messages.items[i]);
}
