#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>

#include "tests/server/linux/host.h"

#define MARK  "overlayd 01234567"
#define FOUND 8

struct found {
	struct net_container items[FOUND];
	size_t n;
};

static void take(void *arg, const struct net_container *c)
{
	struct found *found = arg;

	CHECK(found->n < FOUND);
	found->items[found->n++] = *c;
}

static uint64_t number_of(const struct guest *guest)
{
	struct stat st;

	CHECK_INT(fstat(guest->netns, &st), 0);
	return st.st_ino;
}

/* The i-th interface of a container. */
static void connect_guest(const struct guest *guest, int i, const char *ip, const char *more)
{
	run("ip link add zl-%08x-%d index %d type veth peer name net%d netns %d;"
	    "ip link set zl-%08x-%d alias '" MARK " container web'; %s ip addr add %s dev net%d;"
	    "%s",
	    (unsigned)number_of(guest), i, 1000000 + i, i, (int)guest->pid,
	    (unsigned)number_of(guest), i, IN(guest), ip, i, more);
}

static struct found look_for(struct linux_net *l)
{
	struct found found = { .n = 0 };

	CHECK_INT(read_containers(l, MARK, take, &found), 0);
	return found;
}

TEST(a_container_is_known_by_its_oldest_process)
{
	struct found found;
	struct guest guest;
	struct linux_net *l;
	char name[LINK_NAME_MAX];

	host_enter();
	l = platform_new();
	CHECK_INT(look_for(l).n, 0);
	guest_start(&guest);
	run("ip link add zl-web-b type bridge; sleep 0.02; %s sleep 100 >/dev/null 2>&1 &",
	    IN(&guest));
	connect_guest(&guest, 1, "10.200.4.2/32", "");
	connect_guest(&guest, 0, "fd00::3/120", "");
	run("ip link set zl-%08x-0 master zl-web-b; %s ip link set net0 up",
	    (unsigned)number_of(&guest), IN(&guest));
	run("ip link add zl-0badcafe-0 type veth peer name other0"); /* somebody else's */
	found = look_for(l);
	CHECK_INT(found.n, 1);
	CHECK_INT(found.items[0].owner.pid, guest.pid);
	CHECK_U64(found.items[0].owner.netns_ino, number_of(&guest));
	CHECK(found.items[0].owner.start_time > 0);
	CHECK_INT(found.items[0].owner.netns, -1);
	CHECK_STR(found.items[0].path, "");
	snprintf(name, sizeof(name), "zl-%08x-0", (unsigned)number_of(&guest));
	CHECK_STR(found.items[0].host, name);
	CHECK_STR(found.items[0].bridge, "zl-web-b");
	CHECK_STR(found.items[0].alias, MARK " container web");
	CHECK_STR(found.items[0].interface, "net0");
	CHECK(ip_eq(&found.items[0].ip, &(struct ovd_ip){ .len = 16, .b = { 0xfd, [15] = 3 } }));
	CHECK(ip_eq(&found.items[0].joined_ip,
		    &(struct ovd_ip){ .len = 4, .b = { 10, 200, 4, 2 } }));
	run("%s pkill -x sleep", IN(&guest));
	guest_stop(&guest);
	linux_net_free(&l->net);
}

TEST(a_namespace_without_a_process_is_known_by_its_file)
{
	struct found found;
	struct guest guest;
	struct linux_net *l;
	struct stat st;

	host_enter();
	run("mount -t tmpfs none /run; mkdir /run/netns; touch /run/netns/a");
	l = platform_new();
	guest_start(&guest);
	connect_guest(&guest, 0, "10.200.4.130/26", "");
	run("mount --bind /proc/%d/ns/net /run/netns/a", (int)guest.pid);
	kill(guest.pid, SIGKILL);
	CHECK(succeeds("while [ -e /proc/%d/ns/net ]; do sleep 0.01; done", (int)guest.pid));
	found = look_for(l);
	CHECK_INT(found.n, 1);
	CHECK_INT(found.items[0].owner.pid, 0);
	CHECK_U64(found.items[0].owner.netns_ino, number_of(&guest));
	CHECK_STR(found.items[0].path, "/run/netns/a");
	run("umount -l /run/netns/a");
	found = look_for(l);
	CHECK_INT(found.n, 1);
	CHECK_STR(found.items[0].path, ""); /* nobody knows whose it is, only what it has */
	CHECK_U64(found.items[0].owner.netns_ino, number_of(&guest)); /* and where it is */
	CHECK(fstat(guest.netns, &st) == 0 && found.items[0].owner.netns_dev == st.st_dev);
	CHECK(ip_eq(&found.items[0].ip, &(struct ovd_ip){ .len = 4, .b = { 10, 200, 4, 130 } }));
	guest_stop(&guest);
	linux_net_free(&l->net);
}
