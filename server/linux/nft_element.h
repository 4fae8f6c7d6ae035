/* The prefixes that are ours to the firewall: elements of the sets prefixes4 and prefixes6 of our
 * table, intervals of addresses. */
#pragma once

#include <libmnl/libmnl.h>
#include <stdbool.h>

#include "runtime/ip.h"

/* The prefix is in its set. *ret_changed: it was not before. -EEXIST: it overlaps with another one,
 * -ENOENT: there is no such set, or another errno of the kernel's. */
int nft_element_add(struct mnl_socket *socket, const struct ovd_cidr *cidr, bool *ret_changed);

/* It is not, nor need it have been; but it must not overlap with what is there otherwise.
 * *ret_changed: it was before. Errno of the kernel's. */
int nft_element_delete(struct mnl_socket *socket, const struct ovd_cidr *cidr, bool *ret_changed);
