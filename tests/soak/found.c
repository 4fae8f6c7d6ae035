/* What there is. */
#include "tests/soak/found.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "runtime/key.h"
#include "runtime/stream_unix.h"

#define DEVICE_MAX 65536

static void put_allowed(struct lines *l, const char *name, const char *value)
{
	char ip[64];
	unsigned length;

	for (const char *at = strstr(value, "\"allowed\":"); at && (at = strstr(at, "\"ip\":\""));
	     at++)
		if (sscanf(at, "\"ip\":\"%63[^\"]\",\"length\":%u", ip, &length) == 2)
			put(l, "record %s prefix %s/%u", name, ip, length);
}

void find_records(struct lines *l, const char *dir)
{
	char *text = NULL, *rest, *line;
	size_t n;
	FILE *out = open_memstream(&text, &n);

	CHECK(out);
	scene_put_store(out, dir);
	fclose(out);
	rest = text;
	while ((line = strsep(&rest, "\n")) && *line) {
		char *name = strchr(strchr(line, ' ') + 1, ' ') + 1, *end = strstr(name, " =");

		if (!end)
			continue;
		*end = '\0';
		if (strncmp(name, "service ", 8) == 0 || strncmp(name, "peer ", 5) == 0 ||
		    strncmp(name, "attachment ", 11) == 0 || strncmp(name, "lease ", 6) == 0)
			put(l, "record %s", name);
		if (strncmp(name, "peer ", 5) == 0)
			put_allowed(l, name, end + 1);
	}
	free(text);
}

/* Links and what they have of IPv4, of the namespace that this process is in. */
static void put_network(struct lines *l, const char *where)
{
	struct if_nameindex *links = if_nameindex();
	struct ifaddrs *all;
	char ip[NI_MAXHOST];

	CHECK(links);
	CHECK_INT(getifaddrs(&all), 0);
	for (const struct if_nameindex *at = links; at->if_name; at++)
		if (strcmp(at->if_name, "lo") != 0)
			put(l, "%s link %s", where, at->if_name);
	for (const struct ifaddrs *at = all; at; at = at->ifa_next) {
		if (!at->ifa_addr || at->ifa_addr->sa_family != AF_INET ||
		    strcmp(at->ifa_name, "lo") == 0 || strcmp(where, "host") == 0)
			continue;
		CHECK_INT(getnameinfo(at->ifa_addr, sizeof(struct sockaddr_in), ip, sizeof(ip),
				      NULL, 0, NI_NUMERICHOST),
			  0);
		put(l, "%s %s %s", where, at->ifa_name, ip);
	}
	freeifaddrs(all);
	if_freenameindex(links);
}

/* Those of peers, in the main table. */
static void put_routes(struct lines *l)
{
	FILE *file = fopen("/proc/thread-self/net/route", "re");
	char line[256], link[16], ip[INET_ADDRSTRLEN], prefix[PREFIX_MAX];
	unsigned to, mask;

	CHECK(file);
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%15s %x %*x %*x %*d %*d %*d %x", link, &to, &mask) != 3)
			continue;
		snprintf(prefix, sizeof(prefix), "%s/%d", inet_ntop(AF_INET, &to, ip, sizeof(ip)),
			 __builtin_popcount(mask));
		if (is_peer_prefix(prefix))
			put(l, "route %s link %s", prefix, link);
	}
	fclose(file);
}

int container_netns(const struct soak *s, unsigned who)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)s->containers[who].guest.pid);
	fd = open(who < PIDS ? path : container_path(who), O_RDONLY | O_CLOEXEC);
	CHECK(fd >= 0);
	return fd;
}

void find_networks(const struct soak *s, struct lines *l)
{
	_cleanup_(fd_closep) int own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	char where[32];

	put_network(l, "host");
	put_routes(l);
	for (unsigned i = 0; i < FDS; i++) {
		_cleanup_(fd_closep) int netns = container_netns(s, i);

		CHECK_INT(setns(netns, CLONE_NEWNET), 0);
		snprintf(where, sizeof(where), "container %u", i);
		put_network(l, where);
	}
	CHECK_INT(setns(own, CLONE_NEWNET), 0);
}

/* The objects of a list in an answer, none of which holds another but a handle. */
static void put_rows(struct lines *l, const char *what, char *at, const char *begin,
		     const char *end)
{
	while ((at = strstr(at, begin))) {
		char *behind = strstr(at, end);

		CHECK(behind);
		put(l, "%s %.*s", what, (int)(behind - at), at);
		at = behind;
	}
}

static void put_peers(struct lines *l, char *status)
{
	char *at = status, *rest, *prefix;

	while ((at = strstr(at, "\"endpoint\":\""))) {
		char key[64] = "", *allowed = strstr(at, "\"allowed_ips\":\"");

		CHECK(allowed && at - status > 48);
		snprintf(key, sizeof(key), "%.44s", at - 46);
		rest = allowed + strlen("\"allowed_ips\":\"");
		at = rest + strcspn(rest, "\"");
		*at++ = '\0';
		if (strstr(key, "QAAAAAAAAAA"))
			put(l, "peer %s", key);
		while ((prefix = strsep(&rest, ",")) && *prefix)
			if (strstr(prefix, "/32"))
				put(l, "peer's prefix %s", prefix);
			else
				put(l, "peer %s prefix %s", key, prefix);
	}
}

/* What a process that is a tunnel has. */
static char *ask_process(const char *link)
{
	char path[64], *text = calloc(1, DEVICE_MAX);
	_cleanup_(fd_closep) int fd = -1;
	ssize_t got;

	CHECK(text);
	snprintf(path, sizeof(path), "/run/wireguard/%s.sock", link);
	fd = stream_connect(path);
	if (fd < 0 || write(fd, "get=1\n\n", 7) != 7)
		return text;
	for (size_t n = 0; !strstr(text, "\n\n") && n < DEVICE_MAX - 1; n += (size_t)got)
		if ((got = read(fd, text + n, DEVICE_MAX - 1 - n)) <= 0)
			break;
	return text;
}

static void put_process(struct lines *l, const char *link)
{
	_cleanup_(freep) char *text = ask_process(link);
	char *rest = text, *line, key[KEY_HEX_MAX] = "", prefix[PREFIX_MAX];

	while ((line = strsep(&rest, "\n"))) {
		if (sscanf(line, "public_key=%64s", key) == 1)
			put(l, "%s peer %s", link, key);
		else if (sscanf(line, "allowed_ip=%31s", prefix) == 1)
			put(l, "%s peer %s prefix %s", link, key, prefix);
	}
}

static void put_tunnels(struct lines *l, const char *status)
{
	const char *at = strstr(status, "\"dedicated_services\":");
	char service[64], link[16];
	unsigned n_peers;

	while (at && (at = strstr(at, "{\"service\":"))) {
		CHECK_INT(sscanf(at, "{\"service\":\"%63[^\"]\",\"interface\":\"%15[^\"]", service,
				 link),
			  2);
		at = strstr(at, "\"peer_count\":");
		CHECK(at && sscanf(at, "\"peer_count\":%u", &n_peers) == 1);
		put(l, "own tunnel of %s: %s", service, link);
		put(l, "%s has %u peers", link, n_peers);
		put_process(l, link);
	}
}

void find_answers(struct soak *s, struct lines *l)
{
	_cleanup_(freep) char *list = ask(s->scene.fd, 1, "{\"op\":\"list_attachments\"}");
	_cleanup_(freep) char *status = ask(s->scene.fd, 1, "{\"op\":\"status\"}");

	CHECK(answer_is_good(list) && answer_is_good(status));
	put(l, "the tunnel is %s", strstr(status, "\"interface\":\"zl-d-1-g\"") ? "up" : "down");
	put_rows(l, "attached", list, "\"handle\":", ",\"ephemeral\":");
	put_tunnels(l, status);
	if (s->up && strstr(status, "\"peers\":"))
		put_peers(l, strstr(status, "\"peers\":"));
}

void find(struct soak *s, struct lines *l)
{
	find_records(l, SCENE_DIR "/store");
	find_records(l, SCENE_DIR "/run/store");
	find_networks(s, l);
	find_answers(s, l);
}

bool found_tunnel(const struct lines *found, unsigned service, char link[16])
{
	char begin[96];

	snprintf(begin, sizeof(begin), "own tunnel of %s: ", service_name(service));
	for (size_t i = 0; i < found->n; i++)
		if (strncmp(found->texts[i], begin, strlen(begin)) == 0) {
			snprintf(link, 16, "%s", found->texts[i] + strlen(begin));
			return true;
		}
	return false;
}
