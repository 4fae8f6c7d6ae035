/* What there is, beside what the clients believe. */
#include <fcntl.h>
#include <ifaddrs.h>
#include <inttypes.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tests/soak/soak.h"

#define TRIES 400
#define PAUSE 20000000 /* nanoseconds */

/* ---- lines ---- */

struct lines {
	char *texts[512];
	size_t n;
};

static void put(struct lines *l, const char *format, ...) _printf_(2, 3);

static void put(struct lines *l, const char *format, ...)
{
	va_list args;

	CHECK(l->n < ARRAY_SIZE(l->texts));
	va_start(args, format);
	CHECK(vasprintf(&l->texts[l->n++], format, args) >= 0);
	va_end(args);
}

static void lines_done(struct lines *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->texts[i]);
	l->n = 0;
}

static bool has(const struct lines *l, const char *text)
{
	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->texts[i], text) == 0)
			return true;
	return false;
}

/* How many of one are not in the other. */
static unsigned compare(const struct lines *these, const struct lines *those, const char *what)
{
	unsigned n = 0;

	for (size_t i = 0; i < these->n; i++)
		if (!has(those, these->texts[i])) {
			n++;
			if (what)
				fprintf(stderr, "%s: %s\n", what, these->texts[i]);
		}
	return n;
}

/* ---- what there is ---- */

static void put_records(struct lines *l, const char *dir)
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

static int container_netns(const struct soak *s, unsigned who)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)s->containers[who].guest.pid);
	fd = open(who < PIDS ? path : container_path(who), O_RDONLY | O_CLOEXEC);
	CHECK(fd >= 0);
	return fd;
}

static void put_networks(const struct soak *s, struct lines *l)
{
	_cleanup_(fd_closep) int own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	char where[32];

	put_network(l, "host");
	for (unsigned i = 0; i < NETNSES; i++) {
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

static void put_answers(struct soak *s, struct lines *l)
{
	_cleanup_(freep) char *list = ask(s->scene.fd, 1, "{\"op\":\"list_attachments\"}");
	_cleanup_(freep) char *status = ask(s->scene.fd, 1, "{\"op\":\"status\"}");

	CHECK(answer_is_good(list) && answer_is_good(status));
	put(l, "the tunnel is %s", strstr(status, "\"interface\":\"zl-d-1-g\"") ? "up" : "down");
	put_rows(l, "attached", list, "\"handle\":", ",\"ephemeral\":");
	put_rows(l, "own tunnel", status, "\"service\":", ",\"public_key\"");
	if (s->up)
		put_peers(l, strstr(status, "\"peers\":") ? strstr(status, "\"peers\":") : status);
}

static void find(struct soak *s, struct lines *l)
{
	put_records(l, SCENE_DIR "/store");
	put_records(l, SCENE_DIR "/run/store");
	put_networks(s, l);
	put_answers(s, l);
}

/* ---- what the clients believe ---- */

/* Whether it is joined depends on the tunnel at the time: who did not ask for it is not. */
static bool is_joined(const struct soak *s, unsigned who, const struct lines *found, char ip[64])
{
	const char *handle = container_handle(s, who);

	for (size_t i = 0; i < found->n; i++) {
		const char *joined = strstr(found->texts[i], "\"joined_ip\":\"");

		if (joined && strstr(found->texts[i], handle)) {
			CHECK(s->containers[who].asked_join);
			CHECK_INT(sscanf(joined, "\"joined_ip\":\"%63[^\"]", ip), 1);
			return true;
		}
	}
	return false;
}

static void want_interfaces(const struct soak *s, unsigned who, const struct lines *found,
			    struct lines *l, char row[256])
{
	_cleanup_(fd_closep) int netns = container_netns(s, who);
	char host[16], ip[64], joined[96] = "";
	struct stat st;

	CHECK_INT(fstat(netns, &st), 0);
	snprintf(host, sizeof(host), "zl-%08x", (unsigned)st.st_ino);
	put(l, "host link %s-0", host);
	put(l, "container %u link eth0", who);
	put(l, "container %u eth0 %s", who, s->containers[who].ip);
	if (is_joined(s, who, found, ip)) {
		put(l, "host link %s-1", host);
		put(l, "container %u link eth1", who);
		put(l, "container %u eth1 %s", who, ip);
		snprintf(joined, sizeof(joined), ",\"joined_ip\":\"%s\"", ip);
	}
	snprintf(row, 256, "%s,\"interface\":\"eth0\",\"host_interface\":\"%s-0\"", joined, host);
	if (who < PIDS)
		put(l, "record attachment netns %" PRIu64 ":%" PRIu64, (uint64_t)st.st_dev,
		    (uint64_t)st.st_ino);
	else
		put(l, "record attachment netns %s", container_path(who));
}

static void want_container(const struct soak *s, unsigned who, const struct lines *found,
			   struct lines *l)
{
	const char *ip = s->containers[who].ip;
	char row[256] = "";

	if (who < NETNSES)
		want_interfaces(s, who, found, l, row);
	else
		put(l, "record attachment %s id-%u", who < GUESTS ? "guest" : "host", who);
	if (who >= NETNSES && who < GUESTS && s->up)
		put(l, "peer's prefix %s/32", ip);
	put(l, "attached \"handle\":%s,\"service\":\"%s\",\"ip\":\"%s\"%s",
	    container_handle(s, who), service_name(s->containers[who].service), ip, row);
}

/* Its tunnel's name is what the daemon says. */
static void want_tunnel(unsigned service, const struct lines *found, struct lines *l)
{
	char begin[96], link[16];

	snprintf(begin, sizeof(begin), "own tunnel \"service\":\"%s\",\"interface\":\"",
		 service_name(service));
	for (size_t i = 0; i < found->n; i++)
		if (strncmp(found->texts[i], begin, strlen(begin)) == 0 &&
		    sscanf(found->texts[i] + strlen(begin), "%15[^\"]", link) == 1) {
			put(l, "%s", found->texts[i]);
			put(l, "host link %s", link);
			return;
		}
	put(l, "%s", begin);
}

static void want_peer(const struct soak *s, unsigned who, struct lines *l)
{
	put(l, "record peer %s ", peer_key(who));
	if (s->up)
		put(l, "peer %s", peer_key(who));
	for (unsigned i = 0; i < PREFIXES && s->up; i++)
		if (s->peers[who].allowed[i])
			put(l, "peer %s prefix %s", peer_key(who), peer_prefix(i));
}

static bool must_go(const struct soak *s, unsigned service)
{
	return s->services[service].leaving && service_users(s, service) == 0;
}

static void want(const struct soak *s, const struct lines *found, struct lines *l)
{
	put(l, "host link up0");
	put(l, "host link up1");
	put(l, "the tunnel is %s", s->up ? "up" : "down");
	if (s->up)
		put(l, "host link zl-d-1-g");
	for (unsigned i = 0; i < CONTAINERS; i++)
		if (s->containers[i].attached)
			want_container(s, i, found, l);
	for (unsigned i = 0; i < SERVICES; i++)
		if (s->services[i].known && !must_go(s, i)) {
			put(l, "record service %s", service_name(i));
			put(l, "host link %s", s->services[i].link);
			if (s->services[i].mode == MODE_DEDICATED)
				want_tunnel(i, found, l);
		}
	for (unsigned i = 0; i < PEERS; i++)
		if (s->peers[i].known)
			want_peer(s, i, l);
	for (size_t i = 0; i < s->n_leases; i++)
		put(l, "record lease %s", s->leases[i].ip);
}

/* ---- what nobody was told ---- */

static void learn_services(struct soak *s, const struct lines *found)
{
	char text[96];

	for (unsigned i = 0; i < SERVICES; i++) {
		snprintf(text, sizeof(text), "record service %s", service_name(i));
		if (s->services[i].known && must_go(s, i) && !has(found, text))
			service_is_gone(s, i);
	}
}

static void learn_leases(struct soak *s, const struct lines *found)
{
	char text[96];
	size_t n = 0;

	for (size_t i = 0; i < s->n_leases; i++) {
		snprintf(text, sizeof(text), "record lease %s", s->leases[i].ip);
		if (!s->leases[i].may_go || has(found, text))
			s->leases[n++] = s->leases[i];
	}
	s->n_leases = n;
}

void soak_learn_lease(struct soak *s, unsigned service)
{
	struct lines found = { .n = 0 };
	char ip[64];

	put_records(&found, SCENE_DIR "/run/store");
	for (size_t i = 0; i < found.n; i++) {
		bool known = false;

		if (sscanf(found.texts[i], "record lease %63s", ip) != 1)
			continue;
		for (size_t k = 0; k < s->n_leases; k++)
			known |= strcmp(s->leases[k].ip, ip) == 0;
		if (known)
			continue;
		CHECK(s->n_leases < LEASES_MAX);
		s->leases[s->n_leases].service = service;
		s->leases[s->n_leases].may_go = false;
		memcpy(s->leases[s->n_leases++].ip, ip, sizeof(ip));
	}
	lines_done(&found);
}

static void forget_what_may_go(struct soak *s)
{
	for (size_t i = 0; i < s->n_leases; i++)
		s->leases[i].may_go = false;
}

static unsigned look_once(struct soak *s, bool tell)
{
	struct lines found = { .n = 0 }, wanted = { .n = 0 };
	unsigned n;

	find(s, &found);
	learn_services(s, &found);
	learn_leases(s, &found);
	want(s, &found, &wanted);
	n = compare(&wanted, &found, tell ? "missing" : NULL) +
	    compare(&found, &wanted, tell ? "too much" : NULL);
	lines_done(&found);
	lines_done(&wanted);
	return n;
}

void soak_settle(struct soak *s)
{
	const struct timespec moment = { .tv_nsec = PAUSE };

	for (int i = 0; look_once(s, i == TRIES) > 0; i++) {
		if (i == TRIES) {
			scene_show_log();
			check_fail(__FILE__, __LINE__, "not as wanted");
		}
		nanosleep(&moment, NULL);
	}
	forget_what_may_go(s);
}
