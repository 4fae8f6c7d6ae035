#include "tests/soak/request.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/soak/peers.h"

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

/* As the daemon lists it. */
const char *container_handle(const struct soak *s, unsigned who)
{
	static char text[128];
	struct stat st;

	if (who < PIDS)
		snprintf(text, sizeof(text), "{\"platform\":\"linux_pid\",\"pid\":%d}",
			 (int)s->containers[who].guest.pid);
	else if (who < NETNSES)
		snprintf(text, sizeof(text), "{\"platform\":\"linux_netns\",\"path\":\"%s\"}",
			 container_path(who));
	else if (who < FDS && stat(container_path(who), &st) == 0)
		snprintf(text, sizeof(text),
			 "{\"platform\":\"linux_netns\",\"path\":\"net:[%ju]\"}",
			 (uintmax_t)st.st_ino);
	else
		snprintf(text, sizeof(text), "{\"platform\":\"%s\",\"id\":\"id-%u\"}",
			 who < GUESTS ? "guest_managed" : "host_shared", who);
	return text;
}

static bool is_by_descriptor(const struct act *act)
{
	unsigned who = act->who % CONTAINERS;

	if (act->kind == ACT_ATTACH && who >= NETNSES && who < FDS)
		return true;
	return (act->kind == ACT_ATTACH || act->kind == ACT_DETACH) &&
	       (who < PIDS || (who >= NETNSES && who < FDS)) && act->how & 8;
}

int descriptor_of(const struct soak *s, const struct act *act)
{
	unsigned who = act->who % CONTAINERS;
	int fd = -1;

	if (!is_by_descriptor(act))
		return -1;
	if (who < PIDS)
		fd = (int)syscall(SYS_pidfd_open, s->containers[who].guest.pid, 0);
	else
		fd = open(container_path(who), O_RDONLY | O_CLOEXEC);
	CHECK(fd >= 0);
	return fd;
}

static const char *handle_of(const struct soak *s, const struct act *act)
{
	return is_by_descriptor(act) ? "{\"platform\":\"linux_fd\",\"fd\":0}"
				     : container_handle(s, act->who % CONTAINERS);
}

const char *peer_key(unsigned who)
{
	static char text[] = "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

	text[0] = (char)('B' + who % PEERS);
	return text;
}

const char *peer_prefix(unsigned tunnel, unsigned which, char text[PREFIX_MAX])
{
	static const char *const nodes[PREFIXES] = {
		CLUSTER "9.0/24", CLUSTER "10.0/24", "172.30.0.0/16",   "172.31.0.0/16",
		"192.0.3.0/24",   CLUSTER "12.0/26", "198.51.100.0/24", CLUSTER "128.0/17",
	};

	if (tunnel == NODE || which == 6)
		snprintf(text, PREFIX_MAX, "%s", nodes[which]);
	else
		snprintf(text, PREFIX_MAX, "%s%u.0/26", which == 0 ? CLUSTER : "10.201.",
			 20 + tunnel * PREFIXES + which);
	return text;
}

bool is_peer_prefix(const char *text)
{
	char prefix[PREFIX_MAX];

	for (unsigned i = 0; i < TUNNELS * PREFIXES; i++)
		if (strcmp(peer_prefix(i / PREFIXES, i % PREFIXES, prefix), text) == 0)
			return true;
	return false;
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
		 handle_of(s, act), service_name(act->what), bool_text(who < FDS && act->how & 1),
		 bool_text(is_ephemeral(act)));
}

static void put_scope(const struct soak *s, const struct act *act, FILE *out)
{
	unsigned tunnel = tunnel_of(s, act);

	if (tunnel != NODE)
		fprintf(out, ",\"scope\":{\"scope\":\"service\",\"service\":\"%s\"}",
			service_name(tunnel));
}

/* How many prefixes it has. */
static unsigned put_peer(const struct soak *s, const struct act *act, unsigned who, FILE *out)
{
	unsigned tunnel = tunnel_of(s, act), n = 0;
	char prefix[PREFIX_MAX];

	fprintf(out,
		"\"public_key\":\"%s\",\"endpoint\":\"192.0.2.%u:51820\","
		"\"persistent_keepalive_secs\":0,\"allowed_ips\":\"",
		peer_key(who), 10 + who);
	for (unsigned i = 0; i < PREFIXES; i++)
		if (act_gives(act, who, i))
			fprintf(out, "%s%s", n++ ? "," : "", peer_prefix(tunnel, i, prefix));
	fputc('"', out);
	return n;
}

static void put_list(const struct soak *s, const struct act *act, FILE *out)
{
	unsigned n = 0;

	fprintf(out, "{\"op\":\"sync_peers\",\"peers\":[");
	for (unsigned who = 0; who < PEERS; who++) {
		bool some = false;

		for (unsigned i = 0; i < PREFIXES; i++)
			some |= act_gives(act, who, i);
		if (!some)
			continue;
		fprintf(out, "%s{", n++ ? "," : "");
		put_peer(s, act, who, out);
		fputc('}', out);
	}
	fputc(']', out);
}

static void put_change(const struct soak *s, const struct act *act, FILE *out)
{
	char prefix[PREFIX_MAX];

	fprintf(out, "{\"op\":\"%s\",\"pubkey\":\"%s\"",
		act->kind == ACT_UNPEER  ? "remove_peer"
		: act->kind == ACT_ALLOW ? "add_allowed_ip"
					 : "remove_allowed_ip",
		peer_key(act->who % PEERS));
	if (act->kind != ACT_UNPEER)
		fprintf(out, ",\"cidr\":\"%s\"",
			peer_prefix(tunnel_of(s, act), act->what % PREFIXES, prefix));
}

static bool put_peers(const struct soak *s, const struct act *act, char text[REQUEST_MAX])
{
	FILE *out = fmemopen(text, REQUEST_MAX, "w");
	bool some = true;

	CHECK(out);
	if (act->kind == ACT_SYNC) {
		put_list(s, act, out);
	} else if (act->kind == ACT_PEER) {
		fprintf(out, "{\"op\":\"add_peer\",");
		some = put_peer(s, act, act->who % PEERS, out) > 0;
	} else {
		put_change(s, act, out);
	}
	put_scope(s, act, out);
	fputc('}', out);
	CHECK(ftell(out) < REQUEST_MAX - 1);
	fclose(out);
	return some;
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
			 handle_of(s, act));
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
	case ACT_UNPEER:
	case ACT_ALLOW:
	case ACT_DISALLOW:
	case ACT_SYNC:
		return put_peers(s, act, text);
	case ACT_PRUNE:
		snprintf(text, REQUEST_MAX,
			 "{\"op\":\"prune_orphan_bridges\",\"live_bridge_names\":[]}");
		return true;
	case ACT_NUMBER:
		snprintf(text, REQUEST_MAX, "{\"op\":\"set_local_node_id\",\"node_id\":%u}",
			 1U + act->how);
		return true;
	case ACT_UNINSTALL:
		snprintf(text, REQUEST_MAX, "{\"op\":\"uninstall\",\"yes\":true}");
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
