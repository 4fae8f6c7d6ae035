/* Which bodies are read and which are refused; and how answers are written. */
#include <stdio.h>
#include <string.h>

#include "tests/conformance/suite/server.h"

#define READING "protocol-rules.md, Reading"
#define ERRORS  "protocol-rules.md, Errors"
#define WRITING "protocol-rules.md, Writing"

/* What can't be read is malformed. */
static void row(struct trial *t, const struct server_check *check)
{
	t->id = strstr(check->body, "\"id\":7") ? 7 : 0;
	trial_body(t, "%s", check->body);
	if (check->answers)
		trial_want(t, OVD_RESPONSE_STATUS);
	else
		trial_want_code(t, "malformed");
	trial_want_alive(t);
}

/* A list in a list, n deep, where nobody asked for it; two objects are around it. */
static void ask_nested(struct trial *t, int n)
{
	char open[256], close[256];

	memset(open, '[', sizeof(open));
	memset(close, ']', sizeof(close));
	trial_ask(t, "{\"op\":\"status\",\"x\":%.*s%.*s}", n, open, n, close);
}

static void depth_127(struct trial *t, const struct server_check *check _unused_)
{
	ask_nested(t, 125);
	trial_want(t, OVD_RESPONSE_STATUS);
}

static void depth_128(struct trial *t, const struct server_check *check _unused_)
{
	ask_nested(t, 126);
	trial_want_err(t);
	trial_want_alive(t);
}

static void limit(struct trial *t, const struct server_check *check _unused_)
{
	trial_ask(t, "{\"op\":\"teardown_service_overlay\",\"service\":\"%064d\"}", 0);
	trial_want_err(t);
	trial_want_alive(t);
}

/* Of the field, and where it stands. */
static void err_field(struct trial *t, const struct server_check *check _unused_)
{
	static const char body[] = "{\"frame\":\"request\",\"id\":7,\"request\":{\"op\":\"setup_"
				   "global_overlay\",\"deployment\":"
				   "\"d\",\"instance_id\":\"i\",\"cluster_cidr\":\"10.200.0.0/"
				   "16\",\"wg_port\":65536}}";
	const size_t offset = (size_t)(strstr(body, "65536") - body);
	const struct ovd_err *err;

	trial_body(t, "%s", body);
	err = trial_want_err_id(t, 7);
	if (!err->code.p)
		trial_skip(t, "this daemon's errs have no code");
	trial_must(t, t->over || view_eq(err->field, VIEW_LITERAL("request.wg_port")),
		   "the field is not request.wg_port: %.*s", VIEW(t->body));
	trial_must(t, t->over || (err->has_offset && err->offset == offset),
		   "the offset is not %zu: %.*s", offset, VIEW(t->body));
}

/* The rest of the request is refused later: only who has read nat_enabled says so of it. */
static void older_key(struct trial *t, const struct server_check *check _unused_)
{
	const struct ovd_err *err;

	trial_ask(t, "{\"op\":\"setup_global_overlay\",\"deployment\":\"d\",\"instance_id\":\"i\","
		     "\"cluster_cidr\":\"nope\",\"wg_port\":1,\"nat_enabled\":1}");
	err = trial_want_err(t);
	trial_must(t, t->over || memmem(t->body.p, t->body.n, "nat_enabled", 11),
		   "the err names no nat_enabled: %.*s", VIEW(err->message));
}

static void err_code_malformed(struct trial *t, const struct server_check *check _unused_)
{
	const struct ovd_err *err;

	trial_ask(t, "{\"op\":\"no_such_operation\"}");
	err = trial_want_err(t);
	if (!err->code.p)
		trial_skip(t, "this daemon's errs have no code");
	trial_must(t, view_eq(err->code, VIEW_LITERAL("malformed")), "the code is %.*s",
		   VIEW(err->code));
}

/* Outside of strings. */
static bool has_white_space(struct ovd_view body)
{
	bool quoted = false;

	for (size_t i = 0; i < body.n; i++) {
		if (quoted && body.p[i] == '\\')
			i++;
		else if (body.p[i] == '"')
			quoted = !quoted;
		else if (!quoted && strchr(" \t\r\n", body.p[i]))
			return true;
	}
	return false;
}

static void check_written(struct trial *t)
{
	char head[64];
	int n = snprintf(
		head, sizeof(head),
		"{\"frame\":\"response\",\"id\":%u,\"response\":{\"result\":", (unsigned)t->id);

	trial_must(t, !has_white_space(t->body), "white space: %.*s", VIEW(t->body));
	trial_must(t, t->over || (t->body.n > (size_t)n && memcmp(t->body.p, head, (size_t)n) == 0),
		   "tags and keys in another order: %.*s", VIEW(t->body));
}

static void written(struct trial *t, const struct server_check *check _unused_)
{
	static const char *const requests[] = {
		"{\"op\":\"status\"}",
		"{\"op\":\"remove_peer\",\"pubkey\":\"no key\"}",
		"{\"op\":\"teardown_service_overlay\",\"service\":\"conform-nobody\"}",
		"{\"op\":\"nat_status\"}",
	};

	for (size_t i = 0; i < ARRAY_SIZE(requests); i++) {
		trial_ask(t, "%s", requests[i]);
		trial_answer(t, t->id);
		check_written(t);
	}
}

#define FRAME(request) "{\"frame\":\"request\",\"id\":7,\"request\":" request "}"
#define ACCEPT(id, says, text)                                                                     \
	{                                                                                          \
		"read." id, says, READING, .run = row, .body = text, .answers = ANSWER(STATUS)     \
	}
#define REFUSE(id, says, text)                                                                     \
	{                                                                                          \
		"read." id, says, READING, .run = row, .body = text                                \
	}
#define SETUP(more)                                                                                \
	FRAME("{\"op\":\"setup_global_overlay\",\"deployment\":\"d\",\"instance_id\":\"i\","       \
	      "\"cluster_cidr\":\"10.200.0.0/16\",\"wg_port\":1," more "}")

static const struct server_check checks[] = {
	ACCEPT("key-order", "Keys may come in any order.",
	       "{\"request\":{\"op\":\"status\"},\"id\":7,\"frame\":\"request\"}"),
	ACCEPT("white-space",
	       "White space may stand between any two tokens, and behind the document.",
	       " { \"frame\" :\t\"request\" ,\r\n\"id\":7 , \"request\" : { \"op\" : \"status\" } "
	       "} \n"),
	ACCEPT("unknown-keys", "Unknown keys are accepted, also repeated, with any value.",
	       FRAME("{\"x\":[{}],\"op\":\"status\",\"x\":null,\"x\":-1.5e3}")),
	ACCEPT("escaped-key",
	       "A key or a tag's value that is spelled with escapes is as if it were plain.",
	       FRAME("{\"\\u006fp\":\"stat\\u0075s\"}")),
	ACCEPT("escapes", "\\/ and all other escapes of JSON are read, and pairs of surrogates.",
	       FRAME("{\"op\":\"status\",\"x\":\"\\/\\b\\f\\n\\r\\t\\\"\\\\\\ud83d\\ude00\"}")),
	ACCEPT("raw-characters", "DEL and all characters from U+0080 may stand raw in a string.",
	       FRAME("{\"op\":\"status\",\"x\":\"\x7f\xc2\x80\xe2\x80\xa8\xf0\x9f\x98\x80\"}")),
	REFUSE("no-document", "What is no JSON is refused, and the connection goes on.", "garbage"),
	REFUSE("no-object", "A body that is no object is refused.", "[]"),
	REFUSE("empty-object", "A body without a tag is refused.", "{}"),
	REFUSE("truncated", "A document that ends too early is refused.",
	       "{\"frame\":\"request\",\"id\":7,\"request\":{\"op\":\"status\""),
	REFUSE("trailing", "Anything but white space behind the document is refused.",
	       FRAME("{\"op\":\"status\"}") "x"),
	REFUSE("trailing-comma", "A comma before a closing bracket is refused.",
	       FRAME("{\"op\":\"status\",}")),
	REFUSE("unknown-frame", "An unknown kind of frame is refused.",
	       "{\"frame\":\"nope\",\"id\":7,\"request\":{\"op\":\"status\"}}"),
	REFUSE("unknown-op", "An unknown operation is refused, and the connection goes on.",
	       FRAME("{\"op\":\"no_such_operation\"}")),
	REFUSE("unknown-variant", "An unknown variant of a nested union is refused.",
	       FRAME("{\"op\":\"detach_container\",\"handle\":{\"platform\":\"nope\",\"pid\":"
		     "4194304}}")),
	REFUSE("unknown-enum", "An unknown value of an enumeration is refused.",
	       FRAME("{\"op\":\"setup_service_overlay\",\"service\":\"s\",\"mode\":\"nope\"}")),
	REFUSE("tag-missing", "A union without its tag is refused.", FRAME("{\"service\":\"s\"}")),
	REFUSE("tag-null", "A tag that is null is refused.", FRAME("{\"op\":null}")),
	REFUSE("tag-twice", "A tag that stands twice is refused.",
	       FRAME("{\"op\":\"status\",\"op\":\"status\"}")),
	REFUSE("tag-number", "A tag that is a number is refused.", FRAME("{\"op\":22}")),
	REFUSE("key-missing", "A missing key that must be there is refused.",
	       FRAME("{\"op\":\"teardown_service_overlay\"}")),
	REFUSE("key-twice", "A known key that stands twice is refused, escaped or not.",
	       FRAME("{\"op\":\"teardown_service_overlay\",\"service\":\"s\",\"s\\u0065rvice\":"
		     "\"s\"}")),
	REFUSE("null", "null for a key that must be there is refused.",
	       FRAME("{\"op\":\"teardown_service_overlay\",\"service\":null}")),
	REFUSE("default-null", "null for a key that has a default is refused.",
	       FRAME("{\"op\":\"remove_peer\",\"pubkey\":"
		     "\"2hV9fOBkc3Dd8dNn5JxkYz0mQm1f0cXq7pZ9r3tUvWY=\",\"scope\":null}")),
	REFUSE("type", "A value of another type is refused.",
	       FRAME("{\"op\":\"teardown_service_overlay\",\"service\":1}")),
	REFUSE("integer-range", "An integer outside its width is refused.",
	       SETUP("\"nat\":{\"relay_server\":{\"listen_port\":65536}}")),
	REFUSE("integer-beyond-64-bits", "2^64 is refused.",
	       FRAME("{\"op\":\"set_local_node_id\",\"node_id\":18446744073709551616}")),
	REFUSE("integer-sign", "An integer with a sign is refused.",
	       FRAME("{\"op\":\"set_local_node_id\",\"node_id\":-0}")),
	REFUSE("integer-fraction", "An integer with a fraction is refused.",
	       FRAME("{\"op\":\"set_local_node_id\",\"node_id\":1.0}")),
	REFUSE("integer-exponent", "An integer with an exponent is refused.",
	       FRAME("{\"op\":\"set_local_node_id\",\"node_id\":1e0}")),
	REFUSE("integer-leading-zero", "An integer with a leading zero is refused.",
	       FRAME("{\"op\":\"set_local_node_id\",\"node_id\":01}")),
	REFUSE("integer-quoted", "An integer in quotes is refused.",
	       FRAME("{\"op\":\"set_local_node_id\",\"node_id\":\"1\"}")),
	REFUSE("number-too-large",
	       "A number that nobody asked for and that no double can hold is refused.",
	       FRAME("{\"op\":\"status\",\"x\":1e309}")),
	REFUSE("address", "A text that is no address, where one must be, is refused.",
	       FRAME("{\"op\":\"release_ip\",\"ip\":\"10.0.0.256\"}")),
	REFUSE("control-byte", "A control byte in a string is refused, also where nobody asked.",
	       FRAME("{\"op\":\"status\",\"x\":\"\x01\"}")),
	REFUSE("bad-escape", "A bad escape is refused, also where nobody asked.",
	       FRAME("{\"op\":\"status\",\"x\":\"\\x\"}")),
	REFUSE("lone-surrogate", "A lone surrogate is refused, also where nobody asked.",
	       FRAME("{\"op\":\"status\",\"x\":\"\\ud83d\"}")),
	REFUSE("broken-utf8", "Broken UTF-8 is refused, also where nobody asked.",
	       FRAME("{\"op\":\"status\",\"x\":\"\xc0\xaf\"}")),
	REFUSE("nul", "\\u0000 in a string is refused, also where nobody asked.",
	       FRAME("{\"op\":\"status\",\"x\":\"\\u0000\"}")),
	REFUSE("struct-as-list", "A struct as a list is refused.", FRAME("[\"status\"]")),
	REFUSE("enum-as-object", "An enumeration as an object is refused.",
	       FRAME("{\"op\":\"setup_service_overlay\",\"service\":\"conform-enum\",\"mode\":{"
		     "\"auto\":null}}")),
	{ "read.older-key", "nat_enabled is a boolean or null, once.", READING, .run = older_key },
	{ "read.depth-127", "127 objects and lists, one in another, are read.", READING,
	  .run = depth_127 },
	{ "read.depth-128", "128 of them are refused.", READING, .run = depth_128 },
	{ "read.limit", "A text above its limit is refused.", READING, .run = limit },
	{ "err.field",
	  "The err for a request that can't be read has the path of the field and the byte "
	  "where reading ended.",
	  ERRORS, .run = err_field },
	{ "err.code-malformed",
	  "An err for a request that can't be read has, if any, the code malformed.", ERRORS,
	  .run = err_code_malformed },
	{ "write.compact",
	  "An answer has its tags first, its keys in the schema's order and no white space.",
	  WRITING, .run = written },
};

const struct server_family server_reading = { .checks = checks,
					      .n = ARRAY_SIZE(checks),
					      .of = OF_JSON };
