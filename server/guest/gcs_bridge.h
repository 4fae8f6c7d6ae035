/* Calls to a guest's compute service over one stream. One thread writes and one reads; any number
 * of others call and wait. Whatever the guest does against the protocol ends the bridge, with a
 * reason that can be shown, and wakes them all. */
#pragma once

#include "runtime/buf.h"
#include "server/guest/gcs_frame.h"
#include "server/guest/gcs_message.h"
#include "server/guest/transport.h"

#define GCS_REASON_MAX     128
#define GCS_UNANSWERED_MAX 64 /* calls whose time was over and that the guest still may answer */

struct gcs_bridge_options {
	/* What the guest tells unasked: type as in gcs_header. Called by the reading thread, which
	 * may not call; document lives for the call and may be anything. NULL: dropped. */
	void (*notified)(void *arg, uint32_t type, struct ovd_view document);

	/* The bridge has ended, once, by itself or by gcs_bridge_close. Called by the reading
	 * thread. NULL: nobody wants to know. */
	void (*ended)(void *arg, const char *reason);
	void *arg;
};

struct gcs_bridge;

struct gcs_answer {
	struct gcs_response response;
	struct buf document; /* the caller's */
};

/* The stream becomes the bridge's, also on failure. -ENOMEM, -EAGAIN. */
int gcs_bridge_start(const struct gcs_bridge_options *options, struct transport *stream,
		     struct gcs_bridge **ret);

/* Asks and waits for the answer, which may be that it failed: ret->response.result.
 *
 * -ETIMEDOUT: no answer in timeout_ms (-1: any time); if it comes later it is dropped. -EMSGSIZE:
 * the document is larger than a guest takes. -ENOBUFS: the guest doesn't read what was asked
 * before. -EDEADLK: called by the reading thread. When the bridge has ended or ends: -ECONNRESET,
 * the guest's doing; -EPROTO, against the protocol; -ECANCELED, gcs_bridge_close. */
int gcs_call(struct gcs_bridge *b, enum gcs_procedure procedure, const char *document,
	     int timeout_ms, struct gcs_answer *ret);

/* Ends it because somebody else knows that the guest is gone: -ECONNRESET. */
void gcs_bridge_guest_gone(struct gcs_bridge *b, const char *reason);

/* Why it has ended; false: it hasn't. */
bool gcs_bridge_reason(struct gcs_bridge *b, char text[GCS_REASON_MAX]);

/* Ends it, waits until all calls have returned, and frees it. No call may begin from here on. Not
 * from its own callbacks. Accepts NULL. */
void gcs_bridge_close(struct gcs_bridge *b);
