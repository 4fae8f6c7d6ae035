#include "tests/client/fake_daemon.h"

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "runtime/stream_unix.h"
#include "tests/check.h"

#define WAIT_MS 20000

void fake_start(struct fake_daemon *fake, void (*script)(int listener))
{
	_cleanup_(fd_closep) int listener = -1;

	snprintf(fake->dir, sizeof(fake->dir), "/tmp/fake-XXXXXX");
	CHECK(mkdtemp(fake->dir));
	snprintf(fake->socket, sizeof(fake->socket), "%s/socket", fake->dir);
	listener = stream_listen(fake->socket, 0600, (gid_t)-1);
	CHECK(listener >= 0);
	fake->pid = fork();
	CHECK(fake->pid >= 0);
	if (fake->pid > 0)
		return;
	script(listener);
	exit(0);
}

void fake_stop(struct fake_daemon *fake)
{
	int status;

	CHECK_INT(waitpid(fake->pid, &status, 0), fake->pid);
	unlink(fake->socket);
	rmdir(fake->dir);
	CHECK_INT(status, 0);
}

static void wait_readable(int fd)
{
	struct pollfd ready = { .fd = fd, .events = POLLIN };
	int r;

	while ((r = poll(&ready, 1, WAIT_MS)) < 0 && errno == EINTR)
		;
	if (r <= 0)
		check_fail(__FILE__, __LINE__, "the client is silent for %d s", WAIT_MS / 1000);
}

int fake_accept(int listener)
{
	int fd;

	wait_readable(listener);
	fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	CHECK(fd >= 0);
	return fd;
}

static bool read_exactly(int fd, void *p, size_t n)
{
	for (size_t got = 0; got < n;) {
		ssize_t r;

		wait_readable(fd);
		r = recv(fd, (char *)p + got, n - got, 0);
		if (r <= 0)
			return false;
		got += (size_t)r;
	}
	return true;
}

char *fake_read(int fd)
{
	uint32_t n;
	char *body;

	if (!read_exactly(fd, &n, sizeof(n)))
		return NULL;
	body = calloc(n + 1, 1);
	CHECK(body && read_exactly(fd, body, n));
	return body;
}

static uint64_t id_of(const char *body)
{
	uint64_t id;

	CHECK_INT(sscanf(body, "{\"frame\":\"request\",\"id\":%" SCNu64 ",", &id), 1);
	return id;
}

uint64_t fake_take(int fd, const char *op)
{
	_cleanup_(freep) char *body = fake_read(fd);
	uint64_t id;
	char want[64];

	CHECK(body);
	id = id_of(body);
	snprintf(want, sizeof(want), "\"request\":{\"op\":\"%s\"", op);
	if (!strstr(body, want))
		check_fail(__FILE__, __LINE__, "%s was asked, not %s", body, op);
	return id;
}

void fake_bytes(int fd, const void *bytes, size_t n)
{
	for (size_t done = 0; done < n;) {
		ssize_t w = send(fd, (const char *)bytes + done, n - done, MSG_NOSIGNAL);

		if (w < 0)
			return; /* the client may have gone: that is looked at elsewhere */
		done += (size_t)w;
	}
}

void fake_send(int fd, const char *body)
{
	uint32_t n = (uint32_t)strlen(body);

	fake_bytes(fd, &n, sizeof(n));
	fake_bytes(fd, body, n);
}

void fake_answer(int fd, uint64_t id, const char *response)
{
	char body[8192];

	snprintf(body, sizeof(body), "{\"frame\":\"response\",\"id\":%" PRIu64 ",\"response\":%s}",
		 id, response);
	fake_send(fd, body);
}

void fake_event(int fd, const char *pubkey)
{
	char body[256];

	snprintf(body, sizeof(body),
		 "{\"frame\":\"event\",\"event\":\"peer_health_changed\",\"pubkey\":\"%s\","
		 "\"healthy\":true}",
		 pubkey);
	fake_send(fd, body);
}

void fake_closed(int fd)
{
	char byte;

	wait_readable(fd);
	CHECK(recv(fd, &byte, 1, 0) <= 0);
	close(fd);
}

void fake_serve(int fd)
{
	char *body;

	while ((body = fake_read(fd))) {
		fake_answer(fd, id_of(body), FAKE_OK);
		free(body);
	}
	close(fd);
}

void fake_serve_one(int listener)
{
	fake_serve(fake_accept(listener));
}
