#include "client/ctl/remote.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/arena.h"
#include "runtime/util.h"

/* A message may hold itself only by mistake. */
#define FLATTEN_MAX 8

struct remote {
	struct arena arena; /* all of the commands */
	struct json_object *root, *messages, *enumerations;
	struct ctl_command *commands;
	bool failed; /* no memory */
};

/* ---- the document ---- */

static struct json_object *get(struct json_object *object, const char *key)
{
	return json_object_object_get(object, key);
}

/* "" for what is missing. */
static const char *text_of(struct json_object *object, const char *key)
{
	struct json_object *value = get(object, key);

	return value ? json_object_get_string(value) : "";
}

static bool is_true(struct json_object *object, const char *key)
{
	return json_object_get_boolean(get(object, key));
}

static size_t length_of(struct json_object *list)
{
	return json_object_is_type(list, json_type_array) ? json_object_array_length(list) : 0;
}

static const char *format(struct remote *r, const char *format, ...) _printf_(2, 3);

static const char *format(struct remote *r, const char *format, ...)
{
	va_list args;
	char *text = NULL, *kept;
	int n;

	va_start(args, format);
	n = vasprintf(&text, format, args);
	va_end(args);
	kept = n < 0 ? NULL : arena_copy(&r->arena, text, (size_t)n);
	free(text);
	r->failed |= !kept;
	return kept ? kept : "";
}

/* ---- flags ---- */

static bool is_scalar(const char *type, const char *of)
{
	return strcmp(type, of) == 0;
}

static bool is_number(const char *type)
{
	return (type[0] == 'u' || type[0] == 'i') && type[1] >= '1' && type[1] <= '9';
}

static enum ctl_kind kind_of(const struct remote *r, const char *type)
{
	struct json_object *message = get(r->messages, type);

	if (is_scalar(type, "bool"))
		return CTL_BOOL;
	if (is_number(type))
		return CTL_NUMBER;
	if (get(r->enumerations, type))
		return CTL_ENUM;
	if (!message)
		return CTL_TEXT;
	return get(message, "tag") ? CTL_UNION : CTL_JSON;
}

static const char *join_names(struct remote *r, struct json_object *list, const char *separator)
{
	const char *text = "";

	for (size_t i = 0; i < length_of(list); i++) {
		struct json_object *item = json_object_array_get_idx(list, i);
		const char *name = json_object_is_type(item, json_type_object)
					   ? text_of(item, "name")
					   : json_object_get_string(item);

		text = format(r, "%s%s%s", text, i ? separator : "", name);
	}
	return text;
}

/* The first key that a variant can't do without: what stands behind its name and a colon. */
static struct json_object *variant_value(const struct remote *r, struct json_object *variant)
{
	struct json_object *fields = get(get(r->messages, text_of(variant, "message")), "fields");

	for (size_t i = 0; i < length_of(fields); i++) {
		struct json_object *field = json_object_array_get_idx(fields, i);

		if (strcmp(text_of(field, "presence"), "required") == 0)
			return field;
	}
	return NULL;
}

static const char *in_capitals(struct remote *r, const char *name)
{
	char *text = arena_copy(&r->arena, name, strlen(name));

	r->failed |= !text;
	for (char *p = text; p && *p; p++)
		*p = *p >= 'a' && *p <= 'z' ? (char)(*p - 32) : *p;
	return text ? text : "";
}

static const char *join_variants(struct remote *r, struct json_object *variants)
{
	const char *text = "";

	for (size_t i = 0; i < length_of(variants); i++) {
		struct json_object *variant = json_object_array_get_idx(variants, i),
				   *value = variant_value(r, variant);

		text = format(r, "%s%s%s%s%s", text, i ? "|" : "", text_of(variant, "name"),
			      value ? ":" : "", value ? in_capitals(r, text_of(value, "key")) : "");
	}
	return text;
}

static const char *placeholder_of(struct remote *r, const char *type)
{
	switch (kind_of(r, type)) {
	case CTL_BOOL:
		return "true|false";
	case CTL_NUMBER:
		return "N";
	case CTL_TEXT:
		return is_scalar(type, "ip")         ? "IP"
		       : is_scalar(type, "cidr")     ? "CIDR"
		       : is_scalar(type, "endpoint") ? "HOST:PORT"
		       : is_scalar(type, "key")      ? "KEY"
						     : "TEXT";
	case CTL_ENUM:
		return join_names(r, get(get(r->enumerations, type), "values"), "|");
	case CTL_UNION:
		return join_variants(r, get(get(r->messages, type), "variants"));
	case CTL_JSON:
		return "JSON";
	}
	return "";
}

static void fill_union(struct remote *r, struct json_object *message, struct ctl_flag *flag)
{
	struct json_object *variants = get(message, "variants");
	size_t n = length_of(variants);
	struct ctl_variant *list = arena_alloc(&r->arena, (n + 1) * sizeof(*list));

	r->failed |= !list;
	for (size_t i = 0; list && i < n; i++) {
		struct json_object *variant = json_object_array_get_idx(variants, i),
				   *value = variant_value(r, variant);

		list[i] = (struct ctl_variant){
			.name = text_of(variant, "name"),
			.key = value ? text_of(value, "key") : NULL,
			.number = value && is_number(text_of(value, "type")),
		};
	}
	flag->tag = text_of(message, "tag");
	flag->variants = list;
	flag->n_variants = list ? n : 0;
}

static const char *with_dashes(struct remote *r, const char *name)
{
	char *text = arena_copy(&r->arena, name, strlen(name));

	r->failed |= !text;
	for (char *p = text; p && *p; p++)
		if (*p == '_')
			*p = '-';
	return text ? text : "";
}

static struct ctl_flag flag_of(struct remote *r, struct json_object *field)
{
	const char *type = text_of(field, "type");
	struct ctl_flag flag = {
		.name = with_dashes(r, text_of(field, "key")),
		.key = text_of(field, "key"),
		.kind = kind_of(r, type),
		.required = strcmp(text_of(field, "presence"), "required") == 0,
		.repeated = is_true(field, "list"),
		.placeholder = placeholder_of(r, type),
		.help = text_of(field, "doc"),
	};

	if (flag.kind == CTL_UNION)
		fill_union(r, get(r->messages, type), &flag);
	return flag;
}

/* Flags of a message's keys, those of flattened messages among them. into: NULL to count only. */
static size_t fill_flags(struct remote *r, const char *message, struct ctl_flag *into, int depth)
{
	struct json_object *fields = get(get(r->messages, message), "fields");
	size_t n = 0;

	for (size_t i = 0; i < length_of(fields); i++) {
		struct json_object *field = json_object_array_get_idx(fields, i);

		if (is_true(field, "flatten") && depth < FLATTEN_MAX) {
			n += fill_flags(r, text_of(field, "type"), into ? into + n : NULL,
					depth + 1);
			continue;
		}
		if (into)
			into[n] = flag_of(r, field);
		n++;
	}
	return n;
}

/* ---- commands ---- */

static struct ctl_command command_of(struct remote *r, struct json_object *variant)
{
	const char *message = text_of(variant, "message");
	size_t n = fill_flags(r, message, NULL, 0);
	struct ctl_flag *flags = arena_alloc(&r->arena, (n + 1) * sizeof(*flags));
	const char *since = text_of(variant, "since");

	r->failed |= !flags;
	if (flags)
		fill_flags(r, message, flags, 0);
	return (struct ctl_command){
		.name = with_dashes(r, text_of(variant, "name")),
		.op = text_of(variant, "name"),
		.summary = text_of(variant, "doc"),
		.since = *since ? since : "the first line",
		.answers = join_names(r, get(variant, "answers"), ", "),
		.flags = flags,
		.n_flags = flags ? n : 0,
	};
}

static struct json_object *find_operations(struct json_object *messages)
{
	json_object_object_foreach(messages, name, message)
	{
		(void)name;
		if (is_true(message, "operations"))
			return get(message, "variants");
	}
	return NULL;
}

static int read_commands(struct remote *r, char *fault)
{
	struct json_object *operations;
	size_t n;

	r->messages = get(r->root, "messages");
	r->enumerations = get(r->root, "enumerations");
	operations = json_object_is_type(r->messages, json_type_object)
			     ? find_operations(r->messages)
			     : NULL;
	n = length_of(operations);
	if (n == 0) {
		snprintf(fault, REMOTE_FAULT_MAX, "its schema has no operations");
		return -EPROTO;
	}
	r->commands = arena_alloc(&r->arena, (n + 1) * sizeof(*r->commands));
	if (!r->commands)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		r->commands[i] = command_of(r, json_object_array_get_idx(operations, i));
	r->commands[n] = (struct ctl_command){ .name = NULL };
	return r->failed ? -ENOMEM : 0;
}

int remote_new(struct ovd_view json, struct remote **ret, char fault[REMOTE_FAULT_MAX])
{
	struct remote *r = calloc(1, sizeof(*r));
	struct json_tokener *reader = json_tokener_new();
	int result = -ENOMEM;

	if (r && reader)
		r->root = json_tokener_parse_ex(reader, json.p, (int)json.n);
	if (r && reader && !r->root) {
		snprintf(fault, REMOTE_FAULT_MAX, "its schema can't be read: %s",
			 json_tokener_error_desc(json_tokener_get_error(reader)));
		result = -EPROTO;
	} else if (r && reader) {
		result = read_commands(r, fault);
	}
	if (reader)
		json_tokener_free(reader);
	if (result < 0) {
		remote_free(r);
		return result;
	}
	*ret = r;
	return 0;
}

void remote_free(struct remote *r)
{
	if (!r)
		return;
	json_object_put(r->root);
	arena_done(&r->arena);
	free(r);
}

const struct ctl_command *remote_commands(const struct remote *remote)
{
	return remote->commands;
}
