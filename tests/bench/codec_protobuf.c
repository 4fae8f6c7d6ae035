/* Protobuf by our tables and by libprotobuf-c with its own structs. */
#include <stdlib.h>
#include <string.h>

#include "schema/overlayd.h"
#include "tests/bench/codec.h"

#if WITH_PROTOBUF
#include <protobuf-c/protobuf-c.h>

#include "runtime/protobuf.h"

struct ours {
	char *body; /* with BUF_SLACK zeros behind it */
	size_t n;
	struct arena arena;
	struct arena scratch;
	struct ovd_frame frame;
	struct buf out;
};

char *codec_to_protobuf(const char *json, size_t n, size_t *ret_n)
{
	_cleanup_(arena_done) struct arena arena = { NULL, 0 };
	struct buf body = { .p = NULL }, out = { .p = NULL };
	struct ovd_frame frame;
	struct ovd_fault fault;

	if (buf_append(&body, json, n) < 0 || buf_append(&body, "", 1) < 0 ||
	    ovd_frame_decode((struct ovd_view){ .p = body.p, .n = n }, &arena, &frame, &fault) <
		    0 ||
	    protobuf_encode(&ovd_frame_table, &frame, &arena, &out) < 0)
		abort();
	buf_done(&body);
	*ret_n = out.n;
	return out.p;
}

static void ours_close(void *subject)
{
	struct ours *s = subject;

	free(s->body);
	arena_done(&s->arena);
	arena_done(&s->scratch);
	buf_done(&s->out);
	free(s);
}

static int ours_decode_once(struct ours *s)
{
	struct ovd_fault fault;

	arena_reset(&s->arena);
	return protobuf_decode(&ovd_frame_table, (struct ovd_view){ .p = s->body, .n = s->n },
			       &s->arena, &s->frame, &fault);
}

static void *ours_open(const char *p, size_t n)
{
	struct ours *s = calloc(1, sizeof(*s));

	s->body = calloc(n + BUF_SLACK, 1);
	s->n = n;
	memcpy(s->body, p, n);
	if (ours_decode_once(s) == 0)
		return s;
	ours_close(s);
	return NULL;
}

static void ours_decode(void *subject, unsigned times)
{
	for (unsigned i = 0; i < times; i++)
		if (ours_decode_once(subject) < 0)
			abort();
}

static void ours_encode(void *subject, unsigned times)
{
	struct ours *s = subject;

	for (unsigned i = 0; i < times; i++) {
		s->out.n = 0;
		arena_reset(&s->scratch);
		if (protobuf_encode(&ovd_frame_table, &s->frame, &s->scratch, &s->out) < 0)
			abort();
	}
}

static const char *ours_bytes(const void *subject, size_t *ret_n)
{
	const struct ours *s = subject;

	*ret_n = s->out.n;
	return s->out.p;
}

static const struct codec codec_ours = { .name = "ours",
					 .open = ours_open,
					 .decode = ours_decode,
					 .encode = ours_encode,
					 .bytes = ours_bytes,
					 .close = ours_close };

/* ---- libprotobuf-c ---- */

struct theirs {
	uint8_t *body;
	size_t n;
	ProtobufCMessage *message;
	uint8_t *out; /* as long as body */
	size_t out_n;
};

static void theirs_close(void *subject)
{
	struct theirs *s = subject;

	if (s->message)
		protobuf_c_message_free_unpacked(s->message, NULL);
	free(s->body);
	free(s->out);
	free(s);
}

static ProtobufCMessage *theirs_unpack(const struct theirs *s)
{
	return protobuf_c_message_unpack(ovd_frame_table.protobuf, NULL, s->n, s->body);
}

static void *theirs_open(const char *p, size_t n)
{
	struct theirs *s = calloc(1, sizeof(*s));

	s->body = malloc(n);
	s->out = malloc(n);
	s->n = n;
	memcpy(s->body, p, n);
	s->message = theirs_unpack(s);
	if (s->message)
		return s;
	theirs_close(s);
	return NULL;
}

static void theirs_decode(void *subject, unsigned times)
{
	for (unsigned i = 0; i < times; i++)
		protobuf_c_message_free_unpacked(theirs_unpack(subject), NULL);
}

static void theirs_encode(void *subject, unsigned times)
{
	struct theirs *s = subject;

	for (unsigned i = 0; i < times; i++) {
		s->out_n = protobuf_c_message_get_packed_size(s->message);
		if (s->out_n > s->n)
			abort();
		protobuf_c_message_pack(s->message, s->out);
	}
}

static const char *theirs_bytes(const void *subject, size_t *ret_n)
{
	const struct theirs *s = subject;

	*ret_n = s->out_n;
	return (const char *)s->out;
}

static const struct codec codec_theirs = { .name = "libprotobuf-c",
					   .open = theirs_open,
					   .decode = theirs_decode,
					   .encode = theirs_encode,
					   .bytes = theirs_bytes,
					   .close = theirs_close };

unsigned codecs_protobuf(struct codec *ret)
{
	ret[0] = codec_ours;
	ret[1] = codec_theirs;
	return 2;
}
#else
char *codec_to_protobuf(const char *json _unused_, size_t n _unused_, size_t *ret_n _unused_)
{
	abort();
}

unsigned codecs_protobuf(struct codec *ret _unused_)
{
	return 0;
}
#endif
