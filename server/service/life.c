#include "server/service/life.h"

#include <pthread.h>
#include <stdlib.h>

struct life {
	const struct life_host *host;
	void *host_arg;
	const struct life_work *work;
	void *work_arg;
	struct service_state *state;
	pthread_mutex_t lock; /* around serving, and work->stop: never after serve has returned */
	bool serving;
};

struct life *life_new(const struct life_host *host, void *host_arg, const struct life_work *work,
		      void *work_arg)
{
	struct life *life = calloc(1, sizeof(*life));

	if (!life)
		return NULL;
	life->state =
		service_state_new(host->report, host_arg, host->start_hint_ms, host->stop_hint_ms);
	if (!life->state) {
		free(life);
		return NULL;
	}
	life->host = host;
	life->host_arg = host_arg;
	life->work = work;
	life->work_arg = work_arg;
	pthread_mutex_init(&life->lock, NULL);
	return life;
}

void life_free(struct life *life)
{
	if (!life)
		return;
	service_state_free(life->state);
	pthread_mutex_destroy(&life->lock);
	free(life);
}

uint32_t life_control(struct life *life, uint32_t control)
{
	return service_state_control(life->state, control);
}

void life_progress(struct life *life)
{
	service_state_progress(life->state);
}

static void set_serving(struct life *life, bool serving)
{
	pthread_mutex_lock(&life->lock);
	life->serving = serving;
	pthread_mutex_unlock(&life->lock);
}

/* A stop that was asked for before the start was done is passed on by run. */
static void pass_stop(struct life *life)
{
	pthread_mutex_lock(&life->lock);
	if (life->serving)
		life->work->stop(life->work_arg);
	pthread_mutex_unlock(&life->lock);
}

/* The helping thread: the control handler must not work, and whoever serves can't tell how it goes.
 */
static void *help(void *arg)
{
	struct life *life = arg;

	if (!service_state_wait_stop(life->state))
		return NULL;
	pass_stop(life);
	for (int i = 0; i < LIFE_CHECKPOINTS_MAX; i++) {
		if (service_state_wait_release(life->state, life->host->stop_hint_ms / 2))
			break;
		service_state_progress(life->state);
	}
	return NULL;
}

static void note(struct life *life, enum life_note what, enum service_exit code)
{
	const char *text = code ? life->work->fault(life->work_arg) : NULL;

	life->host->note(life->host_arg, what, code, text ? text : service_exit_text(code));
}

/* From the end of a start that didn't fail to the end of the clean-up. */
static enum service_exit serve(struct life *life)
{
	enum service_exit code;

	set_serving(life, true);
	if (service_state_running(life->state) < 0)
		life->work->stop(life->work_arg);
	else
		note(life, LIFE_STARTED, SERVICE_EXIT_FINE);
	code = life->work->serve(life->work_arg);
	service_state_stopping(life->state);
	set_serving(life, false);
	return code;
}

static enum service_exit live(struct life *life)
{
	enum service_exit code = life->work->start(life->work_arg, life);

	if (code) {
		note(life, LIFE_FAILED, code);
		return code;
	}
	code = serve(life);
	life->work->finish(life->work_arg);
	note(life, code ? LIFE_FAILED : LIFE_STOPPED, code);
	return code;
}

enum service_exit life_run(struct life *life)
{
	enum service_exit code = SERVICE_EXIT_THREADS;
	pthread_t helper;

	service_state_begin(life->state);
	if (pthread_create(&helper, NULL, help, life) == 0) {
		code = live(life);
		service_state_release(life->state);
		pthread_join(helper, NULL);
	} else {
		life->host->note(life->host_arg, LIFE_FAILED, code, service_exit_text(code));
	}
	service_state_stopped(life->state, code);
	return code;
}
