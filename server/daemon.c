#include "server/daemon.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schema/overlayd_ops.h"
#include "server/ending.h"
#include "server/ipc/server.h"
#include "server/linux/control_dir.h"
#include "server/linux/linux.h"
#include "server/linux/wg.h"
#include "server/lock.h"
#include "server/log_forwarding.h"
#include "server/memory.h"
#include "server/notify.h"
#include "server/ops/adopt.h"
#include "server/ops/channel.h"
#include "server/ops/daemon.h"
#include "server/ops/death.h"
#include "server/ops/heal.h"
#include "server/ops/health.h"
#include "server/ops/reap.h"
#include "server/ops/resolve.h"
#include "server/places.h"
#include "server/removal.h"
#include "server/repair.h"
#include "server/socket.h"
#include "server/store/identity.h"
#include "server/store/writer.h"
#include "server/watch.h"
#include "server/watchdog.h"

#define FLUSH_MS 1000

/* What the handlers see, and the rest. */
struct main_daemon {
	struct daemon shared;
	uv_loop_t loop;
	uv_signal_t sigterm, sigint, sigusr2;
	uv_check_t settle; /* looks, while we stop, whether all parked calls are answered */
	struct net *net;
	struct log_forwarding *log_forwarding; /* NULL: nobody asked for it */
	struct watch *worker_watch, *host_watch;
	struct repair repair;
	struct watchdog watchdog;
	bool stopping, tearing_down;
	enum ending ending, on_term; /* the one that was begun; what SIGTERM and SIGINT mean */
	bool incomplete;             /* something is left that was to go */
	struct call *stoppers;       /* calls of `shutdown` and `uninstall`, answered at the end */
	size_t n_stoppers;
	int lock;
	struct socket_file listener;
	struct store *store;
	struct places at;
};

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

/* The calls that were on their way are answered first; then comes the teardown, once. */
static void stop_when_settled(uv_check_t *check)
{
	struct main_daemon *m = check->data;

	if (m->tearing_down || server_parked(m->shared.server) > m->n_stoppers || m->repair.busy ||
	    heal_is_busy(&m->shared) || deaths_busy(&m->shared) || reap_is_busy(&m->shared))
		return;
	heal_end(&m->shared);
	reap_end(&m->shared);
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
	heal_end(d);
	reap_end(d);
	channels_close(d);      /* nobody waits for a device that hangs: it goes anyway */
	server_wake(d->server); /* nor for a tunnel that was to be made again */
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

/* option: the one that names another such thing, or NULL. */
static int complain(const char *what, const char *thing, int r, const char *option)
{
	bool denied = r == -EACCES || r == -EPERM;

	fprintf(stderr, "overlayd: %s %s: %s%s", what, thing,
		r == -EBADMSG ? "it is damaged" : strerror(-r), denied ? "; start it as root" : "");
	if (option)
		fprintf(stderr, "%s%s says another place", denied ? ", or " : "; ", option);
	fputc('\n', stderr);
	return r;
}

static int take_lock(struct main_daemon *m)
{
	pid_t holder;
	int r = make_directory(m->at.data_dir, 0755);

	if (r < 0)
		return complain("data dir", m->at.data_dir, r, "--data-dir");
	m->lock = lock_take(m->at.data_dir, &holder);
	if (m->lock == -EWOULDBLOCK) {
		fprintf(stderr,
			"overlayd: data dir %s is another overlayd's (pid %d); end that one, or "
			"--data-dir says another place\n",
			m->at.data_dir, (int)holder);
		return m->lock;
	}
	return m->lock < 0 ? complain("lock in", m->at.data_dir, m->lock, "--data-dir") : 0;
}

static int open_log(struct main_daemon *m, const struct options *o)
{
	char path[PATHS_MAX + 16];
	int r;

	m->shared.log = log_new(o->log_level, o->log_format);
	if (!m->shared.log)
		return -ENOMEM;
	snprintf(path, sizeof(path), "%s/overlayd.log", m->at.log_dir);
	r = make_directory(m->at.log_dir, 0755);
	if (r == 0)
		r = log_open_file(m->shared.log, path);
	if (r < 0)
		log_at(m->shared.log, LOG_WARN, "log file %s: %s: going on without it", path,
		       strerror(-r));
	return 0;
}

static int forward_logs(struct main_daemon *m, const struct options *o)
{
	const char *dir = o->log_forward_dir ? o->log_forward_dir : m->at.log_dir;
	int r = o->log_forward ? make_directory(dir, 0755) : 0;

	if (r < 0)
		return complain("guests' logs into", dir, r, "--log-forward-dir");
	r = log_forwarding_start(o, dir, m->shared.log, &m->log_forwarding);
	return r < 0 ? complain("guests' logs at", o->log_forward, r, "--log-forward") : 0;
}

static int make_engine(struct main_daemon *m)
{
	struct ovd_key private_key, public_key;
	int r = identity_load(m->at.data_dir, &private_key, &public_key);

	if (r < 0)
		return complain("node.key in", m->at.data_dir, r, "--data-dir");
	m->shared.engine = engine_new(&private_key, &public_key);
	explicit_bzero(&private_key, sizeof(private_key));
	return m->shared.engine ? 0 : -ENOMEM;
}

/* Before there are threads. */
static int open_store(struct main_daemon *m)
{
	char path[PATHS_MAX + 16];
	const char *failed;
	int r = memory_open(m->at.data_dir, m->at.run_dir, m->shared.log, &failed, &m->store);

	if (r < 0) {
		snprintf(path, sizeof(path), "%s/store%s", failed, r == -EISDIR ? "/*.mdb" : "");
		return complain("store", path, r, "--data-dir");
	}
	r = writer_start(m->store, m->shared.log, &m->shared.writer);
	return r < 0 ? complain("store", "thread", r, NULL) : 0;
}

static int open_platform(struct main_daemon *m)
{
	bool rootless = getenv("ZLAYER_ROOTLESS");
	struct linux_options options = { .firewall = !rootless,
					 .control_dir = WG_CONTROL_DIR,
					 .log = m->shared.log };
	int r;

	r = control_dir_prepare(WG_CONTROL_DIR, rootless, m->shared.log);
	if (r < 0)
		log_at(m->shared.log, LOG_WARN, "%s: %s: no userspace WireGuard", WG_CONTROL_DIR,
		       strerror(-r));
	r = linux_net_new(&options, &m->net);
	if (r < 0)
		return complain("netlink", "socket", r, NULL);
	m->net->store = m->store;
	m->shared.net = m->net;
	r = ops_adopt(&m->shared, m->at.data_dir);
	if (r < 0)
		return complain("earlier state in", m->at.data_dir, r, "--data-dir");
	r = worker_start(m->net, &m->shared.worker);
	return r < 0 ? complain("link", "thread", r, NULL) : 0;
}

static int listen_at(struct main_daemon *m)
{
	int r = socket_file_open(&m->listener, m->at.socket);

	return r < 0 ? complain("socket", m->at.socket, r, "--socket") : 0;
}

static int serve(struct main_daemon *m)
{
	struct server_options options = {
		.loop = &m->loop,
		.listen_fd = m->listener.fd,
		.worker = m->shared.worker,
		.log = m->shared.log,
		.daemon = &m->shared,
		.ended = reap_look,
		.dispatch = ovd_dispatch,
	};
	int fd = m->net->watch_fd(m->net->platform), r;

	m->worker_watch = watch_new(&m->loop, worker_fd(m->shared.worker), POLLIN, worker_ready, m);
	if (!m->worker_watch)
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
	places_find(o, &m->at);
	r = take_lock(m);
	if (r == 0)
		r = open_log(m, o);
	if (r == 0)
		r = open_store(m);
	if (r == 0)
		r = start_loop(m);
	if (r == 0)
		r = make_engine(m);
	if (r == 0)
		r = open_platform(m);
	if (r == 0)
		r = forward_logs(m, o);
	if (r == 0)
		r = listen_at(m);
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
	heal_end(&m->shared);
	channels_close(&m->shared);
	log_forwarding_stop(m->log_forwarding);
	socket_file_close(&m->listener);
	watchdog_stop(&m->watchdog);
	watch_free(m->worker_watch);
	watch_free(m->host_watch);
	deaths_close(&m->shared);
	closed = close_loop(m);
	worker_stop(m->shared.worker);
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
	uv_run(&m->loop, UV_RUN_DEFAULT);
	return ending_tell(m->shared.log, m->ending, m->incomplete);
}

int daemon_run(const struct options *options)
{
	struct main_daemon *m = calloc(1, sizeof(*m));
	int status;

	if (!m)
		return DAEMON_FAILED;
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
