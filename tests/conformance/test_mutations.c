/* Every vector, changed at random: whatever is read can be written, and reads back as the same
 * text. The seed is fixed, so a failure comes again. */
#include <stdio.h>

#include "runtime/buf.h"
#include "tests/conformance/suite/mutate.h"
#include "tests/conformance/vectors.h"

#define DATA       "tests/data/vectors/"
#define PER_VECTOR 200
#define BODY_MAX   (1 << 16)

static size_t n_accepted, n_refused;

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

static void check_mutant(const struct record *record, struct ovd_view body)
{
	_cleanup_(buf_done) struct buf once = { .p = NULL }, twice = { .p = NULL };

	CASE("%s %s: %.*s", record->type, record->name, (int)MIN(body.n, (size_t)200), body.p);
	if (!recode(record, on_edge(body), &once)) {
		n_refused++;
		return;
	}
	n_accepted++;
	if (!recode(record, on_edge(buf_view(&once)), &twice))
		check_fail(__FILE__, __LINE__, "written as %.*s\n  refused: %.*s",
			   VIEW(buf_view(&once)), VIEW(buf_view(&twice)));
	if (!view_eq(buf_view(&once), buf_view(&twice)))
		check_fail(__FILE__, __LINE__, "written as   %.*s\n  then written %.*s",
			   VIEW(buf_view(&once)), VIEW(buf_view(&twice)));
}

static void mutate(const struct record *record)
{
	struct mutant m = { .seed = UINT64_C(0x9e3779b97f4a7c15) + n_accepted + n_refused };

	for (int i = 0; i < PER_VECTOR; i++) {
		CHECK_INT(mutant_make(&m, OVD_CODEC_JSON, record->body), 0);
		check_mutant(record, buf_view(&m.body));
	}
	buf_done(&m.body);
}

TEST(mutations)
{
	size_t n = each_record(DATA "contract-0.14.jsonl", mutate);

	CASE("%zu accepted, %zu refused", n_accepted, n_refused);
	CHECK_INT(n, 818);
	CHECK_INT(n_accepted + n_refused, n * PER_VECTOR);
	CHECK(n_accepted > n * PER_VECTOR / 10); /* or it says nothing about writing */
	CHECK(n_refused > n * PER_VECTOR / 10);
}
