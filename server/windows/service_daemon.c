/* The daemon as a service's work. */
#include "server/windows/daemon_windows.h"
#include "server/windows/service.h"

_Static_assert((int)DAEMON_BAD_ARGUMENTS == (int)SERVICE_EXIT_ARGUMENTS &&
		       (int)DAEMON_NO_DATA_DIR == (int)SERVICE_EXIT_DATA_DIR &&
		       (int)DAEMON_NO_LOG == (int)SERVICE_EXIT_LOG &&
		       (int)DAEMON_NO_PIPE == (int)SERVICE_EXIT_PIPE &&
		       (int)DAEMON_NO_THREADS == (int)SERVICE_EXIT_THREADS &&
		       (int)DAEMON_LOOP_FAILED == (int)SERVICE_EXIT_LOOP_FAILED &&
		       (int)DAEMON_TWICE == (int)SERVICE_EXIT_TWICE,
	       "the daemon's failures are the service's exit codes");

struct work {
	const struct options *options;
	struct daemon_windows *d;
	char fault[DAEMON_FAULT_MAX];
};

static void on_stage(void *arg, enum daemon_stage stage _unused_)
{
	life_progress(arg);
}

static enum service_exit start(void *arg, struct life *life)
{
	struct work *w = arg;

	if (!w->options)
		return SERVICE_EXIT_ARGUMENTS;
	return (enum service_exit)daemon_start(w->options, on_stage, life, &w->d, w->fault);
}

static enum service_exit serve(void *arg)
{
	struct work *w = arg;

	return (enum service_exit)daemon_serve(w->d);
}

static void stop(void *arg)
{
	struct work *w = arg;

	daemon_stop(w->d);
}

static void finish(void *arg)
{
	struct work *w = arg;

	daemon_finish(w->d);
}

static const char *fault(void *arg)
{
	struct work *w = arg;

	return w->fault[0] ? w->fault : NULL;
}

static const struct life_work daemon_work = {
	.start = start,
	.serve = serve,
	.stop = stop,
	.finish = finish,
	.fault = fault,
};

int service_run_daemon(const struct options *options)
{
	struct work w = { .options = options };

	return service_run(&service_calls_windows, &daemon_work, &w);
}
