/* Ten containers and four thousand, each on a host of its own, side by side: what one more takes,
 * and what all of them take, through the real daemon. Wall time, all CPUs. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "runtime/number.h"
#include "runtime/util.h"
#include "tests/bench/bench.h"
#include "tests/bench/host.h"

#define FEW           10
#define MANY          4000
#define FEW_SERVICES  2
#define PEERS         10000
#define PER_ROUND     10 /* no more than the small host has */
#define ROUNDS        100
#define REAPED_US     60000 /* what was detached is gone by then */
#define GONE_TRIES    4000
#define REST_US       2500000 /* what was freed has gone back by then */
#define SERVICE_OF(n) ((n) % services)

static pid_t containers[MANY + FEW];
static unsigned many_services = 1000; /* the only argument */
static unsigned services;             /* of the host that is asked */

/* ---- requests ---- */

static void attach(unsigned n, char *text)
{
	snprintf(text, REQUEST_MAX,
		 "{\"op\":\"attach_container\",\"handle\":{\"platform\":\"linux_pid\",\"pid\":%d},"
		 "\"service\":\"service-%u\",\"join_global\":false}",
		 (int)containers[n], n % services);
}

static void detach(unsigned n, char *text)
{
	snprintf(text, REQUEST_MAX,
		 "{\"op\":\"detach_container\",\"handle\":{\"platform\":\"linux_pid\",\"pid\":%d}}",
		 (int)containers[n]);
}

/* ---- hosts ---- */

static void fill(struct host *host, unsigned n_services)
{
	char setup[REQUEST_MAX];
	uint64_t start;

	snprintf(setup, sizeof(setup),
		 "{\"op\":\"setup_global_overlay\",\"deployment\":\"bench\",\"instance_id\":\"%s\","
		 "\"cluster_cidr\":\"10.0.0.0/8\",\"slice_cidr\":\"10.201.0.0/16\",\"wg_port\":0}",
		 host->name);
	host_start(host);
	host_ask(host->fd, setup);
	start = bench_now();
	host_ask_all(host->fd, host_put_service, n_services);
	if (n_services > FEW_SERVICES)
		printf("setup of %u services: %.0f us each\n", n_services,
		       (double)(bench_now() - start) / 1e3 / n_services);
}

static double milliseconds_since(uint64_t start)
{
	return (double)(bench_now() - start) / 1e6;
}

static double ask_all(const struct host *host, request_fn *request, unsigned n)
{
	uint64_t start = bench_now();

	host_ask_all(host->fd, request, n);
	return milliseconds_since(start);
}

static void wait_for_links(const struct host *host, unsigned n)
{
	for (int i = 0; i < GONE_TRIES && host_links(host) > n; i++)
		usleep(2000);
}

/* ---- one more ---- */

struct times {
	double attach[PER_ROUND * ROUNDS], detach[PER_ROUND * ROUNDS];
	size_t n;
};

static double one(const struct host *host, request_fn *request, unsigned n)
{
	char text[REQUEST_MAX];
	uint64_t start;

	request(n, text);
	start = bench_now();
	host_ask(host->fd, text);
	return (double)(bench_now() - start) / 1e3;
}

/* The containers of a host are numbered from first on. */
static void round_of(const struct host *host, unsigned first, unsigned n_services,
		     struct times *times)
{
	services = n_services;
	for (unsigned i = 0; i < PER_ROUND; i++)
		times->detach[times->n + i] = one(host, detach, first + i);
	usleep(REAPED_US);
	for (unsigned i = 0; i < PER_ROUND; i++)
		times->attach[times->n++] = one(host, attach, first + i);
}

static void print_one(const char *what, double *few, double *many, size_t n)
{
	static const double percents[] = { 50, 90, 99 };

	for (size_t i = 0; i < ARRAY_SIZE(percents); i++) {
		double a = percentile(few, n, percents[i]), b = percentile(many, n, percents[i]);

		printf("%s p%.0f: %.0f us at %d, %.0f us at %d: %.2f\n", what, percents[i], a, FEW,
		       b, MANY, b / a);
	}
}

/* Its own, and with the pages of its files, which the kernel can drop: the store is mapped. */
struct memory {
	double own, all;
};

static struct memory memory_of(const struct host *host)
{
	usleep(REST_US);
	return (struct memory){ host_memory(host, "RssAnon:"), host_memory(host, "VmRSS:") };
}

static void print_memory(const struct host *host, struct memory before, const char *what,
			 unsigned n)
{
	struct memory now = memory_of(host);

	printf("memory per %s: %.0f bytes, with the pages of the store %.0f\n", what,
	       (now.own - before.own) / n, (now.all - before.all) / n);
}

static void fill_up(const struct host *few, const struct host *many)
{
	struct memory empty = memory_of(many);

	services = FEW_SERVICES;
	for (unsigned i = 0; i < FEW; i++)
		one(few, attach, MANY + i);
	services = many_services;
	printf("attach of %d: %.0f ms\n", MANY, ask_all(many, attach, MANY));
	print_memory(many, empty, "container", MANY);
}

static void measure_one_more(const struct host *few, const struct host *many)
{
	static struct times small, big;

	for (int i = 0; i < ROUNDS; i++) {
		round_of(few, MANY, FEW_SERVICES, &small);
		round_of(many, (unsigned)i * PER_ROUND, many_services, &big);
	}
	print_one("attach", small.attach, big.attach, small.n);
	print_one("detach", small.detach, big.detach, small.n);
}

/* ---- all of them ---- */

static void add_peers(const struct host *host)
{
	struct memory before = memory_of(host);

	printf("add_peer of %d: %.0f ms\n", PEERS, ask_all(host, host_put_peer, PEERS));
	print_memory(host, before, "peer", PEERS);
}

static void measure_restart(struct host *host, bool damaged)
{
	uint64_t start;
	double ready;

	kill(host->daemon, SIGKILL);
	host_end(host);
	if (damaged)
		host_damage(host);
	start = bench_now();
	host_start(host);
	ready = milliseconds_since(start);
	host_ask(host->fd, "{\"op\":\"hello\"}");
	printf("killed%s and started again with %d containers, %d services, %d peers: listens "
	       "after %.0f ms, first answer after %.0f ms\n",
	       damaged ? ", its stores damaged," : "", MANY, many_services, PEERS, ready,
	       milliseconds_since(start));
}

static void measure_all(struct host *host)
{
	unsigned idle = host_links(host) - MANY;
	double answered;
	uint64_t start = bench_now();

	answered = ask_all(host, detach, MANY);
	wait_for_links(host, idle);
	printf("detach of %d: answered after %.0f ms, gone after %.0f ms\n", MANY, answered,
	       milliseconds_since(start));
	answered = ask_all(host, attach, MANY);
	printf("attach of %d: %.0f ms\n", MANY, answered);
}

/* Bridges go one by one, as long as the kernel takes for each. */
static void measure_uninstall(struct host *host)
{
	uint64_t start = bench_now();
	double all, bare;

	host_ask(host->fd, "{\"op\":\"uninstall\",\"yes\":true}");
	host_end(host);
	all = milliseconds_since(start);
	bare = host_bridge_deletion();
	printf("uninstall with all of them: %.0f ms; %u bare bridges: %.0f ms\n", all,
	       many_services, bare * many_services);
}

int main(int argc, char **argv)
{
	struct host few, many;
	uint64_t number;

	if (argc > 1 && u64_parse(view(argv[1]), 1000, &number) == 0)
		many_services = (unsigned)number;
	if (!host_sandbox("bench_scale"))
		return 0;
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (unsigned i = 0; i < ARRAY_SIZE(containers); i++)
		containers[i] = host_container();
	host_make(&few, "few");
	host_make(&many, "many");
	fill(&few, FEW_SERVICES);
	fill(&many, many_services);
	fill_up(&few, &many);
	measure_one_more(&few, &many);
	add_peers(&many);
	measure_restart(&many, false);
	measure_restart(&many, true);
	measure_all(&many);
	measure_uninstall(&many);
	return 0;
}
