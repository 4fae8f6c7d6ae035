/* demo-capture LINK FILE PORT: writes the bytes of every packet on a link to a file until it is
 * ended by SIGTERM; then says on standard output how many were UDP to or from that port, how many
 * ARP, how many something else, and how many were missed. packet(7). */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>

#include <poll.h>

#include "runtime/number.h"
#include "runtime/util.h"

#define QUEUE_BYTES (256 * 1024 * 1024)

/* What a packet of ours begins with; packed, for its parts lie at odd places. */
struct headers {
	struct ether_header ether;
	struct iphdr ip;
	struct udphdr udp;
} __attribute__((packed));

struct counts {
	unsigned long ours, arp, other;
};

static int open_capture(const char *name)
{
	const struct sockaddr_ll at = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = (int)if_nametoindex(name),
	};
	const int queue = QUEUE_BYTES;
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, htons(ETH_P_ALL));

	if (fd < 0 || at.sll_ifindex == 0 || bind(fd, (const struct sockaddr *)&at, sizeof(at)) < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &queue, sizeof(queue)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &queue, sizeof(queue));
	return fd;
}

static void count(struct counts *counts, const char *packet, size_t n, uint16_t port)
{
	const struct headers *at = (const void *)packet;

	if (n >= sizeof(at->ether) && ntohs(at->ether.ether_type) == ETHERTYPE_ARP)
		counts->arp++;
	else if (n >= sizeof(*at) && ntohs(at->ether.ether_type) == ETHERTYPE_IP &&
		 at->ip.protocol == IPPROTO_UDP && ntohs(at->udp.dest) == port &&
		 ntohs(at->udp.source) == port)
		counts->ours++;
	else
		counts->other++;
}

static int drain(int fd, FILE *file, struct counts *counts, uint16_t port)
{
	char packet[65536];
	ssize_t n;

	while ((n = recv(fd, packet, sizeof(packet), 0)) > 0) {
		count(counts, packet, (size_t)n, port);
		if (fwrite(packet, 1, (size_t)n, file) != (size_t)n)
			return -EIO;
	}
	return 0;
}

static int capture(int fd, FILE *file, uint16_t port)
{
	struct counts counts = { 0, 0, 0 };
	struct tpacket_stats missed = { 0 };
	socklen_t size = sizeof(missed);
	sigset_t end;
	struct pollfd ready[2] = { { .fd = fd, .events = POLLIN }, { .events = POLLIN } };
	int r = 0;

	sigemptyset(&end);
	sigaddset(&end, SIGTERM);
	sigprocmask(SIG_BLOCK, &end, NULL);
	ready[1].fd = signalfd(-1, &end, SFD_CLOEXEC);
	fprintf(stderr, "listening\n");
	while (r == 0 && poll(ready, 2, -1) > 0 && !ready[1].revents)
		r = drain(fd, file, &counts, port);
	if (r == 0)
		r = drain(fd, file, &counts, port);
	getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, &missed, &size);
	printf("%lu %lu %lu %u\n", counts.ours, counts.arp, counts.other, missed.tp_drops);
	return r;
}

int main(int argc, char **argv)
{
	uint64_t port = 0;
	FILE *file = argc == 4 ? fopen(argv[2], "we") : NULL;
	int fd = file ? open_capture(argv[1]) : -EINVAL;
	int r = fd;

	if (fd >= 0)
		r = u64_parse(view(argv[3]), UINT16_MAX, &port);
	if (r == 0 || (r > 0 && fd >= 0))
		r = capture(fd, file, (uint16_t)port);
	if (file && fclose(file) != 0)
		r = -errno;
	if (r < 0)
		fprintf(stderr, "demo-capture: %s\n", strerror(-r));
	return r < 0;
}
