#include "server/net/plan_run.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "runtime/util.h"
#include "server/store/store.h"

/* Of a patient plan, at a time: a route takes 10 us. */
#define PART_STEPS 64

void net_owner_done(struct net_owner *owner)
{
	if (!owner)
		return;
	fd_closep(&owner->netns);
	fd_closep(&owner->process);
}

/* ---- records ---- */

static int put_back(struct store *store, const struct step *step)
{
	return step->remember.has_was ? store_put(store, &step->remember.was)
				      : store_delete(store, &step->remember.record);
}

static int batch_add(struct store_batch *batch, const struct step_remember *step, bool back)
{
	if (!back)
		return store_batch_put(batch, &step->record);
	return step->has_was ? store_batch_put(batch, &step->was)
			     : store_batch_delete(batch, &step->record);
}

static bool ends_row(struct plan *plan, size_t i)
{
	return i > 0 && plan_at(plan, i - 1)->kind == STEP_REMEMBER &&
	       plan_at(plan, i - 1)->remember.more;
}

/* A row of them that ends with the one at i, which is there or put back. */
static int change_row(struct store *store, struct plan *plan, size_t i, bool back)
{
	struct store_batch batch = { .n = 0 };
	int r = batch_add(&batch, &plan_at(plan, i)->remember, back);

	for (; r == 0 && ends_row(plan, i); i--)
		r = batch_add(&batch, &plan_at(plan, i - 1)->remember, back);
	if (r == 0)
		r = store_commit(store, &batch);
	store_batch_done(&batch);
	return r;
}

static int record_run(struct store *store, struct plan *plan, size_t i)
{
	const struct step *step = plan_at(plan, i);

	if (step->kind == STEP_FORGET)
		return store_delete(store, &step->forget.record);
	if (step->remember.more)
		return 0;
	return ends_row(plan, i) ? change_row(store, plan, i, false)
				 : store_put(store, &step->remember.record);
}

static int record_undo(struct store *store, struct plan *plan, size_t i)
{
	const struct step *step = plan_at(plan, i);

	if (step->kind == STEP_FORGET)
		return store_put(store, &step->forget.record);
	if (step->remember.more)
		return 0;
	return ends_row(plan, i) ? change_row(store, plan, i, true) : put_back(store, step);
}

/* ---- messages ---- */

static bool is_record(enum step_kind kind)
{
	return kind == STEP_REMEMBER || kind == STEP_FORGET;
}

static const char *step_text(const struct net *net, enum step_kind kind)
{
	if (is_record(kind))
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

/* Behind what failed before, if anything did. */
static void describe_leftover(struct plan *plan, int r)
{
	size_t n = strlen(plan->detail);

	snprintf(plan->detail + n, sizeof(plan->detail) - n, "%snot taken back in the store: %s",
		 n > 0 ? "; " : "", strerror(-r));
}

/* ---- steps ---- */

static int run(const struct net *net, struct plan *plan, size_t i, char *detail)
{
	struct step *step = plan_at(plan, i);

	if (is_record(step->kind))
		return net->store ? record_run(net->store, plan, i) : 0;
	return net->steps[step->kind].run(net->platform, step, detail);
}

static void undo(const struct net *net, struct plan *plan, size_t i)
{
	struct step *step = plan_at(plan, i);
	int r = 0;

	if (is_record(step->kind))
		r = net->store ? record_undo(net->store, plan, i) : 0;
	else if (net->steps[step->kind].undo)
		net->steps[step->kind].undo(net->platform, step);
	if (r < 0)
		describe_leftover(plan, r);
}

static int run_once(const struct net *net, struct plan *plan, size_t i)
{
	char detail[PLAN_DETAIL_MAX] = "";
	int r = run(net, plan, i, detail);

	if (r < 0) {
		plan->failed = i;
		describe_failure(net, plan, r, detail);
	}
	return r;
}

int plan_run_step(const struct net *net, struct plan *plan, size_t i)
{
	int r;

	do
		r = run_once(net, plan, i);
	while (r == NET_MORE);
	return r;
}

int plan_run_part(const struct net *net, struct plan *plan)
{
	for (size_t i = 0; plan->n_done < plan->n; i++) {
		int r = plan->patient && i == PART_STEPS ? NET_MORE
							 : run_once(net, plan, plan->n_done);

		if (r < 0)
			plan_undo(net, plan);
		if (r < 0 || (r == NET_MORE && plan->patient))
			return r;
		plan->n_done += r != NET_MORE;
	}
	return 0;
}

int plan_run(const struct net *net, struct plan *plan)
{
	int r;

	plan->n_done = 0;
	do
		r = plan_run_part(net, plan);
	while (r == NET_MORE);
	return r;
}

void plan_undo(const struct net *net, struct plan *plan)
{
	while (plan->n_done > 0)
		undo(net, plan, --plan->n_done);
}
