/* A service goes with its last container, whichever of two requests at once ends last, and whatever
 * else wants something of it. */
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/stream_unix.h"
#include "tests/integration/daemon.h"

#define ROUNDS 8

static bool make_eth0(void)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		execlp("ip", "ip", "link", "add", "eth0", "type", "bridge", NULL);
		_exit(1);
	}
	return waitpid(pid, &status, 0) == pid && status == 0;
}

/* A process in a network namespace of its own; with a link called eth0 no other one can be made
 * there. */
static pid_t container(bool has_eth0)
{
	int there[2];
	pid_t pid;
	char c;

	CHECK_INT(pipe(there), 0);
	pid = fork();
	if (pid == 0) {
		if (unshare(CLONE_NEWNET) < 0)
			_exit(1);
		if (has_eth0 && !make_eth0())
			_exit(1);
		close(there[0]);
		if (write(there[1], "", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(there[1]);
	CHECK_INT(read(there[0], &c, 1), 1);
	close(there[0]);
	return pid;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void service(int fd)
{
	expect(fd, "{\"op\":\"setup_service_overlay\",\"service\":\"web\",\"mode\":\"isolated\"}",
	       "\"name\":\"zl-web-b\"");
}

static void request(char text[static 256], const char *op, pid_t pid, bool ephemeral)
{
	snprintf(text, 256,
		 "{\"op\":\"%s\",\"handle\":{\"platform\":\"linux_pid\",\"pid\":%d}%s%s}", op, pid,
		 op[0] == 'a' ? ",\"service\":\"web\",\"join_global\":false,\"ephemeral\":" : "",
		 op[0] != 'a' ? ""
		 : ephemeral  ? "true"
			      : "false");
}

static void attach(int fd, pid_t pid, bool ephemeral)
{
	char text[256];

	request(text, "attach_container", pid, ephemeral);
	expect(fd, text, "\"result\":\"attached\"");
}

/* Each on a connection of its own, one behind the other. */
static void at_once(const struct test_daemon *d, const char *one, const char *two)
{
	int fd[2] = { daemon_connect(d), daemon_connect(d) };
	const char *requests[2] = { one, two };
	char body[512];

	for (int i = 0; i < 2; i++) {
		snprintf(body, sizeof(body), "{\"frame\":\"request\",\"id\":1,\"request\":%s}",
			 requests[i]);
		send_body(fd[i], body);
	}
	for (int i = 0; i < 2; i++) {
		_cleanup_(freep) char *answer = read_body(fd[i]);

		CHECK(answer);
		close(fd[i]);
	}
}

/* Soon: whoever made it go may have been answered before it had gone. */
static void check_gone(int fd)
{
	for (int i = 0; i < 500; i++) {
		_cleanup_(freep) char *answer = ask(fd, 1, "{\"op\":\"status\"}");

		if (strstr(answer, "\"service_count\":0"))
			break;
		usleep(10000);
	}
	expect(fd, "{\"op\":\"status\"}", "\"service_count\":0");
	CHECK(access("/sys/class/net/zl-web-b", F_OK) < 0);
}

#define TEARDOWN "{\"op\":\"teardown_service_overlay\",\"service\":\"web\"}"

TEST(the_last_detach_and_a_teardown)
{
	struct test_daemon d;
	int fd = daemon_begin(&d);

	for (int i = 0; i < ROUNDS; i++) {
		pid_t pid = container(false);
		char detach[256];

		service(fd);
		attach(fd, pid, false);
		request(detach, "detach_container", pid, false);
		at_once(&d, i % 2 ? TEARDOWN : detach, i % 2 ? detach : TEARDOWN);
		check_gone(fd);
		end(pid);
	}
	daemon_end(&d, fd);
}

TEST(the_two_last_that_take_it_along)
{
	struct test_daemon d;
	int fd = daemon_begin(&d);

	for (int i = 0; i < ROUNDS; i++) {
		pid_t a = container(false), b = container(false);
		char detach_a[256], detach_b[256];

		service(fd);
		attach(fd, a, true);
		attach(fd, b, true);
		request(detach_a, "detach_container", a, true);
		request(detach_b, "detach_container", b, true);
		at_once(&d, detach_a, detach_b);
		check_gone(fd);
		end(a);
		end(b);
	}
	daemon_end(&d, fd);
}

TEST(an_attach_that_fails_and_a_teardown)
{
	struct test_daemon d;
	int fd = daemon_begin(&d);

	for (int i = 0; i < ROUNDS; i++) {
		pid_t pid = container(true);
		char attach[256];

		service(fd);
		request(attach, "attach_container", pid, false);
		at_once(&d, attach, TEARDOWN);
		check_gone(fd);
		end(pid);
	}
	daemon_end(&d, fd);
}

#define SETUP                                                                                      \
	"{\"op\":\"setup_global_overlay\",\"deployment\":\"d\",\"instance_id\":\"1\","             \
	"\"cluster_cidr\":\"10.200.0.0/16\",\"slice_cidr\":\"10.200.4.0/24\",\"wg_port\":0}"
#define DEDICATED "{\"op\":\"setup_service_overlay\",\"service\":\"web\",\"mode\":\"dedicated\"}"

static int add_peer(const struct test_daemon *d, int number)
{
	int fd = daemon_connect(d);
	char body[512];

	snprintf(body, sizeof(body),
		 "{\"frame\":\"request\",\"id\":1,\"request\":{\"op\":\"add_peer\",\"public_key\":"
		 "\"A%dAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\",\"endpoint\":\"192.0.2.1:9\","
		 "\"allowed_ips\":\"203.0.113.%d/32\",\"persistent_keepalive_secs\":0,"
		 "\"scope\":{\"scope\":\"service\",\"service\":\"web\"}}}",
		 number, number);
	send_body(fd, body);
	return fd;
}

/* Of the service's tunnel; 0: it has none. */
static pid_t process_of_tunnel(void)
{
	int fd = stream_connect("/run/wireguard/zl-d-1-web-d.sock");
	struct ucred who = { .pid = 0 };
	socklen_t n = sizeof(who);

	if (fd < 0)
		return 0;
	CHECK_INT(getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &n), 0);
	close(fd);
	return who.pid;
}

/* The service waits for the first peer, and the second one for the service. */
TEST(a_stop_while_a_tunnel_that_is_to_go_hangs)
{
	_cleanup_(freep) char *answer = NULL;
	struct test_daemon d;
	pid_t go, pid;
	int fd, first, second;
	char detach[256];

	sandbox_enter();
	sandbox_needs_tun();
	daemon_start(&d, NULL);
	fd = daemon_connect(&d);
	expect(fd, SETUP, "bridge_name");
	expect(fd, DEDICATED, "service_overlay");
	go = process_of_tunnel();
	if (go == 0) {
		daemon_end(&d, fd);
		SKIP("the kernel has WireGuard of its own");
	}
	pid = container(false);
	attach(fd, pid, true);
	kill(go, SIGSTOP);
	first = add_peer(&d, 1);
	request(detach, "detach_container", pid, true);
	expect(fd, detach, "\"ok\"");
	second = add_peer(&d, 2);
	expect(fd, "{\"op\":\"list_attachments\"}", "attachments"); /* it was heard */
	kill(d.pid, SIGTERM);
	answer = read_body(first);
	CHECK(answer);
	kill(go, SIGCONT);
	CHECK_INT(daemon_wait(d.pid), 0);
	close(first);
	close(second);
	close(fd);
	end(pid);
}
