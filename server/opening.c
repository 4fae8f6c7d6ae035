#include "server/opening.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/paths.h"
#include "server/linux/control_dir.h"
#include "server/linux/linux.h"
#include "server/linux/wg.h"
#include "server/lock.h"
#include "server/log_forwarding.h"
#include "server/main_daemon.h"
#include "server/memory.h"
#include "server/ops/adopt.h"
#include "server/ops/death.h"
#include "server/store/identity.h"
#include "server/store/writer.h"

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

int opening_lock(struct main_daemon *m)
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

int opening_log(struct main_daemon *m, const struct options *o)
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

int opening_log_forwarding(struct main_daemon *m, const struct options *o)
{
	const char *dir = o->log_forward_dir ? o->log_forward_dir : m->at.log_dir;
	int r = o->log_forward ? make_directory(dir, 0755) : 0;

	if (r < 0)
		return complain("guests' logs into", dir, r, "--log-forward-dir");
	r = log_forwarding_start(o, dir, m->shared.log, &m->log_forwarding);
	return r < 0 ? complain("guests' logs at", o->log_forward, r, "--log-forward") : 0;
}

int opening_engine(struct main_daemon *m)
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
int opening_store(struct main_daemon *m)
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

int opening_platform(struct main_daemon *m)
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
	r = deaths_new(&m->shared);
	if (r < 0)
		return complain("deaths", "of containers", r, NULL);
	r = ops_adopt(&m->shared, m->at.data_dir);
	if (r < 0)
		return complain("earlier state in", m->at.data_dir, r, "--data-dir");
	r = worker_start(m->net, &m->shared.worker);
	if (r == 0)
		r = worker_start(NULL, &m->helper);
	return r < 0 ? complain("link", "thread", r, NULL) : 0;
}

int opening_socket(struct main_daemon *m)
{
	int r = socket_file_open(&m->listener, m->at.socket, &m->group);

	return r < 0 ? complain("socket", m->at.socket, r, "--socket") : 0;
}
