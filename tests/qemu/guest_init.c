/* The first process of the test machine: guest_init SCRIPT, started by the kernel from an initramfs
 * that also holds the modules 0.ko, 1.ko and so on. It puts the host's /, with a layer in memory
 * above it, in place, runs SCRIPT there, and passes what that writes and how it ends to the ports
 * behind which QEMU has files. A restart of the machine ends QEMU. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/util.h"

#define PORT_WAIT_MS 10000

enum port { PORT_OUT = 1, PORT_ERR, PORT_STATUS };

static const struct place {
	const char *source, *target, *type, *data;
	unsigned long flags;
} before_modules[] = {
	{ "dev", "/dev", "devtmpfs", NULL, 0 },
}, after_modules[] = {
	{ "host", "/host", "virtiofs", NULL, MS_RDONLY },
	{ "layer", "/layer", "tmpfs", "mode=0755", 0 },
	{ NULL, "/layer/upper", NULL, NULL, 0 },
	{ NULL, "/layer/work", NULL, NULL, 0 },
	{ "root", "/root", "overlay", "lowerdir=/host,upperdir=/layer/upper,workdir=/layer/work", 0 },
	{ "proc", "/root/proc", "proc", NULL, 0 },
	{ "sys", "/root/sys", "sysfs", NULL, 0 },
	{ "cgroup", "/root/sys/fs/cgroup", "cgroup2", NULL, 0 },
	{ "dev", "/root/dev", "devtmpfs", NULL, 0 },
	{ "pts", "/root/dev/pts", "devpts", "ptmxmode=0666", 0 },
	{ "shm", "/root/dev/shm", "tmpfs", "mode=1777", 0 },
	{ "run", "/root/run", "tmpfs", "mode=0755", 0 },
};

_Noreturn static void restart(void)
{
	reboot(RB_AUTOBOOT);
	for (;;)
		pause();
}

_Noreturn static void die(const char *what)
{
	fprintf(stderr, "guest_init: %s: %s\n", what, strerror(errno));
	restart();
}

static void mount_all(const struct place *places, size_t n)
{
	for (const struct place *p = places; p < places + n; p++) {
		mkdir(p->target, 0755);
		if (p->type && mount(p->source, p->target, p->type, p->flags, p->data) < 0)
			die(p->target);
	}
}

static void load_modules(void)
{
	for (int i = 0;; i++) {
		_cleanup_(fd_closep) int fd = -1;
		char path[32];

		snprintf(path, sizeof(path), "/%d.ko", i);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			return;
		if (syscall(SYS_finit_module, fd, "", 0) < 0)
			die(path);
	}
}

/* A port's file appears some time after its driver. */
static int port_open(enum port port)
{
	char path[32];
	int fd;

	snprintf(path, sizeof(path), "/dev/vport0p%d", (int)port);
	for (int i = 0; i < PORT_WAIT_MS; i++) {
		fd = open(path, O_WRONLY | O_CLOEXEC);
		if (fd >= 0)
			return fd;
		usleep(1000);
	}
	die(path);
}

static void enter_root(void)
{
	if (chdir("/root") < 0 || mount(".", "/", NULL, MS_MOVE, NULL) < 0 || chroot(".") < 0)
		die("/root");
	/* As systemd leaves it, which `unshare` and mount events count on. */
	if (mount(NULL, "/", NULL, MS_REC | MS_SHARED, NULL) < 0)
		die("/");
}

static void write_all(int fd, const char *bytes, size_t n)
{
	while (n > 0) {
		ssize_t w = write(fd, bytes, n);

		if (w < 0)
			die("port");
		bytes += w;
		n -= (size_t)w;
	}
}

/* Passes on all there is now. Sets *from to -1 at its end, as poll() wants it. */
static void pass_on(int *from, int to)
{
	char bytes[16384];
	ssize_t n;

	while ((n = read(*from, bytes, sizeof(bytes))) > 0)
		write_all(to, bytes, (size_t)n);
	if (n == 0)
		*from = -1;
}

/* Whether pid is among those that ended. The first process inherits everybody's children. */
static bool reap(int signals, pid_t pid, int *ret_status)
{
	struct signalfd_siginfo info;
	bool ended = false;
	pid_t one;
	int status;

	if (read(signals, &info, sizeof(info)) < 0)
		return false;
	while ((one = waitpid(-1, &status, WNOHANG)) > 0) {
		if (one == pid) {
			*ret_status = status;
			ended = true;
		}
	}
	return ended;
}

static pid_t start(const char *script, int out, int err)
{
	pid_t pid = fork();
	sigset_t none;

	if (pid < 0)
		die("fork");
	if (pid == 0) {
		int in = open("/dev/null", O_RDONLY | O_CLOEXEC);

		setsid();
		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		if (dup2(in, 0) >= 0 && dup2(out, 1) >= 0 && dup2(err, 2) >= 0)
			execl("/bin/sh", "sh", script, NULL);
		_exit(127);
	}
	return pid;
}

/* Returns the wait status. */
static int run(const char *script)
{
	int out[2], err[2], to_out = port_open(PORT_OUT), to_err = port_open(PORT_ERR);
	struct pollfd from[3] = { { .events = POLLIN },
				  { .events = POLLIN },
				  { .events = POLLIN } };
	int status = 0;
	sigset_t mask;
	pid_t pid;

	sigemptyset(&mask);
	sigaddset(&mask, SIGCHLD);
	sigprocmask(SIG_BLOCK, &mask, NULL);
	from[2].fd = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	if (from[2].fd < 0 || pipe2(out, O_CLOEXEC) < 0 || pipe2(err, O_CLOEXEC) < 0)
		die("pipe");
	pid = start(script, out[1], err[1]);
	close(out[1]);
	close(err[1]);
	from[0].fd = out[0];
	from[1].fd = err[0];
	fcntl(out[0], F_SETFL, O_NONBLOCK);
	fcntl(err[0], F_SETFL, O_NONBLOCK);
	for (bool ended = false; !ended;) {
		poll(from, ARRAY_SIZE(from), -1);
		ended = reap(from[2].fd, pid, &status);
		pass_on(&from[0].fd, to_out);
		pass_on(&from[1].fd, to_err);
	}
	return status;
}

int main(int argc, char **argv)
{
	int port, status;

	errno = EINVAL;
	if (argc != 2)
		die("SCRIPT");
	mount_all(before_modules, ARRAY_SIZE(before_modules));
	load_modules();
	port = port_open(PORT_STATUS);
	mount_all(after_modules, ARRAY_SIZE(after_modules));
	enter_root();
	dprintf(port, "started\n");
	status = run(argv[1]);
	dprintf(port, "%d\n", WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
	restart();
}
