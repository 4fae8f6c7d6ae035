/* An engine and what it said last, as text. */
#pragma once

#include "runtime/buf.h"
#include "server/engine/engine.h"
#include "server/engine/start.h"
#include "tests/check.h"

struct node {
	struct engine *e;
	struct plan plan;            /* of the last call */
	struct intent *intent;       /* of the last call; NULL if it gave none */
	struct tunnel_change change; /* of the last call about a peer */
	struct buf text;
};

/* The public key begins with abcdef12. */
void node_init(struct node *n);
void node_done(struct node *n);

/* The last call's intent; an earlier one by itself. */
void node_commit(struct node *n);
void node_drop(struct node *n);

struct ovd_cidr cidr_of(const char *text);
struct ovd_ip ip_of(const char *text);

/* The engine's own functions; each forgets the plan and the intent of the call before. slice may be
 * NULL. */
int node_setup(struct node *n, const char *cluster, const char *slice, uint16_t port);
int node_teardown(struct node *n);
int node_service(struct node *n, const char *name, enum service_mode mode);
int node_dedicate(struct node *n, const char *name);
int node_unservice(struct node *n, const char *name);
int node_reap(struct node *n);

/* The owner of this pid, whose namespace and start are made of `ns`. */
int node_attach(struct node *n, uint32_t pid, uint64_t ns, const char *service, struct ovd_ip *ret);
int node_attach_spec(struct node *n, const struct attach_spec *spec, bool gone, struct ovd_ip *ret);
struct attach_spec attach_spec_of(uint32_t pid, uint64_t ns, const char *service);
int node_detach(struct node *n, uint32_t pid);

/* Expects 0 and commits. */
void node_has_tunnel(struct node *n);
void node_has_service(struct node *n, const char *name);
void node_has_dedicated(struct node *n, const char *name);
struct ovd_ip node_has_container(struct node *n, uint32_t pid, uint64_t ns, const char *service);

/* The last plan without its records, a step a line; what the tunnel is told, a peer a line. Lives
 * until the next. */
const char *node_plan(struct node *n);

/* Its i-th step, records not counted. */
struct step *node_step(struct node *n, size_t i);
const char *node_change(struct node *n);

/* Of a dedicated service. */
uint16_t node_port_of(struct node *n, const char *name);
