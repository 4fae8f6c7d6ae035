/* Two rules of ours in other people's FORWARD chain: an accept in our own table can't overrule
 * their policy of DROP. */
#pragma once

#include <nftables/libnftables.h>

/* Runs commands of nft(8); what they print is in the context's buffers until the next call. -EIO,
 * and what was said goes to detail, PLAN_DETAIL_MAX bytes, if that is not NULL. */
int foreign_run(struct nft_ctx *ctx, const char *commands, char *detail);

/* The rules are at the top of `ip filter FORWARD` and `ip6 filter FORWARD`, where these chains
 * exist. */
int foreign_chains_open(struct nft_ctx *ctx, char *detail);

/* None of them is left. */
void foreign_chains_close(struct nft_ctx *ctx);
