/* Many peers on one device: adding them one by one, beside the same through the device's own
 * control socket; `status` with all of them, beside the device's own dump; and for how long another
 * connection waits meanwhile. Private namespaces; all processes on one CPU. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client/overlayd.h"
#include "tests/bench/bench.h"
#include "tests/bench/peers.h"

#define SOCKET  "/run/bench/run/zlayer-overlayd.sock"
#define OURS    "/run/wireguard/zl-bench-1-g.sock"
#define BARE    "/run/wireguard/bare0.sock"
#define ROUNDS  90 /* with those before them 100 */
#define LOOKS   21
#define REST_US 2500000

/* ---- how long another connection waits ---- */

struct waits {
	double took_ms; /* what it is beside, each time */
	double longest_us, mean_us;
};

/* All that is measured. */
struct figures {
	double add[2], status[2]; /* ours, the device's: ns */
	double bytes;             /* of our own memory, for a peer */
	double start_ms;
	struct waits idle, status_waits, same, none_and_all, refused;
};

/* Another process asks the cheapest question, over and over, until it is ended. */
static pid_t start_asker(int report)
{
	struct ovd_client *client = NULL;
	struct ovd_request request = { .kind = OVD_REQUEST_HELLO };
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	bench_prefer(getpid(), 3);
	if (ovd_client_open(SOCKET, 20, &client) < 0)
		_exit(1);
	for (;;) {
		uint64_t start = bench_now(), took;

		ask(client, &request);
		took = bench_now() - start;
		if (write(report, &took, sizeof(took)) < 0)
			_exit(1);
		usleep(200);
	}
}

static struct waits end_asker(pid_t pid, int report)
{
	struct waits waits = { .longest_us = 0 };
	uint64_t took;
	unsigned n = 0;

	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	while (read(report, &took, sizeof(took)) == sizeof(took)) {
		double us = (double)took / 1e3;

		waits.longest_us = us > waits.longest_us ? us : waits.longest_us;
		waits.mean_us += us;
		n++;
	}
	waits.mean_us /= n ? n : 1;
	return waits;
}

/* What another connection hears meanwhile. */
static struct waits wait_beside(void (*act)(void *arg), void *arg, int times)
{
	uint64_t begin;
	int report[2];
	struct waits waits;
	double took;
	pid_t pid;

	if (pipe2(report, O_NONBLOCK) < 0)
		stop("pipe");
	pid = start_asker(report[1]);
	usleep(50000);
	begin = bench_now();
	for (int i = 0; i < times; i++)
		act(arg);
	took = (double)(bench_now() - begin) / 1e6 / times;
	waits = end_asker(pid, report[0]);
	waits.took_ms = took;
	close(report[0]);
	close(report[1]);
	return waits;
}

static void nothing(void *arg)
{
	(void)arg;
	usleep(50000);
}

/* ---- processes ---- */

static pid_t start(const char *program, const char *const *argv)
{
	pid_t pid = fork();

	if (pid == 0) {
		execvp(program, (char *const *)(uintptr_t)argv);
		_exit(127);
	}
	return pid;
}

/* Memory of its own, at rest, as what was freed goes back within two seconds; what it maps of
 * files, the store's above all, is the page cache's. */
static double resident_kib(pid_t pid)
{
	char path[64], line[256];
	double kib = 0;
	FILE *file;

	usleep(REST_US);
	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file))
		if (strncmp(line, "RssAnon:", 8) == 0)
			kib = strtod(line + 8, NULL);
	if (file)
		fclose(file);
	return kib;
}

static void set_up(struct ovd_client *client)
{
	const struct ovd_request request = {
		.kind = OVD_REQUEST_SETUP_GLOBAL_OVERLAY,
		.setup_global_overlay = { .deployment = VIEW_LITERAL("bench"),
					  .instance_id = VIEW_LITERAL("1"),
					  .cluster_cidr = VIEW_LITERAL("10.200.0.0/15"),
					  .slice_cidr = VIEW_LITERAL("10.201.255.0/24") },
	};

	ask(client, &request);
}

static pid_t start_daemon(void)
{
	const char *build = getenv("B");
	char program[256];

	snprintf(program, sizeof(program), "%s/bin/overlayd", build ? build : "build");
	return start(program, (const char *[]){ "overlayd", "--data-dir", "/run/bench",
						"--log-level", "error", NULL });
}

/* Killed, and started again with what it had written down. */
static pid_t restart(pid_t daemon, struct ours *ours, struct figures *f)
{
	const struct ovd_request status = { .kind = OVD_REQUEST_STATUS };
	uint64_t begin;
	int fd;

	usleep(500000);
	kill(daemon, SIGKILL);
	waitpid(daemon, NULL, 0);
	ovd_client_close(ours->client);
	begin = bench_now();
	daemon = start_daemon();
	fd = bench_connect(SOCKET);
	f->start_ms = (double)(bench_now() - begin) / 1e6;
	close(fd);
	if (ovd_client_open(SOCKET, 20, &ours->client) < 0 ||
	    ask(ours->client, &status)->status.peer_count != PEERS)
		stop("not all peers are there again");
	return daemon;
}

static void measure(pid_t daemon, struct ours *ours, struct bare *bare, struct figures *f)
{
	double empty = resident_kib(daemon);

	bench_measure((struct bench_side[]){ { "overlayd", our_adds, ours, PER_ROUND },
					     { "socket", bare_adds, bare, PER_ROUND } },
		      2, ROUNDS, f->add);
	f->bytes = (resident_kib(daemon) - empty) * 1024 / ours->n;
	close(bare->fd);
	bare->fd = bench_connect(OURS);
	bench_measure((struct bench_side[]){ { "overlayd", our_status, ours, 1 },
					     { "dump", bare_dump, bare, 1 } },
		      2, LOOKS, f->status);
}

static void put_waits(FILE *out, const char *what, const struct waits *w)
{
	fprintf(out, "| %s | %.0f | %.0f | %.0f |\n", what, w->took_ms, w->mean_us, w->longest_us);
}

/* As docs/bench.md has it. */
static void put_figures(FILE *out, const struct figures *f)
{
	fprintf(out,
		"\n## Many peers\n\n"
		"By `make bench`: %u peers on one device, wireguard-go's, all processes on one "
		"CPU;\n"
		"medians, and in bold how many times as long as through the device's own control "
		"socket\nit takes, asked by a program that does nothing else.\n\n"
		"| | overlayd | socket | |\n|---|--:|--:|--:|\n"
		"| `add_peer`, one by one, us | %.0f | %.0f | **%.2f** |\n"
		"| `status`, ms | %.1f | %.1f | **%.2f** |\n\n",
		PEERS, f->add[0] / 1e3, f->add[1] / 1e3, f->add[0] / f->add[1], f->status[0] / 1e6,
		f->status[1] / 1e6, f->status[0] / f->status[1]);
	fprintf(out, "What another connection waits for `hello` meanwhile, both going before all "
		     "others:\n\n"
		     "| beside | takes, ms | mean, us | longest, us |\n|---|--:|--:|--:|\n");
	put_waits(out, "nothing", &f->idle);
	put_waits(out, "`status`", &f->status_waits);
	put_waits(out, "`sync_peers` of the same", &f->same);
	put_waits(out, "`sync_peers` of none, then of all", &f->none_and_all);
	put_waits(out, "8 MB that are no request", &f->refused);
	fprintf(out,
		"\nThe loop does all of it in slices; large requests and answers are another\n"
		"thread's. The daemon's own memory: %.0f bytes for a peer. Killed, it serves\n"
		"again with all of them after %.0f ms.\n",
		f->bytes, f->start_ms);
}

/* On the screen, and for make bench-docs. */
static void report(const struct figures *f)
{
	FILE *file = bench_page("peers.md");

	put_figures(stdout, f);
	put_figures(file, f);
	fclose(file);
}

int main(void)
{
	struct ours ours = { .client = NULL };
	struct bare bare = { .n = 0 };
	struct figures f;
	pid_t daemon, device;

	if (unshare(CLONE_NEWNS | CLONE_NEWNET) < 0 ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("tmpfs", "/run", "tmpfs", 0, NULL) < 0) {
		printf("bench_peers: needs root for private namespaces: %s\n", strerror(errno));
		return 0;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	bench_pin();
	daemon = start_daemon();
	if (ovd_client_open(SOCKET, 20, &ours.client) < 0)
		stop("no daemon");
	set_up(ours.client);
	device = start("wireguard-go", (const char *[]){ "wireguard-go", "-f", "bare0", NULL });
	bare.fd = bench_connect(BARE);
	measure(daemon, &ours, &bare, &f);
	daemon = restart(daemon, &ours, &f);
	bench_prefer(daemon, 2); /* others' work is not measured */
	f.idle = wait_beside(nothing, NULL, 10);
	f.status_waits = wait_beside(our_status, &ours, 10);
	f.same = wait_beside(sync_same, &ours, 10);
	f.none_and_all = wait_beside(sync_none_and_all, &ours, 1);
	f.refused = wait_beside(bad_request, &ours, 10);
	report(&f);
	ovd_client_close(ours.client);
	kill(daemon, SIGTERM);
	waitpid(daemon, NULL, 0);
	kill(device, SIGTERM);
	waitpid(device, NULL, 0);
	return 0;
}
