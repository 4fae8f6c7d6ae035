#include "server/net/plan_run.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "runtime/util.h"
#include "server/store/store.h"

void net_owner_done(struct net_owner *owner)
{
	if (!owner)
		return;
	fd_closep(&owner->netns);
	fd_closep(&owner->process);
}

/* ---- records ---- */

static int remember_run(struct store *store, const struct step *step)
{
	return store_put(store, &step->remember.record);
}

static void remember_undo(struct store *store, const struct step *step)
{
	if (step->remember.has_was)
		store_put(store, &step->remember.was);
	else
		store_delete(store, &step->remember.record);
}

static int forget_run(struct store *store, const struct step *step)
{
	return store_delete(store, &step->forget.record);
}

static void forget_undo(struct store *store, const struct step *step)
{
	store_put(store, &step->forget.record);
}

/* ---- messages ---- */

static const char *step_text(const struct net *net, enum step_kind kind)
{
	if (kind == STEP_REMEMBER || kind == STEP_FORGET)
		return "write the store";
	return net->steps[kind].text;
}

/* The thing a step is about. */
static const char *step_subject(const struct step *step, char cidr[CIDR_TEXT_MAX])
{
	switch (step->kind) {
	case STEP_PREFIX:
	case STEP_PREFIX_DELETE:
		return cidr_format(&step->prefix.cidr, cidr);
	case STEP_ROUTE:
	case STEP_ROUTE_DELETE:
		return cidr_format(&step->route.cidr, cidr);
	case STEP_TUNNEL:
		return step->tunnel.link;
	case STEP_TUNNEL_DELETE:
		return step->tunnel_delete.link;
	case STEP_BRIDGE:
		return step->bridge.link;
	case STEP_BRIDGE_DELETE:
		return step->bridge_delete.link;
	case STEP_VETH:
		return step->veth.host;
	case STEP_JOIN:
		return step->join.host;
	case STEP_CUT:
		return step->cut.host[0];
	case STEP_ALIAS:
	case STEP_ALIAS_DELETE:
	case STEP_PROXY:
	case STEP_PROXY_DELETE:
		return ip_format(&step->alias.ip, cidr);
	case STEP_FIREWALL:
	case STEP_FIREWALL_DELETE:
	case STEP_UPLINK:
	case STEP_BRIDGE_LIST:
	case STEP_SETTINGS_BACK:
	case STEP_CLEAR:
	case STEP_GONE:
	case STEP_REMEMBER:
	case STEP_FORGET:
	case STEP_MAX_:
		return "";
	}
	return "";
}

static void describe_failure(const struct net *net, struct plan *plan, int r, const char *detail)
{
	const struct step *step = plan_at(plan, plan->failed);
	char cidr[CIDR_TEXT_MAX];
	const char *subject = step_subject(step, cidr);

	snprintf(plan->detail, sizeof(plan->detail), "%s%s%s: %s%s%s%s", step_text(net, step->kind),
		 subject[0] ? " " : "", subject, strerror(-r), detail[0] ? " (" : "", detail,
		 detail[0] ? ")" : "");
}

/* ---- steps ---- */

static int run(const struct net *net, struct step *step, char *detail)
{
	if (step->kind == STEP_REMEMBER)
		return net->store ? remember_run(net->store, step) : 0;
	if (step->kind == STEP_FORGET)
		return net->store ? forget_run(net->store, step) : 0;
	return net->steps[step->kind].run(net->platform, step, detail);
}

static void undo(const struct net *net, struct step *step)
{
	if (step->kind == STEP_REMEMBER && net->store)
		remember_undo(net->store, step);
	else if (step->kind == STEP_FORGET && net->store)
		forget_undo(net->store, step);
	else if (step->kind != STEP_REMEMBER && step->kind != STEP_FORGET &&
		 net->steps[step->kind].undo)
		net->steps[step->kind].undo(net->platform, step);
}

int plan_run_step(const struct net *net, struct plan *plan, size_t i)
{
	struct step *step = plan_at(plan, i);
	char detail[PLAN_DETAIL_MAX] = "";
	int r = run(net, step, detail);

	if (r < 0) {
		plan->failed = i;
		describe_failure(net, plan, r, detail);
	}
	return r;
}

int plan_run(const struct net *net, struct plan *plan)
{
	for (plan->n_done = 0; plan->n_done < plan->n; plan->n_done++) {
		int r = plan_run_step(net, plan, plan->n_done);

		if (r < 0) {
			plan_undo(net, plan);
			return r;
		}
	}
	return 0;
}

void plan_undo(const struct net *net, struct plan *plan)
{
	while (plan->n_done > 0)
		undo(net, plan_at(plan, --plan->n_done));
}
