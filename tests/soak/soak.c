#include "tests/soak/soak.h"

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <unistd.h>

#include "tests/soak/ends.h"
#include "tests/soak/peers.h"
#include "tests/soak/request.h"

/* ---- containers ---- */

/* A namespace that a file keeps, and no process is in. */
static void netns_start(const char *path)
{
	_cleanup_(fd_closep) int own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	_cleanup_(fd_closep) int file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	CHECK(file >= 0);
	CHECK_INT(unshare(CLONE_NEWNET), 0);
	CHECK_INT(mount("/proc/self/ns/net", path, NULL, MS_BIND, NULL), 0);
	CHECK_INT(setns(own, CLONE_NEWNET), 0);
}

/* No descriptor is kept: those that are forked later would have it too, and keep the namespace. */
static void container_start(struct soak *s, unsigned who)
{
	if (who < PIDS) {
		guest_start(&s->containers[who].guest);
		fd_closep(&s->containers[who].guest.netns);
	} else if (who < FDS) {
		netns_start(container_path(who));
	}
}

static void container_stop(struct soak *s, unsigned who)
{
	if (who < PIDS) {
		guest_stop(&s->containers[who].guest);
	} else if (who < FDS) {
		CHECK_INT(umount2(container_path(who), MNT_DETACH), 0);
		CHECK_INT(unlink(container_path(who)), 0);
	}
}

unsigned service_users(const struct soak *s, unsigned which)
{
	unsigned n = 0;

	for (unsigned i = 0; i < CONTAINERS; i++)
		n += s->containers[i].attached && s->containers[i].service == which;
	return n;
}

static bool has_leases(const struct soak *s, unsigned service)
{
	for (size_t i = 0; i < s->n_leases; i++)
		if (s->leases[i].service == service)
			return true;
	return false;
}

/* The last one takes a service along that was torn down, or if it was to: unless somebody else has
 * an address of it. */
static void is_detached(struct soak *s, unsigned who)
{
	unsigned service = s->containers[who].service;
	bool was = s->containers[who].attached;

	s->containers[who].attached = false;
	if (!was || service_users(s, service) > 0)
		return;
	s->services[service].leaving |= s->containers[who].ephemeral &&
					s->services[service].mode != MODE_SHARED &&
					!has_leases(s, service);
	if (s->services[service].leaving)
		soak_settle(s);
}

static bool has_ephemeral(const struct soak *s, unsigned service)
{
	for (unsigned i = 0; i < CONTAINERS; i++)
		if (s->containers[i].attached && s->containers[i].service == service &&
		    s->containers[i].ephemeral)
			return true;
	return false;
}

/* When it is noticed matters only where somebody may be the last one, and so it is waited for. */
static void die(struct soak *s, unsigned who, void (*meanwhile)(struct soak *s))
{
	bool matters = who < FDS && s->containers[who].attached &&
		       has_ephemeral(s, s->containers[who].service);

	container_stop(s, who);
	container_start(s, who);
	if (meanwhile)
		meanwhile(s);
	if (who < FDS)
		is_detached(s, who);
	if (matters)
		soak_settle(s);
}

/* ---- what an answer means to who asked ---- */

static void field_of(const char *answer, const char *name, char *ret, size_t room)
{
	char key[32];
	const char *at;
	size_t n;

	snprintf(key, sizeof(key), "\"%s\":\"", name);
	at = strstr(answer, key);
	CHECK(at);
	at += strlen(key);
	n = strcspn(at, "\"");
	CHECK(n < room);
	memcpy(ret, at, n);
	ret[n] = '\0';
}

static void service_is_up(struct soak *s, const struct act *act, const char *answer)
{
	unsigned which = act->what % SERVICES;

	if (!s->services[which].known)
		s->services[which].mode = act->how % 4;
	s->services[which].known = true;
	s->services[which].leaving = false;
	field_of(answer, "name", s->services[which].link, sizeof(s->services[which].link));
}

void service_is_gone(struct soak *s, unsigned which)
{
	memset(&s->services[which], 0, sizeof(s->services[which]));
	memset(s->peers[which], 0, sizeof(s->peers[which]));
	for (size_t i = 0; i < s->n_leases; i++)
		s->leases[i].may_go = true;
}

static void service_is_torn_down(struct soak *s, unsigned which)
{
	if (service_users(s, which) > 0) {
		s->services[which].leaving = s->services[which].known;
		return;
	}
	service_is_gone(s, which);
	soak_settle(s);
}

static void is_attached(struct soak *s, const struct act *act, const char *answer)
{
	unsigned who = act->who % CONTAINERS;
	char ip[64];

	field_of(answer, strstr(answer, "guest_config") ? "overlay_ip" : "ip", ip, sizeof(ip));
	if (s->containers[who].attached)
		CHECK_STR(ip, s->containers[who].ip);
	else
		s->containers[who].asked_join = act->how & 1;
	for (unsigned i = 0; i < CONTAINERS; i++)
		CHECK(i == who || !s->containers[i].attached || strcmp(s->containers[i].ip, ip));
	for (size_t i = 0; i < s->n_leases; i++)
		CHECK(strcmp(s->leases[i].ip, ip));
	s->containers[who].attached = true;
	s->containers[who].service = act->what % SERVICES;
	s->containers[who].ephemeral = is_ephemeral(act);
	memcpy(s->containers[who].ip, ip, sizeof(ip));
}

static void is_lent(struct soak *s, const struct act *act, const char *answer)
{
	CHECK(s->n_leases < LEASES_MAX);
	s->leases[s->n_leases].may_go = false;
	s->leases[s->n_leases].service = lender_of(s, act);
	field_of(answer, "ip", s->leases[s->n_leases++].ip, sizeof(s->leases[0].ip));
}

static void is_returned(struct soak *s, const struct act *act)
{
	s->leases[act->who % s->n_leases] = s->leases[s->n_leases - 1];
	s->n_leases--;
}

/* Of the host nothing is known any more, but who is on it. */
static void is_uninstalled(struct soak *s)
{
	soak_ended(s, 0);
	for (unsigned i = 0; i < CONTAINERS; i++)
		s->containers[i].attached = false;
	memset(s->services, 0, sizeof(s->services));
	memset(s->peers, 0, sizeof(s->peers));
	s->n_leases = 0;
	s->up = s->has_ranges = false;
	soak_begin(s);
}

static void is_done(struct soak *s, const struct act *act, const char *answer)
{
	switch (act->kind) {
	case ACT_SETUP:
	case ACT_TEARDOWN:
		s->up = act->kind == ACT_SETUP;
		s->has_ranges |= s->up;
		break;
	case ACT_SERVICE:
		service_is_up(s, act, answer);
		break;
	case ACT_UNSERVICE:
		service_is_torn_down(s, act->what % SERVICES);
		break;
	case ACT_ATTACH:
		is_attached(s, act, answer);
		break;
	case ACT_DETACH:
		is_detached(s, act->who % CONTAINERS);
		break;
	case ACT_LEND:
		is_lent(s, act, answer);
		break;
	case ACT_RETURN:
		is_returned(s, act);
		break;
	case ACT_PEER:
	case ACT_UNPEER:
	case ACT_ALLOW:
	case ACT_DISALLOW:
	case ACT_SYNC:
		peers_are(s, act, answer, act->is_killed);
		break;
	case ACT_PRUNE:
		CHECK(strstr(answer, "zl-orphan-b"));
		break;
	case ACT_UNINSTALL:
		is_uninstalled(s);
		break;
	case ACT_NUMBER:
	case ACT_DEATH:
	case ACT_KILL:
	case ACT_STOP:
	case ACT_DEVICE_DEATH:
	case ACT_MAX_:
		break;
	}
}

/* ---- asking ---- */

/* What may be refused: who has no tunnel, service or peer to be with, or is otherwise already. */
static bool may_be_refused(const struct soak *s, const struct act *act)
{
	unsigned service = act->what % SERVICES, who = act->who % CONTAINERS, mode = act->how % 4;

	switch (act->kind) {
	case ACT_SERVICE:
		return mode == MODE_DEDICATED ||
		       (s->services[service].known && mode != s->services[service].mode);
	case ACT_ATTACH:
		return !s->services[service].known || s->services[service].leaving ||
		       s->containers[who].attached || (who >= FDS && !s->up);
	case ACT_LEND:
		return !s->has_ranges && lender_of(s, act) == SERVICES;
	case ACT_PEER:
	case ACT_ALLOW:
	case ACT_SYNC:
		return peers_cannot_be(s, act);
	case ACT_TEARDOWN:
	case ACT_SETUP:
	case ACT_UNSERVICE:
	case ACT_DETACH:
	case ACT_RETURN:
	case ACT_UNPEER:
	case ACT_DISALLOW:
	case ACT_PRUNE:
	case ACT_NUMBER:
	case ACT_UNINSTALL:
	case ACT_DEATH:
	case ACT_KILL:
	case ACT_STOP:
	case ACT_DEVICE_DEATH:
	case ACT_MAX_:
		break;
	}
	return false;
}

static void take(struct soak *s, const struct act *act, const char *request, const char *answer)
{
	s->asked[act->kind]++;
	if (answer_is_good(answer)) {
		s->good[act->kind]++;
		s->peers_late |= act->kind >= ACT_PEER && act->kind <= ACT_SYNC;
		is_done(s, act, answer);
	} else if (!answer || !may_be_refused(s, act)) {
		scene_show_log();
		if (!answer)
			check_fail(__FILE__, __LINE__, "%s: the daemon ended with %d", request,
				   daemon_wait(s->scene.pid));
		check_fail(__FILE__, __LINE__, "%s: answered %s", request, answer);
	}
}

/* Peers are written down a moment after the answer. */
static void wait_for_the_late(struct soak *s)
{
	if (s->peers_late)
		soak_settle(s);
}

/* The last one may still be going. */
static void make_orphan(void)
{
	run("until ip link add zl-orphan-b type bridge 2>/dev/null; do"
	    "  ip link del zl-orphan-b 2>/dev/null || true; done;"
	    "ip link set zl-orphan-b alias \"$(cat /run/mark) service orphan\"");
}

static void send_request(const struct soak *s, const struct act *act, const char *request)
{
	_cleanup_(fd_closep) int fd = descriptor_of(s, act);
	char frame[REQUEST_MAX + 64];

	snprintf(frame, sizeof(frame), "{\"frame\":\"request\",\"id\":1,\"request\":%s}", request);
	if (fd >= 0)
		scene_send_with(s->scene.fd, frame, fd);
	else
		send_body(s->scene.fd, frame);
}

/* Nobody waits for the answer that doesn't come; an address that was lent meanwhile is in the
 * store. Else it is asked again, as patient clients do. */
static void ask_and_kill(struct soak *s, const struct act *act, const char *request)
{
	send_request(s, act, request);
	usleep(act->after_us);
	scene_kill(&s->scene);
	soak_begin(s);
	if (act->kind == ACT_LEND)
		soak_learn_lease(s, lender_of(s, act));
}

static void request(struct soak *s, const struct act *act)
{
	_cleanup_(freep) char *answer = NULL;
	char text[REQUEST_MAX];

	if (!request_of(s, act, text))
		return;
	if (act->is_killed)
		wait_for_the_late(s);
	if (act->kind == ACT_PRUNE)
		make_orphan();
	if (act->kind == ACT_ATTACH && is_ephemeral(act))
		soak_settle(s);
	if (act->is_killed)
		ask_and_kill(s, act, text);
	if (act->is_killed && act->kind == ACT_LEND)
		return;
	if (act->is_killed && act->kind == ACT_PRUNE)
		make_orphan();
	send_request(s, act, text);
	answer = read_body(s->scene.fd);
	take(s, act, text, answer);
}

/* ---- what nobody asks for ---- */

static void kill_and_begin(struct soak *s)
{
	scene_kill(&s->scene);
	soak_begin(s);
}

void soak_act(struct soak *s, const struct act *act)
{
	bool dies = act->how & 1;

	if (act->kind == ACT_KILL || act->kind == ACT_STOP)
		wait_for_the_late(s);
	if (act->kind < ACT_REQUEST_MAX_)
		request(s, act);
	else if (act->kind == ACT_DEATH)
		die(s, act->who % CONTAINERS, NULL);
	else if (act->kind == ACT_KILL && dies)
		die(s, act->who % CONTAINERS, kill_and_begin);
	else if (act->kind == ACT_KILL)
		kill_and_begin(s);
	else if (act->kind == ACT_STOP)
		soak_stop(s, act);
	else
		soak_device_dies(s, act->who);
}

/* ---- the beginning and the end ---- */

static void act(struct soak *s, enum act_kind kind, unsigned who, unsigned what)
{
	soak_act(s, &(struct act){ .kind = kind, .who = (uint8_t)who, .what = (uint8_t)what });
}

void soak_clear(struct soak *s)
{
	for (unsigned i = 0; i < CONTAINERS; i++)
		act(s, ACT_DETACH, i, 0);
	while (s->n_leases > 0)
		act(s, ACT_RETURN, 0, 0);
	for (unsigned i = 0; i < PEERS; i++)
		soak_act(s, &(struct act){ .kind = ACT_UNPEER, .who = (uint8_t)i, .how = NODE });
	for (unsigned i = 0; i < SERVICES; i++)
		act(s, ACT_UNSERVICE, 0, i);
	act(s, ACT_SETUP, 0, 0); /* what is taken down leaves its last port in the store */
	act(s, ACT_TEARDOWN, 0, 0);
	act(s, ACT_NUMBER, 0, 0);
	soak_settle(s);
}

void soak_enter(struct soak *s)
{
	memset(s, 0, sizeof(*s));
	scene_enter(&s->scene);
	s->by_processes = !kernel_has_wireguard();
	run("mkdir -p /run/netns");
	for (unsigned i = 0; i < FDS; i++)
		container_start(s, i);
	soak_begin(s);
	act(s, ACT_SETUP, 0, 0);
	run("ip -o link show zl-d-1-g | sed 's/.*alias \\(overlayd [0-9a-f]*\\) .*/\\1/' "
	    ">/run/mark");
}

void soak_leave(struct soak *s)
{
	expect(s->scene.fd, "{\"op\":\"uninstall\",\"yes\":true,\"purge\":true}", "\"result\":");
	CHECK_INT(daemon_wait(s->scene.pid), 0);
	scene_forget(&s->scene);
	run("! { ip -o link; nft list ruleset; ls /run/wireguard; ls " SCENE_DIR
	    "/store; } 2>/dev/null | grep 'zl-\\|overlayd\\|mdb'");
	guest_stop(&s->scene.guest);
	for (unsigned i = 0; i < FDS; i++)
		container_stop(s, i);
}
