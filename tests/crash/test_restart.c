/* Packets between containers, a thousand a second, while the daemon is killed and started: none is
 * lost. And who listens to the kernel hears nothing of a start. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/crash/node.h"
#include "tests/crash/stream.h"
#include "tests/integration/daemon.h"

#define KILLS 5

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

/* What came before may be heard late. Neighbours are seen and forgotten without us. */
static void end_in_silence(struct node *n, int own, void (*end)(struct node *n))
{
	_cleanup_(freep) char *heard = NULL;

	expect(n->fd, "{\"op\":\"teardown_service_overlay\",\"service\":\"db\"}", "\"ok\"");
	enter_netns(n->netns);
	run("ip -o monitor all >>/run/heard 2>&1 & echo $! >/run/monitor;"
	    "until sleep 0.8; ! grep -v NEIGH /run/heard; do : >/run/heard; done");
	enter_netns(own);
	end(n);
	node_start(n, own);
	enter_netns(n->netns);
	run("sleep 0.3; ip link add heard0 type bridge; until grep heard0 /run/heard; do sleep "
	    "0.01; done;"
	    "kill $(cat /run/monitor); ip link del heard0");
	enter_netns(own);
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
	node_connect(&one, &host, &two);
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
