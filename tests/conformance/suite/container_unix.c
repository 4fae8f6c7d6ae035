#include "tests/conformance/suite/container.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "runtime/util.h"

static _Noreturn void run(int told)
{
	int error = 0;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (unshare(CLONE_NEWNET) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
		error = errno;
	if (write(told, &error, sizeof(error)) != sizeof(error))
		_exit(1);
	for (;;)
		pause();
}

int container_start(struct container *ret)
{
	int told[2], error = 0;
	ssize_t n;
	pid_t pid;

	if (pipe2(told, O_CLOEXEC) < 0)
		return -errno;
	pid = fork();
	if (pid == 0)
		run(told[1]);
	error = pid < 0 ? errno : 0;
	close(told[1]);
	n = pid < 0 ? 0 : read(told[0], &error, sizeof(error));
	close(told[0]);
	if (pid > 0 && (n != sizeof(error) || error != 0)) {
		container_end(&(struct container){ .pid = pid });
		return error ? -error : -EIO;
	}
	ret->pid = pid;
	return -error;
}

void container_end(struct container *c)
{
	if (c->pid <= 0)
		return;
	kill(c->pid, SIGKILL);
	while (waitpid(c->pid, NULL, 0) < 0 && errno == EINTR)
		;
	c->pid = -1;
}
