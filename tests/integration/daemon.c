#include "tests/integration/daemon.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "runtime/stream_unix.h"

#define WAIT_MS 20000

static const char *program(void)
{
	static char path[256];
	const char *build = getenv("B");

	snprintf(path, sizeof(path), "%s/bin/overlayd", build ? build : "build");
	return path;
}

pid_t daemon_spawn(const char *const *argv)
{
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (pid == 0) {
		int quiet = open(getenv("TEST_LOUD") ? "/dev/tty" : "/dev/null", O_WRONLY);

		dup2(quiet, STDOUT_FILENO);
		dup2(quiet, STDERR_FILENO);
		execv(program(), (char *const *)argv);
		_exit(127);
	}
	return pid;
}

static void pause_ms(long ms)
{
	const struct timespec t = { .tv_nsec = ms * 1000000 };

	nanosleep(&t, NULL);
}

int connect_when_up(const char *path)
{
	for (int i = 0; i < WAIT_MS / 5; i++) {
		int fd = stream_connect(path);

		if (fd >= 0)
			return fd;
		pause_ms(5);
	}
	check_fail(__FILE__, __LINE__, "overlayd does not come up");
}

void daemon_start(struct test_daemon *d, ...)
{
	const char *argv[16] = { "overlayd", "--data-dir", d->dir };
	size_t n = 3;
	va_list more;

	snprintf(d->dir, sizeof(d->dir), "/run/d-XXXXXX");
	CHECK(mkdtemp(d->dir));
	snprintf(d->socket, sizeof(d->socket), "%s/run/zlayer-overlayd.sock", d->dir);
	va_start(more, d);
	while (n < ARRAY_SIZE(argv) - 1 && (argv[n] = va_arg(more, const char *)))
		n++;
	va_end(more);
	d->pid = daemon_spawn(argv);
	close(connect_when_up(d->socket));
}

int daemon_wait(pid_t pid)
{
	int status;

	for (int i = 0; i < WAIT_MS / 5; i++) {
		if (waitpid(pid, &status, WNOHANG) == pid)
			return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
		pause_ms(5);
	}
	check_fail(__FILE__, __LINE__, "overlayd does not end");
}

void daemon_stop(struct test_daemon *d)
{
	kill(d->pid, SIGTERM);
	CHECK_INT(daemon_wait(d->pid), 0);
}

int daemon_begin(struct test_daemon *d)
{
	sandbox_enter();
	daemon_start(d, NULL);
	return daemon_connect(d);
}

void daemon_end(struct test_daemon *d, int fd)
{
	close(fd);
	daemon_stop(d);
}

int daemon_connect(const struct test_daemon *d)
{
	int fd = stream_connect(d->socket);

	CHECK(fd >= 0);
	return fd;
}

void send_bytes(int fd, const void *bytes, size_t n)
{
	for (size_t done = 0; done < n;) {
		ssize_t w = send(fd, (const char *)bytes + done, n - done, MSG_NOSIGNAL);

		if (w < 0)
			return; /* the daemon may have closed: what comes back is looked at, not
				   this */
		done += (size_t)w;
	}
}

void send_body(int fd, const char *body)
{
	uint32_t n = (uint32_t)strlen(body);

	send_bytes(fd, &n, sizeof(n));
	send_bytes(fd, body, n);
}

static bool read_exactly(int fd, void *p, size_t n)
{
	for (size_t got = 0; got < n;) {
		struct pollfd ready = { .fd = fd, .events = POLLIN };
		ssize_t r;

		if (poll(&ready, 1, WAIT_MS) <= 0)
			check_fail(__FILE__, __LINE__, "no answer in %d s", WAIT_MS / 1000);
		r = recv(fd, (char *)p + got, n - got, 0);
		if (r <= 0)
			return false;
		got += (size_t)r;
	}
	return true;
}

char *read_body(int fd)
{
	uint32_t n;
	char *body;

	if (!read_exactly(fd, &n, sizeof(n)))
		return NULL;
	body = calloc(n + 1, 1);
	CHECK(body && read_exactly(fd, body, n));
	return body;
}

char *ask(int fd, unsigned id, const char *request)
{
	char body[4096];

	snprintf(body, sizeof(body), "{\"frame\":\"request\",\"id\":%u,\"request\":%s}", id,
		 request);
	send_body(fd, body);
	return read_body(fd);
}

void expect(int fd, const char *request, const char *want)
{
	_cleanup_(freep) char *answer = ask(fd, 1, request);

	if (!answer || !strstr(answer, want))
		check_fail(__FILE__, __LINE__, "%s: answered %s", request,
			   answer ? answer : "nothing");
}

bool sanitized(void)
{
	return strstr(getenv("B") ? getenv("B") : "", "asan");
}

long daemon_rss(const struct test_daemon *d)
{
	char path[64], line[256];
	long kib = -1;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)d->pid);
	file = fopen(path, "re");
	CHECK(file);
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "VmRSS: %ld", &kib) == 1)
			break;
	fclose(file);
	return kib;
}

int daemon_descriptors(const struct test_daemon *d)
{
	char path[64];
	DIR *dir;
	int n = 0;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)d->pid);
	dir = opendir(path);
	CHECK(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}
