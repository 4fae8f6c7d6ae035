#include "tests/soak/request.h"

#include <stdio.h>

const char *service_name(unsigned which)
{
	static const char *const names[SERVICES] = {
		"web", "db", "mail", "cache", "a-name-that-is-longer", "jobs",
	};

	return names[which % SERVICES];
}

const char *container_path(unsigned who)
{
	static char path[32];

	snprintf(path, sizeof(path), "/run/netns/%u", who);
	return path;
}

const char *container_handle(const struct soak *s, unsigned who)
{
	static char text[128];

	if (who < PIDS)
		snprintf(text, sizeof(text), "{\"platform\":\"linux_pid\",\"pid\":%d}",
			 (int)s->containers[who].guest.pid);
	else if (who < NETNSES)
		snprintf(text, sizeof(text), "{\"platform\":\"linux_netns\",\"path\":\"%s\"}",
			 container_path(who));
	else
		snprintf(text, sizeof(text), "{\"platform\":\"%s\",\"id\":\"id-%u\"}",
			 who < GUESTS ? "guest_managed" : "host_shared", who);
	return text;
}

const char *peer_key(unsigned who)
{
	static char text[] = "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

	text[0] = (char)('B' + who % PEERS);
	return text;
}

const char *peer_prefix(unsigned which)
{
	static const char *const prefixes[PREFIXES] = {
		"10.200.9.0/24", "10.200.10.0/24", "172.30.0.0/16",   "172.31.0.0/16",
		"192.0.3.0/24",  "10.200.12.0/26", "198.51.100.0/24", "10.200.128.0/17",
	};

	return prefixes[which % PREFIXES];
}

static const char *bool_text(bool yes)
{
	return yes ? "true" : "false";
}

static const char *mode_name(unsigned how)
{
	static const char *const names[] = { "auto", "shared", "isolated", "dedicated" };

	return names[how % ARRAY_SIZE(names)];
}

bool is_ephemeral(const struct act *act)
{
	return (act->how & 6) == 6;
}

unsigned lender_of(const struct soak *s, const struct act *act)
{
	unsigned which = act->what % SERVICES;

	return act->how % 8 == 0 || !s->services[which].known ? SERVICES : which;
}

static void put_attach(const struct soak *s, const struct act *act, char text[REQUEST_MAX])
{
	unsigned who = act->who % CONTAINERS;

	snprintf(text, REQUEST_MAX,
		 "{\"op\":\"attach_container\",\"handle\":%s,\"service\":\"%s\",\"join_global\":%s,"
		 "\"ephemeral\":%s}",
		 container_handle(s, who), service_name(act->what),
		 bool_text(who < NETNSES && act->how & 1), bool_text(is_ephemeral(act)));
}

static void put_peer(const struct act *act, char text[REQUEST_MAX])
{
	int n = snprintf(
		text, REQUEST_MAX,
		"{\"op\":\"add_peer\",\"public_key\":\"%s\",\"endpoint\":\"192.0.2.%u:51820\","
		"\"persistent_keepalive_secs\":0,\"allowed_ips\":\"",
		peer_key(act->who), 10 + act->who % PEERS);

	for (unsigned i = 0, some = 0; i < PREFIXES; i++)
		if (act->what >> i & 1)
			n += snprintf(text + n, REQUEST_MAX - (size_t)n, "%s%s", some++ ? "," : "",
				      peer_prefix(i));
	snprintf(text + n, REQUEST_MAX - (size_t)n, "\"}");
}

static void put_allowed(const struct act *act, char text[REQUEST_MAX])
{
	snprintf(text, REQUEST_MAX, "{\"op\":\"%s_allowed_ip\",\"pubkey\":\"%s\",\"cidr\":\"%s\"}",
		 act->kind == ACT_ALLOW ? "add" : "remove", peer_key(act->who),
		 peer_prefix(act->what));
}

static void put_setup(const struct act *act, char text[REQUEST_MAX])
{
	snprintf(text, REQUEST_MAX,
		 "{\"op\":\"setup_global_overlay\",\"deployment\":\"d\",\"instance_id\":\"1\","
		 "\"cluster_cidr\":\"10.200.0.0/16\",\"slice_cidr\":\"10.200.4.0/22\","
		 "\"wg_port\":%u}",
		 51820 + act->how % 2 * 100);
}

static void put_service(const struct act *act, char text[REQUEST_MAX])
{
	const char *name = service_name(act->what);

	if (act->kind == ACT_SERVICE)
		snprintf(text, REQUEST_MAX,
			 "{\"op\":\"setup_service_overlay\",\"service\":\"%s\",\"mode\":\"%s\"}",
			 name, mode_name(act->how));
	else
		snprintf(text, REQUEST_MAX,
			 "{\"op\":\"teardown_service_overlay\",\"service\":\"%s\"}", name);
}

bool request_of(const struct soak *s, const struct act *act, char text[REQUEST_MAX])
{
	switch (act->kind) {
	case ACT_SETUP:
		put_setup(act, text);
		return true;
	case ACT_TEARDOWN:
		snprintf(text, REQUEST_MAX, "{\"op\":\"teardown_global_overlay\"}");
		return true;
	case ACT_SERVICE:
	case ACT_UNSERVICE:
		put_service(act, text);
		return true;
	case ACT_ATTACH:
		put_attach(s, act, text);
		return true;
	case ACT_DETACH:
		snprintf(text, REQUEST_MAX, "{\"op\":\"detach_container\",\"handle\":%s}",
			 container_handle(s, act->who % CONTAINERS));
		return true;
	case ACT_LEND:
		snprintf(text, REQUEST_MAX,
			 "{\"op\":\"allocate_ip\",\"service\":\"%s\",\"join_global\":false}",
			 act->how % 8 == 0 ? "nobody" : service_name(act->what));
		return s->n_leases < LEASES_MAX;
	case ACT_RETURN:
		snprintf(text, REQUEST_MAX, "{\"op\":\"release_ip\",\"ip\":\"%s\"}",
			 s->leases[s->n_leases ? act->who % s->n_leases : 0].ip);
		return s->n_leases > 0;
	case ACT_PEER:
		put_peer(act, text);
		return act->what != 0;
	case ACT_UNPEER:
		snprintf(text, REQUEST_MAX, "{\"op\":\"remove_peer\",\"pubkey\":\"%s\"}",
			 peer_key(act->who));
		return true;
	case ACT_ALLOW:
	case ACT_DISALLOW:
		put_allowed(act, text);
		return true;
	case ACT_PRUNE:
		snprintf(text, REQUEST_MAX,
			 "{\"op\":\"prune_orphan_bridges\",\"live_bridge_names\":[]}");
		return true;
	case ACT_NUMBER:
		snprintf(text, REQUEST_MAX, "{\"op\":\"set_local_node_id\",\"node_id\":%u}",
			 1U + act->how);
		return true;
	case ACT_DEATH:
	case ACT_KILL:
	case ACT_STOP:
	case ACT_DEVICE_DEATH:
	case ACT_MAX_:
		break;
	}
	return false;
}
