#include "tests/server/linux/nft_world.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>

#include "tests/check.h"

void world_done(struct world *w)
{
	nft_watch_free(w->watch);
	nft_free(w->nft);
	nft_ctx_free(w->other);
}

void world_other_does(struct world *w, const char *commands)
{
	if (nft_run_cmd_from_buffer(w->other, commands) != 0)
		check_fail(__FILE__, __LINE__, "%s: %s", commands,
			   nft_ctx_get_error_buffer(w->other));
}

char *world_ruleset_text(struct world *w)
{
	world_other_does(w, "list ruleset\n");
	return strdup(nft_ctx_get_output_buffer(w->other));
}

size_t count_of(const char *text, const char *what)
{
	size_t n = 0;

	for (; (text = strstr(text, what)); text += strlen(what))
		n++;
	return n;
}

size_t world_count_in_ruleset(struct world *w, const char *what)
{
	_cleanup_(freep) char *text = world_ruleset_text(w);

	return count_of(text, what);
}

void world_check_ruleset(struct world *w, const char *want)
{
	_cleanup_(freep) char *text = world_ruleset_text(w);

	CHECK_STR(text, want);
}

void world_open(struct world *w)
{
	int r;

	if (unshare(CLONE_NEWNET) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
		SKIP("no network namespace of one's own here: %s", strerror(errno));
	r = nft_new(&w->nft);
	if (r == -EPROTONOSUPPORT)
		SKIP("this kernel has no nf_tables");
	CHECK_INT(r, 0);
	CHECK_INT(nft_watch_new(w->nft, &w->watch), 0);
	w->other = nft_ctx_new(NFT_CTX_DEFAULT);
	CHECK(w->other && !nft_ctx_buffer_output(w->other) && !nft_ctx_buffer_error(w->other));
}

void world_ensure(struct world *w)
{
	char detail[PLAN_DETAIL_MAX] = "";

	CHECK_INT(nft_ensure(w->nft, detail), 0);
	CHECK_STR(detail, "");
}

void world_remove(struct world *w)
{
	char detail[PLAN_DETAIL_MAX] = "";

	CHECK_INT(nft_remove(w->nft, detail), 0);
	CHECK_STR(detail, "");
}

struct ovd_cidr test_cidr(const char *text)
{
	struct ovd_cidr value;

	CHECK_INT(cidr_parse(view(text), &value), 0);
	return value;
}

void world_add(struct world *w, const char *prefix, bool want_changed)
{
	const struct ovd_cidr c = test_cidr(prefix);
	bool changed = !want_changed;

	CHECK_INT(nft_prefix_add(w->nft, &c, &changed), 0);
	CHECK_INT(changed, want_changed);
}

void world_delete(struct world *w, const char *prefix, bool want_changed)
{
	const struct ovd_cidr c = test_cidr(prefix);
	bool changed = !want_changed;

	CHECK_INT(nft_prefix_delete(w->nft, &c, &changed), 0);
	CHECK_INT(changed, want_changed);
}

void world_refuses(struct world *w, const char *prefix, int want)
{
	const struct ovd_cidr c = test_cidr(prefix);
	bool changed = true;

	CHECK_INT(nft_prefix_add(w->nft, &c, &changed), want);
	CHECK_INT(changed, true);
}
