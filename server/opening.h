/* What a daemon opens before it serves, in this order. Each says on stderr what can't be had, and
 * which option names another, and returns a negative errno then; who ends the daemon closes what is
 * open. m->at says where everything is. */
#pragma once

struct main_daemon;
struct options;

/* The data directory, made, and its lock: -EWOULDBLOCK while another daemon has it. */
int opening_lock(struct main_daemon *m);

/* Goes on without its file. */
int opening_log(struct main_daemon *m, const struct options *o);

/* Before there are threads. */
int opening_store(struct main_daemon *m);

/* The node's key, made at the first start, and an engine that knows nothing else. */
int opening_engine(struct main_daemon *m);

/* The kernel, what an earlier life left there and in the store, and the thread for its work. */
int opening_platform(struct main_daemon *m);

/* Nothing if no option asks for it. */
int opening_log_forwarding(struct main_daemon *m, const struct options *o);

/* The socket that clients connect to. */
int opening_socket(struct main_daemon *m);
