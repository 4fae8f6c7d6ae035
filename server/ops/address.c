#include <errno.h>

#include "schema/overlayd_ops.h"
#include "server/ops/change.h"
#include "server/ops/daemon.h"

int ovd_op_allocate_ip(struct call *call, const struct ovd_allocate_ip *request)
{
	struct ovd_response response = { .kind = OVD_RESPONSE_IP };
	int r = engine_lend(call->daemon->engine, request->service, &response.ip.ip);

	if (r < 0)
		return change_refused(call, r);
	return call_reply(call, &response);
}

int ovd_op_release_ip(struct call *call, const struct ovd_release_ip *request)
{
	int r = engine_return(call->daemon->engine, &request->ip);

	if (r < 0 && r != -EALREADY)
		return change_refused(call, r);
	return call_ok(call);
}
