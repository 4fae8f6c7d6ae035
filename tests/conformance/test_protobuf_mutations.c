/* Every vector as protobuf, changed at random. What is read can be written, and reads back as the
 * same bytes; what libprotobuf-c can't read is refused; and what both read they read alike. The
 * seed is fixed, so a failure comes again. */
#include <protobuf-c/protobuf-c.h>
#include <stdio.h>

#include "runtime/arena.h"
#include "runtime/buf.h"
#include "runtime/json.h"
#include "runtime/protobuf.h"
#include "tests/conformance/suite/mutate.h"
#include "tests/conformance/vectors.h"

#define DATA       "tests/data/vectors/"
#define PER_VECTOR 200
#define BODY_MAX   (1 << 16)

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
		CHECK_INT(mutant_make(&m, OVD_CODEC_PROTOBUF, buf_view(&body)), 0);
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
