#include "server/linux/nft.h"

#include <errno.h>
#include <nftables/libnftables.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/buf.h"
#include "runtime/util.h"
#include "server/linux/foreign_chain.h"

struct nft {
	struct nft_ctx *ctx; /* libnftables': what it prints is kept, not printed */
};

/* Ours alone: nothing else is ever put there. Established first; then what our links send and get;
 * the rest is other people's to judge. Sources of ours that leave by a link that isn't ours get
 * that link's address. Making the table again keeps its elements: only the chains are written anew.
 */
static const char ruleset[] =
	"table inet overlayd {\n"
	"	set prefixes4 { type ipv4_addr; flags interval; }\n"
	"	set prefixes6 { type ipv6_addr; flags interval; }\n"
	"	chain forward {\n"
	"		type filter hook forward priority filter - 1; policy accept;\n"
	"	}\n"
	"	chain postrouting {\n"
	"		type nat hook postrouting priority srcnat; policy accept;\n"
	"	}\n"
	"}\n"
	"flush chain inet overlayd forward\n"
	"flush chain inet overlayd postrouting\n"
	"table inet overlayd {\n"
	"	chain forward {\n"
	"		ct state established,related accept\n"
	"		iifname \"zl-*\" accept\n"
	"		oifname \"zl-*\" accept\n"
	"	}\n"
	"	chain postrouting {\n"
	"		ip saddr @prefixes4 oifname != \"zl-*\" oifname != \"lo\" masquerade\n"
	"		ip6 saddr @prefixes6 oifname != \"zl-*\" oifname != \"lo\" masquerade\n"
	"	}\n"
	"}\n";

int nft_new(struct nft **ret)
{
	struct nft *nft = calloc(1, sizeof(*nft));

	if (!nft)
		return -ENOMEM;
	nft->ctx = nft_ctx_new(NFT_CTX_DEFAULT);
	if (!nft->ctx || nft_ctx_buffer_output(nft->ctx) || nft_ctx_buffer_error(nft->ctx)) {
		nft_free(nft);
		return -ENOMEM;
	}
	if (foreign_run(nft->ctx, "list tables\n", NULL) < 0) {
		nft_free(nft);
		return -EPROTONOSUPPORT;
	}
	*ret = nft;
	return 0;
}

void nft_free(struct nft *nft)
{
	if (!nft)
		return;
	if (nft->ctx)
		nft_ctx_free(nft->ctx);
	free(nft);
}

/* Rewriting chains that are as they should be would wake everybody who watches, ourselves too. */
static bool is_whole(struct nft *nft)
{
	const char *text;

	if (foreign_run(nft->ctx, "list table inet overlayd\n", NULL) < 0)
		return false;
	text = nft_ctx_get_output_buffer(nft->ctx);
	return strstr(text, "ct state established,related accept") &&
	       strstr(text, "iifname \"zl-*\" accept") && strstr(text, "oifname \"zl-*\" accept") &&
	       strstr(text, "ip saddr @prefixes4") && strstr(text, "ip6 saddr @prefixes6");
}

int nft_ensure(struct nft *nft, char *detail)
{
	int r = is_whole(nft) ? 0 : foreign_run(nft->ctx, ruleset, detail);

	return r == 0 ? foreign_chains_open(nft->ctx, detail) : r;
}

static int change_element(struct nft *nft, const char *verb, const struct ovd_cidr *cidr)
{
	char text[CIDR_TEXT_MAX], command[160];

	snprintf(command, sizeof(command), "%s element inet overlayd prefixes%d { %s }\n", verb,
		 cidr->ip.len == 4 ? 4 : 6, cidr_format(cidr, text));
	return foreign_run(nft->ctx, command, NULL);
}

/* create and delete refuse what is so already. */
int nft_prefix_add(struct nft *nft, const struct ovd_cidr *cidr, bool *ret_changed)
{
	*ret_changed = change_element(nft, "create", cidr) == 0;
	return *ret_changed ? 0 : change_element(nft, "add", cidr);
}

int nft_prefix_delete(struct nft *nft, const struct ovd_cidr *cidr, bool *ret_changed)
{
	*ret_changed = change_element(nft, "delete", cidr) == 0;
	return 0;
}

int nft_remove(struct nft *nft)
{
	foreign_chains_close(nft->ctx);
	return foreign_run(nft->ctx, "add table inet overlayd\ndelete table inet overlayd\n", NULL);
}
