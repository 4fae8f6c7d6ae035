/* fill-examples FILE: copies a page of the reference to standard output; where it says
 * "@example MESSAGE VARIANT@" stands the frame instead, in every form that this build has, as the
 * encoders write it. The frame is the schema's own example, read by the decoder first: an example
 * that is wrong ends with its fault. FILE's ending tells the page's language: .html, else Markdown.
 */
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gen/examples/sample.h"
#include "runtime/codec.h"
#include "schema/overlayd.h"
#include "schema/overlayd_describe.h"

#define HEX_COLUMNS 24

struct page {
	struct json_object *schema;
	bool html;
};

/* ---- writing ---- */

static void put_escaped(const struct page *page, char c)
{
	if (page->html && (c == '<' || c == '&'))
		fputs(c == '<' ? "&lt;" : "&amp;", stdout);
	else
		putchar(c);
}

static void put_block(const struct page *page, const char *language, const struct buf *text)
{
	printf("%s%s%s", page->html ? "<pre>" : "```", page->html ? "" : language,
	       page->html ? "" : "\n");
	for (size_t i = 0; i < text->n; i++)
		put_escaped(page, text->p[i]);
	puts(page->html ? "</pre>" : "\n```\n");
}

static int to_hex(const struct buf *bytes, struct buf *out)
{
	int r = 0;

	for (size_t i = 0; i < bytes->n && r == 0; i++)
		r = buf_printf(out, "%s%02x",
			       i == 0            ? ""
			       : i % HEX_COLUMNS ? " "
						 : "\n",
			       (unsigned char)bytes->p[i]);
	return r;
}

static int put_forms(const struct page *page, const struct ovd_frame *frame)
{
	_cleanup_(buf_done) struct buf json = { .p = NULL }, bytes = json, hex = json;
	_cleanup_(arena_done) struct arena arena = { .chunk = NULL };
	int r = codec_encode(OVD_CODEC_JSON, &ovd_frame_table, frame, &arena, &json);

	if (r < 0)
		return r;
	put_block(page, "json", &json);
	if (!codec_is_built(OVD_CODEC_PROTOBUF))
		return 0;
	r = codec_encode(OVD_CODEC_PROTOBUF, &ovd_frame_table, frame, &arena, &bytes);
	if (r == 0)
		r = to_hex(&bytes, &hex);
	if (r == 0)
		put_block(page, "", &hex);
	return r;
}

/* ---- the frame ---- */

/* Around a document: the frame that carries it. An event's keys stand in the frame itself. */
static struct json_object *wrap(const char *message, struct json_object *document)
{
	bool request = strcmp(message, "Request") == 0;
	struct json_object *frame = json_object_new_object();

	json_object_object_add(frame, "frame",
			       json_object_new_string(request ? "request"
						      : strcmp(message, "Event") == 0
							      ? "event"
							      : "response"));
	if (strcmp(message, "Event") == 0) {
		json_object_object_foreach(document, key, value)
			json_object_object_add(frame, key, json_object_get(value));
		json_object_put(document);
		return frame;
	}
	json_object_object_add(frame, "id", json_object_new_int(7));
	json_object_object_add(frame, request ? "request" : "response", document);
	return frame;
}

static void put_title(const struct page *page, const char *title)
{
	printf(page->html ? "<p>%s</p>\n" : "%s\n\n", title);
}

static int put_example(const struct page *page, const char *message, const char *variant)
{
	struct json_object *document = sample_make(page->schema, message, variant), *whole;
	_cleanup_(buf_done) struct buf body = { .p = NULL };
	_cleanup_(arena_done) struct arena arena = { .chunk = NULL };
	struct ovd_frame frame;
	struct ovd_fault fault;
	char text[FAULT_LINE_MAX];
	int r;

	if (!document)
		return -ENOENT;
	whole = wrap(message, document);
	r = buf_text(&body, json_object_to_json_string_ext(whole, JSON_C_TO_STRING_PLAIN));
	if (r == 0)
		r = buf_reserve(&body, BUF_SLACK);
	json_object_put(whole);
	if (r < 0)
		return r;
	memset(body.p + body.n, 0, BUF_SLACK);
	r = codec_decode(OVD_CODEC_JSON, &ovd_frame_table, buf_view(&body), &arena, &frame, &fault);
	if (r < 0) {
		fprintf(stderr, "example of %s.%s: %s\n", message, variant,
			fault_text(&fault, text));
		return r;
	}
	return put_forms(page, &frame);
}

/* The first of the results that an operation may have; NULL: that is not one. */
static const char *answer_of(const struct page *page, const char *message, const char *variant)
{
	struct json_object *answers = sample_answers(page->schema, message, variant);

	return answers ? json_object_get_string(json_object_array_get_idx(answers, 0)) : NULL;
}

static int put_examples(const struct page *page, const char *message, const char *variant)
{
	const char *answer = answer_of(page, message, variant);
	int r;

	put_title(page, answer ? "For example, as JSON and as protobuf:" : "For example:");
	r = put_example(page, message, variant);
	if (r < 0 || !answer)
		return r;
	put_title(page, "and the answer:");
	return put_example(page, "Response", answer);
}

/* The outermost union has no examples of its own: what it carries has. */
static int put_line(const struct page *page, const char *line)
{
	char message[64], variant[64];

	if (sscanf(line, "@example %63s %63[^@]@", message, variant) != 2) {
		fputs(line, stdout);
		return 0;
	}
	return strcmp(message, "Frame") == 0 ? 0 : put_examples(page, message, variant);
}

int main(int argc, char **argv)
{
	struct page page = { .html = argc == 2 && strstr(argv[1], ".html") };
	FILE *file = argc == 2 ? fopen(argv[1], "re") : NULL;
	char *line = NULL;
	size_t room = 0;
	int r = 0;

	if (!file) {
		fputs("usage: fill-examples FILE\n", stderr);
		return 2;
	}
	page.schema = json_tokener_parse(ovd_describe_json.p);
	while (r == 0 && getline(&line, &room, file) >= 0)
		r = put_line(&page, line);
	free(line);
	fclose(file);
	json_object_put(page.schema);
	return r < 0 || fflush(stdout) != 0;
}
