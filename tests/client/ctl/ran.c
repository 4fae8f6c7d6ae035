#include "tests/client/ctl/ran.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/wait.h>

#include "tests/check.h"

void read_all(int fd, char text[OUTPUT_MAX])
{
	ssize_t n = pread(fd, text, OUTPUT_MAX - 1, 0);

	CHECK(n >= 0);
	text[n] = '\0';
}

int scratch(const char *text)
{
	int fd = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	CHECK(fd >= 0);
	CHECK_INT(write(fd, text, strlen(text)), strlen(text));
	CHECK_INT(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

void run_program(const char *const *argv, int in, int out, int err)
{
	const char *build = getenv("B");
	char path[256];

	snprintf(path, sizeof(path), "%s/bin/overlayctl", build ? build : "build");
	dup2(in, STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	dup2(err, STDERR_FILENO);
	execv(path, (char *const *)argv);
	_exit(127);
}

struct ran *run_with(const char *input, const char *const *words)
{
	static struct ran ran;
	_cleanup_(fd_closep) int in = scratch(input), out = scratch(""), err = scratch("");
	const char *argv[32] = { "overlayctl" };
	int status;
	pid_t pid;

	for (size_t i = 0; words[i]; i++)
		argv[i + 1] = words[i];
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0)
		run_program(argv, in, out, err);
	CHECK_INT(waitpid(pid, &status, 0), pid);
	CHECK(WIFEXITED(status));
	ran.status = WEXITSTATUS(status);
	CHECK(ran.status != 127);
	read_all(out, ran.out);
	read_all(err, ran.err);
	return &ran;
}

void check_ran(const struct ran *ran, int status, const char *out, const char *err)
{
	CHECK_STR(ran->err, err);
	CHECK_STR(ran->out, out);
	CHECK_INT(ran->status, status);
}
