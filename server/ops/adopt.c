#include "server/ops/adopt.h"

#include <errno.h>
#include <string.h>

#include "server/engine/start.h"
#include "server/net/plan_run.h"
#include "server/ops/channel.h"
#include "server/ops/death.h"
#include "server/ops/heal.h"
#include "server/ops/import.h"
#include "server/ops/owner.h"
#include "server/ops/read_back.h"
#include "server/ops/reap.h"
#include "server/ops/resolve.h"
#include "server/store/record.h"
#include "server/store/store.h"
#include "server/store/writer.h"

/* ---- records ---- */

struct reading {
	struct daemon *d;
	struct store_loss loss;
	bool complete;  /* no record is missing */
	bool keep_node; /* the node's record can't be read */
	bool made_good; /* all that have an address are known */
	bool links_read;
	struct lost_links lost;
};

/* What is lost of the data directory's records is there before those that stand upon it. */
static void read_lost_links(struct reading *reading)
{
	if (!reading->links_read && reading->loss.data)
		lost_links_read(reading->d, &reading->lost);
	reading->links_read = true;
}

static int read_one(void *arg, const struct state_record *record)
{
	struct reading *reading = arg;
	struct engine *e = reading->d->engine;
	int r;

	if (!record_is_durable(record->kind))
		read_lost_links(reading);
	if (record->kind == STATE_RECORD_ATTACHMENT)
		lost_links_name(reading->d, &reading->lost, record->attachment.service,
				&record->attachment.ip);
	r = engine_restore(e, record);
	if (r == -ENOENT)
		return store_delete(reading->d->net->store, record);
	if (r == -EPROTONOSUPPORT)
		log_at(reading->d->log, LOG_ERROR, "start: %s", engine_reason(e));
	if (r != -EBADMSG)
		return r;
	reading->complete = false;
	log_at(reading->d->log, LOG_WARN, "store: a record of kind %s is left out: %s",
	       state_record_kind_name(record->kind), engine_reason(e));
	return 0;
}

static void unread(void *arg, struct ovd_view key, const char *why)
{
	struct reading *reading = arg;
	char text[RECORD_KEY_MAX];

	reading->complete = false;
	reading->keep_node |= view_eq(key, record_kind_prefix(STATE_RECORD_NODE, text));
	log_at(reading->d->log, LOG_WARN, "store: record %.*s can't be read: %s", VIEW(key), why);
}

/* ---- the kernel ---- */

/* What fails is tried once more, here and below: nobody asks for it again. */
static int run_step(struct daemon *d, struct plan *plan, size_t i)
{
	int r = plan_run_step(d->net, plan, i);

	if (r < 0)
		r = plan_run_step(d->net, plan, i);
	if (r < 0)
		log_at(d->log, LOG_WARN, "start: %s", plan->detail);
	return r;
}

static void keep(struct daemon *d, struct state_record record)
{
	if (record.kind == STATE_RECORD_ATTACHMENT)
		record.attachment.unfinished = true;
	engine_restore(d->engine, &record);
}

/* The steps don't depend on each other, but for a record, which is forgotten behind those that take
 * away what it is of: if one of them fails it stays, with its addresses, for the next start or for
 * who takes it away. */
static void run_each(struct daemon *d, struct plan *plan)
{
	bool stands = true;

	for (size_t i = 0; i < plan->n; i++) {
		const struct step *step = plan_at(plan, i);

		if (step->kind != STEP_FORGET) {
			stands &= run_step(d, plan, i) == 0;
			continue;
		}
		if (!stands || run_step(d, plan, i) < 0)
			keep(d, step->forget.record);
		stands = true;
	}
}

static void note_written(struct daemon *d, int r)
{
	if (r < 0)
		log_at(d->log, LOG_WARN, "start: the store can't be written: %s", strerror(-r));
}

static bool is_lost(const struct store_loss *loss)
{
	return loss->data || loss->run;
}

/* Nothing of ours is there that the records don't tell of: they are whole again. */
static void end_loss(const struct reading *reading, const struct found_links *found)
{
	if (!is_lost(&reading->loss) || !reading->made_good)
		return;
	for (size_t i = 0; i < found->n; i++)
		if (!found->links[i].named)
			return;
	note_written(reading->d, store_made_good(reading->d->net->store));
}

/* A host that nothing of ours is on, as it is new or has just booted, has lost nothing. */
static struct store_loss look_for_loss(struct daemon *d)
{
	struct store_loss loss = store_loss(d->net->store);
	struct found_links found = { .n = 0 };

	if (!is_lost(&loss) || d->net->survey(d->net->platform, engine_mark(d->engine), &found) < 0)
		return loss;
	if (found.n == 0)
		note_written(d, store_made_good(d->net->store));
	free(found.links);
	return store_loss(d->net->store);
}

/* One that lives is watched from now on, by the descriptor that was opened to look at it. */
static bool is_gone(const void *arg, const struct owner *owner)
{
	_cleanup_(net_owner_done) struct net_owner now = NET_OWNER_NONE;
	struct daemon *d = ((const struct reading *)arg)->d;

	if (owner->kind != HANDLE_PID)
		return owner_gone(d, owner);
	if (owner_look(d, owner, &now))
		return true;
	death_watch(d, owner, now.process);
	now.process = -1;
	return false;
}

static int compare(const struct reading *reading)
{
	struct daemon *d = reading->d;
	struct found_links found = { .n = 0 };
	struct plan plan = { .n = 0 };
	int r = d->net->survey(d->net->platform, engine_mark(d->engine), &found);

	if (r < 0)
		log_at(d->log, LOG_WARN, "start: links can't be listed: %s", strerror(-r));
	else
		r = engine_adopt(d->engine, &found, reading->complete, is_gone, reading, &plan);
	if (r == 0) {
		run_each(d, &plan);
		end_loss(reading, &found);
	}
	engine_adopted(d->engine);
	plan_done(&plan);
	free(found.links);
	return r;
}

/* Ends what a setup or a removal began; r is what the engine said. */
static int carry_out(struct daemon *d, int r, struct plan *plan, struct intent *intent)
{
	if (r == 0) {
		r = plan_run(d->net, plan);
		if (r < 0)
			r = plan_run(d->net, plan);
		if (r == 0)
			engine_commit(d->engine, intent);
		else
			engine_drop(d->engine, intent);
	}
	if (r < 0)
		log_at(d->log, LOG_ERROR, "start: %s",
		       plan->detail[0] ? plan->detail : engine_reason(d->engine));
	plan_done(plan);
	return r;
}

/* Those whose last container has gone. */
static void remove_leavers(struct daemon *d)
{
	const char *leaver;

	while ((leaver = engine_service_leaver(d->engine))) {
		struct intent *intent = NULL;
		struct plan plan = { .n = 0 };
		int r = engine_service_reap(d->engine, view(leaver), &plan, &intent);

		if (carry_out(d, r, &plan, intent) < 0)
			reap_again(d, view(leaver));
	}
}

/* It was made, or has to be tried again. */
static void serve_tunnel(struct daemon *d, struct ovd_view service, bool stands)
{
	if (stands)
		channel_follow(d, service);
	else
		heal_begin(d, service);
}

static void make_services(struct daemon *d, bool complete)
{
	bool stands;
	int r;

	for (size_t i = 0;; i++) {
		struct intent *intent = NULL;
		struct plan plan = { .n = 0 };

		const char *name = engine_service_at(d->engine, i);
		struct dedicated_view seen;

		r = engine_service_again(d->engine, i, complete, &plan, &intent);
		if (r == -ENOENT)
			return;
		stands = carry_out(d, r, &plan, intent) == 0;
		if (engine_dedicated(d->engine, view(name), &seen))
			serve_tunnel(d, seen.service, stands);
	}
}

static void make_tunnel(struct daemon *d, bool complete)
{
	struct intent *intent = NULL;
	struct plan plan = { .n = 0 };
	int r = engine_global_again(d->engine, complete, &plan, &intent);

	if (r == -EALREADY)
		return;
	serve_tunnel(d, NODES_TUNNEL, carry_out(d, r, &plan, intent) == 0);
}

static void note_peer(void *arg, const struct state_record *record, bool there)
{
	struct daemon *d = arg;
	int r = there ? writer_put(d->writer, record) : writer_delete(d->writer, record);

	if (r < 0)
		log_at(d->log, LOG_ERROR, "peer %.*s can't be written down: %s",
		       VIEW(record->peer.key), strerror(-r));
}

static void look_up(void *arg, const struct peer_view *peer)
{
	if (peer->host.p)
		resolve_peer(arg, peer->service, &peer->key, peer->host);
}

static void look_up_dedicated(void *arg, const struct dedicated_view *dedicated)
{
	struct daemon *d = arg;

	engine_each_peer(d->engine, dedicated->service, look_up, d);
}

static int read_all(struct reading *reading)
{
	struct daemon *d = reading->d;
	int r = store_load(d->net->store, read_one, unread, reading);

	if (r == 0)
		read_lost_links(reading);
	if (r == 0 && !reading->complete)
		reading->made_good = read_back(d, &reading->lost);
	lost_links_free(&reading->lost);
	return r;
}

/* Before records are put that only this form has. It stays the store's first: one without any
 * record is lost. */
static void write_node(const struct reading *reading)
{
	struct daemon *d = reading->d;
	const struct state_record node = engine_node(d->engine);

	if (!reading->keep_node)
		note_written(d, store_put(d->net->store, &node));
}

int ops_adopt(struct daemon *d, const char *data_dir)
{
	struct reading reading = { .d = d, .loss = look_for_loss(d) };
	int r;

	reading.complete = !is_lost(&reading.loss);
	r = read_all(&reading);
	if (r == 0)
		write_node(&reading);
	if (r == 0 && data_dir)
		import_networks(d, data_dir);
	if (r == 0)
		r = compare(&reading);
	if (r < 0)
		return r;
	engine_watch_peers(d->engine, note_peer, d);
	remove_leavers(d);
	make_services(d, reading.complete);
	make_tunnel(d, reading.complete);
	engine_each_peer(d->engine, NODES_TUNNEL, look_up, d);
	engine_each_dedicated(d->engine, look_up_dedicated, d);
	return 0;
}
