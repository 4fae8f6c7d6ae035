#include "server/linux/netns.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/server/linux/host.h"

static int own_open(void)
{
	return open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
}

TEST(whose_it_is)
{
	_cleanup_(net_owner_done) struct net_owner owner = NET_OWNER_NONE;
	_cleanup_(fd_closep) int own = -1;
	_cleanup_(freep) char *start = NULL;
	struct guest guest;
	char want[32];
	struct stat st;

	host_enter();
	own = own_open();
	guest_start(&guest);
	CHECK_INT(netns_owner_open(own, (uint32_t)guest.pid, &owner), 0);
	CHECK_INT(owner.pid, guest.pid);
	CHECK_INT(fstat(guest.netns, &st), 0);
	CHECK_U64(owner.netns_ino, st.st_ino);
	CHECK_U64(owner.netns_dev, st.st_dev);
	CHECK_INT(fstat(owner.netns, &st), 0);
	CHECK_U64(st.st_ino, owner.netns_ino);
	CHECK_INT(fcntl(owner.netns, F_GETFD), FD_CLOEXEC);
	/* its name is of the kind that a careless reader of that file stumbles over */
	run("grep -q 'R 1 (2 3' /proc/%d/stat", (int)guest.pid);
	start = sh("sed 's/.*) //' /proc/%d/stat | cut -d' ' -f20", (int)guest.pid);
	snprintf(want, sizeof(want), "%llu\n", (unsigned long long)owner.start_time);
	CHECK_STR(start, want);
	guest_stop(&guest);
}

TEST(our_own_namespace_is_nobodys)
{
	_cleanup_(fd_closep) int own = -1;
	struct net_owner owner = { .pid = 7, .netns = -1, .process = -1 }, before = owner;

	host_enter();
	own = own_open();
	CHECK_INT(netns_owner_open(own, (uint32_t)getpid(), &owner), -EINVAL);
	CHECK_SAME(&owner, &before);
}

TEST(gone)
{
	_cleanup_(fd_closep) int own = -1;
	struct net_owner owner = NET_OWNER_NONE;
	struct guest guest;

	host_enter();
	own = own_open();
	guest_start(&guest);
	kill(guest.pid, SIGKILL);
	CHECK_INT(waitid(P_PID, (id_t)guest.pid, NULL, WEXITED | WNOWAIT), 0);
	/* dead, and its parent has not looked yet */
	CHECK_INT(netns_owner_open(own, (uint32_t)guest.pid, &owner), -ESRCH);
	guest_stop(&guest);
	CHECK_INT(netns_owner_open(own, (uint32_t)guest.pid, &owner), -ESRCH);
	CHECK_INT(netns_owner_open(own, 0, &owner), -ESRCH);
	CHECK_INT(netns_owner_open(own, UINT32_MAX, &owner), -ESRCH);
}

TEST(a_file)
{
	_cleanup_(net_owner_done) struct net_owner owner = NET_OWNER_NONE, other = NET_OWNER_NONE;
	_cleanup_(fd_closep) int own = -1;
	struct guest guest;
	char path[64];

	host_enter();
	own = own_open();
	guest_start(&guest);
	snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)guest.pid);
	CHECK_INT(netns_path_open(own, path, &owner), 0);
	CHECK_INT(netns_owner_open(own, (uint32_t)guest.pid, &other), 0);
	CHECK_U64(owner.netns_ino, other.netns_ino);
	CHECK_U64(owner.netns_dev, other.netns_dev);
	CHECK_U64(owner.start_time, 0);
	CHECK_INT(owner.pid, 0);
	CHECK_INT(owner.process, -1);
	CHECK_INT(fcntl(owner.netns, F_GETFD), FD_CLOEXEC);
	net_owner_done(&owner);
	CHECK_INT(netns_path_open(own, "/proc/self/ns/net", &owner), -EINVAL);
	CHECK_INT(netns_path_open(own, "/proc/self/ns/mnt", &owner), -ENOTTY);
	CHECK_INT(netns_path_open(own, "/dev/null", &owner), -ENOTTY);
	CHECK_INT(netns_path_open(own, "/proc/self/ns/", &owner), -ENOTTY);
	run("mkfifo /tmp/fifo.%d", (int)guest.pid); /* nobody waits for its other end */
	snprintf(path, sizeof(path), "/tmp/fifo.%d", (int)guest.pid);
	CHECK_INT(netns_path_open(own, path, &owner), -ENOTTY);
	unlink(path);
	CHECK_INT(netns_path_open(own, path, &owner), -ENOENT);
	CHECK_INT(owner.netns, -1);
	guest_stop(&guest);
}

/* A namespace's, or a process's that tells of both. */
TEST(a_descriptor)
{
	_cleanup_(net_owner_done) struct net_owner owner = NET_OWNER_NONE, other = NET_OWNER_NONE;
	_cleanup_(fd_closep) int own = -1, process = -1, mnt = -1, pipe_end = -1;
	int pipes[2];
	struct guest guest;

	host_enter();
	own = own_open();
	guest_start(&guest);
	CHECK_INT(netns_owner_open(own, (uint32_t)guest.pid, &other), 0);
	CHECK_INT(netns_fd_open(own, guest.netns, &owner), 0);
	CHECK_U64(owner.netns_ino, other.netns_ino);
	CHECK_U64(owner.netns_dev, other.netns_dev);
	CHECK_INT(owner.pid, 0);
	CHECK_INT(owner.process, -1);
	CHECK(owner.netns != guest.netns);
	CHECK_INT(fcntl(owner.netns, F_GETFD), FD_CLOEXEC);
	net_owner_done(&owner);
	process = (int)syscall(SYS_pidfd_open, guest.pid, 0);
	CHECK_INT(netns_fd_open(own, process, &owner), 0);
	CHECK_INT(owner.pid, guest.pid);
	CHECK_U64(owner.start_time, other.start_time);
	CHECK_U64(owner.netns_ino, other.netns_ino);
	CHECK(owner.process >= 0 && owner.process != process);
	net_owner_done(&owner);
	CHECK_INT(netns_fd_open(own, own, &owner), -EINVAL);
	mnt = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	CHECK_INT(netns_fd_open(own, mnt, &owner), -ENOTTY);
	CHECK_INT(pipe2(pipes, O_CLOEXEC), 0);
	pipe_end = pipes[0];
	close(pipes[1]);
	CHECK_INT(netns_fd_open(own, pipe_end, &owner), -ENOTTY);
	CHECK_INT(owner.netns, -1);
	kill(guest.pid, SIGKILL);
	CHECK_INT(waitid(P_PID, (id_t)guest.pid, NULL, WEXITED | WNOWAIT), 0);
	CHECK_INT(netns_fd_open(own, process, &owner), -ESRCH);
	guest_stop(&guest);
	CHECK_INT(netns_fd_open(own, process, &owner), -ESRCH);
}

/* Readable when it has ended. */
TEST(its_end)
{
	_cleanup_(net_owner_done) struct net_owner owner = NET_OWNER_NONE;
	_cleanup_(fd_closep) int own = -1;
	struct guest guest;
	struct pollfd poll_end;

	host_enter();
	own = own_open();
	guest_start(&guest);
	CHECK_INT(netns_owner_open(own, (uint32_t)guest.pid, &owner), 0);
	poll_end = (struct pollfd){ .fd = owner.process, .events = POLLIN };
	CHECK_INT(poll(&poll_end, 1, 0), 0);
	kill(guest.pid, SIGKILL);
	CHECK_INT(poll(&poll_end, 1, 10000), 1);
	guest_stop(&guest);
}
