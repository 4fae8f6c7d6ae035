#include "server/hcs/document.h"

#include <ctype.h>
#include <errno.h>
#include <json-c/json_tokener.h>
#include <limits.h>

#include "runtime/util.h"

#define DEPTH_MAX 64

/* ---- writing ---- */

/* Takes over value; NULL is a failure. */
static int put(struct json_object *object, const char *key, struct json_object *value)
{
	if (value && json_object_object_add(object, key, value) == 0)
		return 0;
	json_object_put(value);
	return -ENOMEM;
}

static int put_text(struct json_object *object, const char *key, const char *text)
{
	return put(object, key, json_object_new_string(text));
}

/* A new object under the key, which object owns. */
static int put_object(struct json_object *object, const char *key, struct json_object **ret)
{
	struct json_object *value = json_object_new_object();
	int r = put(object, key, value);

	if (r == 0)
		*ret = value;
	return r;
}

/* Somebody's JSON as a part of ours; NULL is none. */
static int put_json(struct json_object *object, const char *key, const char *json)
{
	struct json_object *value = json ? document_parse(view(json)) : NULL;

	if (!json)
		return 0;
	if (!value || !json_object_is_type(value, json_type_object)) {
		json_object_put(value);
		return -EINVAL;
	}
	return put(object, key, value);
}

static int put_texts(struct json_object *object, const char *key, const char *const *texts,
		     size_t n)
{
	struct json_object *array = json_object_new_array();
	int r = put(object, key, array);

	for (size_t i = 0; r == 0 && i < n; i++) {
		struct json_object *text = json_object_new_string(texts[i]);

		if (!text || json_object_array_add(array, text) < 0) {
			json_object_put(text);
			r = -ENOMEM;
		}
	}
	return r;
}

static int put_out(struct json_object *object, int format, struct buf *out)
{
	const char *text =
		json_object_to_json_string_ext(object, format | JSON_C_TO_STRING_NOSLASHESCAPE);
	int r = text ? buf_append(out, text, strlen(text) + 1) : -ENOMEM;

	if (r == 0)
		out->n--;
	return r;
}

static int finish(struct json_object *object, struct buf *out)
{
	return put_out(object, JSON_C_TO_STRING_PLAIN, out);
}

static bool is_guid(const char *text)
{
	static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";

	if (strlen(text) != sizeof(form) - 1)
		return false;
	for (size_t i = 0; form[i]; i++)
		if (form[i] == 'x' ? !isxdigit((unsigned char)text[i]) : text[i] != '-')
			return false;
	return true;
}

/* The service compares GUIDs as texts here and there: always the lower-case form. */
static int put_guid(struct json_object *object, const char *key, const char *guid)
{
	char lower[37];
	size_t i = 0;

	if (!is_guid(guid))
		return -EINVAL;
	for (; guid[i]; i++)
		lower[i] = (char)tolower((unsigned char)guid[i]);
	lower[i] = '\0';
	return put_text(object, key, lower);
}

static int put_container(struct json_object *top, const struct document_system *system)
{
	struct json_object *container, *networking;
	int r = put_object(top, "Container", &container);

	if (r == 0)
		r = put_json(container, "Storage", system->storage);
	if (r < 0 || !system->network_namespace)
		return r;
	r = put_object(container, "Networking", &networking);
	return r < 0 ? r : put_guid(networking, "Namespace", system->network_namespace);
}

/* SDK: SchemaVersion 2.1 is the first that Server 2019 knows. */
static int put_version(struct json_object *top)
{
	struct json_object *version;
	int r = put_object(top, "SchemaVersion", &version);

	if (r == 0)
		r = put(version, "Major", json_object_new_int(2));
	return r < 0 ? r : put(version, "Minor", json_object_new_int(1));
}

int document_compute_system(const struct document_system *system, struct buf *out)
{
	_cleanup_(json_putp) struct json_object *top = json_object_new_object();
	int r = top ? put_version(top) : -ENOMEM;

	if (r == 0)
		r = put_text(top, "Owner", system->owner);
	if (r == 0)
		r = put(top, "ShouldTerminateOnLastHandleClosed",
			json_object_new_boolean(!system->outlives_its_handles));
	if (r == 0)
		r = system->virtual_machine
			    ? put_json(top, "VirtualMachine", system->virtual_machine)
			    : put_container(top, system);
	return r < 0 ? r : finish(top, out);
}

static int one_list(const char *key, const char *const *texts, size_t n, struct buf *out)
{
	_cleanup_(json_putp) struct json_object *top = json_object_new_object();
	int r = top ? put_texts(top, key, texts, n) : -ENOMEM;

	return r < 0 ? r : finish(top, out);
}

int document_property_query(const char *const *types, size_t n, struct buf *out)
{
	return one_list("PropertyTypes", types, n, out);
}

int document_enumerate_query(const char *const *owners, size_t n, struct buf *out)
{
	return one_list("Owners", owners, n, out);
}

int document_modify(const struct document_modify *modify, struct buf *out)
{
	_cleanup_(json_putp) struct json_object *top = json_object_new_object();
	int r = top ? put_text(top, "ResourcePath", modify->resource_path) : -ENOMEM;

	if (r == 0)
		r = put_text(top, "RequestType", modify->request_type);
	if (r == 0)
		r = put_json(top, "Settings", modify->settings);
	if (r == 0)
		r = put_json(top, "GuestRequest", modify->guest_request);
	return r < 0 ? r : finish(top, out);
}

/* ---- reading ---- */

static bool only_blanks(struct ovd_view text, size_t from)
{
	for (size_t i = from; i < text.n; i++)
		if (!strchr(" \t\r\n", text.p[i]) || !text.p[i])
			return false;
	return true;
}

struct json_object *document_parse(struct ovd_view text)
{
	struct json_tokener *tokener;
	struct json_object *value = NULL;

	if (!text.p || text.n >= INT_MAX)
		return NULL;
	tokener = json_tokener_new_ex(DEPTH_MAX);
	if (!tokener)
		return NULL;
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_ALLOW_TRAILING_CHARS);
	value = json_tokener_parse_ex(tokener, text.p, (int)text.n);
	if (json_tokener_get_error(tokener) != json_tokener_success ||
	    !only_blanks(text, json_tokener_get_parse_end(tokener))) {
		json_object_put(value);
		value = NULL;
	}
	json_tokener_free(tokener);
	return value;
}

static struct json_object *member(const struct json_object *object, const char *key)
{
	struct json_object *value;

	return json_object_is_type(object, json_type_object) &&
			       json_object_object_get_ex(object, key, &value)
		       ? value
		       : NULL;
}

const char *document_text(const struct json_object *object, const char *key)
{
	struct json_object *value = member(object, key);

	return json_object_is_type(value, json_type_string) ? json_object_get_string(value) : NULL;
}

bool document_hresult(const struct json_object *object, const char *key, int32_t *ret)
{
	struct json_object *value = member(object, key);
	int64_t number;

	if (!json_object_is_type(value, json_type_int))
		return false;
	number = json_object_get_int64(value);
	if (number < INT32_MIN || number > UINT32_MAX)
		return false;
	*ret = (int32_t)(uint32_t)number;
	return true;
}

int document_error_message(struct ovd_view document, struct buf *out)
{
	_cleanup_(json_putp) struct json_object *top = document_parse(document);
	const char *text = document_text(top, "ErrorMessage");
	struct json_object *events = member(top, "ErrorEvents");

	if ((!text || !*text) && json_object_is_type(events, json_type_array) &&
	    json_object_array_length(events) > 0)
		text = document_text(json_object_array_get_idx(events, 0), "Message");
	return text ? buf_text(out, text) : 0;
}

bool document_says_stopped(struct ovd_view document)
{
	_cleanup_(json_putp) struct json_object *top = document_parse(document);
	const char *state = document_text(top, "State");

	return state && (strcmp(state, "Stopped") == 0 || strcmp(state, "Exited") == 0);
}

bool document_is_object(struct ovd_view text)
{
	_cleanup_(json_putp) struct json_object *top = document_parse(text);

	return json_object_is_type(top, json_type_object);
}

int document_format(struct ovd_view document, bool indented, struct buf *out)
{
	_cleanup_(json_putp) struct json_object *top = document_parse(document);

	if (!top)
		return -EBADMSG;
	return put_out(top,
		       indented ? JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED
				: JSON_C_TO_STRING_PLAIN,
		       out);
}

/* A copy of a key's text, "" if there is none. */
static int take_text(const struct json_object *object, const char *key, struct arena *arena,
		     struct ovd_view *ret)
{
	const char *text = document_text(object, key);

	*ret = view(text ? arena_copy(arena, text, strlen(text)) : "");
	return ret->p ? 0 : -ENOMEM;
}

static int take_system(const struct json_object *object, struct arena *arena,
		       struct hcs_system_info *ret)
{
	int r = document_text(object, "Id") ? 0 : -EBADMSG;

	if (r == 0)
		r = take_text(object, "Id", arena, &ret->id);
	if (r == 0)
		r = take_text(object, "SystemType", arena, &ret->type);
	if (r == 0)
		r = take_text(object, "State", arena, &ret->state);
	if (r == 0)
		r = take_text(object, "Owner", arena, &ret->owner);
	if (r == 0)
		r = take_text(object, "RuntimeId", arena, &ret->runtime_id);
	return r;
}

int document_systems(struct ovd_view document, struct arena *arena, struct hcs_system_list *ret)
{
	_cleanup_(json_putp) struct json_object *top = document_parse(document);
	struct hcs_system_info *items;
	size_t n;

	if (!json_object_is_type(top, json_type_array))
		return -EBADMSG;
	n = json_object_array_length(top);
	items = arena_alloc(arena, n * sizeof(*items));
	if (!items)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		int r = take_system(json_object_array_get_idx(top, i), arena, &items[i]);

		if (r < 0)
			return r;
	}
	ret->systems.items = items;
	ret->systems.n = n;
	return 0;
}
