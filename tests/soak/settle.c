/* What there is, beside what the clients believe. */
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

#include "tests/soak/found.h"
#include "tests/soak/peers.h"

#define TRIES 400
#define PAUSE 20000000 /* nanoseconds */

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
	else if (who < NETNSES)
		put(l, "record attachment netns %s", container_path(who));
	else
		put(l, "record attachment netns net:[%" PRIu64 "]", (uint64_t)st.st_ino);
}

static void want_container(const struct soak *s, unsigned who, const struct lines *found,
			   struct lines *l)
{
	const char *ip = s->containers[who].ip;
	char row[256] = "";

	if (who < FDS)
		want_interfaces(s, who, found, l, row);
	else
		put(l, "record attachment %s id-%u", who < GUESTS ? "guest" : "host", who);
	if (who >= FDS && who < GUESTS && s->up)
		put(l, "peer's prefix %s/32", ip);
	put(l, "attached \"handle\":%s,\"service\":\"%s\",\"ip\":\"%s\"%s",
	    container_handle(s, who), service_name(s->containers[who].service), ip, row);
}

/* Its tunnel's name is what the daemon says. */
static void want_tunnel(const struct soak *s, unsigned service, const struct lines *found,
			struct lines *l)
{
	char link[16];
	bool has = found_tunnel(found, service, link);

	put(l, "own tunnel of %s: %s", service_name(service), has ? link : "some");
	put(l, "host link %s", has ? link : "of it");
	want_peers(s, service, has ? link : "of it", l);
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
				want_tunnel(s, i, found, l);
		}
	want_peers(s, NODE, s->up ? "zl-d-1-g" : NULL, l);
	for (size_t i = 0; i < s->n_leases; i++)
		put(l, "record lease %s", s->leases[i].ip);
}

/* ---- what nobody was told ---- */

static void learn_services(struct soak *s, const struct lines *found)
{
	char text[96];

	for (unsigned i = 0; i < SERVICES; i++) {
		snprintf(text, sizeof(text), "record service %s", service_name(i));
		if (s->services[i].known && must_go(s, i) && !has_line(found, text))
			service_is_gone(s, i);
	}
}

static void learn_leases(struct soak *s, const struct lines *found)
{
	char text[96];
	size_t n = 0;

	for (size_t i = 0; i < s->n_leases; i++) {
		snprintf(text, sizeof(text), "record lease %s", s->leases[i].ip);
		if (!s->leases[i].may_go || has_line(found, text))
			s->leases[n++] = s->leases[i];
	}
	s->n_leases = n;
}

void soak_learn_lease(struct soak *s, unsigned service)
{
	struct lines found = { .n = 0 };
	char ip[64];

	find_records(&found, SCENE_DIR "/run/store");
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
	n = lines_compare(&wanted, &found, tell ? "missing" : NULL) +
	    lines_compare(&found, &wanted, tell ? "too much" : NULL);
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
	s->peers_late = false;
}
