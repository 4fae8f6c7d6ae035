#include "server/hcs/event_stream.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>

#include "runtime/deadline.h"
#include "runtime/util.h"
#include "server/hcs/event_record.h"

#define BUCKETS 64

struct event_stream {
	/* The table's, under its lock. */
	uintptr_t id;
	struct event_stream *next;
	unsigned refs;
	unsigned arriving;   /* threads within event_stream_arrived */
	pthread_cond_t idle; /* arriving is 0 */

	char *system;
	void *user;

	pthread_mutex_t lock; /* around all below */
	pthread_cond_t readable;
	void (*ready)(void *user); /* NULL once the stream has ended */
	/* One more than the room is for a guest connection's end. */
	struct event_record ring[EVENT_STREAM_ROOM + 1];
	unsigned first, n;
	uint64_t dropped; /* after the last in the ring */
	bool crashed;     /* a crash was noticed, dropped or not */
	bool guest_waits; /* a guest connection's end is in the ring */
	bool has_last, last_read;
	struct event_record last;
};

/* By id. All that the service hands back with an event is the number, so there has to be one table
 * for the process. */
static struct {
	pthread_mutex_t lock;
	uintptr_t last_id;
	struct event_stream *buckets[BUCKETS];
} table = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* How deep this thread is in event_stream_arrived. */
static _Thread_local unsigned arrived_depth;

/* ---- the table ---- */

static void table_add(struct event_stream *s)
{
	struct event_stream **bucket;

	pthread_mutex_lock(&table.lock);
	s->id = ++table.last_id;
	bucket = &table.buckets[s->id % BUCKETS];
	s->next = *bucket;
	*bucket = s;
	pthread_mutex_unlock(&table.lock);
}

/* The stream of that id, with a reference and counted as arriving; NULL. */
static struct event_stream *table_enter(uintptr_t id)
{
	struct event_stream *s;

	pthread_mutex_lock(&table.lock);
	for (s = table.buckets[id % BUCKETS]; s && s->id != id;)
		s = s->next;
	if (s) {
		s->refs++;
		s->arriving++;
	}
	pthread_mutex_unlock(&table.lock);
	return s;
}

static void table_leave(struct event_stream *s)
{
	pthread_mutex_lock(&table.lock);
	if (--s->arriving == 0)
		pthread_cond_broadcast(&s->idle);
	pthread_mutex_unlock(&table.lock);
	event_stream_unref(s);
}

/* From now on its id finds nothing. */
static void table_remove(struct event_stream *s)
{
	struct event_stream **at;

	pthread_mutex_lock(&table.lock);
	for (at = &table.buckets[s->id % BUCKETS]; *at && *at != s;)
		at = &(*at)->next;
	if (*at)
		*at = s->next;
	/* A thread that waits for the service's threads while it is one of them may wait for
	 * itself. */
	while (arrived_depth == 0 && s->arriving > 0)
		pthread_cond_wait(&s->idle, &table.lock);
	pthread_mutex_unlock(&table.lock);
}

/* ---- life ---- */

static void init_locks(struct event_stream *s)
{
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->idle, NULL);
	pthread_cond_init(&s->readable, NULL);
}

int event_stream_new(const char *system, void (*ready)(void *user), void *user,
		     struct event_stream **ret)
{
	struct event_stream *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	s->system = strdup(system);
	if (!s->system) {
		free(s);
		return -ENOMEM;
	}
	s->ready = ready;
	s->user = user;
	s->refs = 1;
	init_locks(s);
	table_add(s);
	*ret = s;
	return 0;
}

struct event_stream *event_stream_ref(struct event_stream *s)
{
	pthread_mutex_lock(&table.lock);
	s->refs++;
	pthread_mutex_unlock(&table.lock);
	return s;
}

static void stream_free(struct event_stream *s)
{
	for (unsigned i = 0; i < ARRAY_SIZE(s->ring); i++)
		event_record_done(&s->ring[i]);
	event_record_done(&s->last);
	pthread_cond_destroy(&s->readable);
	pthread_cond_destroy(&s->idle);
	pthread_mutex_destroy(&s->lock);
	free(s->system);
	free(s);
}

void event_stream_unref(struct event_stream *s)
{
	unsigned left;

	if (!s)
		return;
	pthread_mutex_lock(&table.lock);
	left = --s->refs;
	pthread_mutex_unlock(&table.lock);
	if (left == 0)
		stream_free(s);
}

uintptr_t event_stream_id(const struct event_stream *s)
{
	return s->id;
}

/* ---- in ---- */

static struct event_record *ring_at(struct event_stream *s, unsigned i)
{
	return &s->ring[(s->first + i) % ARRAY_SIZE(s->ring)];
}

/* Takes over the record, unless it is to be dropped; under the lock. */
static void ring_put(struct event_stream *s, struct event_record *record)
{
	bool guest = record->kind == HCS_EVENT_KIND_GUEST_CONNECTION_CLOSED && !s->guest_waits;

	if (s->n >= EVENT_STREAM_ROOM + (guest ? 1u : 0u)) {
		s->dropped++;
		return;
	}
	record->lagged = s->dropped;
	s->dropped = 0;
	s->guest_waits |= guest;
	*ring_at(s, s->n++) = *record;
	*record = (struct event_record){ .data = NULL };
}

static void put(struct event_stream *s, struct event_record *record)
{
	if (record->kind == HCS_EVENT_KIND_CRASH_INITIATED ||
	    record->kind == HCS_EVENT_KIND_CRASH_REPORT)
		s->crashed = true;
	if (!event_record_is_last(record)) {
		ring_put(s, record);
		return;
	}
	s->has_last = true;
	s->last = *record;
	*record = (struct event_record){ .data = NULL };
}

/* Takes over the record if the stream goes on, and tells the reader. */
static void accept_record(struct event_stream *s, struct event_record *record)
{
	void (*ready)(void *user) = NULL;

	pthread_mutex_lock(&s->lock);
	if (!s->has_last) {
		put(s, record);
		ready = s->ready;
		pthread_cond_broadcast(&s->readable);
	}
	pthread_mutex_unlock(&s->lock);
	if (ready)
		ready(s->user);
}

void event_stream_arrived(uintptr_t id, uint32_t type, struct ovd_view data)
{
	struct event_stream *s = table_enter(id);
	struct event_record record;

	if (!s)
		return;
	arrived_depth++;
	record = event_record_make(type, data);
	accept_record(s, &record);
	event_record_done(&record);
	arrived_depth--;
	table_leave(s);
}

bool event_stream_in_arrived(void)
{
	return arrived_depth > 0;
}

void event_stream_end(struct event_stream *s)
{
	struct event_record closed = event_record_plain(HCS_EVENT_KIND_CLOSED);

	pthread_mutex_lock(&s->lock);
	/* Who ends it from within ready knows. */
	if (event_stream_in_arrived())
		s->ready = NULL;
	pthread_mutex_unlock(&s->lock);
	accept_record(s, &closed);
	pthread_mutex_lock(&s->lock);
	s->ready = NULL;
	pthread_mutex_unlock(&s->lock);
	table_remove(s);
}

/* ---- out ---- */

/* Under the lock. */
static int wait_readable(struct event_stream *s, uint32_t timeout_ms)
{
	const uint64_t deadline = deadline_in(
		timeout_ms == EVENT_WAIT_FOREVER ? -1 : (int)MIN(timeout_ms, (uint32_t)INT_MAX));

	while (s->n == 0 && s->dropped == 0 && !s->has_last) {
		if (deadline_over(deadline))
			return -ETIMEDOUT;
		deadline_wait(&s->readable, &s->lock, deadline);
	}
	return 0;
}

static int show(struct event_stream *s, const struct event_record *record, struct arena *arena,
		struct hcs_event *ret)
{
	return event_record_show(record, view(s->system), s->crashed, arena, ret);
}

/* How many are missing where the reader is. */
static int take_lagged(struct event_stream *s, uint64_t *missing, struct arena *arena,
		       struct hcs_event *ret)
{
	struct event_record lagged = event_record_plain(HCS_EVENT_KIND_LAGGED);
	int r;

	lagged.lagged = *missing;
	r = show(s, &lagged, arena, ret);
	if (r == 0)
		*missing = 0;
	return r;
}

static int take_first(struct event_stream *s, struct arena *arena, struct hcs_event *ret)
{
	struct event_record *record = ring_at(s, 0);
	int r = show(s, record, arena, ret);

	if (r < 0)
		return r;
	if (record->kind == HCS_EVENT_KIND_GUEST_CONNECTION_CLOSED)
		s->guest_waits = false;
	event_record_done(record);
	s->first = (s->first + 1) % ARRAY_SIZE(s->ring);
	s->n--;
	return 0;
}

static int take(struct event_stream *s, struct arena *arena, struct hcs_event *ret)
{
	int r;

	if (s->n > 0 && ring_at(s, 0)->lagged > 0)
		return take_lagged(s, &ring_at(s, 0)->lagged, arena, ret);
	if (s->n > 0)
		return take_first(s, arena, ret);
	if (s->dropped > 0)
		return take_lagged(s, &s->dropped, arena, ret);
	if (s->last_read)
		return -ENODATA;
	r = show(s, &s->last, arena, ret);
	s->last_read = r == 0;
	return r;
}

int event_stream_next(struct event_stream *s, uint32_t timeout_ms, struct arena *arena,
		      struct hcs_event *ret)
{
	int r;

	pthread_mutex_lock(&s->lock);
	r = wait_readable(s, timeout_ms);
	if (r == 0)
		r = take(s, arena, ret);
	pthread_mutex_unlock(&s->lock);
	return r;
}
