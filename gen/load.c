#include "gen/load.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "gen/options.h"
#include "wire.pb-c.h"

#define DEFAULT_MAX_BYTES 1024
#define DEFAULT_MAX_ITEMS 4096

typedef Google__Protobuf__FieldDescriptorProto field_proto;
typedef Google__Protobuf__DescriptorProto message_proto;
typedef Google__Protobuf__EnumDescriptorProto enum_proto;

struct loader {
	struct model *m;
	const Google__Protobuf__FileDescriptorProto *file;
};

/* ---- positions and comments ---- */

static const Google__Protobuf__SourceCodeInfo__Location *locate(const struct loader *l,
								const int *path, size_t n)
{
	const Google__Protobuf__SourceCodeInfo *info = l->file->source_code_info;

	for (size_t i = 0; info && i < info->n_location; i++)
		if (info->location[i]->n_path == n &&
		    memcmp(info->location[i]->path, path, n * sizeof(*path)) == 0)
			return info->location[i];
	return NULL;
}

/* Lines joined, without the blanks at their ends; NULL for nothing. */
static const char *one_line(struct model *m, const char *text)
{
	char *out = text ? arena_alloc(&m->arena, strlen(text) + 1) : NULL;
	size_t n = 0;

	for (const char *p = text; p && *p; p++) {
		bool blank = *p == ' ' || *p == '\n';

		if (!blank)
			out[n++] = *p;
		else if (n > 0 && out[n - 1] != ' ')
			out[n++] = ' ';
	}
	while (n > 0 && out[n - 1] == ' ')
		out[--n] = '\0';
	return n > 0 ? out : NULL;
}

static void read_position(const struct loader *l, const int *path, size_t n, int *ret_line,
			  const char **ret_comment)
{
	const Google__Protobuf__SourceCodeInfo__Location *at = locate(l, path, n);

	*ret_line = at && at->n_span > 0 ? at->span[0] + 1 : 1;
	*ret_comment = at ? one_line(l->m, at->leading_comments) : NULL;
}

/* ---- types ---- */

/* ".overlayd.PeerSpec" to "PeerSpec"; "" if it says no type. */
static const char *last_name(const field_proto *proto)
{
	const char *name = proto->type_name ? proto->type_name : "", *dot = strrchr(name, '.');

	return dot ? dot + 1 : name;
}

static struct enumeration *find_enumeration(const struct model *m, const char *name)
{
	for (size_t i = 0; i < m->enumerations.n; i++)
		if (strcmp(m->enumerations.items[i].name, name) == 0)
			return &m->enumerations.items[i];
	return NULL;
}

static void set_kind(struct field *f, enum ovd_kind kind, unsigned width)
{
	f->kind = kind;
	f->width = width;
	f->known_type = true;
}

static void read_type(struct model *m, const field_proto *proto, struct field *f)
{
	switch ((int)proto->type) {
	case GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_BOOL:
		set_kind(f, OVD_KIND_BOOL, 1);
		break;
	case GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_UINT32:
		f->is_uint32 = true;
		set_kind(f, OVD_KIND_UINT, f->has_bits ? f->bits / 8 : 4);
		break;
	case GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_UINT64:
		set_kind(f, OVD_KIND_UINT, 8);
		break;
	case GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_INT32:
		set_kind(f, OVD_KIND_INT, 4);
		break;
	case GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_INT64:
		set_kind(f, OVD_KIND_INT, 8);
		break;
	case GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_STRING:
		set_kind(f, f->format == FORMAT_IP ? OVD_KIND_IP : OVD_KIND_TEXT, 0);
		break;
	case GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_ENUM:
		f->enumeration = find_enumeration(m, last_name(proto));
		set_kind(f, OVD_KIND_ENUM, 4);
		f->known_type = f->enumeration;
		break;
	case GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_MESSAGE:
		f->message = model_message(m, last_name(proto));
		set_kind(f, f->message && f->message->tag ? OVD_KIND_UNION : OVD_KIND_OBJECT, 0);
		f->known_type = f->message;
		break;
	}
}

/* ---- fields ---- */

static int read_rule(struct model *m, const field_proto *proto, struct field *f)
{
	const ProtobufCMessage *options = proto->options ? &proto->options->base : NULL;
	const Overlayd__Wire__FieldRule *rule =
		option_unpack(&m->arena, options, &overlayd__wire__field_rule__descriptor);

	if (!rule || (unsigned)rule->format > FORMAT_KEY)
		return -EBADMSG;
	f->key = rule->key ? rule->key : f->name;
	f->flatten = rule->flatten;
	f->defaulted = rule->defaulted;
	f->skip_empty = rule->skip_empty;
	f->default_variant = rule->default_variant;
	f->has_bits = rule->has_bits;
	f->bits = rule->bits;
	f->format = rule->has_format ? (enum format)rule->format : FORMAT_TEXT;
	f->has_max_bytes = rule->has_max_bytes;
	f->max_bytes = rule->has_max_bytes ? rule->max_bytes : DEFAULT_MAX_BYTES;
	f->has_max_items = rule->has_max_items;
	f->max_items = rule->has_max_items ? rule->max_items : DEFAULT_MAX_ITEMS;
	f->since = rule->since;
	f->example = rule->example;
	f->answers.items = (const char **)rule->answers;
	f->answers.n = rule->n_answers;
	f->flags = rule->sensitive ? OVD_SECRET : 0;
	f->not_built = rule->not_built;
	if (f->not_built && f->comment)
		f->comment = model_text(m, "%s Not built yet: answers err.", f->comment);
	return 0;
}

static unsigned presence_flags(const struct field *f)
{
	if (f->is_list)
		return OVD_LIST | (f->defaulted ? OVD_DEFAULTED : OVD_REQUIRED) |
		       (f->skip_empty ? OVD_SKIP_EMPTY : 0);
	if (f->is_required)
		return OVD_REQUIRED;
	return f->has_default || f->default_variant ? OVD_DEFAULTED : OVD_OPTIONAL;
}

static void read_default(struct field *f)
{
	if (f->default_text && f->kind == OVD_KIND_BOOL)
		f->fallback = strcmp(f->default_text, "true") == 0;
	else if (f->default_text && f->kind == OVD_KIND_ENUM && f->enumeration)
		for (size_t i = 0; i < f->enumeration->values.n; i++) {
			if (strcmp(f->enumeration->values.items[i].name, f->default_text) == 0)
				f->fallback = (uint64_t)f->enumeration->values.items[i].number;
		}
	else if (f->default_text)
		f->fallback = strtoull(f->default_text, NULL,
				       10); /* protoc has checked that it is a number */
	for (size_t i = 0; f->default_variant && f->message && i < f->message->fields.n; i++)
		if (strcmp(f->message->fields.items[i].name, f->default_variant) == 0)
			f->fallback = i;
}

static int load_field(const struct loader *l, const field_proto *proto, const int path[4],
		      struct field *f)
{
	if (!proto->name)
		return -EBADMSG;
	f->name = proto->name;
	f->number = proto->number;
	f->in_oneof = proto->has_oneof_index;
	f->is_list =
		proto->label == GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__LABEL__LABEL_REPEATED;
	f->is_required =
		proto->label == GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__LABEL__LABEL_REQUIRED;
	f->default_text = proto->default_value;
	f->has_default = proto->default_value;
	read_position(l, path, 4, &f->line, &f->comment);
	if (read_rule(l->m, proto, f) < 0)
		return -EBADMSG;
	read_type(l->m, proto, f);
	f->flags |= presence_flags(f);
	return 0;
}

/* ---- messages and enums ---- */

static int load_message_head(const struct loader *l, const message_proto *proto, int index,
			     struct message *message)
{
	const ProtobufCMessage *options = proto->options ? &proto->options->base : NULL;
	const Overlayd__Wire__MessageRule *rule =
		option_unpack(&l->m->arena, options, &overlayd__wire__message_rule__descriptor);

	if (!rule || !proto->name)
		return -EBADMSG;
	message->name = proto->name;
	message->c_name = model_text(l->m, "%s_%s", l->m->prefix, name_snake(l->m, proto->name));
	message->tag = rule->tag;
	message->entry = rule->entry;
	message->dispatch = rule->dispatch;
	message->n_oneofs = proto->n_oneof_decl;
	message->n_nested = proto->n_nested_type + proto->n_enum_type + proto->n_extension;
	read_position(l, (int[]){ 4, index }, 2, &message->line, &message->comment);
	return 0;
}

static int load_fields(const struct loader *l, const message_proto *proto, int index,
		       struct message *message)
{
	message->fields.n = proto->n_field;
	message->fields.items =
		arena_alloc(&l->m->arena, proto->n_field * sizeof(*message->fields.items));
	message->reserved.n = proto->n_reserved_range * 2;
	message->reserved.items = arena_alloc(&l->m->arena, message->reserved.n * sizeof(int));
	if (!message->fields.items || !message->reserved.items)
		return -ENOMEM;
	for (size_t i = 0; i < proto->n_reserved_range; i++) {
		message->reserved.items[2 * i] = proto->reserved_range[i]->start;
		message->reserved.items[2 * i + 1] = proto->reserved_range[i]->end - 1;
	}
	for (size_t i = 0; i < proto->n_field; i++) {
		int r = load_field(l, proto->field[i], (int[]){ 4, index, 2, (int)i },
				   &message->fields.items[i]);

		if (r < 0)
			return r;
	}
	return 0;
}

static int load_value(const struct loader *l, const enum_proto *proto, int index, int i,
		      struct value *value)
{
	const Google__Protobuf__EnumValueDescriptorProto *at = proto->value[i];
	const Overlayd__Wire__ValueRule *rule =
		option_unpack(&l->m->arena, at->options ? &at->options->base : NULL,
			      &overlayd__wire__value_rule__descriptor);

	if (!rule || !at->name)
		return -EBADMSG;
	*value = (struct value){
		.name = at->name, .number = at->number, .wire = rule->name, .since = rule->since
	};
	value->c_name = model_text(l->m, "%s_%s", name_upper(l->m, l->m->prefix), at->name);
	read_position(l, (int[]){ 5, index, 2, i }, 4, &value->line, &value->comment);
	return 0;
}

static int load_enumeration(const struct loader *l, const enum_proto *proto, int index,
			    struct enumeration *e)
{
	if (!proto->name)
		return -EBADMSG;
	e->name = proto->name;
	e->c_name = model_text(l->m, "%s_%s", l->m->prefix, name_snake(l->m, proto->name));
	read_position(l, (int[]){ 5, index }, 2, &e->line, &e->comment);
	e->values.n = proto->n_value;
	e->values.items = arena_alloc(&l->m->arena, proto->n_value * sizeof(*e->values.items));
	for (size_t i = 0; e->values.items && i < proto->n_value; i++) {
		int r = load_value(l, proto, index, (int)i, &e->values.items[i]);

		if (r < 0)
			return r;
	}
	return e->values.items ? 0 : -ENOMEM;
}

static int load_head(const struct loader *l)
{
	const ProtobufCMessage *options = l->file->options ? &l->file->options->base : NULL;
	const Overlayd__Wire__FileRule *rule =
		option_unpack(&l->m->arena, options, &overlayd__wire__file_rule__descriptor);
	const char *slash = strrchr(l->file->name, '/'), *base = slash ? slash + 1 : l->file->name;
	int line;

	if (!rule)
		return -EBADMSG;
	l->m->file = l->file->name;
	l->m->base = arena_copy(&l->m->arena, base, strcspn(base, "."));
	l->m->package = l->file->package ? l->file->package : "";
	l->m->prefix = rule->prefix ? rule->prefix : l->m->base;
	l->m->syntax = l->file->syntax ? l->file->syntax : "proto2";
	read_position(l, (int[]){ 12 }, 1, &line, &l->m->comment);
	return 0;
}

static int allocate(struct model *m, const Google__Protobuf__FileDescriptorProto *file)
{
	m->messages.n = file->n_message_type;
	m->messages.items =
		arena_alloc(&m->arena, file->n_message_type * sizeof(*m->messages.items));
	m->enumerations.n = file->n_enum_type;
	m->enumerations.items =
		arena_alloc(&m->arena, file->n_enum_type * sizeof(*m->enumerations.items));
	return m->messages.items && m->enumerations.items ? 0 : -ENOMEM;
}

int model_load(struct model *m, const Google__Protobuf__FileDescriptorProto *file)
{
	struct loader l = { .m = m, .file = file };
	int r = load_head(&l);

	if (r == 0)
		r = allocate(m, file);
	for (size_t i = 0; r == 0 && i < file->n_enum_type; i++)
		r = load_enumeration(&l, file->enum_type[i], (int)i, &m->enumerations.items[i]);
	for (size_t i = 0; r == 0 && i < file->n_message_type; i++)
		r = load_message_head(&l, file->message_type[i], (int)i, &m->messages.items[i]);
	for (size_t i = 0; r == 0 && i < file->n_message_type; i++)
		r = load_fields(&l, file->message_type[i], (int)i, &m->messages.items[i]);
	for (size_t i = 0; r == 0 && i < m->messages.n; i++)
		for (size_t k = 0; k < m->messages.items[i].fields.n; k++)
			read_default(&m->messages.items[i].fields.items[k]);
	return r;
}

int model_keep_descriptors(struct model *m, Google__Protobuf__FileDescriptorProto *const *files,
			   size_t n)
{
	Google__Protobuf__FileDescriptorSet set = GOOGLE__PROTOBUF__FILE_DESCRIPTOR_SET__INIT;
	Google__Protobuf__FileDescriptorProto *copies = calloc(n, sizeof(*copies));
	uint8_t *packed;

	set.n_file = n;
	set.file = calloc(n, sizeof(*set.file));
	for (size_t i = 0; copies && set.file && i < n; i++) {
		copies[i] = *files[i];
		if (!files[i]->name || strcmp(files[i]->name, m->file) != 0)
			copies[i].source_code_info = NULL;
		set.file[i] = &copies[i];
	}
	packed = copies && set.file
			 ? arena_alloc(&m->arena,
				       google__protobuf__file_descriptor_set__get_packed_size(&set))
			 : NULL;
	if (packed)
		m->descriptors = (struct ovd_view){
			.p = (const char *)packed,
			.n = google__protobuf__file_descriptor_set__pack(&set, packed),
		};
	free(set.file);
	free(copies);
	return packed ? 0 : -1;
}
