#include "runtime/buf.h"
#include "tests/conformance/vectors.h"

#define DATA "tests/data/vectors/"

static void check_record(const struct record *record)
{
	_cleanup_(buf_done) struct buf out = { .p = NULL };

	CASE("%s %s: %.*s", record->type, record->name, (int)MIN(record->body.n, (size_t)120),
	     record->body.p);
	if (recode(record, record->body, &out) != record->accepted)
		check_fail(__FILE__, __LINE__,
			   record->accepted ? "refused: %.*s" : "accepted as %.*s",
			   VIEW(buf_view(&out)));
	if (record->accepted && !view_eq(buf_view(&out), record->canonical))
		check_fail(__FILE__, __LINE__, "written as %.*s\n  not as     %.*s",
			   VIEW(buf_view(&out)), VIEW(record->canonical));
}

TEST(contract_0_14)
{
	CHECK_INT(each_record(DATA "contract-0.14.jsonl", check_record), 818);
}

TEST(contract_0_13)
{
	CHECK_INT(each_record(DATA "contract-0.13.jsonl", check_record), 757);
}

/* Bodies that an older line writes otherwise are in older-lines.jsonl, with what ours makes of
 * them. */
static void check_old_record(const struct record *record)
{
	if (!memmem(record->body.p, record->body.n, "\"setup_global_overlay\"", 22) &&
	    !memmem(record->body.p, record->body.n, "\"attach_container\"", 18))
		check_record(record);
}

TEST(contract_0_12)
{
	CHECK_INT(each_record(DATA "contract-0.12.jsonl", check_old_record), 655);
}

TEST(older_lines)
{
	CHECK_INT(each_record(DATA "older-lines.jsonl", check_record), 43);
}

TEST(verdicts)
{
	CHECK_INT(each_record(DATA "verdicts.jsonl", check_record), 5733);
}
