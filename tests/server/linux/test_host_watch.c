#include "server/linux/host_watch.h"

#include <poll.h>
#include <time.h>

#include "tests/server/linux/host.h"

#define WAIT_MS 20000

static bool readable(const struct host_watch *w, int ms)
{
	return poll(&(struct pollfd){ .fd = host_watch_fd(w), .events = POLLIN }, 1, ms) == 1;
}

/* As the loop does, until a change is told. */
static void wait_for_change(struct host_watch *w)
{
	do
		CHECK(readable(w, WAIT_MS));
	while (!host_watch_read(w));
}

/* Until nothing is to be read any more, the rest behind a change among it. */
static bool changes_until_quiet(struct host_watch *w)
{
	bool changed = false;

	while (readable(w, 3 * HOST_WATCH_REST_MS))
		changed |= host_watch_read(w);
	return changed;
}

static struct host_watch *watch(struct nft **nft)
{
	struct host_watch *w;

	host_enter();
	if (nft && nft_new(nft) == -EPROTONOSUPPORT)
		SKIP("this kernel has no nf_tables");
	CHECK_INT(host_watch_new(nft ? *nft : NULL, &w), 0);
	run("ip link add up0 type bridge; ip link set up0 up; ip link add up1 type bridge;"
	    "ip link set up1 up");
	changes_until_quiet(w);
	return w;
}

static const struct {
	const char *script;
	bool told;
} cases[] = {
	{ "ip route add default dev up0", true },
	{ "ip route replace default dev up1", true },
	{ "ip route del default", true },
	{ "ip -6 route add default dev up0", true },
	{ "ip -6 route del default", true },
	{ "ip route add 10.0.0.0/8 dev up0", false },
	{ "ip addr add 192.0.2.1/24 dev up0", false },
	{ "ip link add other type bridge", false },
};

TEST(default_routes_concern_us)
{
	struct host_watch *w = watch(NULL);

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CASE("%s", cases[i].script);
		run("%s", cases[i].script);
		CHECK_INT(changes_until_quiet(w), cases[i].told);
	}
	host_watch_free(w);
}

TEST(the_firewall_concerns_us)
{
	char detail[PLAN_DETAIL_MAX] = "";
	struct nft *nft = NULL;
	struct host_watch *w = watch(&nft);

	CHECK_INT(nft_ensure(nft, detail), 0);
	CHECK(!changes_until_quiet(w));
	run("nft flush table inet overlayd");
	wait_for_change(w);
	run("ip route add default dev up0");
	wait_for_change(w);
	host_watch_free(w);
	nft_free(nft);
}

/* The loop has others to serve too. */
TEST(a_flood_is_read_in_parts)
{
	struct host_watch *w = watch(NULL);

	run("i=0; while [ $i -lt 100 ]; do echo route replace default dev up$((i %% 2));"
	    "i=$((i + 1)); done | ip -batch -");
	CHECK(readable(w, 0));
	CHECK(host_watch_read(w));
	CHECK(readable(w, 0));
	while (!host_watch_read(w)) /* it rests, then tells of the other part */
		CHECK(readable(w, WAIT_MS));
	host_watch_free(w);
}

static unsigned now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (unsigned)(now.tv_sec * 1000 + now.tv_nsec / 1000000);
}

/* However slow the machine: no more often than the rests allow, and the last one is not lost. */
TEST(many_changes_are_told_now_and_then)
{
	struct host_watch *w = watch(NULL);
	unsigned told = 0, since = now_ms();

	for (unsigned i = 0; i < 40; i++) {
		run("ip route replace default dev up%u", i % 2);
		told += host_watch_read(w);
	}
	CHECK(told >= 1);
	CHECK(told <= 1 + (now_ms() - since) / HOST_WATCH_REST_MS);
	changes_until_quiet(w);
	run("ip route replace default dev up0");
	wait_for_change(w);
	run("ip route replace default dev up1"); /* in the rest */
	wait_for_change(w);
	CHECK(!changes_until_quiet(w));
	host_watch_free(w);
}
