/* The daemon on Windows, for a console and for the service manager: started, run, stopped,
 *finished.
 *
 *	failure = daemon_start(&options, progress, arg, &d, fault);
 *	if (!failure) {
 *		failure = daemon_serve(d);
 *		daemon_finish(d);
 *	}
 */
#pragma once

#include "server/options.h"

/* Why it doesn't run. The numbers are what a service says of its end; they stay. */
enum daemon_failure {
	DAEMON_FINE = 0,
	DAEMON_BAD_ARGUMENTS = 1, /* a path that is none */
	DAEMON_NO_DATA_DIR = 2,   /* it can't be made, or its key can't be read */
	DAEMON_NO_LOG = 3,
	DAEMON_NO_PIPE = 4,     /* it can't be made, or another process has one of that name */
	DAEMON_NO_THREADS = 5,  /* no memory or no event loop */
	DAEMON_LOOP_FAILED = 6, /* it was served, and ended without being asked to */
	DAEMON_TWICE = 7,       /* another daemon has the data dir */
};

/* How far the start is: what is ready. */
enum daemon_stage {
	DAEMON_HAS_DATA_DIR,
	DAEMON_HAS_LOG,
	DAEMON_HAS_PIPE, /* clients that connect are served as soon as daemon_serve runs */
};

#define DAEMON_FAULT_MAX 4608 /* a path, and what is wrong with it */

struct daemon_windows;

/* Takes the data dir, opens the log, makes the pipe. progress, which may be NULL, is called after
 * each stage, on this thread. On failure nothing is left, and fault says what is wrong, for people.
 */
enum daemon_failure daemon_start(const struct options *options,
				 void (*progress)(void *arg, enum daemon_stage stage), void *arg,
				 struct daemon_windows **ret, char fault[DAEMON_FAULT_MAX]);

/* Serves until it is stopped, by daemon_stop or a client's shutdown: on one thread, any. When it
 * returns all calls are answered and all connections closed. */
enum daemon_failure daemon_serve(struct daemon_windows *d);

/* Asks it to stop: from any thread, at any time between start and finish, as often as you like.
 * Does not wait. */
void daemon_stop(struct daemon_windows *d);

/* Closes and frees everything. Accepts NULL. */
void daemon_finish(struct daemon_windows *d);

/* The daemon's log, for those around it; lives until daemon_finish. */
struct log *daemon_log(struct daemon_windows *d);
