#include "server/linux/sysctl.h"

#include <dirent.h>
#include <stdio.h>

#include "runtime/number.h"
#include "server/linux/link.h"
#include "server/linux/setting.h"

#define CONF "net/ipv%d/conf/%.15s/%s"

static const char *path_of(int family, const char *link, const char *name,
			   char path[SETTING_PATH_MAX])
{
	snprintf(path, SETTING_PATH_MAX, CONF, family, link, name);
	return path;
}

/* -1: there is none, or it is no number. */
static int read_switch(int family, const char *link, const char *name)
{
	char path[SETTING_PATH_MAX], value[SETTING_MAX];
	uint64_t number;

	if (setting_read(path_of(family, link, name, path), value) < 0 ||
	    u64_parse(view(value), INT32_MAX, &number) < 0)
		return -1;
	return (int)number;
}

/* What is a link's of ours goes with it. */
static int turn(struct store *store, int family, const char *link, const char *name,
		const char *value)
{
	char path[SETTING_PATH_MAX];

	return setting_change(link_is_named_ours(link) ? NULL : store,
			      path_of(family, link, name, path), value);
}

/* A host that forwards ignores router advertisements, unless accept_ra is 2. */
static int keep_advertisements(struct store *store, const char *link)
{
	return read_switch(6, link, "accept_ra") == 1 ? turn(store, 6, link, "accept_ra", "2") : 0;
}

/* The switch for all links, turned back, would turn this one too. */
static int keep_forwarding(struct store *store, const char *link)
{
	char path[SETTING_PATH_MAX];

	if (!store || link_is_named_ours(link) || read_switch(6, link, "forwarding") != 1)
		return 0;
	return setting_note(store, path_of(6, link, "forwarding", path), "1");
}

static int prepare_links(struct store *store)
{
	DIR *dir = opendir("/proc/sys/net/ipv6/conf");
	const struct dirent *entry;
	int r = 0;

	while (dir && r == 0 && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		r = keep_advertisements(store, entry->d_name);
		if (r == 0)
			r = keep_forwarding(store, entry->d_name);
	}
	if (dir)
		closedir(dir);
	return r;
}

static int forward_ip6(struct store *store, const char *link)
{
	int r;

	if (read_switch(6, link, "force_forwarding") >= 0)
		return turn(store, 6, link, "force_forwarding", "1");
	if (read_switch(6, "all", "forwarding") != 0)
		return 0; /* on already, or there is no IPv6 */
	r = prepare_links(store);
	return r < 0 ? r : turn(store, 6, "all", "forwarding", "1");
}

int sysctl_forward(struct store *store, const char *link)
{
	int r = turn(store, 4, link, "forwarding", "1");
	int r6 = forward_ip6(store, link);

	return r < 0 ? r : r6;
}

int sysctl_proxy_ip6(const char *link)
{
	return turn(NULL, 6, link, "proxy_ndp", "1"); /* it goes with the link */
}

int sysctl_ip6(const char *link, bool on)
{
	int r = turn(NULL, 6, link, "disable_ipv6", on ? "0" : "1");

	return on ? r : 0;
}
