#include "server/linux/foreign_chain.h"

#include <errno.h>
#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <libnftnl/udata.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <stdio.h>
#include <string.h>

#include "runtime/buf.h"
#include "server/engine/plan.h"
#include "server/linux/nft_netlink.h"

#define OUR_COMMENT "overlayd"
#define PLACE       "%s " FOREIGN_TABLE " " FOREIGN_CHAIN " "

static const struct {
	uint8_t number;
	const char *name;
} families[] = { { NFPROTO_IPV4, "ip" }, { NFPROTO_IPV6, "ip6" } };

/* By what a rule begins with. */
static const struct {
	uint32_t key;
	const char *name;
} directions[] = { { NFT_META_IIFNAME, "iifname" }, { NFT_META_OIFNAME, "oifname" } };

/* What a chain has of ours. */
struct found {
	bool has[ARRAY_SIZE(directions)];
	struct buf deletes; /* commands that take it away; "" without it */
	const char *family;
	int r;
};

int foreign_run(struct nft_ctx *ctx, const char *commands, char *detail)
{
	int r = nft_run_cmd_from_buffer(ctx, commands);
	const char *said = nft_ctx_get_error_buffer(ctx);

	if (r == 0)
		return 0;
	if (detail)
		snprintf(detail, PLAN_DETAIL_MAX, "%.*s", (int)strcspn(said, "\n"), said);
	return -EIO;
}

static int run_all(struct nft_ctx *ctx, struct buf *commands, char *detail)
{
	if (commands->n == 0)
		return 0;
	return buf_append(commands, "", 1) < 0 ? -ENOMEM : foreign_run(ctx, commands->p, detail);
}

/* ---- what is there ---- */

static void rule_freep(struct nftnl_rule **rule)
{
	if (*rule)
		nftnl_rule_free(*rule);
}

/* What a rule tells of itself. */
struct look {
	bool ours;
	bool has[ARRAY_SIZE(directions)];
};

static bool is_our_comment(const void *text, uint32_t n)
{
	return text && n >= sizeof(OUR_COMMENT) &&
	       memcmp(text, OUR_COMMENT, sizeof(OUR_COMMENT)) == 0;
}

static int look_at_datum(const struct nftnl_udata *datum, void *arg)
{
	struct look *look = arg;

	if (nftnl_udata_type(datum) == NFTNL_UDATA_RULE_COMMENT)
		look->ours |= is_our_comment(nftnl_udata_get(datum), nftnl_udata_len(datum));
	return 0;
}

/* iptables-restore writes our rules anew, with the comment as a match: struct xt_comment_info,
 * linux/netfilter/xt_comment.h. */
static int look_at_expression(struct nftnl_expr *expression, void *arg)
{
	const char *name = nftnl_expr_get_str(expression, NFTNL_EXPR_NAME);
	struct look *look = arg;
	uint32_t key, n = 0;

	if (strcmp(name, "match") == 0 &&
	    strcmp(nftnl_expr_get_str(expression, NFTNL_EXPR_MT_NAME), "comment") == 0) {
		const void *text = nftnl_expr_get(expression, NFTNL_EXPR_MT_INFO, &n);

		look->ours |= is_our_comment(text, n);
	}
	if (strcmp(name, "meta") != 0)
		return 0;
	key = nftnl_expr_get_u32(expression, NFTNL_EXPR_META_KEY);
	for (size_t i = 0; i < ARRAY_SIZE(directions); i++)
		look->has[i] |= key == directions[i].key;
	return 0;
}

static struct look look_at(struct nftnl_rule *rule)
{
	struct look look = { .ours = false };
	uint32_t n = 0;
	const void *data = nftnl_rule_get_data(rule, NFTNL_RULE_USERDATA, &n);

	if (data)
		nftnl_udata_parse(data, n, look_at_datum, &look);
	nftnl_expr_foreach(rule, look_at_expression, &look);
	return look;
}

static void look_at_rule(void *arg, const struct nlmsghdr *answer)
{
	_cleanup_(rule_freep) struct nftnl_rule *rule = nftnl_rule_alloc();
	struct found *found = arg;
	struct look look;

	if (!rule || nftnl_rule_nlmsg_parse(answer, rule) < 0) {
		found->r = -ENOMEM;
		return;
	}
	look = look_at(rule);
	if (!look.ours)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(directions); i++)
		found->has[i] |= look.has[i];
	if (buf_printf(&found->deletes, "delete rule " PLACE "handle %llu\n", found->family,
		       (unsigned long long)nftnl_rule_get_u64(rule, NFTNL_RULE_HANDLE)) < 0)
		found->r = -ENOMEM;
}

static void forget(void *arg)
{
	struct found *found = arg;

	found->deletes.n = 0;
	memset(found->has, 0, sizeof(found->has));
}

static void ignore(void *arg _unused_, const struct nlmsghdr *answer _unused_)
{
}

/* -ENOENT where there is no such chain. */
static int find_chain(struct mnl_socket *socket, uint8_t family)
{
	struct rtnl_batch b = { .n = 0 };

	nft_question_begin(&b, NFT_MSG_GETCHAIN, 0, family);
	rtnl_put_text(&b, NFTA_CHAIN_TABLE, FOREIGN_TABLE);
	rtnl_put_text(&b, NFTA_CHAIN_NAME, FOREIGN_CHAIN);
	return rtnl_ask(mnl_socket_get_fd(socket), &b, ignore, NULL, NULL);
}

static int find_rules(struct mnl_socket *socket, uint8_t family, struct found *found)
{
	struct rtnl_batch b = { .n = 0 };
	int r;

	nft_question_begin(&b, NFT_MSG_GETRULE, NLM_F_DUMP, family);
	rtnl_put_text(&b, NFTA_RULE_TABLE, FOREIGN_TABLE);
	rtnl_put_text(&b, NFTA_RULE_CHAIN, FOREIGN_CHAIN);
	r = rtnl_ask(mnl_socket_get_fd(socket), &b, look_at_rule, forget, found);
	return r < 0 ? r : found->r;
}

/* ---- what is wanted ---- */

static int open_chain(struct nft_ctx *ctx, struct mnl_socket *socket, size_t family, char *detail)
{
	_cleanup_(buf_done) struct buf commands = { .p = NULL };
	struct found found = { .family = families[family].name };
	int r = find_chain(socket, families[family].number);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	r = find_rules(socket, families[family].number, &found);
	buf_done(&found.deletes);
	for (size_t i = 0; i < ARRAY_SIZE(directions) && r == 0; i++)
		if (!found.has[i])
			r = buf_printf(&commands,
				       "insert rule " PLACE
				       "%s \"zl-*\" accept comment \"" OUR_COMMENT "\"\n",
				       found.family, directions[i].name);
	return r < 0 ? r : run_all(ctx, &commands, detail);
}

int foreign_chains_open(struct nft_ctx *ctx, struct mnl_socket *socket, char *detail)
{
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(families) && r == 0; i++)
		r = open_chain(ctx, socket, i, detail);
	return r;
}

static int close_chain(struct nft_ctx *ctx, struct mnl_socket *socket, size_t family, char *detail)
{
	struct found found = { .family = families[family].name };
	int r = find_rules(socket, families[family].number, &found);

	if (r == 0)
		r = run_all(ctx, &found.deletes, detail);
	buf_done(&found.deletes);
	return r;
}

int foreign_chains_close(struct nft_ctx *ctx, struct mnl_socket *socket, char *detail)
{
	int first = 0;

	for (size_t i = 0; i < ARRAY_SIZE(families); i++) {
		int r = close_chain(ctx, socket, i, detail);

		if (first == 0)
			first = r;
	}
	return first;
}
