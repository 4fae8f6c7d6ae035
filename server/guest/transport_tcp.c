#ifdef _WIN32
#include <winsock2.h>
#else
#include <arpa/inet.h>
#include <netinet/in.h>
#endif
#include <stdio.h>

#include "server/guest/transport_socket.h"

static void peer_of(intptr_t socket, const void *address, char text[TRANSPORT_PEER_MAX])
{
	const struct sockaddr_in *from = address;

	(void)socket;
	snprintf(text, TRANSPORT_PEER_MAX, "tcp:127.0.0.1:%u", ntohs(from->sin_port));
}

static const struct socket_family tcp = { AF_INET, 0, sizeof(struct sockaddr_in), peer_of };

static struct sockaddr_in loopback(uint16_t port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET,
				     .sin_port = htons(port),
				     .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
}

int transport_tcp_listen(uint16_t port, struct transport **ret)
{
	const struct sockaddr_in address = loopback(port);

	return transport_socket_listen(&tcp, &address, ret);
}

int transport_tcp_connect(uint16_t port, struct transport **ret)
{
	const struct sockaddr_in address = loopback(port);

	return transport_socket_connect(&tcp, &address, ret);
}

int transport_tcp_port(const struct transport *t, uint16_t *ret)
{
	struct sockaddr_in address;
	int r = transport_socket_name(t, &address, sizeof(address));

	if (r == 0)
		*ret = ntohs(address.sin_port);
	return r;
}
