/* A document of the schema made of its own examples. */
#pragma once

#include <json-c/json.h>

/* The variant of that union, as JSON, from the schema as docs/describe.md has it: what must be
 * there, what the schema gives an example of, and what has a default. The caller puts it. NULL:
 * there is none such, or no memory. */
struct json_object *sample_make(struct json_object *schema, const char *message,
				const char *variant);

/* The results of an operation, a list of texts that lives as long as schema; NULL: it is none. */
struct json_object *sample_answers(struct json_object *schema, const char *message,
				   const char *variant);
