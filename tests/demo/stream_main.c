/* demo-stream: one TCP connection, for the demonstration and the tests.
 *
 *	demo-stream listen PORT: takes one connection, says on standard error where it came from,
 *		copies it to standard output; ends after a minute if nobody connects
 *	demo-stream connect ADDRESS PORT: copies standard input into a connection; who listens may
 *		come within the minute */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "runtime/util.h"

#define PATIENCE_S 60
#define AGAIN_US   20000

static int copy(int from, int to)
{
	char bytes[65536];
	ssize_t n;

	while ((n = read(from, bytes, sizeof(bytes))) > 0)
		for (ssize_t done = 0, w; done < n; done += w) {
			w = write(to, bytes + done, (size_t)(n - done));
			if (w < 0)
				return -errno;
		}
	return n < 0 ? -errno : 0;
}

static int take_one(const char *port)
{
	const struct addrinfo hints = { .ai_family = AF_INET6,
					.ai_socktype = SOCK_STREAM,
					.ai_flags = AI_PASSIVE | AI_NUMERICSERV };
	struct sockaddr_storage peer;
	socklen_t n = sizeof(peer);
	struct addrinfo *info;
	char host[NI_MAXHOST];
	const int on = 1;
	int fd, r;

	if (getaddrinfo(NULL, port, &hints, &info) != 0)
		return -EINVAL;
	fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	r = bind(fd, info->ai_addr, info->ai_addrlen) < 0 || listen(fd, 1) < 0 ? -errno : 0;
	freeaddrinfo(info);
	if (r < 0)
		return r;
	alarm(PATIENCE_S);
	fd = accept(fd, (struct sockaddr *)&peer, &n);
	if (fd < 0)
		return -errno;
	alarm(0);
	getnameinfo((const struct sockaddr *)&peer, n, host, sizeof(host), NULL, 0, NI_NUMERICHOST);
	fprintf(stderr, "%s\n", strncmp(host, "::ffff:", 7) == 0 ? host + 7 : host);
	return copy(fd, STDOUT_FILENO);
}

static int connect_to(const struct addrinfo *info, int *ret_fd)
{
	int fd = socket(info->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int r = connect(fd, info->ai_addr, info->ai_addrlen) < 0 ? -errno : 0;

	if (r < 0)
		fd_closep(&fd);
	*ret_fd = fd;
	return r;
}

static int make_one(const char *address, const char *port)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
					.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV };
	struct addrinfo *info;
	int fd, r;

	if (getaddrinfo(address, port, &hints, &info) != 0)
		return -EINVAL;
	r = connect_to(info, &fd);
	for (int i = 0; r == -ECONNREFUSED && i < PATIENCE_S * 1000000 / AGAIN_US; i++) {
		usleep(AGAIN_US);
		r = connect_to(info, &fd);
	}
	freeaddrinfo(info);
	return r < 0 ? r : copy(STDIN_FILENO, fd);
}

int main(int argc, char **argv)
{
	int r = -EINVAL;

	if (argc == 3 && strcmp(argv[1], "listen") == 0)
		r = take_one(argv[2]);
	else if (argc == 4 && strcmp(argv[1], "connect") == 0)
		r = make_one(argv[2], argv[3]);
	if (r < 0)
		fprintf(stderr, "demo-stream: %s\n", strerror(-r));
	return r < 0;
}
