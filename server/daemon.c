#include "server/daemon.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schema/overlayd_ops.h"
#include "server/ipc/server.h"
#include "server/linux/linux.h"
#include "server/linux/wg.h"
#include "server/log_forwarding.h"
#include "server/main_daemon.h"
#include "server/notify.h"
#include "server/opening.h"
#include "server/ops/channel.h"
#include "server/ops/chore.h"
#include "server/ops/daemon.h"
#include "server/ops/death.h"
#include "server/ops/heal.h"
#include "server/ops/health.h"
#include "server/ops/reap.h"
#include "server/ops/resolve.h"
#include "server/removal.h"
#include "server/store/writer.h"
#include "server/watch.h"

#define FLUSH_MS 1000

static struct main_daemon *main_of(struct daemon *d)
{
	return CONTAINER_OF(d, struct main_daemon, shared);
}

/* ---- what others tell on the loop ---- */

static void worker_ready(void *arg)
{
	struct main_daemon *m = arg;

	worker_collect(m->shared.worker);
}

static void helper_ready(void *arg)
{
	struct main_daemon *m = arg;

	worker_collect(m->helper);
}

static void tunnel_ready(void *arg)
{
	channel_ready(arg);
}

static void channel_changed(struct channel *c)
{
	struct tunnel *tunnel = c->tunnel;
	int fd = tunnel ? tunnel->ops->fd(tunnel) : -1;

	if (c->watch && watch_fd(c->watch) != fd) {
		watch_free(c->watch);
		c->watch = NULL;
	}
	if (fd < 0)
		return;
	if (!c->watch)
		c->watch = watch_new(c->daemon->loop, fd, tunnel->ops->events(tunnel), tunnel_ready,
				     c);
	else
		watch_events(c->watch, tunnel->ops->events(tunnel));
}

static void host_ready(void *arg)
{
	struct main_daemon *m = arg;

	if (m->net->watch_read(m->net->platform))
		repair_begin(&m->repair);
}

static void settled(struct daemon *d)
{
	reap_look(d);
	server_wake(d->server);
	trim_later(&main_of(d)->trim);
}

static void call_ended(struct daemon *d)
{
	reap_look(d);
	trim_later(&main_of(d)->trim);
}

/* ---- the end ---- */

static void server_closed(void *arg)
{
	struct main_daemon *m = arg;

	m->shared.server = NULL;
	uv_stop(&m->loop);
}

static void answer_stoppers(struct main_daemon *m, const struct buf *left)
{
	bool told = ending_removes(m->ending);

	while (m->stoppers) {
		struct call *call = m->stoppers;

		m->stoppers = call->state;
		m->n_stoppers--;
		if (told && left->n > 0)
			call_fail(call, -EBUSY, "not all could be removed: %.*s", (int)left->n,
				  left->p);
		else
			call_ok(call);
	}
}

static struct removal removal_of(const struct main_daemon *m)
{
	return (struct removal){ .data_dir = m->at.data_dir,
				 .run_dir = m->at.run_dir,
				 .log_dir = m->at.log_dir,
				 .control_dir = WG_CONTROL_DIR,
				 .purge = m->ending == ENDING_PURGE };
}

static void stopped(struct daemon *d, struct ovd_view what)
{
	struct main_daemon *m = main_of(d);
	_cleanup_(buf_done) struct buf left = { .p = NULL };
	const struct removal removal = removal_of(m);

	buf_append(&left, what.p, what.n);
	if (ending_removes(m->ending))
		removal_run(&removal, &left);
	m->incomplete = left.n > 0;
	answer_stoppers(m, &left);
	server_close(m->shared.server, FLUSH_MS, server_closed, m);
}

/* The calls that were on their way are answered first, also those that a chore goes before; then
 * comes the teardown, once. */
static void stop_when_settled(uv_check_t *check)
{
	struct main_daemon *m = check->data;

	if (m->tearing_down || server_parked(m->shared.server) > m->n_stoppers || m->repair.busy ||
	    chores_busy(&m->shared) || deaths_busy(&m->shared))
		return;
	chores_end(&m->shared);
	channels_close(&m->shared); /* of a tunnel that was made again meanwhile */
	m->tearing_down = true;
	uv_check_stop(check);
	if (m->ending == ENDING_KEEP)
		stopped(&m->shared, view(""));
	else if (ops_stop(&m->shared, m->ending != ENDING_DOWN, stopped) < 0) {
		log_at(m->shared.log, LOG_ERROR, "stop: no memory");
		stopped(&m->shared, view("no memory"));
	}
}

static void stop(struct daemon *d, struct call *call, enum ending ending)
{
	struct main_daemon *m = main_of(d);

	if (call) {
		call->state = m->stoppers;
		m->stoppers = call;
		m->n_stoppers++;
	}
	if (m->stopping)
		return;
	m->stopping = true;
	m->ending = ending;
	repair_end(&m->repair);
	notify_state("STOPPING=1");
	log_at(d->log, LOG_INFO, "stopping: %s",
	       call ? "a client asked for it" : "a signal asked for it");
	server_drain(m->shared.server);
	deaths_stop(d);
	health_end(d);
	channels_close(d); /* nobody waits for a device that hangs: it goes anyway */
	uv_check_start(&m->settle, stop_when_settled);
	/* a loop that sleeps is woken by its own signal's or call's event, which is just being
	 * handled */
}

static void on_signal(uv_signal_t *handle, int number)
{
	struct main_daemon *m = handle->data;

	stop(&m->shared, NULL, number == SIGUSR2 ? ENDING_KEEP : m->on_term);
}

/* ---- the beginning ---- */

static int serve(struct main_daemon *m)
{
	struct server_options options = {
		.loop = &m->loop,
		.listen_fd = m->listener.fd,
		.worker = m->shared.worker,
		.helper = m->helper,
		.log = m->shared.log,
		.daemon = &m->shared,
		.ended = call_ended,
		.dispatch = ovd_dispatch,
	};
	int fd = m->net->watch_fd(m->net->platform), r;

	m->worker_watch = watch_new(&m->loop, worker_fd(m->shared.worker), POLLIN, worker_ready, m);
	m->helper_watch = watch_new(&m->loop, worker_fd(m->helper), POLLIN, helper_ready, m);
	if (!m->worker_watch || !m->helper_watch)
		return -ENOMEM;
	m->host_watch = watch_new(&m->loop, fd, POLLIN, host_ready, m);
	r = deaths_start(&m->shared);
	if (r == 0) /* last, as nothing but stopping closes it */
		r = server_start(&options, &m->shared.server);
	if (r == 0)
		m->listener.fd = -1;
	return r;
}

static int start_loop(struct main_daemon *m)
{
	int r = uv_loop_init(&m->loop);

	if (r < 0)
		return r;
	uv_signal_init(&m->loop, &m->sigterm);
	uv_signal_init(&m->loop, &m->sigint);
	uv_signal_init(&m->loop, &m->sigusr2);
	uv_check_init(&m->loop, &m->settle);
	m->loop.data = m->sigterm.data = m->sigint.data = m->sigusr2.data = m->settle.data = m;
	/* from now on a signal waits for the loop: what is being made is taken down by it */
	uv_signal_start(&m->sigterm, on_signal, SIGTERM);
	uv_signal_start(&m->sigint, on_signal, SIGINT);
	uv_signal_start(&m->sigusr2, on_signal, SIGUSR2);
	return 0;
}

static int start(struct main_daemon *m, const struct options *o)
{
	int r;

	signal(SIGPIPE, SIG_IGN);
	socket_group_ask(&m->group); /* before there is a lock that the child would hold too */
	places_find(o, &m->at);
	r = opening_lock(m);
	if (r == 0)
		r = opening_log(m, o);
	if (r == 0)
		r = opening_store(m);
	if (r == 0)
		r = start_loop(m);
	if (r == 0)
		r = opening_engine(m);
	if (r == 0)
		r = opening_platform(m);
	if (r == 0)
		r = opening_log_forwarding(m, o);
	if (r == 0)
		r = opening_socket(m);
	return r == 0 ? serve(m) : r;
}

/* One that comes now is too late: what was begun ends as it says. */
static void close_signal(uv_signal_t *handle)
{
	int number = handle->signum;

	uv_close((uv_handle_t *)handle, NULL);
	signal(number, SIG_IGN);
}

/* False: libc still looks a host name up, which nothing can stop. */
static bool close_loop(struct main_daemon *m)
{
	if (!m->loop.data)
		return true;
	close_signal(&m->sigterm);
	close_signal(&m->sigint);
	close_signal(&m->sigusr2);
	uv_close((uv_handle_t *)&m->settle, NULL);
	return watch_close_loop(&m->loop);
}

/* What close_loop said. */
static bool finish(struct main_daemon *m)
{
	const struct removal removal = removal_of(m);
	bool closed;

	/* a start that failed began them */
	resolve_stop(&m->shared);
	chores_end(&m->shared);
	channels_close(&m->shared);
	log_forwarding_stop(m->log_forwarding);
	socket_file_close(&m->listener);
	watchdog_stop(&m->watchdog);
	trim_stop(&m->trim);
	watch_free(m->worker_watch);
	watch_free(m->helper_watch);
	watch_free(m->host_watch);
	deaths_close(&m->shared);
	closed = close_loop(m);
	worker_stop(m->shared.worker);
	worker_stop(m->helper);
	linux_net_free(m->net);
	writer_stop(m->shared.writer);
	store_close(m->store);
	engine_free(m->shared.engine);
	log_free(m->shared.log);
	if (ending_removes(m->ending))
		removal_end(&removal);
	fd_closep(&m->lock);
	return closed;
}

static int run(struct main_daemon *m)
{
	log_at(m->shared.log, LOG_INFO, "serving at %s, data in %s", m->at.socket, m->at.data_dir);
	notify_state("READY=1");
	watchdog_start(&m->watchdog, &m->loop, m->shared.worker);
	trim_start(&m->trim, &m->loop);
	uv_run(&m->loop, UV_RUN_DEFAULT);
	return ending_tell(m->shared.log, m->ending, m->incomplete);
}

int daemon_run(const struct options *options)
{
	struct main_daemon *m = calloc(1, sizeof(*m));
	int status;

	if (!m)
		return DAEMON_FAILED;
	trim_prepare();
	m->shared.loop = &m->loop;
	m->shared.channel_changed = channel_changed;
	m->shared.tunnel_lost = heal_begin;
	m->shared.settled = settled;
	m->shared.stop = stop;
	m->repair.daemon = &m->shared;
	m->on_term = options->keep_on_term ? ENDING_KEEP : ENDING_DOWN;
	m->lock = m->listener.fd = -1;
	status = start(m, options) < 0 ? DAEMON_FAILED : run(m);
	if (!finish(m))
		_exit(status); /* exit would wait for the look-up, for a minute maybe */
	free(m);
	return status;
}
