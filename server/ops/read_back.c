#include "server/ops/read_back.h"

#include <errno.h>
#include <string.h>

#include "server/engine/start.h"
#include "server/store/store.h"

struct reading {
	struct daemon *d;
	const struct lost_links *lost;
	bool may_write; /* where a record is there and can't be read, none is put in its place */
	unsigned n, n_held;
};

static struct state_record record_of(const struct net_container *c, const struct lost_mark *mark,
				     const char *service)
{
	struct state_record record = {
		.kind = STATE_RECORD_ATTACHMENT,
		.attachment = { .netns_dev = c->owner.netns_dev,
				.netns_ino = c->owner.netns_ino,
				.pid = c->owner.pid,
				.start_time = c->owner.start_time,
				.service = view(service),
				.ip = c->ip,
				.asked_join = c->joined_ip.len > 0,
				.has_joined_ip = c->joined_ip.len > 0,
				.joined_ip = c->joined_ip,
				.has_handle = !c->owner.pid,
				.handle = STATE_HANDLE_NETNS },
	};

	if (!c->owner.pid)
		record.attachment.id = view(c->path);
	if (strcmp(c->interface, "eth0") != 0)
		record.attachment.interface = view(c->interface);
	engine_lost_container(mark, &record.attachment);
	return record;
}

static bool remember(struct reading *reading, const struct net_container *c)
{
	struct daemon *d = reading->d;
	struct state_record record;
	struct lost_mark mark;
	const char *service;
	int r;

	if (!engine_lost_mark(d->engine, c->alias, &mark))
		return false;
	if (!mark.is_cut)
		lost_links_name(d, reading->lost, mark.name, &c->ip);
	service = engine_lost_service(d->engine, view(c->bridge), mark.name);
	if (!service || !c->ip.len || !c->interface[0])
		return false;
	record = record_of(c, &mark, service);
	r = engine_restore(d->engine, &record);
	if (r == -EBADMSG && c->joined_ip.len > 0) { /* the node's subnet is not known */
		record.attachment.has_joined_ip = false;
		r = engine_restore(d->engine, &record);
	}
	return r == 0 && store_put(d->net->store, &record) == 0;
}

static void hold(struct reading *reading, const struct ovd_ip *ip)
{
	if (ip->len > 0)
		reading->n_held += engine_lost_address(reading->d->engine, ip);
}

static void take(void *arg, const struct net_container *c)
{
	struct reading *reading = arg;
	struct attachment_view known;

	if (engine_attachment_behind(reading->d->engine, view(c->host), &known))
		return;
	if (reading->may_write && remember(reading, c)) {
		reading->n++;
		return;
	}
	hold(reading, &c->ip);
	hold(reading, &c->joined_ip);
}

static void tell(const struct reading *reading, const struct store_loss *loss)
{
	const struct engine *e = reading->d->engine;
	struct log *log = reading->d->log;

	if (loss->data)
		log_at(log, LOG_WARN,
		       "start: %zu services and %zu peers are known after what is lost was read "
		       "back from the kernel; the node's number in the cluster isn't",
		       engine_service_count(e), engine_peer_count(e));
	if (reading->n > 0)
		log_at(log, LOG_WARN, "start: %u containers are read back from the kernel",
		       reading->n);
	if (reading->n_held > 0)
		log_at(log, LOG_WARN,
		       "start: %u addresses are kept from everybody, as nobody knows who has them",
		       reading->n_held);
	if (loss->untold)
		log_at(log, LOG_WARN,
		       "start: what allocate_ip gave is not known any more, and may be given "
		       "again");
}

bool read_back(struct daemon *d, const struct lost_links *lost)
{
	const struct store_loss loss = store_loss(d->net->store);
	struct reading reading = { .d = d, .lost = lost, .may_write = loss.data || loss.run };
	int r = d->net->read_containers(d->net->platform, engine_mark(d->engine), take, &reading);

	if (r < 0)
		log_at(d->log, LOG_ERROR, "start: containers can't be read back: %s", strerror(-r));
	reading.n_held += lost_links_hold(d);
	tell(&reading, &loss);
	return r == 0 && reading.n_held == 0;
}
