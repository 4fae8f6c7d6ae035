#include "runtime/util.h"

#include <fcntl.h>

#include "tests/check.h"

TEST(array_size)
{
	static const struct {
		char c[3];
	} rows[7];

	CHECK_INT(ARRAY_SIZE(rows), 7);
	CHECK_INT(ARRAY_SIZE(rows[0].c), 3);
}

TEST(container_of)
{
	struct outer {
		int before;
		struct inner {
			char c;
		} inner;
	} outer;

	CHECK(CONTAINER_OF(&outer.inner, struct outer, inner) == &outer);
	CHECK(CONTAINER_OF(&outer.before, struct outer, before) == &outer);
}

/* Closed once, errno as it was also where close fails. */
TEST(fd_closep)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC), was = fd;

	CHECK(fd >= 0);
	errno = ENOTTY;
	fd_closep(&fd);
	CHECK_INT(fd, -1);
	CHECK(fcntl(was, F_GETFD) < 0);
	errno = ENOTTY;
	fd = was; /* not open any more */
	fd_closep(&fd);
	CHECK_INT(errno, ENOTTY);
	fd_closep(&fd);
	CHECK_INT(fd, -1);
}

static int order[2], n_order;

static void note(int *value)
{
	order[n_order++] = *value;
}

TEST(cleanup)
{
	{
		_cleanup_(note) int first _unused_ = 1;
		_cleanup_(note) int second _unused_ = 2;
	}
	CHECK(n_order == 2 && order[0] == 2 && order[1] == 1);
	{
		_cleanup_(freep) char *nothing = NULL;
		_cleanup_(freep) char *something = malloc(4); /* the leak checker looks */

		CHECK(something && !nothing);
	}
}
