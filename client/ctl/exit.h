/* How overlayctl ends, for scripts; help_all tells it too. */
#pragma once

#include "client/overlayd.h"

enum {
	EXIT_OK = 0,
	EXIT_ERR = 1,        /* the daemon answered err */
	EXIT_USAGE = 2,      /* wrong command line, or nothing that can be sent */
	EXIT_CONNECTION = 3, /* no daemon there, or it went */
	EXIT_TIMEOUT = 4,    /* no answer in time */
	EXIT_PROTOCOL = 5,   /* an answer that is none */
	EXIT_OUTPUT = 6,     /* the answer could not be printed */
};

/* Prints an answer, an err to standard error unless it is to be JSON; the exit status. */
int exit_answer(const struct ovd_response *response, bool json);

/* Says on standard error why a call failed, with its negative errno; the exit status. */
int exit_failed(int r, const struct ovd_client *client);

/* Says on standard error why nobody answers at path, and what can be done about it. */
void exit_unreachable(const char *path, int r);
