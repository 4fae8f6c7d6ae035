#include "tests/bench/host.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/stream_unix.h"
#include "runtime/util.h"
#include "server/linux/link.h"
#include "tests/bench/bench.h"

#define BRIDGES       10
#define STACK_BYTES   4096
#define WINDOW        512 /* requests without an answer */
#define WAIT_MS       300000
#define CONNECT_TRIES 200000 /* 100 us apart */

static _Noreturn void stop(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	exit(1);
}

/* ---- namespaces ---- */

/* Waits for the process that goes on as the program. */
static _Noreturn void stand_for(pid_t pid)
{
	int status = 1;

	waitpid(pid, &status, 0);
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
}

bool host_sandbox(const char *program)
{
	pid_t pid;

	if (unshare(CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWPID) < 0) {
		printf("%s: needs root for private namespaces: %s\n", program, strerror(errno));
		return false;
	}
	pid = fork();
	if (pid < 0)
		stop("fork");
	if (pid > 0)
		stand_for(pid);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("tmpfs", "/run", "tmpfs", 0, NULL) < 0 ||
	    mount("proc", "/proc", "proc", 0, NULL) < 0)
		stop("mount");
	return true;
}

static void enter(const struct host *host)
{
	if (setns(host->netns, CLONE_NEWNET) < 0)
		stop("setns");
}

void host_make(struct host *host, const char *name)
{
	*host = (struct host){ .name = name, .fd = -1 };
	if (unshare(CLONE_NEWNET) < 0)
		stop("unshare");
	host->netns = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (host->netns < 0)
		stop("namespace");
}

static int idle(void *arg _unused_)
{
	for (;;)
		pause();
	return 0;
}

/* Thousands of them: they share our memory. */
pid_t host_container(void)
{
	char *stack = malloc(STACK_BYTES);
	pid_t pid =
		stack ? clone(idle, stack + STACK_BYTES, CLONE_VM | CLONE_NEWNET | SIGCHLD, NULL)
		      : -1;

	if (pid < 0)
		stop("container");
	return pid;
}

/* ---- the daemon ---- */

static _Noreturn void exec_daemon(const struct host *host)
{
	const char *build = getenv("B");
	char path[256], dir[64];

	enter(host);
	snprintf(path, sizeof(path), "%s/bin/overlayd", build ? build : "build");
	snprintf(dir, sizeof(dir), "/run/%s", host->name);
	execl(path, "overlayd", "--data-dir", dir, "--log-level", "warn", (char *)NULL);
	_exit(127);
}

int host_connect(const struct host *host)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "/run/%s/run/zlayer-overlayd.sock", host->name);
	for (int i = 0; i < CONNECT_TRIES; i++) {
		fd = stream_connect(path);
		if (fd >= 0)
			return fd;
		usleep(100);
	}
	stop(path);
}

void host_start(struct host *host)
{
	host->daemon = fork();
	if (host->daemon < 0)
		stop("fork");
	if (host->daemon == 0)
		exec_daemon(host);
	host->fd = host_connect(host);
}

void host_end(struct host *host)
{
	if (waitpid(host->daemon, NULL, 0) < 0)
		stop("wait");
	fd_closep(&host->fd);
}

static void overwrite(const char *path)
{
	_cleanup_(fd_closep) int fd = open(path, O_WRONLY | O_CLOEXEC);
	char rubbish[8192]; /* two pages, without which LMDB finds nothing */

	memset(rubbish, 0xff, sizeof(rubbish));
	if (fd < 0 || write(fd, rubbish, sizeof(rubbish)) != sizeof(rubbish))
		stop(path);
}

void host_damage(const struct host *host)
{
	static const char *const stores[] = { "store", "run/store" };
	char path[128];

	for (size_t i = 0; i < ARRAY_SIZE(stores); i++) {
		snprintf(path, sizeof(path), "/run/%s/%s/data.mdb", host->name, stores[i]);
		overwrite(path);
	}
}

static void count_link(void *arg, const struct link_info *link _unused_)
{
	++*(unsigned *)arg;
}

static void count_again(void *arg)
{
	*(unsigned *)arg = 0;
}

unsigned host_links(const struct host *host)
{
	_cleanup_(fd_closep) int fd = -1;
	unsigned n = 0;

	enter(host);
	fd = rtnl_open();
	if (fd < 0 || link_each(fd, count_link, count_again, &n) < 0)
		stop("links");
	return n;
}

static void make_bridge(int fd, const char *name)
{
	const struct ifinfomsg info = { .ifi_family = AF_UNSPEC };
	struct rtnl_batch b = { .n = 0 };
	size_t linkinfo;

	rtnl_begin(&b, RTM_NEWLINK, NLM_F_CREATE, &info, sizeof(info));
	rtnl_put_text(&b, IFLA_IFNAME, name);
	linkinfo = rtnl_nest(&b, IFLA_LINKINFO);
	rtnl_put_text(&b, IFLA_INFO_KIND, "bridge");
	rtnl_nest_end(&b, linkinfo);
	if (rtnl_send(fd, &b, NULL) < 0)
		stop("bridge");
}

double host_bridge_deletion(void)
{
	_cleanup_(fd_closep) int fd = rtnl_open();
	uint64_t took = 0;

	for (int i = 0; i < BRIDGES; i++) {
		uint64_t start;

		make_bridge(fd, "bare");
		start = bench_now();
		if (link_delete(fd, "bare") < 0)
			stop("delete");
		took += bench_now() - start;
	}
	return (double)took / BRIDGES / 1e6;
}

double host_memory(const struct host *host, const char *what)
{
	char path[64], line[256];
	long kib = -1;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)host->daemon);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file))
		if (strncmp(line, what, strlen(what)) == 0)
			sscanf(line + strlen(what), "%ld", &kib);
	if (file)
		fclose(file);
	return (double)kib * 1024;
}

/* ---- requests ---- */

static void read_exactly(int fd, void *p, size_t n)
{
	for (size_t got = 0; got < n;) {
		struct pollfd ready = { .fd = fd, .events = POLLIN };
		ssize_t r =
			poll(&ready, 1, WAIT_MS) > 0 ? recv(fd, (char *)p + got, n - got, 0) : -1;

		if (r <= 0)
			stop("no answer");
		got += (size_t)r;
	}
}

static void read_answer(int fd)
{
	static char answer[ANSWER_MAX + 1];
	uint32_t n;

	read_exactly(fd, &n, sizeof(n));
	if (n > ANSWER_MAX)
		stop("answer");
	read_exactly(fd, answer, n);
	answer[n] = '\0';
	if (strncmp(answer + strcspn(answer, "}"), "}", 1) == 0 && strstr(answer, "\"err\"")) {
		fprintf(stderr, "%s\n", answer);
		exit(1);
	}
}

static void write_request(int fd, const char *request)
{
	char text[4 + REQUEST_MAX + 64];
	uint32_t n = (uint32_t)snprintf(text + 4, sizeof(text) - 4,
					"{\"frame\":\"request\",\"id\":1,\"request\":%s}", request);

	memcpy(text, &n, sizeof(n));
	if (send(fd, text, n + sizeof(n), MSG_NOSIGNAL) < 0)
		stop("send");
}

void host_ask(int fd, const char *request)
{
	write_request(fd, request);
	read_answer(fd);
}

void host_ask_all(int fd, request_fn *request, unsigned n)
{
	char text[REQUEST_MAX];

	for (unsigned i = 0, answered = 0; answered < n;) {
		if (i < n && i - answered < WINDOW) {
			request(i++, text);
			write_request(fd, text);
		} else {
			read_answer(fd);
			answered++;
		}
	}
}

/* ---- figures ---- */

static int compare(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

double percentile(double *values, size_t n, double percent)
{
	qsort(values, n, sizeof(*values), compare);
	return values[MIN(n - 1, (size_t)((double)n * percent / 100))];
}

void host_put_service(unsigned n, char *text)
{
	snprintf(text, REQUEST_MAX,
		 "{\"op\":\"setup_service_overlay\",\"service\":\"service-%u\",\"mode\":\"auto\"}",
		 n);
}

void host_put_peer(unsigned n, char *text)
{
	char key[] = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE=";

	for (unsigned i = 0, left = n; i < 4; i++, left /= 26)
		key[i] = (char)('A' + left % 26);
	snprintf(text, REQUEST_MAX,
		 "{\"op\":\"add_peer\",\"public_key\":\"%s\",\"allowed_ips\":\"10.%u.%u.%u/32\","
		 "\"endpoint\":\"192.0.2.1:51820\",\"persistent_keepalive_secs\":0}",
		 key, 100 + n / 65536, n / 256 % 256, n % 256);
}
