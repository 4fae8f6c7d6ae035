#include <errno.h>
#include <string.h>

#include "schema/overlayd_ops.h"
#include "server/ops/change.h"
#include "server/ops/daemon.h"
#include "server/store/store.h"

static struct state_record lease(const struct ovd_ip *ip)
{
	return (struct state_record){ .kind = STATE_RECORD_LEASE, .lease = { .ip = *ip } };
}

/* The run directory's records are never waited for. */
static int remember(struct daemon *d, const struct ovd_ip *ip)
{
	const struct state_record record = lease(ip);

	return d->net->store ? store_put(d->net->store, &record) : 0;
}

static void forget(struct daemon *d, const struct ovd_ip *ip)
{
	const struct state_record record = lease(ip);
	char text[IP_TEXT_MAX];
	int r = d->net->store ? store_delete(d->net->store, &record) : 0;

	if (r < 0)
		log_at(d->log, LOG_ERROR, "store: %s can't be given back: %s", ip_format(ip, text),
		       strerror(-r));
}

int ovd_op_allocate_ip(struct call *call, const struct ovd_allocate_ip *request)
{
	struct ovd_response response = { .kind = OVD_RESPONSE_IP };
	struct daemon *d = call->daemon;
	int r = engine_lend(d->engine, request->service, &response.ip.ip);

	if (r == -ENOSPC)
		return change_grow(call, request->service);
	if (r < 0)
		return change_refused(call, r);
	r = remember(d, &response.ip.ip);
	if (r < 0) {
		engine_return(d->engine, &response.ip.ip);
		return call_fail(call, r, "allocate_ip: write the store: %s", strerror(-r));
	}
	return call_reply(call, &response);
}

int ovd_op_release_ip(struct call *call, const struct ovd_release_ip *request)
{
	int r = engine_return(call->daemon->engine, &request->ip);

	if (r < 0 && r != -EALREADY)
		return change_refused(call, r);
	if (r == 0)
		forget(call->daemon, &request->ip);
	return call_ok(call);
}
