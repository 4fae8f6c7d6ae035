#include "tests/crash/acts.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define GLOBAL GLOBAL_IN("10.200.4.0/24")
#define GLOBAL_IN(slice)                                                                           \
	"{\"op\":\"setup_global_overlay\",\"deployment\":\"d\",\"instance_id\":\"1\",\"cluster_"   \
	"cidr\":\"10.200.0.0/16\",\"slice_cidr\":\"" slice "\",\"wg_port\":51820}"
#define NO_GLOBAL "{\"op\":\"teardown_global_overlay\"}"
#define SERVICE(name, mode)                                                                        \
	"{\"op\":\"setup_service_overlay\",\"service\":\"" name "\",\"mode\":\"" mode "\"}"
#define NO_SERVICE(name) "{\"op\":\"teardown_service_overlay\",\"service\":\"" name "\"}"
#define WEB              SERVICE("web", "isolated")
#define HANDLE           "\"handle\":{\"platform\":\"linux_pid\",\"pid\":%d}"
#define ATTACH(join)                                                                               \
	"{\"op\":\"attach_container\"," HANDLE ",\"service\":\"web\",\"join_global\":" join "}"
#define ATTACH_EPHEMERAL                                                                           \
	"{\"op\":\"attach_container\"," HANDLE                                                     \
	",\"service\":\"web\",\"join_global\":true,\"ephemeral\":true}"
#define DETACH "{\"op\":\"detach_container\"," HANDLE "}"
#define BY_FD  "\"handle\":{\"platform\":\"linux_fd\",\"fd\":0}"
#define ATTACH_BY_FD                                                                               \
	"{\"op\":\"attach_container\"," BY_FD ",\"service\":\"web\",\"join_global\":true}"
#define DETACH_BY_FD "{\"op\":\"detach_container\"," BY_FD "}"
#define KEY          "\"AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\""
#define ADD_PEER                                                                                   \
	"{\"op\":\"add_peer\",\"public_key\":" KEY ",\"endpoint\":\"192.0.2.9:51820\",\"allowed_"  \
	"ips\":\"10.200.9.0/24,203.0.113.0/24\",\"persistent_keepalive_secs\":0}"
#define SYNC_PEERS                                                                                 \
	"{\"op\":\"sync_peers\",\"peers\":[{\"public_key\":\"AgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\"," \
	"\"endpoint\":\"192.0.2.8:51820\",\"allowed_ips\":\"10.200.9.0/24,198.51.100.0/24\","       \
	"\"persistent_keepalive_secs\":0}]}"
#define SYNC_NONE   "{\"op\":\"sync_peers\",\"peers\":[]}"
#define REMOVE_PEER "{\"op\":\"remove_peer\",\"pubkey\":" KEY "}"
#define ALLOWED(op) "{\"op\":\"" op "_allowed_ip\",\"pubkey\":" KEY ",\"cidr\":\"198.51.100.0/24\"}"
#define ORPHAN                                                                                     \
	"ip link add zl-orphan-b type bridge; ip link set zl-orphan-b alias \"$(ip -o link show "  \
	"zl-d-1-web-b | sed 's/.*alias \\(overlayd [0-9a-f]*\\) .*/\\1/') service orphan\""

#define DEDICATED     SERVICE("db", "dedicated")
#define OF_DB	      ",\"scope\":{\"scope\":\"service\",\"service\":\"db\"}}"
#define ADD_DB_PEER                                                                                \
	"{\"op\":\"add_peer\",\"public_key\":" KEY ",\"endpoint\":\"192.0.2.9:51821\",\"allowed_"  \
	"ips\":\"10.200.9.64/26\",\"persistent_keepalive_secs\":0" OF_DB
#define REMOVE_DB_PEER "{\"op\":\"remove_peer\",\"pubkey\":" KEY OF_DB

#define ALLOCATE  "{\"op\":\"allocate_ip\",\"service\":\"web\",\"join_global\":false}"
#define RELEASE   "{\"op\":\"release_ip\",\"ip\":\"%s\"}"
#define NUMBER(n) "{\"op\":\"set_local_node_id\",\"node_id\":" n "}"

/* clang-format off */
const struct act acts[ACT_MAX_] = {
	[SET_UP_THE_TUNNEL] = { .base = { WEB }, .request = GLOBAL, .take_back = { NO_GLOBAL } },
	[TAKE_THE_TUNNEL_DOWN] = { .base = { GLOBAL, WEB, ADD_PEER }, .request = NO_GLOBAL, .take_back = { GLOBAL } },
	[SET_UP_A_SERVICE] = { .base = { GLOBAL, WEB }, .request = SERVICE("db", "isolated"), .take_back = { NO_SERVICE("db") } },
	[TAKE_A_SERVICE_DOWN] = { .base = { GLOBAL, WEB, SERVICE("db", "isolated") }, .request = NO_SERVICE("db"),
				  .take_back = { SERVICE("db", "isolated") } },
	[SET_UP_A_SHARED_SERVICE] = { .base = { GLOBAL, WEB }, .request = SERVICE("db", "shared"), .take_back = { NO_SERVICE("db") } },
	[TAKE_A_SHARED_SERVICE_DOWN] = { .base = { GLOBAL, WEB, SERVICE("db", "shared"), SERVICE("ab", "shared") },
					 .request = NO_SERVICE("db"), .take_back = { SERVICE("db", "shared") } },
	[ATTACH_A_CONTAINER] = { .base = { GLOBAL, WEB }, .request = ATTACH("false"), .take_back = { DETACH } },
	[ATTACH_AND_JOIN] = { .base = { GLOBAL, WEB }, .request = ATTACH("true"), .take_back = { DETACH } },
	[ATTACH_BY_A_DESCRIPTOR] = { .base = { GLOBAL, WEB }, .request = ATTACH_BY_FD, .take_back = { DETACH_BY_FD } },
	[DETACH_A_CONTAINER] = { .base = { GLOBAL, WEB, ATTACH("true") }, .request = DETACH, .take_back = { ATTACH("true") } },
	[ALLOCATE_AN_ADDRESS] = { .base = { GLOBAL, WEB }, .request = ALLOCATE, .take_back = { RELEASE }, .once = true },
	[RELEASE_AN_ADDRESS] = { .base = { GLOBAL, WEB, ALLOCATE }, .request = RELEASE, .take_back = { ALLOCATE } },
	[ADD_A_PEER] = { .base = { GLOBAL, WEB }, .request = ADD_PEER, .take_back = { REMOVE_PEER } },
	[REMOVE_A_PEER] = { .base = { GLOBAL, WEB, ADD_PEER }, .request = REMOVE_PEER, .take_back = { ADD_PEER } },
	[ADD_A_PREFIX] = { .base = { GLOBAL, WEB, ADD_PEER }, .request = ALLOWED("add"), .take_back = { ALLOWED("remove") } },
	[REMOVE_A_PREFIX] = { .base = { GLOBAL, WEB, ADD_PEER, ALLOWED("add") }, .request = ALLOWED("remove"),
			      .take_back = { ALLOWED("add") } },
	[SYNC_THE_PEERS] = { .base = { GLOBAL, WEB, ADD_PEER }, .request = SYNC_PEERS, .take_back = { SYNC_NONE, ADD_PEER } },
	[SET_THE_NODES_NUMBER] = { .base = { GLOBAL, WEB }, .request = NUMBER("7"), .take_back = { NUMBER("9") } },
	[PRUNE] = { .base = { GLOBAL, WEB }, .script = ORPHAN,
		    .request = "{\"op\":\"prune_orphan_bridges\",\"live_bridge_names\":[]}" },
	[SHUT_DOWN] = { .base = { GLOBAL, WEB, ATTACH("true"), ADD_PEER }, .request = "{\"op\":\"shutdown\"}", .ends = true },
	[DETACH_THE_LAST] = { .base = { GLOBAL, WEB, ATTACH_EPHEMERAL }, .request = DETACH, .take_back = { WEB, ATTACH_EPHEMERAL } },
	[CHANGE_THE_SLICE] = { .base = { GLOBAL, WEB }, .request = GLOBAL_IN("10.200.5.0/24"), .take_back = { GLOBAL } },
	[SET_UP_A_DEDICATED_SERVICE] = { .base = { GLOBAL, WEB }, .request = DEDICATED, .take_back = { NO_SERVICE("db") }, .anew = true },
	[TAKE_A_DEDICATED_SERVICE_DOWN] = { .base = { GLOBAL, WEB, DEDICATED, ADD_DB_PEER }, .request = NO_SERVICE("db"),
					    .take_back = { DEDICATED, ADD_DB_PEER }, .anew = true },
	[ADD_A_PEER_OF_A_SERVICE] = { .base = { GLOBAL, WEB, DEDICATED }, .request = ADD_DB_PEER, .take_back = { REMOVE_DB_PEER } },
	[START_WITH_A_DEDICATED_SERVICE] = { .base = { GLOBAL, WEB, DEDICATED, ADD_DB_PEER } },
	[FIRST_START] = { .script = "rm -rf " SCENE_DIR "; mkdir " SCENE_DIR },
	[START] = { .base = { GLOBAL, WEB, ATTACH("true"), ADD_PEER } },
};
/* clang-format on */

unsigned act_stride(void)
{
	const char *which = getenv("CRASH");

	return which && strcmp(which, "all") == 0 ? 1 : 4;
}

unsigned act_first(enum act_name act)
{
	const char *seed = getenv("SEED");
	unsigned n = 0;

	if (!seed || sscanf(seed, "%u", &n) != 1)
		n = (unsigned)(time(NULL) / 86400);
	return (n + (unsigned)act * 7) % act_stride();
}

void act_take_back(struct scene *s, const struct act *act)
{
	for (size_t i = 0; i < ARRAY_SIZE(act->take_back) && act->take_back[i]; i++)
		scene_must(s, act->take_back[i]);
}

void act_prepare(const struct act *act)
{
	if (act->script)
		run("%s", act->script);
}

void act_whole(struct scene *s, const struct act *act)
{
	if (!act->request)
		return;
	act_prepare(act);
	scene_must(s, act->request);
	if (!act->ends)
		return;
	CHECK_INT(daemon_wait(s->pid), 0);
	scene_forget(s);
	scene_start(s);
}

void act_enter(struct scene *s, enum act_name name)
{
	if (sanitized())
		SKIP("a process that is traced can't look for leaks ");
	if (act_stride() == 1)
		alarm(0);
	scene_enter(s);
	s->anew = acts[name].anew;
	scene_start(s);
	for (size_t i = 0; i < ARRAY_SIZE(acts[name].base) && acts[name].base[i]; i++)
		scene_must(s, acts[name].base[i]);
}
