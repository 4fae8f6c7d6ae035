#include "server/linux/reaper.h"

#include "tests/server/linux/host.h"

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
	CHECK_INT(reaper_start(&r), 0);
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

TEST(the_end_waits_for_what_was_asked)
{
	_cleanup_(freep) char *before = NULL;
	struct reaper *r;

	host_enter();
	before = look(NULL);
	CHECK_INT(reaper_start(&r), 0);
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
	CHECK_INT(reaper_start(&r), 0);
	make_links("0x6f766c64");
	reaper_wake(r);
	CHECK_AS_BEFORE(NULL, before);
	reaper_stop(r);
}
