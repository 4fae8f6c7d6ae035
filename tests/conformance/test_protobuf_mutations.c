/* Every vector as protobuf, changed at random. What is read can be written, and reads back as the
 * same bytes; what libprotobuf-c can't read is refused; and what both read they read alike. The
 * seed is fixed, so a failure comes again. */
#include <protobuf-c/protobuf-c.h>
#include <stdio.h>

#include "runtime/arena.h"
#include "runtime/buf.h"
#include "runtime/json.h"
#include "runtime/protobuf.h"
#include "tests/conformance/vectors.h"

#define DATA        "tests/data/vectors/"
#define PER_VECTOR  200
#define CHANGES_MAX 3
#define BODY_MAX    (1 << 16)

/* What a reader may trip over: numbers that are long or too long, lengths, tags, UTF-8. */
#define TOKEN(s)                                                                                   \
	{                                                                                          \
		s, sizeof(s) - 1                                                                   \
	}
static const struct ovd_view tokens[] = {
	TOKEN("\0"),
	TOKEN("\x01"),
	TOKEN("\x7f"),
	TOKEN("\x80"),
	TOKEN("\x80\0"),
	TOKEN("\xff\xff\x03"),
	TOKEN("\x80\x80\x04"),
	TOKEN("\xff\xff\xff\xff\x0f"),
	TOKEN("\x80\x80\x80\x80\x10"),
	TOKEN("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
	TOKEN("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f"),
	TOKEN("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01"),
	TOKEN("\x08\x01"),
	TOKEN("\x10\x01"),
	TOKEN("\x0a\0"),
	TOKEN("\x12\0"),
	TOKEN("\x0a\x01x"),
	TOKEN("\x0b\x0c"),
	TOKEN("\x0d\x01\x02\x03\x04"),
	TOKEN("\x09\x01\x02\x03\x04\x05\x06\x07\x08"),
	TOKEN("\xfa\x3f\0"),
	TOKEN("\xf8\x3f\x01"),
	TOKEN("\xc3\xa9"),
	TOKEN("\xed\xa0\x80"),
	TOKEN("\xf4\x90\x80\x80"),
};

struct mutant {
	struct buf body;
	uint64_t seed;
};

/* xorshift64*, Vigna, "An experimental exploration of Marsaglia's xorshift generators, scrambled";
 * a number below n. */
static size_t below(struct mutant *m, size_t n)
{
	m->seed ^= m->seed >> 12;
	m->seed ^= m->seed << 25;
	m->seed ^= m->seed >> 27;
	return n ? (size_t)((m->seed * UINT64_C(0x2545f4914f6cdd1d)) >> 16) % n : 0;
}

/* Puts bytes in place of n at `at`. */
static void replace(struct buf *b, size_t at, size_t n, struct ovd_view bytes)
{
	_cleanup_(buf_done) struct buf rest = { .p = NULL };

	CHECK_INT(buf_append(&rest, b->p + at + n, b->n - at - n), 0);
	b->n = at;
	CHECK_INT(buf_append(b, bytes.p, bytes.n), 0);
	CHECK_INT(buf_append(b, rest.p, rest.n), 0);
}

static void copy_piece(struct mutant *m)
{
	_cleanup_(buf_done) struct buf piece = { .p = NULL };
	size_t from = below(m, m->body.n), n = below(m, MIN(m->body.n - from, (size_t)40) + 1);
	size_t to = below(m, m->body.n + 1), over = below(m, MIN(m->body.n - to, n) + 1);

	CHECK_INT(buf_append(&piece, m->body.p + from, n), 0);
	replace(&m->body, to, below(m, 2) ? over : 0, buf_view(&piece));
}

/* A field at the end of the outermost message, or of the one in it that ends there: their lengths
 * grow along where they are one byte. */
static void add_field(struct mutant *m)
{
	struct ovd_view token = tokens[12 + below(m, 10)];
	size_t depth = below(m, 3), at = 0;

	for (size_t i = 0; i < depth; i++) {
		size_t tag = at < m->body.n && (unsigned char)m->body.p[at] >= 0x80 ? 2 : 1;
		size_t n = at + tag < m->body.n ? (unsigned char)m->body.p[at + tag] : 0x80;

		if (n + token.n >= 0x80 || at + tag + 1 + n != m->body.n)
			break;
		m->body.p[at + tag] = (char)(n + token.n);
		at += tag + 1;
	}
	CHECK_INT(buf_append(&m->body, token.p, token.n), 0);
}

static void change(struct mutant *m)
{
	struct buf *b = &m->body;
	size_t at = below(m, b->n + 1), n = below(m, MIN(b->n - at, (size_t)12) + 1);
	struct ovd_view token = tokens[below(m, ARRAY_SIZE(tokens))];

	switch (below(m, 8)) {
	case 0:
		if (at < b->n)
			b->p[at] = (char)(b->p[at] ^ 1 << below(m, 8));
		break;
	case 1:
		replace(b, at, n, VIEW_LITERAL(""));
		break;
	case 2:
		replace(b, at, 0, token);
		break;
	case 3: /* the lengths around it stay right */
		replace(b, at, MIN(b->n - at, token.n), token);
		break;
	case 4:
		copy_piece(m);
		break;
	case 5:
		if (below(m, 4) == 0)
			b->n = at;
		break;
	default:
		add_field(m);
		break;
	}
}

static size_t n_accepted, n_refused, n_stricter;

/* Where a body lies while it is read: behind its slack the process dies. */
static char *edge;

static struct ovd_view on_edge(struct ovd_view body)
{
	static const char zeros[BODY_MAX];

	CHECK(body.n <= BODY_MAX);
	if (!edge)
		edge = (char *)check_edge(zeros, BODY_MAX, BUF_SLACK).p + BODY_MAX;
	memcpy(edge - body.n, body.p, body.n);
	return (struct ovd_view){ .p = edge - body.n, .n = body.n };
}

/* Reads and writes; false and the reason if it is refused. */
static bool recode_protobuf(const struct ovd_table *table, struct ovd_view body, struct buf *out)
{
	_cleanup_(arena_done) struct arena arena = { .chunk = NULL };
	struct ovd_fault fault = { .offset = 0 };
	union document document;
	char reason[FAULT_LINE_MAX];
	int r;

	memset(&document, 0xa5, sizeof(document));
	out->n = 0;
	r = protobuf_decode(table, on_edge(body), &arena, &document, &fault);
	if (r == 0) {
		CHECK_INT(protobuf_encode(table, &document, &arena, out), 0);
		return true;
	}
	CHECK_INT(r, -EBADMSG);
	CHECK(fault.offset <= body.n && fault.text[0]);
	CHECK_INT(buf_text(out, fault_text(&fault, reason)), 0);
	if (strstr(reason, "libprotobuf-c"))
		check_fail(__FILE__, __LINE__, "what was checked could not be read: %s", reason);
	return false;
}

/* What libprotobuf-c reads, without the fields that it doesn't know, as it writes it itself; false
 * if it can't read it. */
static bool recode_protobuf_c(const struct ovd_table *table, struct ovd_view body, struct buf *out)
{
	ProtobufCMessage *m =
		protobuf_c_message_unpack(table->protobuf, NULL, body.n, (const uint8_t *)body.p);

	if (!m)
		return false;
	out->n = 0;
	CHECK_INT(buf_reserve(out, protobuf_c_message_get_packed_size(m)), 0);
	out->n = protobuf_c_message_pack(m, (uint8_t *)out->p);
	protobuf_c_message_free_unpacked(m, NULL);
	return true;
}

static void check_mutant(const struct record *record, struct ovd_view body)
{
	_cleanup_(buf_done) struct buf once = { .p = NULL }, twice = { .p = NULL },
				       other = { .p = NULL };
	const struct ovd_table *table = record_table(record);
	bool known = recode_protobuf_c(table, body, &other);

	if (!recode_protobuf(table, body, &once)) {
		n_refused++;
		n_stricter += known;
		return;
	}
	n_accepted++;
	if (!known)
		check_fail(__FILE__, __LINE__, "libprotobuf-c refuses what ours takes");
	if (!recode_protobuf(table, buf_view(&once), &twice) ||
	    !view_eq(buf_view(&once), buf_view(&twice)))
		check_fail(__FILE__, __LINE__, "what is written is not read: %.*s",
			   VIEW(buf_view(&twice)));
	/* what libprotobuf-c has read, with unknown fields and without defaults, is the same to
	 * ours */
	if (!recode_protobuf(table, buf_view(&other), &twice) ||
	    !view_eq(buf_view(&once), buf_view(&twice)))
		check_fail(__FILE__, __LINE__, "libprotobuf-c reads something else");
}

static void mutate(const struct record *record)
{
	_cleanup_(buf_done) struct buf body = { .p = NULL };
	_cleanup_(arena_done) struct arena arena = { .chunk = NULL };
	struct mutant m = { .seed = UINT64_C(0x9e3779b97f4a7c15) + n_accepted + n_refused };
	const struct ovd_table *table = record_table(record);
	union document document;
	struct ovd_fault fault;

	CHECK_INT(json_decode(table, record->body, &arena, &document, &fault), 0);
	CHECK_INT(protobuf_encode(table, &document, &arena, &body), 0);
	for (int i = 0; i < PER_VECTOR; i++) {
		CASE("%s %s, mutant %d", record->type, record->name, i);
		m.body.n = 0;
		CHECK_INT(buf_append(&m.body, body.p, body.n), 0);
		for (size_t n = 1 + below(&m, CHANGES_MAX); n > 0; n--)
			change(&m);
		check_mutant(record, buf_view(&m.body));
	}
	buf_done(&m.body);
}

TEST(mutations)
{
	size_t n = each_record(DATA "contract-0.14.jsonl", mutate);

	CASE("%zu accepted, %zu refused, of them %zu by ours alone", n_accepted, n_refused,
	     n_stricter);
	CHECK_INT(n, 818);
	CHECK_INT(n_accepted + n_refused, n * PER_VECTOR);
	CHECK(n_accepted > n * PER_VECTOR / 10); /* or it says nothing about writing */
	CHECK(n_refused > n * PER_VECTOR / 10);
	CHECK(n_stricter < n_refused / 2);
}
