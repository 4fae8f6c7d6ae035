#include "server/linux/reaper.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "tests/server/linux/host.h"

/* Stands before libc's: the time of day is an hour ahead, and then it is set right. */
int clock_gettime(clockid_t id, struct timespec *ret)
{
	long r = syscall(SYS_clock_gettime, id, ret);

	if (id == CLOCK_REALTIME)
		ret->tv_sec += 3600;
	return (int)r;
}

static atomic_bool fail_next_deletion;

/* Likewise: the next deletion of one link by its index fails. */
ssize_t send(int fd, const void *p, size_t n, int flags)
{
	const struct nlmsghdr *h = p;
	const struct ifinfomsg *info = NLMSG_DATA(h);

	if (h->nlmsg_type == RTM_DELLINK && info->ifi_index &&
	    atomic_exchange(&fail_next_deletion, false)) {
		errno = ENOBUFS;
		return -1;
	}
	return sendto(fd, p, n, flags, NULL, 0);
}

#define LINKS 40

static void make_links(const char *group)
{
	run("for i in $(seq %d); do echo link add v$i group %s type veth peer name p$i; done |"
	    "ip -batch -",
	    LINKS, group);
}

TEST(only_the_group_and_all_of_it)
{
	_cleanup_(freep) char *before = NULL;
	struct reaper *r;

	host_enter();
	run("ip link add kept group 7 type bridge");
	before = look(NULL);
	CHECK_INT(reaper_start(NULL, &r), 0);
	reaper_wait(r); /* nothing was asked */
	make_links("0x6f766c64");
	reaper_wait(r);
	run("ip link show v1"); /* nobody said that they are there */
	reaper_wake(r);
	reaper_wait(r);
	CHECK_AS_BEFORE(NULL, before);
	reaper_wake(r); /* nothing is there */
	reaper_wait(r);
	reaper_stop(r);
	CHECK_AS_BEFORE(NULL, before);
}

TEST(one_by_one)
{
	struct reaper *r;

	host_enter();
	run("for i in 1 2 3 4; do ip link add b$i index 10$i type bridge; done");
	CHECK_INT(reaper_start(NULL, &r), 0);
	reaper_wait_for(r, 104); /* nobody wants it to go */
	CHECK_INT(reaper_take(r, 101), 0);
	CHECK_INT(reaper_take(r, 102), 0);
	CHECK_INT(reaper_take(r, 103), 0);
	CHECK_INT(reaper_take(r, 103), -EALREADY);
	reaper_wait_for(r, 103);
	CHECK(!succeeds("ip link show b3"));
	CHECK_INT(reaper_finish(r), 0);
	CHECK(!succeeds("ip link show b1") && !succeeds("ip link show b2"));
	CHECK_INT(reaper_take(r, 103), 0); /* gone already */
	CHECK_INT(reaper_finish(r), 0);
	CHECK_INT(reaper_take(r, 104), 0);
	reaper_stop(r);
	CHECK(!succeeds("ip link show b4"));
}

TEST(one_that_cannot_go)
{
	struct reaper *r;

	host_enter();
	CHECK_INT(reaper_start(NULL, &r), 0);
	CHECK_INT(reaper_take(r, 1), 0); /* lo */
	CHECK_INT(reaper_finish(r), -EOPNOTSUPP);
	run("ip link add index 105 b5 type bridge");
	CHECK_INT(reaper_take(r, 105), 0);
	CHECK_INT(reaper_finish(r), -EOPNOTSUPP); /* of the other */
	CHECK(!succeeds("ip link show b5"));
	reaper_wait_for(r, 1); /* it may stay */
	CHECK_INT(reaper_finish(r), 0);
	reaper_stop(r);
}

TEST(one_that_can_go_later)
{
	struct reaper *r;

	host_enter();
	run("ip link add index 106 b6 type bridge; ip link add index 107 b7 type bridge");
	CHECK_INT(reaper_start(NULL, &r), 0);
	fail_next_deletion = true;
	CHECK_INT(reaper_take(r, 106), 0);
	CHECK_INT(reaper_finish(r), -ENOBUFS);
	CHECK_INT(reaper_take(r, 107), 0);
	for (int i = 0; i < 500 && reaper_finish(r) < 0; i++)
		usleep(10000);
	CHECK(!succeeds("ip link show b6") && !succeeds("ip link show b7"));
	reaper_stop(r);
}

TEST(the_end_waits_for_what_was_asked)
{
	_cleanup_(freep) char *before = NULL;
	struct reaper *r;

	host_enter();
	before = look(NULL);
	CHECK_INT(reaper_start(NULL, &r), 0);
	make_links("0x6f766c64");
	reaper_wake(r);
	reaper_stop(r);
	CHECK(!succeeds("ip link show v%d", LINKS));
	CHECK_AS_BEFORE(NULL, before);
	reaper_stop(NULL);
}

TEST(without_being_waited_for)
{
	_cleanup_(freep) char *before = NULL;
	struct reaper *r;

	host_enter();
	before = look(NULL);
	CHECK_INT(reaper_start(NULL, &r), 0);
	make_links("0x6f766c64");
	reaper_wake(r);
	CHECK_AS_BEFORE(NULL, before);
	reaper_stop(r);
}

/* lo is a link that no one can delete, and the kernel then deletes none of the group. */
TEST(what_cannot_be_deleted_is_told_and_tried_again)
{
	struct log *log = log_new(LOG_WARN, LOG_TEXT);
	_cleanup_(freep) char *before = NULL;
	struct reaper *r;

	host_enter();
	CHECK(freopen("/run/said", "w", stderr)); /* the log's other end */
	CHECK_INT(log_open_file(log, "/run/log"), 0);
	before = look(NULL);
	CHECK_INT(reaper_start(log, &r), 0);
	make_links("0x6f766c64");
	run("ip link set lo group 0x6f766c64");
	reaper_wake(r);
	reaper_wait(r);
	reaper_wake(r);
	reaper_wait(r);
	run("ip link show v1; ip link set lo group default");
	CHECK_AS_BEFORE(NULL, before); /* nobody woke it */
	reaper_wait(r);
	reaper_stop(r);
	run("grep -c . /run/log | grep -x 1; grep \"can't be deleted yet\" /run/log");
	log_free(log);
}
