#include "tests/conformance/suite/mutate.h"

#include <stdint.h>
#include <stdio.h>

#define CHANGES_MAX 3

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

/* xorshift64*, Vigna, "An experimental exploration of Marsaglia's xorshift generators, scrambled".
 */
size_t mutant_below(struct mutant *m, size_t n)
{
	m->seed ^= m->seed >> 12;
	m->seed ^= m->seed << 25;
	m->seed ^= m->seed >> 27;
	return n ? (size_t)((m->seed * UINT64_C(0x2545f4914f6cdd1d)) >> 16) % n : 0;
}

void mutant_replace(struct mutant *m, size_t at, size_t n, struct ovd_view bytes)
{
	_cleanup_(buf_done) struct buf rest = { .p = NULL };
	struct buf *b = &m->body;

	if (buf_append(&rest, b->p + at + n, b->n - at - n) < 0 || buf_reserve(b, bytes.n) < 0) {
		m->r = -ENOMEM;
		return;
	}
	b->n = at;
	buf_append(b, bytes.p, bytes.n);
	buf_append(b, rest.p, rest.n);
}

static struct ovd_view token(struct mutant *m)
{
	return tokens[mutant_below(m, ARRAY_SIZE(tokens))];
}

void mutant_copy_piece(struct mutant *m)
{
	_cleanup_(buf_done) struct buf piece = { .p = NULL };
	size_t from = mutant_below(m, m->body.n),
	       n = mutant_below(m, MIN(m->body.n - from, (size_t)40) + 1);
	size_t to = mutant_below(m, m->body.n + 1),
	       over = mutant_below(m, MIN(m->body.n - to, n) + 1);

	if (buf_append(&piece, m->body.p + from, n) < 0)
		m->r = -ENOMEM;
	mutant_replace(m, to, mutant_below(m, 2) ? over : 0, buf_view(&piece));
}

/* The start of the value behind a colon that is chosen at random, and its end as far as it can be
 * told without reading it. */
static void change_value(struct mutant *m)
{
	size_t at = mutant_below(m, m->body.n), n = 0;

	while (at < m->body.n && m->body.p[at] != ':')
		at++;
	if (at >= m->body.n)
		return;
	at++;
	while (at + n < m->body.n && !strchr(",}]", m->body.p[at + n]))
		n++;
	mutant_replace(m, at, n, token(m));
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
	size_t at = mutant_below(m, m->body.n);

	while (at < m->body.n && m->body.p[at] != '{' && m->body.p[at] != ',')
		at++;
	if (at < m->body.n)
		mutant_replace(m, at + 1, 0, members[mutant_below(m, ARRAY_SIZE(members))]);
}

/* A letter in another spelling. */
static void escape_letter(struct mutant *m)
{
	size_t at = mutant_below(m, m->body.n);
	char text[8];

	while (at < m->body.n && !(m->body.p[at] >= 'a' && m->body.p[at] <= 'z'))
		at++;
	if (at >= m->body.n)
		return;
	snprintf(text, sizeof(text), "\\u%04x", (unsigned)m->body.p[at]);
	mutant_replace(m, at, 1, view(text));
}

static void change_json(struct mutant *m)
{
	struct buf *b = &m->body;
	size_t at = mutant_below(m, b->n + 1), n = mutant_below(m, MIN(b->n - at, (size_t)12) + 1);

	switch (mutant_below(m, 10)) {
	case 0:
		if (at < b->n)
			b->p[at] = (char)(b->p[at] ^ 1 << mutant_below(m, 8));
		break;
	case 1:
		mutant_replace(m, at, n, VIEW_LITERAL(""));
		break;
	case 2:
		mutant_replace(m, at, 0, token(m));
		break;
	case 3:
		mutant_replace(m, at, MIN(n, (size_t)1), token(m));
		break;
	case 4:
		mutant_copy_piece(m);
		break;
	case 5:
		if (mutant_below(m, 4) == 0)
			b->n = at;
		break;
	case 6:
		if (at < b->n && b->p[at] >= '0' && b->p[at] <= '9')
			b->p[at] = (char)('0' + mutant_below(m, 10));
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

int mutant_make(struct mutant *m, enum ovd_codec codec, struct ovd_view body)
{
	static const char slack[BUF_SLACK];

	m->r = 0;
	m->body.n = 0;
	if (buf_append(&m->body, body.p, body.n) < 0)
		return -ENOMEM;
	for (size_t n = 1 + mutant_below(m, CHANGES_MAX); n > 0; n--)
		if (codec == OVD_CODEC_JSON)
			change_json(m);
		else
			mutant_change_protobuf(m);
	if (buf_append(&m->body, slack, sizeof(slack)) < 0)
		return -ENOMEM;
	m->body.n -= sizeof(slack);
	return m->r;
}
