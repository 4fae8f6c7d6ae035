/* How long others wait while one connection attaches 500 containers and another adds 10,000 peers:
 * `hello`, which asks the daemon alone, and `status`, which asks the tunnel too. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/util.h"
#include "tests/bench/bench.h"
#include "tests/bench/host.h"

#define CONTAINERS 500
#define SERVICES   10
#define PEERS      10000
#define QUIET      1000
#define TIMES_MAX  65536
#define PAUSE_US   500 /* between questions: who asks without end waits for himself */
#define SELDOM     16  /* hello so often for each status, which is 3 MB with all peers */

static pid_t containers[CONTAINERS];

/* ---- what the others ask ---- */

static void attach(unsigned n, char *text)
{
	snprintf(text, REQUEST_MAX,
		 "{\"op\":\"attach_container\",\"handle\":{\"platform\":\"linux_pid\",\"pid\":%d},"
		 "\"service\":\"service-%u\",\"join_global\":false}",
		 (int)containers[n], n % SERVICES);
}

static pid_t ask_beside(const struct host *host, request_fn *request, unsigned n)
{
	pid_t pid = fork();

	if (pid < 0)
		exit(1);
	if (pid == 0) {
		host_ask_all(host_connect(host), request, n);
		_exit(0);
	}
	return pid;
}

/* ---- who waits ---- */

struct times {
	double hello[TIMES_MAX], status[TIMES_MAX];
	size_t n_hello, n_status;
};

static double one(const struct host *host, const char *request)
{
	uint64_t start = bench_now();

	host_ask(host->fd, request);
	return (double)(bench_now() - start) / 1e3;
}

static void ask_once(const struct host *host, struct times *times)
{
	if (times->n_hello % SELDOM == 0)
		times->status[times->n_status++] = one(host, "{\"op\":\"status\"}");
	times->hello[times->n_hello++] = one(host, "{\"op\":\"hello\"}");
	usleep(PAUSE_US);
}

static void print(const char *when, const char *what, double *values, size_t n)
{
	double p50 = percentile(values, n, 50), p99 = percentile(values, n, 99);

	printf("%-14s %-7s p50 %6.0f us, p99 %6.0f us, most %6.0f us, of %zu\n", when, what, p50,
	       p99, values[n - 1], n);
}

static void print_all(const char *when, struct times *times)
{
	print(when, "hello", times->hello, times->n_hello);
	print(when, "status", times->status, times->n_status);
	times->n_hello = times->n_status = 0;
}

static void busy(const struct host *host, const char *when, request_fn *request, unsigned n,
		 struct times *times)
{
	pid_t pid = ask_beside(host, request, n);

	while (waitpid(pid, NULL, WNOHANG) == 0 && times->n_hello < TIMES_MAX)
		ask_once(host, times);
	print_all(when, times);
}

int main(void)
{
	static struct times times;
	struct host host;

	if (!host_sandbox("bench_wait"))
		return 0;
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (unsigned i = 0; i < CONTAINERS; i++)
		containers[i] = host_container();
	host_make(&host, "wait");
	host_start(&host);
	host_ask(host.fd, "{\"op\":\"setup_global_overlay\",\"deployment\":\"bench\","
			  "\"instance_id\":\"1\",\"cluster_cidr\":\"10.0.0.0/8\","
			  "\"slice_cidr\":\"10.201.0.0/16\",\"wg_port\":0}");
	host_ask_all(host.fd, host_put_service, SERVICES);
	for (unsigned i = 0; i < QUIET; i++)
		ask_once(&host, &times);
	print_all("quiet", &times);
	busy(&host, "500 attaches", attach, CONTAINERS, &times);
	busy(&host, "10,000 peers", host_put_peer, PEERS, &times);
	return 0;
}
