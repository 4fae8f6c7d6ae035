#include "server/watchdog.h"

#include <stdlib.h>
#include <unistd.h>

#include "runtime/number.h"
#include "runtime/util.h"
#include "server/notify.h"

#define PROOFS        3 /* in an interval */
#define USEC_PER_MSEC 1000

/* Milliseconds; 0: nobody waits for a proof of ours. */
static uint64_t interval(void)
{
	const char *usec = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
	uint64_t n;

	if (pid && (u64_parse(view(pid), INT32_MAX, &n) < 0 || n != (uint64_t)getpid()))
		return 0;
	if (!usec || u64_parse(view(usec), UINT64_MAX, &n) < 0 || n == 0)
		return 0;
	return MAX(n / (PROOFS * USEC_PER_MSEC), UINT64_C(1));
}

static void proved(struct job *job)
{
	struct watchdog *w = CONTAINER_OF(job, struct watchdog, proof);

	w->on_its_way = false;
	if (w->running)
		notify_state("WATCHDOG=1");
}

static void prove(uv_timer_t *timer)
{
	struct watchdog *w = timer->data;

	if (w->on_its_way)
		return;
	w->on_its_way = true;
	w->proof = (struct job){ .plan = &w->plan, .done = proved };
	worker_submit(w->worker, &w->proof);
}

void watchdog_start(struct watchdog *w, uv_loop_t *loop, struct worker *worker)
{
	uint64_t ms = interval();

	if (ms == 0)
		return;
	w->worker = worker;
	w->running = true;
	uv_timer_init(loop, &w->timer);
	w->timer.data = w;
	uv_timer_start(&w->timer, prove, 0, ms);
}

void watchdog_stop(struct watchdog *w)
{
	if (!w->running)
		return;
	w->running = false;
	uv_close((uv_handle_t *)&w->timer, NULL);
}
