#include "server/ipc/passed.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/check.h"
#include "tests/server/ipc/rig.h"

/* ---- whose they are ---- */

static void add(struct passed *p, unsigned n, bool more, size_t pending)
{
	struct wire_fds fds = { .n = n, .more = more };

	for (unsigned i = 0; i < n; i++)
		fds.fd[i] = dup(STDIN_FILENO);
	passed_add(p, &fds, pending);
}

static unsigned count(struct passed *p)
{
	unsigned n = 0;

	while (passed_get(p, n) >= 0)
		n++;
	return n;
}

/* Two frames of 10 bytes; the read ended in the second. */
TEST(the_frame_with_the_last_byte_has_them)
{
	for (size_t pending = 11; pending <= 20; pending++) {
		struct passed p = { .n = 0 };

		CASE("%zu bytes", pending);
		add(&p, 2, false, pending);
		passed_begin(&p, 10);
		CHECK_INT(passed_get(&p, 0), -EBADF);
		CHECK_INT(passed_end(&p), 0);
		passed_begin(&p, 10);
		CHECK_INT(passed_end(&p), 2);
		CHECK_INT(p.n, 0);
	}
}

TEST(each_frame_has_its_own)
{
	struct passed p = { .n = 0 };

	add(&p, 1, false, 5);  /* the beginning of the first */
	add(&p, 3, false, 12); /* its end, and the beginning of the second */
	passed_begin(&p, 10);
	CHECK_INT(count(&p), 1);
	CHECK_INT(passed_end(&p), 0);
	passed_begin(&p, 10);
	CHECK(!p.too_many);
	CHECK(passed_get(&p, 2) >= 0);
	CHECK_INT(passed_get(&p, 3), -EBADF);
	CHECK_INT(passed_get(&p, UINT32_MAX), -EBADF);
	CHECK_INT(passed_end(&p), 2);
	add(&p, 1, false, 4);
	passed_done(&p);
	CHECK_INT(p.n, 0);
}

/* However many come, the array holds them or they are closed, and the frame is told. */
TEST(too_many)
{
	struct passed p = { .n = 0 };

	add(&p, 4, true, 10);
	passed_begin(&p, 10);
	CHECK(p.too_many);
	passed_end(&p);
	add(&p, 1, false, 10);
	passed_begin(&p, 10);
	CHECK(!p.too_many);
	passed_end(&p);
	for (int i = 0; i < 5; i++)
		add(&p, 3, false, 9);
	passed_begin(&p, 10);
	CHECK(p.too_many);
	passed_done(&p);
	add(&p, 1, false, 4);
	for (int i = 0; i < 9; i++)
		add(&p, 4, true, 12);
	passed_begin(&p, 10);
	CHECK(!p.too_many);
	CHECK_INT(passed_end(&p), 1);
	passed_begin(&p, 10);
	CHECK(p.too_many);
	passed_done(&p);
}

/* ---- over a socket ---- */

#define BODY(id, op) "{\"frame\":\"request\",\"id\":" id ",\"request\":" op "}"

/* So many bytes, and with them so many descriptors of this file. */
static void send_with(int fd, const void *bytes, size_t n, int file, size_t n_fds)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(16 * sizeof(int))] = { 0 };
	struct cmsghdr *rights = (struct cmsghdr *)(void *)control;
	struct iovec iov = { .iov_base = (void *)bytes, .iov_len = n };
	struct msghdr message = { .msg_iov = &iov,
				  .msg_iovlen = 1,
				  .msg_control = control,
				  .msg_controllen = CMSG_SPACE(n_fds * sizeof(int)) };

	*rights = (struct cmsghdr){ .cmsg_len = CMSG_LEN(n_fds * sizeof(int)),
				    .cmsg_level = SOL_SOCKET,
				    .cmsg_type = SCM_RIGHTS };
	for (size_t i = 0; i < n_fds; i++)
		memcpy(CMSG_DATA(rights) + i * sizeof(int), &file, sizeof(file));
	CHECK_INT(sendmsg(fd, &message, 0), n);
}

static size_t frame_of(const char *body, char *ret)
{
	uint32_t n = (uint32_t)strlen(body);

	memcpy(ret, &n, sizeof(n));
	memcpy(ret + sizeof(n), body, n);
	return sizeof(n) + n;
}

/* The handler finds the file that was sent; afterwards nobody but the test has it open. */
TEST(a_frame_with_a_descriptor)
{
	static const size_t splits[] = { 1, 4, 5, 30 };
	int fd, pipes[2];
	char frame[128], end;
	size_t n = frame_of(BODY("7", OP_FD), frame);
	struct stat st;
	struct rig r;

	rig_start(&r);
	fd = rig_connect(&r);
	CHECK_INT(pipe2(pipes, O_CLOEXEC), 0);
	CHECK_INT(fstat(pipes[1], &st), 0);
	for (size_t i = 0; i < ARRAY_SIZE(splits); i++) {
		CASE("%zu", splits[i]);
		rig_ask(&r, fd, 6, OP_FD); /* its bytes may come in one read with the next */
		r.fd_ino = 1;
		send_with(fd, frame, splits[i], pipes[1], 1);
		rig_expect(&r, fd, 6, "\"ok\"");
		CHECK_INT(r.fd_ino, 0);
		rig_send(&r, fd, frame + splits[i], n - splits[i]);
		rig_expect(&r, fd, 7, "\"ok\"");
		CHECK_U64(r.fd_ino, st.st_ino);
	}
	close(pipes[1]);
	CHECK_INT(read(pipes[0], &end, 1), 0);
	close(pipes[0]);
	close(fd);
	rig_stop(&r);
}

/* Parked, refused, not asked for, too many, in half a frame: nothing stays open. */
TEST(none_leaks)
{
	int fd, pipes[2];
	char frame[128], end;
	struct rig r;

	rig_start(&r);
	fd = rig_connect(&r);
	CHECK_INT(pipe2(pipes, O_CLOEXEC), 0);
	send_with(fd, frame, frame_of(BODY("1", OP_HOLD), frame), pipes[1], 2);
	rig_turn(&r);
	CHECK(r.held);
	call_ok(r.held);
	rig_expect(&r, fd, 1, "\"ok\"");
	send_with(fd, frame, frame_of(BODY("2", OP_OK), frame), pipes[1], 4);
	rig_expect(&r, fd, 2, "\"ok\"");
	send_with(fd, frame, frame_of(BODY("3", OP_FD), frame), pipes[1], 5);
	rig_expect(&r, fd, 3, "more than 4 descriptors came with the request\",\"code\":\"invalid");
	send_with(fd, frame, frame_of("{", frame), pipes[1], 1);
	rig_expect(&r, fd, 0, "malformed");
	send_with(fd, "\0\0\0\0", 4, pipes[1], 1);
	rig_expect(&r, fd, 0, "malformed");
	close(pipes[1]);
	CHECK_INT(read(pipes[0], &end, 1), 0);
	close(pipes[0]);
	CHECK_INT(pipe2(pipes, O_CLOEXEC), 0);
	send_with(fd, frame, 3, pipes[1], 1);
	rig_turn(&r);
	close(pipes[1]);
	close(fd);
	rig_stop(&r);
	CHECK_INT(read(pipes[0], &end, 1), 0);
	close(pipes[0]);
}
