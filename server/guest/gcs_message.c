#include "server/guest/gcs_message.h"

#include <stdio.h>

#include "runtime/util.h"
#include "server/guest/json_put.h"

#define DEPTH_MAX 32

const struct gcs_time_zone gcs_utc = { .standard_name = "Coordinated Universal Time",
				       .daylight_name = "Coordinated Universal Time" };

/* ---- requests ---- */

static struct json_object *request(const struct guid *activity)
{
	struct json_object *document = json_object_new_object();
	char text[GUID_TEXT_MAX];

	json_put_text(&document, "ActivityId", guid_format(activity, text));
	json_put_text(&document, "ContainerId", guid_format(&GUID_ZERO, text));
	return document;
}

int gcs_negotiate_request(const struct guid *activity, char **ret)
{
	_cleanup_(json_freep) struct json_object *document = request(activity);

	json_put_int(&document, "MinimumVersion", GCS_PROTOCOL_VERSION);
	json_put_int(&document, "MaximumVersion", GCS_PROTOCOL_VERSION);
	return json_text(document, ret);
}

static struct json_object *date_object(const struct gcs_date *date)
{
	static const struct gcs_date none;
	struct json_object *object = json_object_new_object();

	if (memcmp(date, &none, sizeof(none)) == 0)
		return object;
	json_put_int(&object, "Year", date->year);
	json_put_int(&object, "Month", date->month);
	json_put_int(&object, "DayOfWeek", date->day_of_week);
	json_put_int(&object, "Day", date->day);
	json_put_int(&object, "Hour", date->hour);
	json_put_int(&object, "Minute", date->minute);
	json_put_int(&object, "Second", date->second);
	json_put_int(&object, "Milliseconds", date->milliseconds);
	return object;
}

static struct json_object *zone_object(const struct gcs_time_zone *zone)
{
	struct json_object *object = json_object_new_object();

	json_put_int(&object, "Bias", zone->bias);
	json_put_text(&object, "StandardName", zone->standard_name);
	json_put(&object, "StandardDate", date_object(&zone->standard_date));
	json_put_int(&object, "StandardBias", zone->standard_bias);
	json_put_text(&object, "DaylightName", zone->daylight_name);
	json_put(&object, "DaylightDate", date_object(&zone->daylight_date));
	json_put_int(&object, "DaylightBias", zone->daylight_bias);
	return object;
}

/* The configuration is JSON inside of a string. */
int gcs_create_request(const struct guid *activity, const struct gcs_time_zone *zone, char **ret)
{
	_cleanup_(json_freep) struct json_object *document = request(activity);
	_cleanup_(json_freep) struct json_object *config = json_object_new_object();
	_cleanup_(freep) char *text = NULL;

	json_put_text(&config, "SystemType", "Container");
	json_put(&config, "TimeZoneInformation", zone_object(zone));
	if (json_text(config, &text) < 0)
		return -ENOMEM;
	json_put_text(&document, "ContainerConfig", text);
	return json_text(document, ret);
}

int gcs_start_request(const struct guid *activity, char **ret)
{
	_cleanup_(json_freep) struct json_object *document = request(activity);

	return json_text(document, ret);
}

int gcs_log_forwarding_request(const struct guid *activity, bool on, char **ret)
{
	_cleanup_(json_freep) struct json_object *document = request(activity);
	struct json_object *settings = json_object_new_object();

	json_put_text(&settings, "RPCType", on ? "StartLogForwarding" : "StopLogForwarding");
	json_put_text(&settings, "Settings", "");
	json_put_text(&document, "PropertyType", "LogForwardService");
	json_put(&document, "Settings", settings);
	return json_text(document, ret);
}

int gcs_hv_socket_request(const struct guid *activity, const struct guid *local,
			  const struct guid *parent, char **ret)
{
	_cleanup_(json_freep) struct json_object *document = request(activity);
	struct json_object *change = json_object_new_object(), *settings = json_object_new_object();
	char text[GUID_TEXT_MAX];

	json_put_text(&settings, "LocalAddress", guid_format(local, text));
	json_put_text(&settings, "ParentAddress", guid_format(parent, text));
	json_put_text(&change, "ResourceType", "HvSocket");
	json_put_text(&change, "RequestType", "Update");
	json_put(&change, "Settings", settings);
	json_put(&document, "Request", change);
	return json_text(document, ret);
}

/* ---- responses ---- */

static void tokener_freep(struct json_tokener **tokener)
{
	json_tokener_free(*tokener);
}

static int parse_object(struct ovd_view text, struct json_object **ret)
{
	_cleanup_(tokener_freep) struct json_tokener *tokener = json_tokener_new_ex(DEPTH_MAX);
	struct json_object *object;

	if (!tokener)
		return -ENOMEM;
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	object = json_tokener_parse_ex(tokener, text.p, (int)text.n);
	if (json_object_is_type(object, json_type_object) &&
	    json_tokener_get_parse_end(tokener) == text.n) {
		*ret = object;
		return 0;
	}
	json_object_put(object);
	return -EBADMSG;
}

/* NULL: it isn't there, or of another type. */
static struct json_object *member(struct json_object *object, const char *key, enum json_type type)
{
	struct json_object *value;

	if (!json_object_object_get_ex(object, key, &value) || !json_object_is_type(value, type))
		return NULL;
	return value;
}

static bool flag(struct json_object *object, const char *key)
{
	return json_object_get_boolean(member(object, key, json_type_boolean));
}

/* An HRESULT is written as int32 by some and as uint32 by others. */
static int read_result(struct json_object *document, uint32_t *ret)
{
	struct json_object *value = member(document, "Result", json_type_int);
	int64_t number = json_object_get_int64(value);

	if (!value || number < INT32_MIN || number > UINT32_MAX)
		return -EBADMSG;
	*ret = (uint32_t)number;
	return 0;
}

int gcs_response_parse(struct ovd_view text, struct gcs_response *ret)
{
	_cleanup_(json_freep) struct json_object *document = NULL;
	struct gcs_response response = { 0 };
	struct json_object *message, *activity;
	int r = parse_object(text, &document);

	if (r == 0)
		r = read_result(document, &response.result);
	if (r < 0)
		return r;
	message = member(document, "ErrorMessage", json_type_string);
	if (message)
		snprintf(response.message, sizeof(response.message), "%s",
			 json_object_get_string(message));
	activity = member(document, "ActivityId", json_type_string);
	if (activity)
		guid_parse(view(json_object_get_string(activity)), &response.activity);
	*ret = response;
	return 0;
}

int gcs_capabilities_parse(struct ovd_view text, struct gcs_capabilities *ret)
{
	_cleanup_(json_freep) struct json_object *document = NULL;
	struct json_object *version, *can, *guest;
	int r = parse_object(text, &document);

	if (r < 0)
		return r;
	version = member(document, "Version", json_type_int);
	if (!version || json_object_get_int64(version) < 0 ||
	    json_object_get_int64(version) > UINT32_MAX)
		return -EBADMSG;
	can = member(document, "Capabilities", json_type_object);
	guest = can ? member(can, "GuestDefinedCapabilities", json_type_object) : NULL;
	*ret = (struct gcs_capabilities){
		.version = (uint32_t)json_object_get_int64(version),
		.create = can && flag(can, "SendHostCreateMessage"),
		.start = can && flag(can, "SendHostStartMessage"),
		.hv_socket_on_startup = can && flag(can, "HvSocketConfigOnStartup"),
		.lifecycle_notifications = can && flag(can, "SendLifecycleNotifications"),
		.service_settings = can && flag(can, "ModifyServiceSettingsSupported"),
		.log_forwarding = guest && flag(guest, "LogForwardingSupported"),
	};
	return 0;
}

bool gcs_response_unknown(const struct gcs_response *response)
{
	return (response->result & ~0x40000000u) == GCS_E_UNKNOWN_MESSAGE;
}
