#include "tests/sim/memory_store.h"

#include <stdlib.h>
#include <string.h>

#include "server/store/record.h"
#include "tests/check.h"

/* Where the key is, or would be. */
static size_t place_of(const struct store *s, const char *key)
{
	size_t low = 0, high = s->n;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (strcmp(s->records[middle].key, key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool is_at(const struct store *s, size_t i, const char *key)
{
	return i < s->n && strcmp(s->records[i].key, key) == 0;
}

static const char *key_of(const struct state_record *record, char text[RECORD_KEY_MAX])
{
	struct ovd_view key = record_key(record, text);

	text[key.n] = '\0';
	return text;
}

int store_put(struct store *s, const struct state_record *record)
{
	char text[RECORD_KEY_MAX];
	const char *key = key_of(record, text);
	size_t i = place_of(s, key);

	if (!is_at(s, i, key)) {
		CHECK(s->n < MEMORY_RECORDS_MAX);
		memmove(&s->records[i + 1], &s->records[i], (s->n - i) * sizeof(s->records[0]));
		s->records[i] = (struct memory_record){ .key = strdup(key) };
		s->n++;
	}
	s->records[i].value.n = 0;
	return record_encode(record, &s->records[i].value);
}

static void drop(struct store *s, size_t i)
{
	free(s->records[i].key);
	buf_done(&s->records[i].value);
	s->n--;
	memmove(&s->records[i], &s->records[i + 1], (s->n - i) * sizeof(s->records[0]));
}

int store_delete(struct store *s, const struct state_record *record)
{
	char text[RECORD_KEY_MAX];
	const char *key = key_of(record, text);
	size_t i = place_of(s, key);

	if (is_at(s, i, key))
		drop(s, i);
	return 0;
}

/* Copies of the records, whose views live until the plan has ended. */
struct entry {
	struct state_record record;
	bool put;
};

static int batch_add(struct store_batch *batch, const struct state_record *record, bool put)
{
	const struct entry entry = { .record = *record, .put = put };

	batch->n++;
	return buf_append(&batch->pieces[0], &entry, sizeof(entry));
}

int store_batch_put(struct store_batch *batch, const struct state_record *record)
{
	return batch_add(batch, record, true);
}

int store_batch_delete(struct store_batch *batch, const struct state_record *record)
{
	return batch_add(batch, record, false);
}

void store_batch_done(struct store_batch *batch)
{
	buf_done(&batch->pieces[0]);
}

int store_commit(struct store *s, const struct store_batch *batch)
{
	for (size_t i = 0; i < batch->n; i++) {
		struct entry entry;

		memcpy(&entry, batch->pieces[0].p + i * sizeof(entry), sizeof(entry));
		CHECK_INT(entry.put ? store_put(s, &entry.record) : store_delete(s, &entry.record),
			  0);
	}
	return 0;
}

int store_load(struct store *s, int (*each)(void *arg, const struct state_record *record),
	       void (*unread)(void *arg, struct ovd_view key, const char *why), void *arg)
{
	struct arena arena = { .chunk = NULL };
	struct buf body = { .n = 0 };
	int r = 0;

	for (size_t i = 0, was = s->n; i < s->n && r == 0; i += s->n == was, was = s->n) {
		struct state_record record; /* each may delete it */
		struct ovd_fault fault;

		r = record_decode(buf_view(&s->records[i].value), &body, &arena, &record, &fault);
		if (r == 0)
			r = each(arg, &record);
		else
			unread(arg, view(s->records[i].key), fault.text);
		arena_reset(&arena);
	}
	buf_done(&body);
	arena_done(&arena);
	return r;
}

void memory_store_done(struct store *s)
{
	while (s->n > 0)
		drop(s, s->n - 1);
}

const char *memory_store_text(const struct store *s)
{
	static struct buf text;

	text.n = 0;
	for (size_t i = 0; i < s->n; i++)
		buf_printf(&text, "%s: %.*s\n", s->records[i].key,
			   VIEW(buf_view(&s->records[i].value)));
	buf_append(&text, "", 1);
	return text.p;
}
