#include "runtime/json.h"
#include "tests/conformance/suite/report.h"

/* A check, as the report has it. */
struct row {
	struct ovd_view id, says, section, verdict, detail, known;
	uint64_t cases, failed, ms;
};

/* How many have which verdict. */
struct summary {
	uint64_t passed, failed, known, unexpected, skipped;
};

struct document {
	struct ovd_view suite;
	struct summary summary;
	struct ovd_list checks; /* of rows */
};

#define LITERAL(key) .literal = "\"" #key "\":", .literal_len = sizeof("\"" #key "\":") - 1
#define TEXT(type, key, presence)                                                                  \
	{                                                                                          \
		LITERAL(key), .kind = OVD_KIND_TEXT, .flags = presence,                            \
			      .offset = offsetof(struct type, key), .max_bytes = 1 << 20           \
	}
#define NUMBER(type, key)                                                                          \
	{                                                                                          \
		LITERAL(key), .kind = OVD_KIND_UINT, .flags = OVD_REQUIRED, .width = 8,            \
			      .offset = offsetof(struct type, key)                                 \
	}

static const struct ovd_row check_rows[] = {
	TEXT(row, id, OVD_REQUIRED),
	TEXT(row, says, OVD_REQUIRED),
	TEXT(row, section, OVD_REQUIRED),
	TEXT(row, verdict, OVD_REQUIRED),
	TEXT(row, detail, OVD_OPTIONAL),
	TEXT(row, known, OVD_OPTIONAL),
	NUMBER(row, cases),
	NUMBER(row, failed),
	NUMBER(row, ms),
};
static const struct ovd_object check_object = { .name = "check",
						.rows = check_rows,
						.size = sizeof(struct row),
						.n_rows = ARRAY_SIZE(check_rows) };

static const struct ovd_row summary_rows[] = {
	NUMBER(summary, passed),     NUMBER(summary, failed),  NUMBER(summary, known),
	NUMBER(summary, unexpected), NUMBER(summary, skipped),
};
static const struct ovd_object summary_object = { .name = "summary",
						  .rows = summary_rows,
						  .size = sizeof(struct summary),
						  .n_rows = ARRAY_SIZE(summary_rows) };

static const struct ovd_row document_rows[] = {
	TEXT(document, suite, OVD_REQUIRED),
	{ LITERAL(summary), .kind = OVD_KIND_OBJECT, .flags = OVD_REQUIRED,
	  .offset = offsetof(struct document, summary), .type = &summary_object },
	{ LITERAL(checks), .kind = OVD_KIND_OBJECT, .flags = OVD_REQUIRED | OVD_LIST,
	  .offset = offsetof(struct document, checks), .max_items = 1 << 20,
	  .item_size = sizeof(struct row), .type = &check_object },
};
static const struct ovd_object document_object = { .name = "report",
						   .rows = document_rows,
						   .size = sizeof(struct document),
						   .n_rows = ARRAY_SIZE(document_rows) };
static const struct ovd_table table = { .object = &document_object };

static struct row row_of(const struct result *r)
{
	return (struct row){
		.id = view(r->id),
		.says = view(r->says),
		.section = view(r->section),
		.verdict = view(verdict_name(result_verdict(r))),
		.detail = view(r->detail[0] ? r->detail : NULL),
		.known = view(r->known),
		.cases = r->n_cases,
		.failed = r->n_failed,
		.ms = r->ms,
	};
}

int report_json(const struct results *all, struct buf *out)
{
	_cleanup_(freep) struct row *rows = NULL;
	struct document document = { .suite = view(all->name) };
	size_t counts[VERDICT_MAX_], n = 0;
	int r;

	results_count(all, counts);
	document.summary = (struct summary){ counts[VERDICT_PASSED], counts[VERDICT_FAILED],
					     counts[VERDICT_KNOWN], counts[VERDICT_UNEXPECTED],
					     counts[VERDICT_SKIPPED] };
	for (size_t i = 0; i < VERDICT_MAX_; i++)
		n += counts[i];
	rows = calloc(n + 1, sizeof(*rows));
	if (!rows)
		return -ENOMEM;
	n = 0;
	for (const struct result *result = all->first; result; result = result->next)
		if (result->selected)
			rows[n++] = row_of(result);
	document.checks = (struct ovd_list){ rows, n };
	r = json_encode(&table, &document, out);
	return r < 0 ? r : buf_text(out, "\n");
}
