#include "tests/bench/field_side.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/stream_unix.h"
#include "runtime/util.h"
#include "tests/bench/bench.h"

#define DIR    "/run/field"
#define SOCKET DIR "/run/zlayer-overlayd.sock"
#define NETNS  "/run/netns/c%u"
#define RESULT "/run/results/c%u"

/* The daemon that serves: its pid and a connection to it. */
static struct {
	pid_t pid;
	int fd;
	char program[256], ctl[256];
} ours = { .fd = -1 };

static _Noreturn _printf_(1, 2) void stop(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("bench_field: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	exit(1);
}

/* ---- programs ---- */

static void write_all(int fd, const char *text)
{
	if (write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		stop("write: %s", strerror(errno));
}

/* Runs one with this on its standard input, what it says in a file; it must succeed. */
static void run(const char *const *argv, char *const *envp, const char *input, const char *output)
{
	posix_spawn_file_actions_t actions;
	int pipes[2], status;
	pid_t pid;

	if (pipe2(pipes, O_CLOEXEC) < 0)
		stop("pipe: %s", strerror(errno));
	write_all(pipes[1], input);
	close(pipes[1]);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, pipes[0], STDIN_FILENO);
	posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, output,
					 O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (posix_spawnp(&pid, argv[0], &actions, NULL, (char *const *)argv, envp) != 0)
		stop("%s can't be started", argv[0]);
	posix_spawn_file_actions_destroy(&actions);
	close(pipes[0]);
	if (waitpid(pid, &status, 0) != pid || status != 0)
		stop("%s ended with status %d; what it said is in %s: %s", argv[0], status, output,
		     input);
}

static void shell(const char *script)
{
	extern char **environ;

	run((const char *const[]){ "sh", "-ec", script, NULL }, environ, "", "/run/said");
}

/* ---- ours ---- */

static void read_exactly(int fd, void *p, size_t n)
{
	for (size_t got = 0; got < n;) {
		ssize_t r = recv(fd, (char *)p + got, n - got, 0);

		if (r <= 0)
			stop("the daemon has closed the connection");
		got += (size_t)r;
	}
}

static _printf_(1, 2) void ask(const char *format, ...)
{
	static char answer[1 << 20];
	char request[1024], text[1200];
	uint32_t n;
	va_list args;

	va_start(args, format);
	vsnprintf(request, sizeof(request), format, args);
	va_end(args);
	n = (uint32_t)snprintf(text + 4, sizeof(text) - 4,
			       "{\"frame\":\"request\",\"id\":1,\"request\":%s}", request);
	memcpy(text, &n, 4);
	if (send(ours.fd, text, n + 4, 0) < 0)
		stop("send: %s", strerror(errno));
	read_exactly(ours.fd, &n, 4);
	if (n >= sizeof(answer))
		stop("an answer of %u bytes", n);
	read_exactly(ours.fd, answer, n);
	answer[n] = '\0';
	if (strstr(answer, "\"result\":\"err\""))
		stop("%s: %s", request, answer);
}

#define HANDLE "{\"platform\":\"linux_netns\",\"path\":\"" NETNS "\"}"

static void our_attach(unsigned i)
{
	ask("{\"op\":\"attach_container\",\"handle\":" HANDLE
	    ",\"service\":\"web\",\"join_global\":false}",
	    i);
}

static void our_detach(unsigned i)
{
	ask("{\"op\":\"detach_container\",\"handle\":" HANDLE "}", i);
}

void field_status(void)
{
	ask("{\"op\":\"status\"}");
}

static void start_daemon(void)
{
	extern char **environ;
	const char *const argv[] = {
		ours.program, "--data-dir", DIR, "--log-level", "error", NULL
	};

	if (posix_spawn(&ours.pid, ours.program, NULL, NULL, (char *const *)argv, environ) != 0)
		stop("%s can't be started", ours.program);
	while ((ours.fd = stream_connect(SOCKET)) < 0)
		usleep(200);
	field_status();
}

/* kill -9, and the next one answers. */
static double our_again(unsigned n _unused_, unsigned sample _unused_)
{
	uint64_t start;

	kill(ours.pid, SIGKILL);
	waitpid(ours.pid, NULL, 0);
	close(ours.fd);
	start = bench_now();
	start_daemon();
	return (double)(bench_now() - start);
}

static void ctl(unsigned i, bool attach)
{
	extern char **environ;
	char handle[64];
	const char *const to_attach[] = {
		ours.ctl,        "--socket", SOCKET,      "attach-container",
		"--handle",      handle,     "--service", "web",
		"--join-global", "false",    NULL
	};
	const char *const to_detach[] = { ours.ctl,   "--socket", SOCKET, "detach-container",
					  "--handle", handle,     NULL };

	snprintf(handle, sizeof(handle), "linux_netns:" NETNS, i);
	run(attach ? to_attach : to_detach, environ, "", "/run/said");
}

static void ctl_attach(unsigned i)
{
	ctl(i, true);
}

static void ctl_detach(unsigned i)
{
	ctl(i, false);
}

/* ---- scripts of iproute2: no addresses to choose from, nothing remembered ---- */

static void ip_batch(const char *netns, const char *script)
{
	extern char **environ;
	const char *const outside[] = { "ip", "-batch", "-", NULL };
	const char *const inside[] = { "ip", "-n", netns, "-batch", "-", NULL };

	run(netns ? inside : outside, environ, script, "/run/said");
}

static void ip_attach(unsigned i)
{
	char name[16], script[512];

	snprintf(name, sizeof(name), "c%u", i);
	snprintf(script, sizeof(script),
		 "link add v%u mtu 1420 type veth peer name eth0 mtu 1420 netns %s\n"
		 "link set v%u master field0 up\n",
		 i, name, i);
	ip_batch(NULL, script);
	snprintf(script, sizeof(script),
		 "link set lo up\naddr add 10.87.%u.%u/16 dev eth0\nlink set eth0 up\n"
		 "route add default via 10.87.0.1\n",
		 1 + i / 250, 1 + i % 250);
	ip_batch(name, script);
}

static void ip_detach(unsigned i)
{
	char script[64];

	snprintf(script, sizeof(script), "link del v%u\n", i);
	ip_batch(NULL, script);
}

/* ---- CNI ---- */

#define CNI_DIR "/usr/lib/cni"

static void cni(const char *command, unsigned i, bool masq, const char *more)
{
	const char *const argv[] = { CNI_DIR "/bridge", NULL };
	char id[32], netns[64], verb[32], result[64], config[8192];
	char *const envp[] = { verb,
			       id,
			       netns,
			       "CNI_IFNAME=eth0",
			       "CNI_PATH=" CNI_DIR,
			       "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
			       NULL };

	snprintf(verb, sizeof(verb), "CNI_COMMAND=%s", command);
	snprintf(id, sizeof(id), "CNI_CONTAINERID=c%u", i);
	snprintf(netns, sizeof(netns), "CNI_NETNS=" NETNS, i);
	snprintf(result, sizeof(result), strcmp(command, "ADD") == 0 ? RESULT : "/run/said", i);
	snprintf(config, sizeof(config),
		 "{\"cniVersion\":\"0.4.0\",\"name\":\"%s\",\"type\":\"bridge\",\"bridge\":\"%s\","
		 "\"isDefaultGateway\":true,\"ipMasq\":%s,\"ipam\":{\"type\":\"host-local\","
		 "\"dataDir\":\"/run/cni\",\"ranges\":[[{\"subnet\":\"10.%d.0.0/16\"}]]}%s}",
		 masq ? "masq" : "plain", masq ? "cni1" : "cni0", masq ? "true" : "false",
		 masq ? 86 : 85, more);
	run(argv, envp, config, result);
}

static void cni_attach(unsigned i)
{
	cni("ADD", i, false, "");
}

static void cni_detach(unsigned i)
{
	cni("DEL", i, false, "");
}

static void masq_attach(unsigned i)
{
	cni("ADD", i, true, "");
}

static void masq_detach(unsigned i)
{
	cni("DEL", i, true, "");
}

/* What it had answered, as the one that it asks to check it must say it. */
static void cni_check(unsigned i, bool masq)
{
	char path[64], more[4096] = ",\"prevResult\":";
	size_t used = strlen(more);
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), RESULT, i);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, more + used, sizeof(more) - used - 1);
	if (n <= 0)
		stop("%s can't be read", path);
	close(fd);
	more[used + (size_t)n] = '\0';
	cni("CHECK", i, masq, more);
}

static double check_all(unsigned n, unsigned sample, bool masq)
{
	uint64_t start = bench_now();

	for (unsigned i = 0; i < sample; i++)
		cni_check(i, masq);
	return (double)(bench_now() - start) / sample * n;
}

static double cni_again(unsigned n, unsigned sample)
{
	return check_all(n, sample, false);
}

static double masq_again(unsigned n, unsigned sample)
{
	return check_all(n, sample, true);
}

/* ---- netavark: its caller chooses the address ---- */

#define NETAVARK "/usr/lib/podman/netavark"

static void netavark(const char *what, unsigned i)
{
	char netns[64], config[1024];
	const char *const argv[] = { NETAVARK, "--config", "/run/netavark", what, netns, NULL };
	char *const envp[] = { "NETAVARK_FW=iptables", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL };

	snprintf(netns, sizeof(netns), NETNS, i);
	snprintf(config, sizeof(config),
		 "{\"container_id\":\"c%u\",\"container_name\":\"c%u\",\"networks\":{\"field\":{"
		 "\"interface_name\":\"eth0\",\"static_ips\":[\"10.84.%u.%u\"]}},\"network_info\":{"
		 "\"field\":{\"name\":\"field\",\"id\":\"%064u\",\"driver\":\"bridge\","
		 "\"network_interface\":\"netavark0\",\"subnets\":[{\"subnet\":\"10.84.0.0/16\","
		 "\"gateway\":\"10.84.0.1\"}],\"ipv6_enabled\":false,\"internal\":false,"
		 "\"dns_enabled\":false,\"ipam_options\":{\"driver\":\"host-local\"}}}}",
		 i, i, 1 + i / 250, 1 + i % 250, 7U);
	run(argv, envp, config, "/run/said");
}

static void netavark_attach(unsigned i)
{
	netavark("setup", i);
}

static void netavark_detach(unsigned i)
{
	netavark("teardown", i);
}

const struct field_side field_sides[SIDES] = {
	[SIDE_OVERLAYD] = { "overlayd", NULL, NULL, our_attach, our_detach, our_again },
	[SIDE_OVERLAYCTL] = { "overlayctl", NULL, NULL, ctl_attach, ctl_detach, NULL },
	[SIDE_IP] = { "ip, a script", "/sbin/ip", "iproute2", ip_attach, ip_detach, NULL },
	[SIDE_CNI] = { "CNI bridge, host-local", CNI_DIR "/bridge", "containernetworking-plugins",
		       cni_attach, cni_detach, cni_again },
	[SIDE_CNI_MASQ] = { "the same with ipMasq", CNI_DIR "/bridge",
			    "containernetworking-plugins", masq_attach, masq_detach, masq_again },
	[SIDE_NETAVARK] = { "netavark", NETAVARK, "netavark", netavark_attach, netavark_detach,
			    NULL },
};

/* ---- peers ---- */

bool field_has_wg(void)
{
	return access("/usr/bin/wg", X_OK) == 0;
}

static void peer_key(unsigned i, char text[64])
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

	snprintf(text, 64, "%c%cAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", digits[1 + i / 50],
		 digits[1 + i % 50]);
}

void field_peer(unsigned i, bool there)
{
	char key[64];

	peer_key(i, key);
	if (there)
		ask("{\"op\":\"add_peer\",\"public_key\":\"%s\",\"endpoint\":\"192.0.2.9:51820\","
		    "\"allowed_ips\":\"10.200.%u.0/24\",\"persistent_keepalive_secs\":0}",
		    key, 70 + i);
	else
		ask("{\"op\":\"remove_peer\",\"pubkey\":\"%s\"}", key);
}

void field_wg_peer(unsigned i, bool there)
{
	extern char **environ;
	char key[64], allowed[64];
	const char *const add[] = { "wg",    "set",      "field1",          "peer",
				    key,     "endpoint", "192.0.2.9:51820", "allowed-ips",
				    allowed, NULL };
	const char *const remove[] = { "wg", "set", "field1", "peer", key, "remove", NULL };

	peer_key(i, key);
	snprintf(allowed, sizeof(allowed), "10.200.%u.0/24", 70 + i);
	run(there ? add : remove, environ, "", "/run/said");
}

/* ---- the host ---- */

static void make_netns(unsigned i, int own)
{
	char path[64];

	snprintf(path, sizeof(path), NETNS, i);
	close(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	if (unshare(CLONE_NEWNET) < 0 ||
	    mount("/proc/self/ns/net", path, NULL, MS_BIND, NULL) < 0 ||
	    setns(own, CLONE_NEWNET) < 0)
		stop("%s: %s", path, strerror(errno));
}

static void make_host(unsigned n)
{
	int own;

	shell("mkdir -p /run/netns /run/results /run/netavark; ip link set lo up; ip link add up0 "
	      "type veth peer name up1; ip addr add 192.0.2.1/24 dev up0; ip link set up0 up; ip "
	      "link set up1 up; ip route add default via 192.0.2.2; ip link add field0 type "
	      "bridge; "
	      "ip addr add 10.87.0.1/16 dev field0; ip link set field0 up");
	own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	for (unsigned i = 0; i < n; i++)
		make_netns(i, own);
	close(own);
	if (field_has_wg())
		shell("ip link add field1 type wireguard 2>/dev/null || wireguard-go field1 "
		      "2>/dev/null; ip "
		      "link "
		      "set field1 up");
}

void field_begin(unsigned n)
{
	const char *build = getenv("B");

	if (mount("tmpfs", "/run", "tmpfs", 0, NULL) < 0)
		stop("mount: %s: it needs private namespaces", strerror(errno));
	snprintf(ours.program, sizeof(ours.program), "%s/bin/overlayd", build ? build : "build");
	snprintf(ours.ctl, sizeof(ours.ctl), "%s/bin/overlayctl", build ? build : "build");
	make_host(n);
	start_daemon();
	ask("{\"op\":\"setup_global_overlay\",\"deployment\":\"d\",\"instance_id\":\"1\","
	    "\"cluster_cidr\":\"10.200.0.0/16\",\"slice_cidr\":\"10.200.0.0/18\",\"wg_port\":0}");
	ask("{\"op\":\"setup_service_overlay\",\"service\":\"web\",\"mode\":\"auto\"}");
}

void field_end(void)
{
	kill(ours.pid, SIGTERM);
	waitpid(ours.pid, NULL, 0);
	close(ours.fd);
	if (field_has_wg())
		shell("ip link del field1");
}
