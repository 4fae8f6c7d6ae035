/* Two rules of ours in other people's FORWARD chain: an accept in our own table can't overrule
 * their policy of DROP. Known by their comment, `overlayd`. */
#pragma once

#include <libmnl/libmnl.h>
#include <nftables/libnftables.h>

/* Where such chains are: `ip filter FORWARD` and `ip6 filter FORWARD`. */
#define FOREIGN_TABLE "filter"
#define FOREIGN_CHAIN "FORWARD"

/* Runs commands of nft(8). -EIO, and what was said goes to detail, PLAN_DETAIL_MAX bytes, if that
 * is not NULL. */
int foreign_run(struct nft_ctx *ctx, const char *commands, char *detail);

/* The rules are in these chains, where they exist; what is missing is put at the top. detail as
 * above. */
int foreign_chains_open(struct nft_ctx *ctx, struct mnl_socket *socket, char *detail);

/* None of them is left. The first error; it tries all the same. */
int foreign_chains_close(struct nft_ctx *ctx, struct mnl_socket *socket, char *detail);
