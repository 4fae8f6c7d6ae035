#include "tests/conformance/suite/report.h"

static int put_failure(const struct result *r, struct buf *out)
{
	int n = buf_printf(out, "  %s (%s)\n  %s\n", r->says, r->section, r->detail);

	if (n == 0 && r->n_cases > 1)
		n = buf_printf(out, "  %zu of %zu inputs\n", r->n_failed, r->n_cases);
	return n;
}

static int put_result(const struct result *r, struct buf *out)
{
	int n;

	switch (result_verdict(r)) {
	case VERDICT_PASSED:
		return buf_printf(out, "%s - ok\n", r->id);
	case VERDICT_SKIPPED:
		return buf_printf(out, "%s - SKIPPED: %s\n", r->id,
				  r->outcome == OUTCOME_NOT_RUN ? "not run" : r->detail);
	case VERDICT_KNOWN:
		return buf_printf(out, "%s - known: %s\n", r->id, r->known);
	case VERDICT_UNEXPECTED:
		return buf_printf(out, "%s - PASSED UNEXPECTEDLY: it is known to fail: %s\n", r->id,
				  r->known);
	case VERDICT_FAILED:
		n = buf_printf(out, "%s - FAILED\n", r->id);
		return n < 0 ? n : put_failure(r, out);
	case VERDICT_MAX_:
		break;
	}
	return -EINVAL;
}

int report_text(const struct results *all, struct buf *out)
{
	size_t counts[VERDICT_MAX_];
	int n = 0;

	for (const struct result *r = all->first; r && n == 0; r = r->next)
		if (r->selected)
			n = put_result(r, out);
	results_count(all, counts);
	if (n == 0)
		n = buf_printf(out,
			       "%s: %zu passed, %zu failed, %zu known to fail, %zu passed "
			       "unexpectedly, %zu skipped\n",
			       all->name, counts[VERDICT_PASSED], counts[VERDICT_FAILED],
			       counts[VERDICT_KNOWN], counts[VERDICT_UNEXPECTED],
			       counts[VERDICT_SKIPPED]);
	return n;
}

int report_list(const struct results *all, struct buf *out)
{
	int n = 0;

	for (const struct result *r = all->first; r && n == 0; r = r->next)
		if (r->selected)
			n = buf_printf(out, "%s %s\n\t%s (%s)\n", all->name, r->id, r->says,
				       r->section);
	return n;
}
