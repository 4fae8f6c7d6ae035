/* overlayctl events: what the daemon tells unasked. */
#pragma once

#include "client/ctl/command_line.h"
#include "client/overlayd.h"

/* Says hello and prints a line for each event until the connection is lost; the exit status. */
int events_run(const struct command_line *line, struct ovd_client *client);
