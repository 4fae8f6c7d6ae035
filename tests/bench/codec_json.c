/* JSON by our tables and by json-c. */
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "schema/overlayd.h"
#include "tests/bench/codec.h"

struct ours {
	char *body; /* with BUF_SLACK zeros behind it */
	size_t n;
	struct arena arena;
	struct ovd_frame frame;
	struct buf out;
};

static void ours_close(void *subject)
{
	struct ours *s = subject;

	free(s->body);
	arena_done(&s->arena);
	buf_done(&s->out);
	free(s);
}

static void ours_decode(void *subject, unsigned times)
{
	struct ours *s = subject;
	struct ovd_fault fault;

	for (unsigned i = 0; i < times; i++) {
		arena_reset(&s->arena);
		if (ovd_frame_decode((struct ovd_view){ .p = s->body, .n = s->n }, &s->arena,
				     &s->frame, &fault) < 0)
			abort();
	}
}

static void *ours_open(const char *p, size_t n)
{
	struct ours *s = calloc(1, sizeof(*s));
	struct ovd_fault fault;

	s->body = calloc(n + BUF_SLACK, 1);
	s->n = n;
	memcpy(s->body, p, n);
	if (ovd_frame_decode((struct ovd_view){ .p = s->body, .n = n }, &s->arena, &s->frame,
			     &fault) == 0)
		return s;
	ours_close(s);
	return NULL;
}

static void ours_encode(void *subject, unsigned times)
{
	struct ours *s = subject;

	for (unsigned i = 0; i < times; i++) {
		s->out.n = 0;
		if (ovd_frame_encode(&s->frame, &s->out) < 0)
			abort();
	}
}

static const char *ours_bytes(const void *subject, size_t *ret_n)
{
	const struct ours *s = subject;

	*ret_n = s->out.n;
	return s->out.p;
}

const struct codec codec_json = { .name = "ours",
				  .open = ours_open,
				  .decode = ours_decode,
				  .encode = ours_encode,
				  .bytes = ours_bytes,
				  .close = ours_close };

/* ---- json-c ---- */

struct jsonc {
	char *body;
	size_t n;
	struct json_tokener *tokener;
	struct json_object *dom;
	const char *out; /* the object's own */
	size_t out_n;
};

static void jsonc_close(void *subject)
{
	struct jsonc *s = subject;

	json_object_put(s->dom);
	json_tokener_free(s->tokener);
	free(s->body);
	free(s);
}

static struct json_object *jsonc_parse(struct jsonc *s)
{
	json_tokener_reset(s->tokener);
	return json_tokener_parse_ex(s->tokener, s->body, (int)s->n + 1);
}

static void *jsonc_open(const char *p, size_t n)
{
	struct jsonc *s = calloc(1, sizeof(*s));

	s->body = strndup(p, n);
	s->n = n;
	s->tokener = json_tokener_new();
	s->dom = jsonc_parse(s);
	if (s->dom)
		return s;
	jsonc_close(s);
	return NULL;
}

static void jsonc_decode(void *subject, unsigned times)
{
	for (unsigned i = 0; i < times; i++)
		json_object_put(jsonc_parse(subject));
}

static void jsonc_encode(void *subject, unsigned times)
{
	struct jsonc *s = subject;

	for (unsigned i = 0; i < times; i++)
		s->out = json_object_to_json_string_length(
			s->dom, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &s->out_n);
}

static const char *jsonc_bytes(const void *subject, size_t *ret_n)
{
	const struct jsonc *s = subject;

	*ret_n = s->out_n;
	return s->out;
}

const struct codec codec_jsonc = { .name = "json-c",
				   .open = jsonc_open,
				   .decode = jsonc_decode,
				   .encode = jsonc_encode,
				   .bytes = jsonc_bytes,
				   .close = jsonc_close };
