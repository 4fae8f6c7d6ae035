#include "tests/sim/sim.h"

#include <errno.h>

#include "tests/check.h"

static const char *const prefixes[PREFIXES] = {
	"10.200.9.0/24", "10.200.10.0/24", "172.30.0.0/16",   "172.31.0.0/16",
	"192.0.2.0/24",  "10.200.12.0/26", "198.51.100.0/24", "10.200.128.0/17",
};

static bool gone(const void *arg, const struct owner *owner)
{
	const struct sim *s = arg;

	return owner->start_time != s->life[owner->pid - SIM_FIRST_PID] + 1;
}

static struct ovd_key peer_key(unsigned who)
{
	return (struct ovd_key){ { (uint8_t)(1 + who % PEERS) } };
}

static struct ovd_cidr prefix_of(unsigned which)
{
	struct ovd_cidr cidr;

	CHECK_INT(cidr_parse(view(prefixes[which % PREFIXES]), &cidr), 0);
	return cidr;
}

bool sim_sync_wants(const struct act *act, unsigned who)
{
	return act->what >> who % 8 & 1;
}

bool sim_sync_allows(const struct act *act, unsigned who, unsigned prefix)
{
	return (prefix + act->how) % PEERS == who;
}

static int ask_setup(struct sim *s, struct sim_job *job)
{
	static const char *const slices[] = { "10.200.4.0/22", "10.200.4.0/22", "10.200.16.0/22" };
	struct global_spec spec = { .deployment = VIEW_LITERAL("zlayer"),
				    .instance = VIEW_LITERAL("1"),
				    .has_slice = true,
				    .port = (uint16_t)(51820 + job->act.how % 2) };

	CHECK_INT(cidr_parse(view("10.200.0.0/16"), &spec.cluster), 0);
	CHECK_INT(cidr_parse(view(slices[job->act.what % 3]), &spec.slice), 0);
	return engine_global_setup(s->e, &spec, &job->plan, &job->intent);
}

static int ask_service(struct sim *s, struct sim_job *job)
{
	const struct ovd_view name = sim_service_name(job->act.who);
	const struct ovd_key key = { { 0x80, job->act.how } };
	unsigned mode = job->act.what % 8;

	if (mode <= 2)
		return engine_service_setup_dedicated(s->e, name, &key, &key, &job->plan,
						      &job->intent);
	return engine_service_setup(s->e, name, mode <= 4 ? SERVICE_SHARED : SERVICE_AUTO,
				    &job->plan, &job->intent);
}

static int ask_attach(struct sim *s, struct sim_job *job)
{
	struct attach_spec spec = { .owner = sim_owner(s, job->act.who, s->life[job->act.who]),
				    .service = sim_service_name(job->act.what),
				    .join_global = job->act.how & 1,
				    .ephemeral = job->act.how & 2 };

	job->life = s->life[job->act.who];
	return engine_attach(s->e, &spec, gone, s, &job->plan, &job->intent, &job->ip);
}

static int ask_peer(struct sim *s, struct sim_job *job)
{
	struct ovd_cidr allowed[PREFIXES];
	struct peer_spec spec = { .service = sim_tunnel(sim_tunnel_of(&job->act)),
				  .key = peer_key(job->act.who),
				  .allowed = allowed };
	struct tunnel_change change;

	for (unsigned i = 0; i < PREFIXES; i++)
		if (job->act.what >> i & 1)
			allowed[spec.n_allowed++] = prefix_of(i);
	spec.keepalive = job->act.how >> 4 & 1;
	return engine_peer_set(s->e, &spec, &job->plan, &change, &job->intent);
}

/* -EEXIST: a prefix is routed to another tunnel. */
static int want_peers(struct sim *s, struct sim_job *job)
{
	int r = 0;

	for (unsigned who = 0; who < PEERS; who++) {
		struct ovd_cidr allowed[PREFIXES];
		struct peer_spec spec = { .service = sim_tunnel(sim_tunnel_of(&job->act)),
					  .key = peer_key(who),
					  .allowed = allowed };

		for (unsigned i = 0; i < PREFIXES; i++)
			if (sim_sync_allows(&job->act, who, i))
				allowed[spec.n_allowed++] = prefix_of(i);
		if (sim_sync_wants(&job->act, who) && r == 0)
			r = engine_sync_want(s->e, job->intent, &spec);
	}
	CHECK(r == 0 || r == -EEXIST);
	return r;
}

static int ask_sync(struct sim *s, struct sim_job *job)
{
	struct sync_counts counts;
	int r = engine_sync_begin(s->e, sim_tunnel(sim_tunnel_of(&job->act)), &job->intent);

	if (r < 0)
		return r;
	r = want_peers(s, job);
	if (r == 0) {
		CHECK_INT(engine_sync_plan(s->e, job->intent, SIZE_MAX, &job->plan), 0);
		counts = engine_sync_counts(job->intent);
		if (counts.added + counts.changed + counts.removed > 0)
			return 0;
	}
	engine_drop(s->e, job->intent);
	job->intent = NULL;
	return r < 0 ? r : -EALREADY;
}

static int ask_prefix(struct sim *s, struct sim_job *job,
		      int (*ask)(struct engine *e, struct ovd_view service,
				 const struct ovd_key *key, const struct ovd_cidr *cidr,
				 struct plan *plan, struct tunnel_change *change,
				 struct intent **ret))
{
	const struct ovd_key key = peer_key(job->act.who);
	const struct ovd_cidr cidr = prefix_of(job->act.what);
	struct tunnel_change change;

	return ask(s->e, sim_tunnel(sim_tunnel_of(&job->act)), &key, &cidr, &job->plan, &change,
		   &job->intent);
}

static int ask_unpeer(struct sim *s, struct sim_job *job)
{
	const struct ovd_key key = peer_key(job->act.who);
	struct tunnel_change change;

	return engine_peer_remove(s->e, sim_tunnel(sim_tunnel_of(&job->act)), &key, &job->plan,
				  &change, &job->intent);
}

int sim_ask(struct sim *s, struct sim_job *job)
{
	switch ((enum act_kind)job->act.kind) {
	case ACT_SETUP:
		return ask_setup(s, job);
	case ACT_TEARDOWN:
		return engine_global_teardown(s->e, &job->plan, &job->intent);
	case ACT_SERVICE:
		return ask_service(s, job);
	case ACT_UNSERVICE:
		return engine_service_teardown(s->e, sim_service_name(job->act.who), &job->plan,
					       &job->intent);
	case ACT_ATTACH:
		return ask_attach(s, job);
	case ACT_DETACH:
		return engine_detach(s->e, &(struct owner){ .pid = SIM_FIRST_PID + job->act.who },
				     &job->plan, &job->intent);
	case ACT_PEER:
		return ask_peer(s, job);
	case ACT_SYNC:
		return ask_sync(s, job);
	case ACT_UNPEER:
		return ask_unpeer(s, job);
	case ACT_ALLOW:
		return ask_prefix(s, job, engine_peer_allow);
	case ACT_DISALLOW:
		return ask_prefix(s, job, engine_peer_disallow);
	case ACT_LEND:
	case ACT_RETURN:
	case ACT_WORK:
	case ACT_SETTLE:
	case ACT_DEATH:
	case ACT_CRASH:
	case ACT_MAX_:
		break;
	}
	return -EINVAL;
}
