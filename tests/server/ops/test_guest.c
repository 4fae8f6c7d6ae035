#include "server/ops/guest.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/store/environment.h"
#include "server/store/store.h"
#include "tests/check.h"
#include "tests/server/ops/node.h"

#define SETUP                                                                                      \
	"{\"op\":\"setup_global_overlay\",\"deployment\":\"d\",\"instance_id\":\"1\","             \
	"\"cluster_cidr\":\"10.200.0.0/16\",\"wg_port\":0}"
#define SERVICE "{\"op\":\"setup_service_overlay\",\"service\":\"web\",\"mode\":\"isolated\"}"
#define ATTACH                                                                                     \
	"{\"op\":\"attach_container\",\"handle\":{\"platform\":\"guest_managed\",\"id\":\"vm-7\"}" \
	","                                                                                        \
	"\"service\":\"web\",\"join_global\":false,\"ephemeral\":false}"

/* Its record is in the steps that are undone then: it is there until they are. */
TEST(a_tunnel_that_refuses_it)
{
	char dir[] = "/tmp/guest-XXXXXX", run[64];
	const struct store_options options = { .data_dir = dir, .run_dir = run, .boot_id = "boot" };
	struct store_moved moved;
	struct node n;

	CHECK(mkdtemp(dir));
	snprintf(run, sizeof(run), "%s/run", dir);
	CHECK_INT(mkdir(run, 0700), 0);
	node_start(&n);
	CHECK_INT(store_open(&options, &n.net.store, &moved), 0);
	node_ask(&n, SETUP, "bridge_name");
	node_ask(&n, SERVICE, "service_overlay");
	n.tunnel.result = -ENOMEM;
	node_ask(&n, ATTACH, "the tunnel refused the peer");
	CHECK_INT(engine_attachment_count(n.daemon.engine), 0);
	CHECK_INT(engine_peer_count(n.daemon.engine), 0);
	n.tunnel.result = 0;
	node_ask(&n, ATTACH, "guest_config");
	store_close(n.net.store);
	n.net.store = NULL;
	node_stop(&n);
	check_remove(dir);
}
