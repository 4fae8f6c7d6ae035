/* codec-testee: bodies on standard input, each after its length, u32 little-endian; for each,
 * likewise, A and the canonical body, or R and the reason. Bodies are in JSON, or what --codec
 * says;
 * --to gives another form of the canonical ones. */
#include <endian.h>
#include <errno.h>
#include <getopt.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "runtime/codec.h"
#include "schema/overlayd.h"

static const struct {
	const char *name;
	const struct ovd_table *table;
} types[] = {
	{ "frame", &ovd_frame_table },
	{ "request", &ovd_request_table },
	{ "response", &ovd_response_table },
	{ "event", &ovd_event_table },
};

/* Large enough for a value of any of them. */
union document {
	struct ovd_frame frame;
	struct ovd_request request;
	struct ovd_response response;
	struct ovd_event event;
};

static const struct ovd_table *find_type(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (strcmp(types[i].name, name) == 0)
			return types[i].table;
	return NULL;
}

/* What the command line says. */
struct testee {
	const struct ovd_table *table;
	enum ovd_codec from, to;
};

/* 1, 0 at the end, -errno. */
static int read_exactly(void *p, size_t n)
{
	for (size_t got = 0; got < n;) {
		ssize_t r = read(STDIN_FILENO, (char *)p + got, n - got);

		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0)
			return (int)r;
		got += (size_t)r;
	}
	return 1;
}

static int write_exactly(const void *p, size_t n)
{
	for (size_t put = 0; put < n;) {
		ssize_t r = write(STDOUT_FILENO, (const char *)p + put, n - put);

		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0)
			return -EIO;
		put += (size_t)r;
	}
	return 0;
}

/* The next body, with the NUL and the slack that the decoder wants behind it. */
static int read_body(struct buf *body)
{
	uint32_t n;
	int r = read_exactly(&n, sizeof(n));

	if (r <= 0)
		return r;
	body->n = 0;
	if (buf_reserve(body, (size_t)le32toh(n) + BUF_SLACK) < 0)
		return -ENOMEM;
	r = n ? read_exactly(body->p, le32toh(n)) : 1;
	body->n = le32toh(n);
	memset(body->p + body->n, 0, BUF_SLACK);
	return r;
}

static int answer(const struct testee *t, const struct buf *body, struct arena *arena,
		  struct buf *out)
{
	static const char head[5] = { 0, 0, 0, 0, 'A' };
	union document document;
	struct ovd_fault fault;
	char reason[FAULT_LINE_MAX];
	uint32_t n;
	int r;

	out->n = 0;
	if (buf_append(out, head, sizeof(head)) < 0)
		return -ENOMEM;
	r = codec_decode(t->from, t->table, buf_view(body), arena, &document, &fault);
	if (r == 0)
		r = codec_encode(t->to, t->table, &document, arena, out);
	if (r == -EBADMSG) {
		out->p[4] = 'R';
		r = buf_text(out, fault_text(&fault, reason));
	}
	n = htole32((uint32_t)(out->n - 4));
	memcpy(out->p, &n, sizeof(n));
	arena_reset(arena);
	return r < 0 ? r : write_exactly(out->p, out->n);
}

static int take_codec(const char *name, enum ovd_codec *ret)
{
	return codec_parse(view(name), ret) == 0 && codec_is_built(*ret) ? 0 : -EINVAL;
}

static int parse(int argc, char **argv, struct testee *ret)
{
	const struct option options[] = { { "type", required_argument, NULL, 't' },
					  { "codec", required_argument, NULL, 'c' },
					  { "to", required_argument, NULL, 'o' },
					  { NULL, 0, NULL, 0 } };
	const char *to = NULL;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 't')
			ret->table = find_type(optarg);
		else if (option == 'o')
			to = optarg;
		else if (option != 'c' || take_codec(optarg, &ret->from) < 0)
			return -EINVAL;
	}
	ret->to = ret->from;
	if (!ret->table || optind != argc)
		return -EINVAL;
	return to ? take_codec(to, &ret->to) : 0;
}

int main(int argc, char **argv)
{
	_cleanup_(buf_done) struct buf body = { .p = NULL }, out = { .p = NULL };
	_cleanup_(arena_done) struct arena arena = { .chunk = NULL };
	struct testee testee = { .table = NULL };
	int r;

	if (parse(argc, argv, &testee) < 0) {
		fprintf(stderr,
			"usage: codec-testee --type frame|request|response|event [--codec "
			"json%s] [--to CODEC]\n",
			codec_is_built(OVD_CODEC_PROTOBUF) ? "|protobuf" : "");
		return 2;
	}
	while ((r = read_body(&body)) > 0)
		if (answer(&testee, &body, &arena, &out) < 0)
			return 1;
	return r < 0;
}
