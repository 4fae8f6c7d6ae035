/* Which transports this system has. */
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>

#include "runtime/stream_unix.h"
#include "runtime/util.h"
#include "server/guest/transport_socket.h"

#define OWNER_ONLY 0600

/* A Unix stream has no address: who connected says the kernel. */
static void peer_of(intptr_t socket, const void *address _unused_, char text[TRANSPORT_PEER_MAX])
{
	struct ucred who = { 0 };
	socklen_t n = sizeof(who);

	getsockopt((int)socket, SOL_SOCKET, SO_PEERCRED, &who, &n);
	snprintf(text, TRANSPORT_PEER_MAX, "unix:%d", (int)who.pid);
}

int transport_unix_listen(const char *path, struct transport **ret)
{
	int fd = stream_listen(path, OWNER_ONLY, (gid_t)-1);

	return fd < 0 ? fd : transport_socket_adopt(fd, peer_of, path, ret);
}

int transport_unix_connect(const char *path, struct transport **ret)
{
	int fd = stream_connect(path);

	return fd < 0 ? fd : transport_socket_adopt(fd, peer_of, NULL, ret);
}

int transport_listen(const struct transport_address *address, struct transport **ret)
{
	switch (address->kind) {
	case TRANSPORT_UNIX:
		return transport_unix_listen(address->path, ret);
	case TRANSPORT_TCP:
		return transport_tcp_listen((uint16_t)address->port, ret);
	case TRANSPORT_VSOCK:
		return transport_vsock_listen(address->port, ret);
	}
	return -EINVAL;
}
