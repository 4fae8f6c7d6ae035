#include "server/linux/nft.h"

#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <nftables/libnftables.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "runtime/buf.h"
#include "runtime/util.h"
#include "server/linux/foreign_chain.h"
#include "server/linux/nft_element.h"
#include "server/linux/nft_netlink.h"

#define TRIES 3

struct nft {
	struct nft_ctx *ctx;       /* libnftables': what it prints is kept, not printed */
	uint32_t ctx_port;         /* of its socket; 0: not known */
	struct mnl_socket *socket; /* ours */
	bool begun;                /* the table is of our own making */
	struct buf rules;          /* of our table, as they were when we had written them */
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

/* Also where there is none. */
static const char remove_table[] =
	"add table inet " NFT_OUR_TABLE "\ndelete table inet " NFT_OUR_TABLE "\n";

/* libnftables doesn't show its socket. The first socket that a process opens gets its process id,
 * netlink(7), if no other process has that. */
static uint32_t next_port(void)
{
	const struct sockaddr_nl wanted = { .nl_family = AF_NETLINK, .nl_pid = (uint32_t)getpid() };
	_cleanup_(fd_closep) int fd =
		socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);

	return bind(fd, (const struct sockaddr *)&wanted, sizeof(wanted)) == 0 ? wanted.nl_pid : 0;
}

/* libnftables doesn't say why it failed: what passes must not cost us the firewall. */
static bool is_supported(const struct nft *nft)
{
	for (int i = 0; i < TRIES; i++)
		if (foreign_run(nft->ctx, "list tables\n", NULL) == 0)
			return true;
	return false;
}

static int open_parts(struct nft *nft)
{
	nft->ctx_port = next_port();
	nft->ctx = nft_ctx_new(NFT_CTX_DEFAULT);
	if (!nft->ctx || nft_ctx_buffer_output(nft->ctx) || nft_ctx_buffer_error(nft->ctx))
		return -ENOMEM;
	if (!is_supported(nft))
		return -EPROTONOSUPPORT;
	return nft_socket_open(0, &nft->socket);
}

int nft_new(struct nft **ret)
{
	struct nft *nft = calloc(1, sizeof(*nft));
	int r = nft ? open_parts(nft) : -ENOMEM;

	if (r < 0) {
		nft_free(nft);
		return r;
	}
	*ret = nft;
	return 0;
}

void nft_free(struct nft *nft)
{
	if (!nft)
		return;
	if (nft->socket)
		mnl_socket_close(nft->socket);
	if (nft->ctx)
		nft_ctx_free(nft->ctx);
	buf_done(&nft->rules);
	free(nft);
}

bool nft_is_port(const struct nft *nft, uint32_t port)
{
	return port != 0 && (port == nft->ctx_port || port == mnl_socket_get_portid(nft->socket));
}

/* ---- rules ---- */

struct reading {
	struct buf bytes;
	int r;
};

/* All that the kernel tells of a rule, its handle and its neighbour's among it, but the header,
 * which counts generations of the whole ruleset. */
static void keep_rule(void *arg, const struct nlmsghdr *answer)
{
	struct reading *reading = arg;
	size_t head = NLMSG_LENGTH(sizeof(struct nfgenmsg));

	if (buf_append(&reading->bytes, (const char *)answer + head, answer->nlmsg_len - head) < 0)
		reading->r = -ENOMEM;
}

static void forget_rules(void *arg)
{
	struct reading *reading = arg;

	reading->bytes.n = 0;
}

static int read_rules(const struct nft *nft, struct buf *ret)
{
	struct reading reading = { .r = 0 };
	struct rtnl_batch b = { .n = 0 };
	int r;

	nft_question_begin(&b, NFT_MSG_GETRULE, NLM_F_DUMP, NFPROTO_INET);
	rtnl_put_text(&b, NFTA_RULE_TABLE, NFT_OUR_TABLE);
	r = rtnl_ask(mnl_socket_get_fd(nft->socket), &b, keep_rule, forget_rules, &reading);
	if (r == 0)
		r = reading.r;
	if (r < 0)
		buf_done(&reading.bytes);
	else
		*ret = reading.bytes;
	return r;
}

/* Rewriting chains that are as they should be would wake everybody who watches. */
static bool is_whole(const struct nft *nft)
{
	_cleanup_(buf_done) struct buf now = { .p = NULL };

	return nft->rules.n > 0 && read_rules(nft, &now) == 0 &&
	       view_eq(buf_view(&now), buf_view(&nft->rules));
}

/* What an earlier daemon left goes, as its prefixes need not be ours: in the same transaction, so
 * that packets meet one table or the other. */
static int rewrite(struct nft *nft, char *detail)
{
	_cleanup_(buf_done) struct buf commands = { .p = NULL };
	int r = buf_printf(&commands, "%s%s", nft->begun ? "" : remove_table, ruleset);

	if (r == 0)
		r = foreign_run(nft->ctx, commands.p, detail);
	buf_done(&nft->rules);
	if (r < 0)
		return r;
	nft->begun = true;
	return read_rules(nft, &nft->rules);
}

int nft_ensure(struct nft *nft, char *detail)
{
	int r = is_whole(nft) ? 0 : rewrite(nft, detail);

	return r < 0 ? r : foreign_chains_open(nft->ctx, nft->socket, detail);
}

int nft_remove(struct nft *nft, char *detail)
{
	int first = foreign_chains_close(nft->ctx, nft->socket, detail);
	int r = foreign_run(nft->ctx, remove_table, detail);

	return first < 0 ? first : r;
}

/* ---- elements ---- */

int nft_prefix_add(struct nft *nft, const struct ovd_cidr *cidr, bool *ret_changed)
{
	return nft_element_add(nft->socket, cidr, ret_changed);
}

int nft_prefix_delete(struct nft *nft, const struct ovd_cidr *cidr, bool *ret_changed)
{
	return nft_element_delete(nft->socket, cidr, ret_changed);
}
