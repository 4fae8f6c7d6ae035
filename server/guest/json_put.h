/* Documents for a guest and for the host's compute service, made with json-c. An object for which
 * there was no memory is NULL, and so is what it was put into. */
#pragma once

#include <errno.h>
#include <json-c/json.h>
#include <stdbool.h>
#include <string.h>

static inline void json_freep(struct json_object **object)
{
	json_object_put(*object);
}

/* Adds value, which becomes the object's. */
static inline void json_put(struct json_object **object, const char *key, struct json_object *value)
{
	if (*object && value && json_object_object_add(*object, key, value) == 0)
		return;
	json_object_put(value);
	json_object_put(*object);
	*object = NULL;
}

static inline void json_put_text(struct json_object **object, const char *key, const char *text)
{
	json_put(object, key, json_object_new_string(text));
}

static inline void json_put_bool(struct json_object **object, const char *key, bool value)
{
	json_put(object, key, json_object_new_boolean(value));
}

static inline void json_put_int(struct json_object **object, const char *key, int64_t value)
{
	json_put(object, key, json_object_new_int64(value));
}

/* The text of a document, without blanks; the caller frees it. */
static inline int json_text(struct json_object *document, char **ret)
{
	const int form = JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE;
	const char *text = document ? json_object_to_json_string_ext(document, form) : NULL;
	char *copy = text ? strdup(text) : NULL;

	if (!copy)
		return -ENOMEM;
	*ret = copy;
	return 0;
}
