/* What the engine decides, carried out on a platform in memory: with every step failing in turn, and at random. */
#include <stdio.h>
#include <stdlib.h>

#include "server/engine/engine.h"
#include "server/net/plan_run.h"
#include "tests/server/net/net_fake.h"
#include "tests/check.h"

struct world {
	struct engine *e;
	struct net_fake fake;
};

static struct ovd_cidr cidr(const char *text)
{
	struct ovd_cidr value;

	CHECK_INT(cidr_parse(view(text), &value), 0);
	return value;
}

static void world_init(struct world *w)
{
	static const struct ovd_key private_key = { { 1 } }, public_key = { { 0xab, 0xcd, 0xef, 0x12 } };

	w->e = engine_new(&private_key, &public_key);
	CHECK(w->e);
	net_fake_init(&w->fake);
}

static void world_done(struct world *w)
{
	engine_free(w->e);
}

/* What the engine answers is carried out, or not. Returns what the caller of the daemon would see. */
static int carry_out(struct world *w, int r, struct plan *plan, struct intent **intent)
{
	if (r < 0) {
		plan_done(plan);
		return r == -EALREADY ? 0 : r;
	}
	r = plan_run(&w->fake.net, plan);
	if (r < 0)
		engine_drop(w->e, *intent);
	else
		engine_commit(w->e, *intent);
	plan_done(plan);
	return r;
}

static int setup(struct world *w, const char *cluster, const char *slice, uint16_t port)
{
	struct global_spec spec = { .deployment = VIEW_LITERAL("zlayer"), .instance = VIEW_LITERAL("12345"), .port = port };
	struct plan plan = { .n = 0 };
	struct intent *intent = NULL;

	spec.cluster = cidr(cluster);
	spec.has_slice = slice;
	if (slice)
		spec.slice = cidr(slice);
	return carry_out(w, engine_global_setup(w->e, &spec, &plan, &intent), &plan, &intent);
}

static int teardown(struct world *w)
{
	struct plan plan = { .n = 0 };
	struct intent *intent = NULL;

	return carry_out(w, engine_global_teardown(w->e, &plan, &intent), &plan, &intent);
}

static int service(struct world *w, const char *name, enum service_mode mode)
{
	struct plan plan = { .n = 0 };
	struct intent *intent = NULL;

	return carry_out(w, engine_service_setup(w->e, view(name), mode, &plan, &intent), &plan, &intent);
}

static int unservice(struct world *w, const char *name)
{
	struct plan plan = { .n = 0 };
	struct intent *intent = NULL;

	return carry_out(w, engine_service_teardown(w->e, view(name), &plan, &intent), &plan, &intent);
}

static bool all_gone(const void *arg _unused_, const struct owner *owner _unused_)
{
	return true;
}

static bool none_gone(const void *arg _unused_, const struct owner *owner _unused_)
{
	return false;
}

static int attach(struct world *w, uint32_t pid, uint64_t netns, const char *name, bool join, bool gone, struct ovd_ip *ret)
{
	struct attach_spec spec = {
		.owner = { .netns_dev = 4, .netns_ino = netns, .start_time = netns * 7, .pid = pid, .netns = -1 },
		.service = view(name),
		.join_global = join,
	};
	struct plan plan = { .n = 0 };
	struct intent *intent = NULL;

	return carry_out(w, engine_attach(w->e, &spec, gone ? all_gone : none_gone, NULL, &plan, &intent, ret), &plan, &intent);
}

static int reap(struct world *w)
{
	struct plan plan = { .n = 0 };
	struct intent *intent = NULL;

	return carry_out(w, engine_service_reap(w->e, &plan, &intent), &plan, &intent);
}

static int detach(struct world *w, uint32_t pid)
{
	struct plan plan = { .n = 0 };
	struct intent *intent = NULL;

	return carry_out(w, engine_detach(w->e, pid, &plan, &intent), &plan, &intent);
}

static int peer(struct world *w, uint8_t number, const char *allowed)
{
	const struct ovd_cidr list[] = { cidr(allowed) };
	struct peer_spec spec = { .key = { { number } }, .allowed = list, .n_allowed = 1 };
	struct tunnel_change change;
	struct plan plan = { .n = 0 };
	struct intent *intent = NULL;

	return carry_out(w, engine_peer_set(w->e, &spec, &plan, &change, &intent), &plan, &intent);
}

static int unpeer(struct world *w, uint8_t number)
{
	const struct ovd_key key = { { number } };
	struct tunnel_change change;
	struct plan plan = { .n = 0 };
	struct intent *intent = NULL;

	return carry_out(w, engine_peer_remove(w->e, &key, &plan, &change, &intent), &plan, &intent);
}

static void check_text(struct world *w, const char *want)
{
	CHECK_STR(net_fake_text(&w->fake), want);
}

TEST(slice_holds_node_and_services)
{
	struct world w;
	struct ovd_ip ip;

	world_init(&w);
	CHECK_INT(setup(&w, "10.200.0.0/16", "10.200.4.0/24", 51820), 0);
	CHECK_INT(service(&w, "web", SERVICE_AUTO), 0);
	CHECK_INT(attach(&w, 7, 0x1234, "web", true, false, &ip), 0);
	check_text(&w, "bridge zl-8a3d9b380b-b 10.200.4.129/26\n"
		       "firewall\n"
		       "port zl-00001234-0 10.200.4.130\n"
		       "port zl-00001234-1 10.200.4.2\n"
		       "prefix 10.200.4.0/26\n"
		       "prefix 10.200.4.128/26\n"
		       "tunnel zl-9eae6e0a9b-g 10.200.4.1/16 port 51820\n");
	CHECK_INT(detach(&w, 7), 0);
	CHECK_INT(unservice(&w, "web"), 0);
	CHECK_INT(teardown(&w), 0);
	check_text(&w, "firewall\n");
	world_done(&w);
}

/* The reference's blocks and names for the same key, where there is no slice. */
TEST(fallback_is_the_references)
{
	struct world w;

	world_init(&w);
	CHECK_INT(setup(&w, "10.200.0.0/16", NULL, 0), 0);
	CHECK_INT(service(&w, "web", SERVICE_AUTO), 0);
	CHECK_INT(service(&w, "db", SERVICE_AUTO), 0);
	CHECK_INT(service(&w, "s", SERVICE_SHARED), 0);
	CHECK(strstr(net_fake_text(&w.fake), "prefix 10.200.187.128/26\n"));
	CHECK(strstr(net_fake_text(&w.fake), "prefix 10.200.243.0/26\n"));
	CHECK(strstr(net_fake_text(&w.fake), "bridge zl-4b7a5fbb3-sh 10.200.90.65/26\n"));
	world_done(&w);
}

TEST(fallback_avoids_peers)
{
	struct world w;

	world_init(&w);
	CHECK_INT(setup(&w, "10.200.0.0/16", NULL, 0), 0);
	CHECK_INT(peer(&w, 9, "10.200.187.0/24"), 0);
	CHECK_INT(service(&w, "web", SERVICE_AUTO), 0);
	CHECK(!strstr(net_fake_text(&w.fake), "prefix 10.200.187."));
	world_done(&w);
}

TEST(full_slice_is_an_error_that_names_it)
{
	struct world w;

	world_init(&w);
	CHECK_INT(setup(&w, "10.200.0.0/16", "10.200.4.0/25", 0), 0);
	CHECK_INT(service(&w, "a", SERVICE_AUTO), 0);
	CHECK_INT(service(&w, "b", SERVICE_AUTO), -ENOSPC);
	CHECK(strstr(engine_reason(w.e), "slice 10.200.4.0/25"));
	world_done(&w);
}

TEST(a_block_has_61_containers)
{
	struct world w;
	struct ovd_ip ip;

	world_init(&w);
	CHECK_INT(setup(&w, "10.200.0.0/16", "10.200.4.0/24", 0), 0);
	CHECK_INT(service(&w, "web", SERVICE_AUTO), 0);
	for (uint32_t i = 0; i < 61; i++)
		CHECK_INT(attach(&w, 100 + i, 100 + i, "web", false, false, &ip), 0);
	CHECK_INT(attach(&w, 500, 500, "web", false, false, &ip), -ENOSPC);
	CHECK_INT(detach(&w, 130), 0);
	CHECK_INT(attach(&w, 500, 500, "web", false, false, &ip), 0);
	world_done(&w);
}

TEST(peers_wait_for_the_tunnel)
{
	struct world w;

	world_init(&w);
	CHECK_INT(peer(&w, 1, "172.30.0.0/16"), 0);
	CHECK_INT(setup(&w, "10.200.0.0/16", "10.200.4.0/24", 0), 0);
	CHECK(strstr(net_fake_text(&w.fake), "route 172.30.0.0/16\n"));
	CHECK_INT(unpeer(&w, 1), 0);
	CHECK(!strstr(net_fake_text(&w.fake), "route"));
	world_done(&w);
}

TEST(a_prefix_has_one_peer)
{
	struct world w;

	world_init(&w);
	CHECK_INT(peer(&w, 1, "10.200.9.0/24"), 0);
	CHECK_INT(peer(&w, 2, "10.200.9.0/24"), 0);
	CHECK_INT(unpeer(&w, 2), 0);
	CHECK_INT(engine_peer_count(w.e), 1);
	world_done(&w);
}

TEST(own_key_and_default_routes_are_refused)
{
	struct world w;

	world_init(&w);
	CHECK_INT(peer(&w, 1, "0.0.0.0/0"), -EINVAL);
	CHECK_INT(peer(&w, 1, "::/0"), -EINVAL);
	CHECK_INT(engine_peer_count(w.e), 0);
	world_done(&w);
}

TEST(attach_again_and_otherwise)
{
	struct world w;
	struct ovd_ip first, again;

	world_init(&w);
	CHECK_INT(setup(&w, "10.200.0.0/16", "10.200.4.0/24", 0), 0);
	CHECK_INT(service(&w, "web", SERVICE_AUTO), 0);
	CHECK_INT(service(&w, "db", SERVICE_AUTO), 0);
	CHECK_INT(attach(&w, 7, 70, "web", false, false, &first), 0);
	CHECK_INT(attach(&w, 7, 70, "web", false, false, &again), 0);
	CHECK(ip_eq(&first, &again));
	CHECK_INT(attach(&w, 7, 70, "db", false, false, &again), -EEXIST);
	CHECK_INT(attach(&w, 7, 70, "web", true, false, &again), -EEXIST);
	CHECK_INT(attach(&w, 8, 70, "web", false, false, &again), -EEXIST); /* the same namespace, by a process that lives */
	CHECK_INT(attach(&w, 7, 71, "web", false, false, &again), -EEXIST); /* the pid is another's, but the old one lives */
	CHECK_INT(attach(&w, 7, 71, "db", false, true, &again), 0);         /* it is gone: its record makes way */
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
	CHECK_INT(setup(&w, "10.200.0.0/16", "10.200.4.0/24", 0), 0);
	CHECK_INT(engine_lend(w.e, view("web"), &ip), 0);
	CHECK_INT(engine_return(w.e, &ip), 0);
	CHECK_INT(engine_return(w.e, &ip), -EALREADY);
	ip_parse(view("10.200.4.1"), &gateway);
	ip_parse(view("192.0.2.1"), &foreign);
	CHECK_INT(engine_return(w.e, &gateway), -EBUSY);
	CHECK_INT(engine_return(w.e, &foreign), -ENOENT);
	CHECK_INT(service(&w, "web", SERVICE_AUTO), 0);
	CHECK_INT(attach(&w, 7, 70, "web", false, false, &ip), 0);
	CHECK_INT(engine_return(w.e, &ip), -EBUSY);
	world_done(&w);
}

TEST(setup_on_a_live_overlay)
{
	struct world w;
	struct ovd_ip ip;

	world_init(&w);
	CHECK_INT(setup(&w, "10.200.0.0/16", "10.200.4.0/24", 1), 0);
	w.fake.steps = 0;
	CHECK_INT(setup(&w, "10.200.0.0/16", "10.200.4.0/24", 1), 0);
	CHECK_INT(w.fake.steps, 0); /* nothing differs: nothing is touched */
	CHECK_INT(setup(&w, "10.200.0.0/16", "10.200.4.0/24", 2), 0);
	CHECK(strstr(net_fake_text(&w.fake), "port 2\n"));
	CHECK_INT(engine_lend(w.e, view(""), &ip), 0);
	CHECK_INT(setup(&w, "10.200.0.0/16", "10.200.5.0/24", 2), -EBUSY); /* an address of the old block is out */
	CHECK_INT(engine_return(w.e, &ip), 0);
	CHECK_INT(setup(&w, "10.200.0.0/16", "10.200.5.0/24", 2), 0);
	CHECK(strstr(net_fake_text(&w.fake), "10.200.5.1/16"));
	CHECK(!strstr(net_fake_text(&w.fake), "prefix 10.200.4.0"));
	world_done(&w);
}

TEST(wrong_ranges)
{
	struct world w;

	world_init(&w);
	CHECK_INT(setup(&w, "10.200.0.0/16", "10.201.0.0/24", 0), -EINVAL);
	CHECK(strstr(engine_reason(w.e), "slice_cidr 10.201.0.0/24 is not inside cluster_cidr 10.200.0.0/16"));
	CHECK_INT(setup(&w, "10.200.0.0/32", NULL, 0), -EINVAL);
	CHECK_INT(setup(&w, "10.200.0.0/16", "10.200.0.0/32", 0), -EINVAL);
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
	CHECK_INT(setup(&w, "10.200.0.0/16", "10.200.4.0/24", 0), 0);
	CHECK_INT(service(&w, "web", SERVICE_AUTO), 0);
	CHECK_INT(service(&w, "db", SERVICE_AUTO), 0);
	CHECK_INT(attach(&w, 7, 70, "web", false, false, &ip), 0);
	CHECK_INT(carry_out(&w, engine_stop(w.e, &plan, &intent), &plan, &intent), 0);
	CHECK(strstr(net_fake_text(&w.fake), "bridge zl-8a3d9b380b-b"));
	CHECK(strstr(net_fake_text(&w.fake), "port zl-00000046-0"));
	CHECK(!strstr(net_fake_text(&w.fake), "tunnel") && !strstr(net_fake_text(&w.fake), "firewall"));
	world_done(&w);
}

/* ---- every step fails in turn ---- */

/* The same scene each time; the last act is the one that fails. Returns what it returned. */
static int play(struct world *w, int act, int fail_at, char before[FAKE_THINGS_MAX * 192])
{
	struct ovd_ip ip;
	int r = 0;

	CHECK_INT(peer(w, 3, "172.31.0.0/16"), 0);
	if (act > 0)
		CHECK_INT(setup(w, "10.200.0.0/16", "10.200.4.0/24", 1), 0);
	if (act > 1)
		CHECK_INT(service(w, "web", SERVICE_AUTO), 0);
	if (act > 2)
		CHECK_INT(attach(w, 7, 70, "web", true, false, &ip), 0);
	snprintf(before, FAKE_THINGS_MAX * 192, "%s", net_fake_text(&w->fake));
	w->fake.steps = 0;
	w->fake.fail_at = fail_at;
	switch (act) {
	case 0:
		r = setup(w, "10.200.0.0/16", "10.200.4.0/24", 1);
		break;
	case 1:
		r = service(w, "web", SERVICE_AUTO);
		break;
	case 2:
		r = attach(w, 7, 70, "web", true, false, &ip);
		break;
	case 3:
		r = setup(w, "10.200.0.0/16", "10.200.4.0/24", 9);
		break;
	case 4:
		r = peer(w, 4, "172.30.0.0/16");
		break;
	}
	w->fake.fail_at = -1;
	return r;
}

TEST(every_step_failing_leaves_all_as_it_was)
{
	static char before[FAKE_THINGS_MAX * 192];

	for (int act = 0; act <= 4; act++)
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
			if (act == 0) { /* only the table may stay: it lets nothing more through than before */
				CHECK(strcmp(net_fake_text(&w.fake), before) == 0 || strcmp(net_fake_text(&w.fake), "firewall\n") == 0);
				CHECK_STR(engine_global(w.e).link, "");
			} else {
				check_text(&w, before);
			}
			/* and it works afterwards, with the first address again */
			CHECK_INT(setup(&w, "10.200.0.0/16", "10.200.4.0/24", 1), 0);
			CHECK_INT(service(&w, "web", SERVICE_AUTO), 0);
			CHECK_INT(attach(&w, 7, 70, "web", true, false, &ip), 0);
			world_done(&w);
		}
}

/* ---- at random ---- */

#define PIDS     40
#define SERVICES 6

static unsigned next_random(unsigned *seed)
{
	*seed = *seed * 1103515245 + 12345;
	return *seed >> 8;
}

/* No address on two ports; as many ports as containers. */
static void check_world(struct world *w)
{
	size_t ports = 0;

	net_fake_text(&w->fake);
	for (size_t i = 0; i < w->fake.n; i++) {
		const char *ip = strrchr(w->fake.things[i], ' ');

		if (strncmp(w->fake.things[i], "port ", 5) != 0)
			continue;
		ports += strstr(w->fake.things[i], "-0 ") != NULL;
		for (size_t k = 0; k < i; k++)
			if (strncmp(w->fake.things[k], "port ", 5) == 0)
				CHECK(strcmp(strrchr(w->fake.things[k], ' '), ip) != 0);
	}
	CHECK_INT(ports, engine_attachment_count(w->e));
}

static void random_act(struct world *w, unsigned *seed)
{
	char name[8];
	struct ovd_ip ip;
	unsigned pid = 1 + next_random(seed) % PIDS;

	snprintf(name, sizeof(name), "s%u", next_random(seed) % SERVICES);
	w->fake.steps = 0;
	w->fake.fail_at = next_random(seed) % 4 == 0 ? (int)(next_random(seed) % 5) : -1;
	switch (next_random(seed) % 8) {
	case 0:
		setup(w, "10.200.0.0/16", "10.200.4.0/22", (uint16_t)(next_random(seed) % 3));
		break;
	case 1:
		service(w, name, next_random(seed) % 3 == 0 ? SERVICE_SHARED : SERVICE_AUTO);
		break;
	case 2:
		if (next_random(seed) % 4 == 0)
			unservice(w, name);
		break;
	case 3:
		if (next_random(seed) % 16 == 0)
			teardown(w);
		break;
	case 4:
		peer(w, (uint8_t)(next_random(seed) % 5), next_random(seed) % 2 ? "172.30.0.0/16" : "10.200.9.0/24");
		break;
	case 5:
		detach(w, pid);
		reap(w);
		break;
	default:
		attach(w, pid, pid + 100, name, next_random(seed) % 2, false, &ip);
		break;
	}
}

TEST(random_acts_with_failures)
{
	for (unsigned seed = 1; seed <= 20; seed++) {
		unsigned state = seed;
		struct world w;

		world_init(&w);
		for (int i = 0; i < 2000; i++) {
			CASE("seed %u, act %d", seed, i);
			random_act(&w, &state);
			check_world(&w);
		}
		/* nobody is left behind: all can be taken away */
		w.fake.fail_at = -1;
		for (unsigned pid = 1; pid <= PIDS; pid++)
			CHECK_INT(detach(&w, pid), 0);
		CHECK_INT(engine_attachment_count(w.e), 0);
		if (strstr(net_fake_text(&w.fake), "port zl-"))
			check_fail(__FILE__, __LINE__, "left behind:\n%s", net_fake_text(&w.fake));
		world_done(&w);
	}
}
