/* Who has which prefix, on a WireGuard device in memory that is set as the kernel's is. */
#pragma once

#include <linux/netlink.h>

#include "runtime/ip.h"
#include "runtime/key.h"

#define FAKE_PREFIXES_MAX 512
#define FAKE_PEERS_MAX    16

struct fake_wireguard {
	bool removes; /* as Linux 6.16 and newer do */
	struct ovd_key peers[FAKE_PEERS_MAX];
	size_t n_peers;
	struct fake_prefix {
		struct ovd_cidr cidr;
		struct ovd_key owner;
	} prefixes[FAKE_PREFIXES_MAX];
	size_t n_prefixes;
};

/* Carries out a WG_CMD_SET_DEVICE, as wg_set_device() in the kernel's netlink.c does: up to where
 * it fails. 0 or what the kernel would answer. */
int fake_wireguard_set(struct fake_wireguard *f, const struct nlmsghdr *message);

/* NULL: nobody has it. */
const struct ovd_key *fake_wireguard_owner(const struct fake_wireguard *f,
					   const struct ovd_cidr *cidr);
