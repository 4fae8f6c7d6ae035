/* Records that a plan writes and takes back; the store is one that notes what is asked of it. */
#include "server/net/plan_run.h"

#include <stdio.h>
#include <string.h>

#include "server/store/store.h"
#include "tests/check.h"
#include "tests/server/net/net_fake.h"

struct store {
	struct buf said;
	bool full;
};

static int note(struct buf *to, const char *what, const struct state_record *record)
{
	return buf_printf(to, "%s %.*s:%.*s ", what, VIEW(record->service.name),
			  VIEW(record->service.link));
}

int store_put(struct store *s, const struct state_record *record)
{
	return s->full ? -ENOSPC : note(&s->said, "put", record);
}

int store_delete(struct store *s, const struct state_record *record)
{
	return s->full ? -ENOSPC : note(&s->said, "delete", record);
}

int store_batch_put(struct store_batch *batch, const struct state_record *record)
{
	return note(&batch->pieces[0], "put", record);
}

int store_batch_delete(struct store_batch *batch, const struct state_record *record)
{
	return note(&batch->pieces[0], "delete", record);
}

void store_batch_done(struct store_batch *batch)
{
	buf_done(&batch->pieces[0]);
}

int store_commit(struct store *s, const struct store_batch *batch)
{
	return s->full ? -ENOSPC
		       : buf_printf(&s->said, "once(%.*s) ", VIEW(buf_view(&batch->pieces[0])));
}

struct rig {
	struct store store;
	struct net_fake fake;
	struct plan plan;
};

static struct state_record service(const char *name, const char *link)
{
	return (struct state_record){ .kind = STATE_RECORD_SERVICE,
				      .service = { .name = view(name), .link = view(link) } };
}

static void remember(struct rig *rig, const char *name, const char *was, bool more)
{
	struct step_remember *step = &plan_add(&rig->plan, STEP_REMEMBER)->remember;

	step->record = service(name, "new");
	step->has_was = was != NULL;
	if (was)
		step->was = service(name, was);
	step->more = more;
}

static void begin(struct rig *rig)
{
	*rig = (struct rig){ .store = { .full = false } };
	net_fake_init(&rig->fake);
	rig->fake.net.store = &rig->store;
}

static void check_said(struct rig *rig, const char *want)
{
	CHECK_INT(buf_text(&rig->store.said, ""), 0);
	CHECK_VIEW(buf_view(&rig->store.said), want);
	rig->store.said.n = 0;
}

static void end(struct rig *rig)
{
	plan_done(&rig->plan);
	buf_done(&rig->store.said);
}

/* One alone, a row of three, one alone. */
static void add_row(struct rig *rig)
{
	remember(rig, "x", "old", false);
	remember(rig, "a", "old", true);
	remember(rig, "b", NULL, true);
	remember(rig, "c", "old", false);
	remember(rig, "y", NULL, false);
}

TEST(a_row_of_records_is_one_change)
{
	struct rig rig;

	begin(&rig);
	add_row(&rig);
	CHECK_INT(plan_run(&rig.fake.net, &rig.plan), 0);
	check_said(&rig, "put x:new once(put c:new put b:new put a:new ) put y:new ");
	plan_undo(&rig.fake.net, &rig.plan);
	check_said(&rig, "delete y:new once(put c:old delete b:new put a:old ) put x:old ");
	end(&rig);
}

TEST(a_patient_plan_is_run_in_parts)
{
	static const struct {
		bool patient;
		int r;
	} cases[] = { { true, NET_MORE }, { false, 0 } };
	struct rig rig;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		begin(&rig);
		for (int k = 0; k < 1000; k++)
			remember(&rig, "a", NULL, true);
		remember(&rig, "a", NULL, false);
		rig.plan.patient = cases[i].patient;
		CHECK_INT(plan_run_part(&rig.fake.net, &rig.plan), cases[i].r);
		CHECK_INT(rig.plan.n_done < 1000, cases[i].patient);
		CHECK_INT(plan_run(&rig.fake.net, &rig.plan), 0); /* from the beginning */
		CHECK_INT(rig.plan.n_done, 1001);
		plan_clear(&rig.plan);
		CHECK(!rig.plan.patient);
		end(&rig);
	}
}

TEST(a_row_that_fails_has_changed_nothing)
{
	struct rig rig;

	begin(&rig);
	remember(&rig, "a", "old", true);
	remember(&rig, "b", "old", false);
	rig.store.full = true;
	CHECK_INT(plan_run(&rig.fake.net, &rig.plan), -ENOSPC);
	CHECK_INT(rig.plan.failed, 1);
	CHECK_STR(rig.plan.detail, "write the store: No space left on device");
	rig.store.full = false;
	check_said(&rig, "");
	end(&rig);
}

TEST(a_record_that_is_not_put_back_is_told)
{
	struct rig rig;

	begin(&rig);
	add_row(&rig);
	CHECK_INT(plan_run(&rig.fake.net, &rig.plan), 0);
	rig.store.full = true;
	plan_undo(&rig.fake.net, &rig.plan);
	CHECK(strncmp(rig.plan.detail,
		      "not taken back in the store: No space left on device; not taken back",
		      66) == 0);
	end(&rig);
}
