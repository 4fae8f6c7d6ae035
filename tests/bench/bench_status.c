/* A round trip of `status` to the real daemon, without and with a tunnel, against a bare socket
 * that sends the same bytes back and forth, and against the tunnel's own dump. Private namespaces;
 * all processes on one CPU. */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/buf.h"
#include "tests/bench/bench.h"

#define PER_ROUND 200
#define ROUNDS    101
#define STARTS    31

struct ping {
	int fd;
	const void *question;
	size_t n_question, n_answer;
};

static void read_exactly(int fd, void *p, size_t n)
{
	for (size_t got = 0; got < n;) {
		ssize_t r = recv(fd, (char *)p + got, n - got, 0);

		if (r <= 0)
			exit(1);
		got += (size_t)r;
	}
}

static void round_trips(void *arg)
{
	struct ping *p = arg;
	char answer[65536];

	for (int i = 0; i < PER_ROUND; i++) {
		if (send(p->fd, p->question, p->n_question, 0) < 0)
			exit(1);
		read_exactly(p->fd, answer, p->n_answer);
	}
}

/* A process that answers so many bytes to so many. */
static int start_echo(size_t n_question, size_t n_answer)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0)
		exit(1);
	if (fork() == 0) {
		char bytes[65536];

		close(pair[0]);
		for (;;) {
			read_exactly(pair[1], bytes, n_question);
			if (send(pair[1], bytes, n_answer, 0) < 0)
				_exit(0);
		}
	}
	close(pair[1]);
	return pair[0];
}

/* How long the answer is. */
static size_t ask(int fd, const void *question, size_t n)
{
	char bytes[65536];
	uint32_t length;

	if (send(fd, question, n, 0) < 0)
		exit(1);
	read_exactly(fd, &length, sizeof(length));
	read_exactly(fd, bytes, length);
	return length + sizeof(length);
}

static size_t make_frame(char *to, const char *body)
{
	uint32_t n = (uint32_t)strlen(body);

	memcpy(to, &n, sizeof(n));
	memcpy(to + sizeof(n), body, n);
	return n + sizeof(n);
}

/* How long wireguard-go's dump is. */
static size_t dump_length(int fd)
{
	char bytes[65536];
	size_t n = 0;

	if (send(fd, "get=1\n\n", 7, 0) < 0)
		exit(1);
	while (n < 2 || memcmp(bytes + n - 2, "\n\n", 2) != 0)
		read_exactly(fd, bytes + n++, 1);
	return n;
}

/* Resident memory. */
static void print_rss(FILE *page, pid_t pid)
{
	char path[64], line[256];
	unsigned long kib = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file))
		if (strncmp(line, "VmRSS:", 6) == 0)
			kib = strtoul(line + 6, NULL, 10);
	if (file)
		fclose(file);
	printf("resident, idle: %lu kB\n", kib);
	fprintf(page, "| resident, idle, kB | %lu | | |\n", kib);
}

static pid_t start_daemon(const char *data_dir)
{
	const char *build = getenv("B");
	char path[256];
	pid_t pid = fork();

	if (pid == 0) {
		snprintf(path, sizeof(path), "%s/bin/overlayd", build ? build : "build");
		execl(path, "overlayd", "--data-dir", data_dir, "--log-level", "error",
		      (char *)NULL);
		_exit(127);
	}
	return pid;
}

static int by_size(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* Starts many, each in a directory of its own. */
static void measure_start(FILE *page, const struct ping *p)
{
	char dir[64], socket[128];
	uint64_t took[STARTS];

	for (int i = 0; i < STARTS; i++) {
		uint64_t start;
		pid_t pid;
		int fd;

		snprintf(dir, sizeof(dir), "/run/bench-%d", i);
		snprintf(socket, sizeof(socket), "%s/run/zlayer-overlayd.sock", dir);
		start = bench_now();
		pid = start_daemon(dir);
		fd = bench_connect(socket);
		ask(fd, p->question, p->n_question);
		took[i] = bench_now() - start;
		close(fd);
		kill(pid, SIGTERM);
		waitpid(pid, NULL, 0);
	}
	qsort(took, STARTS, sizeof(*took), by_size);
	printf("start to first reply, empty data dir: fastest %.1f ms, median %.1f ms of %d "
	       "(looked "
	       "for every 0.1 ms)\n",
	       (double)took[0] / 1e6, (double)took[STARTS / 2] / 1e6, STARTS);
	fprintf(page,
		"| start to first reply, empty data directory, ms, the fastest of %d | %.1f | | "
		"|\n",
		STARTS, (double)took[0] / 1e6);
}

static FILE *begin_page(void)
{
	FILE *page = bench_page("status.md");

	fprintf(page, "\n## One request\n\n"
		      "By `make bench`, medians, both sides on one CPU; in bold how many times as "
		      "long as the\nleast that could be done it takes.\n\n"
		      "| | overlayd | the least | |\n|---|--:|--:|--:|\n");
	return page;
}

static void put_row(FILE *page, const char *what, double ours_ns, double least_ns)
{
	fprintf(page, "| %s | %.1f | %.1f | **%.2f** |\n", what, ours_ns / 1e3, least_ns / 1e3,
		ours_ns / least_ns);
}

int main(void)
{
	char status[256], setup[512];
	size_t n_status = make_frame(
		status, "{\"frame\":\"request\",\"id\":1,\"request\":{\"op\":\"status\"}}");
	size_t n_setup =
		make_frame(setup, "{\"frame\":\"request\",\"id\":1,\"request\":{\"op\":\"setup_"
				  "global_overlay\",\"deployment\":\"bench\",\"instance_id\":\"1\","
				  "\"cluster_cidr\":\"10.200.0.0/16\",\"slice_cidr\":\"10.200.4.0/"
				  "24\",\"wg_port\":0}}");
	struct ping ours = { .question = status, .n_question = n_status }, bare = ours,
		    dump = { .question = "get=1\n\n", .n_question = 7 };
	double medians[3];
	FILE *page;
	pid_t pid;

	if (unshare(CLONE_NEWNS | CLONE_NEWNET) < 0 ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("tmpfs", "/run", "tmpfs", 0, NULL) < 0) {
		printf("bench_status: needs root for private namespaces: %s\n", strerror(errno));
		return 0;
	}
	signal(SIGCHLD, SIG_IGN);
	setvbuf(stdout, NULL, _IOLBF, 0); /* before forks would copy what is not printed yet */
	page = begin_page();
	measure_start(page, &ours);
	bench_pin();
	pid = start_daemon("/run/bench");
	ours.fd = bench_connect("/run/bench/run/zlayer-overlayd.sock");
	ours.n_answer = ask(ours.fd, status, n_status);
	print_rss(page, pid);
	bare.n_answer = ours.n_answer;
	bare.fd = start_echo(n_status, bare.n_answer);
	bench_compare("status, no device",
		      (struct bench_side[]){ { "overlayd", round_trips, &ours, PER_ROUND },
					     { "socket", round_trips, &bare, PER_ROUND } },
		      2, ROUNDS, medians);
	put_row(page, "`status`, no device, us; a socket that carries the same bytes", medians[0],
		medians[1]);

	ask(ours.fd, setup, n_setup);
	ours.n_answer = ask(ours.fd, status, n_status);
	bare.n_answer = ours.n_answer;
	close(bare.fd);
	bare.fd = start_echo(n_status, bare.n_answer);
	dump.fd = bench_connect("/run/wireguard/zl-bench-1-g.sock");
	dump.n_answer = dump_length(dump.fd);
	bench_compare("status, with device",
		      (struct bench_side[]){ { "overlayd", round_trips, &ours, PER_ROUND },
					     { "socket", round_trips, &bare, PER_ROUND },
					     { "dump", round_trips, &dump, PER_ROUND } },
		      3, ROUNDS, medians);
	put_row(page, "`status` with a device, us; such a socket and the device's own dump",
		medians[0], medians[1] + medians[2]);
	fclose(page);
	kill(pid, SIGTERM);
	close(bare.fd);
	usleep(300000);
	return 0;
}
