#include "tests/server/net/net_fake.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/check.h"

static int find(const struct net_fake *f, const char *prefix)
{
	for (size_t i = 0; i < f->n; i++)
		if (strncmp(f->things[i], prefix, strlen(prefix)) == 0)
			return (int)i;
	return -1;
}

static void put(struct net_fake *f, const char *thing)
{
	CHECK(f->n < FAKE_THINGS_MAX);
	snprintf(f->things[f->n++], sizeof(f->things[0]), "%s", thing);
}

static void drop(struct net_fake *f, const char *prefix)
{
	int i = find(f, prefix);

	if (i >= 0)
		memmove(f->things[i], f->things[f->n - 1], sizeof(f->things[0])), f->n--;
}

static bool fails(struct net_fake *f)
{
	return f->steps++ == f->fail_at;
}

/* A thing that is made: its name, and all that it is. */
static int make(void *platform, const char *name, const char *whole, bool *ret_made)
{
	struct net_fake *f = platform;

	if (fails(f))
		return f->error;
	*ret_made = find(f, name) < 0;
	if (*ret_made)
		put(f, whole);
	return 0;
}

static int take(void *platform, const char *name)
{
	struct net_fake *f = platform;

	if (fails(f))
		return f->error;
	drop(f, name);
	return 0;
}

static int firewall(void *platform, struct step *step _unused_, char *detail _unused_)
{
	bool made;

	return make(platform, "firewall", "firewall", &made);
}

static int firewall_delete(void *platform, struct step *step _unused_, char *detail _unused_)
{
	return take(platform, "firewall");
}

static void prefix_name(const struct step *step, char name[96])
{
	char cidr[CIDR_TEXT_MAX];

	snprintf(name, 96, "prefix %s", cidr_format(&step->prefix.cidr, cidr));
}

static int prefix_add(void *platform, struct step *step, char *detail _unused_)
{
	char name[96];

	prefix_name(step, name);
	return make(platform, name, name, &step->prefix.changed);
}

static int prefix_delete(void *platform, struct step *step, char *detail _unused_)
{
	char name[96];

	prefix_name(step, name);
	step->prefix.changed = find(platform, name) >= 0;
	return take(platform, name);
}

static void prefix_add_undo(void *platform, struct step *step)
{
	char name[96];

	prefix_name(step, name);
	if (step->prefix.changed)
		drop(platform, name);
}

static void prefix_delete_undo(void *platform, struct step *step)
{
	char name[96];

	prefix_name(step, name);
	if (step->prefix.changed)
		put(platform, name);
}

static void bridge_text(const struct step *step, const struct ovd_ip *ip, unsigned len,
			char name[96], char whole[192])
{
	char text[IP_TEXT_MAX];

	snprintf(name, 96, "bridge %s ", step->bridge.link);
	snprintf(whole, 192, "%s%s/%u", name, ip_format(ip, text), len);
}

static int bridge(void *platform, struct step *step, char *detail _unused_)
{
	char name[96], whole[192];
	int r;

	bridge_text(step, &step->bridge.gateway, step->bridge.prefix_len, name, whole);
	r = make(platform, name, whole, &step->bridge.made);
	if (r == 0 && step->bridge.was.len) {
		drop(platform, name);
		put(platform, whole);
	}
	return r;
}

static void bridge_undo(void *platform, struct step *step)
{
	char name[96], whole[192];

	bridge_text(step, &step->bridge.was, step->bridge.was_len, name, whole);
	if (step->bridge.made || step->bridge.was.len)
		drop(platform, name);
	if (!step->bridge.made && step->bridge.was.len)
		put(platform, whole);
}

static int bridge_delete(void *platform, struct step *step, char *detail _unused_)
{
	const char *foreign = ((const struct net_fake *)platform)->foreign;
	char name[96];

	if (foreign && strcmp(foreign, step->bridge_delete.link) == 0)
		return -EPERM;
	snprintf(name, sizeof(name), "bridge %s ", step->bridge_delete.link);
	return take(platform, name);
}

static int bridge_list(void *platform _unused_, struct step *step _unused_, char *detail _unused_)
{
	return 0;
}

static void tunnel_text(const struct step_tunnel *t, const struct tunnel_want *want, char name[96],
			char whole[192])
{
	char ip[IP_TEXT_MAX];

	snprintf(name, 96, "tunnel %s ", t->link);
	snprintf(whole, 192, "tunnel %s %s/%u port %u", t->link, ip_format(&want->ip, ip),
		 want->prefix_len, want->listen_port);
}

static int tunnel(void *platform, struct step *step, char *detail _unused_)
{
	struct net_fake *f = platform;
	char name[96], whole[192];

	tunnel_text(&step->tunnel, &step->tunnel.want, name, whole);
	if (fails(f))
		return f->error;
	step->tunnel.made = find(f, name) < 0;
	drop(f, name);
	put(f, whole);
	return 0;
}

static void tunnel_undo(void *platform, struct step *step)
{
	char name[96], whole[192];

	tunnel_text(&step->tunnel, &step->tunnel.was, name, whole);
	drop(platform, name);
	if (!step->tunnel.made)
		put(platform, whole);
}

static int tunnel_delete(void *platform, struct step *step, char *detail _unused_)
{
	char name[96];

	snprintf(name, sizeof(name), "tunnel %s ", step->tunnel_delete.link);
	return take(platform, name);
}

static int port(void *platform, const char *host, const struct ovd_ip *ip)
{
	char name[96], whole[192], text[IP_TEXT_MAX];
	bool made = false;
	int r;

	snprintf(name, sizeof(name), "port %s ", host);
	snprintf(whole, sizeof(whole), "%s%s", name, ip_format(ip, text));
	r = make(platform, name, whole, &made);
	return r == 0 && !made ? -EEXIST : r;
}

static int veth(void *platform, struct step *step, char *detail _unused_)
{
	char name[96];

	snprintf(name, sizeof(name), "bridge %s ", step->veth.bridge);
	if (find(platform, name) < 0)
		return -ENODEV;
	return port(platform, step->veth.host, &step->veth.ip);
}

static int join(void *platform, struct step *step, char *detail _unused_)
{
	return port(platform, step->join.host, &step->join.ip);
}

static void port_delete(void *platform, const char *host)
{
	char name[96];

	snprintf(name, sizeof(name), "port %s ", host);
	drop(platform, name);
}

static void veth_undo(void *platform, struct step *step)
{
	port_delete(platform, step->veth.host);
}

static void join_undo(void *platform, struct step *step)
{
	port_delete(platform, step->join.host);
}

static int cut(void *platform, struct step *step, char *detail _unused_)
{
	if (fails(platform))
		return ((struct net_fake *)platform)->error;
	port_delete(platform, step->cut.host[0]);
	if (step->cut.host[1][0])
		port_delete(platform, step->cut.host[1]);
	return 0;
}

static void route_name(const struct step *step, char name[96])
{
	char cidr[CIDR_TEXT_MAX];

	snprintf(name, 96, "route %s", cidr_format(&step->route.cidr, cidr));
}

static int route(void *platform, struct step *step, char *detail _unused_)
{
	char name[96];

	route_name(step, name);
	return make(platform, name, name, &step->route.made);
}

static int route_delete(void *platform, struct step *step, char *detail _unused_)
{
	char name[96];

	route_name(step, name);
	step->route.made = find(platform, name) >= 0;
	return take(platform, name);
}

static void route_undo(void *platform, struct step *step)
{
	char name[96];

	route_name(step, name);
	if (step->route.made)
		drop(platform, name);
}

static void route_delete_undo(void *platform, struct step *step)
{
	char name[96];

	route_name(step, name);
	if (step->route.made)
		put(platform, name);
}

static int uplink(void *platform _unused_, struct step *step _unused_, char *detail _unused_)
{
	return 0;
}

static int settings_back(void *platform, struct step *step _unused_, char *detail _unused_)
{
	return take(platform, "setting ");
}

/* Here all goes at once. */
static int gone(void *platform _unused_, struct step *step _unused_, char *detail _unused_)
{
	return 0;
}

static int clear(void *platform, struct step *step _unused_, char *detail _unused_)
{
	struct net_fake *f = platform;

	if (fails(f))
		return f->error;
	for (size_t i = f->n; i-- > 0;)
		if (strncmp(f->things[i], "firewall", 8) != 0)
			memmove(f->things[i], f->things[--f->n], sizeof(f->things[0]));
	return 0;
}

static void alias_name(const struct step *step, const char *what, char name[96])
{
	char ip[IP_TEXT_MAX];

	snprintf(name, 96, "%s %s on %s", what, ip_format(&step->alias.ip, ip), step->alias.link);
}

static int alias(void *platform, struct step *step, char *detail _unused_)
{
	char name[96];

	alias_name(step, "alias", name);
	return make(platform, name, name, &step->alias.made);
}

static int proxy(void *platform, struct step *step, char *detail _unused_)
{
	char name[96];

	alias_name(step, "proxy", name);
	return make(platform, name, name, &step->alias.made);
}

static int alias_delete(void *platform, struct step *step, char *detail _unused_)
{
	char name[96];

	alias_name(step, "alias", name);
	return take(platform, name);
}

static int proxy_delete(void *platform, struct step *step, char *detail _unused_)
{
	char name[96];

	alias_name(step, "proxy", name);
	return take(platform, name);
}

static void alias_undo(void *platform, struct step *step)
{
	char name[96];

	alias_name(step, step->kind == STEP_ALIAS ? "alias" : "proxy", name);
	if (step->alias.made)
		drop(platform, name);
}

static const struct net_step fake_steps[STEP_MAX_] = {
	[STEP_FIREWALL] = { "firewall", firewall, NULL },
	[STEP_PREFIX] = { "prefix", prefix_add, prefix_add_undo },
	[STEP_PREFIX_DELETE] = { "no prefix", prefix_delete, prefix_delete_undo },
	[STEP_TUNNEL] = { "tunnel", tunnel, tunnel_undo },
	[STEP_TUNNEL_DELETE] = { "no tunnel", tunnel_delete, NULL },
	[STEP_BRIDGE] = { "bridge", bridge, bridge_undo },
	[STEP_BRIDGE_DELETE] = { "no bridge", bridge_delete, NULL },
	[STEP_BRIDGE_LIST] = { "bridges", bridge_list, NULL },
	[STEP_VETH] = { "veth", veth, veth_undo },
	[STEP_JOIN] = { "join", join, join_undo },
	[STEP_CUT] = { "cut", cut, NULL },
	[STEP_ROUTE] = { "route", route, route_undo },
	[STEP_ROUTE_DELETE] = { "no route", route_delete, route_delete_undo },
	[STEP_FIREWALL_DELETE] = { "no firewall", firewall_delete, NULL },
	[STEP_ALIAS] = { "alias", alias, alias_undo },
	[STEP_ALIAS_DELETE] = { "no alias", alias_delete, NULL },
	[STEP_PROXY] = { "proxy", proxy, alias_undo },
	[STEP_PROXY_DELETE] = { "no proxy", proxy_delete, NULL },
	[STEP_UPLINK] = { "uplink", uplink, NULL },
	[STEP_SETTINGS_BACK] = { "settings back", settings_back, NULL },
	[STEP_CLEAR] = { "clear", clear, NULL },
	[STEP_GONE] = { "gone", gone, NULL },
};

void net_fake_init(struct net_fake *f)
{
	*f = (struct net_fake){ .fail_at = -1, .error = -ENOBUFS };
	f->net = (struct net){ .platform = f, .steps = fake_steps };
}

static int compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

const char *net_fake_text(struct net_fake *f)
{
	static char texts[2][FAKE_THINGS_MAX * 192];
	static int turn;
	char *text = texts[turn ^= 1], *end = text;

	qsort(f->things, f->n, sizeof(f->things[0]), compare);
	*end = '\0';
	for (size_t i = 0; i < f->n; i++)
		end = stpcpy(stpcpy(end, f->things[i]), "\n");
	return text;
}

bool net_fake_has(const struct net_fake *f, const char *prefix)
{
	return find(f, prefix) >= 0;
}

bool net_fake_drop(struct net_fake *f, const char *prefix)
{
	bool there = net_fake_has(f, prefix);

	drop(f, prefix);
	return there;
}
