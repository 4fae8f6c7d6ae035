#include <sys/socket.h>

#include <linux/vm_sockets.h>
#include <stdio.h>

#include "runtime/util.h"
#include "server/guest/transport_socket.h"

static void peer_of(intptr_t socket _unused_, const void *address, char text[TRANSPORT_PEER_MAX])
{
	const struct sockaddr_vm *from = address;

	snprintf(text, TRANSPORT_PEER_MAX, "vsock:%u", from->svm_cid);
}

static const struct socket_family vsock = { AF_VSOCK, 0, sizeof(struct sockaddr_vm), peer_of };

static struct sockaddr_vm address_of(uint32_t cid, uint32_t port)
{
	return (struct sockaddr_vm){ .svm_family = AF_VSOCK, .svm_cid = cid, .svm_port = port };
}

int transport_vsock_listen(uint32_t port, struct transport **ret)
{
	const struct sockaddr_vm address = address_of(VMADDR_CID_ANY, port);

	return transport_socket_listen(&vsock, &address, ret);
}

int transport_vsock_connect(uint32_t cid, uint32_t port, struct transport **ret)
{
	const struct sockaddr_vm address = address_of(cid, port);

	return transport_socket_connect(&vsock, &address, ret);
}
