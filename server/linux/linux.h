/* The Linux platform. */
#pragma once

#include <stdbool.h>

#include "runtime/log.h"
#include "server/net/net.h"

struct linux_options {
	bool firewall; /* false: no rules at all (ZLAYER_ROOTLESS) */
	const char
		*control_dir; /* of wireguard-go's sockets: WG_CONTROL_DIR, another one in tests */
	struct log *log;      /* what wireguard-go says, and warnings that no answer carries */
};

/* Opens the sockets. Negative errno. The options' texts are copied. */
int linux_net_new(const struct linux_options *options, struct net **ret);

/* Ends the threads, closes everything. Devices stay. Accepts NULL. */
void linux_net_free(struct net *net);
