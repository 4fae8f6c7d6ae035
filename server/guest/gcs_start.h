/* What is said to a guest's compute service when it has just connected. */
#pragma once

#include "server/guest/gcs_bridge.h"

#define GCS_CONNECT_MS 120000 /* the guest is given so long to connect, and for every answer */
#define GCS_DETAIL_MAX (GCS_MESSAGE_MAX + 64)

struct gcs_start_options {
	struct guid activity;
	const struct gcs_time_zone *zone; /* NULL: UTC */
	bool forward_logs;                /* whoever listens for them does already */
	int timeout_ms;                   /* for each answer */
};

enum gcs_forwarding {
	GCS_FORWARDING_OFF,         /* nobody asked for it */
	GCS_FORWARDING_ON,          /* the guest sends its log */
	GCS_FORWARDING_UNSUPPORTED, /* the guest did not say that it can, or doesn't know the word
				     */
	GCS_FORWARDING_REFUSED,     /* the guest can and didn't want to; detail says why */
};

struct gcs_started {
	struct gcs_capabilities capabilities;
	enum gcs_forwarding forwarding;
};

/* Negotiates, creates and starts where the guest wants to be told, and has it send its log; that it
 * doesn't is no failure. detail says what went wrong, in words partly the guest's; "" if nothing.
 * -EPROTONOSUPPORT: another version; -EIO: the guest refused; or as gcs_call. */
int gcs_cold_start(struct gcs_bridge *b, const struct gcs_start_options *options,
		   struct gcs_started *ret, char detail[GCS_DETAIL_MAX]);

/* No longer, or again. As gcs_call; -EIO and detail; -EOPNOTSUPP: it is too old. */
int gcs_forward_logs(struct gcs_bridge *b, const struct gcs_start_options *options, bool on,
		     char detail[GCS_DETAIL_MAX]);
