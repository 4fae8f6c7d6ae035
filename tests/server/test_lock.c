#include "server/lock.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/check.h"

struct place {
	char dir[32], file[64];
};

static void place_make(struct place *p)
{
	*p = (struct place){ .dir = "/tmp/lock-XXXXXX" };
	CHECK(mkdtemp(p->dir));
	snprintf(p->file, sizeof(p->file), "%s/overlayd.lock", p->dir);
}

static void place_remove(const struct place *p)
{
	unlink(p->file);
	CHECK_INT(rmdir(p->dir), 0);
}

static void check_text(const struct place *p, pid_t pid)
{
	struct ovd_view text = check_file(p->file);
	char want[32];

	CHECK_INT(text.n, snprintf(want, sizeof(want), "%d\n", (int)pid));
	CHECK_BYTES(text.p, want, text.n);
}

TEST(one_holder)
{
	struct place p;
	struct stat st;
	pid_t holder = -1;
	int fd, status;

	place_make(&p);
	umask(0);
	fd = lock_take(p.dir, &holder);
	CHECK(fd >= 0);
	CHECK_INT(holder, 0);
	CHECK_INT(fcntl(fd, F_GETFD), FD_CLOEXEC);
	CHECK_INT(stat(p.file, &st), 0);
	CHECK_INT(st.st_mode & 0777, 0600);
	check_text(&p, getpid());

	if (fork() == 0) { /* another process, the same directory */
		close(fd);
		_exit(lock_take(p.dir, &holder) == -EWOULDBLOCK && holder == getppid() ? 0 : 1);
	}
	CHECK(wait(&status) > 0);
	CHECK_INT(status, 0);
	check_text(&p, getpid());
	close(fd);

	fd = lock_take(p.dir, &holder);
	CHECK(fd >= 0);
	close(fd);
	place_remove(&p);
}

TEST(the_lock_ends_with_its_holder)
{
	struct place p;
	pid_t child, holder;
	int status, fd;

	place_make(&p);
	child = fork();
	if (child == 0)
		_exit(lock_take(p.dir, &holder) >= 0 ? 0 : 1);
	CHECK_INT(waitpid(child, &status, 0), child);
	CHECK_INT(status, 0);
	check_text(&p, child); /* an old file is no lock */
	fd = lock_take(p.dir, &holder);
	CHECK(fd >= 0);
	check_text(&p, getpid());
	close(fd);
	place_remove(&p);
}

TEST(what_a_dead_holder_was_starting_is_waited_for)
{
	const struct timespec moment = { .tv_nsec = 50000000 };
	struct place p;
	pid_t child, holder;
	int status, fd;

	place_make(&p);
	child = fork();
	if (child == 0) {
		fd = lock_take(p.dir, &holder);
		if (fork() == 0)
			nanosleep(&moment, NULL); /* with a copy of it */
		_exit(fd >= 0 ? 0 : 1);
	}
	CHECK_INT(waitpid(child, &status, 0), child);
	CHECK_INT(status, 0);
	fd = lock_take(p.dir, &holder);
	CHECK(fd >= 0);
	CHECK_INT(holder, 0);
	check_text(&p, getpid());
	close(fd);
	place_remove(&p);
}

TEST(a_holder_that_says_nothing_readable)
{
	static const char *const texts[] = {
		"", "\n", "x\n", "-5\n", "99999999999\n", "123456789012345678901234567890"
	};
	struct place p;
	pid_t holder;

	place_make(&p);
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		int fd = lock_take(p.dir, &holder);

		CASE("%s", texts[i]);
		CHECK(fd >= 0);
		CHECK_INT(ftruncate(fd, 0), 0);
		CHECK_INT(pwrite(fd, texts[i], strlen(texts[i]), 0), strlen(texts[i]));
		holder = -1;
		CHECK_INT(lock_take(p.dir, &holder), -EWOULDBLOCK);
		CHECK_INT(holder, 0);
		close(fd);
	}
	place_remove(&p);
}

TEST(places_without_a_lock)
{
	struct place p;
	pid_t holder;

	CHECK_INT(lock_take("/nonexistent", &holder), -ENOENT);
	CHECK_INT(lock_take("/dev/null", &holder), -ENOTDIR);
	place_make(&p);
	CHECK_INT(symlink("/tmp/lock-elsewhere", p.file), 0);
	CHECK_INT(lock_take(p.dir, &holder), -ELOOP);
	CHECK(access("/tmp/lock-elsewhere", F_OK) < 0);
	place_remove(&p);
}

static mode_t mode_of(const char *path)
{
	struct stat st;

	CHECK_INT(stat(path, &st), 0);
	return st.st_mode & 0777;
}

TEST(make_directory_and_its_parents)
{
	struct place p;
	char a[64], b[64], c[64];

	place_make(&p);
	umask(022);
	snprintf(a, sizeof(a), "%s/a", p.dir);
	snprintf(b, sizeof(b), "%s/a/b", p.dir);
	snprintf(c, sizeof(c), "%s/a/b/c", p.dir);
	CHECK_INT(make_directory(c, 0700), 0);
	CHECK_INT(mode_of(c), 0700);
	CHECK_INT(mode_of(b), 0755);
	CHECK_INT(make_directory(c, 0700), 0);
	CHECK_INT(make_directory(b, 0700), 0); /* what is there stays as it is */
	CHECK_INT(mode_of(b), 0755);
	CHECK_INT(rmdir(c), 0);
	close(open(c, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	strcat(c, "/d");
	CHECK_INT(make_directory(c, 0700), -ENOTDIR);
	*strrchr(c, '/') = '\0';
	unlink(c);
	rmdir(b);
	rmdir(a);
	place_remove(&p);
}
