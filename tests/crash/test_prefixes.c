/* Packets through the tunnel, a thousand a second, while their prefix moves from one peer to
 * another and back, and others come and go beside it: there is no moment in which it is nobody's.
 */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "tests/crash/node.h"
#include "tests/crash/stream.h"
#include "tests/integration/daemon.h"

#define MOVES   20
#define ADDRESS "10.200.77.7"
#define PREFIX  "10.200.77.0/24"
#define OTHERS  "10.200.78.0/24"

static void ask_prefix(const struct node *n, const char *op, const struct node *peer,
		       const char *prefix)
{
	char key[KEY_TEXT_MAX], request[256];

	node_key(peer, key);
	snprintf(request, sizeof(request),
		 "{\"op\":\"%s_allowed_ip\",\"pubkey\":\"%s\",\"cidr\":\"%s\"}", op, key, prefix);
	expect(n->fd, request, "\"ok\"");
}

/* A host that takes the packets, and has shaken hands. */
static void join(struct node *one, struct node *n, struct guest *host, int own)
{
	guest_start(host);
	n->netns = host->netns;
	node_connect(one, host, n);
	run("%s ip addr add " ADDRESS "/32 dev lo", IN(host));
	node_start(n, own);
	node_set_up(n);
	node_add_peer(one, n);
	node_add_peer(n, one);
	run("ping -q -c 1 -w 10 10.200.%s.1", n->number);
}

TEST(no_packet_is_lost)
{
	struct node one = { .dir = "/run/one", .number = "4", .address = "192.0.2.1" },
		    two = { .dir = "/run/two", .number = "5", .address = "192.0.2.2" },
		    three = { .dir = "/run/three", .number = "6", .address = "198.51.100.2" };
	struct guest container, host_two, host_three;
	struct stream *s;
	char ip[64];
	int own;

	host_enter();
	sandbox_needs_tun();
	guest_start(&container);
	own = one.netns = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	node_start(&one, own);
	node_set_up(&one);
	node_attach(&one, &container, ip);
	join(&one, &two, &host_two, own);
	one.address = "198.51.100.1";
	join(&one, &three, &host_three, own);
	ask_prefix(&one, "add", &two, PREFIX);
	s = stream_start(&container, &host_two, ADDRESS);
	stream_also_to(s, &host_three);
	for (int i = 0; i < MOVES; i++) {
		const struct node *next = i % 2 == 0 ? &three : &two;

		ask_prefix(&one, "add", next, OTHERS);
		ask_prefix(&one, "add", next, PREFIX);
		ask_prefix(&one, "remove", next, OTHERS);
		run("sleep 0.02");
	}
	stream_stop(s);
	node_kill(&one);
	node_kill(&two);
	node_kill(&three);
	close(own);
	guest_stop(&container);
	guest_stop(&host_two);
	guest_stop(&host_three);
}
