#include "tests/server/net/world.h"

#include "server/net/plan_run.h"
#include "tests/check.h"

static struct ovd_cidr cidr(const char *text)
{
	struct ovd_cidr value;

	CHECK_INT(cidr_parse(view(text), &value), 0);
	return value;
}

void world_init(struct world *w)
{
	static const struct ovd_key private_key = { { 1 } },
				    public_key = { { 0xab, 0xcd, 0xef, 0x12 } };

	w->e = engine_new(&private_key, &public_key);
	CHECK(w->e);
	net_fake_init(&w->fake);
}

void world_done(struct world *w)
{
	engine_free(w->e);
}

/* What the engine answers is carried out, or not. Returns what the caller of the daemon would see.
 */
int world_carry_out(struct world *w, int r, struct plan *plan, struct intent **intent)
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

int world_setup(struct world *w, const char *cluster, const char *slice, uint16_t port)
{
	struct global_spec spec = { .deployment = VIEW_LITERAL("zlayer"),
				    .instance = VIEW_LITERAL("12345"),
				    .port = port };
	struct plan plan = { .n = 0 };
	struct intent *intent = NULL;

	spec.cluster = cidr(cluster);
	spec.has_slice = slice;
	if (slice)
		spec.slice = cidr(slice);
	return world_carry_out(w, engine_global_setup(w->e, &spec, &plan, &intent), &plan, &intent);
}

int world_teardown(struct world *w)
{
	struct plan plan = { .n = 0 };
	struct intent *intent = NULL;

	return world_carry_out(w, engine_global_teardown(w->e, &plan, &intent), &plan, &intent);
}

int world_service(struct world *w, const char *name, enum service_mode mode)
{
	struct plan plan = { .n = 0 };
	struct intent *intent = NULL;

	return world_carry_out(w, engine_service_setup(w->e, view(name), mode, &plan, &intent),
			       &plan, &intent);
}

int world_unservice(struct world *w, const char *name)
{
	struct plan plan = { .n = 0 };
	struct intent *intent = NULL;

	return world_carry_out(w, engine_service_teardown(w->e, view(name), &plan, &intent), &plan,
			       &intent);
}

static bool all_gone(const void *arg _unused_, const struct owner *owner _unused_)
{
	return true;
}

static bool none_gone(const void *arg _unused_, const struct owner *owner _unused_)
{
	return false;
}

int world_attach(struct world *w, uint32_t pid, uint64_t netns, const char *name, bool join,
		 bool gone, struct ovd_ip *ret)
{
	struct attach_spec spec = {
		.owner = { .netns_dev = 4,
			   .netns_ino = netns,
			   .start_time = netns * 7,
			   .pid = pid,
			   .netns = -1 },
		.service = view(name),
		.join_global = join,
	};
	struct plan plan = { .n = 0 };
	struct intent *intent = NULL;

	return world_carry_out(
		w,
		engine_attach(w->e, &spec, gone ? all_gone : none_gone, NULL, &plan, &intent, ret),
		&plan, &intent);
}

int world_reap(struct world *w)
{
	struct plan plan = { .n = 0 };
	struct intent *intent = NULL;

	return world_carry_out(
		w,
		engine_service_reap(w->e, view(engine_service_leaver(w->e) ?: ""), &plan, &intent),
		&plan, &intent);
}

int world_detach(struct world *w, uint32_t pid)
{
	struct plan plan = { .n = 0 };
	struct intent *intent = NULL;

	return world_carry_out(w,
			       engine_detach(w->e, &(struct owner){ .pid = pid }, &plan, &intent),
			       &plan, &intent);
}

int world_peer(struct world *w, uint8_t number, const char *allowed)
{
	const struct ovd_cidr list[] = { cidr(allowed) };
	struct peer_spec spec = { .key = { { number } }, .allowed = list, .n_allowed = 1 };
	struct tunnel_change change;
	struct plan plan = { .n = 0 };
	struct intent *intent = NULL;

	return world_carry_out(w, engine_peer_set(w->e, &spec, &plan, &change, &intent), &plan,
			       &intent);
}

int world_unpeer(struct world *w, uint8_t number)
{
	const struct ovd_key key = { { number } };
	struct tunnel_change change;
	struct plan plan = { .n = 0 };
	struct intent *intent = NULL;

	return world_carry_out(
		w, engine_peer_remove(w->e, NODES_TUNNEL, &key, &plan, &change, &intent), &plan,
		&intent);
}
