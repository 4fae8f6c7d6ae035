#include "server/trim.h"

#include <malloc.h>
#include <sys/prctl.h>

#include "runtime/util.h"

#define TRIM_MS 1000 /* of many changes one after the other the memory is used again */

void trim_prepare(void)
{
	mallopt(M_MMAP_THRESHOLD, LARGE_BYTES);
	mallopt(M_TRIM_THRESHOLD, LARGE_BYTES);
	mallopt(M_MXFAST, 0);
	prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
}

static void give_back(uv_timer_t *timer _unused_)
{
	malloc_trim(0);
}

void trim_start(struct trim *trim, uv_loop_t *loop)
{
	uv_timer_init(loop, &trim->timer);
	trim->running = true;
	trim_later(trim);
}

void trim_later(struct trim *trim)
{
	if (trim->running && !uv_is_active((uv_handle_t *)&trim->timer))
		uv_timer_start(&trim->timer, give_back, TRIM_MS, 0);
}

void trim_stop(struct trim *trim)
{
	if (!trim->running)
		return;
	trim->running = false;
	uv_close((uv_handle_t *)&trim->timer, NULL);
}
