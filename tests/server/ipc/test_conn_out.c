#include <unistd.h>

#include "server/ipc/server_state.h"
#include "tests/check.h"
#include "tests/server/ipc/rig.h"

#define ANSWER (512u * 1024)
#define UNREAD 8 /* answers */

/* Its answers never stop, and it reads them all, but for the last few. */
TEST(what_is_read_is_not_kept)
{
	const struct conn *c;
	struct rig r;
	int fd;

	rig_start(&r);
	fd = rig_connect(&r);
	r.n_big = ANSWER;
	for (unsigned i = 0; i < UNREAD; i++)
		rig_ask(&r, fd, i, OP_BIG);
	for (unsigned i = 0; i < 10 * UNREAD; i++) {
		while (r.handled < i + UNREAD)
			uv_run(&r.loop, UV_RUN_ONCE);
		rig_expect(&r, fd, i, "\"bridge_name\"");
		c = r.server->conns;
		CHECK(conn_unwritten(c) > 0);
		CHECK(c->out.n < 3 * UNREAD * ANSWER);
		rig_ask(&r, fd, i + UNREAD, OP_BIG);
	}
	close(fd);
	rig_stop(&r);
}
