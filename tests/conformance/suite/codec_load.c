/* From the vectors' files to cases and their results. */
#include <stdio.h>

#include "tests/conformance/suite/codec.h"
#include "tests/conformance/suite/protobuf_cases.h"
#include "tests/conformance/suite/recode.h"
#include "tests/conformance/suite/vector.h"

#define READING "protocol-rules.md, Reading"
#define WRITING "protocol-rules.md, Writing"
#define LINES   "protocol-rules.md, Several lines of the contract at once"

const char *const codec_types[CODEC_TYPES] = { "frame", "request", "response", "event" };

/* What is refused on purpose although the reference's published types accept it. */
static const struct {
	const char *class, *says;
} strict[] = {
	{ "integer_tag", "A tag that is a number is refused." },
	{ "array_form", "A struct, or a tagged union, that is a list is refused." },
	{ "nul", "\\u0000 is refused in any string, known or not, and in keys." },
	{ "limit", "A text or a list above its limit is refused." },
	{ "enum_as_map", "An enum that is an object is refused." },
	{ "older_line_key", "nat_enabled is refused twice, or as another thing than a boolean." },
};

/* One file. */
struct loading {
	struct codec_cases *cases;
	struct results *results;
	const char *line; /* 0.14; NULL for the files that are of no line */
};

/* A name up to what was varied in it. */
static int group_length(const struct vector *vector)
{
	return (int)strcspn(vector->name.p, vector->verdict ? "+" : ".=");
}

static struct result *add_line_result(const struct loading *l, const struct vector *vector)
{
	char says[256];
	int n = group_length(vector);

	if (l->line) {
		snprintf(says, sizeof(says),
			 "%s %.*s of the line %s is read, and written as the same bytes.",
			 vector->type.p, n, vector->name.p, l->line);
		return results_add_made(l->results, WRITING, says, "vectors.%s.%s.%.*s", l->line,
					vector->type.p, n, vector->name.p);
	}
	snprintf(says, sizeof(says),
		 "%s %.*s of an older line is read, and written in the newest form.",
		 vector->type.p, n, vector->name.p);
	return results_add_made(l->results, LINES, says, "vectors.older.%s.%.*s", vector->type.p, n,
				vector->name.p);
}

static struct result *add_strict_result(struct results *results, const struct vector *vector)
{
	const char *says = "What the contract refuses beyond the reference is refused.";

	for (size_t i = 0; i < ARRAY_SIZE(strict); i++)
		if (view_eq(vector->class, view(strict[i].class)))
			says = strict[i].says;
	return results_add_made(results, READING, says, "verdict.strict.%s",
				vector->class.p ? vector->class.p : "other");
}

static struct result *add_verdict_result(struct results *results, const struct vector *vector)
{
	char says[256];
	int n = group_length(vector);

	if (vector->strict)
		return add_strict_result(results, vector);
	snprintf(says, sizeof(says),
		 vector->accepted
			 ? "What is well-formed after the change %.*s is read, and written "
			   "in canonical form."
			 : "What is malformed after the change %.*s is refused.",
		 n, vector->name.p);
	return results_add_made(results, READING, says, "verdict.%s.%.*s",
				vector->accepted ? "accept" : "refuse", n, vector->name.p);
}

static struct codec_list *list_of(struct codec_cases *cases, struct ovd_view type)
{
	for (size_t i = 0; i < CODEC_TYPES; i++)
		if (view_eq(view(codec_types[i]), type))
			return &cases->of[i];
	return NULL;
}

static struct codec_case *list_add(struct codec_list *list)
{
	size_t room = list->room ? 2 * list->room : 512;
	struct codec_case *items;

	if (list->n == list->room) {
		items = realloc(list->items, room * sizeof(*items));
		if (!items)
			return NULL;
		list->items = items;
		list->room = room;
	}
	return &list->items[list->n++];
}

/* Older lines have bodies that are written in another form: those are in a file of their own, read
 * before. */
static bool is_there(const struct codec_list *list, const struct vector *vector)
{
	for (size_t i = 0; i < list->n; i++)
		if (view_eq(list->items[i].body, vector->body))
			return true;
	return false;
}

static int keep_case(struct loading *l, struct codec_list *list, const struct vector *vector)
{
	struct ovd_view canonical = vector->canonical.p ? vector->canonical : vector->body;
	bool old = l->line && strcmp(l->line, "0.12") == 0;
	struct codec_case made;
	struct codec_case *added;

	if (old && is_there(list, vector))
		return 0;
	made = (struct codec_case){
		.name = arena_copy(&l->cases->arena, vector->name.p, vector->name.n),
		.body = { arena_copy(&l->cases->arena, vector->body.p, vector->body.n + BUF_SLACK),
			  vector->body.n },
		.canonical = { arena_copy(&l->cases->arena, canonical.p, canonical.n),
			       canonical.n },
		.accepted = vector->accepted && !vector->strict,
		.base = l->line && strcmp(l->line, "0.14") == 0,
		.result = vector->verdict ? add_verdict_result(l->results, vector)
					  : add_line_result(l, vector),
	};
	added = made.name && made.body.p && made.canonical.p && made.result ? list_add(list) : NULL;
	if (!added)
		return -ENOMEM;
	*added = made;
	return 0;
}

/* The same in protobuf, where nothing is canonical but what was written. What is broken JSON, or
 * refused for how JSON says it, has no other form. */
static int keep_as_protobuf(struct loading *l, struct codec_list *list, const struct vector *vector)
{
	_cleanup_(buf_done) struct buf body = { .p = NULL };
	struct vector other = *vector;
	int r;

	if (!vector->accepted || vector->strict)
		return 0;
	r = recode_body(vector->type.p, OVD_CODEC_JSON, OVD_CODEC_PROTOBUF, vector->body, &body);
	if (r <= 0)
		return r < 0 ? r : -EBADMSG;
	if (buf_reserve(&body, BUF_SLACK) < 0)
		return -ENOMEM;
	memset(body.p + body.n, 0, BUF_SLACK);
	other.body = other.canonical = buf_view(&body);
	return keep_case(l, list, &other);
}

static int add_case(void *arg, const struct vector *vector)
{
	struct loading *l = arg;
	struct codec_list *list = list_of(l->cases, vector->type);

	if (!list)
		return -EBADMSG;
	return l->cases->codec == OVD_CODEC_JSON ? keep_case(l, list, vector)
						 : keep_as_protobuf(l, list, vector);
}

static int add_made_by_hand(struct codec_cases *cases, struct results *results)
{
	for (size_t i = 0; i < protobuf_n_cases; i++) {
		const struct protobuf_case *made = &protobuf_cases[i];
		struct codec_case *added = list_add(list_of(cases, VIEW_LITERAL("frame")));
		struct result *result = results_add(results, made->id, made->says, PROTOBUF_RULES);

		if (!added || !result)
			return -ENOMEM;
		*added = (struct codec_case){ .name = made->id,
					      .body = made->body,
					      .canonical = made->canonical,
					      .accepted = made->canonical.p,
					      .result = result };
	}
	return 0;
}

int codec_cases_load(struct codec_cases *cases, const char *folder, struct results *results,
		     struct buf *fault)
{
	static const struct {
		const char *file, *line;
	} files[] = {
		{ "older-lines.jsonl", NULL },     { "contract-0.12.jsonl", "0.12" },
		{ "contract-0.13.jsonl", "0.13" }, { "contract-0.14.jsonl", "0.14" },
		{ "verdicts.jsonl", NULL },
	};
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(files) && r == 0; i++) {
		struct loading loading = { cases, results, files[i].line };
		_cleanup_(buf_done) struct buf path = { .p = NULL };

		if (buf_printf(&path, "%s/%s", folder, files[i].file) < 0)
			return -ENOMEM;
		r = vectors_each(path.p, add_case, &loading);
		if (r < 0)
			buf_text(fault, path.p);
	}
	if (r == 0 && cases->codec == OVD_CODEC_PROTOBUF)
		r = add_made_by_hand(cases, results);
	return r;
}

const char *codec_show(enum ovd_codec codec, struct ovd_view body, struct codec_shown *ret)
{
	ret->text[0] = '\0';
	if (codec == OVD_CODEC_JSON)
		snprintf(ret->text, sizeof(ret->text), "%.*s", VIEW(body));
	else
		for (size_t i = 0; i < body.n && 2 * i + 2 < sizeof(ret->text); i++)
			snprintf(ret->text + 2 * i, 3, "%02x", (unsigned char)body.p[i]);
	return ret->text;
}

void codec_cases_done(struct codec_cases *cases)
{
	for (size_t i = 0; i < CODEC_TYPES; i++)
		free(cases->of[i].items);
	arena_done(&cases->arena);
	*cases = (struct codec_cases){ .arena = { .chunk = NULL } };
}
