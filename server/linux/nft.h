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
 * elements too; but the first call makes the table anew, empty of what an earlier daemon left.
 * detail as in struct net_step. */
int nft_ensure(struct nft *nft, char *detail);

/* The prefix is one of ours, or isn't: an element of a set. *ret_changed: it was not so before.
 * -ENOENT: add without nft_ensure, or somebody has just taken the table away. -EEXIST: it overlaps
 * with another one. Or another errno of the kernel's, and nothing has changed. */
int nft_prefix_add(struct nft *nft, const struct ovd_cidr *cidr, bool *ret_changed);
int nft_prefix_delete(struct nft *nft, const struct ovd_cidr *cidr, bool *ret_changed);

/* Nothing of ours is left: table, foreign rules. The first error; it tries all the same. detail as
 * in struct net_step. */
int nft_remove(struct nft *nft, char *detail);

/* Changes that come from this netlink port are our own. May be called on any thread. */
bool nft_is_port(const struct nft *nft, uint32_t port);

/* On the loop: a descriptor that gets readable with each change of the ruleset by anybody, and its
 * reader: true if something of ours, or a chain that wants rules of ours, was concerned, and
 * nft_ensure is worth calling, and nft_prefix_add for all. Changes made through nft don't count; it
 * must live as long as the watch. Its own socket, so that it may be used beside the calls above. */
struct nft_watch;
int nft_watch_new(const struct nft *nft, struct nft_watch **ret);
int nft_watch_fd(const struct nft_watch *watch);
bool nft_watch_read(struct nft_watch *watch);
void nft_watch_free(struct nft_watch *watch);
