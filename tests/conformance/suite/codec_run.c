/* Every vector and every verdict, through the testee. */
#include "runtime/frame.h"
#include "tests/conformance/suite/codec.h"

/* Cases that are selected, of one type. */
struct run {
	const struct codec_case **cases;
	struct ovd_view *bodies;
	size_t n;
	struct result *answers;
	enum ovd_codec codec;
};

static void judge(const struct codec_case *c, enum ovd_codec codec, const struct answer *answer)
{
	bool is_body = answer->given && answer->accepted;
	struct codec_shown body, canonical, text;

	codec_show(is_body ? codec : OVD_CODEC_JSON, answer->text, &text);
	if (!answer->given)
		result_fail(c->result, "%s: no answer: %s", c->name, text.text);
	else if (answer->accepted != c->accepted)
		result_fail(c->result, "%s: %s: %s: %s", c->name, codec_show(codec, c->body, &body),
			    answer->accepted ? "accepted, and written as" : "refused", text.text);
	else if (c->accepted && !view_eq(answer->text, c->canonical))
		result_fail(c->result, "%s: written as %s, not as %s", c->name, text.text,
			    codec_show(codec, c->canonical, &canonical));
	else
		result_pass(c->result);
}

static int take_answer(void *arg, size_t i, const struct answer *answer)
{
	const struct run *run = arg;

	judge(run->cases[i], run->codec, answer);
	if (answer->given)
		result_pass(run->answers);
	else
		result_fail(run->answers, "%s: %.*s", run->cases[i]->name, VIEW(answer->text));
	return 0;
}

/* The largest body that there may be: a request, and much that nobody asked for. */
static int add_largest(enum ovd_codec codec, struct codec_case *c, struct buf *body,
		       struct results *results)
{
	/* a status request; a field of the number 1000 that fills the body: its length is one of
	 * 4 bytes */
	static const char protobuf[] = "\xba\x01\0\xc2\x3e\xf7\xff\xff\x03";
	static const char json[] = "{\"op\":\"status\",\"x\":\"", tail[] = "\"}";
	bool is_json = codec == OVD_CODEC_JSON;

	if (buf_reserve(body, FRAME_BODY_MAX) < 0)
		return -ENOMEM;
	memset(body->p, 'x', FRAME_BODY_MAX);
	memcpy(body->p, is_json ? json : protobuf,
	       is_json ? sizeof(json) - 1 : sizeof(protobuf) - 1);
	if (is_json)
		memcpy(body->p + FRAME_BODY_MAX - 2, tail, 2);
	body->n = FRAME_BODY_MAX;
	*c = (struct codec_case){ .name = "8 MiB",
				  .body = buf_view(body),
				  .canonical = is_json ? VIEW_LITERAL("{\"op\":\"status\"}")
						       : (struct ovd_view){ protobuf, 3 },
				  .accepted = true,
				  .result = results_find(results, view("testee.largest-body")) };
	return 0;
}

static void put_case(struct run *run, const struct codec_case *c)
{
	if (!c->result->selected)
		return;
	run->cases[run->n] = c;
	run->bodies[run->n++] = c->body;
}

static int run_type(struct run *run, size_t type, struct results *results,
		    const struct testee *testee, struct buf *fault)
{
	struct testee one = *testee;
	struct result *ended = results_find(results, view("testee.end"));
	struct testee_end end;
	int r;

	if (run->n == 0)
		return 0;
	one.type = codec_types[type];
	one.codec = run->codec;
	r = testee_run(&one, run->bodies, run->n, take_answer, run, &end);
	if (r == -ENOEXEC)
		buf_text(fault, end.text);
	else if (end.clean)
		result_pass(ended);
	else
		result_fail(ended, "--type %s: %s", one.type, end.text);
	return r;
}

int codec_run_cases(const struct codec_cases *cases, struct results *results,
		    const struct testee *testee, struct buf *fault)
{
	_cleanup_(buf_done) struct buf largest = { .p = NULL };
	const struct codec_case empty = {
		.name = "length 0",
		.body = VIEW_LITERAL(""),
		.result = results_find(results, view("testee.empty-body")),
	};
	struct codec_case large;
	int r = add_largest(cases->codec, &large, &largest, results);

	for (size_t type = 0; type < CODEC_TYPES && r == 0; type++) {
		const struct codec_list *list = &cases->of[type];
		_cleanup_(freep) void *pointers = calloc(list->n + 2, sizeof(struct codec_case *));
		_cleanup_(freep) void *bodies = calloc(list->n + 2, sizeof(struct ovd_view));
		struct run run = { .cases = pointers,
				   .bodies = bodies,
				   .codec = cases->codec,
				   .answers = results_find(results, view("testee.answers")) };

		if (!pointers || !bodies)
			return -ENOMEM;
		for (size_t i = 0; i < list->n; i++)
			put_case(&run, &list->items[i]);
		put_case(&run, &empty);
		if (strcmp(codec_types[type], "request") == 0)
			put_case(&run, &large);
		r = run_type(&run, type, results, testee, fault);
	}
	return r;
}

int codec_add_others(struct results *results)
{
	static const struct {
		const char *id, *says, *section;
	} checks[] = {
		{ "testee.answers", "Each body has one answer, in order.",
		  "conformance.md, A testee" },
		{ "testee.end", "At the end of its input it has said all, and ends with status 0.",
		  "conformance.md, A testee" },
		{ "testee.empty-body", "An empty body is refused.", "protocol-rules.md, Reading" },
		{ "testee.largest-body", "A body may have 8,388,608 bytes.",
		  "protocol-rules.md, Frames" },
	};
	static const struct {
		const char *id, *says, *section;
	} mutants[] = {
		{ "verdict",
		  "What the C codec accepts of a changed body is accepted, and what it "
		  "refuses refused.",
		  "protocol-rules.md, Reading" },
		{ "canonical", "A changed body that both accept is written as the C codec does.",
		  "protocol-rules.md, Writing" },
		{ "fixed-point",
		  "What it has written is accepted, and written again as the same bytes.",
		  "protocol-rules.md, Writing" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(checks); i++)
		if (!results_add(results, checks[i].id, checks[i].says, checks[i].section))
			return -ENOMEM;
	for (size_t type = 0; type < CODEC_TYPES; type++)
		for (size_t i = 0; i < ARRAY_SIZE(mutants); i++)
			if (!results_add_made(results, mutants[i].section, mutants[i].says,
					      "mutant.%s.%s", mutants[i].id, codec_types[type]))
				return -ENOMEM;
	return 0;
}
