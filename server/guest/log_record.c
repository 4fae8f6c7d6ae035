#include "server/guest/log_record.h"

#include <json-c/json.h>
#include <strings.h>

#include "server/guest/json_put.h"
#include "server/guest/text_put.h"

#define DEPTH_MAX 64
#define TIME_MAX  64 /* bytes of a guest's time: RFC 3339 needs 35 */

struct fields {
	struct ovd_view time, message;
	const char *level;
};

static struct ovd_view text_of(struct json_object *value)
{
	if (!json_object_is_type(value, json_type_string))
		return (struct ovd_view){ 0 };
	return (struct ovd_view){ json_object_get_string(value),
				  (size_t)json_object_get_string_len(value) };
}

static struct ovd_view text_at(struct json_object *object, const char *key)
{
	return text_of(json_object_object_get(object, key));
}

/* logrus's names, syslog's, and those of Windows events. */
static const char *level_of_name(struct ovd_view name)
{
	static const struct {
		const char *name, *level;
	} names[] = {
		{ "panic", "error" },   { "fatal", "error" },  { "critical", "error" },
		{ "error", "error" },   { "warning", "warn" }, { "warn", "warn" },
		{ "info", "info" },     { "debug", "debug" },  { "trace", "debug" },
		{ "verbose", "debug" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (name.n == strlen(names[i].name) &&
		    strncasecmp(name.p, names[i].name, name.n) == 0)
			return names[i].level;
	return "info";
}

/* The levels of Windows events: winmeta.h. */
static const char *level_of_number(int64_t number)
{
	static const char *const levels[] = { "info", "error", "error", "warn", "info", "debug" };

	return number >= 0 && number < (int64_t)ARRAY_SIZE(levels) ? levels[number] : "info";
}

static const char *level_at(struct json_object *object)
{
	struct json_object *value = json_object_object_get(object, "level");

	if (!value)
		value = json_object_object_get(object, "Level");
	if (json_object_is_type(value, json_type_int))
		return level_of_number(json_object_get_int64(value));
	return level_of_name(text_of(value));
}

static struct ovd_view message_at(struct json_object *object)
{
	static const char *const keys[] = { "msg", "message", "Message" };
	struct ovd_view message = { 0 };

	if (view_eq(text_at(object, "Source"), view("ETW")))
		message = text_at(object, "Message");
	for (size_t i = 0; i < ARRAY_SIZE(keys) && !message.p; i++)
		message = text_at(object, keys[i]);
	return message;
}

static void tokener_freep(struct json_tokener **tokener)
{
	json_tokener_free(*tokener);
}

/* NULL: no object, or nothing but an object. */
static struct json_object *parse(struct ovd_view text)
{
	_cleanup_(tokener_freep) struct json_tokener *tokener = json_tokener_new_ex(DEPTH_MAX);
	struct json_object *object;

	if (!tokener || text.n == 0 || text.p[0] != '{')
		return NULL;
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);
	object = json_tokener_parse_ex(tokener, text.p, (int)text.n);
	if (json_object_is_type(object, json_type_object) &&
	    json_tokener_get_parse_end(tokener) == text.n)
		return object;
	json_object_put(object);
	return NULL;
}

static struct ovd_view trimmed(struct ovd_view text)
{
	while (text.n > 0 && strchr(" \t\r\n", text.p[text.n - 1]) && text.p[text.n - 1])
		text.n--;
	while (text.n > 0 && strchr(" \t\r\n", *text.p) && *text.p)
		text.p++, text.n--;
	return text;
}

static int put_text(struct buf *to, const char *before, struct ovd_view text)
{
	int r = buf_text(to, before);

	if (r == 0)
		r = text_put_json(to, text);
	return r < 0 ? r : buf_text(to, "\"");
}

static int put_line(struct buf *to, struct ovd_view guest, const struct fields *f, bool truncated)
{
	size_t at = to->n;
	int r = put_text(to, "{\"guest\":\"", guest);

	if (r == 0 && f->time.p)
		r = put_text(to, ",\"time\":\"",
			     (struct ovd_view){ f->time.p, MIN(f->time.n, TIME_MAX) });
	if (r == 0)
		r = buf_printf(to, ",\"level\":\"%s\"", f->level);
	if (r == 0)
		r = put_text(to, ",\"message\":\"", f->message);
	if (r == 0)
		r = buf_text(to, truncated ? ",\"truncated\":true}\n" : "}\n");
	if (r < 0)
		to->n = at;
	return r;
}

int log_record_put(struct buf *to, struct ovd_view guest, const struct record *record)
{
	struct ovd_view text = trimmed(record->bytes);
	struct fields fields = { .message = text, .level = "info" };
	_cleanup_(json_freep) struct json_object *object = NULL;

	if (text.n == 0)
		return 0;
	object = parse(text);
	if (object) {
		fields.time = text_at(object, "time");
		fields.level = level_at(object);
		fields.message = message_at(object);
		if (!fields.message.p)
			fields.message = text;
	}
	return put_line(to, guest, &fields, record->truncated);
}

int log_record_put_note(struct buf *to, struct ovd_view guest, const char *message)
{
	const struct fields fields = { .message = view(message), .level = "warn" };

	return put_line(to, guest, &fields, false);
}
