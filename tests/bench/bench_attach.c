/* Attach and detach through the real daemon, against a straight line of the same netlink messages
 * with a socket ping-pong before them. Private namespaces; all processes on one CPU; medians of
 * single operations. */
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/veth.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

#include "runtime/stream_unix.h"
#include "server/linux/address.h"
#include "server/linux/link.h"
#include "tests/bench/bench.h"

#define CONTAINERS 20
#define ROUNDS     30
#define ANSWER     100 /* bytes, about what the daemon answers */

static pid_t containers[CONTAINERS];
static int daemon_fd, echo_fd, rtnl, own;
static double times[4][CONTAINERS * ROUNDS];
static size_t counts[4];

enum { OUR_ATTACH, LINE_ATTACH, OUR_DETACH, LINE_DETACH };

static void stop(const char *what)
{
	fprintf(stderr, "bench_attach: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void read_exactly(int fd, void *p, size_t n)
{
	for (size_t got = 0; got < n;) {
		ssize_t r = recv(fd, (char *)p + got, n - got, 0);

		if (r <= 0)
			exit(1);
		got += (size_t)r;
	}
}

static void note(int what, uint64_t start)
{
	times[what][counts[what]++] = (double)(bench_now() - start) / 1e3;
}

/* ---- through the daemon ---- */

static void ask(const char *request)
{
	char text[1024], answer[65536];
	uint32_t n = (uint32_t)snprintf(text + 4, sizeof(text) - 4,
					"{\"frame\":\"request\",\"id\":1,\"request\":%s}", request);

	memcpy(text, &n, 4);
	if (send(daemon_fd, text, n + 4, 0) < 0)
		stop("send");
	read_exactly(daemon_fd, &n, 4);
	read_exactly(daemon_fd, answer, n);
	answer[n] = '\0';
	if (strstr(answer, "\"err\"")) {
		fprintf(stderr, "bench_attach: %s\n", answer);
		exit(1);
	}
}

static void our_attach(int i)
{
	char request[256];
	uint64_t start = bench_now();

	snprintf(request, sizeof(request),
		 "{\"op\":\"attach_container\",\"handle\":{\"platform\":\"linux_pid\",\"pid\":%d},"
		 "\"service\":\"web\",\"join_global\":false}",
		 (int)containers[i]);
	ask(request);
	note(OUR_ATTACH, start);
}

static void our_detach(int i)
{
	char request[256];
	uint64_t start = bench_now();

	snprintf(request, sizeof(request),
		 "{\"op\":\"detach_container\",\"handle\":{\"platform\":\"linux_pid\",\"pid\":%d}}",
		 (int)containers[i]);
	ask(request);
	note(OUR_DETACH, start);
}

/* ---- the straight line ---- */

static void ping_pong(void)
{
	char bytes[ANSWER] = "";

	if (send(echo_fd, bytes, sizeof(bytes), 0) < 0)
		stop("send");
	read_exactly(echo_fd, bytes, sizeof(bytes));
}

static void put_pair(struct rtnl_batch *b, const char *host, int index, int bridge, int netns)
{
	const struct ifinfomsg info = { .ifi_family = AF_UNSPEC, .ifi_index = index };
	size_t linkinfo, data, peer;

	rtnl_begin(b, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &info, sizeof(info));
	rtnl_put_text(b, IFLA_IFNAME, host);
	rtnl_put_u32(b, IFLA_MTU, 1420);
	rtnl_put_u32(b, IFLA_MASTER, (uint32_t)bridge);
	rtnl_put_u32(b, IFLA_NUM_TX_QUEUES, 1);
	rtnl_put_u32(b, IFLA_NUM_RX_QUEUES, 1);
	linkinfo = rtnl_nest(b, IFLA_LINKINFO);
	rtnl_put_text(b, IFLA_INFO_KIND, "veth");
	data = rtnl_nest(b, IFLA_INFO_DATA);
	peer = rtnl_nest(b, VETH_INFO_PEER);
	rtnl_raw(b, &info, sizeof(info));
	rtnl_put_text(b, IFLA_IFNAME, "eth0");
	rtnl_put_u32(b, IFLA_NET_NS_FD, (uint32_t)netns);
	rtnl_put_u32(b, IFLA_MTU, 1420);
	rtnl_put_u32(b, IFLA_NUM_TX_QUEUES, 1);
	rtnl_put_u32(b, IFLA_NUM_RX_QUEUES, 1);
	rtnl_nest_end(b, peer);
	rtnl_nest_end(b, data);
	rtnl_nest_end(b, linkinfo);
}

static void line_attach(int i, int bridge)
{
	const struct ovd_ip ip = { .len = 4, .b = { 10, 1, 0, (uint8_t)(2 + i) } },
			    gateway = { .len = 4, .b = { 10, 1, 0, 1 } };
	const struct route out = { .to = { .ip = { .len = 4 } },
				   .gateway = gateway,
				   .index = 5000 + i,
				   .table = RT_TABLE_MAIN };
	struct rtnl_batch b = { .n = 0 };
	uint64_t start = bench_now();
	struct link_info link;
	char path[64], host[16];
	int netns, inside;

	ping_pong();
	snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)containers[i]);
	snprintf(host, sizeof(host), "line%d", i);
	netns = open(path, O_RDONLY | O_CLOEXEC);
	put_pair(&b, host, 5000 + i, bridge, netns);
	link_put_quiet(&b, 0, host, "straight line");
	link_put_up(&b, 0, host);
	if (rtnl_send(rtnl, &b, NULL) < 0)
		stop("pair");
	inside = rtnl_open_in(netns, own);
	link_put_up(&b, 1, NULL);
	link_put_quiet(&b, 5000 + i, NULL, NULL);
	link_put_up(&b, 5000 + i, NULL);
	address_put(&b, 5000 + i, &ip, 24);
	route_put(&b, &out);
	if (rtnl_send(inside, &b, NULL) < 0)
		stop("inside");
	if (link_get(rtnl, host, &link) < 0)
		stop("get");
	close(inside);
	close(netns);
	note(LINE_ATTACH, start);
}

static void line_detach(int i)
{
	const struct ifinfomsg down = { .ifi_family = AF_UNSPEC, .ifi_change = IFF_UP };
	struct rtnl_batch b = { .n = 0 };
	uint64_t start = bench_now();
	char host[16];

	ping_pong();
	snprintf(host, sizeof(host), "line%d", i);
	rtnl_begin(&b, RTM_NEWLINK, 0, &down, sizeof(down));
	rtnl_put_text(&b, IFLA_IFNAME, host);
	rtnl_put_u32(&b, IFLA_GROUP, 77);
	if (rtnl_send(rtnl, &b, NULL) < 0)
		stop("down");
	note(LINE_DETACH, start);
}

static void delete_group(void)
{
	const struct ifinfomsg any = { .ifi_family = AF_UNSPEC };
	struct rtnl_batch b = { .n = 0 };

	rtnl_begin(&b, RTM_DELLINK, 0, &any, sizeof(any));
	rtnl_put_u32(&b, IFLA_GROUP, 77);
	rtnl_send(rtnl, &b, NULL);
}

static int make_bridge(void)
{
	const struct ifinfomsg info = { .ifi_family = AF_UNSPEC };
	struct rtnl_batch b = { .n = 0 };
	size_t linkinfo;

	rtnl_begin(&b, RTM_NEWLINK, NLM_F_CREATE, &info, sizeof(info));
	rtnl_put_text(&b, IFLA_IFNAME, "linebr");
	linkinfo = rtnl_nest(&b, IFLA_LINKINFO);
	rtnl_put_text(&b, IFLA_INFO_KIND, "bridge");
	rtnl_nest_end(&b, linkinfo);
	link_put_up(&b, 0, "linebr");
	if (rtnl_send(rtnl, &b, NULL) < 0)
		stop("bridge");
	return link_index("linebr");
}

/* ---- processes ---- */

static int start_echo(void)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0)
		stop("socketpair");
	if (fork() == 0) {
		char bytes[ANSWER];

		close(pair[0]);
		for (;;) {
			read_exactly(pair[1], bytes, sizeof(bytes));
			if (send(pair[1], bytes, sizeof(bytes), 0) < 0)
				_exit(0);
		}
	}
	close(pair[1]);
	return pair[0];
}

static void start_containers(void)
{
	for (int i = 0; i < CONTAINERS; i++) {
		containers[i] = fork();
		if (containers[i] == 0) {
			unshare(CLONE_NEWNET);
			for (;;)
				pause();
		}
	}
}

static pid_t start_daemon(void)
{
	const char *build = getenv("B");
	char path[256];
	pid_t pid = fork();

	if (pid == 0) {
		snprintf(path, sizeof(path), "%s/bin/overlayd", build ? build : "build");
		execl(path, "overlayd", "--data-dir", "/run/bench", "--log-level", "error",
		      (char *)NULL);
		_exit(127);
	}
	return pid;
}

static int compare(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static double median(int what)
{
	qsort(times[what], counts[what], sizeof(double), compare);
	return times[what][counts[what] / 2];
}

static void print_pair(FILE *page, const char *name, int ours, int line)
{
	fprintf(page,
		"| a container's %s, us; the same links and addresses by netlink alone | %.0f | "
		"%.0f | **%.2f** |\n",
		name, median(ours), median(line), median(ours) / median(line));
	printf("%s: overlayd %.0f us  straight line %.0f us  ratio %.2f\n", name, median(ours),
	       median(line), median(ours) / median(line));
}

int main(void)
{
	FILE *page;
	int bridge;
	pid_t pid;

	if (unshare(CLONE_NEWNS | CLONE_NEWNET) < 0 ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("tmpfs", "/run", "tmpfs", 0, NULL) < 0) {
		printf("bench_attach: needs root for private namespaces: %s\n", strerror(errno));
		return 0;
	}
	bench_pin();
	rtnl = rtnl_open();
	own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	echo_fd = start_echo();
	start_containers();
	pid = start_daemon();
	while ((daemon_fd = stream_connect("/run/bench/run/zlayer-overlayd.sock")) < 0)
		usleep(1000);
	ask("{\"op\":\"setup_service_overlay\",\"service\":\"web\",\"mode\":\"auto\"}");
	bridge = make_bridge();
	for (int round = 0; round < ROUNDS; round++) {
		for (int i = 0; i < CONTAINERS; i++)
			our_attach(i);
		for (int i = 0; i < CONTAINERS; i++)
			our_detach(i);
		usleep(150000); /* the reaper */
		for (int i = 0; i < CONTAINERS; i++)
			line_attach(i, bridge);
		for (int i = 0; i < CONTAINERS; i++)
			line_detach(i);
		delete_group();
	}
	page = bench_page("attach.md");
	print_pair(page, "attach", OUR_ATTACH, LINE_ATTACH);
	print_pair(page, "detach", OUR_DETACH, LINE_DETACH);
	fclose(page);
	kill(pid, SIGTERM);
	for (int i = 0; i < CONTAINERS; i++)
		kill(containers[i], SIGKILL);
	close(echo_fd);
	return 0;
}
