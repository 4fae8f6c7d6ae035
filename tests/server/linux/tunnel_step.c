#include "tests/server/linux/tunnel_step.h"

struct linux_net *host_with_platform(void)
{
	host_enter();
	sandbox_needs_tun();
	run("mkdir -p /run/wireguard");
	return platform_new();
}

struct tunnel_want want_of(const char *ip, uint16_t port)
{
	struct tunnel_want want = { .prefix_len = 16,
				    .listen_port = port,
				    .private_key = { { 7 } } };

	want.ip = ip_of(ip);
	want.block = cidr_network(&want.ip, 26);
	return want;
}

struct step step_of(const char *ip, uint16_t port)
{
	struct step step = { .kind = STEP_TUNNEL,
			     .tunnel = { .link = NAME, .alias = ALIAS, .mark = MARK } };

	step.tunnel.want = want_of(ip, port);
	return step;
}

uint16_t port_of(struct linux_net *l)
{
	struct tunnel_state state;
	uint16_t port;

	CHECK_INT(wg_get(l->wg, NAME, &state), 0);
	port = state.listen_port;
	tunnel_state_done(&state);
	return port;
}

size_t peer_count_of(struct linux_net *l)
{
	struct tunnel_state state;
	size_t n;

	CHECK_INT(wg_get(l->wg, NAME, &state), 0);
	n = state.n_peers;
	tunnel_state_done(&state);
	return n;
}
