/* What host and guest say to each other in frames: JSON documents. All texts that are returned are
 * the caller's to free; the functions that make them fail only with -ENOMEM. */
#pragma once

#include "server/guest/guid.h"

#define GCS_PROTOCOL_VERSION 4
#define GCS_MESSAGE_MAX      512

/* HRESULT of a guest that doesn't know a message: winerror.h, HCS_E_UNKNOWN_MESSAGE; bit 30 may be
 * set. */
#define GCS_E_UNKNOWN_MESSAGE 0x8037010bu

/* What a guest said that it can do. */
struct gcs_capabilities {
	uint32_t version;
	bool create, start; /* it wants to be told to */
	bool hv_socket_on_startup;
	bool lifecycle_notifications;
	bool service_settings;
	bool log_forwarding;
};

/* The layout of the SDK's SYSTEMTIME, without the year's day names: a rule of when time changes.
 * All 0: there is none. */
struct gcs_date {
	int year, month, day_of_week, day, hour, minute, second, milliseconds;
};

/* The SDK's TIME_ZONE_INFORMATION; biases in minutes, names in UTF-8. */
struct gcs_time_zone {
	int bias;
	const char *standard_name;
	struct gcs_date standard_date;
	int standard_bias;
	const char *daylight_name;
	struct gcs_date daylight_date;
	int daylight_bias;
};

extern const struct gcs_time_zone gcs_utc;

/* Requests. activity names the operation that they belong to, in the guest's own log too. */
int gcs_negotiate_request(const struct guid *activity, char **ret);
int gcs_create_request(const struct guid *activity, const struct gcs_time_zone *zone, char **ret);
int gcs_start_request(const struct guid *activity, char **ret);

/* From now on, or no longer, the guest connects to HV_SERVICE_LOGGING and sends its log. */
int gcs_log_forwarding_request(const struct guid *activity, bool on, char **ret);

/* What the guest shall take for its own address and for its host's. */
int gcs_hv_socket_request(const struct guid *activity, const struct guid *local,
			  const struct guid *parent, char **ret);

struct gcs_response {
	uint32_t result;               /* an HRESULT: bit 31 says that it failed */
	char message[GCS_MESSAGE_MAX]; /* ErrorMessage, cut; untrusted */
	struct guid activity;
};

/* -EBADMSG if it is no JSON object with a Result, or none that can be believed. */
int gcs_response_parse(struct ovd_view document, struct gcs_response *ret);

/* Of the response to a negotiate request. What is missing it can't do. */
int gcs_capabilities_parse(struct ovd_view document, struct gcs_capabilities *ret);

/* The guest is too old to know the message. */
bool gcs_response_unknown(const struct gcs_response *response);
