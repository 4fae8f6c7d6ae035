/* Which bodies of protobuf are read and which are refused, how answers are written, and both forms
 * on one connection. */
#include <string.h>

#include "tests/conformance/suite/protobuf_cases.h"
#include "tests/conformance/suite/server.h"

#define STATUS "{\"op\":\"status\"}"

static void check_err(struct trial *t, const struct protobuf_case *c, const struct ovd_err *err)
{
	trial_must(t, t->over || !err->code.p || view_eq(err->code, VIEW_LITERAL("malformed")),
		   "%s: the code is not malformed: %.*s", c->id, VIEW(t->body));
	trial_must(
		t,
		t->over || !err->code.p ||
			view_eq((struct ovd_view){ err->field.p ? err->field.p : "", err->field.n },
				view(c->field)),
		"%s: the field is not %s: %.*s", c->id, c->field, VIEW(t->body));
	trial_must(t, t->over || !err->code.p || (err->has_offset && err->offset <= c->body.n),
		   "%s: no byte of it is named: %.*s", c->id, VIEW(t->body));
}

static void made_by_hand(struct trial *t, const struct server_check *check)
{
	for (size_t i = 0; i < protobuf_n_cases && !t->over; i++) {
		const struct protobuf_case *c = &protobuf_cases[i];
		bool accepted = c->canonical.p;

		if (accepted != (check->answers != 0))
			continue;
		trial_body_bytes(t, c->body);
		if (accepted)
			trial_answer(t, c->id_read);
		else
			check_err(t, c, trial_want_err_id(t, c->id_read));
	}
	trial_want_alive(t);
}

static const char *const requests[] = {
	STATUS,
	"{\"op\":\"remove_peer\",\"pubkey\":\"no key\"}",
	"{\"op\":\"teardown_service_overlay\",\"service\":\"conform-nobody\"}",
	"{\"op\":\"nat_status\"}",
};

static void written(struct trial *t, const struct server_check *check _unused_)
{
	for (size_t i = 0; i < ARRAY_SIZE(requests) && !t->over; i++) {
		_cleanup_(buf_done) struct buf bytes = { .p = NULL };

		trial_ask(t, "%s", requests[i]);
		trial_answer(t, t->id);
		if (!t->over &&
		    codec_encode(t->codec, &ovd_frame_table, &t->answer, &t->arena, &bytes) < 0)
			trial_fail(t, "no memory");
		trial_must(t, t->over || view_eq(buf_view(&bytes), buf_view(&t->kept)),
			   "not as protoc writes it: %.*s", VIEW(t->body));
	}
}

static void mixed(struct trial *t, const struct server_check *check _unused_)
{
	static const enum ovd_codec codecs[] = { OVD_CODEC_JSON, OVD_CODEC_PROTOBUF,
						 OVD_CODEC_PROTOBUF, OVD_CODEC_JSON,
						 OVD_CODEC_PROTOBUF };
	enum ovd_codec own = t->codec;

	for (size_t i = 0; i < ARRAY_SIZE(codecs); i++) {
		t->codec = codecs[i];
		trial_ask(t, "%s", requests[i % ARRAY_SIZE(requests)]);
		trial_answer(t, t->id);
		trial_must(t, t->over || codec_of(buf_view(&t->kept)) == codecs[i],
			   "asked in %s: %.*s", codec_name(codecs[i]), VIEW(t->body));
	}
	t->codec = own;
}

static void length_zero(struct trial *t, const struct server_check *check _unused_)
{
	trial_want_alive(t);
	trial_bytes(t, "\0\0\0\0", 4);
	trial_want_err_id(t, 0);
	trial_want_alive(t);
}

static const struct server_check checks[] = {
	{ "protobuf.read", "What is unusual and well-formed is read.", PROTOBUF_RULES,
	  .run = made_by_hand, .answers = 1 },
	{ "protobuf.refused",
	  "What is malformed gets an err that names the fields that lead there, and the byte.",
	  PROTOBUF_RULES, .run = made_by_hand },
	{ "protobuf.written", "An answer is written as protoc writes it.", PROTOBUF_RULES,
	  .run = written },
	{ "protobuf.mixed", "Each request of a connection is answered in its own form.",
	  PROTOBUF_RULES, .run = mixed },
	{ "protobuf.length-zero",
	  "The err for a frame without a body is in the form of the last request.", PROTOBUF_RULES,
	  .run = length_zero },
};

const struct server_family server_protobuf = { .checks = checks,
					       .n = ARRAY_SIZE(checks),
					       .of = OF_PROTOBUF };
