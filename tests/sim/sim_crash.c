#include <stdlib.h>
#include <string.h>

#include "server/engine/state.h"
#include "server/net/plan_run.h"
#include "tests/check.h"
#include "tests/sim/sim.h"

static const struct ovd_key private_key = { { 1 } }, public_key = { { 0xab, 0xcd, 0xef, 0x12 } };

static void peer_changed(void *arg, const struct state_record *record, bool there)
{
	struct sim *s = arg;

	CHECK_INT(there ? store_put(&s->store, record) : store_delete(&s->store, record), 0);
}

static void start(struct sim *s)
{
	s->e = engine_new(&private_key, &public_key);
	CHECK(s->e);
}

void sim_init(struct sim *s)
{
	*s = (struct sim){ .n_jobs = 0 };
	net_fake_init(&s->fake);
	s->fake.net.store = &s->store;
	start(s);
	engine_watch_peers(s->e, peer_changed, s);
}

static void drop_jobs(struct sim *s)
{
	for (size_t i = 0; i < s->n_jobs; i++) {
		plan_done(&s->jobs[i]->plan);
		free(s->jobs[i]);
	}
	s->n_jobs = 0;
}

void sim_done(struct sim *s)
{
	drop_jobs(s);
	engine_free(s->e);
	memory_store_done(&s->store);
}

/* ---- the next daemon, as server/ops/adopt.c does it ---- */

static int restore(void *arg, const struct state_record *record)
{
	struct sim *s = arg;
	int r = engine_restore(s->e, record);

	if (r == -ENOENT)
		return store_delete(&s->store, record);
	if (r < 0)
		check_fail(__FILE__, __LINE__, "a record is refused: %s\n%s", engine_reason(s->e),
			   memory_store_text(&s->store));
	return r;
}

static void unread(void *arg _unused_, struct ovd_view key, const char *why)
{
	check_fail(__FILE__, __LINE__, "%.*s: %s", VIEW(key), why);
}

static struct found_links survey(const struct sim *s)
{
	struct found_links found = { .links = calloc(s->fake.n + 1, sizeof(*found.links)) };

	for (size_t i = 0; i < s->fake.n; i++) {
		struct found_link *link = &found.links[found.n];
		char kind[16];

		if (sscanf(s->fake.things[i], "%15s %15s", kind, link->name) != 2)
			continue;
		if (strcmp(kind, "port") == 0)
			link->kind = FOUND_CONTAINER;
		else if (strcmp(kind, "bridge") == 0)
			link->kind = FOUND_BRIDGE;
		else if (strcmp(kind, "tunnel") == 0)
			link->kind = FOUND_TUNNEL;
		else
			continue;
		found.n++;
	}
	return found;
}

static bool gone(const void *arg, const struct owner *owner)
{
	const struct sim *s = arg;

	return owner->start_time != s->life[owner->pid - 100] + 1;
}

static void carry_out(struct sim *s, int r, struct plan *plan, struct intent *intent)
{
	if (r == 0) {
		CHECK_INT(plan_run(&s->fake.net, plan), 0);
		engine_commit(s->e, intent);
	}
	plan_done(plan);
}

static void adopt(struct sim *s)
{
	struct found_links found = survey(s);
	struct plan plan = { .n = 0 };
	struct intent *intent;
	int r;

	CHECK_INT(engine_adopt(s->e, &found, true, gone, s, &plan), 0);
	CHECK_INT(plan_run(&s->fake.net, &plan), 0);
	plan_done(&plan);
	free(found.links);
	while ((r = engine_service_reap(s->e, view(engine_service_leaver(s->e) ?: ""), &plan,
					&intent)) == 0)
		carry_out(s, r, &plan, intent);
	for (size_t i = 0; (r = engine_service_again(s->e, i, true, &plan, &intent)) != -ENOENT;
	     i++)
		carry_out(s, r, &plan, intent);
	r = engine_global_again(s->e, true, &plan, &intent);
	carry_out(s, r, &plan, intent);
}

/* ---- what its clients can't know ---- */

static const struct attachment *attachment_of(const struct sim *s, unsigned who)
{
	struct tree_walk walk;

	for (struct tree_node *at = tree_first(&walk, s->e->attachments_by_handle); at;
	     at = tree_next(&walk)) {
		const struct attachment *a = CONTAINER_OF(at, struct attachment, by_handle);

		if (a->owner.pid == 100 + who)
			return a;
	}
	return NULL;
}

/* A request without an answer was carried out, or it wasn't. */
static void learn(struct sim *s, const bool asked[CONTAINERS])
{
	struct model *m = &s->model;

	for (unsigned i = 0; i < CONTAINERS; i++) {
		const struct attachment *a = attachment_of(s, i);

		if (!asked[i] && m->containers[i].life == s->life[i])
			continue;
		m->containers[i].attached = a;
		m->containers[i].life = s->life[i];
		if (a)
			m->containers[i].ip = a->ip;
	}
	m->up = s->e->global.up;
	memset(m->fallen, 0, sizeof(m->fallen)); /* all are made anew */
}

static bool ephemeral_asked(const struct sim *s, unsigned which)
{
	for (size_t i = 0; i < s->n_jobs; i++)
		if (s->jobs[i]->act.kind == ACT_ATTACH && s->jobs[i]->act.how & 2 &&
		    s->jobs[i]->act.what % SERVICES == which)
			return true;
	return false;
}

void sim_crash(struct sim *s)
{
	bool asked[CONTAINERS] = { false }, unknown[SERVICES];

	for (unsigned i = 0; i < CONTAINERS; i++)
		asked[i] = sim_is_busy(s, ACT_ATTACH, ACT_DETACH, i);
	for (unsigned i = 0; i < SERVICES; i++)
		unknown[i] = s->model.leaving[i] || s->model.fickle[i] ||
			     sim_is_busy(s, ACT_SERVICE, ACT_UNSERVICE, i) || ephemeral_asked(s, i);
	engine_free(s->e); /* its intents' memory goes with its spares, or is lost as in a kill */
	drop_jobs(s);
	start(s);
	CHECK_INT(store_load(&s->store, restore, unread, s), 0);
	engine_watch_peers(s->e, peer_changed, s);
	adopt(s);
	learn(s, asked);
	for (unsigned i = 0; i < SERVICES; i++)
		if (unknown[i])
			sim_learn_service(s, i);
}
