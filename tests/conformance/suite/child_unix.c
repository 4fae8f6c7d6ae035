#include "tests/conformance/suite/child.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <stdbool.h>

#include "runtime/util.h"

/* The program, in the child; what went wrong goes to `told`. */
static _Noreturn void run(const char *const *argv, const char *const *more, const int pipes[2][2],
			  int told)
{
	const char *words[CHILD_WORDS_MAX + CHILD_MORE_MAX + 1];
	size_t n = 0;
	bool too_many;
	int error;

	while (argv[n] && n < CHILD_WORDS_MAX) {
		words[n] = argv[n];
		n++;
	}
	too_many = argv[n];
	for (size_t i = 0; i < CHILD_MORE_MAX && more[i]; i++)
		words[n++] = more[i];
	words[n] = NULL;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGPIPE, SIG_DFL);
	if (!too_many && dup2(pipes[0][0], STDIN_FILENO) >= 0 &&
	    dup2(pipes[1][1], STDOUT_FILENO) >= 0)
		execvp(words[0], (char *const *)words);
	error = too_many ? E2BIG : errno;
	(void)!write(told, &error, sizeof(error));
	_exit(127);
}

/* What the child tells before it is another program: 0 for nothing. */
static int hear(int fd)
{
	int error = 0;
	ssize_t n;

	do
		n = read(fd, &error, sizeof(error));
	while (n < 0 && errno == EINTR);
	return n == sizeof(error) ? -error : 0;
}

static void close_both(int fds[2])
{
	fd_closep(&fds[0]);
	fd_closep(&fds[1]);
}

int child_start(const char *const *argv, const char *const *more, struct child *ret)
{
	int pipes[2][2] = { { -1, -1 }, { -1, -1 } }, told[2] = { -1, -1 };
	int r = 0;
	pid_t pid = -1;

	if (pipe2(pipes[0], O_CLOEXEC) < 0 || pipe2(pipes[1], O_CLOEXEC) < 0 ||
	    pipe2(told, O_CLOEXEC) < 0 || fcntl(pipes[0][1], F_SETFL, O_NONBLOCK) < 0 ||
	    fcntl(pipes[1][0], F_SETFL, O_NONBLOCK) < 0 || (pid = fork()) < 0)
		r = -errno;
	if (pid == 0)
		run(argv, more, (const int(*)[2])pipes, told[1]);
	fd_closep(&told[1]);
	if (r == 0 && (r = hear(told[0])) < 0)
		waitpid(pid, NULL, 0);
	fd_closep(&told[0]);
	if (r < 0) {
		close_both(pipes[0]);
		close_both(pipes[1]);
		return r;
	}
	fd_closep(&pipes[0][0]);
	fd_closep(&pipes[1][1]);
	*ret = (struct child){ .pid = pid, .in = pipes[0][1], .out = pipes[1][0] };
	return 0;
}

/* Whether it ends by itself within ms. */
static bool ends(pid_t pid, unsigned ms)
{
	_cleanup_(fd_closep) int fd = (int)syscall(SYS_pidfd_open, pid, 0);
	struct pollfd ended = { .fd = fd, .events = POLLIN };
	int n;

	do
		n = poll(&ended, 1, (int)ms);
	while (n < 0 && errno == EINTR);
	return n > 0;
}

int child_end(struct child *child, unsigned ms)
{
	int status = 0;

	fd_closep(&child->in);
	fd_closep(&child->out);
	if (!ends(child->pid, ms))
		kill(child->pid, SIGKILL);
	while (waitpid(child->pid, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}
