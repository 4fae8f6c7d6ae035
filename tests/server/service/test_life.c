/* A service's whole life, under a manager that objects. */
#include "server/service/life.h"

#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "tests/check.h"
#include "tests/server/service/manager.h"

#define HINT 20

/* A service whose work is a flag, and what became of it, in order: s start, R its note, w serve, f
 * finish, F or S its note, 1 STOPPED. */
struct work {
	struct manager manager;
	struct life *life;
	enum service_exit start_fails, serve_fails;
	const char *fault;
	unsigned stop_in_start; /* a control that comes while it starts */
	bool ends_itself;
	unsigned end_takes;  /* so many checkpoints */
	atomic_uint stopped; /* how often it was asked to */
	atomic_bool usable;  /* between start and finish */
	atomic_uint misuse;
	pthread_mutex_t lock; /* around order */
	char order[16], said[64];
};

#define WORK_INIT                                                                                  \
	{                                                                                          \
		.manager = MANAGER_INIT, .lock = PTHREAD_MUTEX_INITIALIZER                         \
	}

static void mark(struct work *w, char what)
{
	size_t n;

	pthread_mutex_lock(&w->lock);
	n = strlen(w->order);
	if (n < sizeof(w->order) - 1)
		w->order[n] = what;
	pthread_mutex_unlock(&w->lock);
}

static enum service_exit start(void *arg, struct life *life)
{
	struct work *w = arg;

	mark(w, 's');
	life_progress(life);
	if (w->stop_in_start)
		CHECK_INT(life_control(life, w->stop_in_start), 0);
	life_progress(life);
	w->usable = !w->start_fails;
	return w->start_fails;
}

static enum service_exit serve(void *arg)
{
	struct work *w = arg;

	mark(w, 'w');
	while (!w->stopped && !w->ends_itself)
		usleep(100);
	return w->serve_fails;
}

static void stop(void *arg)
{
	struct work *w = arg;

	if (!w->usable)
		w->misuse++;
	w->stopped++;
}

static void finish(void *arg)
{
	struct work *w = arg;
	unsigned n = manager_count(&w->manager);

	w->usable = false;
	for (int i = 0; manager_count(&w->manager) < n + w->end_takes && i < 20000; i++)
		usleep(1000);
	if (w->end_takes == LIFE_CHECKPOINTS_MAX)
		usleep(5 * 1000 * HINT); /* ten more, if they came */
	mark(w, 'f');
}

static const char *fault(void *arg)
{
	return ((struct work *)arg)->fault;
}

static const struct life_work work = {
	.start = start,
	.serve = serve,
	.stop = stop,
	.finish = finish,
	.fault = fault,
};

static void report(void *arg, const struct scm_status *status)
{
	struct work *w = arg;

	if (status->state == SCM_STOPPED)
		mark(w, '1');
	manager_report(&w->manager, status);
}

static void note(void *arg, enum life_note what, enum service_exit code, const char *text)
{
	struct work *w = arg;

	mark(w, what == LIFE_STARTED ? 'R' : what == LIFE_STOPPED ? 'S' : 'F');
	snprintf(w->said, sizeof(w->said), "%d %s", code, text);
}

static const struct life_host host = {
	.report = report,
	.note = note,
	.start_hint_ms = 3000,
	.stop_hint_ms = HINT,
};

static void *run(void *arg)
{
	struct work *w = arg;

	return (void *)(intptr_t)life_run(w->life);
}

static pthread_t begin(struct work *w)
{
	pthread_t thread;

	w->life = life_new(&host, w, &work, w);
	CHECK(w->life);
	CHECK_INT(pthread_create(&thread, NULL, run, w), 0);
	return thread;
}

static void end(struct work *w, pthread_t thread, enum service_exit code)
{
	void *got;

	pthread_join(thread, &got);
	CHECK_INT((intptr_t)got, code);
	life_free(w->life);
	if (w->manager.illegal)
		check_fail(__FILE__, __LINE__, "%s", w->manager.wrong);
	CHECK_INT(w->manager.last.state, SCM_STOPPED);
	CHECK_INT(w->manager.last.win32_exit, code ? 1066 : 0);
	CHECK_INT(w->manager.last.specific_exit, code);
	CHECK_INT(w->misuse, 0);
}

TEST(starts_and_stops)
{
	static const uint32_t stops[] = { SCM_CONTROL_STOP, SCM_CONTROL_SHUTDOWN,
					  SCM_CONTROL_PRESHUTDOWN };

	for (size_t i = 0; i < ARRAY_SIZE(stops); i++) {
		struct work w = WORK_INIT;
		char path[4 * MANAGER_REPORTS];
		pthread_t thread = begin(&w);

		manager_wait(&w.manager, SCM_RUNNING);
		CHECK_INT(life_control(w.life, 200), 120);
		CHECK_INT(life_control(w.life, SCM_CONTROL_INTERROGATE), 0);
		CHECK_INT(life_control(w.life, stops[i]), 0);
		CHECK_INT(life_control(w.life, stops[i]), 0);
		end(&w, thread, SERVICE_EXIT_FINE);
		CHECK_STR(manager_path(&w.manager, path), "2 4 3 1");
		CHECK_STR(w.order, "sRwfS1");
	}
}

/* RUNNING is a promise: nothing says it before start has returned. */
TEST(a_start_that_fails)
{
	for (enum service_exit code = SERVICE_EXIT_ARGUMENTS; code <= SERVICE_EXIT_TWICE; code++) {
		struct work w = WORK_INIT;
		char path[4 * MANAGER_REPORTS];

		w.start_fails = code;
		w.stop_in_start = code % 2 ? 0 : SCM_CONTROL_STOP;
		w.fault = code % 2 ? "pipe x: taken" : NULL;
		end(&w, begin(&w), code);
		CHECK_STR(manager_path(&w.manager, path), "2 1");
		CHECK_INT(w.manager.reports[2].checkpoint, 3);
		CHECK_STR(w.order, "sF1");
		CHECK_STR(w.said + 2, code % 2 ? "pipe x: taken" : service_exit_text(code));
	}
}

TEST(a_stop_while_it_starts)
{
	struct work w = WORK_INIT;
	char path[4 * MANAGER_REPORTS];

	w.stop_in_start = SCM_CONTROL_PRESHUTDOWN;
	end(&w, begin(&w), SERVICE_EXIT_FINE);
	CHECK_STR(manager_path(&w.manager, path), "2 3 1");
	CHECK_STR(w.order, "swfS1");
}

/* A client's shutdown, and a loop that fails: nobody asked for a stop. */
TEST(it_ends_by_itself)
{
	for (enum service_exit code = SERVICE_EXIT_FINE; code <= SERVICE_EXIT_LOOP_FAILED;
	     code += SERVICE_EXIT_LOOP_FAILED) {
		struct work w = WORK_INIT;
		char path[4 * MANAGER_REPORTS];

		w.ends_itself = true;
		w.serve_fails = code;
		end(&w, begin(&w), code);
		CHECK_STR(manager_path(&w.manager, path), "2 4 3 1");
		CHECK_STR(w.order, code ? "sRwfF1" : "sRwfS1");
	}
}

static void clean_up(struct work *w, unsigned checkpoints)
{
	pthread_t thread;

	w->end_takes = checkpoints;
	thread = begin(w);
	manager_wait(&w->manager, SCM_RUNNING);
	life_control(w->life, SCM_CONTROL_STOP);
	end(w, thread, SERVICE_EXIT_FINE);
}

/* The clean-up here ends after three more checkpoints. */
TEST(checkpoints_while_it_cleans_up)
{
	struct work w = WORK_INIT;

	clean_up(&w, 3);
	CHECK(w.manager.n >= 8);
}

/* What hangs doesn't look alive for ever. */
TEST(checkpoints_come_to_an_end)
{
	struct work w = WORK_INIT;

	clean_up(&w, LIFE_CHECKPOINTS_MAX);
	CHECK_INT(w.manager.reports[w.manager.n - 2].state, SCM_STOP_PENDING);
	CHECK_INT(w.manager.reports[w.manager.n - 2].checkpoint, 1 + LIFE_CHECKPOINTS_MAX);
}

/* ---- a thousand lives ---- */

struct nuisance {
	struct work *w;
	unsigned seed;
	atomic_bool *over;
	unsigned sent;
};

static unsigned next(unsigned *seed)
{
	*seed = *seed * 1103515245 + 12345;
	return *seed >> 16;
}

static void *disturb(void *arg)
{
	static const uint32_t numbers[] = { 1, 4, 4, 5, 15, 200 };
	struct nuisance *n = arg;

	while (!*n->over) {
		usleep(next(&n->seed) % 300);
		life_control(n->w->life, numbers[next(&n->seed) % ARRAY_SIZE(numbers)]);
		n->sent++;
	}
	return NULL;
}

static unsigned live_disturbed(unsigned seed)
{
	static const enum service_exit fails[] = { 0, 0, 0, 4, 0, 7 };
	struct work w = WORK_INIT;
	atomic_bool over = false;
	struct nuisance n[3];
	pthread_t threads[3];
	unsigned sent = 0;
	void *code;

	w.start_fails = fails[next(&seed) % ARRAY_SIZE(fails)];
	w.serve_fails = next(&seed) % 4 ? 0 : SERVICE_EXIT_LOOP_FAILED;
	w.ends_itself = next(&seed) % 4 == 0;
	w.life = life_new(&host, &w, &work, &w);
	for (unsigned i = 0; i < ARRAY_SIZE(n); i++) {
		n[i] = (struct nuisance){ &w, seed + i, &over, 0 };
		CHECK_INT(pthread_create(&threads[i], NULL, disturb, &n[i]), 0);
	}
	usleep(next(&seed) % 500);
	code = run(&w);
	over = true;
	for (unsigned i = 0; i < ARRAY_SIZE(n); i++) {
		pthread_join(threads[i], NULL);
		sent += n[i].sent;
	}
	life_free(w.life);
	CASE("seed %u", seed);
	if (w.manager.illegal)
		check_fail(__FILE__, __LINE__, "%s", w.manager.wrong);
	CHECK_INT(w.manager.last.state, SCM_STOPPED);
	CHECK_INT(w.manager.last.specific_exit, (intptr_t)code);
	CHECK_INT(w.order[strlen(w.order) - 1], '1');
	CHECK_INT(w.misuse, 0);
	return sent;
}

TEST(a_thousand_lives_with_controls_at_random_moments)
{
	unsigned sent = 0;

	for (unsigned i = 0; i < 1000; i++)
		sent += live_disturbed(i);
	CHECK(sent > 1000);
}
