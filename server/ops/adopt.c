#include "server/ops/adopt.h"

#include <errno.h>
#include <string.h>

#include "server/net/plan_run.h"
#include "server/ops/channel.h"
#include "server/ops/heal.h"
#include "server/ops/owner.h"
#include "server/ops/read_back.h"
#include "server/ops/resolve.h"
#include "server/store/record.h"
#include "server/store/store.h"
#include "server/store/writer.h"

/* ---- records ---- */

struct reading {
	struct daemon *d;
	struct store_loss loss;
	bool complete;
	bool links_read;
	struct lost_bridge *lost;
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
		lost_links_name(reading->d, reading->lost, record->attachment.service,
				&record->attachment.ip);
	r = engine_restore(e, record);
	if (r == -ENOENT)
		return store_delete(reading->d->net->store, record);
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

	reading->complete = false;
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

/* The steps don't depend on each other, but for a record, which is forgotten behind those that take
 * away what it is of: if one of them fails it stays, with its addresses, for the next start. */
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
			engine_restore(d->engine, &step->forget.record);
		stands = true;
	}
}

/* Nothing of ours is there that the records don't tell of: they are whole again. */
static void end_loss(struct daemon *d, const struct found_links *found)
{
	const struct store_loss loss = store_loss(d->net->store);
	int r;

	if (!loss.data && !loss.run)
		return;
	for (size_t i = 0; i < found->n; i++)
		if (!found->links[i].named)
			return;
	r = store_made_good(d->net->store);
	if (r < 0)
		log_at(d->log, LOG_WARN, "start: the store can't be written: %s", strerror(-r));
}

static int compare(struct daemon *d, bool complete)
{
	struct found_links found = { .n = 0 };
	struct plan plan = { .n = 0 };
	int r = d->net->survey(d->net->platform, engine_mark(d->engine), &found);

	if (r < 0)
		log_at(d->log, LOG_WARN, "start: links can't be listed: %s", strerror(-r));
	else
		r = engine_adopt(d->engine, &found, complete, owner_gone, d, &plan);
	if (r == 0) {
		run_each(d, &plan);
		end_loss(d, &found);
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
	struct intent *intent;
	int r;

	do {
		struct plan plan = { .n = 0 };

		intent = NULL;
		r = engine_service_reap(d->engine, &plan, &intent);
		if (r == 0)
			r = carry_out(d, r, &plan, intent);
	} while (r == 0);
}

static void make_services(struct daemon *d)
{
	int r = 0;

	for (size_t i = 0; r != -ENOENT; i++) {
		struct intent *intent = NULL;
		struct plan plan = { .n = 0 };

		r = engine_service_again(d->engine, i, &plan, &intent);
		if (r != -ENOENT)
			carry_out(d, r, &plan, intent);
	}
}

static void make_tunnel(struct daemon *d, bool complete)
{
	struct intent *intent = NULL;
	struct plan plan = { .n = 0 };
	int r = engine_global_again(d->engine, complete, &plan, &intent);

	if (r == -EALREADY)
		return;
	if (carry_out(d, r, &plan, intent) == 0)
		channel_follow(d);
	else
		heal_begin(d);
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
		resolve_peer(arg, &peer->key, peer->host);
}

static int read_all(struct daemon *d, bool *ret_complete)
{
	struct reading reading = { .d = d, .loss = store_loss(d->net->store) };
	int r;

	reading.complete = !reading.loss.data && !reading.loss.run;
	r = store_load(d->net->store, read_one, unread, &reading);
	if (r == 0)
		read_lost_links(&reading);
	if (r == 0 && !reading.complete)
		read_back(d, reading.lost);
	lost_links_free(reading.lost);
	*ret_complete = reading.complete;
	return r;
}

int ops_adopt(struct daemon *d)
{
	bool complete;
	int r = read_all(d, &complete);

	if (r == 0)
		r = compare(d, complete);
	if (r < 0)
		return r;
	engine_watch_peers(d->engine, note_peer, d);
	remove_leavers(d);
	make_services(d);
	make_tunnel(d, complete);
	engine_each_peer(d->engine, look_up, d);
	return 0;
}
