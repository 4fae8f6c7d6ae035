#include "tests/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/check.h"

static void write_file(const char *path, const char *text)
{
	_cleanup_(fd_closep) int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd >= 0 && write(fd, text, strlen(text)) < 0)
		SKIP("%s can't be written", path);
}

/* As a plain user: root in a user namespace. */
static void become_root(void)
{
	uid_t uid = getuid();
	gid_t gid = getgid();
	char map[64];

	if (unshare(CLONE_NEWUSER) < 0)
		SKIP("neither root nor user namespaces here");
	write_file("/proc/self/setgroups", "deny");
	snprintf(map, sizeof(map), "0 %u 1", uid);
	write_file("/proc/self/uid_map", map);
	snprintf(map, sizeof(map), "0 %u 1", gid);
	write_file("/proc/self/gid_map", map);
}

/* Waits for the process that goes on as the test, and ends as it does. */
static _Noreturn void stand_for(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) < 0)
		_exit(1);
	if (WIFSIGNALED(status)) {
		signal(WTERMSIG(status), SIG_DFL);
		raise(WTERMSIG(status));
	}
	_exit(WEXITSTATUS(status));
}

void sandbox_enter(void)
{
	pid_t pid;

	if (geteuid() != 0)
		become_root();
	if (unshare(CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWPID) < 0)
		SKIP("no private namespaces here: %s", strerror(errno));
	pid = fork();
	CHECK(pid >= 0);
	if (pid > 0)
		stand_for(pid);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	CHECK_INT(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	CHECK_INT(mount("tmpfs", "/run", "tmpfs", 0, NULL), 0);
	if (mount("proc", "/proc", "proc", 0, NULL) < 0)
		SKIP("no private /proc here: %s", strerror(errno));
	unsetenv("NOTIFY_SOCKET");
	unsetenv("ZLAYER_DATA_DIR");
	unsetenv("ZLAYER_ROOTLESS");
}

void sandbox_needs_tun(void)
{
	if (access("/dev/net/tun", R_OK | W_OK) < 0)
		SKIP("this user may not open /dev/net/tun, which wireguard-go needs");
}
