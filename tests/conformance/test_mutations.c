/* Every vector, changed at random: whatever is read can be written, and reads back as the same
 * text. The seed is fixed, so a failure comes again. */
#include <stdio.h>

#include "runtime/buf.h"
#include "tests/conformance/vectors.h"

#define DATA        "tests/data/vectors/"
#define PER_VECTOR  200
#define CHANGES_MAX 3
#define BODY_MAX    (1 << 16)

/* What a reader may trip over. */
#define TOKEN(s)                                                                                   \
	{                                                                                          \
		s, sizeof(s) - 1                                                                   \
	}
static const struct ovd_view tokens[] = {
	TOKEN("null"),
	TOKEN("true"),
	TOKEN("{}"),
	TOKEN("[]"),
	TOKEN("\"\""),
	TOKEN("0"),
	TOKEN("-1"),
	TOKEN("-0"),
	TOKEN("1.5"),
	TOKEN("1e400"),
	TOKEN("65536"),
	TOKEN("4294967296"),
	TOKEN("18446744073709551616"),
	TOKEN("\\u0000"),
	TOKEN("\\u0061"),
	TOKEN("\\ud83d"),
	TOKEN("\\ude00"),
	TOKEN("\\n"),
	TOKEN("\\"),
	TOKEN("\""),
	TOKEN("{"),
	TOKEN("}"),
	TOKEN("["),
	TOKEN("]"),
	TOKEN(","),
	TOKEN(":"),
	TOKEN(" \t\r\n"),
	TOKEN("\xc3\xa9"),
	TOKEN("\xff"),
	TOKEN("\x01"),
	TOKEN("\0"),
	TOKEN("\"x\":1,"),
	TOKEN("\"op\":\"status\","),
	TOKEN("\"id\":7,"),
	TOKEN("::"),
	TOKEN("::ffff:1.2.3.4"),
};

/* A body under change, and where the next random number comes from. */
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

/* Puts text in place of n bytes at `at`. */
static void replace(struct buf *b, size_t at, size_t n, struct ovd_view text)
{
	_cleanup_(buf_done) struct buf rest = { .p = NULL };

	CHECK_INT(buf_append(&rest, b->p + at + n, b->n - at - n), 0);
	b->n = at;
	CHECK_INT(buf_append(b, text.p, text.n), 0);
	CHECK_INT(buf_append(b, rest.p, rest.n), 0);
}

static struct ovd_view token(struct mutant *m)
{
	return tokens[below(m, ARRAY_SIZE(tokens))];
}

/* Takes a piece of the body and puts it elsewhere, in front of something or in its place. */
static void copy_piece(struct mutant *m)
{
	_cleanup_(buf_done) struct buf piece = { .p = NULL };
	size_t from = below(m, m->body.n), n = below(m, MIN(m->body.n - from, (size_t)40) + 1);
	size_t to = below(m, m->body.n + 1), over = below(m, MIN(m->body.n - to, n) + 1);

	CHECK_INT(buf_append(&piece, m->body.p + from, n), 0);
	replace(&m->body, to, below(m, 2) ? over : 0, buf_view(&piece));
}

/* The start of the value behind a colon that is chosen at random, and its end as far as it can be
 * told without reading it. */
static void change_value(struct mutant *m)
{
	size_t at = below(m, m->body.n), n = 0;

	while (at < m->body.n && m->body.p[at] != ':')
		at++;
	if (at >= m->body.n)
		return;
	at++;
	while (at + n < m->body.n && !strchr(",}]", m->body.p[at + n]))
		n++;
	replace(&m->body, at, n, token(m));
}

/* Members that an object may have already, or must not have: behind a bracket or a comma that is
 * chosen at random. */
static void add_member(struct mutant *m)
{
	static const struct ovd_view members[] = {
		TOKEN("\"x\":[{}],"),
		TOKEN("\"op\":\"status\","),
		TOKEN("\"\\u006fp\":\"status\","),
		TOKEN("\"id\":7,"),
		TOKEN("\"i\\u0064\":7,"),
		TOKEN("\"service\":\"s\","),
		TOKEN("\"platform\":\"guest_managed\","),
	};
	size_t at = below(m, m->body.n);

	while (at < m->body.n && m->body.p[at] != '{' && m->body.p[at] != ',')
		at++;
	if (at < m->body.n)
		replace(&m->body, at + 1, 0, members[below(m, ARRAY_SIZE(members))]);
}

/* A letter in another spelling. */
static void escape_letter(struct mutant *m)
{
	size_t at = below(m, m->body.n);
	char text[8];

	while (at < m->body.n && !(m->body.p[at] >= 'a' && m->body.p[at] <= 'z'))
		at++;
	if (at >= m->body.n)
		return;
	snprintf(text, sizeof(text), "\\u%04x", (unsigned)m->body.p[at]);
	replace(&m->body, at, 1, view(text));
}

static void change(struct mutant *m)
{
	struct buf *b = &m->body;
	size_t at = below(m, b->n + 1), n = below(m, MIN(b->n - at, (size_t)12) + 1);

	switch (below(m, 10)) {
	case 0:
		if (at < b->n)
			b->p[at] = (char)(b->p[at] ^ 1 << below(m, 8));
		break;
	case 1:
		replace(b, at, n, VIEW_LITERAL(""));
		break;
	case 2:
		replace(b, at, 0, token(m));
		break;
	case 3:
		replace(b, at, MIN(n, (size_t)1), token(m));
		break;
	case 4:
		copy_piece(m);
		break;
	case 5:
		if (below(m, 4) == 0)
			b->n = at;
		break;
	case 6:
		if (at < b->n && b->p[at] >= '0' && b->p[at] <= '9')
			b->p[at] = (char)('0' + below(m, 10));
		break;
	case 7:
		add_member(m);
		break;
	case 8:
		escape_letter(m);
		break;
	default:
		change_value(m);
		break;
	}
}

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
		m.body.n = 0;
		CHECK_INT(buf_append(&m.body, record->body.p, record->body.n), 0);
		for (size_t n = 1 + below(&m, CHANGES_MAX); n > 0; n--)
			change(&m);
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
