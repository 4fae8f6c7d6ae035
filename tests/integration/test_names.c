#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/stream_unix.h"
#include "tests/integration/daemon.h"

#define SETUP                                                                                      \
	"{\"op\":\"setup_global_overlay\",\"deployment\":\"d\",\"instance_id\":\"1\",\"cluster_"   \
	"cidr\":\"10.200.0.0/16\",\"wg_port\":0}"

/* This text stands at that path, for this process and the daemon. */
static void replace_file(const char *path, const char *text)
{
	char made[] = "/run/text-XXXXXX";
	_cleanup_(fd_closep) int fd = mkstemp(made);

	CHECK_INT(write(fd, text, strlen(text)), strlen(text));
	CHECK_INT(fchmod(fd, 0644), 0);
	CHECK_INT(mount(made, path, NULL, MS_BIND, NULL), 0);
}

static void add_peer(int fd, const char *endpoint)
{
	char request[512];

	snprintf(request, sizeof(request),
		 "{\"op\":\"add_peer\",\"public_key\":"
		 "\"AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\",\"endpoint\":\"%s\","
		 "\"allowed_ips\":\"10.200.5.0/24\",\"persistent_keepalive_secs\":0,"
		 "\"scope\":{\"scope\":\"global\"}}",
		 endpoint);
	expect(fd, request, "\"ok\"");
}

/* The tunnel itself says so, on its control socket. */
static bool tunnel_has(const char *line)
{
	_cleanup_(fd_closep) int fd = stream_connect("/run/wireguard/zl-d-1-g.sock");
	char state[4096] = "";

	CHECK(fd >= 0);
	send_bytes(fd, "get=1\n\n", 7);
	for (size_t n = 0; !strstr(state, "errno=");) {
		ssize_t some = recv(fd, state + n, sizeof(state) - 1 - n, 0);

		CHECK(some > 0);
		n += (size_t)some;
	}
	return strstr(state, line);
}

TEST(a_name_becomes_the_tunnels_endpoint)
{
	struct test_daemon d;
	int fd;

	sandbox_enter();
	sandbox_needs_tun();
	replace_file("/etc/hosts", "192.0.2.7 peer.overlay.test\n");
	daemon_start(&d, NULL);
	fd = daemon_connect(&d);
	expect(fd, SETUP, "\"bridge_name\"");
	add_peer(fd, "peer.overlay.test:51820");
	while (!tunnel_has("\nendpoint=192.0.2.7:51820\n"))
		usleep(5000);
	daemon_end(&d, fd);
}

/* A name server that hears questions and says nothing. */
static int dumb_name_server(void)
{
	const struct sockaddr_in address = { .sin_family = AF_INET,
					     .sin_port = htons(53),
					     .sin_addr = { htonl(INADDR_LOOPBACK) } };
	struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	CHECK(fd >= 0);
	CHECK_INT(ioctl(fd, SIOCSIFFLAGS, &lo), 0);
	CHECK_INT(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

TEST(neither_answer_nor_stop_waits_for_a_resolver)
{
	_cleanup_(fd_closep) int server = -1;
	struct test_daemon d;
	struct pollfd question;
	int fd;

	sandbox_enter();
	server = dumb_name_server();
	replace_file("/etc/resolv.conf", "nameserver 127.0.0.1\noptions timeout:30 attempts:5\n");
	replace_file("/etc/nsswitch.conf", "hosts: dns\n");
	daemon_start(&d, NULL);
	fd = daemon_connect(&d);
	add_peer(fd, "peer.overlay.test:51820");
	question = (struct pollfd){ .fd = server, .events = POLLIN };
	CHECK_INT(poll(&question, 1, 20000), 1); /* it was asked, and has not answered */
	expect(fd, "{\"op\":\"status\"}", "\"endpoint\":\"peer.overlay.test:51820\"");
	daemon_end(&d, fd); /* which may take 20 s, not 150 */
}
