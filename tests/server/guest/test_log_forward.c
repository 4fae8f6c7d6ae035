#include <stdio.h>
#include <stdlib.h>

#include "tests/check.h"
#include "tests/server/guest/log_bench.h"

/* ---- what is written ---- */

TEST(a_guests_bytes_as_they_are)
{
	struct transport *guest;
	struct bench b;

	bench_open(&b);
	guest = streams_connect(&b.streams);
	say(guest, "plain\r\n\n{\"a\":\n1}{\"b\":2}\n\xff\x1b[2J");
	transport_close(guest);
	wait_for(&b, LOG_FORWARD_GONE, 1);
	bench_stop(&b);
	CHECK_VIEW(disk_bytes(&b.disk, FILE_RAW), "plain\r\n\n{\"a\":\n1}{\"b\":2}\n\xff\x1b[2J");
	CHECK_INT(b.n[LOG_FORWARD_CAME], 1);
	CHECK_U64(b.sum[LOG_FORWARD_GONE], 5);
	CHECK_INT(b.disk.opens, 1);
	disk_done(&b.disk);
}

TEST(lines_of_json)
{
	struct ovd_view bytes;
	struct transport *guest;
	char text[512], peer[64];
	struct bench b;

	bench_init(&b);
	b.options.format = LOG_FORWARD_JSON;
	bench_start(&b);
	guest = streams_connect(&b.streams);
	say(guest, "\n{\"time\":\"t\",\"level\":\"fatal\",\"msg\":\"a\"}\n\x1b[2J\n");
	transport_close(guest);
	wait_for(&b, LOG_FORWARD_GONE, 1);
	bench_stop(&b);
	bytes = disk_bytes(&b.disk, FILE_JSON);
	CHECK(bytes.p);
	CHECK_INT(sscanf(bytes.p, "{\"guest\":\"%63[^\"]\"", peer), 1);
	snprintf(text, sizeof(text),
		 "{\"guest\":\"%s\",\"time\":\"t\",\"level\":\"error\",\"message\":\"a\"}\n"
		 "{\"guest\":\"%s\",\"level\":\"info\",\"message\":\"\\u001b[2J\"}\n",
		 peer, peer);
	CHECK_VIEW(bytes, text);
	disk_done(&b.disk);
}

TEST(a_long_record_says_that_it_was_cut)
{
	static char line[70002];
	struct ovd_view bytes;
	struct transport *guest;
	struct bench b;

	memset(line, 'x', sizeof(line));
	line[70000] = '\n';
	line[70001] = '\0';
	bench_open(&b);
	guest = streams_connect(&b.streams);
	say(guest, line);
	say(guest, "next\n");
	transport_close(guest);
	wait_for(&b, LOG_FORWARD_GONE, 1);
	CHECK_U64(log_forward_counts(b.forward).truncated, 1);
	bench_stop(&b);
	bytes = disk_bytes(&b.disk, FILE_RAW);
	CHECK_INT(bytes.n, 65536 + 13 + 5);
	CHECK_BYTES(bytes.p + 65536, " [truncated]\nnext\n", 18);
	disk_done(&b.disk);
}

/* ---- several guests ---- */

#define GUESTS  8
#define RECORDS 1250 /* of each: 10,000 */

struct talker {
	pthread_t thread;
	struct transport *stream;
	int number;
};

/* Records of all forms, in pieces of any size. */
static void *talk(void *arg)
{
	struct talker *t = arg;
	unsigned seed = 1000 + (unsigned)t->number;
	struct buf text = { 0 };

	for (int i = 0; i < RECORDS; i++) {
		int filler = rand_r(&seed) % 200;

		if (i % 3 == 0)
			buf_printf(&text, "line g%d r%d %0*d\n", t->number, i, filler + 1, 0);
		else if (i % 3 == 1)
			buf_printf(&text, "{\"msg\":\"g%d r%d }{\\\" %0*d\"}\n", t->number, i,
				   filler + 1, 0);
		else
			buf_printf(&text, "{\"msg\":\"g%d r%d\",\n\"a\":[{},%0*d]}", t->number, i,
				   filler + 1, 0);
	}
	for (size_t at = 0, n; at < text.n; at += n) {
		n = 1 + (size_t)rand_r(&seed) % (rand_r(&seed) % 4 ? 40 : 3000);
		n = n < text.n - at ? n : text.n - at;
		CHECK_INT(transport_send(t->stream, text.p + at, n, 60000), 0);
	}
	buf_done(&text);
	transport_close(t->stream);
	return NULL;
}

/* Every record whole, each guest's in order: the number of the next one, for each. */
static void check_records(struct ovd_view bytes)
{
	int next[GUESTS] = { 0 };
	const char *p = bytes.p, *end = p + bytes.n;

	while (p < end) {
		const char *start = p;
		int guest, number, filler;

		CHECK(sscanf(p, "line g%d r%d", &guest, &number) == 2 ||
		      sscanf(p, "{\"msg\":\"g%d r%d", &guest, &number) == 2);
		CHECK(guest >= 0 && guest < GUESTS);
		CASE("guest %d", guest);
		CHECK_INT(number, next[guest]);
		next[guest]++;
		if (number % 3 == 0)
			p = memchr(p, '\n', (size_t)(end - p));
		else if (number % 3 == 1)
			p = strstr(p, "0\"}\n");
		else
			p = strstr(p, "0]}");
		CHECK(p);
		p += number % 3 == 0 ? 1 : number % 3 == 1 ? 4 : 3;
		filler = 0;
		for (const char *c = start; c < p; c++)
			filler += *c == 'g';
		CHECK(filler <= 2); /* one record, "msg" and its own number */
		p += p < end && *p == '\n';
	}
	for (int i = 0; i < GUESTS; i++) {
		CASE("guest %d", i);
		CHECK_INT(next[i], RECORDS);
	}
}

TEST(ten_thousand_records_of_eight_guests)
{
	struct talker talkers[GUESTS];
	struct log_forward_counts counts;
	struct bench b;

	bench_open(&b);
	for (int i = 0; i < GUESTS; i++) {
		talkers[i] = (struct talker){ .number = i, .stream = streams_connect(&b.streams) };
		CHECK_INT(pthread_create(&talkers[i].thread, NULL, talk, &talkers[i]), 0);
	}
	for (int i = 0; i < GUESTS; i++)
		pthread_join(talkers[i].thread, NULL);
	log_forward_stop(b.forward); /* what they sent is there, and is kept */
	counts = log_forward_counts(b.forward);
	CHECK_U64(counts.guests, GUESTS);
	CHECK_U64(counts.records, GUESTS * RECORDS);
	CHECK_U64(counts.lost + counts.suppressed + counts.truncated + counts.refused, 0);
	bench_stop(&b);
	check_records(disk_bytes(&b.disk, FILE_RAW));
	disk_done(&b.disk);
}

/* One that never closes holds nobody up; one that comes again is taken again. */
TEST(guests_come_and_go_while_others_stay)
{
	struct transport *stays, *guest;
	struct bench b;

	bench_open(&b);
	stays = streams_connect(&b.streams);
	for (unsigned i = 0; i < 40; i++) { /* more than there may be at once */
		guest = streams_connect(&b.streams);
		say(guest, "again\n");
		transport_close(guest);
		wait_for(&b, LOG_FORWARD_GONE, i + 1);
	}
	say(stays, "still\n");
	bench_stop(&b);
	transport_close(stays);
	CHECK_INT(b.n[LOG_FORWARD_CAME], 41);
	CHECK_INT(b.n[LOG_FORWARD_REFUSED], 0);
	CHECK_INT(disk_bytes(&b.disk, FILE_RAW).n, 41 * 6);
	disk_done(&b.disk);
}

TEST(too_many_are_closed_and_counted)
{
	struct transport *first, *second, *third;
	char in[8];
	struct bench b;

	bench_init(&b);
	b.options.max_conns = 2;
	bench_start(&b);
	first = streams_connect(&b.streams);
	second = streams_connect(&b.streams);
	wait_for(&b, LOG_FORWARD_CAME, 2);
	third = streams_connect(&b.streams);
	wait_for(&b, LOG_FORWARD_REFUSED, 1);
	CHECK(transport_recv(third, in, sizeof(in), 10000) <= 0);
	transport_close(third);
	CHECK_U64(log_forward_counts(b.forward).refused, 1);
	transport_close(first); /* there is room again */
	while (log_forward_counts(b.forward).connected == 2)
		streams_pause(1000);
	third = streams_connect(&b.streams);
	wait_for(&b, LOG_FORWARD_CAME, 3);
	say(third, "x\n");
	bench_stop(&b);
	transport_close(second);
	transport_close(third);
	CHECK_VIEW(disk_bytes(&b.disk, FILE_RAW), "x\n");
	disk_done(&b.disk);
}

/* ---- limits ---- */

TEST(a_guest_that_talks_too_much)
{
	struct transport *guest;
	struct ovd_view bytes;
	struct bench b;

	bench_init(&b);
	b.options.rate = 1;
	b.options.burst = 10;
	bench_start(&b);
	guest = streams_connect(&b.streams);
	for (int i = 0; i < 100; i++)
		say(guest, "{\"a\":1}\n");
	transport_close(guest);
	wait_for(&b, LOG_FORWARD_GONE, 1);
	CHECK_U64(b.sum[LOG_FORWARD_SUPPRESSED] + b.sum[LOG_FORWARD_GONE], 100);
	CHECK(b.sum[LOG_FORWARD_SUPPRESSED] > 50);
	CHECK_U64(log_forward_counts(b.forward).suppressed, b.sum[LOG_FORWARD_SUPPRESSED]);
	bench_stop(&b);
	bytes = disk_bytes(&b.disk, FILE_RAW);
	CHECK(memmem(bytes.p, bytes.n, "\n[suppressed ", 13));
	CHECK(memmem(bytes.p, bytes.n, " records of ", 12));
	CHECK(bytes.n < 50 * 8 + 100);
	disk_done(&b.disk);
}

/* What a silent guest had suppressed is told before it speaks again. */
TEST(suppressed_records_of_a_silent_guest)
{
	struct transport *guest;
	struct bench b;

	bench_init(&b);
	b.options.rate = 1;
	b.options.burst = 1;
	bench_start(&b);
	guest = streams_connect(&b.streams);
	say(guest, "1\n2\n3\n");
	wait_for(&b, LOG_FORWARD_SUPPRESSED, 1);
	bench_stop(&b);
	transport_close(guest);
	CHECK_U64(b.sum[LOG_FORWARD_SUPPRESSED], 2);
	disk_done(&b.disk);
}

TEST(a_full_disk_is_told_and_no_end)
{
	struct transport *guest;
	struct bench b;

	bench_init(&b);
	disk_set_room(&b.disk, 0);
	bench_start(&b);
	guest = streams_connect(&b.streams);
	say(guest, "1\n2\n3\n");
	wait_for(&b, LOG_FORWARD_FAILING, 1);
	CHECK_INT(b.n[LOG_FORWARD_GONE], 0);
	transport_close(guest);
	wait_for(&b, LOG_FORWARD_GONE, 1);
	log_forward_stop(b.forward);
	CHECK_U64(log_forward_counts(b.forward).lost, 3);
	bench_stop(&b);
	disk_done(&b.disk);
}

/* ---- the tail ---- */

TEST(the_tail_is_the_end)
{
	struct transport *guest;
	char tail[30];
	struct bench b;

	bench_init(&b);
	disk_set_room(&b.disk, 0); /* it needs no disk */
	bench_start(&b);
	guest = streams_connect(&b.streams);
	for (int i = 0; i < 1000; i++)
		say(guest, "something\n");
	say(guest, "the cause\nlast words");
	transport_close(guest);
	log_forward_stop(b.forward);
	CHECK_VIEW(((struct ovd_view){ tail, log_forward_tail(b.forward, tail, sizeof(tail)) }),
		   "the cause\nlast words");
	bench_stop(&b);
	disk_done(&b.disk);
}

TEST(formats)
{
	enum log_forward_format format;

	CHECK_INT(log_forward_format_parse("raw", &format), 0);
	CHECK_INT(format, LOG_FORWARD_RAW);
	CHECK_INT(log_forward_format_parse("json", &format), 0);
	CHECK_INT(format, LOG_FORWARD_JSON);
	CHECK_INT(log_forward_format_parse("", &format), -EINVAL);
	CHECK_INT(log_forward_format_parse("RAW", &format), -EINVAL);
}
