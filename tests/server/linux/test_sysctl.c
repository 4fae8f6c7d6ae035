#include "server/linux/sysctl.h"

#include "tests/server/linux/host.h"

/* Every switch of forwarding and of advertisements, NAME=VALUE. */
static char *switches(void)
{
	return sh("sysctl -a 2>/dev/null | sed -n -E 's/ = /=/; "
		  "/(forwarding|accept_ra|ip_forward)=/p'");
}

/* What differs between the two, "-" and "+" lines. */
static char *difference(const char *a, const char *b)
{
	return sh("cat >/run/a <<'END'\n%sEND\ncat >/run/b <<'END'\n%sEND\n"
		  "diff -U 0 /run/a /run/b | grep '^[-+]net' || true",
		  a, b);
}

TEST(only_this_link_and_never_ip_forward)
{
	_cleanup_(freep) char *before = NULL, *after = NULL, *text = NULL;

	host_enter();
	run("ip link add d0 type bridge; ip link add d1 type bridge");
	if (!succeeds("sysctl net.ipv6.conf.d0.force_forwarding"))
		SKIP("this kernel has no force_forwarding");
	before = switches();
	CHECK_INT(sysctl_forward(NULL, "d0"), 0);
	after = switches();
	text = difference(before, after);
	CHECK_STR(text, "-net.ipv4.conf.d0.forwarding=0\n+net.ipv4.conf.d0.forwarding=1\n"
			"-net.ipv6.conf.d0.force_forwarding=0\n"
			"+net.ipv6.conf.d0.force_forwarding=1\n");
	CHECK_INT(sysctl_forward(NULL, "d0"), 0); /* again */
	CHECK_INT(sysctl_forward(NULL, "none"), -ENOENT);
}

/* A tree of the test's own in the place of the kernel's. */
static void cover_ip6(void)
{
	run("mount -t tmpfs none /proc/sys/net/ipv6");
}

static void make_ip6(const char *link, const char *forwarding, const char *accept_ra)
{
	run("d=/proc/sys/net/ipv6/conf/%s; mkdir -p $d; echo %s >$d/forwarding; echo %s "
	    ">$d/accept_ra",
	    link, forwarding, accept_ra);
}

TEST(an_older_kernel_forwards_for_all_links_and_goes_on_hearing_advertisements)
{
	_cleanup_(freep) char *text = NULL;

	host_enter();
	run("ip link add d0 type bridge");
	cover_ip6();
	make_ip6("all", "0", "1");
	make_ip6("default", "0", "1");
	make_ip6("d0", "0", "0");
	make_ip6("up0", "0", "1");
	make_ip6("up1", "0", "2");
	CHECK_INT(sysctl_forward(NULL, "d0"), 0);
	text = sh("cd /proc/sys/net/ipv6/conf; for l in *; do "
		  "echo $l $(cat $l/forwarding $l/accept_ra); done");
	CHECK_STR(text, "all 1 2\nd0 0 0\ndefault 0 2\nup0 0 2\nup1 0 2\n");
	CHECK(!succeeds("sysctl -n net.ipv4.ip_forward | grep 1"));
	run("sysctl -n net.ipv4.conf.d0.forwarding | grep 1");
}

/* Somebody else's choice. */
TEST(an_older_kernel_that_forwards_is_left_alone)
{
	_cleanup_(freep) char *text = NULL;

	host_enter();
	run("ip link add d0 type bridge");
	cover_ip6();
	make_ip6("all", "1", "1");
	make_ip6("up0", "1", "1");
	CHECK_INT(sysctl_forward(NULL, "d0"), 0);
	text = sh("cd /proc/sys/net/ipv6/conf; cat */forwarding */accept_ra | tr -d '\\n'");
	CHECK_STR(text, "1111");
}

TEST(a_kernel_without_ip6)
{
	host_enter();
	run("ip link add d0 type bridge");
	cover_ip6();
	CHECK_INT(sysctl_forward(NULL, "d0"), 0);
	run("sysctl -n net.ipv4.conf.d0.forwarding | grep 1");
}

TEST(switches_that_cannot_be_written)
{
	host_enter();
	run("ip link add d0 type bridge; ip link add d1 type bridge;"
	    "sysctl -qw net.ipv4.conf.d1.forwarding=1; mount --bind /proc/sys /proc/sys;"
	    "mount -o remount,ro,bind /proc/sys");
	CHECK_INT(sysctl_forward(NULL, "d0"), -EROFS);
}
