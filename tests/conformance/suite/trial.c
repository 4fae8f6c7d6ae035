#include "tests/conformance/suite/trial.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "runtime/json.h"
#include "tests/conformance/suite/link.h"
#include "tests/conformance/suite/recode.h"

void trial_begin(struct trial *t)
{
	for (size_t i = 0; i < TRIAL_LINKS; i++)
		t->links[i].stream = NULL;
}

void trial_end(struct trial *t)
{
	for (size_t i = 0; i < TRIAL_LINKS; i++) {
		stream_close(t->links[i].stream);
		frame_reader_done(&t->links[i].in);
	}
	buf_done(&t->kept);
	buf_done(&t->text);
	arena_done(&t->arena);
	if (!t->over)
		result_pass(t->result);
}

/* ---- what is decided ---- */

static void decide(struct trial *t, bool failed, const char *format, va_list args)
{
	char text[2 * DETAIL_MAX];

	if (t->over)
		return;
	t->over = true;
	t->answer = (struct ovd_frame){ .kind = OVD_FRAME_RESPONSE };
	vsnprintf(text, sizeof(text), format, args);
	if (failed)
		result_fail(t->result, "%s", text);
	else
		result_skip(t->result, "%s", text);
}

void trial_fail(struct trial *t, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	decide(t, true, format, args);
	va_end(args);
}

void trial_skip(struct trial *t, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	decide(t, false, format, args);
	va_end(args);
}

void trial_must(struct trial *t, bool holds, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	if (!holds)
		decide(t, true, format, args);
	va_end(args);
}

/* ---- to the daemon ---- */

void trial_use(struct trial *t, size_t link)
{
	t->at = link;
}

/* The connection that is spoken to; NULL once the trial is over. */
static struct trial_link *link_now(struct trial *t)
{
	struct trial_link *link = &t->links[t->at];

	if (!t->over && !link->stream) {
		int r = link_open(t->socket, t->timeout_ms, &link->stream);

		if (r < 0)
			trial_fail(t, "connect: %s", strerror(-r));
	}
	return t->over ? NULL : link;
}

void trial_bytes(struct trial *t, const void *p, size_t n)
{
	struct trial_link *link = link_now(t);

	if (link && link_send(link->stream, p, n, t->timeout_ms) == -ETIMEDOUT)
		trial_fail(t, "the daemon reads nothing for %u ms", t->timeout_ms);
}

/* In protobuf, what is none: with an id, of no known operation. */
static int put_broken(struct ovd_view json, struct buf *out)
{
	static const char cut[] = "\x82\x01\x07\x08";
	struct ovd_frame frame = { .kind = OVD_FRAME_REQUEST,
				   .request.request.kind = OVD_REQUEST_STATUS };
	_cleanup_(arena_done) struct arena arena = { .chunk = NULL };
	int r;

	if (codec_peek_u64(OVD_CODEC_JSON, &ovd_frame_table, json, VIEW_LITERAL("id"),
			   &frame.request.id) < 0)
		return buf_append(out, cut, sizeof(cut) - 1);
	r = codec_encode(OVD_CODEC_PROTOBUF, &ovd_frame_table, &frame, &arena, out);
	if (r == 0) /* the last three bytes are the variant: its tag, of two bytes, and length 0 */
		memcpy(out->p + out->n - 3, "\xc2\x3e", 2);
	return r;
}

int trial_frame(const struct trial *t, struct ovd_view json, struct buf *out)
{
	_cleanup_(buf_done) struct buf recoded = { .p = NULL };
	size_t at;
	int r = frame_begin(out, &at);

	if (r < 0)
		return r;
	if (t->codec == OVD_CODEC_JSON) {
		r = buf_append(out, json.p, json.n);
	} else {
		r = recode_body("frame", OVD_CODEC_JSON, t->codec, json, &recoded);
		if (r > 0)
			r = buf_append(out, recoded.p, recoded.n);
		else if (r == 0)
			r = put_broken(json, out);
	}
	return r < 0 ? r : frame_end(out, at);
}

void trial_spoke(struct trial *t)
{
	t->links[t->at].codec = t->codec;
}

/* The text is followed by the slack that a reader of it wants. */
static void send_json(struct trial *t, struct buf *json)
{
	_cleanup_(buf_done) struct buf frame = { .p = NULL };

	if (buf_reserve(json, BUF_SLACK) < 0) {
		trial_fail(t, "no memory");
		return;
	}
	memset(json->p + json->n, 0, BUF_SLACK);
	if (trial_frame(t, buf_view(json), &frame) < 0)
		trial_fail(t, "no memory");
	trial_bytes(t, frame.p, frame.n);
	trial_spoke(t);
}

static int append(struct buf *b, const char *format, va_list args)
{
	_cleanup_(freep) char *text = NULL;
	int n = vasprintf(&text, format, args);

	return n < 0 ? -ENOMEM : buf_append(b, text, (size_t)n);
}

void trial_body(struct trial *t, const char *format, ...)
{
	_cleanup_(buf_done) struct buf json = { .p = NULL };
	va_list args;

	va_start(args, format);
	if (append(&json, format, args) < 0)
		trial_fail(t, "no memory");
	else
		send_json(t, &json);
	va_end(args);
}

void trial_body_bytes(struct trial *t, struct ovd_view body)
{
	_cleanup_(buf_done) struct buf frame = { .p = NULL };
	size_t at;

	if (frame_begin(&frame, &at) < 0 || buf_append(&frame, body.p, body.n) < 0 ||
	    frame_end(&frame, at) < 0)
		trial_fail(t, "no memory");
	trial_bytes(t, frame.p, frame.n);
	trial_spoke(t);
}

void trial_ask(struct trial *t, const char *format, ...)
{
	_cleanup_(buf_done) struct buf json = { .p = NULL };
	va_list args;

	va_start(args, format);
	if (buf_printf(&json, "{\"frame\":\"request\",\"id\":%" PRIu64 ",\"request\":", ++t->id) <
		    0 ||
	    append(&json, format, args) < 0 || buf_text(&json, "}") < 0)
		trial_fail(t, "no memory");
	else
		send_json(t, &json);
	va_end(args);
}

void trial_shut(struct trial *t)
{
	struct trial_link *link = link_now(t);

	if (link && stream_shut(link->stream) == -ENOTSUP)
		trial_skip(t, "a pipe can't be closed by half");
}

void trial_close(struct trial *t)
{
	struct trial_link *link = &t->links[t->at];

	stream_close(link->stream);
	link->stream = NULL;
	frame_reader_done(&link->in);
	link->in = (struct frame_reader){ .start = 0 };
	link->codec = OVD_CODEC_JSON;
}

/* ---- and back ---- */

/* What is shown, and searched, of an answer in protobuf. */
static int tell_as_json(struct trial *t)
{
	t->text.n = 0;
	if (json_encode(&ovd_frame_table, &t->answer, &t->text) < 0)
		return -ENOMEM;
	t->body = buf_view(&t->text);
	return 0;
}

/* Keeps the bytes of an answer: the reader's go with the next read. */
static int decode(struct trial *t, struct ovd_view body, struct ovd_fault *fault)
{
	static const char slack[BUF_SLACK];
	enum ovd_codec codec = t->links[t->at].codec;
	int r;

	arena_reset(&t->arena);
	t->kept.n = 0;
	if (buf_append(&t->kept, body.p, body.n) < 0 ||
	    buf_append(&t->kept, slack, sizeof(slack)) < 0)
		return fault_set(fault, 0, "no memory");
	t->kept.n = body.n;
	t->body = buf_view(&t->kept);
	if (t->codec != OVD_CODEC_JSON && codec_of(t->body) != codec)
		return fault_set(fault, 0, "this is not in %s, as the request was",
				 codec_name(codec));
	r = codec_decode(codec, &ovd_frame_table, t->body, &t->arena, &t->answer, fault);
	if (r == 0 && codec == OVD_CODEC_PROTOBUF && tell_as_json(t) < 0)
		return fault_set(fault, 0, "no memory");
	return r;
}

/* The next frame, that may be an event. */
static void next_frame(struct trial *t)
{
	struct trial_link *link = link_now(t);
	char text[FAULT_LINE_MAX];
	struct ovd_fault fault;
	struct ovd_view body;
	int r = link ? link_receive(link->stream, &link->in, t->timeout_ms, &body) : 0;

	if (r == -ETIMEDOUT)
		trial_fail(t, "no answer in %u ms", t->timeout_ms);
	else if (r < 0)
		trial_fail(t, "no answer: %s",
			   r == -ENOTCONN ? "the connection was closed" : strerror(-r));
	else if (link && decode(t, body, &fault) < 0)
		trial_fail(t, "%.*s: %s", (int)MIN(body.n, (size_t)300), t->body.p,
			   fault_text(&fault, text));
}

static bool is_word(struct ovd_view code)
{
	for (size_t i = 0; i < code.n; i++)
		if (code.p[i] != '_' && (code.p[i] < 'a' || code.p[i] > 'z'))
			return false;
	return code.n > 0;
}

/* Codes with which asking again may help. */
static bool may_help(struct ovd_view code)
{
	static const char *const codes[] = { "busy", "timed_out", "no_memory", "unavailable" };

	for (size_t i = 0; i < ARRAY_SIZE(codes); i++)
		if (view_eq(code, view(codes[i])))
			return true;
	return false;
}

static void check_err(struct trial *t, const struct ovd_err *err)
{
	bool malformed = view_eq(err->code, VIEW_LITERAL("malformed"));
	bool fits =
		err->message.n > 0 && (!err->code.p || is_word(err->code)) &&
		(!err->has_offset || malformed) &&
		(err->has_retryable ? err->retryable && may_help(err->code) : !may_help(err->code));

	trial_must(t, fits, "an err whose keys don't fit together: %.*s", VIEW(t->body));
}

const struct ovd_response *trial_answer(struct trial *t, uint64_t id)
{
	do {
		next_frame(t);
		t->n_events += t->answer.kind == OVD_FRAME_EVENT;
	} while (!t->over && t->answer.kind == OVD_FRAME_EVENT);
	trial_must(t, t->over || t->answer.kind == OVD_FRAME_RESPONSE, "a request came: %.*s",
		   VIEW(t->body));
	trial_must(t, t->over || t->answer.response.id == id, "the id is not %" PRIu64 ": %.*s", id,
		   (int)MIN(t->body.n, (size_t)300), t->body.p);
	if (!t->over && t->answer.response.response.kind == OVD_RESPONSE_ERR)
		check_err(t, &t->answer.response.response.err);
	return &t->answer.response.response;
}

const char *trial_kind(const struct ovd_response *response)
{
	return ovd_response_kind_name(response->kind);
}

const struct ovd_response *trial_want(struct trial *t, enum ovd_response_kind kind)
{
	const struct ovd_response *response = trial_answer(t, t->id);

	trial_must(t, t->over || response->kind == kind, "answered %.*s, not %s",
		   (int)MIN(t->body.n, (size_t)400), t->body.p, ovd_response_kind_name(kind));
	return response;
}

const struct ovd_response *trial_want_or_skip(struct trial *t, enum ovd_response_kind kind)
{
	const struct ovd_response *response = trial_answer(t, t->id);

	if (!t->over && response->kind == OVD_RESPONSE_ERR)
		trial_skip(t, "the daemon answers err: %.*s", VIEW(response->err.message));
	trial_must(t, t->over || response->kind == kind, "answered %.*s, not %s",
		   (int)MIN(t->body.n, (size_t)400), t->body.p, ovd_response_kind_name(kind));
	return response;
}

const struct ovd_err *trial_want_err_id(struct trial *t, uint64_t id)
{
	const struct ovd_response *response = trial_answer(t, id);

	trial_must(t, t->over || response->kind == OVD_RESPONSE_ERR, "answered %.*s, not err",
		   (int)MIN(t->body.n, (size_t)400), t->body.p);
	return &response->err;
}

const struct ovd_err *trial_want_err(struct trial *t)
{
	return trial_want_err_id(t, t->id);
}

const struct ovd_err *trial_want_code(struct trial *t, const char *code)
{
	const struct ovd_err *err = trial_want_err(t);

	trial_must(t, !err->code.p || view_eq(err->code, view(code)), "the code is not %s: %.*s",
		   code, VIEW(t->body));
	return err;
}

void trial_want_end(struct trial *t)
{
	struct trial_link *link = link_now(t);
	struct ovd_view body;
	int r = link ? link_receive(link->stream, &link->in, t->timeout_ms, &body) : -ENOTCONN;

	trial_must(t, r == -ENOTCONN || r == -ECONNRESET, "the connection goes on: %s",
		   r < 0 ? strerror(-r) : "there is another answer");
}

void trial_want_alive(struct trial *t)
{
	trial_ask(t, "{\"op\":\"status\"}");
	trial_want(t, OVD_RESPONSE_STATUS);
}
