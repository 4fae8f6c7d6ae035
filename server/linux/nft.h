/* The firewall: one table of our own, and two rules in a foreign FORWARD chain. On the link thread
 * but for the watch. */
#pragma once

#include <stdbool.h>

#include "runtime/ip.h"
#include "server/engine/plan.h"

struct nft;

/* -ENOMEM, -EPROTONOSUPPORT where the kernel has no nf_tables. */
int nft_new(struct nft **ret);
void nft_free(struct nft *nft);

/* Table, chains, sets and static rules are there; so are the accept rules in `ip filter FORWARD`
 * and `ip6 filter FORWARD` where these chains exist. What is there already is left alone, the
 * elements too. detail as in struct net_step. */
int nft_ensure(struct nft *nft, char *detail);

/* The prefix is one of ours, or isn't: an element of a set. *ret_changed: it was not so before. */
int nft_prefix_add(struct nft *nft, const struct ovd_cidr *cidr, bool *ret_changed);
int nft_prefix_delete(struct nft *nft, const struct ovd_cidr *cidr, bool *ret_changed);

/* Nothing of ours is left: table, foreign rules. */
int nft_remove(struct nft *nft);

/* On the loop: a descriptor that gets readable with each change of the ruleset by anybody, and its
 * reader: true if a chain, or one of our foreign rules, was concerned, and nft_ensure is worth
 * calling. Our own changes don't count. Its own socket, so that it may be used beside the calls
 * above. */
struct nft_watch;
int nft_watch_new(struct nft_watch **ret);
int nft_watch_fd(const struct nft_watch *watch);
bool nft_watch_read(struct nft_watch *watch);
void nft_watch_free(struct nft_watch *watch);
