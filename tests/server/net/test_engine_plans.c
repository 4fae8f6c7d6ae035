/* What the engine decides, carried out on a platform in memory, also with every step failing in
 * turn. */
#include <stdio.h>

#include "tests/check.h"
#include "tests/server/net/world.h"

static void check_text(struct world *w, const char *want)
{
	CHECK_STR(net_fake_text(&w->fake), want);
}

TEST(slice_holds_node_and_services)
{
	struct world w;
	struct ovd_ip ip;

	world_init(&w);
	CHECK_INT(world_setup(&w, "10.200.0.0/16", "10.200.4.0/24", 51820), 0);
	CHECK_INT(world_service(&w, "web", SERVICE_AUTO), 0);
	CHECK_INT(world_attach(&w, 7, 0x1234, "web", true, false, &ip), 0);
	check_text(&w, "bridge zl-8a3d9b380b-b 10.200.4.129/26\n"
		       "firewall\n"
		       "port zl-00001234-0 10.200.4.130\n"
		       "port zl-00001234-1 10.200.4.2\n"
		       "prefix 10.200.4.0/26\n"
		       "prefix 10.200.4.128/26\n"
		       "tunnel zl-9eae6e0a9b-g 10.200.4.1/16 port 51820\n");
	CHECK_INT(world_detach(&w, 7), 0);
	CHECK_INT(world_unservice(&w, "web"), 0);
	CHECK_INT(world_teardown(&w), 0);
	check_text(&w, "firewall\n");
	world_done(&w);
}

/* The reference's blocks and names for the same key, where there is no slice. */
TEST(fallback_is_the_references)
{
	struct world w;

	world_init(&w);
	CHECK_INT(world_setup(&w, "10.200.0.0/16", NULL, 0), 0);
	CHECK_INT(world_service(&w, "web", SERVICE_AUTO), 0);
	CHECK_INT(world_service(&w, "db", SERVICE_AUTO), 0);
	CHECK_INT(world_service(&w, "s", SERVICE_SHARED), 0);
	CHECK(strstr(net_fake_text(&w.fake), "prefix 10.200.187.128/26\n"));
	CHECK(strstr(net_fake_text(&w.fake), "prefix 10.200.243.0/26\n"));
	CHECK(strstr(net_fake_text(&w.fake), "bridge zl-4b7a5fbb3-sh 10.200.90.65/26\n"));
	world_done(&w);
}

TEST(fallback_avoids_peers)
{
	struct world w;

	world_init(&w);
	CHECK_INT(world_setup(&w, "10.200.0.0/16", NULL, 0), 0);
	CHECK_INT(world_peer(&w, 9, "10.200.187.0/24"), 0);
	CHECK_INT(world_service(&w, "web", SERVICE_AUTO), 0);
	CHECK(!strstr(net_fake_text(&w.fake), "prefix 10.200.187."));
	world_done(&w);
}

TEST(full_slice_is_an_error_that_names_it)
{
	struct world w;

	world_init(&w);
	CHECK_INT(world_setup(&w, "10.200.0.0/16", "10.200.4.0/25", 0), 0);
	CHECK_INT(world_service(&w, "a", SERVICE_AUTO), 0);
	CHECK_INT(world_service(&w, "b", SERVICE_AUTO), -ENOSPC);
	CHECK(strstr(engine_reason(w.e), "slice 10.200.4.0/25"));
	world_done(&w);
}

TEST(a_block_has_61_containers)
{
	struct world w;
	struct ovd_ip ip;

	world_init(&w);
	CHECK_INT(world_setup(&w, "10.200.0.0/16", "10.200.4.0/24", 0), 0);
	CHECK_INT(world_service(&w, "web", SERVICE_AUTO), 0);
	for (uint32_t i = 0; i < 61; i++)
		CHECK_INT(world_attach(&w, 100 + i, 100 + i, "web", false, false, &ip), 0);
	CHECK_INT(world_attach(&w, 500, 500, "web", false, false, &ip), -ENOSPC);
	CHECK_INT(world_detach(&w, 130), 0);
	CHECK_INT(world_attach(&w, 500, 500, "web", false, false, &ip), 0);
	world_done(&w);
}

TEST(peers_wait_for_the_tunnel)
{
	struct world w;

	world_init(&w);
	CHECK_INT(world_peer(&w, 1, "172.30.0.0/16"), 0);
	CHECK_INT(world_setup(&w, "10.200.0.0/16", "10.200.4.0/24", 0), 0);
	CHECK(strstr(net_fake_text(&w.fake), "route 172.30.0.0/16\n"));
	CHECK_INT(world_unpeer(&w, 1), 0);
	CHECK(!strstr(net_fake_text(&w.fake), "route"));
	world_done(&w);
}

TEST(a_prefix_has_one_peer)
{
	struct world w;

	world_init(&w);
	CHECK_INT(world_peer(&w, 1, "10.200.9.0/24"), 0);
	CHECK_INT(world_peer(&w, 2, "10.200.9.0/24"), 0);
	CHECK_INT(world_unpeer(&w, 2), 0);
	CHECK_INT(engine_peer_count(w.e), 1);
	world_done(&w);
}

TEST(own_key_and_default_routes_are_refused)
{
	struct world w;

	world_init(&w);
	CHECK_INT(world_peer(&w, 1, "0.0.0.0/0"), -EINVAL);
	CHECK_INT(world_peer(&w, 1, "::/0"), -EINVAL);
	CHECK_INT(engine_peer_count(w.e), 0);
	world_done(&w);
}

TEST(attach_again_and_otherwise)
{
	struct world w;
	struct ovd_ip first, again;

	world_init(&w);
	CHECK_INT(world_setup(&w, "10.200.0.0/16", "10.200.4.0/24", 0), 0);
	CHECK_INT(world_service(&w, "web", SERVICE_AUTO), 0);
	CHECK_INT(world_service(&w, "db", SERVICE_AUTO), 0);
	CHECK_INT(world_attach(&w, 7, 70, "web", false, false, &first), 0);
	CHECK_INT(world_attach(&w, 7, 70, "web", false, false, &again), 0);
	CHECK(ip_eq(&first, &again));
	CHECK_INT(world_attach(&w, 7, 70, "db", false, false, &again), -EEXIST);
	CHECK_INT(world_attach(&w, 7, 70, "web", true, false, &again), -EEXIST);
	CHECK_INT(world_attach(&w, 8, 70, "web", false, false, &again),
		  -EEXIST); /* the same namespace, by a process that lives */
	CHECK_INT(world_attach(&w, 7, 71, "web", false, false, &again),
		  -EEXIST); /* the pid is another's, but the old one lives */
	CHECK_INT(world_attach(&w, 7, 71, "db", false, true, &again),
		  0); /* it is gone: its record makes way */
	CHECK_INT(engine_attachment_count(w.e), 1);
	CHECK(!strstr(net_fake_text(&w.fake), "port zl-00000046-0"));
	world_done(&w);
}

TEST(lent_addresses)
{
	struct world w;
	struct ovd_ip ip, gateway, foreign;

	world_init(&w);
	CHECK_INT(engine_lend(w.e, view("web"), &ip), -ENOENT);
	CHECK_INT(world_setup(&w, "10.200.0.0/16", "10.200.4.0/24", 0), 0);
	CHECK_INT(engine_lend(w.e, view("web"), &ip), 0);
	CHECK_INT(engine_return(w.e, &ip), 0);
	CHECK_INT(engine_return(w.e, &ip), -EALREADY);
	ip_parse(view("10.200.4.1"), &gateway);
	ip_parse(view("192.0.2.1"), &foreign);
	CHECK_INT(engine_return(w.e, &gateway), -EBUSY);
	CHECK_INT(engine_return(w.e, &foreign), -EALREADY);
	CHECK_INT(world_service(&w, "web", SERVICE_AUTO), 0);
	CHECK_INT(world_attach(&w, 7, 70, "web", false, false, &ip), 0);
	CHECK_INT(engine_return(w.e, &ip), -EBUSY);
	world_done(&w);
}

TEST(setup_on_a_live_overlay)
{
	struct world w;
	struct ovd_ip ip;

	world_init(&w);
	CHECK_INT(world_setup(&w, "10.200.0.0/16", "10.200.4.0/24", 1), 0);
	CHECK_INT(world_setup(&w, "10.200.0.0/16", "10.200.4.0/24", 1), 0);
	CHECK(strstr(net_fake_text(&w.fake), "port 1\n"));
	CHECK_INT(world_setup(&w, "10.200.0.0/16", "10.200.4.0/24", 2), 0);
	CHECK(strstr(net_fake_text(&w.fake), "port 2\n"));
	CHECK_INT(engine_lend(w.e, view(""), &ip), 0);
	CHECK_INT(world_setup(&w, "10.200.0.0/16", "10.200.5.0/24", 2),
		  -EBUSY); /* an address of the old block is out */
	CHECK_INT(engine_return(w.e, &ip), 0);
	CHECK_INT(world_setup(&w, "10.200.0.0/16", "10.200.5.0/24", 2), 0);
	CHECK(strstr(net_fake_text(&w.fake), "10.200.5.1/16"));
	CHECK(!strstr(net_fake_text(&w.fake), "prefix 10.200.4.0"));
	world_done(&w);
}

TEST(wrong_ranges)
{
	struct world w;

	world_init(&w);
	CHECK_INT(world_setup(&w, "10.200.0.0/16", "10.201.0.0/24", 0), -EINVAL);
	CHECK(strstr(engine_reason(w.e),
		     "slice_cidr 10.201.0.0/24 is not inside cluster_cidr 10.200.0.0/16"));
	CHECK_INT(world_setup(&w, "10.200.0.0/32", NULL, 0), -EINVAL);
	CHECK_INT(world_setup(&w, "10.200.0.0/16", "10.200.0.0/32", 0), -EINVAL);
	check_text(&w, "");
	world_done(&w);
}

TEST(stop_leaves_what_containers_use)
{
	struct world w;
	struct ovd_ip ip;
	struct plan plan = { .n = 0 };
	struct intent *intent = NULL;

	world_init(&w);
	CHECK_INT(world_setup(&w, "10.200.0.0/16", "10.200.4.0/24", 0), 0);
	CHECK_INT(world_service(&w, "web", SERVICE_AUTO), 0);
	CHECK_INT(world_service(&w, "db", SERVICE_AUTO), 0);
	CHECK_INT(world_attach(&w, 7, 70, "web", false, false, &ip), 0);
	CHECK_INT(world_carry_out(&w, engine_stop(w.e, &plan, &intent), &plan, &intent), 0);
	CHECK(strstr(net_fake_text(&w.fake), "bridge zl-8a3d9b380b-b"));
	CHECK(strstr(net_fake_text(&w.fake), "port zl-00000046-0"));
	CHECK(!strstr(net_fake_text(&w.fake), "tunnel") &&
	      !strstr(net_fake_text(&w.fake), "firewall"));
	world_done(&w);
}

/* ---- every step fails in turn ---- */

/* The same scene each time; the last act is the one that fails. Returns what it returned. */
static int play(struct world *w, int act, int fail_at, char before[FAKE_THINGS_MAX * 192])
{
	struct ovd_ip ip;
	int r = 0;

	CHECK_INT(world_peer(w, 3, "172.31.0.0/16"), 0);
	if (act == 5)
		CHECK_INT(world_service(w, "web", SERVICE_AUTO), 0);
	if (act > 0)
		CHECK_INT(world_setup(w, "10.200.0.0/16", "10.200.4.0/24", 1), 0);
	if (act > 1 && act < 5)
		CHECK_INT(world_service(w, "web", SERVICE_AUTO), 0);
	if (act > 2 && act < 5)
		CHECK_INT(world_attach(w, 7, 70, "web", true, false, &ip), 0);
	snprintf(before, FAKE_THINGS_MAX * 192, "%s", net_fake_text(&w->fake));
	w->fake.steps = 0;
	w->fake.fail_at = fail_at;
	switch (act) {
	case 0:
		r = world_setup(w, "10.200.0.0/16", "10.200.4.0/24", 1);
		break;
	case 1:
	case 5: /* it moves */
		r = world_service(w, "web", SERVICE_AUTO);
		break;
	case 2:
		r = world_attach(w, 7, 70, "web", true, false, &ip);
		break;
	case 3:
		r = world_setup(w, "10.200.0.0/16", "10.200.4.0/24", 9);
		break;
	case 4:
		r = world_peer(w, 4, "172.30.0.0/16");
		break;
	}
	w->fake.fail_at = -1;
	return r;
}

TEST(every_step_failing_leaves_all_as_it_was)
{
	static char before[FAKE_THINGS_MAX * 192];

	for (int act = 0; act <= 5; act++)
		for (int fail_at = 0;; fail_at++) {
			struct world w;
			struct ovd_ip ip;
			int r;

			CASE("act %d, step %d fails", act, fail_at);
			world_init(&w);
			r = play(&w, act, fail_at, before);
			if (r == 0) { /* no step left to fail */
				CHECK(fail_at > 0);
				world_done(&w);
				break;
			}
			CHECK_INT(r, -ENOBUFS);
			if (act == 0) { /* only the table may stay: it lets nothing more through
					   than before */
				CHECK(strcmp(net_fake_text(&w.fake), before) == 0 ||
				      strcmp(net_fake_text(&w.fake), "firewall\n") == 0);
				CHECK_STR(engine_global(w.e).link, "");
			} else {
				check_text(&w, before);
			}
			/* and it works afterwards, with the first address again */
			CHECK_INT(world_setup(&w, "10.200.0.0/16", "10.200.4.0/24", 1), 0);
			CHECK_INT(world_service(&w, "web", SERVICE_AUTO), 0);
			CHECK_INT(world_attach(&w, 7, 70, "web", true, false, &ip), 0);
			world_done(&w);
		}
}
