#include "server/store/environment.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "tests/check.h"
#include "tests/sandbox.h"

struct place {
	char root[40], dir[64], file[80];
};

static struct place place_make(void)
{
	struct place p = { .root = "/tmp/environment-XXXXXX" };

	CHECK(mkdtemp(p.root));
	snprintf(p.dir, sizeof(p.dir), "%s/store", p.root);
	snprintf(p.file, sizeof(p.file), "%s/data.mdb", p.dir);
	return p;
}

/* What was moved, to be freed. */
static struct environment *open_one(const struct place *p, bool synced, char **ret_moved)
{
	struct environment_options options = { .dir = p->dir, .synced = synced };
	struct environment *env;

	CHECK_INT(environment_open(&options, &env, ret_moved), 0);
	return env;
}

static struct environment *open_whole(const struct place *p, bool synced)
{
	char *moved;
	struct environment *env = open_one(p, synced, &moved);

	CHECK(!moved);
	return env;
}

static int put_one(struct environment *env, const char *key, const char *value)
{
	environment_begin(env);
	environment_put(env, view(key), view(value));
	return environment_end(env, 0);
}

static int append_pair(void *arg, struct ovd_view key, struct ovd_view value)
{
	return buf_printf(arg, "%.*s=%.*s;", VIEW(key), VIEW(value));
}

static void check_pairs(struct environment *env, const char *wanted)
{
	_cleanup_(buf_done) struct buf all = { .n = 0 };

	CHECK_INT(buf_text(&all, ""), 0);
	CHECK_INT(environment_each(env, append_pair, &all), 0);
	CHECK_INT(buf_append(&all, "", 1), 0);
	CHECK_STR(all.p, wanted);
}

TEST(there_again)
{
	static const bool synced[] = { true, false };

	for (size_t i = 0; i < ARRAY_SIZE(synced); i++) {
		struct place p = place_make();
		struct environment *env = open_whole(&p, synced[i]);

		CHECK_INT(put_one(env, "b", "2"), 0);
		CHECK_INT(put_one(env, "a", "1"), 0);
		CHECK_INT(put_one(env, "b", "3"), 0);
		check_pairs(env, "a=1;b=3;");
		environment_close(env);
		env = open_whole(&p, synced[i]);
		check_pairs(env, "a=1;b=3;");
		environment_close(env);
		check_remove(p.root);
	}
}

TEST(deleted_and_cleared)
{
	struct place p = place_make();
	struct environment *env = open_whole(&p, false);

	CHECK_INT(put_one(env, "a", "1"), 0);
	CHECK_INT(put_one(env, "b", "2"), 0);
	environment_begin(env);
	environment_delete(env, view("a"));
	environment_delete(env, view("never there"));
	CHECK_INT(environment_end(env, 0), 0);
	check_pairs(env, "b=2;");
	environment_begin(env);
	environment_clear(env);
	environment_put(env, view("c"), view("3"));
	CHECK_INT(environment_end(env, 0), 0);
	check_pairs(env, "c=3;");
	environment_close(env);
	check_remove(p.root);
}

TEST(all_or_nothing)
{
	char long_key[ENVIRONMENT_KEY_MAX + 2];
	struct place p = place_make();
	struct environment *env = open_whole(&p, false);

	memset(long_key, 'k', sizeof(long_key) - 1);
	long_key[sizeof(long_key) - 1] = '\0';
	CHECK_INT(put_one(env, "a", "1"), 0);
	environment_begin(env);
	environment_put(env, view("b"), view("2"));
	environment_put(env, view(long_key), view("x"));
	CHECK(environment_end(env, 0) < 0);
	environment_begin(env);
	environment_put(env, view("b"), view("2"));
	CHECK_INT(environment_end(env, -EINVAL), -EINVAL);
	check_pairs(env, "a=1;");
	long_key[ENVIRONMENT_KEY_MAX] = '\0';
	CHECK_INT(put_one(env, long_key, "x"), 0);
	environment_close(env);
	check_remove(p.root);
}

/* The file's pages are never written in place, so that a change shows in its time or its bytes. */
static struct ovd_view bytes_of(const struct place *p)
{
	_cleanup_(fd_closep) int fd = open(p->file, O_RDONLY | O_CLOEXEC);
	static char bytes[2][65536];
	static unsigned turn;
	char *to = bytes[turn++ % 2];

	return (struct ovd_view){ .p = to, .n = (size_t)read(fd, to, sizeof(bytes[0])) };
}

TEST(what_changes_nothing_is_not_written)
{
	struct place p = place_make();
	struct environment *env = open_whole(&p, false);
	struct ovd_view before, after;

	CHECK_INT(put_one(env, "a", "1"), 0);
	before = bytes_of(&p);
	CHECK_INT(put_one(env, "a", "1"), 0);
	environment_begin(env);
	environment_delete(env, view("b"));
	CHECK_INT(environment_end(env, 0), 0);
	after = bytes_of(&p);
	CHECK(view_eq(before, after));
	CHECK_INT(put_one(env, "a", "2"), 0);
	CHECK(!view_eq(before, bytes_of(&p)));
	environment_close(env);
	check_remove(p.root);
}

TEST(modes)
{
	struct place p = place_make();
	struct stat st;

	umask(0);
	CHECK_INT(mkdir(p.dir, 0777), 0);
	environment_close(open_whole(&p, true));
	CHECK_INT(stat(p.dir, &st), 0);
	CHECK_INT(st.st_mode & 07777, 0700);
	CHECK_INT(stat(p.file, &st), 0);
	CHECK_INT(st.st_mode & 07777, 0600);
	check_remove(p.root);
}

/* Puts pairs of records that belong together, for ever. */
static void put_for_ever(const struct place *p, bool synced)
{
	struct environment *env = open_whole(p, synced);

	for (unsigned i = 0;; i++) {
		char text[16];

		snprintf(text, sizeof(text), "%u", i);
		environment_begin(env);
		environment_put(env, view("a"), view(text));
		environment_put(env, view("b"), view(text));
		environment_end(env, 0);
	}
}

struct twins {
	char a[16], b[16];
};

static int note_twin(void *arg, struct ovd_view key, struct ovd_view value)
{
	struct twins *twins = arg;

	snprintf(key.p[0] == 'a' ? twins->a : twins->b, sizeof(twins->a), "%.*s", VIEW(value));
	return 0;
}

TEST(killed_at_any_instruction)
{
	struct place p = place_make();
	unsigned long last = 0;

	for (unsigned round = 0; round < 40; round++) {
		struct twins twins = { .a = "" };
		struct environment *env;
		pid_t pid = fork();

		if (pid == 0)
			put_for_ever(&p, round % 2);
		usleep(3000 + round * 317);
		kill(pid, SIGKILL);
		CHECK_INT(waitpid(pid, NULL, 0), pid);
		env = open_whole(&p, false);
		CHECK_INT(environment_each(env, note_twin, &twins), 0);
		CHECK_STR(twins.a, twins.b);
		last += strtoul(twins.a, NULL, 10);
		environment_close(env);
	}
	CHECK(last > 0);
	check_remove(p.root);
}

/* ---- a change that is so large that the file is closed when there is rest ---- */

#define LARGE 5000

static void put_many(struct environment *env)
{
	environment_begin(env);
	for (unsigned i = 0; i < LARGE; i++) {
		char key[16], value[128];

		snprintf(key, sizeof(key), "%u", i);
		snprintf(value, sizeof(value), "%0100u", i);
		environment_put(env, view(key), view(value));
	}
	CHECK_INT(environment_end(env, 0), 0);
}

static int count_one(void *arg, struct ovd_view key _unused_, struct ovd_view value _unused_)
{
	++*(unsigned *)arg;
	return 0;
}

static void check_count(struct environment *env, unsigned wanted)
{
	unsigned n = 0;

	CHECK_INT(environment_each(env, count_one, &n), 0);
	CHECK_INT(n, wanted);
}

TEST(a_large_change_leaves_no_memory)
{
	static const bool synced[] = { true, false };

	for (size_t i = 0; i < ARRAY_SIZE(synced); i++) {
		struct place p = place_make();
		struct environment *env = open_whole(&p, synced[i]);
		size_t before = mallinfo2().uordblks;

		CHECK_INT(put_one(env, "first", "1"), 0);
		put_many(env);
		environment_rest(env);
		CHECK(mallinfo2().uordblks < before + LARGE * 10);
		check_count(env, LARGE + 1);
		put_many(env); /* changes nothing */
		environment_rest(env);
		environment_rest(env);
		CHECK_INT(put_one(env, "last", "1"), 0);
		check_count(env, LARGE + 2);
		environment_close(env);
		env = open_whole(&p, synced[i]);
		check_count(env, LARGE + 2);
		environment_close(env);
		check_remove(p.root);
	}
}

static int change_much(void *arg, struct ovd_view key _unused_, struct ovd_view value _unused_)
{
	put_many(arg);
	environment_rest(arg);
	return 0;
}

/* The views that a reader has stay good. */
TEST(a_large_change_by_one_who_reads)
{
	struct place p = place_make();
	struct environment *env = open_whole(&p, false);

	CHECK_INT(put_one(env, "x", "1"), 0);
	CHECK_INT(put_one(env, "y", "2"), 0);
	CHECK_INT(environment_each(env, change_much, env), 0);
	check_count(env, LARGE + 2);
	environment_close(env);
	check_remove(p.root);
}

TEST(another_file_in_its_place_is_not_written)
{
	struct place p = place_make();
	struct environment *env = open_whole(&p, false), *other;

	put_many(env);
	environment_rest(env);
	CHECK_INT(truncate(p.file, 0), 0);
	for (int i = 0; i < 2; i++)
		CHECK_INT(put_one(env, "x", "1"), -ESTALE);
	CHECK_INT(environment_each(env, count_one, NULL), -ESTALE);
	environment_close(env);
	other = open_whole(&p, false);
	check_count(other, 0);
	environment_close(other);
	check_remove(p.root);
}

static void fill(const struct place *p)
{
	struct environment *env = open_whole(p, false);

	for (unsigned i = 0; i < 500; i++) {
		char key[16], value[128];

		snprintf(key, sizeof(key), "%u", i);
		snprintf(value, sizeof(value), "%0100u", i);
		CHECK_INT(put_one(env, key, value), 0);
	}
	environment_close(env);
}

static off_t size_of(const struct place *p)
{
	struct stat st;

	CHECK_INT(stat(p->file, &st), 0);
	return st.st_size;
}

static bool is_moved(const struct place *p, const char *to)
{
	char *moved;
	struct environment *env = open_one(p, true, &moved);
	bool is = moved && strcmp(moved, to) == 0;

	if (is)
		check_pairs(env, "");
	CHECK_INT(put_one(env, "new", "1"), 0);
	environment_close(env);
	free(moved);
	return is;
}

TEST(a_cut_file_is_moved_aside)
{
	struct place p = place_make();
	char aside[80];
	struct stat st;

	fill(&p);
	CHECK_INT(truncate(p.file, size_of(&p) / 8192 * 4096), 0);
	snprintf(aside, sizeof(aside), "%s.damaged", p.dir);
	CHECK(is_moved(&p, aside));
	CHECK_INT(stat(aside, &st), 0);
	CHECK_INT(truncate(p.file, 100), 0); /* and once more: the first one stays */
	snprintf(aside, sizeof(aside), "%s.damaged-2", p.dir);
	CHECK(is_moved(&p, aside));
	check_remove(p.root);
}

/* Whatever stands in the file, it is read, or moved; nobody dies of it. */
TEST(any_byte_may_be_wrong)
{
	unsigned n_moved = 0, seed = 1;

	for (unsigned round = 0; round < 60; round++) {
		struct place p = place_make();
		char aside[80], junk[64];
		int fd;

		fill(&p);
		fd = open(p.file, O_WRONLY | O_CLOEXEC);
		for (unsigned i = 0; i < 8; i++) {
			seed = seed * 1103515245 + 12345;
			memset(junk, (int)(seed >> 16), sizeof(junk));
			CHECK_INT(pwrite(fd, junk, sizeof(junk), (seed >> 4) % size_of(&p)),
				  sizeof(junk));
		}
		close(fd);
		snprintf(aside, sizeof(aside), "%s.damaged", p.dir);
		n_moved += is_moved(&p, aside);
		check_remove(p.root);
	}
	CHECK(n_moved > 10);
}

TEST(a_full_disk_is_told)
{
	struct environment_options options = { .dir = "/run/store", .synced = true };
	struct environment *env;
	char *moved, page[4096] = "";
	int fd;

	sandbox_enter();
	CHECK_INT(mount("none", "/run", "tmpfs", 0, "size=4k"), 0);
	fd = open("/run/all", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	CHECK_INT(write(fd, page, sizeof(page)), sizeof(page));
	close(fd);
	CHECK_INT(environment_open(&options, &env, &moved), -ENOSPC);
}
