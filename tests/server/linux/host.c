#include "tests/server/linux/host.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

#define SCRIPT_MAX  4096
#define LOOK_TRIES  100
#define LOOK_WAIT   20000000 /* nanoseconds */
#define CONTROL_DIR "/run/wireguard"

/* What the kernel adds by itself with a carrier, soon or late, and the offload sizes that a bridge
 * takes over from its ports, are left out. */
static const char look_script[] =
	"{ ip -N -d -o link; ip -N -o addr; ip -N route show table all; "
	"ip -N -6 route show table all; ip -N rule; ip -N -6 rule; ss -HOlun; nft list ruleset; "
	"ls -A /run/wireguard; pgrep -l wireguard-go; } 2>/dev/null |"
	"sed -E '/ ff00::\\/8 dev /d; s/ state [A-Z]+//; s/NO-CARRIER,//; s/,LOWER_UP//; s/ "
	"linkdown//; "
	"s/[a-z_]+_timer +[0-9.]+//g; s/[gt][sr]o_max_s[a-z]+ [0-9]+//g; s/UNCONN[ 0-9]+//'";

void host_enter(void)
{
	sandbox_enter();
	if (!succeeds("command -v ip && command -v ss && command -v nft && command -v nsenter && "
		      "command -v pgrep"))
		SKIP("iproute2, nftables, util-linux or procps is missing");
	run("ip link set lo up");
}

static pid_t start(const char *script, int output)
{
	extern char **environ;
	char *const argv[] = { "sh", "-ec", (char *)script, NULL };
	posix_spawn_file_actions_t actions;
	pid_t pid;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO);
	CHECK_INT(posix_spawn(&pid, "/bin/sh", &actions, NULL, argv, environ), 0);
	posix_spawn_file_actions_destroy(&actions);
	return pid;
}

static char *read_all(int fd)
{
	size_t n = 0, room = 65536;
	char *text = malloc(room);
	ssize_t got;

	while (text && (got = read(fd, text + n, room - n - 1)) > 0) {
		n += (size_t)got;
		if (room - n < 4096)
			text = realloc(text, room *= 2);
	}
	CHECK(text);
	text[n] = '\0';
	return text;
}

/* Its exit status; what it prints, from malloc. */
static int script_run(const char *format, va_list args, char **ret)
{
	char script[SCRIPT_MAX];
	int pipes[2], status;
	pid_t pid;

	CHECK(vsnprintf(script, sizeof(script), format, args) < SCRIPT_MAX);
	CHECK_INT(pipe2(pipes, O_CLOEXEC), 0);
	pid = start(script, pipes[1]);
	close(pipes[1]);
	*ret = read_all(pipes[0]);
	close(pipes[0]);
	CHECK_INT(waitpid(pid, &status, 0), pid);
	return status;
}

static char *must_run(const char *format, va_list args)
{
	char *output;

	if (script_run(format, args, &output) != 0)
		check_fail(__FILE__, __LINE__, "%s: %s", format, output);
	return output;
}

char *sh(const char *format, ...)
{
	char *output;
	va_list args;

	va_start(args, format);
	output = must_run(format, args);
	va_end(args);
	return output;
}

void run(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	free(must_run(format, args));
	va_end(args);
}

bool succeeds(const char *format, ...)
{
	_cleanup_(freep) char *output = NULL;
	va_list args;
	int status;

	va_start(args, format);
	status = script_run(format, args, &output);
	va_end(args);
	return status == 0;
}

bool kernel_has_wireguard(void)
{
	return succeeds("ip link add wg-probe type wireguard && ip link del wg-probe");
}

/* ---- containers ---- */

void guest_start(struct guest *guest)
{
	int pipes[2];
	char path[64], byte;

	CHECK_INT(pipe2(pipes, O_CLOEXEC), 0);
	guest->pid = fork();
	CHECK(guest->pid >= 0);
	if (guest->pid == 0) {
		prctl(PR_SET_NAME, ") R 1 (2 3"); /* a process is called what it likes */
		if (unshare(CLONE_NEWNET) < 0 || write(pipes[1], "", 1) != 1)
			_exit(1);
		close(pipes[1]);
		for (;;)
			pause();
	}
	close(pipes[1]);
	CHECK_INT(read(pipes[0], &byte, 1), 1);
	close(pipes[0]);
	snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)guest->pid);
	guest->netns = open(path, O_RDONLY | O_CLOEXEC);
	CHECK(guest->netns >= 0);
}

void guest_stop(struct guest *guest)
{
	kill(guest->pid, SIGKILL);
	waitpid(guest->pid, NULL, 0);
	fd_closep(&guest->netns);
}

const char *in_guest(const struct guest *guest)
{
	static char text[64];

	snprintf(text, sizeof(text), "nsenter --net=/proc/%d/ns/net", (int)guest->pid);
	return text;
}

/* ---- looking ---- */

char *look(const struct guest *guest)
{
	char *host = sh("%s", look_script), *inside, *both;

	if (!guest)
		return host;
	inside = sh("%s sh -c \"%s\"", in_guest(guest), look_script);
	CHECK(asprintf(&both, "host:\n%scontainer:\n%s", host, inside) > 0);
	free(host);
	free(inside);
	return both;
}

static void fail_at_difference(const char *file, int line, const char *before, const char *after)
{
	while (*before && *after && strcspn(before, "\n") == strcspn(after, "\n") &&
	       strncmp(before, after, strcspn(before, "\n")) == 0) {
		before += strcspn(before, "\n") + (strchr(before, '\n') != NULL);
		after += strcspn(after, "\n") + (strchr(after, '\n') != NULL);
	}
	check_fail(file, line, "not as before: was \"%.*s\", is \"%.*s\"",
		   (int)strcspn(before, "\n"), before, (int)strcspn(after, "\n"), after);
}

void check_as_before(const char *file, int line, const struct guest *guest, const char *before)
{
	const struct timespec moment = { .tv_nsec = LOOK_WAIT };

	for (int i = 0;; i++) {
		_cleanup_(freep) char *after = look(guest);

		if (strcmp(after, before) == 0)
			return;
		if (i == LOOK_TRIES)
			fail_at_difference(file, line, before, after);
		nanosleep(&moment, NULL);
	}
}

struct linux_net *platform_new(void)
{
	const struct linux_options options = { .control_dir = CONTROL_DIR };
	struct net *net;

	CHECK_INT(linux_net_new(&options, &net), 0);
	return net->platform;
}

struct ovd_ip ip_of(const char *text)
{
	struct ovd_ip ip;

	CHECK_INT(ip_parse(view(text), &ip), 0);
	return ip;
}

struct ovd_cidr cidr_of(const char *text)
{
	struct ovd_cidr cidr;

	CHECK_INT(cidr_parse(view(text), &cidr), 0);
	return cidr;
}
