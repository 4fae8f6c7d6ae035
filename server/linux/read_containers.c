/* Containers whose records are lost: the host's ends of their interfaces say where the others are,
 * and those what they have; processes and mounts say whose namespaces they are in. */
#include <dirent.h>
#include <errno.h>
#include <linux/if_link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "runtime/number.h"
#include "runtime/util.h"
#include "server/engine/name.h"
#include "server/linux/address.h"
#include "server/linux/link.h"
#include "server/linux/netns.h"
#include "server/linux/platform.h"

struct end {
	uint64_t ino;    /* of the namespace, as the name says */
	bool joins;      /* it is the second interface's */
	int netns, peer; /* the kernel's number of the namespace, that of the link there */
	int master;
	struct net_container container; /* of a first one */
};

struct reading {
	struct linux_net *l;
	const char *mark;
	uint64_t dev; /* where all namespaces' files are */
	struct end *ends;
	size_t n, room;
	bool failed;
};

/* ---- the host's ends ---- */

static struct end *add(struct reading *all)
{
	size_t room = all->room ? all->room * 2 : 64;
	struct end *more;

	if (all->n == all->room) {
		more = realloc(all->ends, room * sizeof(*more));
		all->failed |= !more;
		if (!more)
			return NULL;
		all->ends = more;
		all->room = room;
	}
	return &all->ends[all->n++];
}

static void take_end(void *arg, const struct link_info *link)
{
	struct reading *all = arg;
	struct end *end;
	uint64_t ino;

	if (link->group == LINK_GROUP_GONE || strcmp(link->kind, "veth") != 0 ||
	    !link_has_alias(link, all->mark) || !name_veth_parse(view(link->name), &ino))
		return;
	end = add(all);
	if (!end)
		return;
	*end = (struct end){ .ino = ino,
			     .joins = link->name[strlen(link->name) - 1] != '0',
			     .netns = link->netns,
			     .peer = link->peer,
			     .master = link->master };
	memcpy(end->container.host, link->name, sizeof(end->container.host));
	memcpy(end->container.alias, link->alias, sizeof(end->container.alias));
	end->container.owner = NET_OWNER_NONE;
	end->container.owner.netns_dev = all->dev;
	end->container.owner.netns_ino = ino;
}

static void restart(void *arg)
{
	((struct reading *)arg)->n = 0;
}

static int compare(const void *a, const void *b)
{
	const struct end *x = a, *y = b;

	if (x->ino != y->ino)
		return x->ino < y->ino ? -1 : 1;
	return x->joins - y->joins;
}

/* ---- the containers' ends ---- */

static void read_ends(const struct reading *all)
{
	for (size_t i = 0; i < all->n; i++) {
		const struct end *end = &all->ends[i];
		struct net_container *c = &all->ends[i].container;

		link_name(end->master, c->bridge);
		if (end->netns >= 0) {
			c->ip = address_in(all->l->rtnl, end->netns, end->peer);
			link_name_in(all->l->rtnl, end->netns, end->peer, c->interface);
		}
	}
}

/* ---- whose they are ---- */

static struct net_container *in_namespace(const struct reading *all, uint64_t ino)
{
	const struct end key = { .ino = ino & UINT32_MAX };
	struct end *end =
		all->n > 0 ? bsearch(&key, all->ends, all->n, sizeof(key), compare) : NULL;

	return end ? &end->container : NULL;
}

/* The oldest process of a namespace is the one that it was made for. */
static void ask_process(const struct reading *all, uint32_t pid)
{
	_cleanup_(net_owner_done) struct net_owner owner = NET_OWNER_NONE;
	struct net_container *c;
	char path[32];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%u/ns/net", pid);
	if (stat(path, &st) < 0)
		return;
	c = in_namespace(all, st.st_ino);
	if (!c || netns_owner_open(all->l->own, pid, &owner) < 0)
		return;
	if (c->owner.pid && c->owner.start_time <= owner.start_time)
		return;
	c->owner = owner;
	c->owner.netns = c->owner.process = -1;
}

static int ask_processes(const struct reading *all)
{
	DIR *dir = opendir("/proc");
	const struct dirent *entry;
	uint64_t pid;

	if (!dir)
		return -errno;
	while ((entry = readdir(dir)))
		if (u64_parse(view(entry->d_name), UINT32_MAX, &pid) == 0)
			ask_process(all, (uint32_t)pid);
	closedir(dir);
	return 0;
}

/* A namespace that is kept by a file of its own and has no process: a line of mountinfo, proc(5),
 * with "net:[INO]" as the fourth word and the file as the fifth. */
static void ask_mount(const struct reading *all, char *line)
{
	_cleanup_(net_owner_done) struct net_owner owner = NET_OWNER_NONE;
	struct net_container *c;
	char *word = NULL, *rest = line;

	for (int i = 0; i < 4; i++)
		word = strsep(&rest, " ");
	if (!word || !rest || strncmp(word, "net:[", 5) != 0)
		return;
	word = strsep(&rest, " ");
	if (strlen(word) > HANDLE_ID_MAX || netns_path_open(all->l->own, word, &owner) < 0)
		return;
	c = in_namespace(all, owner.netns_ino);
	if (!c || c->owner.pid || c->path[0])
		return;
	c->owner = owner;
	c->owner.netns = c->owner.process = -1;
	snprintf(c->path, sizeof(c->path), "%s", word);
}

static int ask_mounts(const struct reading *all)
{
	FILE *file = fopen("/proc/self/mountinfo", "re");
	char *line = NULL;
	size_t room = 0;

	if (!file)
		return -errno;
	while (getline(&line, &room, file) >= 0)
		ask_mount(all, line);
	free(line);
	fclose(file);
	return 0;
}

/* ---- all of it ---- */

static void tell(const struct reading *all,
		 void (*each)(void *arg, const struct net_container *container), void *arg)
{
	for (size_t i = 0; i < all->n; i++) {
		struct end *end = &all->ends[i], *next = i + 1 < all->n ? end + 1 : NULL;

		if (end->joins) { /* alone */
			end->container.joined_ip = end->container.ip;
			end->container.ip = (struct ovd_ip){ .len = 0 };
		} else if (next && next->joins && next->ino == end->ino) {
			end->container.joined_ip = next->container.ip;
			i++;
		}
		each(arg, &end->container);
	}
}

int read_containers(void *platform, const char *mark,
		    void (*each)(void *arg, const struct net_container *container), void *arg)
{
	struct linux_net *l = platform;
	struct reading all = { .l = l, .mark = mark };
	struct stat own;
	int r = fstat(l->own, &own) < 0 ? -errno : 0;

	all.dev = own.st_dev;
	if (r == 0)
		r = link_each(l->rtnl, take_end, restart, &all);
	if (r == 0 && all.failed)
		r = -ENOMEM;
	if (r == 0 && all.n > 0) {
		qsort(all.ends, all.n, sizeof(*all.ends), compare);
		read_ends(&all);
		r = ask_processes(&all);
		if (r == 0)
			r = ask_mounts(&all);
	}
	if (r == 0)
		tell(&all, each, arg);
	free(all.ends);
	return r;
}
