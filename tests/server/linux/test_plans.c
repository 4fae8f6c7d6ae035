/* What the engine decides, carried out on the real kernel with each step failing in turn: the host
 * is as before every time. */
#include <errno.h>
#include <stdio.h>

#include "server/engine/engine.h"
#include "server/net/plan_run.h"
#include "tests/server/linux/host.h"

/* The platform, one of whose steps fails before it begins. */
struct faulty {
	struct net net;
	struct net *real;
	int fail_at, steps;
};

static int faulty_run(void *platform, struct step *step, char *detail)
{
	struct faulty *f = platform;

	if (f->steps++ == f->fail_at)
		return -ENOBUFS;
	return f->real->steps[step->kind].run(f->real->platform, step, detail);
}

static void faulty_undo(void *platform, struct step *step)
{
	const struct faulty *f = platform;

	if (f->real->steps[step->kind].undo)
		f->real->steps[step->kind].undo(f->real->platform, step);
}

#define ROW(kind) [kind] = { #kind, faulty_run, faulty_undo }
static const struct net_step rows[STEP_MAX_] = {
	ROW(STEP_FIREWALL),      ROW(STEP_PREFIX),
	ROW(STEP_PREFIX_DELETE), ROW(STEP_TUNNEL),
	ROW(STEP_TUNNEL_DELETE), ROW(STEP_BRIDGE),
	ROW(STEP_BRIDGE_DELETE), ROW(STEP_BRIDGE_LIST),
	ROW(STEP_VETH),          ROW(STEP_JOIN),
	ROW(STEP_CUT),           ROW(STEP_ROUTE),
	ROW(STEP_ROUTE_DELETE),  ROW(STEP_FIREWALL_DELETE),
	ROW(STEP_UPLINK),        ROW(STEP_ALIAS),
	ROW(STEP_ALIAS_DELETE),  ROW(STEP_PROXY),
	ROW(STEP_PROXY_DELETE),  ROW(STEP_SETTINGS_BACK),
	ROW(STEP_CLEAR),	 ROW(STEP_GONE),
};

struct scene {
	struct engine *e;
	struct faulty f;
	struct guest guest;
	struct net_owner owner;
};

/* ---- what is asked of the engine ---- */

static int setup(struct scene *s, const char *slice, uint16_t port, struct plan *plan,
		 struct intent **intent)
{
	struct global_spec spec = { .deployment = VIEW_LITERAL("d"),
				    .instance = VIEW_LITERAL("1"),
				    .has_slice = true,
				    .port = port };

	spec.cluster = cidr_of("10.200.0.0/16");
	spec.slice = cidr_of(slice);
	return engine_global_setup(s->e, &spec, plan, intent);
}

static int setup_first(struct scene *s, struct plan *plan, struct intent **intent)
{
	return setup(s, "10.200.4.0/24", 51820, plan, intent);
}

static int setup_port(struct scene *s, struct plan *plan, struct intent **intent)
{
	return setup(s, "10.200.4.0/24", 51821, plan, intent);
}

static int setup_slice(struct scene *s, struct plan *plan, struct intent **intent)
{
	return setup(s, "10.200.5.0/24", 51822, plan, intent);
}

static int service(struct scene *s, struct plan *plan, struct intent **intent)
{
	return engine_service_setup(s->e, view("web"), SERVICE_AUTO, plan, intent);
}

static int shared(struct scene *s, struct plan *plan, struct intent **intent)
{
	return engine_service_setup(s->e, view("db"), SERVICE_SHARED, plan, intent);
}

static bool never(const void *arg _unused_, const struct owner *owner _unused_)
{
	return false;
}

static int attach(struct scene *s, struct plan *plan, struct intent **intent)
{
	const struct attach_spec spec = { .owner = { .netns_dev = s->owner.netns_dev,
						     .netns_ino = s->owner.netns_ino,
						     .start_time = s->owner.start_time,
						     .pid = s->owner.pid,
						     .netns = s->owner.netns },
					  .service = view("web"),
					  .join_global = true };
	struct ovd_ip ip;

	return engine_attach(s->e, &spec, never, NULL, plan, intent, &ip);
}

static int detach(struct scene *s, struct plan *plan, struct intent **intent)
{
	return engine_detach(s->e, &(struct owner){ .pid = s->owner.pid }, plan, intent);
}

static int peer(struct scene *s, uint8_t number, const char *allowed, const char *more,
		struct plan *plan, struct intent **intent)
{
	const struct ovd_cidr list[] = { cidr_of("10.200.9.0/24"), cidr_of(allowed),
					 cidr_of(more) };
	const struct peer_spec spec = { .key = { { number } }, .allowed = list, .n_allowed = 3 };
	struct tunnel_change change;

	return engine_peer_set(s->e, &spec, plan, &change, intent);
}

static int peer_known(struct scene *s, struct plan *plan, struct intent **intent)
{
	return peer(s, 1, "172.30.0.0/16", "192.0.2.128/25", plan, intent);
}

static int peer_new(struct scene *s, struct plan *plan, struct intent **intent)
{
	return peer(s, 3, "172.31.0.0/16", "198.51.100.0/24", plan, intent);
}

static int peer_gone(struct scene *s, struct plan *plan, struct intent **intent)
{
	const struct ovd_key key = { { 3 } };
	struct tunnel_change change;

	return engine_peer_remove(s->e, NODES_TUNNEL, &key, plan, &change, intent);
}

static int unservice(struct scene *s, struct plan *plan, struct intent **intent)
{
	return engine_service_teardown(s->e, view("web"), plan, intent);
}

static int teardown(struct scene *s, struct plan *plan, struct intent **intent)
{
	return engine_global_teardown(s->e, plan, intent);
}

static int stop(struct scene *s, struct plan *plan, struct intent **intent)
{
	return engine_stop(s->e, plan, intent);
}

/* In this order: each goes on where the one before ended. */
static const struct {
	const char *name;
	int (*ask)(struct scene *s, struct plan *plan, struct intent **intent);
	const char *there; /* a script that succeeds afterwards, and not before */
} acts[] = {
	{ "set up", setup_first, "ip route | grep '172.30.0.0/16 dev zl-d-1-g'" },
	{ "a service", service, "ip addr show zl-d-1-web-b | grep 10.200.4.129/26" },
	{ "a shared service", shared, "ip link | grep -e '-sh:'" },
	{ "attach and join", attach,
	  "ip link | grep -e '-0@.*master zl-d-1-web-b' && ip route | grep -e '10.200.4.* dev "
	  "zl-.*-1 '" },
	{ "a peer with a route", peer_new, "ip route | grep '172.31.0.0/16 dev zl-d-1-g'" },
	{ "another port", setup_port, "ss -Hlun | grep 51821" },
	{ "detach", detach, "! ip link | grep -e '-0@'" },
	{ "another slice", setup_slice, "ip route | grep '172.31.*src 10.200.5.1'" },
	{ "a peer goes", peer_gone, "! ip route | grep '172.31'" },
	{ "a service goes", unservice, "! ip link show zl-d-1-web-b" },
	{ "taken down", teardown, "! ip link show zl-d-1-g" },
};

/* ---- the test ---- */

static int carry_out(struct scene *s, struct plan *plan, struct intent *intent, int fail_at)
{
	int r;

	s->f.steps = 0;
	s->f.fail_at = fail_at;
	r = plan_run(&s->f.net, plan);
	if (r < 0)
		engine_drop(s->e, intent);
	else
		engine_commit(s->e, intent);
	plan_done(plan);
	return r;
}

static void act_without_failure(struct scene *s, int (*ask)(struct scene *s, struct plan *plan,
							    struct intent **intent))
{
	struct plan plan = { .n = 0 };
	struct intent *intent = NULL;

	CHECK_INT(ask(s, &plan, &intent), 0);
	CHECK_INT(carry_out(s, &plan, intent, -1), 0);
	reaper_wait(((struct linux_net *)s->f.real->platform)->reaper);
}

static void scene_init(struct scene *s)
{
	static const struct ovd_key private_key = { { 1 } }, public_key = { { 2 } };
	const struct linux_options options = { .firewall = true, .control_dir = WG_CONTROL_DIR };
	struct net *net;

	CHECK_INT(linux_net_new(&options, &net), 0);
	s->f = (struct faulty){ .real = net, .fail_at = -1 };
	s->f.net = (struct net){ .platform = &s->f, .steps = rows };
	s->e = engine_new(&private_key, &public_key);
	CHECK(s->e);
	guest_start(&s->guest);
	CHECK_INT(net->owner_open(net->platform, (uint32_t)s->guest.pid, &s->owner), 0);
	run("ip link add up0 type veth peer name up1; ip addr add 192.0.2.1/24 dev up0;"
	    "ip link set up1 addrgenmode none up; ip link set up0 addrgenmode none up;"
	    "ip route add default via 192.0.2.2; %s ip link set lo up",
	    IN(&s->guest));
}

static void scene_done(struct scene *s)
{
	net_owner_done(&s->owner);
	guest_stop(&s->guest);
	engine_free(s->e);
	linux_net_free(s->f.real);
}

/* The table stays, as it lets nothing through that was not let through before. */
static void make_firewall(struct scene *s)
{
	struct plan plan = { .n = 0 };

	CHECK(plan_add(&plan, STEP_FIREWALL));
	CHECK_INT(plan_run(&s->f.net, &plan), 0);
	plan_done(&plan);
}

/* Those of the platform; nothing is written down here. */
static int count_steps(struct plan *plan)
{
	int n = 0;

	for (size_t i = 0; i < plan->n; i++)
		n += plan_at(plan, i)->kind != STEP_REMEMBER &&
		     plan_at(plan, i)->kind != STEP_FORGET;
	return n;
}

static void fail_at_each_step(struct scene *s, size_t act)
{
	_cleanup_(freep) char *before = look(&s->guest);

	for (int fail_at = 0;; fail_at++) {
		struct plan plan = { .n = 0 };
		struct intent *intent = NULL;
		int r;

		CASE("%s, step %d fails", acts[act].name, fail_at);
		CHECK_INT(acts[act].ask(s, &plan, &intent), 0);
		if (fail_at == count_steps(&plan)) {
			CHECK(fail_at > 0);
			plan_done(&plan);
			engine_drop(s->e, intent);
			return;
		}
		r = carry_out(s, &plan, intent, fail_at);
		if (r != -ENOBUFS)
			check_fail(__FILE__, __LINE__, "another failure: %s", plan.detail);
		CHECK_AS_BEFORE(&s->guest, before);
	}
}

/* A bridge that goes is deleted behind the plan. */
static bool soon(const char *there)
{
	for (int i = 0; i < 200; i++) {
		if (succeeds("%s", there))
			return true;
		usleep(20000);
	}
	return false;
}

TEST(every_step_failing_leaves_all_as_it_was)
{
	_cleanup_(freep) char *before = NULL;
	struct scene s;

	host_enter();
	sandbox_needs_tun();
	scene_init(&s);
	before = look(NULL);
	make_firewall(&s);
	act_without_failure(&s, peer_known);
	for (size_t i = 0; i < ARRAY_SIZE(acts); i++) {
		CASE("%s", acts[i].name);
		CHECK(!succeeds("%s", acts[i].there));
		fail_at_each_step(&s, i);
		CASE("%s", acts[i].name);
		act_without_failure(&s, acts[i].ask);
		CHECK(soon(acts[i].there));
	}
	act_without_failure(&s, stop);
	CHECK_AS_BEFORE(NULL, before);
	scene_done(&s);
}

/* A stop that fails is asked for again, and finds the rest. */
TEST(a_stop_that_fails_is_finished_by_the_next)
{
	_cleanup_(freep) char *before = NULL;
	struct scene s;

	host_enter();
	sandbox_needs_tun();
	scene_init(&s);
	before = look(&s.guest);
	for (int fail_at = 0, n = 1; fail_at < n; fail_at++) {
		struct plan plan = { .n = 0 };
		struct intent *intent = NULL;

		CASE("step %d fails", fail_at);
		engine_free(s.e);
		s.e = engine_new(&(struct ovd_key){ { 1 } }, &(struct ovd_key){ { 2 } });
		CHECK(s.e);
		act_without_failure(&s, peer_known);
		act_without_failure(&s, setup_first);
		act_without_failure(&s, service);
		CHECK_INT(stop(&s, &plan, &intent), 0);
		n = (int)plan.n;
		CHECK_INT(carry_out(&s, &plan, intent, fail_at), -ENOBUFS);
		act_without_failure(&s, stop);
		CHECK_AS_BEFORE(&s.guest, before);
	}
	scene_done(&s);
}
