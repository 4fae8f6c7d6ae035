#include "server/windows/not_built.h"

#include <errno.h>

#include "schema/overlayd_ops.h"
#include "server/ipc/call.h"

/* The one list: the operations that need the network. What answers so on every system is in
 * marked so in the schema. */
bool not_built_is(int operation)
{
	static const enum ovd_request_kind list[] = {
		OVD_REQUEST_SETUP_GLOBAL_OVERLAY,
		OVD_REQUEST_TEARDOWN_GLOBAL_OVERLAY,
		OVD_REQUEST_SETUP_SERVICE_OVERLAY,
		OVD_REQUEST_TEARDOWN_SERVICE_OVERLAY,
		OVD_REQUEST_ALLOCATE_IP,
		OVD_REQUEST_RELEASE_IP,
		OVD_REQUEST_ATTACH_CONTAINER,
		OVD_REQUEST_DETACH_CONTAINER,
		OVD_REQUEST_ADD_PEER,
		OVD_REQUEST_REMOVE_PEER,
		OVD_REQUEST_ADD_ALLOWED_IP,
		OVD_REQUEST_REMOVE_ALLOWED_IP,
		OVD_REQUEST_SYNC_PEERS,
		OVD_REQUEST_PRUNE_ORPHAN_BRIDGES,
		OVD_REQUEST_UNINSTALL,
	};

	for (size_t i = 0; i < ARRAY_SIZE(list); i++)
		if ((int)list[i] == operation)
			return true;
	return false;
}

static const char *name_of(int operation)
{
	const struct ovd_union *all = ovd_request_table.union_;

	for (size_t i = 0; i < all->n_variants; i++)
		if (all->variants[i].value == operation)
			return all->variants[i].name;
	return "";
}

int not_built_dispatch(struct call *call, const struct ovd_request *request)
{
	if (not_built_is((int)request->kind))
		return call_fail(call, -ENOTSUP, "not built yet on Windows: %s",
				 name_of((int)request->kind));
	return ovd_dispatch(call, request);
}
