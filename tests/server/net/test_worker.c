#include "server/net/worker.h"

#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>

#include "tests/check.h"

/* A platform that writes down what it does, and waits at a gate. */
struct diary {
	char text[256]; /* of the link thread's */
	sem_t gate;     /* a post for each step that may be run */
	pthread_t thread;
	bool signals_open;
	struct net net;
};

struct work {
	struct job job;
	struct plan plan;
};

static char done_text[256]; /* of the test's thread: which jobs are done */

static void note(char *text, char what, const struct step *step)
{
	size_t n = strlen(text);

	snprintf(text + n, 256 - n, "%c%u ", what, step->bridge.prefix_len);
}

static int run(void *platform, struct step *step, char *detail)
{
	struct diary *d = platform;
	sigset_t blocked;

	sem_wait(&d->gate);
	d->thread = pthread_self();
	pthread_sigmask(SIG_SETMASK, NULL, &blocked);
	d->signals_open |= !sigismember(&blocked, SIGTERM);
	if (step->kind == STEP_BRIDGE_DELETE) {
		snprintf(detail, PLAN_DETAIL_MAX, "as told");
		return -ENOBUFS;
	}
	note(d->text, '+', step);
	return 0;
}

static int run_in_parts(void *platform, struct step *step, char *detail)
{
	int r = run(platform, step, detail);

	return r == 0 && --step->bridge.n_ports > 0 ? NET_MORE : r;
}

static void undo(void *platform, struct step *step)
{
	note(((struct diary *)platform)->text, '-', step);
}

static const struct net_step steps[STEP_MAX_] = {
	[STEP_BRIDGE] = { "make", run, undo },
	[STEP_TUNNEL] = { "make slowly", run_in_parts, undo },
	[STEP_BRIDGE_DELETE] = { "fail", run, NULL },
};

static void diary_init(struct diary *d, unsigned open)
{
	*d = (struct diary){ .net = { .platform = d, .steps = steps } };
	sem_init(&d->gate, 0, open);
}

static void done(struct job *job)
{
	note(done_text, job->result < 0 ? '!' : job->undo ? '-' : '+', plan_at(job->plan, 0));
}

/* A plan of steps with these numbers, up to a 0. */
static struct work work(const unsigned *numbers)
{
	struct work w = { .job = { .done = done } };

	for (; *numbers; numbers++)
		plan_add(&w.plan, STEP_BRIDGE)->bridge.prefix_len = (uint8_t)*numbers;
	return w;
}

static void submit(struct worker *worker, struct work *w)
{
	w->job.plan = &w->plan;
	worker_submit(worker, &w->job);
}

static bool readable(const struct worker *worker, int ms)
{
	return poll(&(struct pollfd){ .fd = worker_fd(worker), .events = POLLIN }, 1, ms) == 1;
}

/* Until so much is done. */
static void collect(struct worker *worker, const char *want)
{
	while (strlen(done_text) < strlen(want)) {
		CHECK(readable(worker, 20000));
		worker_collect(worker);
	}
	CHECK_STR(done_text, want);
}

TEST(jobs_are_run_and_collected_in_order)
{
	struct work a = work((const unsigned[]){ 1, 2, 0 }), b = work((const unsigned[]){ 3, 0 }),
		    c = work((const unsigned[]){ 4, 0 });
	struct worker *worker;
	struct diary d;

	diary_init(&d, 0);
	CHECK_INT(worker_start(&d.net, &worker), 0);
	submit(worker, &a);
	submit(worker, &b);
	submit(worker, &c);
	CHECK(!readable(worker, 20));
	worker_collect(worker); /* nothing has ended */
	CHECK_STR(done_text, "");
	for (int i = 0; i < 4; i++)
		sem_post(&d.gate);
	collect(worker, "+1 +3 +4 ");
	CHECK_STR(d.text, "+1 +2 +3 +4 ");
	worker_collect(worker); /* it may have been told of the last job twice */
	CHECK(!readable(worker, 0));
	CHECK(!pthread_equal(d.thread, pthread_self()));
	CHECK(!d.signals_open); /* they are the loop's */
	worker_stop(worker);
}

static const struct {
	const char *name;
	bool patient;
	const char *done, *text;
} parts[] = {
	{ "patient", true, "+3 +4 +1 ", "+1 +3 +4 +1 +1 +2 " },
	{ "one that is not", false, "+1 +3 +4 ", "+1 +1 +1 +2 +3 +4 " },
};

TEST(a_patient_plan_lets_others_go_between)
{
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		struct work a = { .job = { .done = done } }, b = work((const unsigned[]){ 3, 0 }),
			    c = work((const unsigned[]){ 4, 0 });
		struct step *step = plan_add(&a.plan, STEP_TUNNEL);
		struct worker *worker;
		struct diary d;

		CASE("%s", parts[i].name);
		step->bridge.prefix_len = 1;
		step->bridge.n_ports = 3;
		plan_add(&a.plan, STEP_BRIDGE)->bridge.prefix_len = 2;
		a.plan.patient = parts[i].patient;
		done_text[0] = '\0';
		diary_init(&d, 0);
		CHECK_INT(worker_start(&d.net, &worker), 0);
		submit(worker, &a);
		submit(worker, &b);
		submit(worker, &c);
		for (int k = 0; k < 6; k++)
			sem_post(&d.gate);
		collect(worker, parts[i].done);
		CHECK_STR(d.text, parts[i].text);
		worker_stop(worker);
	}
}

TEST(a_part_that_fails_takes_the_plan_with_it)
{
	struct work a = work((const unsigned[]){ 1, 0 }), b = work((const unsigned[]){ 3, 0 });
	struct step *step = plan_add(&a.plan, STEP_TUNNEL);
	struct worker *worker;
	struct diary d;

	step->bridge.prefix_len = 2;
	step->bridge.n_ports = 2;
	plan_add(&a.plan, STEP_BRIDGE_DELETE);
	a.plan.patient = true;
	diary_init(&d, 0);
	CHECK_INT(worker_start(&d.net, &worker), 0);
	submit(worker, &a);
	submit(worker, &b);
	for (int i = 0; i < 5; i++)
		sem_post(&d.gate);
	collect(worker, "+3 !1 ");
	CHECK_STR(d.text, "+1 +2 +3 +2 -2 -1 ");
	worker_stop(worker);
}

TEST(what_fails_is_undone_and_told)
{
	struct work a = work((const unsigned[]){ 1, 2, 0 }), b = work((const unsigned[]){ 3, 0 });
	struct worker *worker;
	struct diary d;

	diary_init(&d, 10);
	CHECK_INT(worker_start(&d.net, &worker), 0);
	plan_add(&a.plan, STEP_BRIDGE_DELETE);
	submit(worker, &a);
	submit(worker, &b);
	collect(worker, "!1 +3 ");
	CHECK_INT(a.job.result, -ENOBUFS);
	CHECK_STR(d.text, "+1 +2 -2 -1 +3 ");
	CHECK_STR(a.plan.detail, "fail: No buffer space available (as told)");
	worker_stop(worker);
}

static void note_failure(struct job *job)
{
	size_t n = strlen(done_text);

	snprintf(done_text + n, sizeof(done_text) - n, "%zu:%s ", job->plan->failed,
		 job->plan->detail);
}

TEST(what_fails_need_not_stop_the_rest)
{
	struct work a = work((const unsigned[]){ 1, 0 });
	struct worker *worker;
	struct diary d;

	diary_init(&d, 10);
	plan_add(&a.plan, STEP_BRIDGE_DELETE);
	plan_add(&a.plan, STEP_BRIDGE)->bridge.prefix_len = 2;
	plan_add(&a.plan, STEP_BRIDGE_DELETE);
	plan_add(&a.plan, STEP_BRIDGE)->bridge.prefix_len = 3;
	a.job.failed = note_failure;
	CHECK_INT(worker_start(&d.net, &worker), 0);
	submit(worker, &a);
	worker_stop(worker);
	CHECK_STR(d.text, "+1 +2 +3 ");
	CHECK_STR(done_text, "1:fail: No buffer space available (as told) "
			     "3:fail: No buffer space available (as told) !1 ");
	CHECK_INT(a.job.result, -ENOBUFS);
	plan_done(&a.plan);
}

TEST(a_plan_that_stands_can_be_undone)
{
	struct work a = work((const unsigned[]){ 1, 2, 3, 0 });
	struct worker *worker;
	struct diary d;

	diary_init(&d, 10);
	CHECK_INT(worker_start(&d.net, &worker), 0);
	submit(worker, &a);
	collect(worker, "+1 ");
	a.job.undo = true;
	submit(worker, &a);
	collect(worker, "+1 -1 ");
	CHECK_INT(a.job.result, 0);
	CHECK_STR(d.text, "+1 +2 +3 -3 -2 -1 ");
	a.job.undo = true;
	submit(worker, &a); /* nothing stands any more */
	collect(worker, "+1 -1 -1 ");
	CHECK_STR(d.text, "+1 +2 +3 -3 -2 -1 ");
	worker_stop(worker);
}

TEST(stop_waits_for_what_is_queued)
{
	struct work all[5];
	struct worker *worker;
	struct diary d;

	diary_init(&d, 0);
	CHECK_INT(worker_start(&d.net, &worker), 0);
	for (unsigned i = 0; i < ARRAY_SIZE(all); i++) {
		all[i] = work((const unsigned[]){ i + 1, 0 });
		submit(worker, &all[i]);
		sem_post(&d.gate);
	}
	worker_stop(worker);
	CHECK_STR(d.text, "+1 +2 +3 +4 +5 ");
	CHECK_STR(done_text, "+1 +2 +3 +4 +5 ");
	worker_stop(NULL);
}

static void run_by_itself(struct job *job)
{
	struct work *w = CONTAINER_OF(job, struct work, job);

	CHECK(plan_add(&w->plan, STEP_BRIDGE));
}

/* Without a platform. */
TEST(a_job_that_is_no_plan)
{
	struct work a = { .job = { .run = run_by_itself, .done = done } };
	struct worker *worker;

	CHECK_INT(worker_start(NULL, &worker), 0);
	submit(worker, &a);
	collect(worker, "+0 ");
	CHECK_INT(a.plan.n, 1);
	plan_done(&a.plan);
	worker_stop(worker);
}

static struct worker *asked; /* by more_done */

static void more_done(struct job *job)
{
	static struct work more;

	done(job);
	more = work((const unsigned[]){ 9, 0 });
	submit(asked, &more);
}

TEST(done_may_submit_more)
{
	struct work a = work((const unsigned[]){ 1, 0 });
	struct diary d;

	diary_init(&d, 10);
	CHECK_INT(worker_start(&d.net, &asked), 0);
	a.job.done = more_done;
	submit(asked, &a);
	collect(asked, "+1 +9 ");
	worker_stop(asked);
}
