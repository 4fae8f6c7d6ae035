#include "server/linux/wg_backend.h"

#include <stdio.h>
#include <sys/wait.h>

#include "server/linux/wg_process.h"
#include "tests/server/linux/host.h"
#include "tests/server/linux/wg_device.h"

static const struct tunnel_peer *find(const struct tunnel_state *state, uint8_t number)
{
	for (size_t i = 0; i < state->n_peers; i++)
		if (state->peers[i].key.b[0] == number)
			return &state->peers[i];
	return NULL;
}

static bool allows(const struct tunnel_peer *peer, const char *text)
{
	const struct ovd_cidr cidr = cidr_of(text);

	for (size_t i = 0; i < peer->n_allowed; i++)
		if (cidr_eq(&peer->allowed[i], &cidr))
			return true;
	return false;
}

TEST(a_device_comes_and_goes)
{
	_cleanup_(freep) char *before = NULL;
	struct wg wg = (struct wg){ .control_dir = WG_CONTROL_DIR };
	bool made = false;

	host_enter();
	sandbox_needs_tun();
	run("mkdir -p " WG_CONTROL_DIR);
	before = look(NULL);
	CHECK(!wg_user.is(&wg, LINK));
	CHECK_INT(wg_user.delete(&wg, LINK), 0); /* none is ok */
	CHECK_INT(wg_user.make(&wg, LINK, "", &made), 0);
	CHECK(made);
	CHECK(wg_user.is(&wg, LINK));
	run("ip link show " LINK " | grep -v ',UP'; pgrep wireguard-go");
	made = true;
	CHECK_INT(wg_user.make(&wg, LINK, "", &made), -EEXIST);
	CHECK_INT(wg_user.delete(&wg, LINK), 0);
	CHECK(!wg_user.is(&wg, LINK));
	CHECK_AS_BEFORE(NULL, before);
}

TEST(a_strangers_link_is_no_device)
{
	struct wg wg = (struct wg){ .control_dir = WG_CONTROL_DIR };
	bool made = false;

	host_enter();
	run("ip link add " LINK " type bridge");
	CHECK_INT(wg_user.make(&wg, LINK, "", &made), -EEXIST);
	CHECK(!made && !wg_user.is(&wg, LINK));
	run("ip link show " LINK "; ! pgrep wireguard-go");
}

/* Of an earlier daemon: no child of ours. */
TEST(a_process_that_another_daemon_left)
{
	_cleanup_(freep) char *before = NULL, *text = NULL;
	struct wg wg, later;
	pid_t child;

	host_enter();
	sandbox_needs_tun();
	run("mkdir -p " WG_CONTROL_DIR);
	before = look(NULL);
	wg = (struct wg){ .control_dir = WG_CONTROL_DIR };
	CHECK_INT(wg_user.make(&wg, LINK, "", &(bool){ false }), 0);
	wg_process_forget_all(&wg);
	later = (struct wg){ .control_dir = WG_CONTROL_DIR };
	CHECK(wg_user.is(&later, LINK));
	text = sh("pgrep -x wireguard-go");
	CHECK(sscanf(text, "%d", &child) == 1);
	CHECK_INT(wg_user.delete(&later, LINK), 0);
	CHECK_INT(waitpid(child, NULL, 0), child); /* it ends by itself */
	CHECK_AS_BEFORE(NULL, before);
}

static void check_hung_one_goes(bool forgotten)
{
	_cleanup_(freep) char *before = NULL;
	struct wg wg = (struct wg){ .control_dir = WG_CONTROL_DIR };

	host_enter();
	sandbox_needs_tun();
	run("mkdir -p " WG_CONTROL_DIR);
	before = look(NULL);
	CHECK_INT(wg_user.make(&wg, LINK, "", &(bool){ false }), 0);
	if (forgotten)
		wg_process_forget_all(&wg);
	run("kill -STOP $(pgrep -x wireguard-go)");
	CHECK_INT(wg_user.delete(&wg, LINK), 0);
	CHECK(access(WG_CONTROL_DIR "/" LINK ".sock", F_OK) < 0);
	while (waitpid(-1, NULL, 0) > 0) /* the test is everybody's parent */
		;
	CHECK_AS_BEFORE(NULL, before);
}

TEST(one_that_hangs_goes_with_its_socket)
{
	check_hung_one_goes(false);
}

TEST(one_that_hangs_and_was_left_goes_with_its_socket)
{
	check_hung_one_goes(true);
}

TEST(only_what_is_said_changes)
{
	struct wg wg = device();
	const struct ovd_cidr two[] = { cidr_of("10.1.0.0/16"), cidr_of("fd00::/64") },
			      more[] = { cidr_of("10.2.0.0/16") };
	struct tunnel_peer peers[] = {
		{ .key = { { 1 } },
		  .has_keepalive = true,
		  .keepalive = 25,
		  .has_endpoint = true,
		  .endpoint = { .ip = ip_of("192.0.2.7"), .port = 777 },
		  .allowed = two,
		  .n_allowed = 2 },
		{ .key = { { 2 } }, .allowed = more, .n_allowed = 1 },
	};
	struct tunnel_change change = { .has_private_key = true,
					.private_key = { { 9 } },
					.has_listen_port = true,
					.listen_port = 7001,
					.peers = peers,
					.n_peers = 2 };
	struct tunnel_state state;
	const struct tunnel_peer *first;

	CHECK_INT(wg_set(&wg, LINK, &change), 0);
	CHECK_INT(wg_get(&wg, LINK, &state), 0);
	CHECK_INT(state.listen_port, 7001);
	CHECK_INT(state.n_peers, 2);
	first = find(&state, 1);
	CHECK(first && first->n_allowed == 2 && allows(first, "fd00::/64"));
	CHECK(first->has_endpoint && endpoint_eq(&first->endpoint, &peers[0].endpoint));
	CHECK_INT(first->keepalive, 25);
	CHECK_INT(first->last_handshake, 0);
	tunnel_state_done(&state);

	/* another prefix for the first, which the second has; one less; the second goes */
	peers[0] = (struct tunnel_peer){
		.key = { { 1 } }, .allowed = more, .n_allowed = 1, .removed = two, .n_removed = 1
	};
	change = (struct tunnel_change){ .peers = peers, .n_peers = 1 };
	CHECK_INT(wg_set(&wg, LINK, &change), 0);
	CHECK_INT(wg_get(&wg, LINK, &state), 0);
	CHECK_INT(state.listen_port, 7001);
	CHECK_INT(state.n_peers, 2);
	first = find(&state, 1);
	CHECK(first && first->n_allowed == 2);
	CHECK(allows(first, "10.2.0.0/16") && allows(first, "fd00::/64"));
	CHECK_INT(first->keepalive, 25);
	CHECK(first->has_endpoint);
	CHECK_INT(find(&state, 2)->n_allowed, 0);
	tunnel_state_done(&state);

	peers[1] = (struct tunnel_peer){ .key = { { 2 } }, .remove = true };
	change = (struct tunnel_change){ .peers = &peers[1], .n_peers = 1 };
	CHECK_INT(wg_set(&wg, LINK, &change), 0);
	CHECK_INT(wg_get(&wg, LINK, &state), 0);
	CHECK_INT(state.n_peers, 1);
	tunnel_state_done(&state);
	device_done(&wg);
	CHECK(wg_set(&wg, LINK, &change) < 0);
	CHECK(wg_get(&wg, LINK, &state) < 0);
	CHECK(wg_user.open(&wg, LINK, &(struct tunnel *){ NULL }) < 0);
}
