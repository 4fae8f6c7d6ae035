/* The engine on a kernel and a store in memory, with requests under way, failures and crashes. */
#pragma once

#include "server/engine/engine.h"
#include "tests/server/net/net_fake.h"
#include "tests/sim/act.h"
#include "tests/sim/memory_store.h"
#include "tests/sim/model.h"

#define JOBS_MAX      12
#define SIM_FIRST_PID 100

/* A request whose plan is being run. */
struct sim_job {
	struct act act;
	struct plan plan;
	struct intent *intent;
	struct ovd_ip ip;
	unsigned life; /* of the process at the time */
	bool reap;     /* nobody's request: a service goes with its last container */
};

struct sim {
	struct engine *e;
	struct net_fake fake;
	struct store store;
	struct model model;
	struct sim_job *jobs[JOBS_MAX]; /* the oldest first: the link thread's */
	size_t n_jobs;
	unsigned life[CONTAINERS]; /* counts the processes that had this pid */
};

void sim_init(struct sim *s);
void sim_done(struct sim *s);

/* One act, and what comes of it. */
void sim_act(struct sim *s, const struct act *act);

/* What must hold at any moment; ends the test if it doesn't. */
void sim_check(struct sim *s);

/* For sim's own files: the owner of a container as it is now; is a request about it under way? */
struct owner sim_owner(const struct sim *s, unsigned who, unsigned life);
bool sim_is_busy(const struct sim *s, enum act_kind first, enum act_kind last, unsigned who);

/* kill -9, and what the next daemon does before it serves. */
void sim_crash(struct sim *s);

/* The i-th tunnel's service, NODES_TUNNEL for the first; that which an act about a peer means. */
struct ovd_view sim_tunnel(unsigned i);
unsigned sim_tunnel_of(const struct act *act);

/* What an act asks of the engine, which fills the job's plan and intent; as the engine says. */
int sim_ask(struct sim *s, struct sim_job *job);

/* Whether a sync lists the peer, and with the prefix. */
bool sim_sync_wants(const struct act *act, unsigned who);
bool sim_sync_allows(const struct act *act, unsigned who, unsigned prefix);

/* A service's name, and which has it. */
struct ovd_view sim_service_name(unsigned which);
unsigned sim_service(const char *name);

/* What nobody was told: whether a service has gone; leases that went with one. */
void sim_learn_service(struct sim *s, unsigned which);
void sim_forget_leases(struct sim *s);
