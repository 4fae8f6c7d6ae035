/* overlayd's command line. */
#pragma once

#include <stdbool.h>

#include "runtime/log.h"
#include "server/guest/log_forward.h"

struct options {
	const char *data_dir; /* NULL: the default */
	const char *socket;   /* NULL: the data dir's */
	enum log_level log_level;
	enum log_format log_format;
	bool keep_on_term;           /* SIGTERM and SIGINT leave the network as it is */
	const char *log_forward;     /* where guests connect; NULL: nowhere */
	const char *log_forward_dir; /* NULL: the log's own */
	enum log_forward_format log_forward_format;
};

/* What to do next. */
enum options_verdict {
	OPTIONS_RUN,
	OPTIONS_DONE,  /* the answer is printed: exit 0 */
	OPTIONS_WRONG, /* the reason is printed: exit 2 */
};

/* The texts are argv's. Prints what --help, --version and --build-id ask for; touches nothing else.
 */
enum options_verdict options_parse(int argc, char **argv, struct options *ret);
