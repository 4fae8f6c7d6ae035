/* Devices that go while they are changed. */
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/stream_unix.h"
#include "tests/server/linux/tunnel_step.h"

/* Answers the first that asks whether it is there, and is not any more when it is asked more. */
static pid_t begin_to_die(void)
{
	int fd = stream_listen("/run/wireguard/" NAME ".sock", 0600, (gid_t)-1);
	pid_t pid = fork();

	CHECK(fd >= 0 && pid >= 0);
	if (pid == 0) {
		poll(&(struct pollfd){ .fd = fd, .events = POLLIN }, 1, -1);
		unlink("/run/wireguard/" NAME ".sock");
		_exit(accept(fd, NULL, NULL) < 0);
	}
	close(fd);
	return pid;
}

/* Nothing of it was changed, so that nothing has to be put back. */
TEST(one_whose_process_is_dying)
{
	struct linux_net *l = host_with_platform();
	struct step step = step_of("10.200.4.1", 7003);
	struct log *log = log_new(LOG_ERROR, LOG_TEXT);
	char detail[PLAN_DETAIL_MAX] = "";
	pid_t pid;

	CHECK_INT(log_open_file(log, "/run/log"), 0);
	l->log = log;
	run("ip tuntap add " NAME " mode tun; ip link set " NAME " alias '" ALIAS "'");
	step.tunnel.has_was = true;
	step.tunnel.was = step.tunnel.want;
	pid = begin_to_die();
	CHECK(tunnel_create(l, &step, detail) < 0);
	CHECK_INT(waitpid(pid, NULL, 0), pid);
	run("ip link delete " NAME "; ! grep . /run/log");
	CHECK_INT(tunnel_create(l, &step, detail), 0);
	CHECK(step.tunnel.made);
	CHECK_INT(wg_delete(l->wg, NAME), 0);
	linux_net_free(&l->net);
	log_free(log);
}

/* Somebody took it away meanwhile. */
TEST(one_that_can_not_be_put_back)
{
	struct linux_net *l = host_with_platform();
	struct step step = step_of("10.200.4.1", 7003);
	struct log *log = log_new(LOG_ERROR, LOG_TEXT);

	CHECK_INT(log_open_file(log, "/run/log"), 0);
	l->log = log;
	step.tunnel.has_was = true;
	step.tunnel.was = step.tunnel.want;
	tunnel_undo(l, &step);
	run("grep 'tunnel " NAME " could not be put back: No such device$' /run/log");
	linux_net_free(&l->net);
	log_free(log);
}
