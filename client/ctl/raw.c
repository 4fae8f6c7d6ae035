#include "client/ctl/raw.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "client/ctl/exit.h"
#include "client/ctl/print.h"
#include "runtime/frame.h"
#include "runtime/json_scan.h"

/* Up to a little more than a frame holds. */
static int read_input(struct buf *b)
{
	ssize_t n = 1;

	while (n != 0 && b->n <= FRAME_BODY_MAX) {
		if (buf_reserve(b, 65536) < 0)
			return -ENOMEM;
		n = read(STDIN_FILENO, b->p + b->n, b->cap - b->n);
		if (n < 0 && errno != EINTR)
			return -errno;
		b->n += n > 0 ? (size_t)n : 0;
	}
	return 0;
}

/* An object with an op of its own, not a frame's; it need not be whole. */
static bool is_request(const char *text)
{
	_cleanup_(arena_done) struct arena arena = { .chunk = NULL };
	struct ovd_fault fault;
	struct json_scan s = { .start = text, .p = text, .arena = &arena, .fault = &fault };
	struct ovd_view key;
	bool more;

	scan_blanks(&s);
	if (scan_open(&s, '{', "an object") < 0)
		return false;
	for (bool first = true; scan_key(&s, first, &key, &more) == 0 && more; first = false) {
		if (view_eq(key, VIEW_LITERAL("op")))
			return true;
		if (view_eq(key, VIEW_LITERAL("frame")) || scan_skip(&s) < 0)
			return false;
	}
	return false;
}

int raw_body(struct ovd_view text, struct buf *out)
{
	_cleanup_(buf_done) struct buf readable = { .p = NULL };
	bool request;
	int r = buf_append(&readable, text.p, text.n);

	if (r == 0)
		r = buf_append(&readable, "", 1);
	if (r < 0)
		return r;
	request = is_request(readable.p);
	if (request)
		r = buf_text(out, "{\"frame\":\"request\",\"id\":1,\"request\":");
	if (r == 0)
		r = buf_append(out, text.p, text.n);
	if (r == 0 && request)
		r = buf_text(out, "}");
	return r;
}

/* Prints it, whatever it is. */
static int take_answer(struct ovd_view answer)
{
	_cleanup_(arena_done) struct arena arena = { .chunk = NULL };
	struct ovd_fault fault;
	struct ovd_frame frame;
	char text[FAULT_LINE_MAX];

	print_json(stdout, answer);
	if (ovd_frame_decode(answer, &arena, &frame, &fault) < 0) {
		fprintf(stderr, "overlayctl: an answer that is none: %s\n",
			fault_text(&fault, text));
		return EXIT_PROTOCOL;
	}
	if (frame.kind != OVD_FRAME_RESPONSE)
		return EXIT_PROTOCOL;
	return frame.response.response.kind == OVD_RESPONSE_ERR ? EXIT_ERR : EXIT_OK;
}

int raw_run(struct ovd_client *client, const char *text, unsigned timeout_ms)
{
	_cleanup_(buf_done) struct buf input = { .p = NULL }, body = { .p = NULL };
	struct ovd_view answer;
	int r = text ? buf_text(&input, text) : read_input(&input);

	if (r == 0 && input.n == 0) {
		fprintf(stderr, "overlayctl raw: nothing to send\n");
		return EXIT_USAGE;
	}
	if (r == 0)
		r = raw_body(buf_view(&input), &body);
	if (r == 0)
		r = ovd_client_raw(client, buf_view(&body), timeout_ms, &answer);
	return r < 0 ? exit_failed(r, client) : take_answer(answer);
}
