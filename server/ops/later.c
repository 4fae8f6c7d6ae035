/* What the schema has and nobody has built yet. */
#include <errno.h>

#include "schema/overlayd_ops.h"
#include "server/ipc/call.h"

int ovd_op_not_built(struct call *call, const char *operation)
{
	return call_fail(call, -ENOTSUP, "not built yet: %s", operation);
}
