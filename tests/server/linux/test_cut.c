#include "server/linux/link.h"
#include "tests/server/linux/host.h"

static void make_pair(const char *name, const struct guest *guest)
{
	run("ip link add %s type veth peer name %sp netns %d; ip link set %s up", name, name,
	    (int)guest->pid, name);
}

/* At once nothing passes; soon the links are gone. */
TEST(both_interfaces_of_a_container)
{
	_cleanup_(freep) char *before = NULL, *text = NULL;
	struct step step = { .kind = STEP_CUT, .cut = { .host = { "v0", "v1" } } };
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
	const char *name;
	struct step_cut cut;
} gone[] = {
	{ "none", { .host = { "", "" } } },
	{ "one that is gone", { .host = { "none", "" } } },
	{ "both gone", { .host = { "none", "neither" } } },
	{ "first gone", { .host = { "none", "v0" } } },
	{ "second gone", { .host = { "v0", "none" } } },
	{ "only a second", { .host = { "", "v0" } } },
};

TEST(interfaces_that_are_gone)
{
	host_enter();
	for (size_t i = 0; i < ARRAY_SIZE(gone); i++) {
		struct linux_net *l = platform_new();
		struct step step = { .kind = STEP_CUT, .cut = gone[i].cut };
		char detail[PLAN_DETAIL_MAX] = "";

		CASE("%s", gone[i].name);
		run("ip link add v0 type veth peer name p0");
		CHECK_INT(cut_run(l, &step, detail), 0);
		reaper_wait(l->reaper);
		CHECK_INT(succeeds("ip link show v0"), i < 3);
		run("ip link del v0 || true");
		linux_net_free(&l->net);
	}
}
