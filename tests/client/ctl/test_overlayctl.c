/* The program build/bin/overlayctl, against a daemon that does what the test says. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "client/ctl/exit.h"
#include "schema/overlayd.h"
#include "tests/check.h"
#include "tests/client/ctl/ran.h"
#include "tests/client/fake_daemon.h"

/* ---- a daemon that answers one request ---- */

static void answer_status(int listener)
{
	int fd = fake_accept(listener);

	fake_answer(fd, fake_take(fd, "status"),
		    "{\"result\":\"status\",\"peer_count\":3,\"service_count\":1,\"newer\":[1]}");
	fake_closed(fd);
}

TEST(status)
{
	struct fake_daemon fake;

	fake_start(&fake, answer_status);
	check_ran(RUN("--socket", fake.socket, "status"), EXIT_OK,
		  "peer_count     3\nservice_count  1\n", "");
	fake_stop(&fake);
}

TEST(status_in_json)
{
	struct fake_daemon fake;

	fake_start(&fake, answer_status);
	check_ran(RUN("--json", "--socket", fake.socket, "status"), EXIT_OK,
		  "{\"result\":\"status\",\"peer_count\":3,\"service_count\":1}\n", "");
	fake_stop(&fake);
}

static void answer_err(int listener)
{
	int fd = fake_accept(listener);

	fake_answer(fd, fake_take(fd, "shutdown"),
		    "{\"result\":\"err\",\"message\":\"no\\n\\u001b[2J\177\"}");
	fake_closed(fd);
}

TEST(an_err_is_told)
{
	struct fake_daemon fake;

	fake_start(&fake, answer_err);
	check_ran(RUN("--socket", fake.socket, "shutdown"), EXIT_ERR, "",
		  "overlayctl: no\\x0a\\x1b[2J\\x7f\n");
	fake_stop(&fake);
}

TEST(an_err_in_json)
{
	struct fake_daemon fake;

	fake_start(&fake, answer_err);
	check_ran(RUN("--socket", fake.socket, "--json", "shutdown"), EXIT_ERR,
		  "{\"result\":\"err\",\"message\":\"no\\n\\u001b[2J\\u007f\"}\n", "");
	fake_stop(&fake);
}

static void want_setup(int listener)
{
	int fd = fake_accept(listener);
	_cleanup_(freep) char *body = fake_read(fd);

	CHECK_STR(body,
		  "{\"frame\":\"request\",\"id\":1,\"request\":{\"op\":\"setup_global_overlay\","
		  "\"deployment\":\"d\",\"instance_id\":\"i\",\"cluster_cidr\":\"10.0.0.0/8\","
		  "\"wg_port\":0,\"host_adapter_mandatory\":false,\"nat\":{\"enabled\":false,"
		  "\"stun_servers\":[],\"turn_servers\":[],\"hole_punch_timeout_secs\":0,"
		  "\"stun_refresh_interval_secs\":0,\"max_candidate_pairs\":0},"
		  "\"nat_enabled\":false}}");
	fake_answer(fd, 1, "{\"result\":\"bridge_name\",\"name\":\"zl\"}");
	fake_closed(fd);
}

/* Older daemons know nothing of nat, and want nat_enabled. */
TEST(a_setup_that_every_line_reads)
{
	struct fake_daemon fake;

	fake_start(&fake, want_setup);
	check_ran(RUN("--socket", fake.socket, "setup-global-overlay", "--deployment", "d",
		      "--instance-id=i", "--cluster-cidr", "10.0.0.0/8", "--wg_port", "0", "--nat",
		      "{}"),
		  EXIT_OK, "name  zl\n", "");
	fake_stop(&fake);
}

/* ---- daemons that don't answer ---- */

#define START "start overlayd, or say where it is with --socket or --data-dir\n"

TEST(no_daemon)
{
	const struct ran *ran = RUN("--socket", "/tmp/no/such/socket", "status");

	check_ran(
		ran, EXIT_CONNECTION, "",
		"overlayctl: no daemon at /tmp/no/such/socket: No such file or directory; " START);
}

/* As a user who may not. */
TEST(a_socket_of_another_user)
{
	char dir[] = "/tmp/ctl-XXXXXX", socket[64], program[256], want[256];
	const char *build = getenv("B");

	if (geteuid() != 0)
		SKIP("only root can be another user");
	CHECK(mkdtemp(dir));
	snprintf(socket, sizeof(socket), "%s/s", dir);
	snprintf(want, sizeof(want),
		 "overlayctl: no daemon at %s: Permission denied; ask as root, or as a member of "
		 "its group, zlayer\n",
		 socket);
	snprintf(program, sizeof(program), "%s/bin/overlayctl", build ? build : "build");
	if (setresuid(65534, 65534, 0) < 0 || access(program, X_OK) < 0)
		SKIP("another user can't run it here");
	check_ran(RUN("--socket", socket, "status"), EXIT_CONNECTION, "", want);
	CHECK_INT(setresuid(0, 0, 0), 0);
	rmdir(dir);
}

static void take_and_close(int listener)
{
	int fd = fake_accept(listener);

	fake_take(fd, "nat_tick");
	close(fd);
}

TEST(a_daemon_that_goes)
{
	struct fake_daemon fake;

	fake_start(&fake, take_and_close);
	check_ran(RUN("--socket", fake.socket, "nat-tick"), EXIT_CONNECTION, "",
		  "overlayctl: the daemon closed the connection\n");
	fake_stop(&fake);
}

static void take_and_wait(int listener)
{
	int fd = fake_accept(listener);

	fake_take(fd, "nat_tick");
	fake_closed(fd);
}

TEST(a_daemon_that_says_nothing)
{
	struct fake_daemon fake;

	fake_start(&fake, take_and_wait);
	check_ran(RUN("--socket", fake.socket, "--timeout", "0", "nat-tick"), EXIT_TIMEOUT, "",
		  "overlayctl: no answer in time\n");
	fake_stop(&fake);
}

static void talk_nonsense(int listener)
{
	int fd = fake_accept(listener);

	fake_take(fd, "nat_tick");
	fake_send(fd, "{\"frame\":\"\\u001b\"}");
	fake_closed(fd);
}

TEST(a_daemon_that_talks_nonsense)
{
	struct fake_daemon fake;
	struct ran *ran;

	fake_start(&fake, talk_nonsense);
	ran = RUN("--socket", fake.socket, "nat-tick");
	CHECK_INT(ran->status, EXIT_PROTOCOL);
	CHECK_STR(ran->err, "overlayctl: an answer that is none: frame: unknown: ? (byte 9)\n");
	fake_stop(&fake);
}

TEST(an_answer_that_cannot_be_printed)
{
	_cleanup_(fd_closep) int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
	_cleanup_(fd_closep) int err = scratch("");
	static char text[OUTPUT_MAX];
	struct fake_daemon fake;
	int status;
	pid_t pid;

	if (full < 0)
		SKIP("no /dev/full here");
	fake_start(&fake, answer_status);
	pid = fork();
	if (pid == 0)
		run_program((const char *const[]){ "overlayctl", "--socket", fake.socket, "status",
						   NULL },
			    full, full, err);
	CHECK_INT(waitpid(pid, &status, 0), pid);
	CHECK_INT(WEXITSTATUS(status), EXIT_OUTPUT);
	read_all(err, text);
	CHECK_STR(text, "overlayctl: standard output: No space left on device\n");
	fake_stop(&fake);
}

/* ---- where the daemon is ---- */

/* Its socket where a data dir has it. */
static void move_to_data_dir(struct fake_daemon *fake)
{
	char path[96];

	snprintf(path, sizeof(path), "%s/run", fake->dir);
	CHECK_INT(mkdir(path, 0700), 0);
	snprintf(path, sizeof(path), "%s/run/zlayer-overlayd.sock", fake->dir);
	CHECK_INT(rename(fake->socket, path), 0);
}

static void stop_in_data_dir(struct fake_daemon *fake)
{
	char path[96];

	snprintf(path, sizeof(path), "%s/run/zlayer-overlayd.sock", fake->dir);
	unlink(path);
	snprintf(path, sizeof(path), "%s/run", fake->dir);
	rmdir(path);
	fake_stop(fake);
}

static void three_clients(int listener)
{
	for (int i = 0; i < 3; i++)
		fake_serve_one(listener);
}

TEST(data_dirs)
{
	struct fake_daemon fake;

	unsetenv("ZLAYER_DATA_DIR");
	fake_start(&fake, three_clients);
	move_to_data_dir(&fake);
	check_ran(RUN("--data-dir", fake.dir, "nat-tick"), EXIT_OK, "ok\n", "");
	setenv("ZLAYER_DATA_DIR", fake.dir, 1);
	check_ran(RUN("nat-tick"), EXIT_OK, "ok\n", "");
	/* the command line wins over the environment, and a socket over a data dir */
	CHECK_INT(RUN("--data-dir", "/tmp/no/such", "nat-tick")->status, EXIT_CONNECTION);
	CHECK_INT(RUN("--socket", "/tmp/no/such", "--data-dir", fake.dir, "nat-tick")->status,
		  EXIT_CONNECTION);
	setenv("ZLAYER_DATA_DIR", "/tmp/no/such", 1);
	check_ran(RUN("--data-dir", fake.dir, "nat-tick"), EXIT_OK, "ok\n", "");
	CHECK_STR(RUN("nat-tick")->err, "overlayctl: no daemon at /tmp/no/such/run/"
					"zlayer-overlayd.sock: No such file or directory; " START);
	stop_in_data_dir(&fake);
}

/* ---- command lines; none of these needs a daemon ---- */

#define HANDLE                                                                                     \
	"; expected "                                                                              \
	"linux_pid:PID|windows_container:CONTAINER_ID|guest_managed:ID|host_shared:ID|linux_"      \
	"netns:PATH|linux_fd:FD\n"
#define TRY "Try 'overlayctl help'.\n"

static const struct {
	const char *words[8];
	const char *err;
} wrong[] = {
	{ { "nope" }, "overlayctl: nope: unknown command\n" TRY },
	{ { "" }, "overlayctl: : unknown command\n" TRY },
	{ { "help", "nope" }, "overlayctl: nope: unknown command\n" TRY },
	{ { "--nope", "status" }, "overlayctl: --nope: unknown\n" TRY },
	{ { "--socket" }, "overlayctl: --socket: its value is missing\n" TRY },
	{ { "status", "--deep" },
	  "overlayctl status: --deep: unknown; see overlayctl help status\n" },
	{ { "release-ip" }, "overlayctl release-ip: --ip IP is missing\n" },
	{ { "release-ip", "--ip", "10.0.0.256" },
	  "overlayctl release-ip: --ip: not an IP address\n" },
	{ { "release-ip", "--ip", "\377" },
	  "overlayctl release-ip: --ip: a string is not UTF-8\n" },
	{ { "set-local-node-id", "--node-id", "18446744073709551616" },
	  "overlayctl set-local-node-id: --node-id: expected an integer from 0 to "
	  "18446744073709551615\n" },
	{ { "set-local-node-id", "--node-id", "-1" },
	  "overlayctl set-local-node-id: --node-id: expected an integer from 0 to "
	  "18446744073709551615\n" },
	{ { "set-local-node-id", "--node-id", "seven" },
	  "overlayctl set-local-node-id: --node-id: expected N\n" },
	{ { "setup-service-overlay", "--service", "web", "--mode", "odd" },
	  "overlayctl setup-service-overlay: --mode: expected "
	  "auto|shared|dedicated|isolated\n" },
	{ { "detach-container", "--handle", "moon:1" },
	  "overlayctl detach-container: --handle: platform: unknown: moon" HANDLE },
	{ { "detach-container", "--handle", "linux_pid" },
	  "overlayctl detach-container: --handle: pid: the key is missing" HANDLE },
	{ { "detach-container", "--handle", "linux_pid:4294967296" },
	  "overlayctl detach-container: --handle: pid: expected an integer from 0 to "
	  "4294967295" HANDLE },
	{ { "detach-container", "--handle", "77" },
	  "overlayctl detach-container: --handle: platform: unknown: 77" HANDLE },
	{ { "status", "--json" }, "overlayctl status: --json: goes before the command\n" },
	{ { "status", "--socket=/s" },
	  "overlayctl status: --socket=/s: goes before the command\n" },
	{ { "-x" }, "overlayctl: -x: unknown command\n" TRY },
	{ { "events", "now" }, "overlayctl events: now: it takes no arguments\n" },
	{ { "raw", "{}", "{}" }, "overlayctl raw: one argument at most; quote the JSON\n" },
};

TEST(wrong_command_lines)
{
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		CASE("%s %s", wrong[i].words[0], wrong[i].words[1] ? wrong[i].words[1] : "");
		check_ran(run_with("", wrong[i].words), EXIT_USAGE, "", wrong[i].err);
	}
}

TEST(no_words_at_all)
{
	const struct ran *ran = run_with("", (const char *const[]){ NULL });

	CHECK_INT(ran->status, EXIT_USAGE);
	CHECK_STR(ran->out, "");
	CHECK(strncmp(ran->err, "usage: overlayctl ", 18) == 0);
}

TEST(version)
{
	const struct ran *ran = RUN("--version");

	CHECK_INT(ran->status, EXIT_OK);
	CHECK(strncmp(ran->out, "overlayctl ", 11) == 0);
}

/* The command's help, asked for in each way. */
static void check_help(const char *name)
{
	static char first[OUTPUT_MAX];
	char usage[128];
	struct ran *ran = RUN("help", name);

	CASE("%s", name);
	CHECK_INT(ran->status, EXIT_OK);
	snprintf(usage, sizeof(usage), "usage: overlayctl %s", name);
	CHECK(strncmp(ran->out, usage, strlen(usage)) == 0);
	memcpy(first, ran->out, sizeof(first));
	check_ran(RUN(name, "--help"), EXIT_OK, first, "");
	check_ran(RUN(name, "-h"), EXIT_OK, first, "");
}

TEST(help)
{
	static char all[OUTPUT_MAX];
	const struct ran *ran = RUN("help");
	char *line = all;
	unsigned n = 0;

	check_ran(ran, EXIT_OK, ran->out, "");
	CHECK(strstr(ran->out, "Exit status: 0 done, 1 "));
	memcpy(all, ran->out, sizeof(all));
	check_ran(RUN("--help"), EXIT_OK, all, "");
	check_ran(RUN("-h"), EXIT_OK, all, "");
	check_ran(RUN("--json", "-h"), EXIT_OK, all, "");

	/* the commands are the block of indented lines behind "Commands" */
	line = strstr(all, "\nCommands;");
	CHECK(line);
	line = strstr(line, "\n\n") + 2;
	for (; strncmp(line, "  ", 2) == 0; line = strchr(line, '\n') + 1) {
		char name[64];

		CHECK_INT(sscanf(line, " %63s", name), 1);
		if (strcmp(name, "help") == 0 || name[0] == '-')
			continue;
		check_help(name);
		n++;
	}
	CHECK_INT(n, ovd_request_table.union_->n_variants + 4u); /* and raw, call, events, hcs */
}

/* ---- events ---- */

static void tell_events(int listener)
{
	int fd = fake_accept(listener);
	uint64_t id = fake_take(fd, "hello");

	fake_send(fd, "{\"frame\":\"event\",\"event\":\"nat_endpoint_changed\",\"pubkey\":\"k\","
		      "\"endpoint\":\"192.0.2.1:9\"}");
	fake_answer(
		fd, id,
		"{\"result\":\"server_info\",\"name\":\"overlayd\",\"version\":\"1\",\"build_id\":"
		"\"b\",\"contract_lines\":[],\"codecs\":[],\"operations\":[],\"limits\":{\"frame_"
		"bytes\":1,\"frame_seconds\":1,\"connections\":1,\"queued_bytes\":1}}");
	fake_send(fd, "{\"frame\":\"event\",\"event\":\"applause\"}");
	fake_send(fd, "{\"frame\":\"event\",\"event\":\"peer_health_changed\",\"pubkey\":\"k\","
		      "\"healthy\":true}");
	fd_closep(&fd);
}

TEST(events)
{
	struct fake_daemon fake;

	fake_start(&fake, tell_events);
	check_ran(RUN("--socket", fake.socket, "events"), EXIT_CONNECTION,
		  "nat_endpoint_changed  pubkey k, endpoint 192.0.2.1:9\n"
		  "peer_health_changed  pubkey k, healthy yes\n",
		  "overlayctl: the daemon closed the connection\n");
	fake_stop(&fake);
	fake_start(&fake, tell_events);
	check_ran(RUN("--json", "--socket", fake.socket, "events"), EXIT_CONNECTION,
		  "{\"event\":\"nat_endpoint_changed\",\"pubkey\":\"k\",\"endpoint\":\"192.0.2.1:"
		  "9\"}\n"
		  "{\"event\":\"peer_health_changed\",\"pubkey\":\"k\",\"healthy\":true}\n",
		  "overlayctl: the daemon closed the connection\n");
	fake_stop(&fake);
}

static void refuse_hello(int listener)
{
	int fd = fake_accept(listener);

	fake_answer(fd, fake_take(fd, "hello"), "{\"result\":\"err\",\"message\":\"unknown\"}");
	fake_closed(fd);
}

TEST(events_of_a_daemon_that_has_none)
{
	struct fake_daemon fake;

	fake_start(&fake, refuse_hello);
	check_ran(RUN("--socket", fake.socket, "events"), EXIT_ERR, "", "overlayctl: unknown\n");
	fake_stop(&fake);
}
