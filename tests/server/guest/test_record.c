#include "server/guest/record.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/check.h"

/* What was taken, in a form that can be compared: each in <>, + where truncated, . where a gap. */
struct taken {
	struct buf text;
	size_t n;
};

static void take(void *arg, const struct record *record)
{
	struct taken *t = arg;

	t->n++;
	buf_text(&t->text, "<");
	buf_append(&t->text, record->bytes.p, record->bytes.n);
	buf_printf(&t->text, ">%s%s", record->truncated ? "+" : "", record->gap ? "." : "");
}

/* In pieces of `step` bytes, or of random ones for 0. */
static void split(const char *p, size_t n, size_t step, struct taken *ret)
{
	const struct record_taker taker = { take, ret };
	struct splitter s = { 0 };

	for (size_t i = 0, piece; i < n; i += piece) {
		_cleanup_(freep) char *copy = NULL;

		piece = step ? step : 1 + (size_t)rand() % 20;
		piece = MIN(n - i, piece);
		copy = malloc(piece); /* of its size: what is read beyond it is seen */
		memcpy(copy, p + i, piece);
		CHECK_INT(splitter_feed(&s, copy, piece, &taker), 0);
	}
	splitter_end(&s, &taker);
	splitter_done(&s);
}

static const struct {
	const char *in, *want;
} rows[] = {
	{ "", "" },
	{ "a\n", "<a\n>" },
	{ "a\nb", "<a\n><b>" },
	{ "a\r\n\nb\n", "<a\r\n><\n><b\n>" },
	{ "{\"a\":1}\n{\"b\":2}\n", "<{\"a\":1}><\n>.<{\"b\":2}><\n>." },
	{ "{\"a\":1}{\"b\":2}", "<{\"a\":1}><{\"b\":2}>" },
	{ "{\"a\":1} \r\n", "<{\"a\":1}>< \r\n>." },
	{ "{\"a\":1}\n\nx\n", "<{\"a\":1}><\n>.<\n><x\n>" },
	{ "{\"a\":1} {\"b\":2}", "<{\"a\":1}>< {\"b\":2}>" },
	{ "{\"a\":1} tail\n", "<{\"a\":1}>< tail\n>" },
	{ "{\n \"a\": {\n },\n \"b\": \"}\n", "<{\n>< \"a\": {\n>< },\n>< \"b\": \"}\n>" },
	{ "{\n \"a\": {\n }\n}\nx", "<{\n \"a\": {\n }\n}><\n>.<x>" },
	{ "{oops\nnext\n", "<{oops\n><next\n>" },
	{ "{\n{\"a\":1}\n", "<{\n><{\"a\":1}><\n>." },
	{ "{\n  {\"a\":1}\n", "<{\n><  {\"a\":1}><\n>." },
	{ "{\"a\":{\n{\"b\":1}\n", "<{\"a\":{\n><{\"b\":1}><\n>." },
	{ "{\"a\":\"cut\nnext\n", "<{\"a\":\"cut\n><next\n>" },
	{ "{\"a\":\n1,\nb}\nx\n", "<{\"a\":\n><1,\n><b}\n><x\n>" },
	{ "{\"a\":1", "<{\"a\":1>" },
	{ "  \n", "<  \n>" },
	{ "\xff\xfe\n\x1b[2J\n", "<\xff\xfe\n><\x1b[2J\n>" },
	{ "[1]\n", "<[1]\n>" },
};

/* All pieces give the same records; together they are what came. */
TEST(records_do_not_depend_on_how_they_come)
{
	srand(7);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		for (size_t step = 0; step < 12; step++) {
			struct taken t = { 0 };

			CASE("%s in pieces of %zu", rows[i].in, step);
			split(rows[i].in, strlen(rows[i].in), step, &t);
			CHECK_VIEW(buf_view(&t.text), rows[i].want);
			buf_done(&t.text);
		}
	}
}

static void add(void *arg, const struct record *record)
{
	struct buf *all = arg;

	CHECK(!record->truncated);
	buf_append(all, record->bytes.p, record->bytes.n);
}

/* Anything at all, made of what matters to a splitter. */
TEST(nothing_is_lost_and_nothing_is_added)
{
	static const char letters[] = "{}[]\",:\\ \n\r1ax\xff";

	srand(11);
	for (int round = 0; round < 3000; round++) {
		struct buf all = { 0 };
		const struct record_taker taker = { add, &all };
		struct splitter s = { 0 };
		char in[200];

		for (size_t i = 0; i < sizeof(in); i++)
			in[i] = letters[(size_t)rand() % (sizeof(letters) - 1)];
		for (size_t i = 0, piece; i < sizeof(in); i += piece) {
			piece = 1 + (size_t)rand() % 50;
			piece = MIN(sizeof(in) - i, piece);
			CHECK_INT(splitter_feed(&s, in + i, piece, &taker), 0);
		}
		splitter_end(&s, &taker);
		splitter_done(&s);
		CHECK_INT(all.n, sizeof(in));
		CHECK_BYTES(all.p, in, sizeof(in));
		buf_done(&all);
	}
}

/* ---- long ones ---- */

struct sizes {
	size_t n[8], count, truncated;
	char first;
};

static void measure(void *arg, const struct record *record)
{
	struct sizes *s = arg;

	CHECK(s->count < ARRAY_SIZE(s->n));
	s->first = record->bytes.p[0];
	s->truncated += record->truncated;
	s->n[s->count++] = record->bytes.n;
}

static struct sizes sizes_of(const char *p, size_t n, size_t step)
{
	struct sizes sizes = { 0 };
	const struct record_taker taker = { measure, &sizes };
	struct splitter s = { 0 };

	for (size_t i = 0; i < n; i += step)
		CHECK_INT(splitter_feed(&s, p + i, MIN(step, n - i), &taker), 0);
	splitter_end(&s, &taker);
	CHECK(s.bytes.cap <= 2 * RECORD_MAX); /* what it holds has an end too */
	splitter_done(&s);
	return sizes;
}

TEST(a_long_line_is_truncated)
{
	static char text[4 * RECORD_MAX];
	const size_t steps[] = { 1, 1000, sizeof(text) };

	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		struct sizes s;

		memset(text, 'x', sizeof(text));
		text[RECORD_MAX] = '\n'; /* just fits */
		text[sizeof(text) - 2] = '\n';
		s = sizes_of(text, sizeof(text), steps[i]);
		CHECK_INT(s.count, 3);
		CHECK_INT(s.n[0], RECORD_MAX + 1);
		CHECK_INT(s.n[1], RECORD_MAX);
		CHECK_INT(s.n[2], 1);
		CHECK_INT(s.truncated, 1);
		text[RECORD_MAX] = 'x';
		text[RECORD_MAX + 1] = '\n'; /* one too long */
		s = sizes_of(text, sizeof(text), steps[i]);
		CHECK_INT(s.n[0], RECORD_MAX);
		CHECK_INT(s.truncated, 2);
	}
}

TEST(a_long_object_is_truncated_and_the_next_is_not)
{
	static char text[3 * RECORD_MAX];
	size_t n = (size_t)snprintf(text, sizeof(text), "{\"a\":\"%0*d\"}{\"b\":2}", 2 * RECORD_MAX,
				    0);
	struct sizes s = sizes_of(text, n, 777);

	CHECK_INT(s.count, 2);
	CHECK_INT(s.n[0], RECORD_MAX);
	CHECK_INT(s.n[1], 7);
	CHECK_INT(s.truncated, 1);
}

/* What only begins like an object and never ends does not swallow what follows. */
TEST(an_object_that_never_ends_swallows_one_record)
{
	static char text[3 * RECORD_MAX];
	size_t n = 6;
	struct sizes s;

	memcpy(text, "{\"a\":[", 6);
	while (n < 2 * RECORD_MAX) {
		memcpy(text + n, "1,\n", 3);
		n += 3;
	}
	n += (size_t)snprintf(text + n, sizeof(text) - n, "?\nnext\n");
	s = sizes_of(text, n, 500);
	CHECK_INT(s.count, 2);
	CHECK_INT(s.n[0], RECORD_MAX);
	CHECK_INT(s.n[1], 5);
	CHECK_INT(s.truncated, 1);
	CHECK(s.first == 'n');
}
