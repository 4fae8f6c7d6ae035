#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "runtime/stream_unix.h"
#include "tests/integration/daemon.h"

#define STATUS   "{\"op\":\"status\"}"
#define SHUTDOWN "{\"op\":\"shutdown\"}"
#define SETUP                                                                                      \
	"{\"op\":\"setup_global_overlay\",\"deployment\":\"d\",\"instance_id\":\"1\",\"cluster_"   \
	"cidr\":\"10.200.0.0/16\","                                                                \
	"\"slice_cidr\":\"10.200.4.0/24\",\"wg_port\":0}"

static void up(int fd)
{
	sandbox_needs_tun();
	expect(fd, SETUP, "\"name\":\"zl-d-1-g\"");
}

/* Nothing of the daemon is left in this network namespace, and its socket file is gone. */
static void check_gone(const struct test_daemon *d)
{
	CHECK(access("/sys/class/net/zl-d-1-g", F_OK) < 0 || getuid() != 0);
	CHECK(access(d->socket, F_OK) < 0);
	CHECK(access("/run/wireguard/zl-d-1-g.sock", F_OK) < 0);
}

TEST(shutdown_in_band)
{
	struct test_daemon d;
	int fd;

	fd = daemon_begin(&d);
	up(fd);
	expect(fd, SHUTDOWN, "\"result\":\"ok\"");
	CHECK_INT(daemon_wait(d.pid), 0);
	check_gone(&d);
	close(fd);
}

TEST(requests_behind_a_shutdown)
{
	static const char three[] =
		"\x36\0\0\0{\"frame\":\"request\",\"id\":1,\"request\":" SHUTDOWN "}"
		"\x36\0\0\0{\"frame\":\"request\",\"id\":2,\"request\":" SHUTDOWN "}"
		"\x34\0\0\0{\"frame\":\"request\",\"id\":3,\"request\":" STATUS "}";
	struct test_daemon d;
	int fd;

	fd = daemon_begin(&d);
	send_bytes(fd, three, sizeof(three) - 1);
	for (unsigned id = 1; id <= 3; id++) {
		_cleanup_(freep) char *answer = read_body(fd);
		char want[32];

		snprintf(want, sizeof(want), "\"id\":%u,", id);
		CHECK(answer && strstr(answer, want));
		CHECK(strstr(answer, id == 1 ? "\"ok\"" : "the daemon is stopping"));
	}
	CHECK(!read_body(fd));
	CHECK_INT(daemon_wait(d.pid), 0);
	close(fd);
}

TEST(every_stop_in_every_order)
{
	static const int signals[] = { SIGTERM, SIGINT, 0 };

	sandbox_enter();
	for (size_t first = 0; first < 3; first++)
		for (size_t second = 0; second < 3; second++) {
			struct test_daemon d;
			int a, b;

			CASE("stop %zu then %zu", first, second);
			daemon_start(&d, NULL);
			a = daemon_connect(&d);
			b = daemon_connect(&d);
			up(a);
			for (int i = 0; i < 4; i++) {
				size_t which = i % 2 ? second : first;

				if (signals[which])
					kill(d.pid, signals[which]);
				else
					send_body(i % 2 ? a : b, "{\"frame\":\"request\",\"id\":9,"
								 "\"request\":" SHUTDOWN "}");
			}
			CHECK_INT(daemon_wait(d.pid), 0);
			check_gone(&d);
			close(a);
			close(b);
		}
}

/* The daemon has begun to make things: a signal is a stop, and no sudden end. */
TEST(a_signal_while_it_starts)
{
	char dir[32], key[64], socket[64];

	sandbox_enter();
	for (int i = 0; i < 10; i++) {
		pid_t pid;

		snprintf(dir, sizeof(dir), "/run/s%d", i);
		snprintf(key, sizeof(key), "%s/node.key", dir);
		snprintf(socket, sizeof(socket), "%s/run/zlayer-overlayd.sock", dir);
		pid = daemon_spawn((const char *const[]){ "overlayd", "--data-dir", dir, NULL });
		while (access(key, F_OK) < 0)
			;
		kill(pid, SIGTERM);
		CHECK_INT(daemon_wait(pid), 0);
		CHECK(access(socket, F_OK) < 0);
	}
}

TEST(shutdown_whose_answer_nobody_hears)
{
	struct test_daemon d;
	int fd;

	fd = daemon_begin(&d);
	send_body(fd, "{\"frame\":\"request\",\"id\":9,\"request\":" SHUTDOWN "}");
	close(fd);
	CHECK_INT(daemon_wait(d.pid), 0);
	check_gone(&d);
}

/* Whether a command succeeds. */
static bool succeeds(const char *const *argv)
{
	extern char **environ;
	posix_spawn_file_actions_t quiet;
	pid_t pid;
	int r;

	posix_spawn_file_actions_init(&quiet);
	posix_spawn_file_actions_addopen(&quiet, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_addopen(&quiet, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	r = posix_spawnp(&pid, argv[0], &quiet, NULL, (char *const *)argv, environ);
	posix_spawn_file_actions_destroy(&quiet);
	if (r != 0)
		SKIP("no %s here ", argv[0]);
	return daemon_wait(pid) == 0;
}

/* Our table is in this network namespace. */
static bool has_rules(void)
{
	return succeeds((const char *const[]){ "nft", "list", "table", "inet", "overlayd", NULL });
}

static bool has_link(const char *name)
{
	return succeeds((const char *const[]){ "ip", "link", "show", name, NULL });
}

TEST(a_stop_takes_down_what_it_can)
{
	static const char *const services[] = { "a", "b", "c" };
	struct test_daemon d;
	char name[3][16];
	int fd;

	fd = daemon_begin(&d);
	for (unsigned i = 0; i < ARRAY_SIZE(services); i++) {
		char request[128];
		_cleanup_(freep) char *answer = NULL;

		snprintf(request, sizeof(request),
			 "{\"op\":\"setup_service_overlay\",\"service\":\"%s\",\"mode\":\"auto\"}",
			 services[i]);
		answer = ask(fd, i, request);
		CHECK_INT(sscanf(strstr(answer, "\"name\":"), "\"name\":\"%15[^\"]", name[i]), 1);
	}
	CHECK(succeeds(
		(const char *const[]){ "ip", "link", "set", name[1], "alias", "mine", NULL }));
	close(fd);
	kill(d.pid, SIGTERM);
	CHECK_INT(daemon_wait(d.pid), 4);
	CHECK(!has_link(name[0]) && has_link(name[1]) && !has_link(name[2]));
	CHECK(!has_rules());
}

static bool forwards(const char *link)
{
	char path[96], value = '0';
	int fd;

	snprintf(path, sizeof(path), "/proc/sys/net/ipv4/conf/%s/forwarding", link);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	CHECK(fd >= 0 && read(fd, &value, 1) == 1);
	close(fd);
	return value == '1';
}

TEST(a_way_out_that_comes_later)
{
	const struct timespec moment = { .tv_nsec = 20000000 };
	struct test_daemon d;
	int fd;

	fd = daemon_begin(&d);
	CHECK(succeeds(
		(const char *const[]){ "ip", "link", "add", "up0", "type", "bridge", NULL }));
	CHECK(succeeds((const char *const[]){ "ip", "link", "set", "up0", "up", NULL }));
	expect(fd, "{\"op\":\"setup_service_overlay\",\"service\":\"web\",\"mode\":\"auto\"}",
	       "\"service_overlay\"");
	CHECK(!forwards("up0"));
	CHECK(succeeds(
		(const char *const[]){ "ip", "route", "add", "default", "dev", "up0", NULL }));
	for (int i = 0; i < 1000 && !forwards("up0"); i++)
		nanosleep(&moment, NULL);
	CHECK(forwards("up0"));
	daemon_end(&d, fd);
}

TEST(rootless_it_makes_no_rules)
{
	static const char service[] = "{\"op\":\"setup_service_overlay\",\"service\":\"web\","
				      "\"mode\":\"auto\"}";
	struct test_daemon d;
	int fd;

	fd = daemon_begin(&d);
	expect(fd, service, "\"service_overlay\"");
	CHECK(has_rules());
	daemon_end(&d, fd);
	CHECK(!has_rules());
	setenv("ZLAYER_ROOTLESS", "", 1); /* set is set, whatever it says */
	daemon_start(&d, NULL);
	fd = daemon_connect(&d);
	expect(fd, service, "\"service_overlay\"");
	CHECK(!has_rules());
	daemon_end(&d, fd);
}

TEST(idle_it_is_small)
{
	struct test_daemon d;
	int fd;

	sandbox_enter();
	if (sanitized())
		SKIP("a sanitizer's memory is another matter ");
	daemon_start(&d, NULL);
	fd = daemon_connect(&d);
	expect(fd, STATUS, "\"status\"");
	CHECK(daemon_rss(&d) < 6 * 1024);
	daemon_end(&d, fd);
}

TEST(command_lines)
{
	static const struct {
		const char *argv[4];
		int status;
	} lines[] = {
		{ { "overlayd", "--build-id" }, 0 }, { { "overlayd", "--version" }, 0 },
		{ { "overlayd", "--help" }, 0 },     { { "overlayd", "--nope" }, 2 },
		{ { "overlayd", "word" }, 2 },       { { "overlayd", "--log-level", "loud" }, 2 },
		{ { "overlayd", "--data-dir" }, 2 }, { { "overlayd", "--log-format", "xml" }, 2 },
	};

	sandbox_enter();
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		CASE("%s", lines[i].argv[1]);
		CHECK_INT(daemon_wait(daemon_spawn(lines[i].argv)), lines[i].status);
	}
	CHECK(access("/run/wireguard", F_OK) < 0); /* none of them did anything */
}

TEST(the_service_manager_is_told)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = "/run/notify" };
	_cleanup_(fd_closep) int fd = -1;
	struct test_daemon d;
	char text[64] = "";

	sandbox_enter();
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	CHECK_INT(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	setenv("NOTIFY_SOCKET", "/run/notify", 1);
	daemon_start(&d, NULL);
	CHECK(recv(fd, text, sizeof(text) - 1, 0) > 0);
	CHECK_STR(text, "READY=1");
	memset(text, 0, sizeof(text));
	daemon_stop(&d);
	CHECK(recv(fd, text, sizeof(text) - 1, 0) > 0);
	CHECK_STR(text, "STOPPING=1");
}
