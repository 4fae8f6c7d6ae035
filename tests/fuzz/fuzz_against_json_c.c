/* json-c's opinion of the same bytes. What our reader takes json-c takes too, with the same values;
 * where json-c alone takes a text, the reason is one that docs/protocol-rules.md has. And our
 * reader is as strict with what nobody asked for as with the rest. */
#include <arpa/inet.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/json.h"
#include "runtime/json_scan.h"
#include "tests/fuzz/document.h"

/* Deeper than what we read: the limit is to be ours. */
#define JSON_C_DEPTH (JSON_DEPTH_MAX + 2)

static struct json_object *read_json_c(struct ovd_view body, bool *ret_taken)
{
	struct json_tokener *tokener = json_tokener_new_ex(JSON_C_DEPTH);
	struct json_object *object;

	MUST(tokener);
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	object = json_tokener_parse_ex(tokener, body.p, (int)body.n + 1);
	*ret_taken = json_tokener_get_error(tokener) == json_tokener_success &&
		     json_tokener_get_parse_end(tokener) >= body.n;
	json_tokener_free(tokener);
	return object;
}

/* The body as any document at all, none of its keys known. */
static int read_any(struct ovd_view body, struct ovd_fault *fault)
{
	_cleanup_(arena_done) struct arena arena = { .chunk = NULL };
	struct json_scan s = { .start = body.p, .p = body.p, .arena = &arena, .fault = fault };
	int r;

	scan_blanks(&s);
	r = scan_skip(&s);
	if (r < 0)
		return r;
	scan_blanks(&s);
	return s.p == body.p + body.n ? 0 : SCAN_FAULT(&s, s.p, "something stands behind");
}

/* ---- where json-c takes more ---- */

static bool begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

/* NaN, Infinity and -Infinity, a fraction without digits. */
static bool is_odd_number(struct ovd_view body, const struct ovd_fault *fault)
{
	const char *at = body.p + fault->offset;

	if (begins(fault->text, "expected a digit"))
		return *at == 'I' || (at > body.p && at[-1] == '.');
	return begins(fault->text, "expected a value") && (*at == 'N' || *at == 'I');
}

static bool is_documented(struct ovd_view body, const struct ovd_fault *fault)
{
	static const char *const stricter[] = {
		"a number must not begin with 0",
		"a number is too large for a double",
		"control character in a string",
		"a string must not hold a NUL",
		"lone surrogate in a string",
		"a string is not UTF-8",
		"nested deeper than",
	};

	for (size_t i = 0; i < ARRAY_SIZE(stricter); i++)
		if (begins(fault->text, stricter[i]))
			return true;
	return is_odd_number(body, fault);
}

/* ---- the same values ---- */

/* An address may be spelled in several ways. */
static bool same_text(struct json_object *ours, struct json_object *theirs)
{
	struct in6_addr a, b;

	return json_object_equal(ours, theirs) ||
	       (inet_pton(AF_INET6, json_object_get_string(ours), &a) == 1 &&
		inet_pton(AF_INET6, json_object_get_string(theirs), &b) == 1 &&
		memcmp(&a, &b, sizeof(a)) == 0);
}

static void check_same(struct json_object *ours, struct json_object *theirs);

/* Keys that are missing there are defaults here. */
static void check_object(struct json_object *ours, struct json_object *theirs)
{
	json_object_object_foreach(ours, key, value)
	{
		struct json_object *other;

		if (json_object_object_get_ex(theirs, key, &other))
			check_same(value, other);
	}
}

static void check_same(struct json_object *ours, struct json_object *theirs)
{
	MUST(json_object_get_type(ours) == json_object_get_type(theirs));
	if (json_object_is_type(ours, json_type_object)) {
		check_object(ours, theirs);
	} else if (json_object_is_type(ours, json_type_array)) {
		MUST(json_object_array_length(ours) == json_object_array_length(theirs));
		for (size_t i = 0; i < json_object_array_length(ours); i++)
			check_same(json_object_array_get_idx(ours, i),
				   json_object_array_get_idx(theirs, i));
	} else if (json_object_is_type(ours, json_type_string)) {
		MUST(same_text(ours, theirs));
	} else {
		MUST(json_object_equal(ours, theirs));
	}
}

/* Written again, the document says what it said to json-c. */
static void check_values(const struct ovd_table *table, const union document *document,
			 struct json_object *theirs)
{
	_cleanup_(buf_done) struct buf out = { .p = NULL };
	struct json_object *ours;
	bool taken;

	MUST(json_encode(table, document, &out) == 0);
	MUST(buf_append(&out, "", 1) == 0);
	ours = read_json_c((struct ovd_view){ .p = out.p, .n = out.n - 1 }, &taken);
	MUST(taken);
	check_same(ours, theirs);
	json_object_put(ours);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	_cleanup_(arena_done) struct arena arena = { .chunk = NULL };
	struct fuzz_input in = { data, n };
	const struct ovd_table *table = document_type(&in);
	struct ovd_view text = input_take(&in, in.n);
	_cleanup_(freep) char *copy = fuzz_body(text, '\0');
	struct ovd_view body = { .p = copy, .n = text.n };
	struct ovd_fault fault, any_fault;
	union document document;
	bool taken;
	struct json_object *theirs = read_json_c(body, &taken);
	int any = read_any(body, &any_fault);
	int r = json_decode(table, body, &arena, &document, &fault);

	MUST(any < 0 || taken);
	MUST(any == 0 || !taken || is_documented(body, &any_fault));
	MUST(r < 0 || any == 0);
	if (r == 0)
		check_values(table, &document, theirs);
	json_object_put(theirs);
	return 0;
}
