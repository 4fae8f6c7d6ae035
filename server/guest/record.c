#include "server/guest/record.h"

#include <string.h>

enum { BEGIN, LINE, OBJECT };

/* Goes on with a record: how many of the bytes are its own, and whether the last one ends it. */
struct cut {
	size_t n;
	bool end;
};

static struct cut cut_begin(struct splitter *s, const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (p[i] == '\n')
			return (struct cut){ i + 1, true };
		if (p[i] == ' ' || p[i] == '\t' || p[i] == '\r')
			continue;
		s->blank = false;
		s->state = p[i] == '{' ? OBJECT : LINE;
		balance_begin(&s->balance);
		return (struct cut){ i + 1, false };
	}
	return (struct cut){ n, false };
}

static struct cut cut_line(const char *p, size_t n)
{
	const char *end = memchr(p, '\n', n);

	return end ? (struct cut){ (size_t)(end - p) + 1, true } : (struct cut){ n, false };
}

/* A byte that no object has is not taken: it is looked at again, as one of a line. */
static struct cut cut_object(struct splitter *s, const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		enum balance_verdict verdict = balance_feed(&s->balance, p[i]);

		if (verdict == BALANCE_DONE) {
			s->after_object = true;
			return (struct cut){ i + 1, true };
		}
		if (verdict == BALANCE_BAD) {
			s->state = LINE;
			return (struct cut){ i, false };
		}
	}
	return (struct cut){ n, false };
}

/* As much as there is room for; the newline at the end has room of its own. */
static int keep(struct splitter *s, const char *p, size_t n, bool end)
{
	size_t room = s->bytes.n < RECORD_MAX ? RECORD_MAX - s->bytes.n : 0;

	if (!s->truncated && n <= room + (end && p[n - 1] == '\n'))
		return buf_append(&s->bytes, p, n);
	s->truncated = true;
	return buf_append(&s->bytes, p, MIN(n, room));
}

static void give(struct splitter *s, struct ovd_view bytes, const struct record_taker *taker,
		 bool gap)
{
	const struct record record = { .bytes = bytes, .truncated = s->truncated, .gap = gap };

	taker->take(taker->arg, &record);
}

static void finish(struct splitter *s, const struct record_taker *taker, bool gap)
{
	give(s, buf_view(&s->bytes), taker, gap);
	s->bytes.n = 0;
	s->state = BEGIN;
	s->truncated = false;
	s->blank = true;
}

static bool is_blank(struct ovd_view text)
{
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] != ' ' && text.p[i] != '\t' && text.p[i] != '\r')
			return false;
	return true;
}

/* What seemed to be an object of several lines is none: they are records, all but the last. */
static void give_lines(struct splitter *s, const struct record_taker *taker)
{
	struct cut line;
	size_t done = 0;

	s->after_object = false;
	while (!s->truncated && (line = cut_line(s->bytes.p + done, s->bytes.n - done)).end) {
		give(s, (struct ovd_view){ s->bytes.p + done, line.n }, taker, false);
		done += line.n;
	}
	if (done == 0)
		return;
	buf_drop(&s->bytes, done);
	s->blank = is_blank(buf_view(&s->bytes));
	s->state = s->blank ? BEGIN : LINE;
}

int splitter_feed(struct splitter *s, const char *p, size_t n, const struct record_taker *taker)
{
	int failed = 0;

	while (n > 0) {
		int before = s->state, r;
		struct cut cut;

		if (s->bytes.n == 0 && !s->truncated && before == BEGIN)
			s->blank = true;
		cut = before == BEGIN  ? cut_begin(s, p, n)
		      : before == LINE ? cut_line(p, n)
				       : cut_object(s, p, n);
		r = cut.n > 0 ? keep(s, p, cut.n, cut.end) : 0;
		failed = r < 0 ? r : failed;
		if (cut.end) {
			bool gap = s->blank && s->after_object;

			if (before != OBJECT)
				s->after_object = false;
			finish(s, taker, gap);
		} else if (before == OBJECT && s->state == LINE) {
			give_lines(s, taker);
		}
		p += cut.n;
		n -= cut.n;
	}
	return failed;
}

void splitter_end(struct splitter *s, const struct record_taker *taker)
{
	if (s->bytes.n > 0 || s->truncated)
		finish(s, taker, s->blank && s->after_object);
	s->after_object = false;
}

void splitter_done(struct splitter *s)
{
	buf_done(&s->bytes);
}
