#include "server/ops/later.h"

#include <errno.h>

#include "schema/overlayd_ops.h"

int later(struct call *call, const char *what)
{
	return call_fail(call, -ENOTSUP, "not built yet: %s", what);
}

/* The one list of operations that answer so, and their handlers. */

bool later_is(int operation)
{
	static const enum ovd_request_kind list[] = {
		OVD_REQUEST_MINT_EDGE_PEER,
		OVD_REQUEST_REVOKE_EDGE_PEER,
		OVD_REQUEST_LIST_EDGE_PEERS,
		OVD_REQUEST_REGISTER_DNS,
		OVD_REQUEST_UNREGISTER_DNS,
		OVD_REQUEST_WRITE_SCOPED_RESOLVER,
		OVD_REQUEST_REMOVE_SCOPED_RESOLVER,
		OVD_REQUEST_NAT_TICK,
		OVD_REQUEST_NAT_STATUS,
	};

	for (size_t i = 0; i < ARRAY_SIZE(list); i++)
		if ((int)list[i] == operation)
			return true;
	return false;
}

int ovd_op_mint_edge_peer(struct call *call, const struct ovd_mint_edge_peer *request _unused_)
{
	return later(call, "mint_edge_peer");
}

int ovd_op_revoke_edge_peer(struct call *call, const struct ovd_revoke_edge_peer *request _unused_)
{
	return later(call, "revoke_edge_peer");
}

int ovd_op_list_edge_peers(struct call *call)
{
	return later(call, "list_edge_peers");
}

int ovd_op_register_dns(struct call *call, const struct ovd_register_dns *request _unused_)
{
	return later(call, "register_dns");
}

int ovd_op_unregister_dns(struct call *call, const struct ovd_unregister_dns *request _unused_)
{
	return later(call, "unregister_dns");
}

int ovd_op_write_scoped_resolver(struct call *call,
				 const struct ovd_write_scoped_resolver *request _unused_)
{
	return later(call, "write_scoped_resolver");
}

int ovd_op_remove_scoped_resolver(struct call *call,
				  const struct ovd_remove_scoped_resolver *request _unused_)
{
	return later(call, "remove_scoped_resolver");
}

int ovd_op_nat_tick(struct call *call)
{
	return later(call, "nat_tick");
}

int ovd_op_nat_status(struct call *call)
{
	return later(call, "nat_status");
}
