#include <inttypes.h>

#include "tests/conformance/suite/report.h"

/* Results hold no control bytes. */
static int put_escaped(struct buf *out, const char *text)
{
	int n = 0;

	for (; *text && n == 0; text++) {
		if (*text == '&')
			n = buf_text(out, "&amp;");
		else if (*text == '<')
			n = buf_text(out, "&lt;");
		else if (*text == '>')
			n = buf_text(out, "&gt;");
		else if (*text == '"')
			n = buf_text(out, "&quot;");
		else
			n = buf_append(out, text, 1);
	}
	return n;
}

static int put_pair(struct buf *out, const char *before, const char *text, const char *after)
{
	int n = buf_text(out, before);

	if (n == 0)
		n = put_escaped(out, text);
	return n < 0 ? n : buf_text(out, after);
}

static int put_verdict(const struct result *r, struct buf *out)
{
	switch (result_verdict(r)) {
	case VERDICT_PASSED:
	case VERDICT_MAX_:
		return 0;
	case VERDICT_FAILED:
		return put_pair(out, "<failure message=\"", r->detail, "\"/>");
	case VERDICT_SKIPPED:
		return put_pair(out, "<skipped message=\"",
				r->outcome == OUTCOME_NOT_RUN ? "not run" : r->detail, "\"/>");
	case VERDICT_KNOWN:
		return put_pair(out, "<skipped message=\"known to fail: ", r->known, "\"/>");
	case VERDICT_UNEXPECTED:
		return put_pair(out, "<failure message=\"passed, but is known to fail: ", r->known,
				"\"/>");
	}
	return 0;
}

static int put_case(const struct results *all, const struct result *r, struct buf *out)
{
	int n = buf_printf(out, "<testcase classname=\"overlay-conform.%s\" name=\"", all->name);

	if (n == 0)
		n = put_escaped(out, r->id);
	if (n == 0)
		n = buf_printf(out, "\" time=\"%" PRIu64 ".%03u\">", r->ms / 1000,
			       (unsigned)(r->ms % 1000));
	if (n == 0)
		n = put_verdict(r, out);
	if (n == 0)
		n = put_pair(out, "<system-out>", r->says, " (");
	if (n == 0)
		n = put_pair(out, "", r->section, ")</system-out></testcase>\n");
	return n;
}

int report_junit(const struct results *all, struct buf *out)
{
	size_t counts[VERDICT_MAX_], total = 0;
	int n;

	results_count(all, counts);
	for (size_t i = 0; i < VERDICT_MAX_; i++)
		total += counts[i];
	n = buf_printf(out,
		       "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites><testsuite "
		       "name=\"overlay-conform %s\" tests=\"%zu\" failures=\"%zu\" errors=\"0\" "
		       "skipped=\"%zu\">\n",
		       all->name, total, counts[VERDICT_FAILED] + counts[VERDICT_UNEXPECTED],
		       counts[VERDICT_SKIPPED] + counts[VERDICT_KNOWN]);
	for (const struct result *r = all->first; r && n == 0; r = r->next)
		if (r->selected)
			n = put_case(all, r, out);
	return n < 0 ? n : buf_text(out, "</testsuite></testsuites>\n");
}
