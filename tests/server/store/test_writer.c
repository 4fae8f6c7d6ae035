#include "server/store/writer.h"

#include <malloc.h>
#include <stdio.h>
#include <sys/stat.h>

#include "tests/check.h"

static struct store *open_store(const char *root)
{
	char run[64];
	struct store_options options = { .data_dir = root, .run_dir = run, .boot_id = "b" };
	struct store_moved moved;
	struct store *s;

	snprintf(run, sizeof(run), "%s/run", root);
	mkdir(run, 0700);
	CHECK_INT(store_open(&options, &s, &moved), 0);
	return s;
}

static struct state_record service(const char *name)
{
	return (struct state_record){ .kind = STATE_RECORD_SERVICE,
				      .service = { .name = view(name), .link = view("zl") } };
}

static int count(void *arg, const struct state_record *record _unused_)
{
	++*(unsigned *)arg;
	return 0;
}

static void no_unread(void *arg _unused_, struct ovd_view key _unused_, const char *why _unused_)
{
	CHECK(false);
}

static unsigned count_all(struct store *s)
{
	unsigned n = 0;

	CHECK_INT(store_load(s, count, no_unread, &n), 0);
	return n;
}

TEST(written_when_it_stops)
{
	char root[] = "/tmp/writer-XXXXXX";
	struct log *log = log_new(LOG_INFO, LOG_TEXT);
	struct state_record a = service("a"), b = service("b"), c = service("c");
	struct store *s;
	struct writer *w;

	CHECK(mkdtemp(root));
	s = open_store(root);
	CHECK_INT(writer_start(s, log, &w), 0);
	CHECK_INT(writer_put(w, &a), 0);
	CHECK_INT(writer_put(w, &b), 0);
	CHECK_INT(writer_delete(w, &a), 0);
	CHECK_INT(writer_put(w, &c), 0);
	writer_stop(w);
	CHECK_INT(count_all(s), 2);
	store_close(s);
	log_free(log);
	check_remove(root);
}

TEST(written_by_itself)
{
	char root[] = "/tmp/writer-XXXXXX";
	struct log *log = log_new(LOG_INFO, LOG_TEXT);
	struct store *s;
	struct writer *w;

	CHECK(mkdtemp(root));
	s = open_store(root);
	CHECK_INT(writer_start(s, log, &w), 0);
	for (unsigned round = 1; round <= 3; round++) {
		char name[] = { (char)('a' + round), '\0' };
		struct state_record record = service(name);

		CHECK_INT(writer_put(w, &record), 0);
		for (unsigned i = 0; i < 1000 && count_all(s) < round; i++)
			usleep(5000);
		CHECK_INT(count_all(s), round);
	}
	writer_stop(w);
	store_close(s);
	log_free(log);
	check_remove(root);
}

#define MANY 3000

/* Both batches keep BUF_KEPT bytes. */
TEST(gives_memory_back_at_rest)
{
	char root[] = "/tmp/writer-XXXXXX", name[16];
	struct log *log = log_new(LOG_INFO, LOG_TEXT);
	size_t most = mallinfo2().uordblks + 3 * BUF_KEPT;
	struct store *s;
	struct writer *w;

	CHECK(mkdtemp(root));
	s = open_store(root);
	CHECK_INT(writer_start(s, log, &w), 0);
	writer_hold(w);
	for (unsigned i = 0; i < MANY; i++) {
		struct state_record record;

		snprintf(name, sizeof(name), "service-%u", i);
		record = service(name);
		CHECK_INT(writer_put(w, &record), 0);
	}
	writer_release(w);
	for (unsigned i = 0; i < 1000 && count_all(s) < MANY; i++)
		usleep(10000);
	for (unsigned i = 0; i < 1000 && mallinfo2().uordblks > most; i++)
		usleep(10000);
	CHECK(mallinfo2().uordblks <= most);
	CHECK_INT(count_all(s), MANY);
	writer_stop(w);
	store_close(s);
	log_free(log);
	check_remove(root);
}

/* What is put meanwhile is not there before it is released, and then all of it is. */
TEST(held)
{
	char root[] = "/tmp/writer-XXXXXX";
	struct log *log = log_new(LOG_INFO, LOG_TEXT);
	struct state_record a = service("a"), b = service("b");
	struct store *s;
	struct writer *w;

	CHECK(mkdtemp(root));
	s = open_store(root);
	CHECK_INT(writer_start(s, log, &w), 0);
	for (int round = 0; round < 2; round++) {
		writer_hold(w);
		CHECK_INT(writer_put(w, &a), 0);
		usleep(3 * WRITER_MS * 1000);
		CHECK_INT(count_all(s), 0);
		if (round == 0)
			CHECK_INT(writer_delete(w, &a), 0);
		else
			CHECK_INT(writer_put(w, &b), 0);
		writer_release(w);
	}
	for (unsigned i = 0; i < 1000 && count_all(s) == 0; i++)
		usleep(5000);
	CHECK_INT(count_all(s), 2);
	writer_hold(NULL);
	writer_release(NULL);
	writer_stop(w);
	store_close(s);
	log_free(log);
	check_remove(root);
}
