/* Transports over the system's sockets. */
#pragma once

#include "server/guest/transport.h"

/* What tells the kinds of addresses apart. */
struct socket_family {
	int family, protocol; /* socket(2) */
	size_t address_size;

	/* Who is at the other end of an accepted socket; address is what the system said. */
	void (*peer)(intptr_t socket, const void *address, char text[TRANSPORT_PEER_MAX]);
};

int transport_socket_listen(const struct socket_family *family, const void *address,
			    struct transport **ret);
int transport_socket_connect(const struct socket_family *family, const void *address,
			     struct transport **ret);

/* The address that a socket is bound to, at most n bytes. */
int transport_socket_name(const struct transport *t, void *address, size_t n);

/* Unix: a descriptor, closed also on failure. path: goes with it, or NULL. */
int transport_socket_adopt(int fd,
			   void (*peer)(intptr_t socket, const void *address,
					char text[TRANSPORT_PEER_MAX]),
			   const char *path, struct transport **ret);
