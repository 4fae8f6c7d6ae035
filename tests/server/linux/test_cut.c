#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "server/linux/link.h"
#include "tests/server/linux/host.h"

#define MARK "overlayd 01234567"

static void make_pair(const char *name, const struct guest *guest)
{
	run("ip link add %s type veth peer name %sp netns %d; ip link set %s alias '" MARK
	    " container web' up",
	    name, name, (int)guest->pid, name);
}

/* At once nothing passes; soon the links are gone. */
TEST(both_interfaces_of_a_container)
{
	_cleanup_(freep) char *before = NULL, *text = NULL;
	struct step step = { .kind = STEP_CUT, .cut = { .host = { "v0", "v1" }, .mark = MARK } };
	char detail[PLAN_DETAIL_MAX] = "";
	struct linux_net *l;
	struct guest guest;
	struct link_info link;

	host_enter();
	l = platform_new();
	guest_start(&guest);
	before = look(&guest);
	make_pair("v0", &guest);
	make_pair("v1", &guest);
	make_pair("v2", &guest);
	CHECK_INT(cut_run(l, &step, detail), 0);
	text = sh("ip -o link show v0 || true"); /* there or not, but never up */
	CHECK(!strstr(text, ",UP"));
	reaper_wait(l->reaper);
	CHECK_INT(link_get(l->rtnl, "v0", &link), -ENODEV);
	CHECK_INT(link_get(l->rtnl, "v1", &link), -ENODEV);
	run("ip link show v2 | grep -q ',UP'; ip link del v2");
	CHECK_AS_BEFORE(&guest, before);
	linux_net_free(&l->net);
	guest_stop(&guest);
}

static const struct {
	const char *name, *host[2];
} gone[] = {
	{ "none", { "", "" } },
	{ "one that is gone", { "none", "" } },
	{ "both gone", { "none", "neither" } },
	{ "first gone", { "none", "v0" } },
	{ "second gone", { "v0", "none" } },
	{ "only a second", { "", "v0" } },
};

TEST(interfaces_that_are_gone)
{
	host_enter();
	for (size_t i = 0; i < ARRAY_SIZE(gone); i++) {
		struct linux_net *l = platform_new();
		struct step step = { .kind = STEP_CUT, .cut = { .mark = MARK } };
		char detail[PLAN_DETAIL_MAX] = "";

		CASE("%s", gone[i].name);
		for (size_t n = 0; n < 2; n++)
			strcpy(step.cut.host[n], gone[i].host[n]);
		run("ip link add v0 type veth peer name p0; ip link set v0 alias '" MARK
		    " container x'");
		CHECK_INT(cut_run(l, &step, detail), 0);
		reaper_wait(l->reaper);
		CHECK_INT(succeeds("ip link show v0"), i < 3);
		run("ip link del v0 || true");
		linux_net_free(&l->net);
	}
}

/* Its names went to others meanwhile. */
TEST(a_strangers_link_stays)
{
	struct step step = { .kind = STEP_CUT, .cut = { .host = { "v0", "v1" }, .mark = MARK } };
	_cleanup_(freep) char *before = NULL;
	char detail[PLAN_DETAIL_MAX] = "";
	struct linux_net *l;

	host_enter();
	l = platform_new();
	run("ip link add v0 type bridge; ip link set v0 up;"
	    "ip link add v1 type bridge; ip link set v1 alias 'overlayd 89abcdef container web'");
	before = look(NULL);
	CHECK_INT(cut_run(l, &step, detail), 0);
	reaper_wait(l->reaper);
	CHECK_AS_BEFORE(NULL, before);
	linux_net_free(&l->net);
}

/* With the first gone already. */
TEST(a_failure_is_told)
{
	struct step step = { .kind = STEP_CUT, .cut = { .host = { "none", "v0" }, .mark = MARK } };
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[2] = { { .effective = 0 } };
	char detail[PLAN_DETAIL_MAX] = "";
	struct linux_net *l;

	host_enter();
	l = platform_new();
	run("ip link add v0 type bridge; ip link set v0 alias '" MARK " container web'");
	CHECK_INT(syscall(SYS_capset, &head, none), 0);
	CHECK_INT(cut_run(l, &step, detail), -EPERM);
	linux_net_free(&l->net);
}
