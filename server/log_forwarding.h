/* Guests' logs, as the daemon takes them: server/guest/log_forward.h, with a line in its own log
 * for each guest that comes, goes or says too much. */
#pragma once

#include "runtime/log.h"
#include "server/options.h"

struct log_forwarding;

/* Listens where the options say, and puts what comes into a file in dir; does nothing if they say
 * nowhere. The log must outlive it. Negative errno of bind(2) and listen(2): -EAFNOSUPPORT,
 * -EADDRINUSE, ... */
int log_forwarding_start(const struct options *options, const char *dir, struct log *log,
			 struct log_forwarding **ret);

/* What guests had sent is written; takes a second at most. Accepts NULL. */
void log_forwarding_stop(struct log_forwarding *f);
