/* An element of a firewall set added and deleted: our netlink batch against libnftables, in one
 * private network namespace, with a few and with many elements beside it. */
#include <errno.h>
#include <nftables/libnftables.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/engine/plan.h"
#include "server/linux/nft.h"
#include "tests/bench/bench.h"

#define ROUNDS 500

struct sides {
	struct nft *nft;
	struct nft_ctx *ctx;
	const struct ovd_cidr prefix;
};

static void stop(const char *what, int r)
{
	fprintf(stderr, "bench_nft: %s: %s\n", what, strerror(-r));
	exit(1);
}

static void ours(void *arg)
{
	struct sides *s = arg;
	bool added = false, deleted = false;
	int r = nft_prefix_add(s->nft, &s->prefix, &added);

	if (r == 0)
		r = nft_prefix_delete(s->nft, &s->prefix, &deleted);
	if (r < 0 || !added || !deleted)
		stop("batch", r);
}

static void theirs(void *arg)
{
	struct sides *s = arg;

	if (nft_run_cmd_from_buffer(s->ctx,
				    "create element inet overlayd prefixes4 { 192.0.2.0/24 }\n") ||
	    nft_run_cmd_from_buffer(s->ctx,
				    "delete element inet overlayd prefixes4 { 192.0.2.0/24 }\n"))
		stop(nft_ctx_get_error_buffer(s->ctx), 0);
}

static void fill(struct nft *nft, unsigned from, unsigned to)
{
	for (unsigned i = from; i < to; i++) {
		const struct ovd_cidr cidr = { .ip = { .len = 4,
						       .b = { 10, (uint8_t)(i >> 8), (uint8_t)i } },
					       .prefix_len = 26 };
		bool changed;
		int r = nft_prefix_add(nft, &cidr, &changed);

		if (r < 0)
			stop("fill", r);
	}
}

int main(void)
{
	static const unsigned sizes[] = { 0, 66, 1000 };
	struct sides s = { .prefix = { .ip = { .len = 4, .b = { 192, 0, 2 } }, .prefix_len = 24 } };
	const struct bench_side sides[] = { { "batch", ours, &s, 2 },
					    { "libnftables", theirs, &s, 2 } };
	char detail[PLAN_DETAIL_MAX] = "", title[64];
	double medians[2];
	int r;

	if (unshare(CLONE_NEWNET) < 0) {
		printf("bench_nft: needs root for a private namespace: %s\n", strerror(errno));
		return 0;
	}
	bench_pin();
	r = nft_new(&s.nft);
	if (r == 0)
		r = nft_ensure(s.nft, detail);
	s.ctx = nft_ctx_new(NFT_CTX_DEFAULT);
	if (r < 0 || !s.ctx || nft_ctx_buffer_output(s.ctx) || nft_ctx_buffer_error(s.ctx))
		stop(detail, r);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		fill(s.nft, i ? sizes[i - 1] : 0, sizes[i]);
		snprintf(title, sizeof(title), "element beside %u", sizes[i]);
		bench_compare(title, sides, 2, ROUNDS, medians);
	}
	nft_ctx_free(s.ctx);
	nft_free(s.nft);
	return 0;
}
