/* The JSON codec against json-c and a bare copy of the bytes, the protobuf codec against what
 * libprotobuf-c needs for its own structs alone. */
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#if WITH_PROTOBUF
#include <protobuf-c/protobuf-c.h>
#endif

#include "runtime/protobuf.h"
#include "schema/overlayd.h"
#include "tests/bench/bench.h"

#define PER_ROUND 2000
#define ROUNDS    101

/* The frames of tests/data/vectors that stand for what goes over the socket. */
static const char *const names[] = { "request.request.status",
				     "response",
				     "response.response.err",
				     "event.peer_health_changed",
				     "request.request.allocate_ip",
				     "response.response.attached",
				     "request.request.attach_container",
				     "request.request.setup_global_overlay",
				     "response.response.status.peers=sixteen",
				     "request.request.add_peer" };

struct subject {
	char *body; /* with BUF_SLACK zeros behind it */
	char *copy;
	size_t n;
	struct arena arena;
	struct ovd_frame frame;
	struct buf out;
	struct json_object *dom;
	struct buf pb;
	struct arena scratch;
#if WITH_PROTOBUF
	ProtobufCMessage *message;
#endif
};

static void decode_ours(void *arg)
{
	struct subject *s = arg;
	struct ovd_fault fault;

	for (int i = 0; i < PER_ROUND; i++) {
		arena_reset(&s->arena);
		if (ovd_frame_decode((struct ovd_view){ .p = s->body, .n = s->n }, &s->arena,
				     &s->frame, &fault) < 0)
			abort();
	}
}

static void decode_jsonc(void *arg)
{
	struct subject *s = arg;
	struct json_tokener *tokener = json_tokener_new();

	for (int i = 0; i < PER_ROUND; i++) {
		json_tokener_reset(tokener);
		json_object_put(json_tokener_parse_ex(tokener, s->body, (int)s->n + 1));
	}
	json_tokener_free(tokener);
}

static void encode_ours(void *arg)
{
	struct subject *s = arg;

	for (int i = 0; i < PER_ROUND; i++) {
		s->out.n = 0;
		if (ovd_frame_encode(&s->frame, &s->out) < 0)
			abort();
	}
}

static void encode_jsonc(void *arg)
{
	struct subject *s = arg;

	for (int i = 0; i < PER_ROUND; i++)
		json_object_to_json_string_ext(s->dom, JSON_C_TO_STRING_PLAIN);
}

static void copy_bytes(void *arg)
{
	struct subject *s = arg;

	for (int i = 0; i < PER_ROUND; i++) {
		memcpy(s->copy, s->body, s->n);
		__asm__ volatile("" : : "r"(s->copy) : "memory");
	}
}

/* ---- protobuf ---- */

#if WITH_PROTOBUF
static void decode_protobuf(void *arg)
{
	struct subject *s = arg;
	struct ovd_fault fault;

	for (int i = 0; i < PER_ROUND; i++) {
		arena_reset(&s->arena);
		if (protobuf_decode(&ovd_frame_table, buf_view(&s->pb), &s->arena, &s->frame,
				    &fault) < 0)
			abort();
	}
}

static void check_protobuf(void *arg)
{
	struct subject *s = arg;
	struct ovd_fault fault;

	for (int i = 0; i < PER_ROUND; i++)
		if (protobuf_check(&ovd_frame_table, buf_view(&s->pb), &fault) < 0)
			abort();
}

static ProtobufCMessage *unpack(const struct subject *s)
{
	return protobuf_c_message_unpack(ovd_frame_table.protobuf, NULL, s->pb.n,
					 (const uint8_t *)s->pb.p);
}

static void decode_protobuf_c(void *arg)
{
	for (int i = 0; i < PER_ROUND; i++)
		protobuf_c_message_free_unpacked(unpack(arg), NULL);
}

static void encode_protobuf(void *arg)
{
	struct subject *s = arg;

	for (int i = 0; i < PER_ROUND; i++) {
		s->out.n = 0;
		arena_reset(&s->scratch);
		if (protobuf_encode(&ovd_frame_table, &s->frame, &s->scratch, &s->out) < 0)
			abort();
	}
}

static void encode_protobuf_c(void *arg)
{
	struct subject *s = arg;

	for (int i = 0; i < PER_ROUND; i++) {
		s->out.n = protobuf_c_message_get_packed_size(s->message);
		protobuf_c_message_pack(s->message, (uint8_t *)s->out.p);
	}
}

static void compare_protobuf(struct subject *s)
{
	if (protobuf_encode(&ovd_frame_table, &s->frame, &s->scratch, &s->pb) < 0 ||
	    buf_append(&s->pb, "", 1) < 0)
		abort();
	s->pb.n--;
	s->message = unpack(s);
	bench_compare("  protobuf decode",
		      (struct bench_side[]){ { "ours", decode_protobuf, s, PER_ROUND },
					     { "libprotobuf-c", decode_protobuf_c, s, PER_ROUND },
					     { "our check alone", check_protobuf, s, PER_ROUND } },
		      3, ROUNDS);
	bench_compare("  protobuf encode",
		      (struct bench_side[]){ { "ours", encode_protobuf, s, PER_ROUND },
					     { "libprotobuf-c", encode_protobuf_c, s, PER_ROUND } },
		      2, ROUNDS);
	protobuf_c_message_free_unpacked(s->message, NULL);
	buf_done(&s->pb);
	arena_done(&s->scratch);
}
#else
static void compare_protobuf(struct subject *s _unused_)
{
}
#endif

static bool load(const char *name, struct subject *s)
{
	FILE *file = fopen("tests/data/vectors/contract-0.14.jsonl", "re");
	char *line = NULL;
	size_t room = 0;
	bool found = false;

	while (file && !found && getline(&line, &room, file) > 0) {
		struct json_object *record = json_tokener_parse(line);

		found = strcmp(json_object_get_string(json_object_object_get(record, "type")),
			       "frame") == 0 &&
			strcmp(json_object_get_string(json_object_object_get(record, "name")),
			       name) == 0;
		if (found) {
			const char *body =
				json_object_get_string(json_object_object_get(record, "body"));

			s->n = strlen(body);
			s->body = calloc(s->n + BUF_SLACK, 1);
			s->copy = calloc(s->n + BUF_SLACK, 1);
			memcpy(s->body, body, s->n);
			s->dom = json_tokener_parse(body);
		}
		json_object_put(record);
	}
	free(line);
	if (file)
		fclose(file);
	return found;
}

int main(void)
{
	bench_pin();
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct subject s = { .body = NULL };
		char title[80];

		if (!load(names[i], &s)) {
			fprintf(stderr, "%s: not found\n", names[i]);
			return 1;
		}
		printf("%s, %zu bytes\n", names[i], s.n);
		decode_ours(&s);
		snprintf(title, sizeof(title), "  decode");
		bench_compare(title,
			      (struct bench_side[]){ { "ours", decode_ours, &s, PER_ROUND },
						     { "json-c", decode_jsonc, &s, PER_ROUND },
						     { "memcpy", copy_bytes, &s, PER_ROUND } },
			      3, ROUNDS);
		bench_compare("  encode",
			      (struct bench_side[]){ { "ours", encode_ours, &s, PER_ROUND },
						     { "json-c", encode_jsonc, &s, PER_ROUND },
						     { "memcpy", copy_bytes, &s, PER_ROUND } },
			      3, ROUNDS);
		compare_protobuf(&s);
		json_object_put(s.dom);
		free(s.body);
		free(s.copy);
		arena_done(&s.arena);
		buf_done(&s.out);
	}
	return 0;
}
