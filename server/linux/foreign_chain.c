#include "server/linux/foreign_chain.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/buf.h"
#include "server/engine/plan.h"

#define OUR_COMMENT "comment \"overlayd\""

static const char *const families[] = { "ip", "ip6" };
static const char *const directions[] = { "iifname", "oifname" };

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

/* The chain with handles; NULL where there is none. */
static const char *list_chain(struct nft_ctx *ctx, const char *family)
{
	char command[80];

	snprintf(command, sizeof(command), "list chain %s filter FORWARD\n", family);
	nft_ctx_output_set_flags(ctx, NFT_CTX_OUTPUT_HANDLE);
	if (foreign_run(ctx, command, NULL) < 0)
		return NULL;
	return nft_ctx_get_output_buffer(ctx);
}

static bool has_rule(const char *chain, const char *direction)
{
	for (const char *line = chain; line && *line;
	     line = strchr(line, '\n'), line += line != NULL) {
		size_t n = strcspn(line, "\n");

		if (memmem(line, n, OUR_COMMENT, strlen(OUR_COMMENT)) &&
		    memmem(line, n, direction, strlen(direction)))
			return true;
	}
	return false;
}

static int open_chain(struct nft_ctx *ctx, const char *family, char *detail)
{
	_cleanup_(buf_done) struct buf commands = { .p = NULL };
	const char *chain = list_chain(ctx, family);
	int r = 0;

	for (size_t i = 0; chain && i < ARRAY_SIZE(directions) && r == 0; i++)
		if (!has_rule(chain, directions[i]))
			r = buf_printf(
				&commands,
				"insert rule %s filter FORWARD %s \"zl-*\" accept " OUR_COMMENT
				"\n",
				family, directions[i]);
	if (r < 0 || commands.n == 0)
		return r;
	return buf_append(&commands, "", 1) < 0 ? -ENOMEM : foreign_run(ctx, commands.p, detail);
}

int foreign_chains_open(struct nft_ctx *ctx, char *detail)
{
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(families) && r == 0; i++)
		r = open_chain(ctx, families[i], detail);
	return r;
}

static void close_chain(struct nft_ctx *ctx, const char *family)
{
	_cleanup_(buf_done) struct buf commands = { .p = NULL };
	const char *chain = list_chain(ctx, family);

	for (const char *line = chain; line && *line;
	     line = strchr(line, '\n'), line += line != NULL) {
		size_t n = strcspn(line, "\n");
		const char *handle = memmem(line, n, "# handle ", 9);

		if (handle && memmem(line, n, OUR_COMMENT, strlen(OUR_COMMENT)))
			buf_printf(&commands, "delete rule %s filter FORWARD handle %.*s\n", family,
				   (int)strcspn(handle + 9, "\n"), handle + 9);
	}
	if (commands.n > 0 && buf_append(&commands, "", 1) == 0)
		foreign_run(ctx, commands.p, NULL);
}

void foreign_chains_close(struct nft_ctx *ctx)
{
	for (size_t i = 0; i < ARRAY_SIZE(families); i++)
		close_chain(ctx, families[i]);
}
