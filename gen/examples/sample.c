#include "gen/examples/sample.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* What a value of this type looks like where the schema gives no example. */
static const struct {
	const char *type, *value;
} typical[] = {
	{ "ip", "10.200.4.130" },
	{ "cidr", "10.200.5.0/24" },
	{ "endpoint", "192.0.2.7:51820" },
	{ "key", "q80AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=" },
	{ "text", "" },
};

static struct json_object *get(struct json_object *object, const char *key)
{
	return json_object_object_get(object, key);
}

static const char *text_of(struct json_object *object, const char *key)
{
	struct json_object *value = get(object, key);

	return value ? json_object_get_string(value) : "";
}

static struct json_object *find_variant(struct json_object *message, const char *name)
{
	struct json_object *variants = get(message, "variants");

	for (size_t i = 0; variants && i < json_object_array_length(variants); i++) {
		struct json_object *variant = json_object_array_get_idx(variants, i);

		if (!name || strcmp(text_of(variant, "name"), name) == 0)
			return variant;
	}
	return NULL;
}

static void put_fields(struct json_object *schema, const char *message, struct json_object *into);

/* The tag, then the variant's keys. */
static void put_variant(struct json_object *schema, const char *name, const char *variant,
			struct json_object *into)
{
	struct json_object *message = get(get(schema, "messages"), name),
			   *row = find_variant(message, variant);

	json_object_object_add(into, text_of(message, "tag"),
			       json_object_new_string(text_of(row, "name")));
	put_fields(schema, text_of(row, "message"), into);
}

static struct json_object *scalar(struct json_object *field, const char *type)
{
	struct json_object *fallback = get(field, "default");
	const char *example = text_of(field, "example");

	if (strcmp(type, "bool") == 0)
		return json_object_new_boolean(!fallback || json_object_get_boolean(fallback));
	if (strchr("ui", type[0]) && type[1] >= '1' && type[1] <= '9')
		return json_object_new_uint64(*example   ? strtoull(example, NULL, 10)
					      : fallback ? json_object_get_uint64(fallback)
							 : 1);
	for (size_t i = 0; !*example && i < sizeof(typical) / sizeof(*typical); i++)
		if (strcmp(typical[i].type, type) == 0)
			example = typical[i].value;
	return json_object_new_string(example);
}

static struct json_object *value(struct json_object *schema, struct json_object *field)
{
	const char *type = text_of(field, "type");
	struct json_object *message = get(get(schema, "messages"), type),
			   *enumeration = get(get(schema, "enumerations"), type), *object;

	if (enumeration)
		return json_object_get(
			get(field, "default")
				? get(field, "default")
				: get(json_object_array_get_idx(get(enumeration, "values"), 0),
				      "name"));
	if (!message)
		return scalar(field, type);
	object = json_object_new_object();
	if (get(message, "tag"))
		put_variant(schema, type, get(field, "default") ? text_of(field, "default") : NULL,
			    object);
	else
		put_fields(schema, type, object);
	return object;
}

static bool is_shown(struct json_object *field)
{
	return strcmp(text_of(field, "presence"), "optional") != 0 || get(field, "example");
}

static void put_fields(struct json_object *schema, const char *message, struct json_object *into)
{
	struct json_object *fields = get(get(get(schema, "messages"), message), "fields");

	for (size_t i = 0; fields && i < json_object_array_length(fields); i++) {
		struct json_object *field = json_object_array_get_idx(fields, i), *item;

		if (json_object_get_boolean(get(field, "flatten"))) {
			put_fields(schema, text_of(field, "type"), into);
			continue;
		}
		if (!is_shown(field))
			continue;
		item = value(schema, field);
		if (json_object_get_boolean(get(field, "list"))) {
			struct json_object *list = json_object_new_array();

			json_object_array_add(list, item);
			item = list;
		}
		json_object_object_add(into, text_of(field, "key"), item);
	}
}

struct json_object *sample_make(struct json_object *schema, const char *message,
				const char *variant)
{
	struct json_object *object = json_object_new_object();

	if (!find_variant(get(get(schema, "messages"), message), variant)) {
		json_object_put(object);
		return NULL;
	}
	put_variant(schema, message, variant, object);
	return object;
}

struct json_object *sample_answers(struct json_object *schema, const char *message,
				   const char *variant)
{
	return get(find_variant(get(get(schema, "messages"), message), variant), "answers");
}
