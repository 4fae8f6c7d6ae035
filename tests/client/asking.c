#include "tests/client/asking.h"

const struct ovd_request ask_status = { .kind = OVD_REQUEST_STATUS };
const struct ovd_request ask_tick = { .kind = OVD_REQUEST_NAT_TICK };

struct ovd_request ask_much(struct ovd_view *names, size_t n)
{
	static char name[] = "zl-0123456789012345678901234567890123456789012345678901234567-b";

	for (size_t i = 0; i < n; i++)
		names[i] = view(name);
	return (struct ovd_request){ .kind = OVD_REQUEST_PRUNE_ORPHAN_BRIDGES,
				     .prune_orphan_bridges = {
					     .live_bridge_names = { .items = names, .n = n } } };
}

struct ovd_client *open_client(const struct fake_daemon *fake)
{
	struct ovd_client *client = NULL;

	CHECK_INT(ovd_client_open(fake->socket, 1, &client), 0);
	return client;
}

void ask_ok(struct ovd_client *client)
{
	const struct ovd_response *response;

	CHECK_INT(ovd_client_call(client, &ask_tick, PATIENT, &response), 0);
	CHECK_INT(response->kind, OVD_RESPONSE_OK);
}
