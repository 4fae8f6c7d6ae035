#include "tests/soak/ends.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/soak/found.h"

#define END_MS 20000

/* A process that a killed daemon was just starting has its socket for a moment still. */
void soak_begin(struct soak *s)
{
	char *answer;

	scene_start(&s->scene);
	while (!(answer = ask(s->scene.fd, 1, "{\"op\":\"status\"}"))) {
		CHECK_INT(waitpid(s->scene.pid, NULL, WNOHANG), 0);
		fd_closep(&s->scene.fd);
		scene_connect(&s->scene);
	}
	free(answer);
}

void soak_ended(struct soak *s, int status)
{
	CHECK_INT(daemon_wait(s->scene.pid), status);
	scene_forget(&s->scene);
}

/* ---- stopping ---- */

static bool is_used(const struct soak *s, const char *bridge)
{
	for (unsigned i = 0; i < FDS; i++)
		if (s->containers[i].attached &&
		    strcmp(s->services[s->containers[i].service].link, bridge) == 0)
			return true;
	return false;
}

/* Tunnels, their routes, bridges of nobody. */
static bool goes_at_stop(const struct soak *s, const struct lines *found, const char *line)
{
	char link[16] = "", tunnel[16];

	if (sscanf(line, "route %*s link %15s", link) == 1)
		return true;
	if (sscanf(line, "host link %15s", link) != 1)
		return false;
	if (strcmp(link, "zl-d-1-g") == 0)
		return true;
	for (unsigned i = 0; i < SERVICES; i++)
		if ((found_tunnel(found, i, tunnel) && strcmp(link, tunnel) == 0) ||
		    (s->services[i].known && strcmp(link, s->services[i].link) == 0))
			return !is_used(s, link);
	return false;
}

static void want_left(const struct soak *s, const struct lines *found, bool keep, struct lines *l)
{
	find_networks(s, l);
	for (size_t i = 0; i < l->n && !keep; i++)
		while (i < l->n && goes_at_stop(s, found, l->texts[i])) {
			free(l->texts[i]);
			l->texts[i] = l->texts[--l->n];
		}
}

static void check_left(struct soak *s, const struct lines *wanted, bool keep)
{
	struct lines left = { .n = 0 };
	unsigned n;

	find_networks(s, &left);
	n = lines_compare(wanted, &left, "missing after a stop") +
	    lines_compare(&left, wanted, "left by a stop");
	lines_done(&left);
	CHECK_INT(n, 0);
	if (!keep)
		CHECK(!succeeds("pgrep -r D,R,S -x wireguard-go"));
}

void soak_stop(struct soak *s, const struct act *act)
{
	struct lines found = { .n = 0 }, wanted = { .n = 0 };
	unsigned way = act->what % 3;

	soak_settle(s);
	find_answers(s, &found);
	want_left(s, &found, way == 1, &wanted);
	if (way == 2)
		expect(s->scene.fd, "{\"op\":\"shutdown\"}", "\"result\":\"ok\"");
	else
		kill(s->scene.pid, way == 1 ? SIGUSR2 : SIGTERM);
	soak_ended(s, way == 1 ? 3 : 0);
	check_left(s, &wanted, way == 1);
	lines_done(&found);
	lines_done(&wanted);
	soak_begin(s);
}

/* ---- processes that are tunnels ---- */

static pid_t process_of_device(unsigned which)
{
	_cleanup_(freep) char *text = sh("pgrep -r D,R,S -x wireguard-go || true");
	const char *at = text;
	unsigned n = 0;
	int pid = 0;

	for (const char *end = text; (end = strchr(end, '\n')); end++)
		n++;
	for (unsigned i = 0; n > 0 && i < which % n; i++)
		at = strchr(at, '\n') + 1;
	CHECK_INT(sscanf(at, "%d", &pid), n > 0 ? 1 : EOF);
	return pid;
}

/* The kernel's own WireGuard has no process. Others end with the last of their threads: then the
 * link is gone. */
void soak_device_dies(struct soak *s, unsigned which)
{
	pid_t pid = process_of_device(which);
	struct pollfd process = { .events = POLLIN };

	if (pid == 0)
		return;
	process.fd = (int)syscall(SYS_pidfd_open, pid, 0);
	CHECK(process.fd >= 0);
	kill(pid, SIGKILL);
	CHECK_INT(poll(&process, 1, END_MS), 1);
	close(process.fd);
	soak_settle(s);
}
