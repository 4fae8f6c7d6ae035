/* client/client.c: descriptors that go along with a request. */
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/util.h"
#include "tests/client/asking.h"

#define MANY 200000 /* bytes of a request, more than a socket takes at once */

/* Takes a frame: how many descriptors came with its beginning; the last of them. */
static int take(int fd, int *ret)
{
	static char body[2 * MANY];
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(16 * sizeof(int))];
	uint32_t size;
	struct iovec head = { .iov_base = &size, .iov_len = sizeof(size) };
	struct msghdr message = { .msg_iov = &head,
				  .msg_iovlen = 1,
				  .msg_control = control,
				  .msg_controllen = sizeof(control) };
	const struct cmsghdr *c;
	int n = 0;

	CHECK_INT(recvmsg(fd, &message, 0), sizeof(size));
	CHECK(size <= sizeof(body));
	c = CMSG_FIRSTHDR(&message);
	if (c)
		n = (int)((c->cmsg_len - CMSG_LEN(0)) / sizeof(int));
	for (int i = 0; i < n; i++) {
		fd_closep(ret);
		memcpy(ret, CMSG_DATA(c) + (size_t)i * sizeof(int), sizeof(int));
	}
	CHECK_INT(recv(fd, body, size, MSG_WAITALL), size);
	return n;
}

static void serve_with_fds(int listener)
{
	static const int wanted[] = { 1, 4, 0 };
	int fd = fake_accept(listener);

	for (uint64_t id = 1; id <= ARRAY_SIZE(wanted); id++) {
		int sent = -1;

		CHECK_INT(take(fd, &sent), wanted[id - 1]);
		if (sent >= 0) {
			CHECK_INT(write(sent, "!", 1), 1);
			close(sent);
		}
		fake_answer(fd, id, FAKE_OK);
	}
	close(fd);
}

TEST(descriptors)
{
	static char path[MANY];
	struct ovd_request request = {
		.kind = OVD_REQUEST_DETACH_CONTAINER,
		.detach_container.handle = { .kind = OVD_ATTACH_HANDLE_LINUX_NETNS,
					     .linux_netns.path = { path, sizeof(path) } },
	};
	const struct ovd_response *response;
	struct ovd_client *client;
	struct fake_daemon fake;
	int pipes[2], fds[5];
	char heard[4];

	memset(path, 'x', sizeof(path));
	CHECK_INT(pipe2(pipes, O_CLOEXEC), 0);
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		fds[i] = pipes[1];
	fake_start(&fake, serve_with_fds);
	CHECK_INT(ovd_client_open(fake.socket, 1, &client), 0);
	CHECK_INT(ovd_client_call_fds(client, &request, fds, 1, PATIENT, &response), 0);
	CHECK_INT(response->kind, OVD_RESPONSE_OK);
	CHECK_INT(ovd_client_call_fds(client, &request, fds, 5, PATIENT, &response), -E2BIG);
	CHECK_INT(ovd_client_call_fds(client, &request, &(int){ -1 }, 1, PATIENT, &response),
		  -EBADF);
	CHECK_INT(ovd_client_call_fds(client, &request, fds, 4, PATIENT, &response), 0);
	CHECK_INT(ovd_client_call(client, &request, PATIENT, &response), 0);
	CHECK_INT(read(pipes[0], heard, sizeof(heard)), 2);
	ovd_client_close(client);
	fake_stop(&fake);
	close(pipes[0]);
	close(pipes[1]);
}
