/* Which transports Windows has; TCP is in server/guest. */
#include "server/windows/transport_hyperv.h"

#include <errno.h>
#include <stdio.h>

#include "runtime/util.h"
#include "server/guest/transport_socket.h"

static void peer_of(intptr_t socket _unused_, const void *address, char text[TRANSPORT_PEER_MAX])
{
	const struct sockaddr_hv *from = address;
	char vm_id[GUID_TEXT_MAX];

	snprintf(text, TRANSPORT_PEER_MAX, "hyperv:%s", guid_format(&from->vm_id, vm_id));
}

static const struct socket_family hyperv = { HV_FAMILY, HV_PROTOCOL_RAW, sizeof(struct sockaddr_hv),
					     peer_of };

int transport_hyperv_listen(const struct guid *vm_id, const struct guid *service,
			    struct transport **ret)
{
	const struct sockaddr_hv address = { .family = HV_FAMILY,
					     .vm_id = *vm_id,
					     .service_id = *service };

	return transport_socket_listen(&hyperv, &address, ret);
}

/* A Linux guest's vsock port is a service on its host. */
int transport_vsock_listen(uint32_t port, struct transport **ret)
{
	const struct guid service = hv_service_of_port(port);

	return transport_hyperv_listen(&GUID_ZERO, &service, ret);
}

int transport_listen(const struct transport_address *address, struct transport **ret)
{
	switch (address->kind) {
	case TRANSPORT_UNIX:
		return -EAFNOSUPPORT;
	case TRANSPORT_TCP:
		return transport_tcp_listen((uint16_t)address->port, ret);
	case TRANSPORT_VSOCK:
		return transport_vsock_listen(address->port, ret);
	}
	return -EINVAL;
}
