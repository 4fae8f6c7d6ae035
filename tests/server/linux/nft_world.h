/* A network namespace of a test's own with our firewall in it, and somebody else who changes it. */
#pragma once

#include <nftables/libnftables.h>

#include "server/linux/nft.h"

struct world {
	struct nft *nft;
	struct nft_watch *watch;
	struct nft_ctx *other;
};

/* Skips the test where that is not allowed. */
void world_open(struct world *w);
void world_done(struct world *w);

/* Commands of nft(8), from another netlink socket than ours. */
void world_other_does(struct world *w, const char *commands);

/* What `nft list ruleset` prints. The caller frees it. */
char *world_ruleset_text(struct world *w);
void world_check_ruleset(struct world *w, const char *want);
size_t count_of(const char *text, const char *what);
size_t world_count_in_ruleset(struct world *w, const char *what);

/* The calls of nft.h; the test ends if they fail, or say another `changed`. */
void world_ensure(struct world *w);
void world_remove(struct world *w);
void world_add(struct world *w, const char *prefix, bool want_changed);
void world_delete(struct world *w, const char *prefix, bool want_changed);

/* An add fails with this errno and leaves its output alone. */
void world_refuses(struct world *w, const char *prefix, int want);

struct ovd_cidr test_cidr(const char *text);
