/* Vectors changed at random, through the testee and through the C codec. */
#include <stdio.h>

#include "tests/conformance/suite/codec.h"
#include "tests/conformance/suite/mutate.h"
#include "tests/conformance/suite/recode.h"

/* One of them. */
struct changed {
	const char *name;       /* of the vector it was made from */
	struct ovd_view c_text; /* what the C codec wrote, if it accepted */
	bool c_accepted;
	struct ovd_view written; /* by the testee; absent if it refused */
};

/* All of one type. Texts lie in the arena. */
struct run {
	struct changed *changed;
	struct ovd_view *bodies;
	size_t n;
	struct arena arena;
	struct result *verdict, *canonical, *fixed_point;
	enum ovd_codec codec;
};

static void run_done(struct run *run)
{
	free(run->changed);
	free(run->bodies);
	arena_done(&run->arena);
}

/* ---- made ---- */

static int copy(struct arena *arena, struct ovd_view text, struct ovd_view *ret)
{
	*ret = (struct ovd_view){ arena_copy(arena, text.p, text.n), text.n };
	return ret->p ? 0 : -ENOMEM;
}

static int make_one(struct run *run, const char *type, enum ovd_codec codec,
		    const struct codec_case *base, struct mutant *mutant)
{
	_cleanup_(buf_done) struct buf text = { .p = NULL };
	struct changed *changed = &run->changed[run->n];
	int r = mutant_make(mutant, codec, base->body);

	if (r == 0)
		r = copy(&run->arena, buf_view(&mutant->body), &run->bodies[run->n]);
	if (r == 0)
		r = recode_body(type, codec, codec, buf_view(&mutant->body), &text);
	if (r < 0)
		return r;
	*changed = (struct changed){ .name = base->name, .c_accepted = r > 0 };
	run->n++;
	return copy(&run->arena, buf_view(&text), &changed->c_text);
}

static int make_all(struct run *run, const char *type, enum ovd_codec codec,
		    const struct codec_list *list, const struct codec_mutation *mutation)
{
	struct mutant mutant = { .seed = mutation->seed };
	size_t room = list->n * mutation->per_vector;
	int r = 0;

	run->changed = calloc(room + 1, sizeof(*run->changed));
	run->bodies = calloc(room + 1, sizeof(*run->bodies));
	if (!run->changed || !run->bodies)
		r = -ENOMEM;
	for (size_t i = 0; i < list->n && r == 0; i++)
		for (size_t k = 0; k < mutation->per_vector && list->items[i].base && r == 0; k++)
			r = make_one(run, type, codec, &list->items[i], &mutant);
	buf_done(&mutant.body);
	return r;
}

/* ---- judged ---- */

/* What it wrote, or why not. */
static const char *show_answer(const struct run *run, const struct answer *answer,
			       struct codec_shown *ret)
{
	bool is_body = answer->given && answer->accepted;

	return codec_show(is_body ? run->codec : OVD_CODEC_JSON, answer->text, ret);
}

static void judge(const struct run *run, const struct changed *c, struct ovd_view body,
		  const struct answer *answer)
{
	struct codec_shown body_text, c_text, text;
	const char *shown = codec_show(run->codec, body, &body_text);

	show_answer(run, answer, &text);
	if (!answer->given)
		result_fail(run->verdict, "%s: %s: no answer: %s", c->name, shown, text.text);
	else if (answer->accepted != c->c_accepted)
		result_fail(run->verdict, "%s: %s: %s: %s", c->name, shown,
			    answer->accepted ? "accepted, and written as" : "refused", text.text);
	else
		result_pass(run->verdict);
	if (!answer->accepted || !c->c_accepted)
		return;
	if (view_eq(answer->text, c->c_text))
		result_pass(run->canonical);
	else
		result_fail(run->canonical, "%s: written as %s, not as %s", c->name, text.text,
			    codec_show(run->codec, c->c_text, &c_text));
}

static int take_answer(void *arg, size_t i, const struct answer *answer)
{
	struct run *run = arg;
	struct changed *c = &run->changed[i];

	judge(run, c, run->bodies[i], answer);
	return answer->accepted ? copy(&run->arena, answer->text, &c->written) : 0;
}

static int take_again(void *arg, size_t i, const struct answer *answer)
{
	const struct run *run = arg;
	struct codec_shown body_text, text;
	const char *shown = codec_show(run->codec, run->bodies[i], &body_text);

	show_answer(run, answer, &text);
	if (!answer->given || !answer->accepted)
		result_fail(run->fixed_point, "it has written %s, then %s: %s", shown,
			    answer->given ? "refused it" : "gave no answer", text.text);
	else if (!view_eq(answer->text, run->bodies[i]))
		result_fail(run->fixed_point, "it has written %s, then %s", shown, text.text);
	else
		result_pass(run->fixed_point);
	return 0;
}

/* The bodies are now what was written. */
static void keep_written(struct run *run)
{
	size_t n = 0;

	for (size_t i = 0; i < run->n; i++)
		if (run->changed[i].written.p)
			run->bodies[n++] = run->changed[i].written;
	run->n = n;
}

static struct result *find(struct results *results, const char *what, const char *type)
{
	char id[64];

	snprintf(id, sizeof(id), "mutant.%s.%s", what, type);
	return results_find(results, view(id));
}

static int run_type(struct run *run, const struct testee *testee, struct buf *fault)
{
	struct testee_end end;
	int r;

	r = testee_run(testee, run->bodies, run->n, take_answer, run, &end);
	if (r == 0) {
		keep_written(run);
		r = testee_run(testee, run->bodies, run->n, take_again, run, &end);
	}
	if (r == -ENOEXEC)
		buf_text(fault, end.text);
	return r;
}

int codec_run_mutants(const struct codec_cases *cases, struct results *results,
		      const struct testee *testee, const struct codec_mutation *mutation,
		      struct buf *fault)
{
	int r = 0;

	for (size_t i = 0; i < CODEC_TYPES && r == 0; i++) {
		const char *type = codec_types[i];
		_cleanup_(run_done) struct run run = {
			.verdict = find(results, "verdict", type),
			.canonical = find(results, "canonical", type),
			.fixed_point = find(results, "fixed-point", type),
		};
		struct testee one = *testee;

		one.type = type;
		one.codec = run.codec = cases->codec;
		if (!run.verdict->selected && !run.canonical->selected &&
		    !run.fixed_point->selected)
			continue;
		r = make_all(&run, type, cases->codec, &cases->of[i], mutation);
		if (r == 0)
			r = run_type(&run, &one, fault);
	}
	return r;
}
