#include "server/windows/daemon_windows.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "runtime/paths.h"
#include "server/daemon.h"
#include "server/ipc/server.h"
#include "server/log_forwarding.h"
#include "server/ops/daemon.h"
#include "server/store/identity.h"
#include "server/windows/data_dir.h"
#include "server/windows/listen_pipe.h"
#include "server/windows/not_built.h"

#define FLUSH_MS 1000

/* What the handlers see, and the rest. */
struct daemon_windows {
	struct daemon shared;
	uv_loop_t loop;
	bool has_loop, has_server, finished;
	uv_async_t asked;   /* somebody wants it to stop */
	uv_async_t settled; /* what asked has returned: now it ends */
	uv_signal_t sigint, sigbreak, sighup;
	struct listen_pipe *pipe;
	struct log_forwarding *log_forwarding; /* NULL: nobody asked for it */
	struct call *stopper;                  /* the call of `shutdown`, answered at the end */
	bool stopping;
	void *lock;
	char data_dir[PATHS_MAX], socket[PATHS_MAX];
	char *fault;
};

/* ---- the end ---- */

static void server_closed(void *arg)
{
	struct daemon_windows *d = arg;

	d->shared.server = NULL;
	d->finished = true;
	uv_stop(&d->loop);
}

static void stopped(struct daemon *shared, struct ovd_view left _unused_)
{
	struct daemon_windows *d = CONTAINER_OF(shared, struct daemon_windows, shared);

	if (d->stopper)
		call_ok(d->stopper);
	server_close(d->shared.server, FLUSH_MS, server_closed, d);
}

static void on_settled(uv_async_t *async)
{
	struct daemon_windows *d = async->data;

	if (ops_stop(&d->shared, false, stopped) < 0) {
		log_at(d->shared.log, LOG_ERROR, "stop: no memory");
		stopped(&d->shared, view(""));
	}
}

/* Calls that come later are refused as the server drains: this one is the only one of its kind. */
static void stop(struct daemon *shared, struct call *call, enum ending ending _unused_)
{
	struct daemon_windows *d = CONTAINER_OF(shared, struct daemon_windows, shared);

	if (d->stopping)
		return;
	d->stopping = true;
	d->stopper = call;
	log_at(shared->log, LOG_INFO, "stopping: %s",
	       call ? "a client asked for it" : "it was asked for");
	server_drain(d->shared.server);
	uv_async_send(&d->settled);
}

static void on_asked(uv_async_t *async)
{
	struct daemon_windows *d = async->data;

	stop(&d->shared, NULL, ENDING_DOWN);
}

static void on_signal(uv_signal_t *handle, int number _unused_)
{
	struct daemon_windows *d = handle->data;

	stop(&d->shared, NULL, ENDING_DOWN);
}

void daemon_stop(struct daemon_windows *d)
{
	uv_async_send(&d->asked);
}

/* ---- the beginning ---- */

static enum daemon_failure _printf_(3, 4)
	fail(struct daemon_windows *d, enum daemon_failure failure, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(d->fault, DAEMON_FAULT_MAX, format, args);
	va_end(args);
	return failure;
}

static enum daemon_failure resolve_paths(struct daemon_windows *d, const struct options *o)
{
	struct paths_env env = paths_env_now();
	size_t n;

	if (o->data_dir)
		n = (size_t)snprintf(d->data_dir, PATHS_MAX, "%s", o->data_dir);
	else
		n = strlen(paths_data_dir(&env, d->data_dir));
	if (n == 0 || n >= PATHS_MAX)
		return fail(d, DAEMON_BAD_ARGUMENTS, "data dir: a path of 1 to %d bytes",
			    PATHS_MAX - 1);
	if (o->socket)
		n = (size_t)snprintf(d->socket, PATHS_MAX, "%s", o->socket);
	else
		n = strlen(paths_socket(&env, d->data_dir, d->socket));
	if (n >= PATHS_MAX)
		return fail(d, DAEMON_BAD_ARGUMENTS, "socket: a path of 1 to %d bytes",
			    PATHS_MAX - 1);
	return DAEMON_FINE;
}

static enum daemon_failure take_data_dir(struct daemon_windows *d)
{
	struct ovd_key private_key, public_key;
	int r = data_dir_make(d->data_dir);

	if (r < 0)
		return fail(d, DAEMON_NO_DATA_DIR, "data dir %s: %s", d->data_dir, strerror(-r));
	r = data_dir_lock(d->data_dir, &d->lock);
	if (r == -EWOULDBLOCK)
		return fail(d, DAEMON_TWICE, "data dir %s is another overlayd's", d->data_dir);
	if (r < 0)
		return fail(d, DAEMON_NO_DATA_DIR, "lock in %s: %s", d->data_dir, strerror(-r));
	r = identity_load(d->data_dir, &private_key, &public_key);
	if (r < 0)
		return fail(d, DAEMON_NO_DATA_DIR, "node.key in %s: %s", d->data_dir,
			    r == -EBADMSG ? "it is damaged" : strerror(-r));
	d->shared.engine = engine_new(&private_key, &public_key);
	explicit_bzero(&private_key, sizeof(private_key));
	return d->shared.engine ? DAEMON_FINE : fail(d, DAEMON_NO_THREADS, "no memory");
}

static enum daemon_failure open_log(struct daemon_windows *d, const struct options *o)
{
	char dir[PATHS_MAX], path[PATHS_MAX + 16];
	struct paths_env env = paths_env_now();
	int r;

	d->shared.log = log_new(o->log_level, o->log_format);
	if (!d->shared.log)
		return fail(d, DAEMON_NO_THREADS, "no memory");
	paths_log_dir(&env, d->data_dir, dir);
	snprintf(path, sizeof(path), "%s\\overlayd.log", dir);
	r = data_dir_make(dir);
	if (r == 0)
		r = log_open_file(d->shared.log, path);
	return r < 0 ? fail(d, DAEMON_NO_LOG, "log file %s: %s", path, strerror(-r)) : DAEMON_FINE;
}

static enum daemon_failure forward_logs(struct daemon_windows *d, const struct options *o)
{
	struct paths_env env = paths_env_now();
	char dir[PATHS_MAX];
	int r;

	if (!o->log_forward)
		return DAEMON_FINE;
	if (o->log_forward_dir)
		snprintf(dir, sizeof(dir), "%s", o->log_forward_dir);
	else
		paths_log_dir(&env, d->data_dir, dir);
	r = data_dir_make(dir);
	if (r == 0)
		r = log_forwarding_start(o, dir, d->shared.log, &d->log_forwarding);
	return r < 0 ? fail(d, DAEMON_NO_LOG, "guests' logs at %s: %s", o->log_forward,
			    strerror(-r))
		     : DAEMON_FINE;
}

static enum daemon_failure start_loop(struct daemon_windows *d)
{
	if (uv_loop_init(&d->loop) < 0)
		return fail(d, DAEMON_NO_THREADS, "no event loop");
	d->has_loop = true;
	uv_async_init(&d->loop, &d->asked, on_asked);
	uv_async_init(&d->loop, &d->settled, on_settled);
	uv_signal_init(&d->loop, &d->sigint);
	uv_signal_init(&d->loop, &d->sigbreak);
	uv_signal_init(&d->loop, &d->sighup);
	d->asked.data = d->settled.data = d->sigint.data = d->sigbreak.data = d->sighup.data = d;
	return DAEMON_FINE;
}

static enum daemon_failure bind_pipe(struct daemon_windows *d)
{
	struct server_options options = {
		.loop = &d->loop,
		.log = d->shared.log,
		.daemon = &d->shared,
		.dispatch = not_built_dispatch,
	};
	int r = listen_pipe_new(d->socket, &pipe_calls_windows, &d->pipe);

	if (r == -EINVAL)
		return fail(d, DAEMON_BAD_ARGUMENTS, "socket %s: not \\\\.\\pipe\\NAME", d->socket);
	if (r < 0)
		return fail(d, DAEMON_NO_PIPE, "pipe %s: %s", d->socket, strerror(-r));
	options.pipe = d->pipe;
	if (server_start(&options, &d->shared.server) < 0)
		return fail(d, DAEMON_NO_THREADS, "no memory");
	d->pipe = NULL;
	return DAEMON_FINE;
}

static void report(void (*progress)(void *arg, enum daemon_stage stage), void *arg,
		   enum daemon_failure failure, enum daemon_stage stage)
{
	if (!failure && progress)
		progress(arg, stage);
}

static enum daemon_failure start(struct daemon_windows *d, const struct options *options,
				 void (*progress)(void *arg, enum daemon_stage stage), void *arg)
{
	enum daemon_failure failure = resolve_paths(d, options);

	if (!failure)
		failure = take_data_dir(d);
	report(progress, arg, failure, DAEMON_HAS_DATA_DIR);
	if (!failure)
		failure = open_log(d, options);
	if (!failure)
		failure = forward_logs(d, options);
	report(progress, arg, failure, DAEMON_HAS_LOG);
	if (!failure)
		failure = start_loop(d);
	if (!failure)
		failure = bind_pipe(d);
	report(progress, arg, failure, DAEMON_HAS_PIPE);
	return failure;
}

/* No intent but a call's own ends. */
static void nothing(struct daemon *d _unused_)
{
}

enum daemon_failure daemon_start(const struct options *options,
				 void (*progress)(void *arg, enum daemon_stage stage), void *arg,
				 struct daemon_windows **ret, char fault[DAEMON_FAULT_MAX])
{
	struct daemon_windows *d = calloc(1, sizeof(*d));
	enum daemon_failure failure;

	if (!d) {
		snprintf(fault, DAEMON_FAULT_MAX, "no memory");
		return DAEMON_NO_THREADS;
	}
	d->shared.loop = &d->loop;
	d->shared.lacks = not_built_is;
	d->shared.settled = nothing;
	d->shared.stop = stop;
	d->fault = fault;
	failure = start(d, options, progress, arg);
	if (failure) {
		daemon_finish(d);
		return failure;
	}
	log_at(d->shared.log, LOG_INFO, "serving at %s, data in %s", d->socket, d->data_dir);
	*ret = d;
	return DAEMON_FINE;
}

enum daemon_failure daemon_serve(struct daemon_windows *d)
{
	uv_run(&d->loop, UV_RUN_DEFAULT);
	log_at(d->shared.log, LOG_INFO, "stopped");
	return d->finished ? DAEMON_FINE : DAEMON_LOOP_FAILED;
}

static void close_handle(uv_handle_t *handle, void *arg _unused_)
{
	if (!uv_is_closing(handle))
		uv_close(handle, NULL);
}

/* A server that was never served is closed here. */
static void close_loop(struct daemon_windows *d)
{
	if (d->shared.server)
		server_close(d->shared.server, 0, server_closed, d);
	while (d->shared.server)
		uv_run(&d->loop, UV_RUN_ONCE);
	uv_walk(&d->loop, close_handle, NULL);
	uv_run(&d->loop, UV_RUN_DEFAULT);
	uv_loop_close(&d->loop);
}

void daemon_finish(struct daemon_windows *d)
{
	if (!d)
		return;
	if (d->has_loop)
		close_loop(d);
	listen_pipe_free(d->pipe);
	log_forwarding_stop(d->log_forwarding);
	engine_free(d->shared.engine);
	log_free(d->shared.log);
	if (d->lock)
		CloseHandle(d->lock);
	free(d);
}

struct log *daemon_log(struct daemon_windows *d)
{
	return d->shared.log;
}

/* ---- in a console ---- */

int daemon_run(const struct options *options)
{
	char fault[DAEMON_FAULT_MAX];
	struct daemon_windows *d;
	enum daemon_failure failure = daemon_start(options, NULL, NULL, &d, fault);

	if (failure) {
		fprintf(stderr, "overlayd: %s\n", fault);
		return 1;
	}
	uv_signal_start(&d->sigint, on_signal, SIGINT);
	uv_signal_start(&d->sigbreak, on_signal, SIGBREAK);
	uv_signal_start(&d->sighup, on_signal, SIGHUP); /* the console is being closed */
	failure = daemon_serve(d);
	daemon_finish(d);
	return failure != DAEMON_FINE;
}
