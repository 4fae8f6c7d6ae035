#include "server/guest/sink.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/check.h"
#include "tests/server/guest/disk.h"
#include "tests/server/guest/streams.h"

/* What was reported: a line each. */
struct reports {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	unsigned n;
	char text[512];
};

static void on_report(void *arg, int error, uint64_t lost)
{
	struct reports *r = arg;
	size_t n = strlen(r->text);

	pthread_mutex_lock(&r->lock);
	r->n++;
	snprintf(r->text + n, sizeof(r->text) - n, "%s %llu\n",
		 error == -ENOSPC ? "full"
		 : error          ? "error"
				  : "ok",
		 (unsigned long long)lost);
	pthread_cond_broadcast(&r->changed);
	pthread_mutex_unlock(&r->lock);
}

static void wait_for_reports(struct reports *r, unsigned n)
{
	pthread_mutex_lock(&r->lock);
	while (r->n < n)
		pthread_cond_wait(&r->changed, &r->lock);
	pthread_mutex_unlock(&r->lock);
}

static unsigned reports_so_far(struct reports *r)
{
	unsigned n;

	pthread_mutex_lock(&r->lock);
	n = r->n;
	pthread_mutex_unlock(&r->lock);
	return n;
}

struct bench {
	struct disk disk;
	struct reports reports;
	struct sink_options options;
	struct sink *sink;
};

static void bench_init(struct bench *b)
{
	disk_init(&b->disk);
	b->reports = (struct reports){ .lock = PTHREAD_MUTEX_INITIALIZER,
				       .changed = PTHREAD_COND_INITIALIZER };
	b->options = (struct sink_options){ .path = "log",
					    .queue_bytes = 100000,
					    .patience_ms = 10000,
					    .files = &b->disk.files,
					    .report = on_report,
					    .arg = &b->reports };
}

static void put(struct bench *b, uint64_t source, const char *text)
{
	CHECK_INT(sink_put(b->sink, source, view(text), strspn(text, " \n") == strlen(text)), 0);
}

static uint64_t finish(struct bench *b)
{
	uint64_t lost;

	CHECK_INT(sink_close(b->sink, -1, &lost), 0);
	CHECK_INT(b->disk.closes, b->disk.opens);
	return lost;
}

TEST(bytes_as_they_are_and_one_open)
{
	struct bench b;

	bench_init(&b);
	CHECK_INT(sink_open(&b.options, &b.sink), 0);
	put(&b, 1, "one\n");
	put(&b, 1, "{\"a\":1}");
	put(&b, 1, "{\"b\":2}");
	put(&b, 1, "\r\n" + 1);
	put(&b, 1, "\xff\x1b[2J\n");
	CHECK_U64(finish(&b), 0);
	CHECK_VIEW(disk_bytes(&b.disk, "log"), "one\n{\"a\":1}{\"b\":2}\n\xff\x1b[2J\n");
	CHECK_INT(b.disk.opens, 1);
	CHECK_INT(b.reports.n, 0);
	disk_done(&b.disk);
}

/* Objects have no line of their own; those of different guests do. */
TEST(sources_do_not_share_a_line)
{
	struct bench b;

	bench_init(&b);
	CHECK_INT(sink_open(&b.options, &b.sink), 0);
	put(&b, 1, "{\"a\":1}");
	put(&b, 2, "{\"b\":1}");
	put(&b, 1, "\n"); /* of the line that was ended already */
	put(&b, 1, "{\"a\":2}");
	put(&b, 1, "\n");
	put(&b, 2, "\n");
	put(&b, 2, "two\n");
	CHECK_U64(finish(&b), 0);
	CHECK_VIEW(disk_bytes(&b.disk, "log"), "{\"a\":1}\n{\"b\":1}\n{\"a\":2}\ntwo\n");
	disk_done(&b.disk);
}

TEST(a_full_file_makes_room)
{
	struct bench b;

	bench_init(&b);
	b.options.max_bytes = 10;
	b.options.keep = 2;
	CHECK_INT(sink_open(&b.options, &b.sink), 0);
	put(&b, 1, "1234\n");
	put(&b, 1, "5678\n"); /* just fits */
	put(&b, 1, "a\n");
	put(&b, 1, "larger than any file\n");
	put(&b, 1, "b\n");
	put(&b, 1, "c\n");
	CHECK_U64(finish(&b), 0);
	CHECK_VIEW(disk_bytes(&b.disk, "log"), "b\nc\n");
	CHECK_VIEW(disk_bytes(&b.disk, "log.1"), "larger than any file\n");
	CHECK_VIEW(disk_bytes(&b.disk, "log.2"), "a\n");
	CHECK(!disk_bytes(&b.disk, "log.3").p);
	disk_done(&b.disk);
}

/* What was there counts too. */
TEST(a_second_life_goes_on)
{
	struct bench b;

	bench_init(&b);
	b.options.max_bytes = 10;
	CHECK_INT(sink_open(&b.options, &b.sink), 0);
	put(&b, 1, "1234\n");
	CHECK_U64(finish(&b), 0);
	CHECK_INT(sink_open(&b.options, &b.sink), 0);
	put(&b, 1, "5678\n");
	CHECK_U64(finish(&b), 0);
	CHECK_VIEW(disk_bytes(&b.disk, "log"), "1234\n5678\n");
	CHECK_INT(sink_open(&b.options, &b.sink), 0);
	put(&b, 1, "9\n"); /* none are kept */
	CHECK_U64(finish(&b), 0);
	CHECK_VIEW(disk_bytes(&b.disk, "log"), "9\n");
	disk_done(&b.disk);
}

/* Told once, counted, tried again; nothing but whole records is ever there. */
TEST(a_full_disk_is_no_end)
{
	struct ovd_view bytes;
	struct bench b;

	bench_init(&b);
	CHECK_INT(sink_open(&b.options, &b.sink), 0);
	disk_set_room(&b.disk, 12);
	put(&b, 1, "0123456789\n");
	put(&b, 1, "abc\n");
	wait_for_reports(&b.reports, 1);
	put(&b, 1, "def\n");
	put(&b, 1, "\n");
	disk_set_room(&b.disk, 1000);
	while (reports_so_far(&b.reports) < 2) {
		put(&b, 1, "x\n");
		streams_pause(1000);
	}
	CHECK(finish(&b) >= 1);
	CHECK(strncmp(b.reports.text, "full 1\nok ", 10) == 0);
	bytes = disk_bytes(&b.disk, "log");
	CHECK(bytes.n > 11 && memcmp(bytes.p, "0123456789\n", 11) == 0);
	CHECK(!memchr(bytes.p, 'a', bytes.n)); /* not a byte of what did not fit */
	CHECK(bytes.p[bytes.n - 1] == '\n');
	disk_done(&b.disk);
}

TEST(nothing_is_tried_for_a_while_after_a_failure)
{
	struct bench b;

	bench_init(&b);
	b.options.retry_ms = 1000000;
	CHECK_INT(sink_open(&b.options, &b.sink), 0);
	disk_set_room(&b.disk, 0);
	for (int i = 0; i < 100; i++)
		put(&b, 1, "x\n");
	CHECK_U64(finish(&b), 100);
	CHECK_INT(b.disk.appends, 1);
	CHECK_STR(b.reports.text, "full 1\n");
	disk_done(&b.disk);
}

TEST(a_file_that_can_not_be_opened)
{
	struct bench b;

	bench_init(&b);
	b.disk.open_error = -EACCES;
	CHECK_INT(sink_open(&b.options, &b.sink), 0);
	put(&b, 1, "x\n");
	put(&b, 1, "x\n");
	CHECK_U64(finish(&b), 2);
	CHECK_STR(b.reports.text, "error 1\n");
	disk_done(&b.disk);
}

/* ---- a disk that hangs ---- */

TEST(a_disk_that_hangs_holds_nobody)
{
	struct bench b;
	uint64_t lost = 0;

	bench_init(&b);
	b.options.patience_ms = 5;
	b.options.queue_bytes = 100;
	disk_set_hang(&b.disk, true);
	CHECK_INT(sink_open(&b.options, &b.sink), 0);
	put(&b, 1, "first\n");
	disk_wait_hanging(&b.disk);
	put(&b, 1, "second\n");
	for (int i = 0; i < 1000; i++)
		lost += sink_put(b.sink, 1, view("0123456789\n"), false) < 0;
	CHECK(lost > 900);
	CHECK_U64(sink_lost(b.sink), lost);
	CHECK_INT(sink_close(b.sink, 10, &lost), -ETIMEDOUT);
	CHECK_U64(lost, 1002);
	disk_set_hang(&b.disk, false); /* the thread goes by itself */
	disk_wait_closed(&b.disk);
	streams_pause(50000); /* and frees what it had, which a sanitizer looks after */
	CHECK_STR(b.reports.text, "");
	disk_done(&b.disk);
}

TEST(who_waits_for_room_gets_it)
{
	struct bench b;
	char text[64];

	bench_init(&b);
	b.options.queue_bytes = 64;
	CHECK_INT(sink_open(&b.options, &b.sink), 0);
	for (int i = 0; i < 2000; i++) {
		snprintf(text, sizeof(text), "record %d\n", i);
		put(&b, 1, text);
	}
	CHECK_U64(finish(&b), 0);
	CHECK_INT(b.disk.appends, 2000);
	disk_done(&b.disk);
}

static void *put_one(void *arg)
{
	struct bench *b = arg;

	CHECK_INT(sink_put(b->sink, 1, view("0123456789\n"), false), -ENOBUFS);
	return NULL;
}

TEST(who_waits_for_room_is_woken_by_a_hurry)
{
	struct bench b;
	pthread_t thread;
	uint64_t lost;

	bench_init(&b);
	b.options.patience_ms = -1;
	b.options.queue_bytes = 1;
	disk_set_hang(&b.disk, true);
	CHECK_INT(sink_open(&b.options, &b.sink), 0);
	put(&b, 1, "first\n");
	disk_wait_hanging(&b.disk);
	put(&b, 1, "second\n");
	CHECK_INT(pthread_create(&thread, NULL, put_one, &b), 0);
	streams_pause(5000);
	sink_hurry(b.sink);
	pthread_join(thread, NULL);
	disk_set_hang(&b.disk, false);
	CHECK_INT(sink_close(b.sink, -1, &lost), 0);
	CHECK_U64(lost, 1);
	CHECK_VIEW(disk_bytes(&b.disk, "log"), "first\nsecond\n");
	disk_done(&b.disk);
}
