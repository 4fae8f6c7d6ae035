#include "server/linux/setting.h"

#include <stdio.h>
#include <sys/stat.h>

#include "server/linux/sysctl.h"
#include "tests/server/linux/host.h"

#define FORWARDING "net/ipv4/conf/up0/forwarding"

static struct store *open_store(void)
{
	const struct store_options options = { .data_dir = "/run",
					       .run_dir = "/run/run",
					       .boot_id = "one" };
	struct store_moved moved;
	struct store *store;

	mkdir("/run/run", 0755);
	CHECK_INT(store_open(&options, &store, &moved), 0);
	return store;
}

static int count_one(void *arg, const struct state_record *record _unused_)
{
	++*(int *)arg;
	return 0;
}

static int count(struct store *store)
{
	int n = 0;

	CHECK_INT(store_each(store, STATE_RECORD_SETTING, count_one, &n), 0);
	return n;
}

static void back(struct store *store)
{
	char detail[256] = "";

	CHECK_INT(settings_restore(store, detail), 0);
	CHECK_STR(detail, "");
	CHECK_INT(count(store), 0);
}

static void check_says(const char *want)
{
	char text[SETTING_MAX];

	CHECK_INT(setting_read(FORWARDING, text), 0);
	CHECK_STR(text, want);
}

static struct store *begin(void)
{
	host_enter();
	run("ip link add up0 type bridge; ip link add up1 type bridge");
	return open_store();
}

TEST(what_was_changed_goes_back)
{
	struct store *store = begin();

	CHECK_INT(setting_change(store, FORWARDING, "1"), 0);
	check_says("1");
	CHECK_INT(setting_change(store, FORWARDING, "1"), 0); /* again */
	CHECK_INT(count(store), 1);
	back(store);
	check_says("0");
	store_close(store);
}

TEST(what_was_so_already_is_not_ours)
{
	struct store *store = begin();

	run("sysctl -qw net.ipv4.conf.up0.forwarding=1");
	CHECK_INT(setting_change(store, FORWARDING, "1"), 0);
	CHECK_INT(count(store), 0);
	back(store);
	check_says("1");
	store_close(store);
}

TEST(what_somebody_changed_since_stays)
{
	struct store *store = begin();

	CHECK_INT(setting_change(store, FORWARDING, "1"), 0);
	run("sysctl -qw net.ipv4.conf.up0.forwarding=7");
	back(store);
	check_says("7");
	store_close(store);
}

/* As container engines do, who count on it afterwards. */
TEST(what_somebody_turned_on_for_all_stays)
{
	struct store *store = begin();

	CHECK_INT(setting_change(store, FORWARDING, "1"), 0);
	run("sysctl -qw net.ipv4.ip_forward=1");
	back(store);
	check_says("1");
	run("sysctl -qw net.ipv4.conf.up0.forwarding=0"); /* for all but this one */
	CHECK_INT(setting_change(store, FORWARDING, "1"), 0);
	back(store);
	check_says("0");
	store_close(store);
}

TEST(nothing_goes_back_twice)
{
	struct store *store = begin();

	CHECK_INT(setting_change(store, FORWARDING, "1"), 0);
	back(store);
	run("sysctl -qw net.ipv4.conf.up0.forwarding=1");
	back(store);
	check_says("1");
	store_close(store);
}

TEST(a_daemon_that_died_left_it_to_the_next_one)
{
	struct store *store = begin();

	CHECK_INT(setting_change(store, FORWARDING, "1"), 0);
	store_close(store);
	store = open_store();
	CHECK_INT(setting_change(store, FORWARDING, "1"), 0);
	back(store);
	check_says("0");
	store_close(store);
}

/* Written down, and dead before it was changed: then it is not as we left it. */
TEST(it_is_written_down_before_it_is_changed)
{
	struct store *store = begin();

	run("mount --bind /proc/sys /proc/sys; mount -o remount,ro,bind /proc/sys");
	CHECK_INT(setting_change(store, FORWARDING, "1"), -EROFS);
	CHECK_INT(count(store), 1);
	back(store);
	check_says("0");
	store_close(store);
}

TEST(what_cannot_be_put_back_is_named_and_remembered)
{
	struct store *store = begin();
	char detail[256] = "";

	CHECK_INT(setting_change(store, FORWARDING, "1"), 0);
	run("mount --bind /proc/sys /proc/sys; mount -o remount,ro,bind /proc/sys");
	CHECK_INT(settings_restore(store, detail), -EROFS);
	CHECK_STR(detail, FORWARDING);
	CHECK_INT(count(store), 1);
	store_close(store);
}

TEST(a_link_that_is_gone)
{
	struct store *store = begin();

	CHECK_INT(setting_change(store, FORWARDING, "1"), 0);
	run("ip link del up0");
	back(store);
	store_close(store);
}

static char *switches(void)
{
	return sh("sysctl -a 2>/dev/null | sed -n -E 's/ = /=/; "
		  "/(forwarding|accept_ra|ip_forward)=/p'");
}

/* As kernels before 6.17 have it: the switch for all links turns those of the links, and back. */
TEST(an_older_kernel_is_as_it_was)
{
	_cleanup_(freep) char *before = NULL, *after = NULL;
	struct store *store = begin();

	run("sysctl -qw net.ipv6.conf.up0.forwarding=1; sysctl -qw net.ipv6.conf.up1.accept_ra=1;"
	    "f=/proc/sys/net/ipv6/conf/up1/force_forwarding; [ ! -e $f ] || mount --bind /dev/null "
	    "$f");
	before = switches();
	CHECK_INT(sysctl_forward(store, "up1"), 0);
	run("[ $(cat /proc/sys/net/ipv6/conf/all/forwarding /proc/sys/net/ipv6/conf/up1/forwarding "
	    "| tr -d '\\n') = 11 ];"
	    "[ $(cat /proc/sys/net/ipv6/conf/up1/accept_ra) = 2 ]");
	back(store);
	after = switches();
	CHECK_STR(after, before);
	store_close(store);
}

TEST(a_link_of_ours_takes_its_switches_with_it)
{
	struct store *store = begin();

	if (!succeeds("[ -e /proc/sys/net/ipv6/conf/up0/force_forwarding ]"))
		SKIP("this kernel has no force_forwarding");
	run("ip link add zl-x type bridge");
	CHECK_INT(sysctl_forward(store, "zl-x"), 0);
	CHECK_INT(count(store), 0);
	CHECK_INT(sysctl_forward(store, "up0"), 0);
	CHECK(count(store) >= 1);
	store_close(store);
}

TEST(values_that_are_none_of_ours)
{
	char text[SETTING_MAX];

	host_enter();
	CHECK_INT(setting_read("net/none", text), -ENOENT);
	CHECK_INT(setting_read("net/ipv4/tcp_available_congestion_control/x", text), -ENOTDIR);
	run("mount -t tmpfs none /proc/sys/net/ipv6; cd /proc/sys/net/ipv6;"
	    "printf 0123456789012345678901234567890 >31; printf 01234567890123456789012345678901 "
	    ">32");
	CHECK_INT(setting_read("net/ipv6/31", text), 0);
	CHECK_STR(text, "0123456789012345678901234567890");
	CHECK_INT(setting_read("net/ipv6/32", text), -EMSGSIZE);
}
