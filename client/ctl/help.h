/* What overlayctl says of itself. */
#pragma once

#include <stdio.h>

#include "client/ctl/command.h"

enum {
	EXIT_OK = 0,
	EXIT_ERR = 1,        /* the daemon answered err */
	EXIT_USAGE = 2,      /* wrong command line */
	EXIT_CONNECTION = 3, /* no daemon there, or it went */
	EXIT_TIMEOUT = 4,    /* no answer in time */
	EXIT_PROTOCOL = 5,   /* an answer that is none */
};

void help_all(FILE *out, const struct ctl_command *commands);
void help_command(FILE *out, const struct ctl_command *command);
