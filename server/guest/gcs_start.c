#include "server/guest/gcs_start.h"

#include <errno.h>
#include <stdio.h>

static void answer_done(struct gcs_answer *answer)
{
	buf_done(&answer->document);
}

/* The request's text is freed. */
static int ask(struct gcs_bridge *b, enum gcs_procedure procedure, const char *name, char *request,
	       int timeout_ms, struct gcs_answer *ret, char detail[GCS_DETAIL_MAX])
{
	const struct gcs_response *response = &ret->response;
	_cleanup_(freep) char *text = request;
	int r = gcs_call(b, procedure, text, timeout_ms, ret);

	if (r < 0) {
		snprintf(detail, GCS_DETAIL_MAX, "%s: %s", name, strerror(-r));
		return r;
	}
	if (response->result & 0x80000000u) {
		snprintf(detail, GCS_DETAIL_MAX, "%s: 0x%08x %s", name, response->result,
			 response->message);
		return -EIO;
	}
	return 0;
}

static int negotiate(struct gcs_bridge *b, const struct gcs_start_options *o,
		     struct gcs_capabilities *ret, char detail[GCS_DETAIL_MAX])
{
	_cleanup_(answer_done) struct gcs_answer answer = { 0 };
	char *request;
	int r = gcs_negotiate_request(&o->activity, &request);

	if (r == 0)
		r = ask(b, GCS_NEGOTIATE, "negotiate", request, o->timeout_ms, &answer, detail);
	if (r < 0)
		return r;
	r = gcs_capabilities_parse(buf_view(&answer.document), ret);
	if (r < 0)
		snprintf(detail, GCS_DETAIL_MAX, "negotiate: an answer without a version");
	else if (ret->version != GCS_PROTOCOL_VERSION) {
		snprintf(detail, GCS_DETAIL_MAX, "negotiate: the guest speaks version %u, not %d",
			 ret->version, GCS_PROTOCOL_VERSION);
		r = -EPROTONOSUPPORT;
	}
	return r;
}

static int create(struct gcs_bridge *b, const struct gcs_start_options *o,
		  char detail[GCS_DETAIL_MAX])
{
	_cleanup_(answer_done) struct gcs_answer answer = { 0 };
	char *request;
	int r = gcs_create_request(&o->activity, o->zone ? o->zone : &gcs_utc, &request);

	return r < 0 ? r : ask(b, GCS_CREATE, "create", request, o->timeout_ms, &answer, detail);
}

static int start(struct gcs_bridge *b, const struct gcs_start_options *o,
		 char detail[GCS_DETAIL_MAX])
{
	_cleanup_(answer_done) struct gcs_answer answer = { 0 };
	char *request;
	int r = gcs_start_request(&o->activity, &request);

	return r < 0 ? r : ask(b, GCS_START, "start", request, o->timeout_ms, &answer, detail);
}

/* -EOPNOTSUPP: it doesn't know the word. */
static int forward_logs(struct gcs_bridge *b, const struct gcs_start_options *o, bool on,
			char detail[GCS_DETAIL_MAX])
{
	_cleanup_(answer_done) struct gcs_answer answer = { 0 };
	char *request;
	int r = gcs_log_forwarding_request(&o->activity, on, &request);

	if (r == 0)
		r = ask(b, GCS_MODIFY_SERVICE_SETTINGS, "log forwarding", request, o->timeout_ms,
			&answer, detail);
	return r == -EIO && gcs_response_unknown(&answer.response) ? -EOPNOTSUPP : r;
}

int gcs_forward_logs(struct gcs_bridge *b, const struct gcs_start_options *options, bool on,
		     char detail[GCS_DETAIL_MAX])
{
	detail[0] = '\0';
	return forward_logs(b, options, on, detail);
}

static int begin_forwarding(struct gcs_bridge *b, const struct gcs_start_options *o,
			    struct gcs_started *s, char detail[GCS_DETAIL_MAX])
{
	int r;

	s->forwarding = GCS_FORWARDING_OFF;
	if (!o->forward_logs)
		return 0;
	s->forwarding = GCS_FORWARDING_UNSUPPORTED;
	if (!s->capabilities.log_forwarding)
		return 0;
	r = forward_logs(b, o, true, detail);
	if (r == -EIO)
		s->forwarding = GCS_FORWARDING_REFUSED;
	else if (r == 0)
		s->forwarding = GCS_FORWARDING_ON;
	return r == -EIO || r == -EOPNOTSUPP ? 0 : r;
}

int gcs_cold_start(struct gcs_bridge *b, const struct gcs_start_options *options,
		   struct gcs_started *ret, char detail[GCS_DETAIL_MAX])
{
	struct gcs_started s;
	int r;

	detail[0] = '\0';
	r = negotiate(b, options, &s.capabilities, detail);
	if (r == 0 && s.capabilities.create)
		r = create(b, options, detail);
	if (r == 0 && s.capabilities.start)
		r = start(b, options, detail);
	if (r == 0)
		r = begin_forwarding(b, options, &s, detail);
	if (r == 0)
		*ret = s;
	return r;
}
