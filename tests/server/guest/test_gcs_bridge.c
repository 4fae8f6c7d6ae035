#include "server/guest/gcs_bridge.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/check.h"
#include "tests/server/guest/guest.h"
#include "tests/server/guest/streams.h"

#define OK      "{\"Result\":0}"
#define ANSWER  (GCS_RESPONSE | GCS_GET_PROPERTIES)
#define REQUEST (GCS_REQUEST | GCS_GET_PROPERTIES)

/* A bridge and the guest's end of its stream; what its callbacks were told. */
struct bench {
	struct gcs_bridge *bridge;
	struct transport *guest;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	unsigned n_notified, n_ended;
	char notified[64], ended[GCS_REASON_MAX];
	int from_reader;
};

static void on_notified(void *arg, uint32_t type, struct ovd_view document)
{
	struct bench *b = arg;
	struct gcs_answer answer;

	pthread_mutex_lock(&b->lock);
	b->n_notified++;
	snprintf(b->notified, sizeof(b->notified), "%08x %.*s", type, VIEW(document));
	pthread_cond_broadcast(&b->changed);
	pthread_mutex_unlock(&b->lock);
	if (b->bridge)
		b->from_reader = gcs_call(b->bridge, GCS_GET_PROPERTIES, "{}", -1, &answer);
}

static void on_ended(void *arg, const char *reason)
{
	struct bench *b = arg;

	pthread_mutex_lock(&b->lock);
	b->n_ended++;
	snprintf(b->ended, sizeof(b->ended), "%s", reason);
	pthread_cond_broadcast(&b->changed);
	pthread_mutex_unlock(&b->lock);
}

static void bench_open(struct bench *b)
{
	const struct gcs_bridge_options options = { on_notified, on_ended, b };
	struct transport *host;

	*b = (struct bench){ .lock = PTHREAD_MUTEX_INITIALIZER,
			     .changed = PTHREAD_COND_INITIALIZER };
	streams_pair(&host, &b->guest);
	CHECK_INT(gcs_bridge_start(&options, host, &b->bridge), 0);
}

static void bench_close(struct bench *b)
{
	gcs_bridge_close(b->bridge);
	CHECK_INT(b->n_ended, 1);
	transport_close(b->guest);
}

/* Until it has ended: why. */
static const char *wait_for_end(struct bench *b)
{
	pthread_mutex_lock(&b->lock);
	while (b->n_ended == 0)
		pthread_cond_wait(&b->changed, &b->lock);
	pthread_mutex_unlock(&b->lock);
	return b->ended;
}

/* Somebody who asks in a thread of his own. */
struct caller {
	pthread_t thread;
	struct bench *bench;
	int timeout_ms, r;
	const char *document;
	char answer[64];
};

static void *call(void *arg)
{
	struct caller *c = arg;
	struct gcs_answer answer = { 0 };

	c->r = gcs_call(c->bench->bridge, GCS_GET_PROPERTIES, c->document, c->timeout_ms, &answer);
	if (c->r == 0)
		snprintf(c->answer, sizeof(c->answer), "%.*s", VIEW(buf_view(&answer.document)));
	buf_done(&answer.document);
	return NULL;
}

static void caller_start(struct caller *c, struct bench *b, const char *document, int timeout_ms)
{
	*c = (struct caller){ .bench = b, .document = document, .timeout_ms = timeout_ms };
	CHECK_INT(pthread_create(&c->thread, NULL, call, c), 0);
}

static int caller_wait(struct caller *c)
{
	pthread_join(c->thread, NULL);
	return c->r;
}

TEST(answers_find_who_asked)
{
	struct caller callers[3];
	struct buf document = { 0 };
	struct bench b;
	uint64_t ids[3];

	bench_open(&b);
	for (int i = 0; i < 3; i++) {
		static const char *const documents[] = { "{\"a\":0}", "{\"a\":1}", "{\"a\":2}" };
		struct gcs_header header;

		caller_start(&callers[i], &b, documents[i], -1);
		header = guest_receive(b.guest, &document);
		CHECK_INT(header.type, REQUEST);
		CHECK_STR(document.p, documents[i]);
		ids[i] = header.id;
	}
	for (int i = 2; i >= 0; i--) { /* the last is the first */
		char text[64];

		snprintf(text, sizeof(text), "{\"Result\":%d}", -i);
		guest_send(b.guest, ANSWER, ids[i], text);
		CHECK_INT(caller_wait(&callers[i]), 0);
		CHECK_STR(callers[i].answer, text);
	}
	buf_done(&document);
	bench_close(&b);
	CHECK_STR(b.ended, "closed by the host");
}

/* Many who ask at once: no frame lies within another. */
TEST(frames_never_interleave)
{
	enum { N = 24 };
	static char documents[N][60000];
	struct caller callers[N];
	struct buf document = { 0 };
	struct bench b;

	bench_open(&b);
	for (int i = 0; i < N; i++) {
		memset(documents[i], 'a' + i, sizeof(documents[i]) - 1 - (size_t)i * 1000);
		caller_start(&callers[i], &b, documents[i], -1);
		if (i == N / 2)
			streams_pause(20000);
	}
	for (int i = 0; i < N; i++) {
		struct gcs_header header = guest_receive(b.guest, &document);

		for (size_t k = 1; k < document.n; k++)
			CHECK(document.p[k] == document.p[0]);
		CHECK_INT(document.n,
			  sizeof(documents[0]) - 1 - (size_t)(document.p[0] - 'a') * 1000);
		guest_send(b.guest, ANSWER, header.id, OK);
	}
	for (int i = 0; i < N; i++)
		CHECK_INT(caller_wait(&callers[i]), 0);
	buf_done(&document);
	bench_close(&b);
}

/* Its entry is gone; what comes too late harms nobody. */
TEST(a_call_has_a_deadline)
{
	struct gcs_answer answer;
	struct buf document = { 0 };
	struct caller caller;
	struct gcs_header late, next;
	struct bench b;

	bench_open(&b);
	CHECK_INT(gcs_call(b.bridge, GCS_GET_PROPERTIES, "{}", 20, &answer), -ETIMEDOUT);
	CHECK_INT(gcs_call(b.bridge, GCS_GET_PROPERTIES, "{}", 0, &answer), -ETIMEDOUT);
	late = guest_receive(b.guest, &document);
	guest_receive(b.guest, &document);
	caller_start(&caller, &b, "{}", -1);
	next = guest_receive(b.guest, &document);
	guest_send(b.guest, ANSWER, late.id, OK);
	guest_send(b.guest, ANSWER, next.id, OK);
	CHECK_INT(caller_wait(&caller), 0);
	guest_send(b.guest, ANSWER, late.id, OK); /* twice is too often */
	CHECK_STR(wait_for_end(&b), "an answer to nobody, id 1");
	buf_done(&document);
	bench_close(&b);
}

TEST(a_guest_that_never_answers_is_given_up)
{
	struct gcs_answer answer;
	struct bench b;

	bench_open(&b);
	for (int i = 0; i <= GCS_UNANSWERED_MAX; i++)
		CHECK_INT(gcs_call(b.bridge, GCS_GET_PROPERTIES, "{}", 0, &answer), -ETIMEDOUT);
	CHECK_INT(gcs_call(b.bridge, GCS_GET_PROPERTIES, "{}", -1, &answer), -ECONNRESET);
	CHECK_STR(wait_for_end(&b), "the guest has left 64 requests unanswered");
	bench_close(&b);
}

static void send_header(struct transport *t, uint32_t type, uint32_t size, uint64_t id)
{
	const struct gcs_header header = { type, size, id };
	uint8_t bytes[GCS_HEADER];

	gcs_header_write(&header, bytes);
	CHECK_INT(transport_send(t, bytes, sizeof(bytes), -1), 0);
}

TEST(what_is_against_the_protocol_ends_it)
{
	static const struct {
		uint32_t type, size;
		uint64_t id;
		const char *document, *reason;
		int r;
	} rows[] = {
		{ ANSWER, 15, 1, "", "a frame of 15 bytes: too short", -EPROTO },
		{ ANSWER, 0, 1, "", "a frame of 0 bytes: too short", -EPROTO },
		{ ANSWER, 4194321, 1, "", "a frame of 4194321 bytes: too long", -EPROTO },
		{ ANSWER, 28, 2, OK, "an answer to nobody, id 2", -EPROTO },
		{ GCS_RESPONSE | GCS_CREATE, 28, 1, OK,
		  "an answer of type 0x20100101 to a request of type 0x10100901", -EPROTO },
		{ REQUEST, 28, 1, OK, "a frame of type 0x10100901, which no guest sends", -EPROTO },
		{ 0x00100901, 16, 1, "", "a frame of type 0x00100901, which no guest sends",
		  -EPROTO },
		{ ANSWER, 16, 1, "", "an answer to id 1 without a result", -EPROTO },
		{ ANSWER, 18, 1, "{}", "an answer to id 1 without a result", -EPROTO },
		{ ANSWER, 20, 1, NULL, "the guest closed the connection in the middle of a frame",
		  -ECONNRESET },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct buf document = { 0 };
		struct caller one, other;
		struct bench b;

		CASE("%s", rows[i].reason);
		bench_open(&b);
		caller_start(&one, &b, "{}", -1);
		guest_receive(b.guest, &document);
		send_header(b.guest, rows[i].type, rows[i].size, rows[i].id);
		if (rows[i].document)
			transport_send(b.guest, rows[i].document, strlen(rows[i].document), -1);
		else
			transport_close(b.guest), b.guest = NULL;
		CHECK_INT(caller_wait(&one), rows[i].r);
		CHECK_STR(wait_for_end(&b), rows[i].reason);
		caller_start(&other, &b, "{}", -1); /* later ones learn it at once */
		CHECK_INT(caller_wait(&other), rows[i].r);
		buf_done(&document);
		bench_close(&b);
	}
}

TEST(notifications_are_delivered)
{
	struct caller caller;
	struct buf document = { 0 };
	struct gcs_header header;
	struct bench b;

	bench_open(&b);
	guest_send(b.guest, GCS_NOTIFICATION | GCS_CREATE, 77, "{\"Type\":\"None\"}");
	caller_start(&caller, &b, "{}", -1);
	header = guest_receive(b.guest, &document);
	guest_send(b.guest, GCS_NOTIFICATION | GCS_LIFECYCLE_NOTIFICATION, 0, "");
	guest_send(b.guest, ANSWER, header.id, OK);
	CHECK_INT(caller_wait(&caller), 0); /* what came before it was told before it */
	CHECK_INT(b.n_notified, 2);
	CHECK_STR(b.notified, "30100f01 ");
	CHECK_INT(b.from_reader, -EDEADLK);
	buf_done(&document);
	bench_close(&b);
}

/* Nobody waits for a guest that is known to be gone. */
TEST(a_guest_that_is_gone_wakes_who_waits)
{
	char reason[GCS_REASON_MAX];
	struct caller callers[4];
	struct buf document = { 0 };
	struct bench b;

	bench_open(&b);
	CHECK(!gcs_bridge_reason(b.bridge, reason));
	for (int i = 0; i < 4; i++) {
		caller_start(&callers[i], &b, "{}", i % 2 ? -1 : 100000);
		guest_receive(b.guest, &document);
	}
	gcs_bridge_guest_gone(b.bridge, "the VM has exited");
	for (int i = 0; i < 4; i++)
		CHECK_INT(caller_wait(&callers[i]), -ECONNRESET);
	CHECK(gcs_bridge_reason(b.bridge, reason));
	CHECK_STR(reason, "the VM has exited");
	buf_done(&document);
	bench_close(&b);
	CHECK_STR(b.ended, "the VM has exited"); /* the first reason stays */
}

TEST(a_connection_that_ends_wakes_who_waits)
{
	struct buf document = { 0 };
	struct caller caller;
	struct bench b;

	bench_open(&b);
	caller_start(&caller, &b, "{}", -1);
	guest_receive(b.guest, &document);
	transport_close(b.guest);
	b.guest = NULL;
	CHECK_INT(caller_wait(&caller), -ECONNRESET);
	CHECK_STR(wait_for_end(&b), "the guest closed the connection");
	buf_done(&document);
	bench_close(&b);
}

/* At all moments, also while the guest reads nothing and the writer hangs. */
TEST(close_wakes_all_and_leaves_nothing)
{
	static char large[GCS_SEND_MAX - GCS_HEADER + 1];
	unsigned before = streams_threads();

	memset(large, ' ', sizeof(large) - 1);
	for (int round = 0; round < 20; round++) {
		struct caller callers[12];
		struct bench b;

		bench_open(&b);
		for (int i = 0; i < 12; i++)
			caller_start(&callers[i], &b, large, -1);
		if (round % 3) /* else some begin when it is over, which nobody may */
			streams_pause(round * 500);
		gcs_bridge_guest_gone(b.bridge, "over");
		for (int i = 0; i < 12; i++)
			CHECK_INT(caller_wait(&callers[i]), -ECONNRESET);
		bench_close(&b);
	}
	streams_wait_threads(before);
}

TEST(close_cancels_a_call)
{
	struct buf document = { 0 };
	struct caller caller;
	struct bench b;

	bench_open(&b);
	caller_start(&caller, &b, "{}", -1);
	guest_receive(b.guest, &document);
	bench_close(&b);
	CHECK_INT(caller_wait(&caller), -ECANCELED);
	buf_done(&document);
}

TEST(documents_have_a_limit)
{
	static char large[GCS_SEND_MAX];
	struct gcs_answer answer;
	struct buf document = { 0 };
	struct bench b;

	memset(large, ' ', sizeof(large));
	large[GCS_SEND_MAX - GCS_HEADER + 1] = '\0';
	bench_open(&b);
	CHECK_INT(gcs_call(b.bridge, GCS_GET_PROPERTIES, large, -1, &answer), -EMSGSIZE);
	large[GCS_SEND_MAX - GCS_HEADER] = '\0';
	CHECK_INT(gcs_call(b.bridge, GCS_GET_PROPERTIES, large, 0, &answer), -ETIMEDOUT);
	CHECK_INT(guest_receive(b.guest, &document).size, GCS_SEND_MAX);
	buf_done(&document);
	bench_close(&b);
}

/* A stream on which nothing moves. */
struct stuck {
	struct transport transport;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool cancelled;
};

static int wait_for_cancel(struct transport *t)
{
	struct stuck *s = CONTAINER_OF(t, struct stuck, transport);

	pthread_mutex_lock(&s->lock);
	while (!s->cancelled)
		pthread_cond_wait(&s->changed, &s->lock);
	pthread_mutex_unlock(&s->lock);
	return -ECANCELED;
}

static ssize_t stuck_recv(struct transport *t, void *p _unused_, size_t n _unused_, int ms _unused_)
{
	return wait_for_cancel(t);
}

static int stuck_send(struct transport *t, const void *p _unused_, size_t n _unused_,
		      int ms _unused_)
{
	return wait_for_cancel(t);
}

static void stuck_cancel(struct transport *t)
{
	struct stuck *s = CONTAINER_OF(t, struct stuck, transport);

	pthread_mutex_lock(&s->lock);
	s->cancelled = true;
	pthread_cond_broadcast(&s->changed);
	pthread_mutex_unlock(&s->lock);
}

static void stuck_close(struct transport *t _unused_)
{
}

TEST(a_guest_that_reads_nothing)
{
	static const struct transport_ops ops = {
		.recv = stuck_recv, .send = stuck_send, .cancel = stuck_cancel, .close = stuck_close
	};
	static char large[GCS_SEND_MAX - GCS_HEADER + 1];
	const struct gcs_bridge_options none = { 0 };
	struct stuck stuck = { .transport.ops = &ops,
			       .lock = PTHREAD_MUTEX_INITIALIZER,
			       .changed = PTHREAD_COND_INITIALIZER };
	struct gcs_answer answer;
	struct gcs_bridge *bridge;
	int r = -ETIMEDOUT;

	memset(large, ' ', sizeof(large) - 1);
	CHECK_INT(gcs_bridge_start(&none, &stuck.transport, &bridge), 0);
	for (int i = 0; i < 50 && r == -ETIMEDOUT; i++)
		r = gcs_call(bridge, GCS_GET_PROPERTIES, large, 0, &answer);
	CHECK_INT(r, -ENOBUFS);
	gcs_bridge_close(bridge);
}

TEST(an_answer_may_be_large)
{
	static char large[GCS_ACCEPT_MAX + 1];
	struct buf document = { 0 };
	struct caller caller;
	struct bench b;

	memset(large, '0', GCS_ACCEPT_MAX);
	memcpy(large, "{\"Result\":0,\"a\":\"", 17);
	memcpy(large + GCS_ACCEPT_MAX - 2, "\"}", 2);
	CHECK_INT(strlen(large), GCS_ACCEPT_MAX);
	bench_open(&b);
	caller_start(&caller, &b, "{}", -1);
	guest_send(b.guest, ANSWER, guest_receive(b.guest, &document).id, large);
	CHECK_INT(caller_wait(&caller), 0);
	buf_done(&document);
	bench_close(&b);
}
