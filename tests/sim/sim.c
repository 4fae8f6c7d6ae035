#include "tests/sim/sim.h"

#include <stdlib.h>
#include <string.h>

#include "server/net/plan_run.h"
#include "tests/check.h"

#define FIRST_NETNS 4026532000

struct owner sim_owner(const struct sim *s _unused_, unsigned who, unsigned life)
{
	return (struct owner){ .netns_dev = 4,
			       .netns_ino = FIRST_NETNS + who * 1000 + life,
			       .start_time = life + 1,
			       .pid = SIM_FIRST_PID + who,
			       .netns = 99 };
}

struct ovd_view sim_service_name(unsigned which)
{
	static const char *const names[SERVICES] = { "web", "db", "mail", "cache", "a-long-name" };

	return view(names[which % SERVICES]);
}

unsigned sim_service(const char *name)
{
	unsigned i = 0;

	while (!view_eq(sim_service_name(i), view(name)))
		i++;
	return i;
}

struct ovd_view sim_tunnel(unsigned i)
{
	return i == 0 ? NODES_TUNNEL : sim_service_name(i - 1);
}

unsigned sim_tunnel_of(const struct act *act)
{
	return act->how & 1 ? 0 : 1 + (act->how >> 1) % SERVICES;
}

bool sim_is_busy(const struct sim *s, enum act_kind first, enum act_kind last, unsigned who)
{
	for (size_t i = 0; i < s->n_jobs; i++)
		if (s->jobs[i]->act.kind >= first && s->jobs[i]->act.kind <= last &&
		    s->jobs[i]->act.who == who)
			return true;
	return false;
}

/* ---- what an answer means to who asked ---- */

static void attached(struct sim *s, const struct sim_job *job)
{
	if (s->model.containers[job->act.who].attached &&
	    s->model.containers[job->act.who].life == job->life) /* asked again */
		CHECK(ip_eq(&s->model.containers[job->act.who].ip, &job->ip));
	s->model.fickle[job->act.what % SERVICES] |= (job->act.how & 2) != 0;
	s->model.containers[job->act.who].attached = true;
	s->model.containers[job->act.who].life = job->life;
	s->model.containers[job->act.who].ip = job->ip;
}

void sim_learn_service(struct sim *s, unsigned which)
{
	bool known = engine_service_link(s->e, sim_service_name(which))[0];

	s->model.services[which] = known;
	s->model.leaving[which] &= known;
	s->model.fickle[which] &= known;
	if (known)
		return;
	sim_forget_leases(s);
	model_forget_peers(&s->model, which);
}

static void peer_is_set(struct sim *s, const struct act *act)
{
	unsigned tunnel = sim_tunnel_of(act);
	struct model *m = &s->model;

	m->peers[tunnel][act->who].known = true;
	for (unsigned i = 0; i < PREFIXES; i++) {
		m->peers[tunnel][act->who].allowed[i] = false;
		if (act->what >> i & 1)
			model_allow(m, tunnel, act->who, i);
	}
}

static void peers_are_synced(struct model *m, const struct act *act)
{
	unsigned tunnel = sim_tunnel_of(act);

	for (unsigned who = 0; who < PEERS; who++) {
		bool known = sim_sync_wants(act, who);

		m->peers[tunnel][who].known = known;
		for (unsigned i = 0; i < PREFIXES; i++)
			m->peers[tunnel][who].allowed[i] = known && sim_sync_allows(act, who, i);
	}
}

static void answered(struct sim *s, const struct sim_job *job)
{
	const struct act *act = &job->act;
	struct model *m = &s->model;

	switch ((enum act_kind)act->kind) {
	case ACT_SETUP:
		m->up = true;
		break;
	case ACT_TEARDOWN:
		m->up = false;
		break;
	case ACT_SERVICE:
		m->leaving[act->who] = m->fallen[act->who] = false;
		sim_learn_service(s, act->who);
		CHECK(m->services[act->who]);
		break;
	case ACT_UNSERVICE:
		m->leaving[act->who] = true;
		sim_learn_service(s, act->who);
		break;
	case ACT_ATTACH:
		attached(s, job);
		break;
	case ACT_DETACH:
		m->containers[act->who].attached = false;
		break;
	case ACT_PEER:
		peer_is_set(s, act);
		break;
	case ACT_SYNC:
		peers_are_synced(m, act);
		break;
	case ACT_UNPEER:
		memset(&m->peers[sim_tunnel_of(act)][act->who], 0, sizeof(m->peers[0][0]));
		break;
	case ACT_ALLOW:
		model_allow(m, sim_tunnel_of(act), act->who, act->what);
		break;
	case ACT_DISALLOW:
		m->peers[sim_tunnel_of(act)][act->who].allowed[act->what] = false;
		break;
	case ACT_LEND:
	case ACT_RETURN:
	case ACT_WORK:
	case ACT_SETTLE:
	case ACT_DEATH:
	case ACT_CRASH:
	case ACT_MAX_:
		break;
	}
}

/* ---- the link thread ---- */

static void job_free(struct sim_job *job)
{
	plan_done(&job->plan);
	free(job);
}

static void drop_ports(struct sim *s, unsigned who, unsigned life);

/* Those whose removal fell are asked for again. */
static void begin_reap(struct sim *s)
{
	struct sim_job *job = calloc(1, sizeof(*job));
	int r = -EALREADY;

	CHECK(job && s->n_jobs < JOBS_MAX);
	job->reap = true;
	job->act.kind = ACT_MAX_;
	for (unsigned i = 0; i < SERVICES && r < 0; i++)
		r = engine_service_reap(s->e, sim_service_name(i), &job->plan, &job->intent);
	if (r == 0)
		s->jobs[s->n_jobs++] = job;
	else
		job_free(job);
}

static void fell(struct sim *s, const struct sim_job *job)
{
	struct model *m = &s->model;

	if (job->act.kind == ACT_UNSERVICE)
		m->fallen[job->act.who] = true;
	for (unsigned i = 0; job->reap && i < SERVICES; i++)
		m->fallen[i] |= m->leaving[i] || m->fickle[i];
}

static void end_front(struct sim *s, bool stands)
{
	struct sim_job *job = s->jobs[0];

	s->n_jobs--;
	memmove(s->jobs, s->jobs + 1, s->n_jobs * sizeof(s->jobs[0]));
	if (stands) {
		engine_commit(s->e, job->intent);
		answered(s, job);
	} else {
		engine_drop(s->e, job->intent);
		fell(s, job);
	}
	if (job->act.kind == ACT_ATTACH && job->life != s->life[job->act.who])
		drop_ports(s, job->act.who, job->life); /* the namespace was held by the plan */
	for (unsigned i = 0; job->reap && i < SERVICES; i++)
		sim_learn_service(s, i);
	if (stands && job->act.kind == ACT_DETACH)
		begin_reap(s);
	job_free(job);
}

static void work(struct sim *s, bool fails)
{
	struct sim_job *job = s->n_jobs > 0 ? s->jobs[0] : NULL;
	struct plan *plan = job ? &job->plan : NULL;

	if (!job)
		return;
	if (plan->n_done < plan->n) {
		enum step_kind kind = plan_at(plan, plan->n_done)->kind;

		s->fake.steps = 0;
		s->fake.fail_at = fails && kind != STEP_REMEMBER && kind != STEP_FORGET ? 0 : -1;
		if (plan_run_step(&s->fake.net, plan, plan->n_done) < 0) {
			s->fake.fail_at = -1;
			plan_undo(&s->fake.net, plan);
			end_front(s, false);
			return;
		}
		plan->n_done++;
		s->fake.fail_at = -1;
	}
	if (plan->n_done == plan->n)
		end_front(s, true);
}

/* ---- requests ---- */

/* r is what the engine said: with a plan, an answer that is already so, or a refusal. */
static void take(struct sim *s, int r, struct sim_job *job)
{
	if (r == 0) {
		s->jobs[s->n_jobs++] = job;
		return;
	}
	if (r == -EALREADY)
		answered(s, job);
	job_free(job);
}

static unsigned who_range(enum act_kind kind)
{
	if (kind == ACT_SERVICE || kind == ACT_UNSERVICE)
		return SERVICES;
	return kind >= ACT_PEER && kind <= ACT_DISALLOW ? PEERS : CONTAINERS;
}

static void request(struct sim *s, const struct act *act)
{
	struct sim_job *job;

	if (s->n_jobs >= JOBS_MAX - 1)
		return;
	job = calloc(1, sizeof(*job));
	CHECK(job);
	job->act = *act;
	job->act.who = (uint8_t)(act->who % who_range(act->kind));
	if (act->kind == ACT_ALLOW || act->kind == ACT_DISALLOW)
		job->act.what = act->what % PREFIXES;
	take(s, sim_ask(s, job), job);
}

/* ---- what is answered at once ---- */

static struct state_record lease(const struct ovd_ip *ip)
{
	return (struct state_record){ .kind = STATE_RECORD_LEASE, .lease = { .ip = *ip } };
}

static void lend(struct sim *s, const struct act *act)
{
	struct state_record record;
	struct ovd_ip ip;

	if (s->model.n_leases >= LEASES_MAX ||
	    engine_lend(s->e, act->what % 6 == 5 ? view("nobody") : sim_service_name(act->what),
			&ip) < 0)
		return;
	model_lease(&s->model, &ip);
	record = lease(&ip);
	CHECK_INT(store_put(&s->store, &record), 0);
}

static void give_back(struct sim *s, const struct act *act)
{
	size_t i = s->model.n_leases ? act->who % s->model.n_leases : 0;
	struct state_record record;

	if (s->model.n_leases == 0)
		return;
	CHECK_INT(engine_return(s->e, &s->model.leases[i]), 0);
	CHECK_INT(engine_return(s->e, &s->model.leases[i]), -EALREADY);
	record = lease(&s->model.leases[i]);
	CHECK_INT(store_delete(&s->store, &record), 0);
	model_return(&s->model, i);
}

/* ---- what nobody asked for ---- */

/* A namespace goes, and the host's ends of its interfaces with it. */
static void drop_ports(struct sim *s, unsigned who, unsigned life)
{
	const struct owner owner = sim_owner(s, who, life);

	for (unsigned n = 0; n < 2; n++) {
		char port[64];

		snprintf(port, sizeof(port), "port zl-%08x-%u ", (unsigned)owner.netns_ino, n);
		net_fake_drop(&s->fake, port);
	}
}

static void die(struct sim *s, unsigned who)
{
	drop_ports(s, who, s->life[who]++);
}

void sim_act(struct sim *s, const struct act *act)
{
	switch ((enum act_kind)act->kind) {
	case ACT_WORK:
		work(s, act->how % 16 == 0);
		break;
	case ACT_SETTLE:
		while (s->n_jobs > 0)
			work(s, false);
		break;
	case ACT_LEND:
		lend(s, act);
		break;
	case ACT_RETURN:
		give_back(s, act);
		break;
	case ACT_DEATH:
		die(s, act->who % CONTAINERS);
		break;
	case ACT_CRASH:
		sim_crash(s);
		break;
	case ACT_SETUP:
	case ACT_TEARDOWN:
	case ACT_SERVICE:
	case ACT_UNSERVICE:
	case ACT_ATTACH:
	case ACT_DETACH:
	case ACT_PEER:
	case ACT_SYNC:
	case ACT_UNPEER:
	case ACT_ALLOW:
	case ACT_DISALLOW:
		request(s, act);
		break;
	case ACT_MAX_:
		break;
	}
}
