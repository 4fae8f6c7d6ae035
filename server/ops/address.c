#include <errno.h>

#include "schema/overlayd_ops.h"
#include "server/ops/daemon.h"

int ovd_op_allocate_ip(struct call *call, const struct ovd_allocate_ip *request)
{
	struct engine *e = call->daemon->engine;
	struct ovd_response response = { .kind = OVD_RESPONSE_IP };
	int r = engine_lend(e, request->service, &response.ip.ip);

	if (r == -EINPROGRESS)
		return r;
	if (r < 0)
		return call_fail(call, r, "%s", engine_reason(e));
	return call_reply(call, &response);
}

int ovd_op_release_ip(struct call *call, const struct ovd_release_ip *request)
{
	struct engine *e = call->daemon->engine;
	int r = engine_return(e, &request->ip);

	if (r < 0 && r != -EALREADY)
		return call_fail(call, r, "%s", engine_reason(e));
	return call_ok(call);
}
