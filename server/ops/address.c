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

static int forget(struct daemon *d, const struct ovd_ip *ip)
{
	const struct state_record record = lease(ip);

	return d->net->store ? store_delete(d->net->store, &record) : 0;
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

/* The record goes first: what is still written down would be lent again by the next daemon. */
int ovd_op_release_ip(struct call *call, const struct ovd_release_ip *request)
{
	int r = forget(call->daemon, &request->ip);

	if (r < 0)
		return call_fail(call, r, "release_ip: write the store: %s", strerror(-r));
	r = engine_return(call->daemon->engine, &request->ip);
	return r < 0 && r != -EALREADY ? change_refused(call, r) : call_ok(call);
}
