/* Packets between containers, a thousand a second, while the daemon is killed and started: none is
 * lost. And who listens to the kernel hears nothing of a start. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/integration/daemon.h"
#include "tests/server/linux/host.h"

#define PORT        9000
#define PACKETS_MAX 1000000
#define INTERVAL    1000000 /* nanoseconds */
#define QUIET_MS    400     /* then nothing more comes */
#define KILLS       5
#define ROOM        (8 << 20) /* bytes: of what waits while a busy machine does something else */

/* ---- nodes ---- */

struct node {
	const char *dir, *number, *address; /* of the host's link */
	int netns;
	pid_t pid;
	int fd;
	char socket[64];
};

static void enter(int netns)
{
	CHECK_INT(setns(netns, CLONE_NEWNET), 0);
}

static void node_start(struct node *n, int own)
{
	const char *const argv[] = { "overlayd", "--data-dir", n->dir, "--on-term", "keep", NULL };

	snprintf(n->socket, sizeof(n->socket), "%s/run/zlayer-overlayd.sock", n->dir);
	enter(n->netns);
	n->pid = daemon_spawn(argv);
	enter(own);
	n->fd = connect_when_up(n->socket);
}

static void node_kill(struct node *n)
{
	kill(n->pid, SIGKILL);
	CHECK_INT(daemon_wait(n->pid), -SIGKILL);
	fd_closep(&n->fd);
}

static void node_stop(struct node *n)
{
	kill(n->pid, SIGTERM);
	CHECK(daemon_wait(n->pid) >= 0);
	fd_closep(&n->fd);
}

static void node_set_up(const struct node *n)
{
	char request[512];

	snprintf(request, sizeof(request),
		 "{\"op\":\"setup_global_overlay\",\"deployment\":\"d\",\"instance_id\":\"%s\","
		 "\"cluster_cidr\":\"10.200.0.0/16\",\"slice_cidr\":\"10.200.%s.0/24\","
		 "\"wg_port\":51820}",
		 n->number, n->number);
	expect(n->fd, request, "\"bridge_name\"");
	expect(n->fd, "{\"op\":\"setup_service_overlay\",\"service\":\"web\",\"mode\":\"auto\"}",
	       "\"service_overlay\"");
}

static void node_attach(const struct node *n, const struct guest *guest, char ip[64])
{
	_cleanup_(freep) char *answer = NULL;
	char request[256];

	snprintf(request, sizeof(request),
		 "{\"op\":\"attach_container\",\"handle\":{\"platform\":\"linux_pid\",\"pid\":%d},"
		 "\"service\":\"web\",\"join_global\":false}",
		 (int)guest->pid);
	answer = ask(n->fd, 1, request);
	CHECK(answer && strstr(answer, "\"ip\":"));
	CHECK_INT(sscanf(strstr(answer, "\"ip\":"), "\"ip\":\"%63[^\"]", ip), 1);
}

static void node_add_peer(const struct node *n, const struct node *peer)
{
	_cleanup_(freep) char *answer = ask(peer->fd, 1, "{\"op\":\"status\"}");
	char key[64], request[512];

	CHECK_INT(sscanf(strstr(answer, "\"public_key\":"), "\"public_key\":\"%63[^\"]", key), 1);
	snprintf(request, sizeof(request),
		 "{\"op\":\"add_peer\",\"public_key\":\"%s\",\"endpoint\":\"%s:51820\","
		 "\"allowed_ips\":\"10.200.%s.0/24\",\"persistent_keepalive_secs\":0}",
		 key, peer->address, peer->number);
	expect(n->fd, request, "\"ok\"");
}

/* ---- the stream ---- */

struct stream {
	bool warm, stop;
	unsigned sent, failed, received;
	uint8_t seen[PACKETS_MAX / 8];
	pid_t sender, receiver;
};

static int open_socket(const struct guest *guest)
{
	const struct timeval most = { .tv_usec = QUIET_MS * 1000 };
	const int room = ROOM;
	int fd;

	enter(guest->netns);
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	CHECK(fd >= 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
	setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room));
	CHECK_INT(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &most, sizeof(most)), 0);
	return fd;
}

/* Number 0 is sent until the way is found. */
static _Noreturn void be_sender(struct stream *s, const struct guest *guest, const char *ip)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(PORT) };
	int fd = open_socket(guest);
	struct timespec next;
	unsigned number = 0;

	inet_pton(AF_INET, ip, &to.sin_addr);
	clock_gettime(CLOCK_MONOTONIC, &next);
	while (!__atomic_load_n(&s->stop, __ATOMIC_ACQUIRE) && number < PACKETS_MAX - 1) {
		number += __atomic_load_n(&s->warm, __ATOMIC_ACQUIRE);
		if (sendto(fd, &number, sizeof(number), 0, (struct sockaddr *)&to, sizeof(to)) < 0)
			s->failed += number > 0;
		s->sent = number;
		next.tv_nsec += INTERVAL;
		next.tv_sec += next.tv_nsec / 1000000000;
		next.tv_nsec %= 1000000000;
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
	}
	_exit(0);
}

static _Noreturn void be_receiver(struct stream *s, const struct guest *guest)
{
	const struct sockaddr_in any = { .sin_family = AF_INET, .sin_port = htons(PORT) };
	int fd = open_socket(guest);
	unsigned number;

	if (bind(fd, (const struct sockaddr *)&any, sizeof(any)) < 0)
		_exit(1);
	for (;;) {
		ssize_t n = recv(fd, &number, sizeof(number), 0);

		if (n < 0 && __atomic_load_n(&s->stop, __ATOMIC_ACQUIRE))
			_exit(0);
		if (n != sizeof(number) || number >= PACKETS_MAX)
			continue;
		__atomic_store_n(&s->warm, true, __ATOMIC_RELEASE);
		if (number > 0 && !(s->seen[number / 8] >> number % 8 & 1))
			s->received++;
		s->seen[number / 8] |= (uint8_t)(1 << number % 8);
	}
}

static struct stream *stream_start(const struct guest *from, const struct guest *to, const char *ip)
{
	const struct timespec moment = { .tv_nsec = INTERVAL };
	struct stream *s =
		mmap(NULL, sizeof(*s), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t sender, receiver;

	CHECK(s != MAP_FAILED);
	receiver = fork();
	if (receiver == 0)
		be_receiver(s, to);
	sender = fork();
	if (sender == 0)
		be_sender(s, from, ip);
	s->receiver = receiver;
	s->sender = sender;
	while (!__atomic_load_n(&s->warm, __ATOMIC_ACQUIRE)) /* a hang is the failure */
		nanosleep(&moment, NULL);
	return s;
}

static void stream_stop(struct stream *s)
{
	__atomic_store_n(&s->stop, true, __ATOMIC_RELEASE);
	CHECK_INT(waitpid(s->sender, NULL, 0), s->sender);
	CHECK_INT(waitpid(s->receiver, NULL, 0), s->receiver);
	CHECK(s->sent > 100);
	CHECK_INT(s->failed, 0);
	CHECK_INT(s->received, s->sent);
	munmap(s, sizeof(*s));
}

/* ---- load, and who listens ---- */

/* Asks for one thing after another, of whatever daemon serves. */
static pid_t load_start(const struct node *n, const struct guest *guest)
{
	static const char *const requests[] = {
		"{\"op\":\"attach_container\",\"handle\":{\"platform\":\"linux_pid\",\"pid\":%d},"
		"\"service\":\"web\",\"join_global\":true}",
		"{\"op\":\"setup_service_overlay\",\"service\":\"db\",\"mode\":\"auto\"}",
		"{\"op\":\"status\"}",
		"{\"op\":\"detach_container\",\"handle\":{\"platform\":\"linux_pid\",\"pid\":%d}}",
		"{\"op\":\"teardown_service_overlay\",\"service\":\"db\"}",
	};
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	for (size_t i = 0;; i++) {
		int fd = connect_when_up(n->socket);
		char request[256], *answer = request;

		while (answer) {
			snprintf(request, sizeof(request), requests[i++ % ARRAY_SIZE(requests)],
				 (int)guest->pid);
			answer = ask(fd, 1, request);
			free(answer);
		}
		close(fd);
	}
}

static void kill_under_load(struct node *n, int own)
{
	const struct timespec moment = { .tv_nsec = 150000000 };
	struct guest other;
	pid_t load;

	guest_start(&other);
	load = load_start(n, &other);
	for (int i = 0; i < KILLS; i++) {
		nanosleep(&moment, NULL);
		node_kill(n);
		node_start(n, own);
	}
	nanosleep(&moment, NULL);
	kill(load, SIGKILL);
	waitpid(load, NULL, 0);
	guest_stop(&other);
}

/* Neighbours are seen and forgotten without us. */
static void end_in_silence(struct node *n, int own, void (*end)(struct node *n))
{
	_cleanup_(freep) char *heard = NULL;

	expect(n->fd, "{\"op\":\"teardown_service_overlay\",\"service\":\"db\"}", "\"ok\"");
	enter(n->netns);
	run("sleep 0.3; ip -o monitor all >/run/heard 2>&1 & echo $! >/run/monitor; sleep 0.5");
	enter(own);
	end(n);
	node_start(n, own);
	enter(n->netns);
	run("sleep 0.3; ip link add heard0 type bridge; until grep heard0 /run/heard; do sleep "
	    "0.01; done;"
	    "kill $(cat /run/monitor); ip link del heard0");
	enter(own);
	heard = sh("grep -v 'NEIGH\\|heard0' /run/heard || true");
	CHECK_STR(heard, "");
}

TEST(between_containers)
{
	struct node node = { .dir = "/run/one", .number = "4" };
	struct guest a, b;
	char ip_a[64], ip_b[64];
	struct stream *s;
	int own;

	host_enter();
	sandbox_needs_tun();
	guest_start(&a);
	guest_start(&b);
	own = node.netns = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	node_start(&node, own);
	node_set_up(&node);
	node_attach(&node, &a, ip_a);
	node_attach(&node, &b, ip_b);
	s = stream_start(&a, &b, ip_b);
	kill_under_load(&node, own);
	end_in_silence(&node, own, node_kill);
	end_in_silence(&node, own, node_stop);
	stream_stop(s);
	node_kill(&node);
	close(own);
	guest_stop(&a);
	guest_stop(&b);
}

static void connect_hosts(const struct node *one, const struct guest *host, const struct node *two)
{
	run("ip link add up0 type veth peer name up0 netns %d; ip addr add %s/24 dev up0;"
	    "ip link set up0 up; %s sh -c 'ip link set lo up; ip addr add %s/24 dev up0;"
	    "ip link set up0 up'",
	    (int)host->pid, one->address, IN(host), two->address);
}

TEST(through_the_tunnel)
{
	struct node one = { .dir = "/run/one", .number = "4", .address = "192.0.2.1" },
		    two = { .dir = "/run/two", .number = "5", .address = "192.0.2.2" };
	struct guest host, a, b;
	char ip_a[64], ip_b[64];
	struct stream *s;
	int own;

	host_enter();
	sandbox_needs_tun();
	guest_start(&host);
	guest_start(&a);
	guest_start(&b);
	own = one.netns = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	two.netns = host.netns;
	connect_hosts(&one, &host, &two);
	node_start(&one, own);
	node_start(&two, own);
	node_set_up(&one);
	node_set_up(&two);
	node_add_peer(&one, &two);
	node_add_peer(&two, &one);
	node_attach(&one, &a, ip_a);
	node_attach(&two, &b, ip_b);
	s = stream_start(&a, &b, ip_b);
	kill_under_load(&one, own);
	kill_under_load(&two, own);
	end_in_silence(&one, own, node_kill);
	end_in_silence(&one, own, node_stop);
	end_in_silence(&two, own, node_kill);
	end_in_silence(&two, own, node_stop);
	stream_stop(s);
	node_kill(&one);
	node_kill(&two);
	close(own);
	guest_stop(&a);
	guest_stop(&b);
	guest_stop(&host);
}
