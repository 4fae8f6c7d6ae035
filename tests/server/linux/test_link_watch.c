#include "server/linux/link_watch.h"

#include <string.h>
#include <sys/socket.h>

#include "tests/server/linux/host.h"

struct heard {
	char names[256];
	unsigned n, unknown;
};

static void hear(void *arg, struct ovd_view link)
{
	struct heard *heard = arg;

	heard->n++;
	heard->unknown += !link.p;
	if (link.p && strlen(heard->names) + link.n + 2 < sizeof(heard->names)) {
		strncat(heard->names, link.p, link.n);
		strcat(heard->names, " ");
	}
}

TEST(links_that_go)
{
	struct heard heard = { .n = 0 };
	_cleanup_(fd_closep) int fd = -1;

	host_enter();
	fd = link_watch_open();
	CHECK(fd >= 0);
	run("ip link add br0 type bridge; ip link add a0 type veth peer name a1;"
	    "ip link set a0 master br0; ip link set a0 up; ip link set br0 up");
	link_watch_read(fd, hear, &heard);
	CHECK_INT(heard.n, 0);
	run("ip link set a0 nomaster"); /* a port less, and the bridge tells so with the same word
					 */
	link_watch_read(fd, hear, &heard);
	CHECK_INT(heard.n, 0);
	run("ip link delete a0");
	link_watch_read(fd, hear, &heard);
	CHECK(strstr(heard.names, "a0 ") && strstr(heard.names, "a1 "));
	CHECK_INT(heard.n, 2);
	CHECK_INT(heard.unknown, 0);
}

TEST(more_than_it_can_hear)
{
	struct heard heard = { .n = 0 };
	_cleanup_(fd_closep) int fd = -1;
	const int least = 0;

	host_enter();
	fd = link_watch_open();
	CHECK(fd >= 0);
	CHECK_INT(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &least, sizeof(least)), 0);
	run("for i in 1 2 3 4 5 6 7 8; do ip link add b$i type bridge; ip link delete b$i; done");
	link_watch_read(fd, hear, &heard);
	CHECK_INT(heard.unknown, 1);
	CHECK(heard.n < 9);
}
