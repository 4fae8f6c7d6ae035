#include "server/ops/read_back.h"

#include <string.h>

#include "server/store/store.h"

struct reading {
	struct daemon *d;
	unsigned n, n_held;
};

static struct state_record record_of(const struct daemon *d, const struct net_container *c,
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
				.has_joined_ip =
					c->joined_ip.len > 0 && engine_global(d->engine).link[0],
				.joined_ip = c->joined_ip,
				.has_handle = !c->owner.pid,
				.handle = STATE_HANDLE_NETNS },
	};

	if (!c->owner.pid)
		record.attachment.id = view(c->path);
	if (strcmp(c->interface, "eth0") != 0)
		record.attachment.interface = view(c->interface);
	return record;
}

static int remember(struct daemon *d, const struct net_container *c)
{
	const char *service = engine_lost_service(d->engine, view(c->bridge), view(c->service));
	struct state_record record;
	int r;

	if (!service || !c->ip.len || !c->interface[0] || (!c->owner.pid && !c->path[0]))
		return -ENOENT;
	record = record_of(d, c, service);
	r = engine_restore(d->engine, &record);
	return r == 0 ? store_put(d->net->store, &record) : r;
}

static void hold(struct reading *reading, const struct ovd_ip *ip)
{
	if (ip->len == 0)
		return;
	engine_lost_address(reading->d->engine, ip);
	reading->n_held++;
}

static void take(void *arg, const struct net_container *c)
{
	struct reading *reading = arg;
	struct attachment_view known;

	if (engine_attachment_behind(reading->d->engine, view(c->host), &known))
		return;
	if (remember(reading->d, c) == 0) {
		reading->n++;
		return;
	}
	hold(reading, &c->ip);
	hold(reading, &c->joined_ip);
}

void read_back(struct daemon *d)
{
	struct reading reading = { .d = d };
	int r = d->net->read_back(d->net->platform, engine_mark(d->engine), take, &reading);

	if (r < 0)
		log_at(d->log, LOG_ERROR, "start: containers can't be read back: %s", strerror(-r));
	if (reading.n > 0)
		log_at(d->log, LOG_WARN, "start: %u containers are read back from the kernel",
		       reading.n);
	if (reading.n_held > 0)
		log_at(d->log, LOG_WARN,
		       "start: %u addresses are kept from everybody, as nobody knows whose "
		       "containers have them",
		       reading.n_held);
	if (store_has_lost(d->net->store))
		log_at(d->log, LOG_WARN,
		       "start: what allocate_ip gave is not known any more, and may be given "
		       "again");
}
